// What the benchmarks share of git and render: repositories opened as muster opens them, instances of applications.
#pragma once

#include <filesystem>
#include <memory>
#include <stdexcept>
#include <string>

#include "muster/base/result.hpp"
#include "muster/git/repository.hpp"
#include "muster/model/fleet.hpp"

namespace muster::bench {

/// The value, or an exception: benchmarks have nobody to hand a failure to.
template <typename T>
T need(Result<T> result) {
  if (!result.ok()) throw std::runtime_error(result.failure().text);
  return std::move(result).value();
}

/// The repository whose work tree is `folder`, read as muster reads mirrors.
std::shared_ptr<git::Repository> open_repository(const std::filesystem::path& folder);
git::Oid commit_at(const std::filesystem::path& folder, const std::string& revision);

/// Application `index` as an instance of std.manifests; `overlay` gives it a namespace, a label, an image and a patch.
model::Instance application_instance(std::size_t index, bool overlay);

}  // namespace muster::bench
