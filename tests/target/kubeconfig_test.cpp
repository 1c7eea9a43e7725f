// Kubeconfigs as people have them: of kind, of clouds with plugins, merged from several files, written by hand.
#include "target/kubernetes/kubeconfig.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/temporary.hpp"

namespace muster::target::kubernetes {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class Kubeconfig : public ::testing::Test {
 protected:
  Path write(const std::string& name, std::string_view text) {
    folder.write(name, text);
    return folder.path() / name;
  }
  Result<Endpoint> read(std::string_view text, std::string_view context = {}) {
    const Path file = write("config", text);
    return read_kubeconfig(system_files(), std::span(&file, 1), context);
  }
  test::TemporaryFolder folder;
};

constexpr std::string_view kTwo = R"(
apiVersion: v1
kind: Config
current-context: stage
contexts:
- {name: stage, context: {cluster: stage, user: ann}}
- {name: live, context: {cluster: live, user: robot, namespace: shop}}
clusters:
- name: stage
  cluster: {server: "https://10.0.0.1:6443/", certificate-authority-data: Q0EK}
- name: live
  cluster: {server: "https://live.example", certificate-authority: certs/ca.pem, proxy-url: "http://proxy:3128"}
users:
- name: ann
  user: {client-certificate-data: Q0VSVAo=, client-key-data: S0VZCg==}
- name: robot
  user: {tokenFile: /run/token, token: old}
)";

TEST_F(Kubeconfig, GivesTheCurrentContextUnlessAnotherIsNamed) {
  const auto stage = read(kTwo);
  ASSERT_TRUE(stage.ok()) << stage.failure().text;
  EXPECT_EQ(stage->context, "stage");
  EXPECT_EQ(stage->server, "https://10.0.0.1:6443");
  EXPECT_EQ(stage->authority.text, "CA\n");
  EXPECT_EQ(stage->identity.certificate.text, "CERT\n");
  EXPECT_EQ(stage->identity.key.text, "KEY\n");
  const auto live = read(kTwo, "live");
  ASSERT_TRUE(live.ok()) << live.failure().text;
  EXPECT_EQ(live->authority.file, folder.path() / "certs/ca.pem") << "beside the file that says it";
  EXPECT_EQ(live->proxy, "http://proxy:3128");
  EXPECT_EQ(live->identity.token_file, "/run/token");
  EXPECT_EQ(live->identity.token, "") << "a token file goes before a token";
}

TEST_F(Kubeconfig, OfSeveralFilesTakesWhatTheFirstSays) {
  const Path first = write("first", R"({current-context: b, users: [{name: u, user: {token: one}}]})");
  const Path second = write("second", R"(
current-context: a
contexts: [{name: a, context: {cluster: c, user: u}}, {name: b, context: {cluster: c, user: u}}]
clusters: [{name: c, cluster: {server: "https://c.example"}}]
users: [{name: u, user: {token: two}}]
)");
  const std::vector<Path> files = {folder.path() / "none", first, second};
  const auto read = read_kubeconfig(system_files(), files, {});
  ASSERT_TRUE(read.ok()) << read.failure().text;
  EXPECT_EQ(read->context, "b");
  EXPECT_EQ(read->identity.token, "one");
}

TEST_F(Kubeconfig, TakesPluginsAsKubectlDoes) {
  const auto read = this->read(R"(
current-context: cloud
contexts: [{name: cloud, context: {cluster: cloud, user: cloud}}]
clusters: [{name: cloud, cluster: {server: "https://cloud.example"}}]
users:
- name: cloud
  user:
    exec:
      apiVersion: client.authentication.k8s.io/v1
      command: bin/cloud-auth
      args: [get-token, --cluster, shop]
      env: [{name: PROFILE, value: ops}]
      provideClusterInfo: true
      installHint: install the cloud's tools
      interactiveMode: IfAvailable
)");
  ASSERT_TRUE(read.ok()) << read.failure().text;
  ASSERT_TRUE(read->identity.plugin.has_value());
  EXPECT_THAT(read->identity.plugin->argv, ElementsAre((folder.path() / "bin/cloud-auth").string(), "get-token", "--cluster", "shop"));
  EXPECT_EQ(read->identity.plugin->environment.at("PROFILE"), "ops");
  EXPECT_TRUE(read->identity.plugin->wants_cluster);
}

TEST_F(Kubeconfig, ConnectsElsewhereThanTheNameOfTheCertificateSays) {
  const auto read = this->read(R"(
current-context: tunnel
contexts: [{name: tunnel, context: {cluster: tunnel}}]
clusters: [{name: tunnel, cluster: {server: "https://127.0.0.1:9443/k8s", tls-server-name: api.live.example}}]
)");
  ASSERT_TRUE(read.ok()) << read.failure().text;
  EXPECT_EQ(read->server, "https://api.live.example:9443/k8s");
  EXPECT_EQ(read->connect_to, "127.0.0.1:9443");
}

TEST_F(Kubeconfig, NamesWhatIsMissingAndWhatThereIs) {
  const auto text = [&](const Result<Endpoint>& read) { return read.ok() ? std::string("it was read") : read.failure().text; };
  EXPECT_THAT(text(read(kTwo, "life")), HasSubstr("there is no context 'life'; there are: stage, live"));
  EXPECT_THAT(text(read("{contexts: [{name: a, context: {}}]}")), HasSubstr("no context is current; name one of these with `context`"));
  EXPECT_THAT(text(read("{current-context: a, contexts: [{name: a, context: {cluster: c}}]}")),
              HasSubstr("names a cluster 'c' that is not there"));
  EXPECT_THAT(
      text(read("{current-context: a, contexts: [{name: a, context: {cluster: c}}], clusters: [{name: c, cluster: {server: 'https://c', "
                "certificate-authority-data: '%'}}]}")),
      HasSubstr("`certificate-authority-data` is not base64"));
  EXPECT_THAT(
      text(read("{current-context: a, contexts: [{name: a, context: {cluster: c, user: u}}], clusters: [{name: c, cluster: {server: "
                "'https://c'}}], users: [{name: u, user: {auth-provider: {name: gcp}}}]}")),
      HasSubstr("use an `exec` plugin instead"));
  const std::vector<Path> none = {folder.path() / "none"};
  EXPECT_THAT(text(read_kubeconfig(system_files(), none, {})), HasSubstr("there is no kubeconfig ("));
}

TEST_F(Kubeconfig, OfAPodIsItsAccount) {
  write("token", "t");
  const auto outside = read_pod_account(system_files(), folder.path(), {});
  EXPECT_THAT(outside.failure().text, HasSubstr("does not run in a cluster"));
  const auto inside =
      read_pod_account(system_files(), folder.path(), {{"KUBERNETES_SERVICE_HOST", "fd00::1"}, {"KUBERNETES_SERVICE_PORT", "443"}});
  ASSERT_TRUE(inside.ok()) << inside.failure().text;
  EXPECT_EQ(inside->server, "https://[fd00::1]:443");
  EXPECT_EQ(inside->identity.token_file, folder.path() / "token");
}

}  // namespace
}  // namespace muster::target::kubernetes
