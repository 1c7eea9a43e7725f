// What apply, deliver and reconcile share: one pass of each loop with its lines on the screen, and what the run comes to.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>

#include "cli/fleet_session.hpp"
#include "cli/verb.hpp"

namespace muster::cli {

inline constexpr Option kTimeout = {"--timeout", "DURATION",
                                    "how long an instance may take to become healthy, as in `15min` (default 10min)"};

/// What a run has done so far, for its last lines.
struct Run {
  Object result;
  int exit_code = kDone;
  std::set<std::string> said;  ///< What keeps whole environments, as deliver told it: "staging: the branch is gone …".
};

/// Of a selection and the options of `deliver`.
deliver::Request deliver_request(const Session& session, const Selection& selection);
/// --timeout; nullopt where it is no duration.
std::optional<Duration> timeout(Session& session);
/// Deliver, with the builds that it takes; tells what moved and what waits.
deliver::Report run_deliver(Session& session, FleetSession& parts, const daemon::LoadedFleet& fleet, deliver::Request request, Run& run);
/// Where an image that a pipeline handed in was not taken although it could have been: instances, and what keeps each from it.
std::map<std::string, deliver::Obstacle> not_taken(const deliver::Report& report, const deliver::BuiltImage& image);
/// `fleet` only says in which order to tell; null where there is none.
void run_reconcile(Session& session, FleetSession& parts, const model::Fleet* fleet, record::EnvironmentRepository& records,
                   const Selection& selection, Duration health_limit, Run& run);
/// Tells a failure that ends the run early, now or in its last line.
void note_failure(Session& session, const Failure& failure, Run& run);
/// The last lines, and the exit code.
int finish(Session& session, Run& run);

}  // namespace muster::cli
