// The control plane that the other tests stand on, held to what they expect of it.
#include "support/control_plane.hpp"

#include <fmt/core.h>
#include <gmock/gmock.h>

#include <csignal>

#include "support/kubernetes_programs.hpp"

namespace muster::kubernetes {
namespace {

using test::at;
using test::ControlPlane;
using Part = ControlPlane::Part;
using ::testing::Contains;
using ::testing::Field;
using ::testing::HasSubstr;

#define SKIP_WITHOUT(options) \
  if (const auto what = ControlPlane::missing(options)) GTEST_SKIP() << *what

constexpr const char* kConfig = "/api/v1/namespaces/default/configmaps/shop";
constexpr const char* kDeployment = "/apis/apps/v1/namespaces/default/deployments/shop";

std::string config(const std::string& colour) {
  return fmt::format("{{apiVersion: v1, kind: ConfigMap, metadata: {{name: shop}}, data: {{colour: {}}}}}", colour);
}

std::string deployment(int replicas, const std::string& annotations = "") {
  return fmt::format(R"({{apiVersion: apps/v1, kind: Deployment, metadata: {{name: shop}}, spec: {{replicas: {},
selector: {{matchLabels: {{app: shop}}}}, template: {{metadata: {{labels: {{app: shop}}, annotations: {{{}}}}},
spec: {{containers: [{{name: shop, image: shop}}]}}}}}}}})",
                     replicas, annotations);
}

ControlPlane::Predicate has(const std::string& path, const Value& value) {
  return [=](const Value& object) { return at(object, path) == value; };
}

TEST(ControlPlane, IsReadyAndSaysItsVersion) {
  SKIP_WITHOUT({});
  ControlPlane plane;
  EXPECT_EQ(plane.send({.path = "/readyz"}).body, "ok");
  EXPECT_THAT(std::string(plane.get("/version").string_at("gitVersion")), ::testing::MatchesRegex("v1\\.[0-9]+\\.[0-9]+"));
}

TEST(ControlPlane, RunsTwiceBesideEachOther) {
  SKIP_WITHOUT({});
  ControlPlane staging;
  ControlPlane production;
  staging.apply(kConfig, config("blue"));
  EXPECT_TRUE(staging.exists(kConfig));
  EXPECT_FALSE(production.exists(kConfig));
}

TEST(ControlPlane, RefusesAnOrdinaryUserWithoutRulesAndAStrangerAltogether) {
  SKIP_WITHOUT({});
  ControlPlane plane({.users = {{"ann", {"shop"}}}});
  EXPECT_EQ(plane.send({.path = "/api/v1/nodes", .user = "muster"}).status, 200);
  const auto refused = plane.send({.path = "/api/v1/nodes", .user = "ann"});
  EXPECT_EQ(refused.status, 403);
  EXPECT_THAT(refused.body, HasSubstr("User \\\"ann\\\" cannot list resource"));
  EXPECT_EQ(plane.send({.path = "/api/v1/nodes", .user = "eve"}).status, 401);
  plane.create("/apis/rbac.authorization.k8s.io/v1/clusterrolebindings",
               "{apiVersion: rbac.authorization.k8s.io/v1, kind: ClusterRoleBinding, metadata: {name: shop}, roleRef: {apiGroup: "
               "rbac.authorization.k8s.io, kind: ClusterRole, name: system:node-reader}, subjects: [{kind: Group, name: shop, apiGroup: "
               "rbac.authorization.k8s.io}]}");
}

TEST(ControlPlane, KeepsItsObjectsWhenTheApiServerIsKilled) {
  SKIP_WITHOUT({});
  ControlPlane plane;
  plane.apply(kConfig, config("blue"));
  const int before = plane.pid(Part::api_server);
  plane.kill(Part::api_server);
  EXPECT_ANY_THROW((void)plane.send({.path = "/readyz"}));
  plane.start(Part::api_server);
  EXPECT_NE(plane.pid(Part::api_server), before);
  EXPECT_EQ(at(plane.get(kConfig), "data.colour"), "blue");
}

TEST(ControlPlane, AnswersNothingWhileItIsFrozen) {
  SKIP_WITHOUT({});
  ControlPlane plane;
  plane.freeze(Part::api_server);
  EXPECT_ANY_THROW((void)plane.send({.path = "/readyz", .seconds = 1}));
  plane.thaw(Part::api_server);
  EXPECT_EQ(plane.send({.path = "/readyz"}).status, 200);
}

TEST(ControlPlane, GoesBackInTimeWithItsEtcd) {
  SKIP_WITHOUT({});
  ControlPlane plane;
  plane.apply(kConfig, config("blue"));
  const auto saved = plane.save_etcd();
  plane.apply(kConfig, config("green"));
  plane.restore_etcd(saved);
  EXPECT_EQ(at(plane.get(kConfig), "data.colour"), "blue");
}

TEST(ControlPlane, WritesDownWhatItWasAskedAndByWhom) {
  SKIP_WITHOUT({});
  ControlPlane plane({.audit = true});
  plane.apply(kConfig, config("blue"));
  (void)plane.send({.path = kConfig, .user = "eve"});
  const auto requests = plane.requests();
  EXPECT_THAT(requests, Contains(AllOf(Field(&ControlPlane::Audited::verb, "patch"), Field(&ControlPlane::Audited::user, "admin"),
                                       Field(&ControlPlane::Audited::uri, HasSubstr("fieldManager=test")),
                                       Field(&ControlPlane::Audited::status, 201))));
  EXPECT_THAT(requests, Contains(Field(&ControlPlane::Audited::status, 401)));
}

TEST(ControlPlane, LetsKubectlInByTokenAndByCertificate) {
  SKIP_WITHOUT({});
  if (const auto what = test::missing_kubernetes({"kubectl"})) GTEST_SKIP() << *what;
  ControlPlane plane;
  const test::TemporaryFolder folder;
  for (const auto login : {ControlPlane::Login::token, ControlPlane::Login::certificate}) {
    plane.write_kubeconfig(folder.path() / "config", "admin", login);
    const auto who = plane.kubectl({"--kubeconfig=" + (folder.path() / "config").string(), "auth", "whoami"});
    EXPECT_THAT(who.out, HasSubstr("system:masters")) << who.error;
  }
}

TEST(Nodes, MakeADeploymentAvailableAndEndWithIt) {
  SKIP_WITHOUT({.nodes = true});
  ControlPlane plane({.nodes = true});
  plane.apply(kDeployment, deployment(3));
  EXPECT_TRUE(plane.wait_for(kDeployment, has("status.availableReplicas", 3)));
  plane.remove(kDeployment);
  EXPECT_TRUE(plane.wait_for("/api/v1/namespaces/default/pods", has("items", Array{})));
}

TEST(Nodes, LetAPodWaitWithItsReasonAndItsLog) {
  SKIP_WITHOUT({.nodes = true});
  ControlPlane plane({.nodes = true});
  plane.write_pod_log({"begins", "cannot reach the database"});
  plane.apply(kDeployment, deployment(1, R"(test/waiting: CrashLoopBackOff, test/message: "back-off 5m0s", test/restarts: "4")"));
  const std::string pods = "/api/v1/namespaces/default/pods";
  ASSERT_TRUE(plane.wait_for(pods, has("items.0.status.containerStatuses.0.state.waiting.reason", "CrashLoopBackOff")));
  const Value pod = at(plane.get(pods), "items.0");
  EXPECT_EQ(at(pod, "status.containerStatuses.0.restartCount"), 4);
  EXPECT_EQ(at(pod, "status.containerStatuses.0.state.waiting.message"), "back-off 5m0s");
  const auto log = plane.send({.path = fmt::format("{}/{}/log?tailLines=1", pods, *at(pod, "metadata.name").if_string())});
  EXPECT_EQ(log.body, "cannot reach the database\n");
}

TEST(Nodes, CompleteJobsAndFailThoseThatShall) {
  SKIP_WITHOUT({.nodes = true});
  ControlPlane plane({.nodes = true});
  const auto job = [](const std::string& name, const std::string& annotations) {
    return fmt::format(R"({{apiVersion: batch/v1, kind: Job, metadata: {{name: {}}}, spec: {{backoffLimit: 0, template: {{metadata: {{
annotations: {{{}}}}}, spec: {{restartPolicy: Never, containers: [{{name: job, image: job}}]}}}}}}}})",
                       name, annotations);
  };
  const std::string jobs = "/apis/batch/v1/namespaces/default/jobs";
  plane.create(jobs, job("well", ""));
  plane.create(jobs, job("badly", R"(test/fails: "3")"));
  EXPECT_TRUE(plane.wait_for(jobs + "/well", has("status.succeeded", 1)));
  EXPECT_TRUE(plane.wait_for(jobs + "/badly", has("status.failed", 1)));
}

TEST(Nodes, EndANamespaceWithWhatIsInIt) {
  SKIP_WITHOUT({.controllers = true});
  ControlPlane plane({.controllers = true});
  plane.create("/api/v1/namespaces", "{apiVersion: v1, kind: Namespace, metadata: {name: shop}}");
  plane.create("/api/v1/namespaces/shop/configmaps", config("blue"));
  plane.remove("/api/v1/namespaces/shop");
  EXPECT_TRUE(plane.wait_for("/api/v1/namespaces/shop", [](const Value& it) { return it.is_null(); }));
}

}  // namespace
}  // namespace muster::kubernetes
