// EnvironmentRepository: the git repository with one branch an environment, remote or embedded (`.muster/records.git`).
// One code path for both: look at the tips, commit on a tip, push expecting that tip, decide again from the new one when
// it was lost. Never rebases, never forces.
//
// Ownership: keeps its mirror; branches are values. Thread-safety: one thread at a time. Crash anywhere: a push is all or
// nothing, and everything else here is a cache. Failures: see Branch; conflict (lost the race), unreachable and the like
// from the remote, `stalled` for what holds a whole environment: shallow, rewritten or foreign history, another id.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "muster/base/files.hpp"
#include "muster/base/result.hpp"
#include "muster/base/world.hpp"
#include "muster/git/repository.hpp"
#include "muster/record/chain.hpp"
#include "muster/record/environment_file.hpp"
#include "muster/record/ledger.hpp"

namespace muster::record {

/// An environment branch at the moment it was looked at.
struct Branch {
  std::string environment;
  git::Oid tip;
  git::Oid tree;
  EnvironmentFile file;
  std::optional<git::Oid> notes;  ///< Tip of the health notes.
  Instant seen{};                 ///< When the remote said so: the age of the evidence.
};

/// What a commit on a branch changes. Paths as in layout.hpp.
struct BranchChange {
  std::map<std::string, git::TreeEdit> edits;
  std::string message;
  git::Person author;  ///< `at` is set from the clock.
};

class EnvironmentRepository {
 public:
  struct Location {
    std::optional<git::Remote> remote;  ///< nullopt: the embedded repository in the state directory.
    std::string fleet;                  ///< muster refuses a branch that belongs to another fleet.
    Path state;                         ///< ".muster"
  };
  EnvironmentRepository(const World& world, git::Remotes& remotes, Location location);

  /// Lists once, and brings the branches (all of them where `environments` is nullopt) and their notes here.
  Result<void> look(const std::optional<std::vector<std::string>>& environments, const std::stop_token& stop);
  /// All branches as this state directory saw them last, without asking anybody; `seen` of each is that time. For showing
  /// while the remote does not answer: nothing may be written from it. Reason::absent where nothing was ever seen here.
  Result<void> recall();
  /// The tip of a branch right now: one request to a remote, one look at the disk. Thread-safe; changes nothing here.
  Result<std::optional<git::Oid>> tip_now(std::string_view environment, const std::stop_token& stop) const;
  [[nodiscard]] bool is_remote() const { return location_.remote.has_value(); }

  /// Environments of this fleet whose branch was there at the last look(), sorted; those renamed away are left out.
  [[nodiscard]] std::vector<std::string> environments() const;
  /// Those, and the ones that branch() fails for: held, or gone. Sorted; branches renamed away are left out here too.
  [[nodiscard]] std::vector<std::string> known() const;
  /// As the last look() that concerned it found it.
  /// Reason::absent (wait): the repository answered and has no such branch, nor had it when it was last seen.
  /// Reason::absent (stalled): renamed away, the environment goes on under another name.
  /// Reason::conflict (stalled): shallow, rewritten or older than seen before, another id or fleet: HOLD the
  /// environment. Others: the last look() failed, with its reason.
  [[nodiscard]] Result<Branch> branch(std::string_view environment) const;

  [[nodiscard]] std::shared_ptr<git::Repository> repository() const { return repository_; }
  /// The ledger at a branch's tip, through the cache. The reference holds until the next call for this environment.
  Result<const Ledger*> ledger(const Branch& branch);
  /// The history of a branch, kept between calls.
  Result<Chain*> chain(const Branch& branch);

  /// Commits on the tip of `on` and pushes, expecting that tip. Reason::conflict where somebody was faster.
  Result<Branch> commit(const Branch& on, const BranchChange& change, const std::stop_token& stop);
  /// The first commit of a new environment: `muster.yaml` alone, with a new random id. `file.id` is ignored.
  Result<Branch> create(EnvironmentFile file, const git::Person& author, const std::stop_token& stop);
  /// A new branch that goes on where `from` stands; the old branch stays, and its muster.yaml says `renamed_to`.
  Result<Branch> rename(const Branch& from, EnvironmentFile file, const git::Person& author, const std::stop_token& stop);
  /// Publishes a new commit of the health notes. Reason::conflict where somebody was faster.
  Result<Branch> publish_notes(const Branch& branch, const git::Oid& notes, const std::stop_token& stop);
  /// Deletes the branch (`muster retire`), expecting its tip.
  Result<void> remove(const Branch& branch, const std::stop_token& stop);

  /// Decides and commits until it is not lost: `decide` sees the branch as it is and says what to commit (nullopt:
  /// nothing). Gives up with conflict after `kAttempts`, with pauses between.
  static constexpr int kAttempts = 60;
  using Decide = std::function<Result<std::optional<BranchChange>>(const Branch&)>;
  Result<Branch> update(std::string_view environment, const Decide& decide, const std::stop_token& stop);

  /// A person looked at a rewritten branch and takes it as it is: forgets the tip that was seen before.
  Result<void> accept_rewritten(std::string_view environment);

 private:
  /// What this state directory saw last of a branch, so that an older or rewritten one is noticed. A cache.
  struct Remembered {
    git::Oid tip;
    std::string id;
  };
  using Refs = std::map<std::string, git::Oid, std::less<>>;
  Result<void> look_once(const std::optional<std::vector<std::string>>& environments, const std::stop_token& stop);
  [[nodiscard]] std::map<std::string, std::optional<git::Oid>> overtaken(const std::optional<std::vector<std::string>>& environments) const;
  Result<Refs> list_remote(const std::optional<std::vector<std::string>>& environments, const std::stop_token& stop);
  Result<Refs> list_embedded();
  Result<Refs> list_repository();
  void inspect_all(const std::optional<std::vector<std::string>>& environments);
  Result<Branch> inspect(const std::string& environment);
  Result<void> check_remembered(const Branch& branch);
  [[nodiscard]] std::optional<Remembered> remembered(std::string_view environment) const;
  void remember(const Branch& branch);
  void remember_look();
  Result<void> push(std::span<const git::Push> updates, const std::stop_token& stop);
  Result<Branch> write_and_push(const std::string& environment, const git::NewCommit& commit, std::optional<git::Oid> expected,
                                std::vector<git::Push> more, const std::stop_token& stop);
  [[nodiscard]] git::Person signed_now(git::Person person) const;
  [[nodiscard]] Path cache() const { return location_.state / "cache"; }
  [[nodiscard]] Path remembered_path(std::string_view environment) const;

  World world_;
  git::Remotes& remotes_;
  Location location_;
  std::shared_ptr<git::Repository> repository_;
  Refs refs_;  ///< At the last look, by full name.
  Instant looked_{};
  std::map<std::string, Result<Branch>, std::less<>> branches_;
  Failure unasked_ = retry(Reason::unreachable, "nobody looked yet");  ///< Of branches that were not asked for by name.
  std::map<std::string, Ledger, std::less<>> ledgers_;
  std::map<std::string, std::unique_ptr<Chain>, std::less<>> chains_;
};

/// Between two attempts to commit on a branch that others commit on too; false where `stop` was requested.
bool pause_after_lost_race(const World& world, int attempt, const std::stop_token& stop);

/// The lock of one environment, for the time of one pass: waits up to `patience`, then Reason::conflict names the holder.
Result<std::unique_ptr<FileLock>> lock_environment(Files& files, const Path& state, std::string_view environment, std::string_view owner,
                                                   Duration patience = std::chrono::seconds(30));

}  // namespace muster::record
