#include <algorithm>

#include "cli/options.hpp"
#include "cli/person.hpp"
#include "cli/verb_results.hpp"
#include "cli/verbs.hpp"
#include "muster/diag/suggest.hpp"

namespace muster::cli {
namespace {

constexpr Option kOptions[] = {kIn,
                               {"--team", "TEAM", "the team that you speak for"},
                               {"--skip", "GATE", "let it pass without this gate: soak or check"},
                               {"--deletions", "", "approve the deletions that are over the budget now, exactly those"},
                               {"--changes", "", "approve the declarations that are over the budget now, exactly those"},
                               kDryRun};

int run(Session& session) {
  int code = kDone;
  const auto open = open_fleet(session, code);
  if (!open) return code;
  for (const std::string& gate : session.arguments().all("--skip")) {
    if (gate != "soak" && gate != "check") return session.misuse("--skip is soak or check");
  }
  const std::string team = session.arguments().get("--team");
  const auto& teams = open->fleet.fleet().teams;
  if (!team.empty() && std::none_of(teams.begin(), teams.end(), [&](const model::Team& one) { return one.name == team; })) {
    std::vector<std::string_view> names;
    names.reserve(teams.size());
    for (const model::Team& one : teams) names.push_back(one.name);
    const std::string_view near = diag::nearest(team, names);
    return session.fail(stalled(
        Reason::invalid, fmt::format("there is no team `{}`{}", team, near.empty() ? "" : fmt::format("; did you mean `{}`?", near))));
  }
  const deliver::Person by = person(session);
  const Act act = [&](const std::string& environment, const std::vector<std::string>& services) -> Result<deliver::VerbResult> {
    deliver::ApproveRequest request;
    request.environment = environment;
    request.services = services;
    request.deletions = session.arguments().has("--deletions");
    request.changes = session.arguments().has("--changes");
    request.skip = session.arguments().all("--skip");
    request.team = session.arguments().get("--team");
    request.dry = session.arguments().has("--dry-run");
    if (services.empty() && !request.deletions && !request.changes) request.services = {"*"};
    return deliver::approve(open->session->engine().deliverer(), open->fleet.fleet(), open->fleet.revision, request, by, session.stop());
  };
  return act_on_each(session, by_environment(session, *open), "approved", act);
}

}  // namespace

const Verb kApprove = {
    "approve",
    "let waiting releases pass a gate",
    "Writes to .approvals/ what the instances would take now, by exact values: a newer release needs a new approval. Where the\n"
    "team has `keys`, only a commit signed by a member counts.",
    "INSTANCE…",
    kOptions,
    "$ muster approve cart@production --team platform\n"
    " $ muster approve --in production --deletions",
    kVerbResultsJson,
    run};

}  // namespace muster::cli
