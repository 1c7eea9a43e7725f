// std.manifests: every object in the plain YAML and JSON files of a folder, as Kubernetes' own parser reads them.
#pragma once

#include <vector>

#include "muster/manifest/object.hpp"
#include "muster/render/render.hpp"

namespace muster::render {

/// In order of files, then as written; identities may repeat. Hidden files and folders are passed over. A file that is
/// not made of Kubernetes objects is refused with the way out. Failures name the repository and the place.
Result<std::vector<manifest::Object>> read_manifests(const Request& request);

}  // namespace muster::render
