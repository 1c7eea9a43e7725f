// Writing to environment branches: commits and pushes that replace only what was seen, and what waits for its turn.
#include <fmt/core.h>

#include <algorithm>

#include "muster/record/branch.hpp"
#include "muster/record/layout.hpp"

namespace muster::record {
namespace {

Result<git::TreeEdit> file_edit(git::Repository& repository, const std::string& bytes) {
  MUSTER_TRY(const git::Oid blob, repository.write_blob(bytes));
  return git::TreeEdit{git::TreeEntry{"", git::Mode::file, blob}};
}

}  // namespace

git::Person EnvironmentRepository::signed_now(git::Person person) const {
  person.at = world_.clock.now();
  person.offset_minutes = 0;
  return person;
}

Result<void> EnvironmentRepository::push(std::span<const git::Push> updates, const std::stop_token& stop) {
  if (location_.remote) {
    MUSTER_CHECK(remotes_.push(*location_.remote, *repository_, updates, stop));
    for (const auto& update : updates) {
      // The mirror follows, to save the next fetch; if it does not, that fetch does.
      const auto here = repository_->ref(update.ref);
      if (here.ok()) (void)repository_->update_ref(update.ref, update.value, *here);
    }
  } else {
    for (const auto& update : updates) MUSTER_CHECK(repository_->update_ref(update.ref, update.value, update.expected));
  }
  for (const auto& update : updates) {
    if (update.value) {
      refs_.insert_or_assign(update.ref, *update.value);
    } else {
      refs_.erase(update.ref);
    }
  }
  return {};
}

Result<Branch> EnvironmentRepository::write_and_push(const std::string& environment, const git::NewCommit& commit,
                                                     std::optional<git::Oid> expected, std::vector<git::Push> more,
                                                     const std::stop_token& stop) {
  MUSTER_TRY(const git::Oid id, repository_->write_commit(commit));
  more.insert(more.begin(), git::Push{branch_ref(environment), id, expected});
  MUSTER_CHECK(push(more, stop));
  looked_ = world_.clock.now();
  auto branch = inspect(environment);
  if (branch.ok()) remember(*branch);
  branches_.insert_or_assign(environment, branch);
  return branch;
}

Result<Branch> EnvironmentRepository::commit(const Branch& on, const BranchChange& change, const std::stop_token& stop) {
  MUSTER_TRY(const git::Oid tree, git::edit_tree(*repository_, on.tree, change.edits));
  const git::Person author = signed_now(change.author);
  return write_and_push(on.environment, {tree, {on.tip}, author, author, change.message}, on.tip, {}, stop);
}

Result<Branch> EnvironmentRepository::create(EnvironmentFile file, const git::Person& author, const std::stop_token& stop) {
  file.id = world_.random.hex(16);
  MUSTER_TRY(const auto edit, file_edit(*repository_, print(file)));
  MUSTER_TRY(const git::Oid tree, git::edit_tree(*repository_, std::nullopt, {{std::string(kEnvironmentFile), edit}}));
  const git::Person by = signed_now(author);
  return write_and_push(file.environment, {tree, {}, by, by, fmt::format("Begin the environment {}\n", file.environment)}, std::nullopt, {},
                        stop);
}

Result<Branch> EnvironmentRepository::rename(const Branch& from, EnvironmentFile file, const git::Person& author,
                                             const std::stop_token& stop) {
  const git::Person by = signed_now(author);
  file.id = from.file.id;
  file.renamed_from = from.file.renamed_from;
  file.renamed_from.insert(file.renamed_from.begin(), from.environment);
  EnvironmentFile old = from.file;
  old.renamed_to = file.environment;
  const std::string subject = fmt::format("Rename the environment {} to {}\n", from.environment, file.environment);

  MUSTER_TRY(const auto new_file, file_edit(*repository_, print(file)));
  MUSTER_TRY(const git::Oid new_tree, git::edit_tree(*repository_, from.tree, {{std::string(kEnvironmentFile), new_file}}));
  MUSTER_TRY(const auto old_file, file_edit(*repository_, print(old)));
  MUSTER_TRY(const git::Oid old_tree, git::edit_tree(*repository_, from.tree, {{std::string(kEnvironmentFile), old_file}}));
  MUSTER_TRY(const git::Oid farewell, repository_->write_commit({old_tree, {from.tip}, by, by, subject}));
  std::vector<git::Push> more{{branch_ref(from.environment), farewell, from.tip}};
  if (from.notes) more.push_back({notes_ref(file.environment), from.notes, std::nullopt});
  return write_and_push(file.environment, {new_tree, {from.tip}, by, by, subject}, std::nullopt, std::move(more), stop);
}

Result<Branch> EnvironmentRepository::publish_notes(const Branch& branch, const git::Oid& notes, const std::stop_token& stop) {
  const std::vector<git::Push> updates{{notes_ref(branch.environment), notes, branch.notes}};
  MUSTER_CHECK(push(updates, stop));
  Branch after = branch;
  after.notes = notes;
  branches_.insert_or_assign(branch.environment, after);
  return after;
}

Result<void> EnvironmentRepository::remove(const Branch& branch, const std::stop_token& stop) {
  std::vector<git::Push> updates{{branch_ref(branch.environment), std::nullopt, branch.tip}};
  if (branch.notes) updates.push_back({notes_ref(branch.environment), std::nullopt, branch.notes});
  MUSTER_CHECK(push(updates, stop));
  branches_.erase(branch.environment);
  return accept_rewritten(branch.environment);
}

Result<Branch> EnvironmentRepository::update(std::string_view environment, const Decide& decide, const std::stop_token& stop) {
  const std::vector<std::string> names{std::string(environment)};
  for (int attempt = 0;; ++attempt) {
    MUSTER_CHECK(look(names, stop));
    MUSTER_TRY(const Branch seen, branch(environment));
    MUSTER_TRY(const auto change, decide(seen));
    if (!change) return seen;
    auto committed = commit(seen, *change, stop);
    if (committed.ok() || committed.failure().reason != Reason::conflict || attempt + 1 >= kAttempts) return committed;
    if (!pause_after_lost_race(world_, attempt, stop)) return retry(Reason::cancelled, "stopped");
  }
}

bool pause_after_lost_race(const World& world, int attempt, const std::stop_token& stop) {
  constexpr std::uint64_t kShortest = 10;
  constexpr int kGrowing = 6;  // 10 ms … 640 ms: twenty writers on one branch all get their turn.
  const std::uint64_t most = kShortest << static_cast<unsigned>(std::min(attempt, kGrowing));
  return world.clock.sleep(Duration(kShortest + world.random.next() % most), stop);
}

Result<std::unique_ptr<FileLock>> lock_environment(Files& files, const Path& state, std::string_view environment, std::string_view owner,
                                                   Duration patience) {
  auto lock = files.lock(state / "locks" / (std::string(environment) + ".lock"), owner, patience);
  if (lock.ok() || lock.failure().reason != Reason::conflict) return lock;
  return retry(Reason::conflict, fmt::format("{} is busy: {}", environment, lock.failure().text));
}

}  // namespace muster::record
