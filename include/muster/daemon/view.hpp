// View: one immutable picture of the fleet: service × environment, with release, health, what waits or is held, and how
// old the evidence is. Made from what deliver and reconcile observed; status, API and page read it, nobody locks the engine.
//
// Ownership: plain values, shared as const. Thread-safety: const access. Pure; failure: none.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "muster/base/time.hpp"
#include "muster/base/value.hpp"
#include "muster/deliver/outcome.hpp"
#include "muster/reconcile/plan.hpp"

namespace muster::daemon {

enum class Condition : std::uint8_t {
  absent,  ///< Declared, and no release stands yet.
  healthy,
  progressing,  ///< Applied or being applied, not healthy yet.
  pending,      ///< The target differs from the branch: the next pass writes.
  drifted,      ///< The target was changed by somebody else.
  unhealthy,
  unknown,  ///< The evidence is too old, or the target cannot be read.
};
std::string_view to_string(Condition condition);

struct InstanceView {
  std::string service;
  std::string environment;
  Condition condition = Condition::unknown;
  std::string reason;   ///< Why it is not healthy; may be empty.
  std::string release;  ///< Digest text; empty: none stands.
  std::string version;  ///< For people: the source commit in short, or an image's tag.
  deliver::Verdict delivery = deliver::Verdict::unchanged;
  std::vector<deliver::Obstacle> obstacles;
  bool declared = true;
  bool behind = false;               ///< Taken back: it stands behind what was last recorded.
  std::string paused;                ///< Writes to the target are stopped: by whom and why.
  std::vector<std::string> remarks;  ///< What reconcile will do nothing about, and a person should know: leftovers and the like.
  std::optional<Instant> evidence;   ///< When the oldest thing that this rests on was seen.
};

struct EnvironmentView {
  std::string name;
  std::string tip;
  std::string trouble;  ///< The environment is held or cannot be read: why.
  std::string lift;
  bool held = false;  ///< The trouble needs a person.
  std::optional<Instant> evidence;
};

struct View {
  Instant made{};
  std::vector<EnvironmentView> environments;  ///< Upstream first.
  std::vector<InstanceView> instances;        ///< Sorted by service, then as environments.

  [[nodiscard]] const InstanceView* find(std::string_view service, std::string_view environment) const;
  /// 0, 1 where something failed or is unhealthy, 4 where something is held and needs a look.
  [[nodiscard]] int exit_code() const;
};

/// `delivery`: what a dry pass of deliver said (nullptr: the fleet cannot be used). Evidence older than `stale_after` is
/// Unknown.
View make_view(const deliver::Report* delivery, const reconcile::Observation& observation, const reconcile::Plan& plan,
               const std::vector<std::string>& order, Instant now, Duration stale_after);

/// {made, environments: [{name, tip, trouble, evidence}], instances: [{service, environment, condition, release, …}]}
Value to_value(const View& view);

}  // namespace muster::daemon
