// apply: the two loops together.
#include "cli/options.hpp"
#include "cli/passes.hpp"
#include "cli/plan_file.hpp"
#include "cli/verbs.hpp"
#include "muster/base/text.hpp"

namespace muster::cli {
namespace {

constexpr Option kOptions[] = {kIn, kRerender, kTimeout};

/// Deliver with a plan that was written down: exactly that, or nothing.
std::optional<int> take_plan(Session& session, FleetSession& parts, const daemon::LoadedFleet& fleet, deliver::Request& request,
                             Selection& selection) {
  const auto& operands = session.arguments().operands;
  if (operands.size() != 1 || !operands.front().ends_with(".json")) return std::nullopt;
  Result<WrittenPlan> plan = read_plan(session.world().files, operands.front());
  if (!plan.ok()) return session.fail(plan.failure());
  const Result<PlanCheck> checked = check_plan(session, parts, fleet, *plan);
  if (!checked.ok()) return session.fail(checked.failure());
  if (checked->nothing_left) {
    if (session.json()) return session.finish(Object{{"nothing_left", true}}, kDone);
    session.out().line(fmt::format("nothing of {} is left to do: everything stands as it says", operands.front()));
    return kDone;
  }
  if (!checked->moved.empty()) {
    if (session.json()) {
      Array lines;
      for (const std::string& line : checked->moved) lines.emplace_back(line);
      return session.finish(Object{{"moved", std::move(lines)}}, kHeld);
    }
    session.out().error(fmt::format("{} is not applied: the world has moved since it was made", operands.front()));
    for (const std::string& line : checked->moved) session.out().error("  " + escape_for_terminal(line));
    session.out().error("make a new one: `muster plan --out " + operands.front() + "`");
    return kHeld;
  }
  request.exactly = plan->deliver;
  selection = plan->selection;
  request.environments = selection.environments;
  request.instances = selection.instances;
  return std::nullopt;
}

int apply(Session& session) {
  const std::optional<Duration> health_limit = timeout(session);
  if (!health_limit) return session.misuse("--timeout takes a duration, as in `15min` or `90s`");
  int code = kDone;
  const std::unique_ptr<FleetSession> parts = FleetSession::open(session, code);
  if (!parts) return code;
  Result<daemon::LoadedFleet> fleet = parts->load();
  if (!fleet.ok()) return session.fail(fleet.failure());
  Run run;
  run.exit_code = exit_code_of(*fleet);

  const bool from_plan = session.arguments().operands.size() == 1 && session.arguments().operands.front().ends_with(".json");
  Selection selection;
  if (!from_plan && !(session.arguments().operands.empty() && !session.arguments().has("--in"))) {
    Result<record::EnvironmentRepository*> records = parts->records(&*fleet);
    Result<Selection> chosen = parts->selection(&*fleet, records.ok() ? *records : nullptr);
    if (!chosen.ok()) return session.fail(chosen.failure());
    selection = std::move(*chosen);
  }
  deliver::Request request = deliver_request(session, selection);
  if (const auto ended = take_plan(session, *parts, *fleet, request, selection)) return *ended;
  if (!fleet->fleet().barrier && !(from_plan && request.exactly.empty())) run_deliver(session, *parts, *fleet, request, run);
  if (!session.stop().stop_requested()) {
    Result<record::EnvironmentRepository*> records = parts->engine().records(&*fleet);
    if (!records.ok()) return session.fail(records.failure());
    run_reconcile(session, *parts, &fleet->fleet(), **records, selection, *health_limit, run);
  }
  return finish(session, run);
}

}  // namespace

const Verb kApply = {
    "apply",
    "deliver and reconcile once",
    "Looks at every repository, records what moved on the environment branches (deliver), and makes the targets match the\n"
    "branches (reconcile): in dependency order, many instances at once. A second run finds nothing to do. Interrupted, it\n"
    "continues when it is run again.\n"
    "With a plan made by `muster plan --out`, it does exactly what that plan says, or nothing if the world has moved.",
    "[INSTANCE…|PLAN.json]",
    kOptions,
    "$ muster apply\n"
    " $ muster apply cart payments --in staging\n"
    " $ muster plan --out plan.json && muster apply plan.json",
    "Progress as one object a line ({event, instance, text, done, total}); the last line is {event: \"result\", exit_code,\n"
    "deliver: {environments: [{environment, before, tip, instances: [{service, verdict, moves, obstacles, …}]}]},\n"
    "reconcile: {environments: [{environment, tip, instances: [{service, state, created, changed, pruned, text, …}]}]}}.",
    apply};

}  // namespace muster::cli
