// Docker's config files and credential helpers, which are real programs here: small shell scripts on a PATH of their own.
#include "registry/logins.hpp"

#include <fmt/core.h>
#include <gmock/gmock.h>

#include "registry/fixture.hpp"

namespace muster::registry {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using Kind = Login::Kind;

class LoginsTest : public RegistryTest {
 protected:
  LoginsTest() {
    settings.environment = {{"PATH", temporary.path().string() + ":/usr/bin:/bin"}};
    auth.method = Method::docker_config;
  }
  void config(std::string_view json) { temporary.write("config.json", json); }
  void helper(std::string_view name, std::string_view script) {
    const auto file = temporary.write(fmt::format("docker-credential-{}", name), fmt::format("#!/bin/sh\n{}\n", script));
    std::filesystem::permissions(file, std::filesystem::perms::owner_all);
  }
  Result<Login> login(const std::string& host, const std::string& repository = "shop/cart") {
    return logins.login_for(auth, image(host, repository), {});
  }
  void expect_basic(const Result<Login>& got, std::string_view user, std::string_view secret) {
    ASSERT_TRUE(got.ok()) << got.failure().text;
    EXPECT_EQ(got->kind, Kind::basic);
    EXPECT_EQ(got->user, user);
    EXPECT_EQ(got->secret, secret);
  }

  model::Credentials auth;
  Logins logins{world, secrets, settings};
};

TEST_F(LoginsTest, FindAHostInEveryFormThatDockerWrites) {
  for (const char* key :
       {"ghcr.io", "https://ghcr.io", "https://ghcr.io/", "https://ghcr.io/v2/", "https://ghcr.io/v1/", "http://ghcr.io"}) {
    config(fmt::format(R"({{"auths":{{"other.example":{{"auth":"eDp5"}},"{}":{{"auth":"YWRhOnNlOmNyZXQ="}}}}}})", key));
    expect_basic(login("ghcr.io"), "ada", "se:cret");
  }
  for (const char* key : {"https://index.docker.io/v1/", "docker.io", "index.docker.io"}) {
    config(fmt::format(R"({{"auths":{{"{}":{{"username":"ada","password":"secret"}}}}}})", key));
    expect_basic(login("docker.io", "library/nginx"), "ada", "secret");
  }
}

TEST_F(LoginsTest, PreferTheLongestPathThatNamesTheRepository) {
  config(R"({"auths":{"ghcr.io":{"auth":"YTox"},"ghcr.io/shop":{"auth":"Yjoy"},"ghcr.io/shop/ca":{"auth":"Yzoz"}}})");
  expect_basic(login("ghcr.io", "shop/cart"), "b", "2");
  expect_basic(login("ghcr.io", "bank/cart"), "a", "1");
}

TEST_F(LoginsTest, AreNoneForOthersAndWithoutAFile) {
  EXPECT_EQ(login("ghcr.io")->kind, Kind::none);
  config(R"({"auths":{"ghcr.io":{"auth":"YWRhOnNlY3JldA=="}}})");
  for (const char* host : {"ghcr.io.evil.example", "evil-ghcr.io", "ghcr.io:8443", "io"}) EXPECT_EQ(login(host)->kind, Kind::none) << host;
}

TEST_F(LoginsTest, ReadTokensOfBothKinds) {
  config(R"({"auths":{"a.example":{"identitytoken":"i"},"b.example":{"registrytoken":"r"}}})");
  EXPECT_EQ(login("a.example")->kind, Kind::identity);
  EXPECT_EQ(login("b.example")->kind, Kind::bearer);
}

TEST_F(LoginsTest, RefuseAFileThatIsNotDockersWithoutRepeatingIt) {
  for (const char* text : {"canary", "[\"canary\"]", "{\"auths\": canary", "{\"canary\":1,\"canary\":2}", "\xff"}) {
    config(text);
    const auto got = login("ghcr.io");
    ASSERT_FALSE(got.ok()) << text;
    EXPECT_EQ(got.failure().reason, Reason::corrupt);
    EXPECT_THAT(got.failure().text, HasSubstr("config.json"));
    EXPECT_THAT(got.failure().text, Not(HasSubstr("canary")));
  }
  for (const char* text : {R"({"auths":{"ghcr.io":{"auth":"%%%"}}})", R"({"auths":{"ghcr.io":{"auth":"YWRh"}}})",
                           R"({"auths":{"ghcr.io":5}})", R"({"auths":[]})", "{}"}) {
    config(text);
    EXPECT_EQ(login("ghcr.io")->kind, Kind::none) << text;
  }
}

TEST_F(LoginsTest, AskTheHelperOfTheHostBeforeTheOneOfAll) {
  config(R"({"credsStore":"all","credHelpers":{"ghcr.io":"one"},"auths":{"ghcr.io":{},"quay.io":{"auth":"YTox"}}})");
  helper("one",
         R"(read -r server || true; test "$1" = get && echo "{\"ServerURL\":\"$server\",\"Username\":\"ada\",\"Secret\":\"of $server\"}")");
  helper("all", R"(echo "credentials not found in native keychain"; exit 1)");
  expect_basic(login("ghcr.io"), "ada", "of ghcr.io");
  expect_basic(login("quay.io"), "a", "1");
}

TEST_F(LoginsTest, TellAHelperDockerHubsOldName) {
  config(R"({"credsStore":"all"})");
  helper("all", R"(read -r server || true; echo "{\"Username\":\"<token>\",\"Secret\":\"of $server\"}")");
  const auto got = login("docker.io", "library/nginx");
  ASSERT_TRUE(got.ok());
  EXPECT_EQ(got->kind, Kind::identity);
  EXPECT_EQ(got->secret, "of https://index.docker.io/v1/");
}

TEST_F(LoginsTest, KeepWhatAHelperSaidUntilItIsRefused) {
  config(R"({"credsStore":"all"})");
  helper("all", fmt::format(R"(echo x >> {}/calls; echo '{{"Username":"ada","Secret":"s"}}')", temporary.path().string()));
  for (int i = 0; i < 3; ++i) expect_basic(login("ghcr.io"), "ada", "s");
  EXPECT_EQ(temporary.read("calls"), "x\n");
  logins.forget(image("ghcr.io", "shop/cart"));
  expect_basic(login("ghcr.io"), "ada", "s");
  EXPECT_EQ(temporary.read("calls"), "x\nx\n");
}

TEST_F(LoginsTest, SayWhatAHelperDidWithoutItsWords) {
  config(R"({"credsStore":"all"})");
  EXPECT_EQ(login("ghcr.io").failure().reason, Reason::denied);
  helper("all", "echo canary; echo canary >&2; exit 3");
  auto failed = login("ghcr.io");
  EXPECT_EQ(failed.failure().reason, Reason::denied);
  EXPECT_THAT(failed.failure().text, HasSubstr("exit code 3"));
  EXPECT_THAT(failed.failure().text, Not(HasSubstr("canary")));
  for (const char* output : {"canary", "{}", R"({"Secret":""})", R"(["canary"])"}) {
    helper("all", fmt::format("echo '{}'", output));
    failed = login("ghcr.io");
    EXPECT_EQ(failed.failure().reason, Reason::corrupt) << output;
    EXPECT_THAT(failed.failure().text, Not(HasSubstr("canary")));
  }
  helper("all", "head -c 1000000 /dev/zero");
  EXPECT_EQ(login("ghcr.io").failure().reason, Reason::limit);
}

TEST_F(LoginsTest, StartNoHelperWithAPathForAName) {
  for (const char* name : {"../evil", "a/b", "a b", "$(x)"}) {
    config(fmt::format(R"({{"credsStore":"{}"}})", name));
    EXPECT_EQ(login("ghcr.io").failure().reason, Reason::invalid) << name;
  }
}

TEST_F(LoginsTest, ReadSecretsByReferenceAtTheMomentOfUse) {
  auth.method = Method::basic;
  auth.user = "ada";
  auth.secret = model::SecretRef{"env:PASSWORD", {}};
  EXPECT_EQ(login("ghcr.io").failure().reason, Reason::denied);
  secrets.values["env:PASSWORD"] = "one";
  expect_basic(login("ghcr.io"), "ada", "one");
  secrets.values["env:PASSWORD"] = "two";
  expect_basic(login("ghcr.io"), "ada", "two");
  auth.method = Method::ssh_key;
  EXPECT_EQ(login("ghcr.io").failure().reason, Reason::invalid);
}

}  // namespace
}  // namespace muster::registry
