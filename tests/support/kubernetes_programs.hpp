// The programs of Kubernetes that tests start: those of $KUBEBUILDER_ASSETS, else those that tests/kubernetes/build made,
// else (etcd) Debian's.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace muster::test {

/// "etcd", "kube-apiserver", "kubectl", "kwok", "helm", "kustomize", …; nullopt where it is not here.
std::optional<std::filesystem::path> kubernetes_program(std::string_view name);
/// What of these is missing on this machine and how to get it, as a sentence; nullopt where everything is there.
std::optional<std::string> missing_kubernetes(const std::vector<std::string_view>& names);

}  // namespace muster::test
