// The monorepo of W3, W4, W5 and W10: N applications of four objects each (Deployment, Service, ServiceAccount, Ingress:
// the shape of Flux's published benchmark), one file an application, with kustomizations beside it for the peer.
#pragma once

#include <cstddef>
#include <filesystem>
#include <string>

namespace muster::bench {

/// "app-0042"
std::string application_name(std::size_t index);
/// The file `apps/app-0042/app.yaml`.
std::string application_yaml(std::size_t index);

/// Writes `apps/*/app.yaml`, `plain/kustomization.yaml` (lists all) and `overlay/kustomization.yaml` (namespace, label,
/// image and a patch on top of plain) below `folder`, and commits all to a new git repository there.
void write_applications(const std::filesystem::path& folder, std::size_t count);

/// The image that every Deployment names, and what the overlay makes of it.
inline constexpr const char* kImageRepository = "registry.example/team/app";
inline constexpr const char* kNewImage = "registry.example/team/app:2.0.0";

}  // namespace muster::bench
