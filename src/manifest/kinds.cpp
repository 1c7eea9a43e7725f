#include "manifest/kinds.hpp"

#include <algorithm>
#include <array>
#include <tuple>

#include "muster/manifest/order.hpp"

namespace muster::manifest {

namespace {

constexpr Scope kCluster = Scope::cluster;
constexpr Scope kSpaced = Scope::namespaced;

// Sorted by group, then kind. The ranks: 0 namespaces, 10 definitions, 20 classes of the cluster, 30 limits, 40 identities,
// 45 roles, 50 bindings, 60 configuration, 65 volumes, 70 services, 80 everything unknown, 90 workloads, 95 jobs,
// 100 what watches workloads, 110 the way in, 120 what answers for the API server.
constexpr auto kBuiltIns = std::to_array<BuiltInKind>({
    {"", "Binding", kSpaced, 90},
    {"", "ConfigMap", kSpaced, 60},
    {"", "Endpoints", kSpaced, 70},
    {"", "Event", kSpaced, 100},
    {"", "LimitRange", kSpaced, 30},
    {"", "Namespace", kCluster, 0},
    {"", "Node", kCluster, 20},
    {"", "PersistentVolume", kCluster, 65},
    {"", "PersistentVolumeClaim", kSpaced, 66},
    {"", "Pod", kSpaced, 90},
    {"", "PodTemplate", kSpaced, 60},
    {"", "ReplicationController", kSpaced, 90},
    {"", "ResourceQuota", kSpaced, 30},
    {"", "Secret", kSpaced, 60},
    {"", "Service", kSpaced, 70},
    {"", "ServiceAccount", kSpaced, 40},
    {"admissionregistration.k8s.io", "MutatingAdmissionPolicy", kCluster, 121},
    {"admissionregistration.k8s.io", "MutatingAdmissionPolicyBinding", kCluster, 122},
    {"admissionregistration.k8s.io", "MutatingWebhookConfiguration", kCluster, 123},
    {"admissionregistration.k8s.io", "ValidatingAdmissionPolicy", kCluster, 121},
    {"admissionregistration.k8s.io", "ValidatingAdmissionPolicyBinding", kCluster, 122},
    {"admissionregistration.k8s.io", "ValidatingWebhookConfiguration", kCluster, 123},
    {"apiextensions.k8s.io", "CustomResourceDefinition", kCluster, 10},
    {"apiregistration.k8s.io", "APIService", kCluster, 120},
    {"apps", "ControllerRevision", kSpaced, 60},
    {"apps", "DaemonSet", kSpaced, 90},
    {"apps", "Deployment", kSpaced, 90},
    {"apps", "ReplicaSet", kSpaced, 90},
    {"apps", "StatefulSet", kSpaced, 90},
    {"autoscaling", "HorizontalPodAutoscaler", kSpaced, 100},
    {"batch", "CronJob", kSpaced, 96},
    {"batch", "Job", kSpaced, 95},
    {"certificates.k8s.io", "CertificateSigningRequest", kCluster, 60},
    {"certificates.k8s.io", "ClusterTrustBundle", kCluster, 60},
    {"coordination.k8s.io", "Lease", kSpaced, 60},
    {"discovery.k8s.io", "EndpointSlice", kSpaced, 70},
    {"events.k8s.io", "Event", kSpaced, 100},
    {"flowcontrol.apiserver.k8s.io", "FlowSchema", kCluster, 21},
    {"flowcontrol.apiserver.k8s.io", "PriorityLevelConfiguration", kCluster, 20},
    {"networking.k8s.io", "IPAddress", kCluster, 20},
    {"networking.k8s.io", "Ingress", kSpaced, 110},
    {"networking.k8s.io", "IngressClass", kCluster, 20},
    {"networking.k8s.io", "NetworkPolicy", kSpaced, 30},
    {"networking.k8s.io", "ServiceCIDR", kCluster, 20},
    {"node.k8s.io", "RuntimeClass", kCluster, 20},
    {"policy", "PodDisruptionBudget", kSpaced, 100},
    {"rbac.authorization.k8s.io", "ClusterRole", kCluster, 45},
    {"rbac.authorization.k8s.io", "ClusterRoleBinding", kCluster, 50},
    {"rbac.authorization.k8s.io", "Role", kSpaced, 45},
    {"rbac.authorization.k8s.io", "RoleBinding", kSpaced, 50},
    {"resource.k8s.io", "DeviceClass", kCluster, 20},
    {"resource.k8s.io", "ResourceClaim", kSpaced, 66},
    {"resource.k8s.io", "ResourceClaimTemplate", kSpaced, 66},
    {"resource.k8s.io", "ResourceSlice", kCluster, 20},
    {"scheduling.k8s.io", "PriorityClass", kCluster, 20},
    {"storage.k8s.io", "CSIDriver", kCluster, 20},
    {"storage.k8s.io", "CSINode", kCluster, 20},
    {"storage.k8s.io", "CSIStorageCapacity", kSpaced, 65},
    {"storage.k8s.io", "StorageClass", kCluster, 20},
    {"storage.k8s.io", "VolumeAttachment", kCluster, 66},
    {"storage.k8s.io", "VolumeAttributesClass", kCluster, 20},
});

constexpr bool comes_before(const BuiltInKind& a, const BuiltInKind& b) { return std::tie(a.group, a.kind) < std::tie(b.group, b.kind); }
static_assert(std::is_sorted(kBuiltIns.begin(), kBuiltIns.end(), comes_before), "the look-up is a binary search");

}  // namespace

const BuiltInKind* find_built_in(std::string_view group, std::string_view kind) {
  const BuiltInKind wanted{group, kind, Scope::unknown, 0};
  const auto* const found = std::lower_bound(kBuiltIns.begin(), kBuiltIns.end(), wanted, comes_before);
  return found != kBuiltIns.end() && found->group == group && found->kind == kind ? found : nullptr;
}

Scope scope_of(std::string_view group, std::string_view kind) {
  const BuiltInKind* built_in = find_built_in(group, kind);
  return built_in == nullptr ? Scope::unknown : built_in->scope;
}

int apply_rank(const ObjectId& id) {
  const BuiltInKind* built_in = find_built_in(id.group, id.kind);
  return built_in == nullptr ? kRankOfOthers : built_in->rank;
}

bool applies_before(const ObjectId& a, const ObjectId& b) {
  const int rank_a = apply_rank(a);
  const int rank_b = apply_rank(b);
  return rank_a != rank_b ? rank_a < rank_b : a < b;
}

}  // namespace muster::manifest
