#include "cli/options.hpp"
#include "cli/passes.hpp"
#include "cli/verbs.hpp"

namespace muster::cli {
namespace {

constexpr Option kOptions[] = {kIn, kTimeout};

int run(Session& session) {
  const std::optional<Duration> health_limit = timeout(session);
  if (!health_limit) return session.misuse("--timeout takes a duration, as in `15min` or `90s`");
  int code = kDone;
  const std::unique_ptr<FleetSession> parts = FleetSession::open(session, code);
  if (!parts) return code;
  // The fleet only says where the environment repository is; without a usable one, the last that was.
  const Result<daemon::LoadedFleet> fleet = parts->engine().load();
  Result<record::EnvironmentRepository*> records = parts->records(fleet.ok() ? &*fleet : nullptr);
  if (!records.ok()) return session.fail(records.failure());
  Result<Selection> selection = parts->selection(fleet.ok() ? &*fleet : nullptr, *records);
  if (!selection.ok()) return session.fail(selection.failure());
  Run run;
  run_reconcile(session, *parts, fleet.ok() ? &fleet->fleet() : nullptr, **records, *selection, *health_limit, run);
  return finish(session, run);
}

}  // namespace

const Verb kReconcile = {
    "reconcile",
    "make the targets match the environment branches",
    "The pull side alone: reads the branches and the targets (never the fleet files), applies what differs, prunes what the\n"
    "branches no longer have, and waits for health. Foreign objects are never touched.",
    "[INSTANCE…]",
    kOptions,
    "$ muster reconcile --in production",
    "Progress and one result line with reconcile, as in `muster apply --json`.",
    run};

}  // namespace muster::cli
