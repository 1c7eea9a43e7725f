// A plan written down by `muster plan --out`: what deliver proposed and what reconcile would do, with what stood then.
// `apply PLAN` holds the world against it. The file is JSON, format 1; unknown formats are refused.
#pragma once

#include <string>
#include <vector>

#include "cli/fleet_session.hpp"
#include "muster/deliver/proposal.hpp"

namespace muster::cli {

struct WrittenPlan {
  Selection selection;                            ///< Exactly the instances in it.
  std::vector<deliver::PlannedInstance> deliver;  ///< What was proposed.
  Value reconcile;                                ///< reconcile::to_value() of the plan after those proposals.
};

Value to_value(const WrittenPlan& plan, const std::string& fleet);
Result<WrittenPlan> read_plan(Files& files, const Path& path);

/// The world held against a plan, for the instances in the plan alone.
struct PlanCheck {
  std::vector<std::string> moved;  ///< What differs, one sentence each; what is as the plan would make it does not.
  bool nothing_left = false;       ///< Everything is as the plan would make it: there is nothing to record and nothing to write.
};
Result<PlanCheck> check_plan(Session& session, FleetSession& parts, const daemon::LoadedFleet& fleet, const WrittenPlan& plan);

}  // namespace muster::cli
