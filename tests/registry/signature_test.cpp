// Signatures in cosign's published layout, in a real registry.
#include "muster/registry/signature.hpp"

#include <fmt/core.h>
#include <gmock/gmock.h>

#include "muster/base/digest.hpp"
#include "registry/fixture.hpp"
#include "support/git_repository.hpp"
#include "support/image_signer.hpp"

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
  }
  static std::string payload(const std::string& digest, const std::string& type = "cosign container image signature") {
    return test::ImageSigner::payload(digest, type);
  }
  RegistryServer::Layer signed_with(const std::string& key, const std::string& bytes) {
    return (key == "ours" ? our_signer : their_signer).signature_of(bytes);
  }
  static RegistryServer::Layer layer(const std::string& bytes, const std::string& signature) {
    return test::ImageSigner::layer(bytes, signature);
  }
  void push(const std::vector<RegistryServer::Layer>& layers) {
    server->push_layers("shop/cart", test::ImageSigner::tag_of(digest), layers);
  }
  Result<std::size_t> signer(const std::vector<std::string>& keys) {
    return signer_of(registries(), {}, image(server->host(), "shop/cart", "", digest), keys, {});
  }

  std::unique_ptr<RegistryServer> server;
  std::string digest;
  test::ImageSigner our_signer;
  test::ImageSigner their_signer;
  const std::string ours = our_signer.public_key();
  const std::string theirs = their_signer.public_key();
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
