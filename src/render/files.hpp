// Which files of a folder are manifests, and what the others are taken for. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "muster/base/value.hpp"

namespace muster::render {

enum class FileUse : std::uint8_t {
  manifest,       ///< `*.yaml`, `*.yml`, `*.json`: every document in it is an object.
  kustomization,  ///< Read only to learn whether it would change the objects.
  none,           ///< Hidden, ignored, or another kind of file.
};

/// `path` is relative to the folder; `ignore` are globs over it.
FileUse use_of(std::string_view path, const std::vector<std::string>& ignore);

/// The first field of a kustomization that changes objects ("namePrefix"), or generates some; nullopt where it only
/// lists files, so that reading the files as they are means the same.
std::optional<std::string> changes_objects(const Value& kustomization);

/// What a document that is no Kubernetes object looks like: "values or a chart of Helm", "a Compose file"; empty if
/// nothing is known. `bytes` is the whole file.
std::string_view looks_like(std::string_view path, std::string_view bytes);

}  // namespace muster::render
