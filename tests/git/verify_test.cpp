#include "muster/git/verify.hpp"

#include <fmt/core.h>

#include "git/fixture.hpp"
#include "support/git_server.hpp"

namespace muster::git {
namespace {

class SignedCommits : public GitTest {
 protected:
  void SetUp() override {
    if (!test::find_program("ssh-keygen")) GTEST_SKIP() << "ssh-keygen is not installed (Debian package openssh-client)";
    for (const char* name : {"ada", "eve"}) {
      test::run_program({"ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", name, "-f", folder(name).string()});
    }
    repository = std::make_unique<test::GitRepository>(folder("work"), test::GitRepository::Kind::work_tree);
    temporary.write("work/file", "one\n");
    repository->git({"add", "file"});
  }
  [[nodiscard]] std::string public_key(const std::string& name) const { return temporary.read(name + ".pub"); }
  std::string raw_commit(const std::string& signer) {
    std::vector<std::string> arguments = {"-c", "gpg.format=ssh", "-c", "user.signingkey=" + folder(signer).string(), "commit", "-q",
                                          "-m", "approve"};
    if (!signer.empty()) arguments.insert(arguments.end(), {"-S"});
    repository->git(arguments);
    return test::run_program({"git", "-C", repository->path().string(), "cat-file", "commit", "HEAD"});
  }
  std::optional<std::string> signer_of(const std::string& raw, const std::vector<std::string>& keys) {
    return verify_commit(world, {}, raw, keys, {}).value();
  }
  std::unique_ptr<test::GitRepository> repository;
};

TEST_F(SignedCommits, NameTheKeyThatSigned) {
  const std::string raw = raw_commit("ada");
  EXPECT_EQ(signer_of(raw, {public_key("eve"), public_key("ada")}), public_key("ada"));
  EXPECT_EQ(signer_of(raw, {public_key("eve")}), std::nullopt);
  EXPECT_EQ(signer_of(raw, {}), std::nullopt);
}

TEST_F(SignedCommits, CountForNobodyWhenTheyWereChangedOrNeverSigned) {
  std::string raw = raw_commit("ada");
  raw.back() = raw.back() == '\n' ? ' ' : '\n';
  EXPECT_EQ(signer_of(raw, {public_key("ada")}), std::nullopt);
  temporary.write("work/file", "two\n");
  repository->git({"add", "file"});
  EXPECT_EQ(signer_of(raw_commit(""), {public_key("ada")}), std::nullopt);
}

TEST_F(SignedCommits, CountOnlyForWellFormedKeys) {
  const std::string raw = raw_commit("ada");
  const std::string ada = public_key("ada");
  EXPECT_EQ(signer_of(raw, {public_key("eve") + "member " + ada}), std::nullopt) << "a key with a second line";
  EXPECT_EQ(signer_of(raw, {"* " + ada}), std::nullopt);
  EXPECT_EQ(signer_of(raw, {""}), std::nullopt);
}

TEST_F(SignedCommits, DoNotCountForAnotherPurpose) {
  // The same key, the same bytes, signed as a file.
  std::string unsigned_commit = raw_commit("");
  const auto file = temporary.write("payload", unsigned_commit);
  test::run_program({"ssh-keygen", "-q", "-Y", "sign", "-n", "file", "-f", folder("ada").string(), file.string()});
  std::string header = "gpgsig " + temporary.read("payload.sig");
  for (std::size_t at = header.find('\n'); at != std::string::npos && at + 1 < header.size(); at = header.find('\n', at + 2))
    header.insert(at + 1, " ");
  const auto end = unsigned_commit.find("\n\n");
  const std::string forged = unsigned_commit.substr(0, end + 1) + header + unsigned_commit.substr(end + 1);
  EXPECT_EQ(signer_of(forged, {public_key("ada")}), std::nullopt);
}

}  // namespace
}  // namespace muster::git
