// Keys and signatures are made with openssl's own program.
#include "muster/base/signature.hpp"

#include <gtest/gtest.h>

#include "support/git_repository.hpp"
#include "support/temporary.hpp"

namespace muster {
namespace {

struct Signer {
  explicit Signer(std::vector<std::string> algorithm) {
    std::vector<std::string> argv = {"openssl", "genpkey", "-out", path("key.pem")};
    argv.insert(argv.end(), algorithm.begin(), algorithm.end());
    test::run_program(argv);
    public_key = test::run_program({"openssl", "pkey", "-in", path("key.pem"), "-pubout"});
  }
  [[nodiscard]] std::string path(const std::string& name) const { return (folder.path() / name).string(); }
  [[nodiscard]] std::string sign(std::string_view bytes) const {
    folder.write("bytes", bytes);
    std::vector<std::string> argv = {"openssl", "pkeyutl", "-sign", "-rawin", "-inkey", path("key.pem"), "-in", path("bytes")};
    if (is_hashed) argv.insert(argv.end(), {"-digest", "sha256"});
    return test::run_program(argv);
  }
  test::TemporaryFolder folder;
  std::string public_key;
  bool is_hashed = true;
};

const std::vector<std::string> kP256 = {"-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:prime256v1"};
const std::vector<std::string> kRsa = {"-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"};
const std::vector<std::string> kEd25519 = {"-algorithm", "ED25519"};

TEST(Signature, HoldsForItsKeyAndItsBytesAlone) {
  const Signer stranger(kP256);
  for (const auto& algorithm : {kP256, kRsa, kEd25519}) {
    Signer signer(algorithm);
    signer.is_hashed = algorithm != kEd25519;
    const std::string signature = signer.sign("bytes");
    EXPECT_TRUE(is_signed_with(signer.public_key, "bytes", signature).value()) << algorithm[1];
    EXPECT_FALSE(is_signed_with(signer.public_key, "Bytes", signature).value());
    EXPECT_FALSE(is_signed_with(stranger.public_key, "bytes", signature).value());
    std::string damaged = signature;
    damaged.back() = static_cast<char>(damaged.back() ^ 1);
    EXPECT_FALSE(is_signed_with(signer.public_key, "bytes", damaged).value());
    EXPECT_FALSE(is_signed_with(signer.public_key, "bytes", "").value());
    EXPECT_FALSE(is_signed_with(signer.public_key, "bytes", signature.substr(0, 20)).value());
    EXPECT_FALSE(is_signed_with(signer.public_key, "bytes", std::string(100'000, 'x')).value());
  }
}

TEST(Signature, IsCheckedWithStrongPublicKeysOnly) {
  const Signer weak({"-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:1024"});
  const Signer odd({"-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:secp256k1"});
  const Signer other({"-algorithm", "X25519"});
  const Signer good(kP256);
  const std::string private_key = good.folder.read("key.pem");
  for (const std::string& key : {weak.public_key, odd.public_key, other.public_key, private_key, std::string(), std::string("x"),
                                 good.public_key.substr(0, 60), std::string(1'000'000, 'x')}) {
    const auto checked = is_signed_with(key, "bytes", "signature");
    ASSERT_FALSE(checked.ok()) << key;
    EXPECT_EQ(checked.failure().reason, Reason::invalid);
  }
}

}  // namespace
}  // namespace muster
