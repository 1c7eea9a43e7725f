#include "render/manifests.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <optional>

#include "muster/base/parallel.hpp"
#include "muster/base/text.hpp"
#include "muster/manifest/yaml.hpp"
#include "muster/source/tree.hpp"
#include "render/files.hpp"

namespace muster::render {
namespace {

using Objects = std::vector<manifest::Object>;

std::string in_repository(const source::Tree& tree, std::string_view path) {
  return tree.path().empty() ? std::string(path) : fmt::format("{}/{}", tree.path(), path);
}

/// The way out for a file that is no manifest.
std::string way_out(const source::Tree& tree, std::string_view path) {
  const std::string ignore = fmt::format("leave it out with `ignore = [\"{}\"]`", path);
  return tree.path().empty() ? "say which folder holds the manifests, for example `path = \"deploy\"`, or " + ignore : ignore;
}

/// Does a file hold something else than Kubernetes objects, as far as it can be read?
bool holds_other_things(std::string_view bytes, std::string_view place) {
  const Result<std::vector<manifest::Document>> documents = manifest::parse_documents(bytes, place);
  if (!documents.ok()) return false;
  return std::any_of(documents->begin(), documents->end(), [](const manifest::Document& each) {
    return each.value.string_at("apiVersion").empty() || each.value.string_at("kind").empty();
  });
}

/// A file that cannot be read as objects: what is wrong and, where it was never meant to be one, what it looks like and
/// how to go on.
Failure explain(Failure failure, const source::Tree& tree, std::string_view path, std::string_view bytes) {
  if (failure.kind != FailureKind::stalled) return failure;
  failure.text = fmt::format("{} {}", tree.origin(), failure.text);
  if (failure.reason != Reason::invalid) return failure;
  const std::string_view likeness = looks_like(path, bytes);
  if (!likeness.empty()) failure.text += fmt::format("; {}", likeness);
  if (!likeness.empty() || holds_other_things(bytes, path)) failure.text += fmt::format("; {}", way_out(tree, path));
  return failure;
}

/// `total` counts the bytes of all files of the instance; past the cap nothing more is read.
Result<Objects> read_file(const source::Tree& tree, const source::File& file, std::atomic<std::size_t>& total) {
  if (total.load() > kMaxTotalBytes) return Objects{};
  const std::string place = in_repository(tree, file.path);
  MUSTER_TRY(const std::string bytes, tree.read(file, kMaxFileBytes));
  if (total.fetch_add(bytes.size()) + bytes.size() > kMaxTotalBytes) return Objects{};
  Result<Objects> objects = manifest::parse_objects(bytes, place);
  if (!objects.ok()) return explain(std::move(objects).failure(), tree, file.path, bytes);
  return objects;
}

Result<void> check_kustomization(const source::Tree& tree, const source::File& file) {
  const std::string place = in_repository(tree, file.path);
  MUSTER_TRY(const std::string bytes, tree.read(file, kMaxFileBytes));
  Result<std::vector<manifest::Document>> documents = manifest::parse_documents(bytes, place);
  if (!documents.ok()) return explain(std::move(documents).failure(), tree, file.path, bytes);
  for (const manifest::Document& document : *documents) {
    if (const std::optional<std::string> field = changes_objects(document.value)) {
      return stalled(
          Reason::unsupported,
          fmt::format(
              "{} {}: this kustomization changes what it lists (`{}`), and std.manifests reads files as they are; name a folder of plain "
              "manifests with `path`, or take the files as they are with `ignore = [\"{}\"]` (std.kustomize comes with a later version)",
              tree.origin(), document.at.text(), *field, file.path));
    }
  }
  return {};
}

struct Selection {
  std::vector<source::File> manifests;
  std::vector<source::File> kustomizations;
};

Result<Selection> select_files(const source::Tree& tree, const std::vector<std::string>& ignore) {
  MUSTER_TRY(const std::vector<source::File> files, tree.files());
  Selection out;
  for (const source::File& file : files) {
    const FileUse use = use_of(file.path, ignore);
    if (use == FileUse::manifest) out.manifests.push_back(file);
    if (use == FileUse::kustomization) out.kustomizations.push_back(file);
  }
  if (out.manifests.size() > kMaxFiles) {
    return stalled(Reason::limit,
                   fmt::format("{} {}: {} manifest files below one `path`, more than the {} of one service; split the service",
                               tree.origin(), tree.path(), out.manifests.size(), kMaxFiles));
  }
  return out;
}

/// The first failure in order of files, with a count of the others, so that one run tells how much is to be mended.
Failure first_failure(std::vector<Result<Objects>>& results) {
  std::optional<Failure> first;
  std::size_t others = 0;
  for (Result<Objects>& result : results) {
    if (result.ok()) continue;
    if (!first) {
      first = std::move(result).failure();
    } else {
      ++others;
    }
  }
  if (others != 0) first->text += fmt::format(" (and {} more {} that cannot be read)", others, others == 1 ? "file" : "files");
  return std::move(*first);
}

std::string folder_of(const source::Tree& tree) { return tree.path().empty() ? "its root" : fmt::format("`{}`", tree.path()); }

}  // namespace

Result<Objects> read_manifests(const Request& request) {
  const source::Tree& tree = *request.tree;
  MUSTER_TRY(const Selection selection, select_files(tree, request.instance.renderer_options.ignore));
  for (const source::File& file : selection.kustomizations) MUSTER_CHECK(check_kustomization(tree, file));
  std::vector<Result<Objects>> results(selection.manifests.size(), Result<Objects>(Objects{}));
  std::atomic<std::size_t> total = 0;
  for_each_index(results.size(), request.jobs, [&](std::size_t i) { results[i] = read_file(tree, selection.manifests[i], total); });
  if (total.load() > kMaxTotalBytes) {
    return stalled(Reason::limit, fmt::format("{}: the manifests in {} are more than {} MiB; split the service", tree.origin(),
                                              folder_of(tree), kMaxTotalBytes >> 20U));
  }
  if (std::any_of(results.begin(), results.end(), [](const Result<Objects>& each) { return !each.ok(); })) return first_failure(results);
  Objects out;
  for (Result<Objects>& result : results)
    out.insert(out.end(), std::make_move_iterator(result->begin()), std::make_move_iterator(result->end()));
  if (out.empty()) {
    return stalled(Reason::invalid,
                   fmt::format("{}: there is no Kubernetes object in {}{}; say which folder holds the manifests with `path`", tree.origin(),
                               folder_of(tree),
                               selection.kustomizations.empty() ? "" : " but a kustomization (std.kustomize comes with a later version)"));
  }
  return out;
}

}  // namespace muster::render
