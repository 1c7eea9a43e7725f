#include <set>

#include "cli/options.hpp"
#include "cli/person.hpp"
#include "cli/verb_results.hpp"
#include "cli/verbs.hpp"

namespace muster::cli {
namespace {

constexpr Option kOptions[] = {
    {"--to", "ENV", "where to"}, {"--from", "ENV", "take from this environment instead of the one it follows"}, kDryRun};

int run(Session& session) {
  if (!session.arguments().has("--to")) return session.misuse("say where to: --to ENV");
  int code = kDone;
  const auto open = open_fleet(session, code);
  if (!open) return code;
  deliver::PromoteRequest request;
  request.to = session.arguments().get("--to");
  const auto selection = select(open->session->nameable(&open->fleet, open->records),
                                open->session->environments(&open->fleet, open->records), session.arguments().operands, {request.to});
  if (!selection.ok()) return session.fail(selection.failure());
  std::set<std::string> services;
  for (const std::string& name : selection->instances) services.insert(name.substr(0, name.find('@')));
  request.services.assign(services.begin(), services.end());
  request.from = session.arguments().get("--from");
  const deliver::Person by = person(session);
  // The rendered difference comes first, then the record.
  request.dry = true;
  deliver::Deliverer& deliverer = open->session->engine().deliverer();
  Result<deliver::VerbResult> shown = deliver::promote(deliverer, open->fleet.fleet(), open->fleet.revision, request, by, session.stop());
  if (!shown.ok()) return session.fail(shown.failure());
  if (!session.json()) {
    for (const deliver::Proposal& proposal : shown->proposals) print_proposal(session, *open, proposal);
  }
  if (session.arguments().has("--dry-run")) return finish_verb(session, {std::move(*shown)}, "promoted");
  request.dry = false;
  Result<deliver::VerbResult> result = deliver::promote(deliverer, open->fleet.fleet(), open->fleet.revision, request, by, session.stop());
  if (!result.ok()) return session.fail(result.failure());
  return finish_verb(session, {std::move(*result)}, "promoted");
}

}  // namespace

const Verb kPromote = {
    "promote",
    "bring what one environment has to another",
    "Shows the rendered difference, then records the bundle (source trees and images, never the upstream's declaration). Into\n"
    "an environment that follows another it skips order and take-backs and asks the gates; into one fed by a branch it is a\n"
    "manual record that the next change of an input replaces.",
    "SERVICE…",
    kOptions,
    "$ muster promote cart --to production",
    kVerbResultsJson,
    run};

}  // namespace muster::cli
