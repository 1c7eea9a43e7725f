#include "cli/options.hpp"
#include "cli/person.hpp"
#include "cli/verb_results.hpp"
#include "cli/verbs.hpp"
#include "muster/base/text.hpp"
#include "muster/reconcile/pass.hpp"

namespace muster::cli {
namespace {

constexpr Option kOptions[] = {{"--confirm", "", "services still stand there, and deleting them is meant"}, kDryRun};

int run(Session& session) {
  if (session.arguments().operands.size() != 1) return session.misuse("takes one environment");
  int code = kDone;
  const auto open = open_branches(session, code);
  if (!open) return code;
  const std::string environment = session.arguments().operands.front();
  deliver::RetireRequest request;
  request.environment = environment;
  request.confirm = session.arguments().has("--confirm");
  const deliver::Person by = person(session);
  const model::Fleet* fleet = open->declared();
  daemon::Engine& engine = open->session->engine();
  const auto retire = [&] { return deliver::retire(engine.deliverer(), *open->records, fleet, request, by, session.stop()); };
  const auto clear_target = [&] {
    reconcile::PassOptions options;
    options.jobs = session.jobs();
    options.stop = session.stop();
    return reconcile::retire_environment(session.world(), *open->records, engine.targets(), reconcile::all_environments(*open->records),
                                         environment, options);
  };
  // The branch says first that its services go (this is what refuses without --confirm), then the target follows it, then
  // the empty branch goes: nothing is ever deleted that a branch still asks for, and wherever this ends it can go on.
  request.dry = true;
  Result<deliver::VerbResult> standing = retire();
  if (!standing.ok()) return session.fail(standing.failure());
  if (session.arguments().has("--dry-run")) return finish_verb(session, {std::move(*standing)}, "retired");
  request.dry = false;
  if (!standing->services.empty()) {
    const Result<deliver::VerbResult> emptied = retire();
    if (!emptied.ok()) return session.fail(emptied.failure());
    standing->commit = emptied->commit;
  }
  const Result<std::size_t> deleted = clear_target();
  if (!deleted.ok()) return session.fail(Failure(deleted.failure()).with_context(environment));
  Result<deliver::VerbResult> result = retire();
  if (!result.ok()) return session.fail(result.failure());
  result->services = standing->services;
  result->commit = standing->commit;
  result->notes.insert(result->notes.begin(), count_of(*deleted, "object") + " deleted from the target");
  return finish_verb(session, {std::move(*result)}, "retired");
}

}  // namespace

const Verb kRetire = {
    "retire",
    "delete an environment that the fleet no longer declares",
    "Deletes what the environment owns in its target and then its branch. Refuses while the fleet declares it, and while\n"
    "services stand there unless --confirm says that this is meant.",
    "ENV",
    kOptions,
    "$ muster retire preview --confirm",
    kVerbResultsJson,
    run};

}  // namespace muster::cli
