#include "muster/daemon/fleet_reader.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "muster/base/parallel.hpp"
#include "muster/base/text.hpp"
#include "muster/git/work_tree.hpp"

namespace muster::daemon {
namespace {

constexpr std::size_t kFileLimit = std::size_t{4} << 20U;
constexpr std::string_view kSuffix = ".fleet";

/// Collects the *.fleet files of a tree, with the same rules as on disk: no names with a leading `.` or `_`, no links.
Result<void> collect(git::Repository& repository, const git::Oid& tree, const std::string& prefix, std::vector<diag::FleetText>& out) {
  MUSTER_TRY(const std::vector<git::TreeEntry> entries, repository.tree(tree));
  for (const git::TreeEntry& entry : entries) {
    if (entry.name.starts_with('.') || entry.name.starts_with('_')) continue;
    if (entry.mode == git::Mode::tree) {
      MUSTER_CHECK(collect(repository, entry.id, prefix + entry.name + "/", out));
    } else if ((entry.mode == git::Mode::file || entry.mode == git::Mode::executable) && entry.name.ends_with(kSuffix)) {
      MUSTER_TRY(std::string text, with_context(repository.blob(entry.id, kFileLimit), prefix + entry.name));
      if (!is_valid_utf8(text)) return stalled(Reason::invalid, prefix + entry.name + ": not UTF-8");
      out.push_back({prefix + entry.name, std::move(text)});
    }
  }
  return {};
}

}  // namespace

FleetReader::FleetReader(const World& world, Path root, unsigned jobs) : world_(world), root_(std::move(root)), jobs_(jobs) {}

std::shared_ptr<const lang::Compilation> FleetReader::compile(std::vector<diag::FleetText> texts) {
  lang::Options options;
  options.jobs = std::min(jobs_, default_jobs());
  options.root = root_.string();
  return std::make_shared<const lang::Compilation>(lang::compile(std::move(texts), options));
}

Result<LoadedFleet> FleetReader::read() {
  MUSTER_TRY(std::vector<diag::FleetText> texts, diag::read_fleet_files(world_.files, root_));
  LoadedFleet loaded;
  loaded.compilation = compile(std::move(texts));
  MUSTER_TRY(const std::optional<git::WorkTree> work_tree, git::find_work_tree(world_, root_));
  if (!work_tree || !work_tree->head) {
    loaded.revision.dirty = true;  // In no commit, so in none that others could look at.
    return loaded;
  }
  MUSTER_TRY(const std::vector<std::string> changed, git::changed_files(*work_tree, root_, kSuffix));
  loaded.revision.commit = work_tree->head->text();
  loaded.revision.dirty = !changed.empty();
  loaded.revision.repository = work_tree->repository;
  return loaded;
}

Result<LoadedFleet> FleetReader::read_at(std::string_view revision) {
  MUSTER_TRY(const std::optional<git::WorkTree> work_tree, git::find_work_tree(world_, root_));
  if (!work_tree) {
    return stalled(Reason::invalid,
                   fmt::format("{} is not in a git work tree, so there is no revision `{}` to compare with", root_.string(), revision));
  }
  MUSTER_TRY(const git::Oid commit, git::resolve_revision(*work_tree, revision));
  LoadedFleet loaded;
  loaded.revision.commit = commit.text();
  loaded.revision.repository = work_tree->repository;
  if (const auto found = past_.find(commit); found != past_.end()) {
    loaded.compilation = found->second;
    return loaded;
  }
  MUSTER_TRY(const git::Commit at, work_tree->repository->commit(commit));
  git::Oid tree = at.tree;
  const std::string below = root_.lexically_relative(work_tree->root).generic_string();
  if (below != "." && !below.empty()) {
    MUSTER_TRY(const std::optional<git::TreeEntry> folder, git::find_entry(*work_tree->repository, at.tree, below));
    if (!folder || folder->mode != git::Mode::tree)
      return stalled(Reason::absent, fmt::format("{} has no folder {}", commit.short_text(), below));
    tree = folder->id;
  }
  std::vector<diag::FleetText> texts;
  MUSTER_CHECK(collect(*work_tree->repository, tree, "", texts));
  std::sort(texts.begin(), texts.end(), [](const auto& a, const auto& b) { return a.path < b.path; });
  loaded.compilation = compile(std::move(texts));
  past_[commit] = loaded.compilation;
  return loaded;
}

}  // namespace muster::daemon
