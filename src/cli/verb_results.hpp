// What hold, resume, approve, promote, rollback and retire share: each makes a commit on an environment branch that plain git
// shows and undoes, for one environment after the other, and says what it did.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "cli/open_fleet.hpp"
#include "muster/deliver/verbs.hpp"

namespace muster::cli {

/// Empty services: the whole environment.
using ServicesByEnvironment = std::map<std::string, std::vector<std::string>>;

/// What the operands and --in ask for. Failure: invalid, where they name nothing.
Result<ServicesByEnvironment> by_environment(const Session& session, const OpenFleet& open);

using Act = std::function<Result<deliver::VerbResult>(const std::string& environment, const std::vector<std::string>& services)>;
/// One call for each environment wanted; the first failure ends it, after what was done has been said. `done`: "held".
int act_on_each(Session& session, const Result<ServicesByEnvironment>& wanted, std::string_view done, const Act& act);

/// The objects that a proposal changes, against what stands.
void print_proposal(Session& session, const OpenFleet& open, const deliver::Proposal& proposal);

/// Says what was done (or, with --dry-run, would be), and returns `exit_code`.
int finish_verb(Session& session, const std::vector<deliver::VerbResult>& results, std::string_view done, int exit_code = kDone);

/// What `--json` prints of these verbs.
inline constexpr std::string_view kVerbResultsJson = "dry_run, results ([{environment, commit, services, proposals, notes, waiting}]).";

}  // namespace muster::cli
