#include "muster/record/chain.hpp"

#include <algorithm>
#include <set>

#include "muster/record/layout.hpp"

namespace muster::record {
namespace {

using Entries = std::map<std::string, git::TreeEntry, std::less<>>;

/// Commits are read this many at a time: trees may not be read while the repository walks.
constexpr std::size_t kChunk = 256;

Result<Entries> entries_of(git::Repository& repository, const std::optional<git::Oid>& tree) {
  Entries out;
  if (!tree) return out;
  MUSTER_TRY(auto entries, repository.tree(*tree));
  for (auto& entry : entries) out.emplace(entry.name, std::move(entry));
  return out;
}

/// Names that stand differently in two folders.
std::set<std::string> changed_names(const Entries& before, const Entries& after) {
  std::set<std::string> names;
  for (const auto& [name, entry] : before) {
    const auto other = after.find(name);
    if (other == after.end() || !(other->second == entry)) names.insert(name);
  }
  for (const auto& [name, entry] : after) {
    if (!before.contains(name)) names.insert(name);
  }
  return names;
}

std::optional<git::Oid> subtree(const Entries& entries, std::string_view name) {
  const auto found = entries.find(name);
  if (found == entries.end() || found->second.mode != git::Mode::tree) return std::nullopt;
  return found->second.id;
}

/// Compares a commit's tree with its parent's, no deeper than needed to name services and statements.
Result<void> add_tree_changes(git::Repository& repository, const git::Commit& commit, Step& step) {
  std::optional<git::Oid> before_tree;
  if (!commit.parents.empty()) {
    MUSTER_TRY(const auto parent, repository.commit(commit.parents.front()));
    before_tree = parent.tree;
  }
  if (before_tree == commit.tree) return {};
  MUSTER_TRY(const Entries before, entries_of(repository, before_tree));
  MUSTER_TRY(const Entries after, entries_of(repository, commit.tree));
  std::set<std::string> touched(step.touched.begin(), step.touched.end());
  for (const auto& name : changed_names(before, after)) {
    if (is_service_name(name)) {
      if (subtree(before, name) || subtree(after, name)) touched.insert(name);
      continue;
    }
    if (name != kHoldsFolder && name != kApprovalsFolder) continue;
    MUSTER_TRY(const Entries files_before, entries_of(repository, subtree(before, name)));
    MUSTER_TRY(const Entries files_after, entries_of(repository, subtree(after, name)));
    for (const auto& file : changed_names(files_before, files_after)) step.statements.push_back(name + "/" + file);
  }
  step.touched.assign(touched.begin(), touched.end());
  std::sort(step.statements.begin(), step.statements.end());
  return {};
}

Result<std::vector<git::Commit>> read_chunk(git::Repository& repository, const git::Oid& from) {
  std::vector<git::Commit> commits;
  MUSTER_CHECK(repository.walk_first_parents(from, [&](const git::Commit& commit) {
    commits.push_back(commit);
    return commits.size() < kChunk;
  }));
  return commits;
}

}  // namespace

const ReleaseLine* Step::line(std::string_view service) const {
  const auto found = std::find_if(trailers.releases.begin(), trailers.releases.end(), [&](const auto& l) { return l.service == service; });
  return record && found != trailers.releases.end() ? &*found : nullptr;
}

bool Step::touches(std::string_view service) const { return std::binary_search(touched.begin(), touched.end(), service); }

Result<Step> read_step(git::Repository& repository, const git::Commit& commit, const EnvironmentFile& file) {
  Step step;
  step.commit = commit.id;
  step.tree = commit.tree;
  if (!commit.parents.empty()) step.parent = commit.parents.front();
  step.at = commit.committer.at;
  auto trailers = parse_trailers(commit.message);
  if (trailers && is_record(*trailers, commit, file)) {
    step.record = true;
    std::set<std::string> touched;
    for (const auto& line : trailers->releases) touched.insert(line.service);
    for (const auto& rename : trailers->renames) touched.insert({rename.from, rename.to});
    step.touched.assign(touched.begin(), touched.end());
    step.trailers = std::move(*trailers);
    if (step.trailers.renames.empty()) return step;  // Only a rename moves statements.
  } else if (trailers && is_verb(*trailers, commit, file)) {
    step.trailers = std::move(*trailers);
  }
  MUSTER_CHECK(add_tree_changes(repository, commit, step));
  return step;
}

Result<void> walk_steps(git::Repository& repository, const EnvironmentFile& file, const git::Oid& tip,
                        const std::function<Result<bool>(Step&&)>& visit) {
  std::optional<git::Oid> next = tip;
  while (next) {
    MUSTER_TRY(const auto commits, read_chunk(repository, *next));
    if (commits.empty()) return {};
    for (const auto& commit : commits) {
      MUSTER_TRY(Step step, read_step(repository, commit, file));
      MUSTER_TRY(const bool more, visit(std::move(step)));
      if (!more) return {};
    }
    const auto& parents = commits.back().parents;
    next = parents.empty() ? std::nullopt : std::optional(parents.front());
  }
  return {};
}

Chain::Chain(std::shared_ptr<git::Repository> repository, EnvironmentFile file, git::Oid tip)
    : repository_(std::move(repository)), file_(std::move(file)), tip_(tip), next_(tip) {}

Result<bool> Chain::read_more() {
  if (!next_) return false;
  MUSTER_TRY(const auto commits, read_chunk(*repository_, *next_));
  for (const auto& commit : commits) {
    MUSTER_TRY(Step step, read_step(*repository_, commit, file_));
    numbers_.emplace(step.commit, top_ - static_cast<std::int64_t>(steps_.size()));
    steps_.push_back(std::move(step));
    next_ = commit.parents.empty() ? std::nullopt : std::optional(commit.parents.front());
  }
  return !commits.empty();
}

Result<void> Chain::advance(const git::Oid& tip) {
  if (tip == tip_) return {};
  std::vector<Step> fresh;
  bool met = false;
  MUSTER_CHECK(walk_steps(*repository_, file_, tip, [&](Step&& step) -> Result<bool> {
    met = step.commit == tip_;
    if (!met) fresh.push_back(std::move(step));
    return !met;
  }));
  if (!met) return stalled(Reason::conflict, "the branch does not go on from where it stood");
  tip_ = tip;
  if (steps_.empty()) {  // Nothing was read yet: next_ was the old tip.
    next_ = tip;
    return {};
  }
  for (auto step = fresh.rbegin(); step != fresh.rend(); ++step) {
    numbers_.emplace(step->commit, ++top_);
    steps_.push_front(std::move(*step));
  }
  return {};
}

Result<const Step*> Chain::step(std::size_t index) {
  while (index >= steps_.size()) {
    MUSTER_TRY(const bool more, read_more());
    if (!more) return static_cast<const Step*>(nullptr);
  }
  return &steps_[index];
}

Result<std::optional<std::size_t>> Chain::position(const git::Oid& commit) {
  while (true) {
    const auto found = numbers_.find(commit);
    if (found != numbers_.end()) return std::optional(static_cast<std::size_t>(top_ - found->second));
    MUSTER_TRY(const bool more, read_more());
    if (!more) return std::optional<std::size_t>{};
  }
}

}  // namespace muster::record
