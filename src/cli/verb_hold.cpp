#include "cli/options.hpp"
#include "cli/person.hpp"
#include "cli/verb_results.hpp"
#include "cli/verbs.hpp"

namespace muster::cli {
namespace {

constexpr Option kOptions[] = {kIn, kReason, {"--target", "", "also stop writes to the target, at the next object"}, kDryRun};

int run(Session& session) {
  int code = kDone;
  const auto open = open_branches(session, code);
  if (!open) return code;
  if (!session.arguments().has("--reason")) return session.misuse("say why with --reason TEXT: whoever is on call will read it");
  const deliver::Person by = person(session);
  const Act act = [&](const std::string& environment, const std::vector<std::string>& services) -> Result<deliver::VerbResult> {
    deliver::HoldRequest request;
    request.environment = environment;
    request.services = services.empty() ? std::vector<std::string>{"*"} : services;
    request.reason = session.arguments().get("--reason");
    request.target = session.arguments().has("--target");
    request.dry = session.arguments().has("--dry-run");
    return deliver::hold(open->session->engine().deliverer(), *open->records, open->declared(), request, by, session.stop());
  };
  return act_on_each(session, by_environment(session, *open), "held", act);
}

}  // namespace

const Verb kHold = {
    "hold",
    "stop new records of instances, with a reason",
    "Writes a small file to .holds/ on the environment branch. Deliver makes no new records of a held instance; reconcile keeps\n"
    "matching the branch, and a `git revert` is obeyed. With --target writes to the target stop too.\n"
    "A fleet with errors is no hindrance.",
    "INSTANCE…",
    kOptions,
    "$ muster hold cart@production --reason \"checkout is slow, INC-4711\"",
    kVerbResultsJson,
    run};

}  // namespace muster::cli
