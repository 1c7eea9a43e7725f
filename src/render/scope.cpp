#include "render/scope.hpp"

#include <algorithm>
#include <array>

#include "muster/manifest/object.hpp"

namespace muster::render {
namespace {

struct KindName {
  std::string_view group;
  std::string_view kind;
};

// Custom kinds that many clusters have, whose definitions seldom stand beside the objects, and what Kubernetes itself has
// had. Source: the definitions that the projects named by their groups publish; the API of Kubernetes 1.24.
constexpr std::array kClusterScoped = std::to_array<KindName>({
    {"cert-manager.io", "ClusterIssuer"},
    {"cilium.io", "CiliumClusterwideNetworkPolicy"},
    {"external-secrets.io", "ClusterExternalSecret"},
    {"external-secrets.io", "ClusterSecretStore"},
    {"extensions", "PodSecurityPolicy"},
    {"gateway.networking.k8s.io", "GatewayClass"},
    {"karpenter.k8s.aws", "EC2NodeClass"},
    {"karpenter.sh", "NodeClaim"},
    {"karpenter.sh", "NodePool"},
    {"kyverno.io", "ClusterPolicy"},
    {"policy", "PodSecurityPolicy"},
    {"policy.networking.k8s.io", "AdminNetworkPolicy"},
    {"policy.networking.k8s.io", "BaselineAdminNetworkPolicy"},
    {"projectcalico.org", "GlobalNetworkPolicy"},
    {"snapshot.storage.k8s.io", "VolumeSnapshotClass"},
    {"snapshot.storage.k8s.io", "VolumeSnapshotContent"},
});

}  // namespace

void Scopes::learn(const Value& content) {
  if (content.string_at("kind") != "CustomResourceDefinition") return;
  const Value* spec = content.find("spec");
  const Value* names = spec == nullptr ? nullptr : spec->find("names");
  if (names == nullptr) return;
  defined_.insert_or_assign({std::string(spec->string_at("group")), std::string(names->string_at("kind"))},
                            spec->string_at("scope") == "Cluster");
}

bool Scopes::is_cluster_scoped(std::string_view group, std::string_view kind) const {
  if (const auto found = defined_.find({std::string(group), std::string(kind)}); found != defined_.end()) return found->second;
  if (const manifest::Scope scope = manifest::scope_of(group, kind); scope != manifest::Scope::unknown)
    return scope == manifest::Scope::cluster;
  return std::any_of(kClusterScoped.begin(), kClusterScoped.end(),
                     [&](const KindName& each) { return each.group == group && each.kind == kind; });
}

}  // namespace muster::render
