// What people ask of environments: hold, resume, approve, promote, rollback, retire. Each is a commit on an environment
// branch that plain git shows and undoes.
#include <map>
#include <set>

#include "cli/delivery_text.hpp"
#include "cli/fleet_session.hpp"
#include "cli/person.hpp"
#include "cli/reconcile_text.hpp"
#include "cli/verbs.hpp"
#include "muster/base/text.hpp"
#include "muster/manifest/difference.hpp"
#include "muster/record/standing.hpp"

namespace muster::cli {
namespace {

constexpr Option kIn = {"--in", "ENV", "only this environment; may be given several times, globs too"};
constexpr Option kDryRun = {"--dry-run", "", "show what would be done, do nothing"};
constexpr Option kReason = {"--reason", "TEXT", "why; stands in the commit and in `muster status`"};

constexpr Option kHoldOptions[] = {kIn, kReason, {"--target", "", "also stop writes to the target, at the next object"}, kDryRun};
constexpr Option kResumeOptions[] = {kIn, kDryRun};
constexpr Option kApproveOptions[] = {kIn,
                                      {"--team", "TEAM", "the team that you speak for"},
                                      {"--skip", "GATE", "let it pass without this gate: soak or check"},
                                      {"--deletions", "", "approve the deletions that are over the budget now, exactly those"},
                                      {"--changes", "", "approve the declarations that are over the budget now, exactly those"},
                                      kDryRun};
constexpr Option kPromoteOptions[] = {{"--to", "ENV", "where to"}, {"--from", "ENV", "take from this environment instead of the one it follows"}, kDryRun};
constexpr Option kRollbackOptions[] = {kIn,
                                       {"--to", "TIME", "back to what stood then, as in 2026-05-04T10:00 (UTC unless it says otherwise)"},
                                       {"--input", "NAME", "take back one input only, as in `image.main`"},
                                       {"--no-hold", "", "do not hold what is rolled back: the next change of an input brings it forward again"},
                                       kReason,
                                       kDryRun};
constexpr Option kRetireOptions[] = {{"--confirm", "", "services still stand there, and deleting them is meant"}, kDryRun};

/// A verb's parts, ready to ask.
struct Parts {
  std::unique_ptr<FleetSession> session;
  daemon::LoadedFleet fleet;
  bool usable = false;  ///< The fleet can be evaluated.
  record::EnvironmentRepository* records = nullptr;
};

/// Opens everything. `needs_fleet`: a broken fleet is an error here.
std::optional<Parts> open(Session& session, bool needs_fleet, int& code) {
  Parts out;
  out.session = FleetSession::open(session, code);
  if (!out.session) return std::nullopt;
  Result<daemon::LoadedFleet> fleet = needs_fleet ? out.session->load() : out.session->engine().load();
  if (!fleet.ok() && needs_fleet) {
    code = session.fail(fleet.failure());
    return std::nullopt;
  }
  if (fleet.ok()) {
    out.fleet = std::move(*fleet);
    out.usable = !out.fleet.fleet().barrier;
  }
  if (needs_fleet && !out.usable) {
    code = kInvalid;
    return std::nullopt;
  }
  Result<record::EnvironmentRepository*> records = out.session->records(out.usable ? &out.fleet : nullptr);
  if (!records.ok()) {
    code = session.fail(records.failure());
    return std::nullopt;
  }
  out.records = *records;
  return out;
}

/// The services asked for, by environment.
Result<std::map<std::string, std::vector<std::string>>> by_environment(const Session& session, Parts& parts) {
  if (session.arguments().operands.empty() && !session.arguments().has("--in")) {
    return stalled(Reason::invalid, fmt::format("name the instances, as in `muster {} cart@production`", session.verb().name));
  }
  MUSTER_TRY(const Selection selection, parts.session->selection(parts.usable ? &parts.fleet : nullptr, parts.records));
  std::map<std::string, std::vector<std::string>> out;
  for (const std::string& name : selection.instances) {
    const std::size_t at = name.find('@');
    out[name.substr(at + 1)].push_back(name.substr(0, at));
  }
  if (selection.instances.empty()) {
    for (const std::string& environment : selection.environments) out[environment] = {};
  }
  return out;
}

Array names_value(const std::vector<std::string>& names) {
  Array out;
  for (const std::string& name : names) out.emplace_back(name);
  return out;
}

Value result_value(const deliver::VerbResult& result) {
  Array proposals;
  for (const deliver::Proposal& proposal : result.proposals) proposals.push_back(to_value(proposal));
  Array waiting;
  for (const deliver::Outcome& outcome : result.waiting) waiting.push_back(to_value(outcome));
  return Object{{"environment", result.environment},
                {"commit", result.commit ? Value(result.commit->text()) : Value()},
                {"services", names_value(result.services)},
                {"proposals", std::move(proposals)},
                {"notes", names_value(result.notes)},
                {"waiting", std::move(waiting)}};
}

/// The objects that a proposal changes, against what stands.
void print_proposal(Session& session, Parts& parts, const deliver::Proposal& proposal) {
  Terminal& out = session.out();
  out.print("  {}  {}", out.paint(Colour::bold, proposal.service), proposal.removal ? "is removed" : moves_text(proposal.moves));
  std::map<manifest::ObjectId, Value> before;
  const Result<record::Branch> branch = parts.records->branch(proposal.environment);
  if (branch.ok() && proposal.standing) {
    const std::optional<git::Oid> parent = branch->tip;
    record::Standing standing(parts.records->repository(), *parent);
    if (const Result<record::DescriptorObjects> objects = standing.objects(proposal.service); objects.ok()) {
      for (const manifest::Object& object : objects->objects) before[object.id] = object.content;
    }
  }
  for (const manifest::Object& object : proposal.objects) {
    const auto was = before.find(object.id);
    if (was == before.end()) {
      out.print("    {} {}", out.paint(Colour::green, "create"), escape_for_terminal(object.id.text()));
      continue;
    }
    const auto changes = manifest::difference(manifest::without_secrets(was->second), manifest::without_secrets(object.content));
    if (!changes.empty()) {
      out.print("    {} {}", out.paint(Colour::yellow, "change"), escape_for_terminal(object.id.text()));
      out.raw(manifest::print_changes(changes, "      "));
    }
    before.erase(was);
  }
  for (const auto& [id, content] : before) out.print("    {} {}", out.paint(Colour::red, "prune"), escape_for_terminal(id.text()));
}

void print_result(Session& session, const deliver::VerbResult& result, std::string_view done) {
  const bool dry = session.arguments().has("--dry-run");
  Terminal& out = session.out();
  if (result.services.empty() && !result.commit) {
    out.print("{}: nothing to do", result.environment);
  } else {
    out.print("{}: {}{}{}{}", result.environment, dry ? "would be " : "", done, result.services.empty() ? "" : ": " + join(result.services, ", "),
              result.commit ? " (" + result.commit->short_text() + ")" : "");
  }
  for (const std::string& note : result.notes) out.print("  {}", escape_for_terminal(note));
  for (const deliver::Outcome& outcome : result.waiting) {
    for (const deliver::Obstacle& obstacle : outcome.obstacles) {
      const deliver::Verdict verdict = deliver::verdict_of(obstacle.why);
      out.print("  {}  {}  {}", outcome.service, out.paint(colour_of(verdict), to_string(verdict)), obstacle_text(obstacle, session.world().clock.now()));
    }
  }
}

int finish(Session& session, const std::vector<deliver::VerbResult>& results, std::string_view done, int code = kDone) {
  if (session.json()) {
    Array list;
    for (const deliver::VerbResult& result : results) list.push_back(result_value(result));
    return session.finish(Object{{"dry_run", session.arguments().has("--dry-run")}, {"results", std::move(list)}}, code);
  }
  for (const deliver::VerbResult& result : results) print_result(session, result, done);
  return code;
}

/// One call for each environment; the first failure ends it, after what was done has been said.
template <typename Ask>
int for_each_environment(Session& session, Parts& parts, std::string_view done, Ask&& ask) {
  const auto wanted = by_environment(session, parts);
  if (!wanted.ok()) return session.fail(wanted.failure());
  std::vector<deliver::VerbResult> results;
  for (const auto& [environment, services] : *wanted) {
    Result<deliver::VerbResult> result = ask(environment, services);
    if (!result.ok()) {
      if (!session.json() && !results.empty()) finish(session, results, done);
      return session.fail(Failure(result.failure()).with_context(environment));
    }
    results.push_back(std::move(*result));
  }
  return finish(session, results, done);
}

int hold(Session& session) {
  int code = kDone;
  auto parts = open(session, true, code);
  if (!parts) return code;
  if (!session.arguments().has("--reason")) return session.misuse("say why with --reason TEXT: whoever is on call will read it");
  const deliver::Person by = person(session);
  return for_each_environment(session, *parts, "held", [&](const std::string& environment, const std::vector<std::string>& services) {
    deliver::HoldRequest request;
    request.environment = environment;
    request.services = services.empty() ? std::vector<std::string>{"*"} : services;
    request.reason = session.arguments().get("--reason");
    request.target = session.arguments().has("--target");
    request.dry = session.arguments().has("--dry-run");
    return deliver::hold(parts->session->engine().deliverer(), parts->fleet.fleet(), request, by, session.stop());
  });
}

int resume(Session& session) {
  int code = kDone;
  auto parts = open(session, true, code);
  if (!parts) return code;
  const deliver::Person by = person(session);
  return for_each_environment(session, *parts, "resumed", [&](const std::string& environment, const std::vector<std::string>& services) -> Result<deliver::VerbResult> {
    deliver::ResumeRequest request;
    request.environment = environment;
    request.services = services.empty() ? std::vector<std::string>{"*"} : services;
    request.dry = session.arguments().has("--dry-run");
    if (services.empty() && !request.dry) {
      // A whole environment may be held because its branch was rewritten: a person now takes it as it is.
      MUSTER_CHECK(parts->records->accept_rewritten(environment));
      const Result<record::Branch> branch = parts->records->branch(environment);
      if (branch.ok()) MUSTER_CHECK(reconcile::accept_branch(parts->session->engine().targets(), *branch));
    }
    return deliver::resume(parts->session->engine().deliverer(), parts->fleet.fleet(), parts->fleet.revision, request, by, session.stop());
  });
}

int approve(Session& session) {
  int code = kDone;
  auto parts = open(session, true, code);
  if (!parts) return code;
  for (const std::string& gate : session.arguments().all("--skip")) {
    if (gate != "soak" && gate != "check") return session.misuse("--skip is soak or check");
  }
  const deliver::Person by = person(session);
  return for_each_environment(session, *parts, "approved", [&](const std::string& environment, const std::vector<std::string>& services) {
    deliver::ApproveRequest request;
    request.environment = environment;
    request.services = services;
    request.deletions = session.arguments().has("--deletions");
    request.changes = session.arguments().has("--changes");
    request.skip = session.arguments().all("--skip");
    request.team = session.arguments().get("--team");
    request.dry = session.arguments().has("--dry-run");
    if (services.empty() && !request.deletions && !request.changes) request.services = {"*"};
    return deliver::approve(parts->session->engine().deliverer(), parts->fleet.fleet(), parts->fleet.revision, request, by, session.stop());
  });
}

int promote(Session& session) {
  if (!session.arguments().has("--to")) return session.misuse("say where to: --to ENV");
  int code = kDone;
  auto parts = open(session, true, code);
  if (!parts) return code;
  deliver::PromoteRequest request;
  request.to = session.arguments().get("--to");
  const auto selection = select(parts->session->nameable(&parts->fleet, parts->records), parts->session->environments(&parts->fleet, parts->records),
                                session.arguments().operands, {request.to});
  if (!selection.ok()) return session.fail(selection.failure());
  std::set<std::string> services;
  for (const std::string& name : selection->instances) services.insert(name.substr(0, name.find('@')));
  request.services.assign(services.begin(), services.end());
  request.from = session.arguments().get("--from");
  const deliver::Person by = person(session);
  // The rendered difference comes first, then the record.
  request.dry = true;
  deliver::Deliverer& deliverer = parts->session->engine().deliverer();
  Result<deliver::VerbResult> shown = deliver::promote(deliverer, parts->fleet.fleet(), parts->fleet.revision, request, by, session.stop());
  if (!shown.ok()) return session.fail(shown.failure());
  if (!session.json()) {
    for (const deliver::Proposal& proposal : shown->proposals) print_proposal(session, *parts, proposal);
  }
  if (session.arguments().has("--dry-run")) return finish(session, {std::move(*shown)}, "promoted");
  request.dry = false;
  Result<deliver::VerbResult> result = deliver::promote(deliverer, parts->fleet.fleet(), parts->fleet.revision, request, by, session.stop());
  if (!result.ok()) return session.fail(result.failure());
  return finish(session, {std::move(*result)}, "promoted");
}

/// Environments and services of a rollback: an operand that names an environment means all of it.
Result<std::map<std::string, std::vector<std::string>>> rollback_wanted(const Session& session, Parts& parts) {
  const std::vector<std::string> environments = parts.session->environments(parts.usable ? &parts.fleet : nullptr, parts.records);
  const auto& operands = session.arguments().operands;
  std::vector<std::string> whole;
  std::vector<std::string> rest;
  for (const std::string& operand : operands) {
    const bool names_environment = std::find(environments.begin(), environments.end(), operand) != environments.end();
    (names_environment ? whole : rest).push_back(operand);
  }
  std::map<std::string, std::vector<std::string>> out;
  if (!whole.empty() && !session.arguments().has("--to")) {
    return stalled(Reason::invalid, fmt::format("a whole environment goes back to a time: `muster rollback {} --to 2026-05-04T10:00`", whole.front()));
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
  MUSTER_TRY(out, by_environment(session, parts));
  if (out.size() > 1 && !session.arguments().has("--in") && rest.front().find('@') == std::string::npos) {
    return stalled(Reason::invalid, fmt::format("`{}` exists in several environments; say which, as in `muster rollback {}@production`", rest.front(), rest.front()));
  }
  return out;
}

int rollback(Session& session) {
  int code = kDone;
  auto parts = open(session, false, code);
  if (!parts) return code;
  std::optional<Instant> to;
  if (session.arguments().has("--to")) {
    to = parse_instant(session.arguments().get("--to"));
    if (!to) return session.misuse("--to takes a time as in 2026-05-04T10:00, UTC unless it ends in an offset like +02:00");
  }
  const auto wanted = rollback_wanted(session, *parts);
  if (!wanted.ok()) return session.fail(wanted.failure());
  const deliver::Person by = person(session);
  const model::Fleet* fleet = parts->usable ? &parts->fleet.fleet() : nullptr;
  std::vector<deliver::VerbResult> results;
  for (const auto& [environment, services] : *wanted) {
    deliver::RollbackRequest request;
    request.environment = environment;
    request.services = services;
    request.to = to;
    request.input = session.arguments().get("--input");
    request.hold = !session.arguments().has("--no-hold");
    request.reason = session.arguments().get("--reason");
    request.dry = true;
    deliver::Deliverer& deliverer = parts->session->engine().deliverer();
    Result<deliver::VerbResult> result = deliver::rollback(deliverer, *parts->records, fleet, parts->fleet.revision, request, by, session.stop());
    if (!result.ok()) return session.fail(Failure(result.failure()).with_context(environment));
    if (!session.json()) {
      for (const deliver::Proposal& proposal : result->proposals) print_proposal(session, *parts, proposal);
    }
    if (!session.arguments().has("--dry-run")) {
      request.dry = false;
      result = deliver::rollback(deliverer, *parts->records, fleet, parts->fleet.revision, request, by, session.stop());
      if (!result.ok()) return session.fail(Failure(result.failure()).with_context(environment));
    }
    results.push_back(std::move(*result));
  }
  const bool committed = std::any_of(results.begin(), results.end(), [](const auto& result) { return result.commit.has_value(); });
  code = finish(session, results, "rolled back");
  if (committed && !session.json()) session.out().line("the branch is back; `muster reconcile` (or a running `muster serve`) brings the target back");
  return code;
}

int retire(Session& session) {
  if (session.arguments().operands.size() != 1) return session.misuse("takes one environment");
  int code = kDone;
  auto parts = open(session, false, code);
  if (!parts) return code;
  const std::string environment = session.arguments().operands.front();
  deliver::RetireRequest request;
  request.environment = environment;
  request.confirm = session.arguments().has("--confirm");
  request.dry = true;
  const deliver::Person by = person(session);
  const model::Fleet* fleet = parts->usable ? &parts->fleet.fleet() : nullptr;
  daemon::Engine& engine = parts->session->engine();
  Result<deliver::VerbResult> result = deliver::retire(engine.deliverer(), *parts->records, fleet, request, by, session.stop());
  if (!result.ok()) return session.fail(result.failure());
  if (session.arguments().has("--dry-run")) return finish(session, {std::move(*result)}, "retired");
  reconcile::PassOptions options;
  options.jobs = session.jobs();
  options.stop = session.stop();
  const Result<std::size_t> deleted = reconcile::retire_environment(session.world(), *parts->records, engine.targets(), reconcile::all_environments(*parts->records), environment, options);
  if (!deleted.ok()) return session.fail(Failure(deleted.failure()).with_context(environment));
  request.dry = false;
  result = deliver::retire(engine.deliverer(), *parts->records, fleet, request, by, session.stop());
  if (!result.ok()) return session.fail(result.failure());
  result->notes.push_back(count_of(*deleted, "object") + " deleted from the target");
  return finish(session, {std::move(*result)}, "retired");
}

constexpr std::string_view kResultJson =
    "dry_run, results ([{environment, commit, services, proposals, notes, waiting}]).";

}  // namespace

const Verb kHold = {"hold",
                    "stop new records of instances, with a reason",
                    "Writes a small file to .holds/ on the environment branch. Deliver makes no new records of a held instance; reconcile keeps\n"
                    "matching the branch, and a `git revert` is obeyed. With --target writes to the target stop too.",
                    "INSTANCE…",
                    kHoldOptions,
                    "$ muster hold cart@production --reason \"checkout is slow, INC-4711\"",
                    kResultJson,
                    hold};

const Verb kResume = {"resume",
                      "lift what holds instances",
                      "Removes a hold, and accepts what muster holds by itself: a rewound branch, an edited descriptor, a declaration that was\n"
                      "taken back. Everything observed is proposed by the next delivery. A failed job runs again. With --in ENV alone it also\n"
                      "accepts an environment branch whose history was rewritten.",
                      "INSTANCE…",
                      kResumeOptions,
                      "$ muster resume cart@production\n"
                      " $ muster resume '*' --in staging",
                      kResultJson,
                      resume};

const Verb kApprove = {"approve",
                       "let waiting releases pass a gate",
                       "Writes to .approvals/ what the instances would take now, by exact values: a newer release needs a new approval. Where the\n"
                       "team has `keys`, only a commit signed by a member counts.",
                       "INSTANCE…",
                       kApproveOptions,
                       "$ muster approve cart@production --team platform\n"
                       " $ muster approve --in production --deletions",
                       kResultJson,
                       approve};

const Verb kPromote = {"promote",
                       "bring what one environment has to another",
                       "Shows the rendered difference, then records the bundle (source trees and images, never the upstream's declaration). Into\n"
                       "an environment that follows another it skips order and take-backs and asks the gates; into one fed by a branch it is a\n"
                       "manual record that the next change of an input replaces.",
                       "SERVICE…",
                       kPromoteOptions,
                       "$ muster promote cart --to production",
                       kResultJson,
                       promote};

const Verb kRollback = {"rollback",
                        "take instances or an environment back, and hold them there",
                        "Shows its plan, then makes the revert commit: services of one environment go back together, dependents first. What is\n"
                        "rolled back is held until `muster resume`, because the next push to a busy service would carry the fault in again.\n"
                        "With --to it touches what existed then and now, and lists what was born or removed since.",
                        "INSTANCE…|ENV",
                        kRollbackOptions,
                        "$ muster rollback cart@production\n"
                        " $ muster rollback production --to 2026-05-04T10:00",
                        kResultJson,
                        rollback};

const Verb kRetire = {"retire",
                      "delete an environment that the fleet no longer declares",
                      "Deletes what the environment owns in its target and then its branch. Refuses while the fleet declares it, and while\n"
                      "services stand there unless --confirm says that this is meant.",
                      "ENV",
                      kRetireOptions,
                      "$ muster retire preview --confirm",
                      kResultJson,
                      retire};

}  // namespace muster::cli
