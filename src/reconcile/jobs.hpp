// Jobs run once a bundle: success is kept in the inventory, not in the Job object, which the target may clean away. Pure
// decisions over what was observed.
#pragma once

#include <optional>
#include <string>

#include "muster/reconcile/observation.hpp"

namespace muster::reconcile {

/// Objects that run once: never repaired, and replaced only when a run is due. In a directory nothing runs.
[[nodiscard]] bool is_job(const InstanceState& state, const TargetState& target, const manifest::ObjectId& id);

/// The name of the run that the descriptor asks for: the same for the same bundle and command; `rerun = always` adds the
/// commit since which it stands.
std::string run_name(const InstanceState& state);

/// The last run, also where the service had another name then.
const target::JobRun* last_run(const Observation& observation, const InstanceState& state);

enum class JobDue : std::uint8_t {
  no,  ///< It ran, is running, or failed and nobody asked for more.
  now,
  later,  ///< An older run lasts.
};
JobDue job_due(const Observation& observation, const InstanceState& state, bool stands_there);

/// What the last run says of the instance's health; healthy where this run succeeded (now or ever).
target::Health run_health(const InstanceState& state, const target::JobRun* run);

/// The desired objects less those that run once: what health is asked of, beside the run.
std::vector<Desired> lasting_objects(const InstanceState& state, const TargetState& target);

}  // namespace muster::reconcile
