#include <algorithm>
#include <set>

#include "cli/options.hpp"
#include "cli/person.hpp"
#include "cli/verb_results.hpp"
#include "cli/verbs.hpp"
#include "muster/base/text.hpp"

namespace muster::cli {
namespace {

constexpr Option kOptions[] = {kIn,
                               {"--to", "TIME", "back to what stood then, as in 2026-05-04T10:00 (UTC unless it says otherwise)"},
                               {"--input", "NAME", "take back one input only, as in `image.main`"},
                               {"--no-hold", "", "do not hold what is rolled back: the next change of an input brings it forward again"},
                               kReason,
                               kDryRun};

/// Environments and services of a rollback: an operand that names an environment means all of it.
Result<ServicesByEnvironment> rollback_wanted(const Session& session, const OpenFleet& open) {
  const std::vector<std::string> environments = open.session->environments(open.usable(), open.records);
  const auto& operands = session.arguments().operands;
  std::vector<std::string> whole;
  std::vector<std::string> rest;
  for (const std::string& operand : operands) {
    const bool names_environment = std::find(environments.begin(), environments.end(), operand) != environments.end();
    (names_environment ? whole : rest).push_back(operand);
  }
  ServicesByEnvironment out;
  if (!whole.empty() && !session.arguments().has("--to")) {
    return stalled(Reason::invalid,
                   fmt::format("a whole environment goes back to a time: `muster rollback {} --to 2026-05-04T10:00`", whole.front()));
  }
  if (whole.size() == 1 && !rest.empty()) {
    // Services named beside an environment were born or removed since, and are meant too.
    std::set<std::string> named;
    for (const std::string& operand : rest) named.insert(operand.substr(0, operand.find('@')));
    out[whole.front()].assign(named.begin(), named.end());
    return out;
  }
  for (const std::string& environment : whole) out[environment] = {};
  if (rest.empty() && !whole.empty()) return out;
  MUSTER_TRY(out, by_environment(session, open));
  if (out.size() > 1 && !session.arguments().has("--in") && rest.front().find('@') == std::string::npos) {
    std::vector<std::string> names;
    for (const auto& [environment, services] : out) names.push_back(rest.front() + "@" + environment);
    return stalled(Reason::invalid, fmt::format("`{}` exists in several environments; say which: {}", rest.front(), join(names, ", ")));
  }
  return out;
}

/// Shows the plan, then, unless it is a dry run, makes the commit.
Result<deliver::VerbResult> roll_back(Session& session, const OpenFleet& open, deliver::RollbackRequest request,
                                      const deliver::Person& by) {
  deliver::Deliverer& deliverer = open.session->engine().deliverer();
  request.dry = true;
  MUSTER_TRY(deliver::VerbResult shown,
             deliver::rollback(deliverer, *open.records, open.declared(), open.fleet.revision, request, by, session.stop()));
  if (!session.json()) {
    for (const deliver::Proposal& proposal : shown.proposals) print_proposal(session, open, proposal);
  }
  if (session.arguments().has("--dry-run")) return shown;
  request.dry = false;
  return deliver::rollback(deliverer, *open.records, open.declared(), open.fleet.revision, request, by, session.stop());
}

int run(Session& session) {
  int code = kDone;
  const auto open = open_branches(session, code);
  if (!open) return code;
  const auto to = moment_of(session, "--to");
  if (!to.ok()) return session.misuse(to.failure().text);
  const deliver::Person by = person(session);
  bool committed = false;
  const Act act = [&](const std::string& environment, const std::vector<std::string>& services) -> Result<deliver::VerbResult> {
    deliver::RollbackRequest request;
    request.environment = environment;
    request.services = services;
    request.to = *to;
    request.input = session.arguments().get("--input");
    request.hold = !session.arguments().has("--no-hold");
    request.reason = session.arguments().get("--reason");
    MUSTER_TRY(deliver::VerbResult result, roll_back(session, *open, request, by));
    committed = committed || result.commit.has_value();
    return result;
  };
  code = act_on_each(session, rollback_wanted(session, *open), "rolled back", act);
  if (committed && !session.json()) {
    session.out().line("the branch is back; `muster reconcile` (or a running `muster serve`) brings the target back");
  }
  return code;
}

}  // namespace

const Verb kRollback = {
    "rollback",
    "take instances or an environment back, and hold them there",
    "Shows its plan, then makes the revert commit: services of one environment go back together, dependents first. What is\n"
    "rolled back is held until `muster resume`, because the next push to a busy service would carry the fault in again.\n"
    "With --to it touches what existed then and now, and lists what was born or removed since.",
    "INSTANCE…|ENV",
    kOptions,
    "$ muster rollback cart@production\n"
    " $ muster rollback production --to 2026-05-04T10:00",
    kVerbResultsJson,
    run};

}  // namespace muster::cli
