// Signatures in cosign's published layout. cosign itself is no Debian package: openssl signs here, and the layout is pushed
// to a real registry as the specification has it (SIGNATURE_SPEC.md, "Storage" and "Payloads").
#include "muster/registry/signature.hpp"

#include <fmt/core.h>
#include <gmock/gmock.h>

#include "muster/base/digest.hpp"
#include "registry/fixture.hpp"
#include "support/git_repository.hpp"

namespace muster::registry {
namespace {

using test::RegistryServer;
using ::testing::HasSubstr;

class ImageSignature : public RegistryTest {
 protected:
  void SetUp() override {
    if (const auto what = RegistryServer::missing()) GTEST_SKIP() << *what;
    server = std::make_unique<RegistryServer>();
    digest = server->push("shop/cart", "1", "one");
    ours = make_key("ours");
    theirs = make_key("theirs");
  }
  /// The public half.
  std::string make_key(const std::string& name) {
    test::run_program({"openssl", "genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-out", file(name)});
    return test::run_program({"openssl", "pkey", "-in", file(name), "-pubout"});
  }
  [[nodiscard]] std::string file(const std::string& name) const { return (temporary.path() / name).string(); }
  static std::string payload(const std::string& digest, const std::string& type = "cosign container image signature") {
    return fmt::format(
        R"({{"critical":{{"identity":{{"docker-reference":""}},"image":{{"docker-manifest-digest":"{}"}},"type":"{}"}},"optional":null}})",
        digest, type);
  }
  RegistryServer::Layer signed_with(const std::string& key, const std::string& bytes) {
    const std::string signature = test::run_program({"openssl", "dgst", "-sha256", "-sign", file(key)}, bytes);
    return layer(bytes, test::run_program({"openssl", "base64", "-A"}, signature));
  }
  static RegistryServer::Layer layer(const std::string& bytes, const std::string& signature) {
    return {bytes, "application/vnd.dev.cosign.simplesigning.v1+json", {{"dev.cosignproject.cosign/signature", signature}}};
  }
  void push(const std::vector<RegistryServer::Layer>& layers) {
    server->push_layers("shop/cart", "sha256-" + digest.substr(7) + ".sig", layers);
  }
  Result<std::size_t> signer(const std::vector<std::string>& keys) {
    return signer_of(registries(), {}, image(server->host(), "shop/cart", "", digest), keys, {});
  }

  std::unique_ptr<RegistryServer> server;
  std::string digest;
  std::string ours;
  std::string theirs;
};

TEST_F(ImageSignature, NamesTheKeyThatItWasMadeWith) {
  push({signed_with("ours", payload(digest))});
  EXPECT_EQ(signer({ours}).value(), 0U);
  EXPECT_EQ(signer({theirs, ours}).value(), 1U);
}

TEST_F(ImageSignature, IsFoundAmongThoseOfOthers) {
  push({signed_with("theirs", payload(digest)), layer(payload(digest), "not base64"), layer("no JSON", "AAAA"),
        signed_with("ours", payload(digest))});
  EXPECT_EQ(signer({ours}).value(), 0U);
}

TEST_F(ImageSignature, IsWaitedForWhereThereIsNone) {
  const auto none = signer({ours});
  ASSERT_FALSE(none.ok());
  EXPECT_EQ(none.failure().kind, FailureKind::wait);
  EXPECT_THAT(none.failure().text, HasSubstr("is not signed: there is no tag sha256-"));
}

TEST_F(ImageSignature, OfAnotherKeyAnotherImageOrAnotherKindIsNone) {
  const std::string other = server->push("shop/cart", "2", "two");
  RegistryServer::Layer unmarked = signed_with("ours", payload(digest));
  unmarked.media_type = "application/json";
  RegistryServer::Layer swapped = signed_with("ours", payload(other));
  swapped.bytes = payload(digest);
  for (const auto& one : {signed_with("theirs", payload(digest)), signed_with("ours", payload(other)),
                          signed_with("ours", payload(digest, "atomic container signature")), signed_with("ours", "{}"), unmarked, swapped,
                          signed_with("ours", payload(digest) + std::string(100'000, ' '))}) {
    push({one});
    const auto denied = signer({ours});
    ASSERT_FALSE(denied.ok()) << one.bytes.substr(0, 200);
    EXPECT_EQ(denied.failure().reason, Reason::denied);
    EXPECT_EQ(denied.failure().kind, FailureKind::stalled);
    EXPECT_THAT(denied.failure().text, HasSubstr("is signed by none of the keys"));
  }
}

TEST_F(ImageSignature, IsNotLookedForWithoutAGoodKeyOrADigest) {
  push({signed_with("ours", payload(digest))});
  EXPECT_EQ(signer({}).failure().reason, Reason::invalid);
  EXPECT_EQ(signer({ours, "no key"}).failure().reason, Reason::invalid);
  const std::vector<std::string> keys = {ours};
  EXPECT_EQ(signer_of(registries(), {}, image(server->host(), "shop/cart", "1"), keys, {}).failure().reason, Reason::invalid);
}

TEST_F(ImageSignature, IsUnknownWhileTheRegistryIsAway) {
  server->stop();
  const auto away = signer({ours});
  ASSERT_FALSE(away.ok());
  EXPECT_EQ(away.failure().kind, FailureKind::retry);
  EXPECT_EQ(away.failure().reason, Reason::unreachable);
}

}  // namespace
}  // namespace muster::registry
