// A pass: observe → compare → apply → prune → settle, over all environments at once, as a ready queue. An instance starts
// the moment its own edges are satisfied; a failed one blocks only its dependents, which report the path to the cause.
//
// A pass may end anywhere, by a crash too: the next one continues from what stands in branches and targets. Intent comes
// first: an object is in the inventory before it is created, and leaves it after its deletion is confirmed.
//
// Ownership: the seams outlive the call. Thread-safety: run_pass() uses `jobs` threads, and reports the same bytes for any
// number of them; two passes over one environment at once are the caller's error (record::lock_environment).
// Failures: of an instance in its outcome; run_pass() itself never fails.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "muster/base/world.hpp"
#include "muster/git/objects.hpp"
#include "muster/reconcile/observation.hpp"
#include "muster/reconcile/plan.hpp"
#include "muster/record/branch.hpp"
#include "muster/target/target.hpp"

namespace muster::reconcile {

enum class State : std::uint8_t {
  matched,     ///< Nothing was to be done, and it is healthy.
  applied,     ///< It was written, and is healthy.
  waiting,     ///< Not healthy yet, within its time; or it waits for such a one. Normal.
  unhealthy,   ///< It stands as it should and is unhealthy, or did not become healthy in time.
  paused,      ///< A person stopped writes to the target. Normal.
  unselected,  ///< The run was asked for others.
  superseded,  ///< A newer commit arrived on the branch, or another machine was faster; the next pass goes on with that.
  cancelled,   ///< The run was stopped.
  held,        ///< Needs a look of a person.
  blocked,     ///< Something it needs failed, is held or unhealthy.
  failed,
};
std::string_view to_string(State state);

/// What happened to one instance.
struct Outcome {
  InstanceKey key;
  State state = State::matched;
  Move move = Move::none;
  std::size_t created = 0;
  std::size_t changed = 0;
  std::size_t repaired = 0;  ///< Of the created and changed: drift put back.
  std::size_t adopted = 0;
  std::size_t pruned = 0;
  std::string text;                ///< Why, for every state but matched and applied.
  std::vector<InstanceKey> path;   ///< blocked, waiting: from the need to the cause.
  std::optional<Failure> failure;  ///< failed: of what, and whether it is worth a retry. superseded: the race that was lost.
  target::Health health;
  std::vector<std::string> remarks;  ///< Leftovers, contested objects, held deletions: one sentence each.

  [[nodiscard]] bool wrote() const { return created + changed + adopted + pruned > 0; }
};

struct EnvironmentReport {
  std::string name;
  std::string tip;
  Instant seen{};
  std::optional<EnvironmentHold> hold;
  std::string deletions_held;
  std::optional<Failure> notes;  ///< Health notes could not be published; the next pass will.
};

struct Report {
  Plan plan;
  std::vector<EnvironmentReport> environments;  ///< As in the plan.
  std::vector<Outcome> outcomes;                ///< As in the plan: one an instance.

  [[nodiscard]] std::size_t count(State state) const;
  [[nodiscard]] const Outcome* find(const InstanceKey& key) const;
  /// Somebody moved a branch while this pass ran, or wrote what it was about to write: there is more to do at once.
  [[nodiscard]] bool superseded() const;
  /// Was one of them superseded because somebody else wrote meanwhile, rather than by a newer record?
  [[nodiscard]] bool lost_races() const;
  /// Nobody tries again: what was superseded by a lost race has failed.
  void fail_lost_races();
  /// 0 done or waiting, 1 something failed, 4 held and needs a look; a failure outweighs a hold.
  [[nodiscard]] int exit_code() const;
};

/// One event of a running pass, for progress lines; they come from any thread, in the order in which things happen.
struct Event {
  enum class Kind : std::uint8_t { planned, started, applied, pruned, waiting, settled, finished } kind = Kind::started;
  InstanceKey key;
  std::string text;              ///< The object, what is waited for, or the outcome's text.
  std::size_t done = 0;          ///< Instances with something to do that are finished …
  std::size_t total = 0;         ///< … of how many.
  State state = State::matched;  ///< finished
};
std::string_view to_string(Event::Kind kind);

class Observer {
 public:
  virtual ~Observer() = default;
  /// Called with no lock held; must not block.
  virtual void on(const Event& event) = 0;
};

/// Since when instances are on their way to health; kept between passes, so that a time limit spans them. Thread-safe.
class Settling {
 public:
  /// How long ago (by Clock::elapsed) this was first asked for the instance at that commit.
  Duration since(const InstanceKey& key, const std::string& commit, Duration now);
  void forget(const InstanceKey& key);

 private:
  std::mutex mutex_;
  std::map<InstanceKey, std::pair<std::string, Duration>> started_;
};

struct PassOptions {
  unsigned jobs = 1;
  std::stop_token stop;
  std::vector<std::string> environments;  ///< Only instances of these are touched; empty: of all.
  Selection selection;
  Observer* observer = nullptr;
  Duration health_limit = std::chrono::minutes(10);
  Duration health_interval = std::chrono::milliseconds(500);
  /// How long the pass may do nothing but wait for health; then it ends with `waiting`, and the next one goes on.
  Duration patience = std::chrono::hours(24);
  Settling* settling = nullptr;  ///< Null: time limits begin with this pass.
  /// Has the branch moved away from the tip that the pass reads? Asked before every object and while waiting, from any
  /// thread: must be quick. Empty: never.
  std::function<bool(std::string_view environment)> moved;
  git::Person author;  ///< Of health notes; `at` is set from the clock.
};

/// One pass over these environments. `records` has looked at them; it looks once more where a target was applied from a
/// record that it does not know, for another machine may have been faster.
Report run_pass(const World& world, record::EnvironmentRepository& records, target::Targets& targets,
                const std::vector<EnvironmentAt>& environments, const PassOptions& options);

/// A person looked at an environment that is held because its history was rewritten or its id is another one, and takes
/// the branch as it is: the stamp becomes the tip; inventories under other ids of that name become this environment's.
/// (Where the branch itself is not accepted, EnvironmentRepository::accept_rewritten() comes first.)
Result<void> accept_branch(target::Targets& targets, const record::Branch& branch);

/// `muster retire`: deletes what the environment owns in its target (never what another environment names), its
/// inventories and its stamp. The branch is deleted afterwards. What survives stays in the inventory, and is a Failure.
Result<std::size_t> retire_environment(const World& world, record::EnvironmentRepository& records, target::Targets& targets,
                                       const std::vector<EnvironmentAt>& environments, std::string_view environment,
                                       const PassOptions& options);

}  // namespace muster::reconcile
