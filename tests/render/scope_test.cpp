#include "render/scope.hpp"

#include <gmock/gmock.h>

namespace muster::render {
namespace {

TEST(Scopes, KnowsKubernetesOwnKinds) {
  const Scopes scopes;
  EXPECT_TRUE(scopes.is_cluster_scoped("", "Namespace"));
  EXPECT_TRUE(scopes.is_cluster_scoped("rbac.authorization.k8s.io", "ClusterRole"));
  EXPECT_FALSE(scopes.is_cluster_scoped("rbac.authorization.k8s.io", "Role"));
  EXPECT_FALSE(scopes.is_cluster_scoped("apps", "Deployment"));
}

TEST(Scopes, KnowsWidelyUsedCustomKindsAndTakesTheOthersForNamespaced) {
  const Scopes scopes;
  EXPECT_TRUE(scopes.is_cluster_scoped("cert-manager.io", "ClusterIssuer"));
  EXPECT_FALSE(scopes.is_cluster_scoped("cert-manager.io", "Issuer"));
  EXPECT_TRUE(scopes.is_cluster_scoped("policy", "PodSecurityPolicy")) << "gone from Kubernetes, not from repositories";
  EXPECT_FALSE(scopes.is_cluster_scoped("policy", "PodDisruptionBudget"));
  EXPECT_FALSE(scopes.is_cluster_scoped("example.com", "Widget"));
}

TEST(Scopes, BelievesTheDefinitionInTheSameSet) {
  Scopes scopes;
  scopes.learn(Object{{"kind", "CustomResourceDefinition"},
                      {"spec", Object{{"group", "example.com"}, {"scope", "Cluster"}, {"names", Object{{"kind", "Widget"}}}}}});
  EXPECT_TRUE(scopes.is_cluster_scoped("example.com", "Widget"));
  EXPECT_FALSE(scopes.is_cluster_scoped("example.org", "Widget"));
}

}  // namespace
}  // namespace muster::render
