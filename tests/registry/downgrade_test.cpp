// A registry that speaks TLS and wants its clients without: scripted, behind a real nginx.
#include <fmt/core.h>
#include <gmock/gmock.h>

#include <mutex>

#include "muster/base/digest.hpp"
#include "registry/fixture.hpp"
#include "support/tls_front.hpp"

namespace muster::registry {
namespace {

using test::ScriptedServer;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class Downgrade : public RegistryTest {
 protected:
  void SetUp() override {
    if (const auto what = test::TlsFront::missing()) GTEST_SKIP() << *what;
    plain = std::make_unique<ScriptedServer>([this](const ScriptedServer::Request& request, ScriptedServer::Conversation& out) {
      const std::lock_guard lock(mutex);
      if (request.headers.contains("authorization")) shown.push_back(request.headers.at("authorization"));
      out.answer(status, body, headers);
      return true;
    });
    front = std::make_unique<test::TlsFront>(plain->port());
    access = with_secret(Method::basic, "ada", "canary-7");
    access.ca_file = front->ca_file().string();
  }
  [[nodiscard]] model::ImageReference cart() const { return image(fmt::format("127.0.0.1:{}", front->port()), "shop/cart"); }

  std::mutex mutex;
  int status = 200;
  std::string body;
  std::string headers;
  std::vector<std::string> shown;
  std::unique_ptr<ScriptedServer> plain;
  std::unique_ptr<test::TlsFront> front;
  Access access;
};

TEST_F(Downgrade, IsNotFollowedInARedirect) {
  status = 307;
  headers = "Location: " + plain->url("/v2/plain") + "\r\n";
  const auto blob = registries().blob(access, cart(), sha256("x").text(), 100, {});
  ASSERT_FALSE(blob.ok());
  EXPECT_EQ(blob.failure().reason, Reason::denied);
  EXPECT_THAT(blob.failure().text, HasSubstr("redirects from https to http"));
  EXPECT_EQ(plain->requests(), 1);
}

TEST_F(Downgrade, IsNotFollowedToARealmWithoutTls) {
  status = 401;
  headers = fmt::format("WWW-Authenticate: Bearer realm=\"{}\",service=\"s\"\r\n", plain->url("/token"));
  const auto tags = registries().tags(access, cart(), {});
  ASSERT_FALSE(tags.ok());
  EXPECT_EQ(tags.failure().reason, Reason::denied);
  EXPECT_THAT(tags.failure().text, HasSubstr("without TLS"));
  EXPECT_THAT(shown, IsEmpty());
  EXPECT_EQ(plain->requests(), 1);
}

TEST_F(Downgrade, IsNotFollowedToTheNextPage) {
  body = R"({"tags":["1"]})";
  headers = fmt::format("Link: <{}>; rel=\"next\"\r\n", plain->url("/v2/shop/cart/tags/list?last=1"));
  const auto tags = registries().tags(access, cart(), {});
  ASSERT_FALSE(tags.ok());
  EXPECT_EQ(tags.failure().reason, Reason::denied);
  EXPECT_EQ(plain->requests(), 1);
}

TEST_F(Downgrade, IsNotTriedWhereTlsStopsAnswering) {
  body = R"({"tags":["1"]})";
  EXPECT_THAT(registries().tags(access, cart(), {}).value(), ElementsAre("1"));
  const auto where = cart();
  front.reset();
  const int before = plain->requests();
  EXPECT_EQ(registries().tags(access, where, {}).failure().reason, Reason::unreachable);
  EXPECT_EQ(plain->requests(), before);
}

}  // namespace
}  // namespace muster::registry
