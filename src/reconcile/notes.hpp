// Health notes of a pass, published at its end: one commit of the notes an environment, whatever their number.
#pragma once

#include <vector>

#include "muster/reconcile/pass.hpp"
#include "reconcile/mover.hpp"

namespace muster::reconcile {

/// The failures by environment; nullopt where all went well or nothing was to be said.
std::vector<std::optional<Failure>> publish_notes(const World& world, record::EnvironmentRepository& records,
                                                  const Observation& observation, const std::vector<Run>& runs, const PassOptions& options);

}  // namespace muster::reconcile
