#include "muster/source/tree.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <map>
#include <optional>
#include <utility>

#include "muster/base/text.hpp"
#include "source/links.hpp"

namespace muster::source {
namespace {

bool is_file(git::Mode mode) { return mode == git::Mode::file || mode == git::Mode::executable; }

Failure at(const std::string& origin, std::string_view path, Failure failure) {
  return std::move(failure).with_context(fmt::format("{} {}", origin, path.empty() ? "/" : path));
}

}  // namespace

struct TreeIds::State {
  /// Commits and climbs never change under one id; dropped whole when there are this many, to bound memory.
  static constexpr std::size_t kKept = 20'000;
  std::shared_ptr<git::Repository> repository;
  std::map<git::Oid, git::Oid> roots;  ///< Commit → tree.
  std::map<git::Oid, int> climbs;

  Result<git::Oid> root(const git::Oid& commit) {
    const auto known = roots.find(commit);
    if (known != roots.end()) return known->second;
    if (roots.size() > kKept) roots.clear();
    MUSTER_TRY(const auto read, repository->commit(commit));
    return roots.emplace(commit, read.tree).first->second;
  }

  /// How far the links below a folder climb above it; 0: everything that is read through it lies in it.
  Result<int> climb(const git::Oid& folder, int depth) {
    const auto known = climbs.find(folder);
    if (known != climbs.end()) return known->second;
    if (depth > kMaxDepth) return stalled(Reason::limit, fmt::format("folders are nested deeper than {}", kMaxDepth));
    MUSTER_TRY(const auto entries, repository->tree(folder));
    int most = 0;
    for (const auto& entry : entries) {
      if (entry.mode == git::Mode::symlink) {
        MUSTER_TRY(const std::string target, repository->blob(entry.id, kMaxLinkBytes));
        most = std::max(most, climb_of(target));
      } else if (entry.mode == git::Mode::tree) {
        MUSTER_TRY(const int below, climb(entry.id, depth + 1));
        most = std::max(most, below - 1);
      }
    }
    climbs.emplace(folder, most);
    return most;
  }

  /// The folder's tree, without links on the way; nullopt where the plain walk meets a link.
  Result<std::optional<git::Oid>> plain_walk(const git::Oid& root_tree, std::string_view path) {
    git::Oid here = root_tree;
    for (const std::string_view part : split(path, '/')) {
      if (part.empty() || part == ".") continue;
      if (part == "..") return std::optional<git::Oid>{};
      MUSTER_TRY(const auto found, repository->entry(here, part));
      if (!found) return stalled(Reason::absent, fmt::format("there is no folder `{}`", path));
      if (found->mode == git::Mode::symlink) return std::optional<git::Oid>{};
      if (found->mode != git::Mode::tree) return stalled(Reason::invalid, fmt::format("`{}` is no folder", path));
      here = found->id;
    }
    return std::optional(here);
  }

  /// Tree of the folder at `path`, links on the way followed.
  Result<git::Oid> folder(const git::Oid& root_tree, std::string_view path) {
    MUSTER_TRY(const auto plain, plain_walk(root_tree, path));
    if (plain) return *plain;
    MUSTER_TRY(const Found found, follow(*repository, root_tree, {}, path));
    if (found.entry.mode != git::Mode::tree) return stalled(Reason::invalid, fmt::format("`{}` is no folder", path));
    return found.entry.id;
  }
};

TreeIds::TreeIds(std::shared_ptr<git::Repository> repository) : state_(std::make_unique<State>()) {
  state_->repository = std::move(repository);
}
TreeIds::~TreeIds() = default;
TreeIds::TreeIds(TreeIds&&) noexcept = default;
TreeIds& TreeIds::operator=(TreeIds&&) noexcept = default;

Result<git::Oid> TreeIds::id_at(const git::Oid& commit, std::string_view path) {
  MUSTER_TRY(const git::Oid root, state_->root(commit));
  MUSTER_TRY(const git::Oid folder, state_->folder(root, path));
  if (folder == root) return root;
  MUSTER_TRY(const int climb, state_->climb(folder, 0));
  return climb > 0 ? root : folder;
}

Result<std::shared_ptr<const Tree>> Tree::open(std::shared_ptr<git::Repository> repository, const git::Oid& commit, std::string_view path,
                                               std::string origin) {
  TreeIds ids(repository);
  auto id = ids.id_at(commit, path);
  if (!id.ok()) return at(origin, path, std::move(id).failure());
  auto read = repository->commit(commit);
  if (!read.ok()) return at(origin, path, std::move(read).failure());
  auto found = follow(*repository, read->tree, {}, path);
  if (!found.ok()) return at(origin, path, std::move(found).failure());
  std::shared_ptr<Tree> tree(new Tree());
  tree->repository_ = std::move(repository);
  tree->commit_ = commit;
  tree->root_ = read->tree;
  tree->folder_ = found->entry.id;
  tree->id_ = *id;
  tree->path_ = join(found->path, "/");
  tree->origin_ = std::move(origin);
  return std::shared_ptr<const Tree>(std::move(tree));
}

namespace {

/// Collects the files of a folder into `out`; recursion is as deep as folders are, kMaxDepth at most.
struct Collector {
  git::Repository& repository;
  const git::Oid& root;
  std::vector<std::string> real;  ///< Path of the present folder in the commit.
  std::vector<File>& out;
  bool follows_folders = false;
  std::vector<std::vector<std::string>> left = {};  ///< The folders in which the links stand that led here.

  /// Entering it would come by this place again.
  [[nodiscard]] bool is_around(const std::vector<std::string>& folder) const {
    const auto holds = [&](const std::vector<std::string>& place) {
      return folder.size() <= place.size() && std::equal(folder.begin(), folder.end(), place.begin());
    };
    return holds(real) || std::any_of(left.begin(), left.end(), holds);
  }

  Result<void> enter_link(Found found, const std::string& path, int depth) {
    if (is_around(found.path)) return {};
    left.push_back(std::exchange(real, std::move(found.path)));
    MUSTER_CHECK(add(found.entry.id, path + "/", depth + 1));
    real = std::move(left.back());
    left.pop_back();
    return {};
  }

  Result<void> add_link(const git::TreeEntry& entry, const std::string& path, int depth) {
    auto found = follow(repository, root, real, entry.name);
    if (!found.ok()) {
      const Reason reason = found.failure().reason;
      if (reason != Reason::absent && reason != Reason::invalid && reason != Reason::limit) return std::move(found).failure();
      out.push_back({path, git::Oid{}, false});
    } else if (is_file(found->entry.mode)) {
      out.push_back({path, found->entry.id, found->entry.mode == git::Mode::executable});
    } else if (follows_folders && found->entry.mode == git::Mode::tree) {
      return enter_link(std::move(found).value(), path, depth);
    }
    return {};
  }

  Result<void> add(const git::Oid& folder, const std::string& prefix, int depth) {
    if (depth > kMaxDepth) return stalled(Reason::limit, fmt::format("folders are nested deeper than {}", kMaxDepth));
    MUSTER_TRY(const auto entries, repository.tree(folder));
    for (const auto& entry : entries) {
      const std::string path = prefix + entry.name;
      if (out.size() >= kMaxFiles) return stalled(Reason::limit, fmt::format("more than {} files", kMaxFiles));
      if (is_file(entry.mode)) {
        out.push_back({path, entry.id, entry.mode == git::Mode::executable});
      } else if (entry.mode == git::Mode::symlink) {
        MUSTER_CHECK(add_link(entry, path, depth));
      } else if (entry.mode == git::Mode::tree) {
        real.push_back(entry.name);
        MUSTER_CHECK(add(entry.id, path + "/", depth + 1));
        real.pop_back();
      }
    }
    return {};
  }
};

std::vector<std::string> parts_of(std::string_view path) {
  std::vector<std::string> parts;
  for (const std::string_view part : split(path, '/')) {
    if (!part.empty()) parts.emplace_back(part);
  }
  return parts;
}

bool climbs_out(std::string_view path) {
  int depth = 0;
  for (const std::string_view part : split(path, '/')) {
    if (part.empty() || part == ".") continue;
    depth += part == ".." ? -1 : 1;
    if (depth < 0) return true;
  }
  return false;
}

}  // namespace

Result<std::vector<File>> Tree::files() const { return list(FolderLinks::left_out); }

Result<std::vector<File>> Tree::files_through_links() const { return list(FolderLinks::followed); }

Result<std::vector<File>> Tree::list(FolderLinks links) const {
  std::vector<File> files;
  Collector collector{*repository_, root_, parts_of(path_), files, links == FolderLinks::followed};
  auto added = collector.add(folder_, "", 0);
  if (!added.ok()) return at(origin_, path_, std::move(added).failure());
  std::sort(files.begin(), files.end(), [](const File& a, const File& b) { return a.path < b.path; });
  return files;
}

Result<std::string> Tree::read(std::string_view path, std::size_t limit) const {
  const std::string shown = path_.empty() ? std::string(path) : path_ + "/" + std::string(path);
  if (climbs_out(path)) return at(origin_, shown, stalled(Reason::invalid, "the path leads out of the service's folder"));
  auto found = follow(*repository_, root_, parts_of(path_), path);
  if (!found.ok()) return at(origin_, shown, std::move(found).failure());
  if (!is_file(found->entry.mode)) return at(origin_, shown, stalled(Reason::invalid, "is no file"));
  auto bytes = repository_->blob(found->entry.id, limit);
  if (!bytes.ok()) return at(origin_, shown, std::move(bytes).failure());
  return bytes;
}

Result<std::string> Tree::read(const File& file, std::size_t limit) const {
  // A zero blob is a link that leads nowhere; following it says why.
  if (file.blob.is_zero()) return read(file.path, limit);
  auto bytes = repository_->blob(file.blob, limit);
  if (!bytes.ok()) return at(origin_, path_.empty() ? file.path : path_ + "/" + file.path, std::move(bytes).failure());
  return bytes;
}

}  // namespace muster::source
