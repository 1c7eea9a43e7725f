// Against Debian's docker-registry on loopback: plain, with users, with TLS of a private authority, with tokens.
#include <fmt/core.h>
#include <gmock/gmock.h>

#include "muster/base/digest.hpp"
#include "muster/base/parallel.hpp"
#include "registry/fixture.hpp"

namespace muster::registry {
namespace {

using test::RegistryServer;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

class RealRegistry : public RegistryTest {
 protected:
  void SetUp() override {
    if (const auto what = RegistryServer::missing()) GTEST_SKIP() << *what;
  }
};

TEST_F(RealRegistry, ListsTagsSortedAndNamesTheirDigests) {
  RegistryServer server;
  const std::string first = server.push("shop/cart", "1.4.0", "one");
  const std::string second = server.push("shop/cart", "1.10.0", "two");
  server.push("shop/cart", "latest", "two");
  EXPECT_THAT(registries().tags({}, image(server.host(), "shop/cart"), {}).value(), ElementsAre("1.10.0", "1.4.0", "latest"));
  EXPECT_EQ(registries().digest({}, image(server.host(), "shop/cart", "1.4.0"), {}).value(), first);
  EXPECT_EQ(registries().digest({}, image(server.host(), "shop/cart", "latest"), {}).value(), second);
  EXPECT_EQ(registries().digest({}, image(server.host(), "shop/cart", "", first), {}).value(), first);
}

TEST_F(RealRegistry, SaysThatARepositoryATagOrAContentIsAbsent) {
  RegistryServer server;
  server.push("shop/cart", "1", "one");
  const auto tags = registries().tags({}, image(server.host(), "shop/nothing"), {});
  ASSERT_FALSE(tags.ok());
  EXPECT_EQ(tags.failure().reason, Reason::absent);
  EXPECT_THAT(tags.failure().text, HasSubstr("the tags of " + server.host() + "/shop/nothing"));
  EXPECT_THAT(tags.failure().text, HasSubstr("NAME_UNKNOWN"));
  EXPECT_EQ(registries().digest({}, image(server.host(), "shop/cart", "2"), {}).failure().reason, Reason::absent);
  const std::string nowhere = sha256("nowhere").text();
  EXPECT_EQ(registries().digest({}, image(server.host(), "shop/cart", "", nowhere), {}).failure().reason, Reason::absent);
  EXPECT_EQ(registries().manifest({}, image(server.host(), "shop/cart", "2"), {}).failure().reason, Reason::absent);
  EXPECT_EQ(registries().blob({}, image(server.host(), "shop/cart"), nowhere, 1000, {}).failure().reason, Reason::absent);
}

TEST_F(RealRegistry, AnswersWithAnEmptyListWhereAllImagesWereRemoved) {
  RegistryServer server;
  const std::string digest = server.push("shop/cart", "1", "one");
  server.remove("shop/cart", digest);
  EXPECT_THAT(registries().tags({}, image(server.host(), "shop/cart"), {}).value(), IsEmpty());
}

TEST_F(RealRegistry, NamesTheIndexOfAnImageForSeveralPlatforms) {
  RegistryServer server;
  const std::string arm = server.push("shop/cart", "arm", "arm");
  const std::string amd = server.push("shop/cart", "amd", "amd");
  const std::string index = server.push_index("shop/cart", "1", {{"amd64", amd}, {"arm64", arm}});
  EXPECT_EQ(registries().digest({}, image(server.host(), "shop/cart", "1"), {}).value(), index);
  const Manifest manifest = registries().manifest({}, image(server.host(), "shop/cart", "1"), {}).value();
  EXPECT_EQ(manifest.digest, index);
  EXPECT_EQ(manifest.media_type, "application/vnd.oci.image.index.v1+json");
  EXPECT_THAT(manifest.bytes, HasSubstr(arm));
}

TEST_F(RealRegistry, ReadsContentsUpToALimit) {
  RegistryServer server;
  const std::string content(100'000, 'x');
  server.push("shop/cart", "1", content);
  const auto where = image(server.host(), "shop/cart");
  EXPECT_EQ(registries().blob({}, where, sha256(content).text(), content.size(), {}).value(), content);
  EXPECT_EQ(registries().blob({}, where, sha256(content).text(), content.size() - 1, {}).failure().reason, Reason::limit);
}

TEST_F(RealRegistry, AsksWithUserAndPasswordOnlyAfterTheChallenge) {
  RegistryServer server({.user = "ada", .password = "canary-7"});
  const std::string digest = server.push("shop/cart", "1", "one");
  const Access access = with_secret(Method::basic, "ada", "canary-7");
  EXPECT_EQ(registries().digest(access, image(server.host(), "shop/cart", "1"), {}).value(), digest);
  EXPECT_THAT(registries().tags(access, image(server.host(), "shop/cart"), {}).value(), ElementsAre("1"));
  EXPECT_EQ(server.requests("HEAD /v2/shop/cart/manifests/1"), 2);
  EXPECT_EQ(server.requests("GET /v2/shop/cart/tags/list"), 1);
}

TEST_F(RealRegistry, SaysWhatToDoWhereCredentialsAreMissingOrRefused) {
  RegistryServer server({.user = "ada", .password = "canary-7"});
  server.push("shop/cart", "1", "one");
  const auto without = registries().tags({}, image(server.host(), "shop/cart"), {});
  ASSERT_FALSE(without.ok());
  EXPECT_EQ(without.failure().reason, Reason::denied);
  EXPECT_THAT(without.failure().text, HasSubstr("give the `registry` of the fleet an `auth`"));
  const auto wrong = registries().tags(with_secret(Method::basic, "ada", "canary-8"), image(server.host(), "shop/cart"), {});
  ASSERT_FALSE(wrong.ok());
  EXPECT_EQ(wrong.failure().reason, Reason::denied);
  EXPECT_THAT(wrong.failure().text, HasSubstr("the credentials are refused"));
  EXPECT_THAT(wrong.failure().text, Not(HasSubstr("canary")));
}

TEST_F(RealRegistry, TakesChangedCredentialsAtOnce) {
  RegistryServer server({.user = "ada", .password = "canary-7"});
  server.push("shop/cart", "1", "one");
  const Access access = with_secret(Method::basic, "ada", "canary-8");
  EXPECT_FALSE(registries().tags(access, image(server.host(), "shop/cart"), {}).ok());
  secrets.values["env:REGISTRY"] = "canary-7";
  EXPECT_TRUE(registries().tags(access, image(server.host(), "shop/cart"), {}).ok());
}

TEST_F(RealRegistry, SpeaksTlsWithThePrivateAuthorityOfTheFleet) {
  RegistryServer server({.tls = true});
  const std::string digest = server.push("shop/cart", "1", "one");
  Access access;
  access.ca_file = server.ca_file().string();
  EXPECT_EQ(registries().digest(access, image(server.host(), "shop/cart", "1"), {}).value(), digest);
}

TEST_F(RealRegistry, NeverFallsBackToPlainHttpWhereACertificateIsNotTrusted) {
  RegistryServer server({.tls = true});
  server.push("shop/cart", "1", "one");
  const auto failed = registries().digest({}, image(server.host(), "shop/cart", "1"), {});
  ASSERT_FALSE(failed.ok());
  EXPECT_EQ(failed.failure().reason, Reason::unreachable);
  EXPECT_THAT(failed.failure().text, HasSubstr("certificate"));
  EXPECT_EQ(server.requests("HEAD"), 0);
}

TEST_F(RealRegistry, ExpectsTlsOnLoopbackTooWhereAnAuthorityIsNamed) {
  RegistryServer tls({.tls = true});
  RegistryServer plain;
  plain.push("shop/cart", "1", "one");
  Access access;
  access.ca_file = tls.ca_file().string();
  EXPECT_EQ(registries().tags(access, image(plain.host(), "shop/cart"), {}).failure().reason, Reason::unreachable);
  EXPECT_EQ(plain.requests("GET /v2/shop/cart/tags"), 0);
}

TEST_F(RealRegistry, ComesBackAfterTheRegistryDoes) {
  RegistryServer server;
  server.push("shop/cart", "1", "one");
  EXPECT_TRUE(registries().tags({}, image(server.host(), "shop/cart"), {}).ok());
  server.stop();
  const auto away = registries().tags({}, image(server.host(), "shop/cart"), {});
  ASSERT_FALSE(away.ok());
  EXPECT_EQ(away.failure().reason, Reason::unreachable);
  EXPECT_EQ(away.failure().kind, FailureKind::retry);
  server.start_again();
  EXPECT_TRUE(registries().tags({}, image(server.host(), "shop/cart"), {}).ok());
}

TEST_F(RealRegistry, AnswersManyAtOnce) {
  RegistryServer server({.user = "ada", .password = "canary-7"});
  const std::string digest = server.push("shop/cart", "1", "one");
  const Access access = with_secret(Method::basic, "ada", "canary-7");
  Registries& shared = registries();
  std::vector<std::string> digests(64);
  for_each_index(digests.size(), 16, [&](std::size_t i) {
    if (i % 2 == 0) digests[i] = shared.digest(access, image(server.host(), "shop/cart", "1"), {}).value();
    if (i % 2 == 1) digests[i] = shared.manifest(access, image(server.host(), "shop/cart", "1"), {}).value().digest;
  });
  EXPECT_THAT(digests, ::testing::Each(digest));
}

/// docker-registry checks the tokens; the realm is played, for Debian has no server of it.
class TokenRegistry : public RealRegistry {
 protected:
  void start() {
    realm = std::make_unique<test::ScriptedServer>([this](const auto& request, auto& out) {
      asked.push_back(request.target);
      sent.push_back(request.headers.contains("authorization") ? request.headers.at("authorization") : "");
      bodies.push_back(request.body);
      out.answer(200, answer(), "Content-Type: application/json\r\n");
      return true;
    });
    pushed = std::make_unique<RegistryServer>();
    server = std::make_unique<RegistryServer>(RegistryServer::Options{.root = pushed->root(), .realm = realm->url("/token")});
    digest = pushed->push("shop/cart", "1", "one");
  }
  std::string answer() { return fmt::format(R"({{"{}": "{}", "expires_in": {}}})", field, server->token("shop/cart"), life); }

  std::unique_ptr<RegistryServer> pushed;
  std::unique_ptr<RegistryServer> server;
  std::unique_ptr<test::ScriptedServer> realm;
  std::vector<std::string> asked;
  std::vector<std::string> sent;
  std::vector<std::string> bodies;
  std::string digest;
  std::string field = "token";
  int life = 300;
};

TEST_F(TokenRegistry, GetsATokenToPullFromTheOneRepositoryAndKeepsIt) {
  start();
  EXPECT_EQ(registries().digest({}, image(server->host(), "shop/cart", "1"), {}).value(), digest);
  EXPECT_THAT(registries().tags({}, image(server->host(), "shop/cart"), {}).value(), ElementsAre("1"));
  EXPECT_THAT(asked, ElementsAre("/token?service=test%20registry&scope=repository%3Ashop%2Fcart%3Apull"));
  EXPECT_THAT(sent, ElementsAre(""));
  EXPECT_EQ(server->requests("HEAD /v2/shop/cart/manifests/1"), 2);
  EXPECT_EQ(server->requests("GET /v2/shop/cart/tags/list"), 1);
}

TEST_F(TokenRegistry, ShowsUserAndPasswordToTheRealmAlone) {
  field = "access_token";
  start();
  const Access access = with_secret(Method::token, "", "canary-7");
  EXPECT_EQ(registries().digest(access, image(server->host(), "shop/cart", "1"), {}).value(), digest);
  const std::string expected = http::authorization_of({http::Credentials::Kind::basic, "x-access-token", "canary-7"});
  EXPECT_THAT(sent, ElementsAre(expected));
}

TEST_F(TokenRegistry, AsksForANewTokenWhenOneIsShortLived) {
  life = 0;
  start();
  for (int i = 0; i < 2; ++i) EXPECT_TRUE(registries().digest({}, image(server->host(), "shop/cart", "1"), {}).ok());
  EXPECT_EQ(asked.size(), 2U);
  EXPECT_EQ(server->requests("HEAD /v2/shop/cart/manifests/1"), 3);
}

TEST_F(TokenRegistry, ExchangesAnIdentityTokenOfDockersFile) {
  start();
  temporary.write("config.json", fmt::format(R"({{"auths": {{"{}": {{"identitytoken": "canary 7&x=y"}}}}}})", server->host()));
  Access access;
  access.auth.method = Method::docker_config;
  EXPECT_EQ(registries().digest(access, image(server->host(), "shop/cart", "1"), {}).value(), digest);
  EXPECT_THAT(asked, ElementsAre("/token"));
  EXPECT_THAT(bodies, ElementsAre("grant_type=refresh_token&client_id=muster&service=test%20registry&scope=repository%3Ashop%2Fcart%3Apull"
                                  "&refresh_token=canary%207%26x%3Dy"));
}

TEST_F(TokenRegistry, IsRefusedATokenForAnotherRepository) {
  start();
  pushed->push("shop/other", "1", "one");
  const auto other = registries().digest({}, image(server->host(), "shop/other", "1"), {});
  ASSERT_FALSE(other.ok());
  EXPECT_EQ(other.failure().reason, Reason::denied);
  EXPECT_EQ(asked.size(), 1U) << "one refresh, no more";
}

}  // namespace
}  // namespace muster::registry
