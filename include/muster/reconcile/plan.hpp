// Plan: what reconcile would do, object by object, and in which order; made by compare() from an observation alone.
// `plan`, `diff`, `status` and `muster dump plan` read the same plan that a pass carries out.
//
// Ownership: plain values. Thread-safety: const access. Failure: none; what cannot be done is an Obstacle of its instance.
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "muster/base/value.hpp"
#include "muster/reconcile/observation.hpp"

namespace muster::reconcile {

enum class Action : std::uint8_t {
  keep,      ///< Stands as the descriptor says.
  create,    ///< Is not there.
  change,    ///< Is there with other content.
  adopt,     ///< Is there, nobody's in any inventory, and ours by field manager or by a content the branch once had.
  take,      ///< Moved between services: another inventory has it, and its descriptor names it no more.
  run,       ///< A job whose bundle has not run: deleted where it stands, and created.
  prune,     ///< Ours, and no descriptor names it any more.
  forget,    ///< Leaves the inventory without a deletion: it is gone, another's by now, or in another inventory.
  yield,     ///< Stays in the inventory until the instance that names it now has taken it.
  leave,     ///< Drift that the environment's policy shows and leaves.
  contest,   ///< Drift that came back after each of several repairs: reported, and left for a while.
  leftover,  ///< Perhaps ours, and nobody can tell: listed until it is gone, never touched.
  refuse,    ///< Another instance claims it.
  conflict,  ///< Somebody else's object stands there.
};
std::string_view to_string(Action action);

struct ObjectPlan {
  manifest::ObjectId id;
  Action action = Action::keep;
  bool write = false;                            ///< Its content is sent to the target.
  bool drift = false;                            ///< It differs from what was last applied, and no record explains it.
  bool repair = false;                           ///< The write puts back what was applied before; it waits for nobody.
  std::optional<target::Precondition> expected;  ///< What stands there; nullopt: nothing.
  std::optional<Digest> desired;
  std::optional<Digest> live;
  std::string other;   ///< take, yield, refuse: the other instance, or several.
  std::string reason;  ///< For people, where the action does not say it all.
  std::string held;    ///< prune: why not now.
  friend bool operator==(const ObjectPlan&, const ObjectPlan&) = default;
};

/// In which direction an instance moves; decides what it waits for.
enum class Move : std::uint8_t {
  none,     ///< The descriptor was applied; nothing to write.
  repair,   ///< The descriptor was applied; drift, or an unfinished prune. Waits for nobody.
  forward,  ///< A newer descriptor: waits until the needs that this tip changes are healthy.
  back,     ///< Behind its ledger (revert, rollback): dependents first, and no waiting for health.
  remove,   ///< No descriptor any more: after those that needed it.
};
std::string_view to_string(Move move);

/// Why an instance's move is not made.
struct Obstacle {
  enum class Kind : std::uint8_t {
    environment,  ///< The whole environment is held.
    paused,       ///< `hold --target`.
    unusable,     ///< The descriptor cannot be read.
    conflict,     ///< Somebody else's objects stand where its own should.
    refused,      ///< Another instance claims an object.
    circle,       ///< Instances that move need each other in a circle.
    need,         ///< Something it needs does not move or is unhealthy.
    unselected,   ///< The run was asked for others.
  } kind = Kind::environment;
  std::string text;
  std::optional<InstanceKey> cause;  ///< need: the instance that it is about.
  friend bool operator==(const Obstacle&, const Obstacle&) = default;
};
std::string_view to_string(Obstacle::Kind kind);

struct Wait {
  std::size_t instance = 0;  ///< Index into Plan::instances.
  enum class Until : std::uint8_t {
    attempted,  ///< Its own move was made or failed: order alone (a revert is never kept from its needs).
    applied,    ///< Its move was made.
    healthy,    ///< It is healthy at what stands at its tip.
  } until = Until::healthy;
  friend auto operator<=>(const Wait&, const Wait&) = default;
};
std::string_view to_string(Wait::Until until);

struct InstancePlan {
  InstanceKey key;
  Move move = Move::none;
  std::vector<ObjectPlan> objects;  ///< Desired ones as they are applied, then the others in the opposite order.
  bool book = false;                ///< Its inventory changes, if only that.
  bool settle = false;              ///< It has yet to be seen healthy at what stands.
  bool rebuild = false;             ///< Its inventory was lost and is made anew.
  bool start_job = false;           ///< A job is due; while an older run of it lasts, it waits.
  std::optional<Obstacle> obstacle;
  std::vector<Wait> waits;  ///< Sorted.
  std::size_t order = 0;    ///< Its place when one thread carries out the plan.

  /// Are objects of it written or deleted?
  [[nodiscard]] bool writes() const;
  [[nodiscard]] std::size_t count(Action action) const;
  /// What nothing will be done about, and a person should know: leftovers, contested objects, drift that is left, held
  /// deletions. One sentence each.
  [[nodiscard]] std::vector<std::string> remarks() const;
  friend bool operator==(const InstancePlan&, const InstancePlan&) = default;
};

struct EnvironmentPlan {
  std::string name;
  std::string id;
  std::string tip;
  std::optional<target::Stamp> stamp;
  std::optional<EnvironmentHold> hold;
  std::string target;
  std::size_t deletions = 0;
  std::size_t deletions_allowed = 0;
  std::string deletions_held;
};

struct Plan {
  std::vector<EnvironmentPlan> environments;  ///< As in the observation.
  std::vector<InstancePlan> instances;        ///< As in the observation: one each, same index.

  [[nodiscard]] const InstancePlan* find(const InstanceKey& key) const;
  /// No object would be written or deleted and no inventory changed.
  [[nodiscard]] bool empty() const;
};

/// Which instances a run may touch; nullopt: all. Others are looked at, for order and claims.
using Selection = std::optional<std::set<InstanceKey>>;

/// The selection narrowed to some environments (empty: to all).
Selection within(const Observation& observation, const std::vector<std::string>& environments, const Selection& selection);

/// Pure: the same observation gives the same plan.
Plan compare(const Observation& observation, const Selection& selection = std::nullopt);

/// Canonical text of a plan (`muster dump plan`): no ids, times or versions that differ between equal worlds.
std::string dump(const Plan& plan);
/// The same as data, with what `apply PLAN` must find again: tips, identities and digests of what stands.
Value to_value(const Plan& plan);
/// What differs between a plan that was written down (to_value()) and one made now, for the instances in which the old
/// one wrote something: one sentence each; empty: the world has not moved.
std::vector<std::string> moved_since(const Value& written, const Plan& now);

/// At most so many repairs of one object's drift in that time; then it is contested, and written once in kContestedPause.
inline constexpr std::size_t kRepairs = 5;
inline constexpr Duration kRepairWindow = std::chrono::minutes(10);
inline constexpr Duration kContestedPause = std::chrono::hours(1);

}  // namespace muster::reconcile
