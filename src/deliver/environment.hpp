// Environment: its branch before a pass: begun, renamed, or its muster.yaml brought up to date.
#pragma once

#include "deliver/pass.hpp"

namespace muster::deliver {

struct Prepared {
  record::Branch branch;
  bool created = false;          ///< It was made, or took over the branch of a former name.
  std::optional<Obstacle> held;  ///< Why this fleet may not begin it; then `branch` is empty.
};

/// The branch of an environment, ready for a pass. In a dry run nothing is written: an environment without a branch is one
/// without commits (tip zero, an empty tree). Failures are those of the environment repository.
Result<Prepared> prepare_branch(Run& run, const model::Environment& environment, record::EnvironmentRepository& records);

/// May this fleet, by this muster, replace what was recorded from that one? nullopt: yes.
std::optional<Obstacle> compare_fleets(const Run& run, const record::FleetStamp& recorded);
record::FleetStamp fleet_stamp(const Run& run);

/// One pass over one environment, with as many attempts as others make it take.
void pass_environment(Run& run, const model::Environment& environment, record::EnvironmentRepository& records, Delivery& out);

/// Environments that a pass over these has to look at: their own branches, those they follow, soak in, or were renamed from.
std::vector<std::string> environments_to_look_at(const model::Fleet& fleet, const std::vector<std::string>& environments);

}  // namespace muster::deliver
