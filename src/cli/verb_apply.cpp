// apply, deliver, reconcile: the two loops, together and alone.
#include <algorithm>
#include <set>

#include "cli/delivery_text.hpp"
#include "cli/fleet_session.hpp"
#include "cli/options.hpp"
#include "cli/plan_file.hpp"
#include "cli/reconcile_text.hpp"
#include "cli/verbs.hpp"
#include "muster/base/text.hpp"

namespace muster::cli {
namespace {

constexpr Option kApplyOptions[] = {
    kIn, kRerender, {"--timeout", "DURATION", "how long an instance may take to become healthy, as in `15min` (default 10min)"}};
constexpr Option kDeliverOptions[] = {
    kIn,
    kRerender,
    {"--image", "[NAME=]REF", "an image that CI built for the one service named; NAME is `main` unless said"},
    {"--commit", "COMMIT", "the commit that the image was built from: an older build than the one recorded changes nothing"},
    {"--dry-run", "", "decide and show, record nothing"}};
constexpr Option kReconcileOptions[] = {
    kIn, {"--timeout", "DURATION", "how long an instance may take to become healthy, as in `15min` (default 10min)"}};

/// What a run has done so far, for its last lines.
struct Run {
  Object result;
  int exit_code = kDone;
  std::set<std::string> said;  ///< What keeps whole environments, as deliver told it: "staging: the branch is gone …".
};

deliver::Request deliver_request(const Session& session, const Selection& selection) {
  deliver::Request request;
  if (!selection.all) request.environments = selection.environments;
  request.instances = selection.instances;
  request.rerender = session.arguments().has("--rerender");
  request.dry = session.arguments().has("--dry-run");
  return request;
}

/// Environments of a selection that the fleet declares: deliver knows no others.
std::vector<std::string> declared(const std::vector<std::string>& names, const model::Fleet& fleet) {
  std::vector<std::string> out;
  for (const std::string& name : names) {
    if (fleet.environment(name) != nullptr) out.push_back(name);
  }
  return out;
}

/// CI says it once: where the image was not taken, nobody else will bring it.
void note_lost(Session& session, const deliver::Report& report, const deliver::BuiltImage& image) {
  for (const deliver::EnvironmentOutcome& environment : report.environments) {
    const deliver::Outcome* outcome = report.find(image.service, environment.environment);
    if (outcome == nullptr || outcome->obstacles.empty()) continue;
    const bool taken = std::any_of(outcome->moves.begin(), outcome->moves.end(),
                                   [&](const deliver::Move& move) { return move.input == std::string(record::kImagePrefix) + image.name; });
    if (!taken)
      session.out().error(fmt::format("note: {}@{} did not take `{}`: deliver it again when what is said above is out of the way",
                                      image.service, environment.environment, image.reference));
  }
}

void run_deliver(Session& session, FleetSession& parts, const daemon::LoadedFleet& fleet, deliver::Request request, Run& run) {
  if (!request.environments.empty()) {
    request.environments = declared(request.environments, fleet.fleet());
    if (request.environments.empty()) return;
  }
  const deliver::Delivery delivery = parts.engine().deliver(fleet, request, session.stop());
  run.exit_code = worst(run.exit_code, delivery.report.exit_code());
  if (session.json()) {
    run.result.set("deliver", to_value(delivery.report));
    return;
  }
  for (const deliver::EnvironmentOutcome& environment : delivery.report.environments) {
    if (environment.obstacle) run.said.insert(environment.environment + ": " + environment.obstacle->text);
    for (const std::string& line : delivery_lines(session, session.out(), environment, request.dry)) session.out().line(line);
  }
  for (const deliver::BuiltImage& image : request.images) note_lost(session, delivery.report, image);
}

std::optional<Duration> timeout(Session& session) {
  return session.arguments().has("--timeout") ? parse_duration(session.arguments().get("--timeout"))
                                              : std::optional<Duration>(std::chrono::minutes(10));
}

/// Environments upstream first, as everywhere; those that the fleet does not declare come last.
void sort_upstream_first(std::vector<reconcile::EnvironmentReport>& environments, const model::Fleet& fleet) {
  std::vector<std::string> names;
  for (const auto& environment : environments) {
    if (fleet.environment(environment.name) != nullptr) names.push_back(environment.name);
  }
  const std::vector<std::string> order = deliver::upstream_first(fleet, names);
  std::stable_sort(environments.begin(), environments.end(), [&](const auto& a, const auto& b) {
    return std::find(order.begin(), order.end(), a.name) < std::find(order.begin(), order.end(), b.name);
  });
}

/// `fleet` only says in which order to tell; null where there is none.
void run_reconcile(Session& session, FleetSession& parts, const model::Fleet* fleet, record::EnvironmentRepository& records,
                   const Selection& selection, Duration health_limit, Run& run) {
  daemon::ReconcileRequest request;
  if (!selection.all) request.environments = selection.environments;
  request.selection = reconcile_selection(selection);
  request.health_limit = health_limit;
  request.patience = health_limit;
  std::optional<Progress> progress(std::in_place, session);
  request.observer = &*progress;
  Result<reconcile::Report> report = parts.engine().reconcile(records, request, session.stop());
  progress.reset();  // What is told next begins on a line of its own.
  if (!report.ok()) {
    run.exit_code = worst(run.exit_code, kFailed);
    if (session.json()) {
      run.result.set("reconcile", Object{{"error", report.failure().text}});
    } else {
      session.out().error("muster: " + escape_for_terminal(report.failure().text));
    }
    return;
  }
  run.exit_code = worst(run.exit_code, report->exit_code());
  // Environments beside the selection were looked at for the order alone; nothing is said of their targets.
  std::erase_if(report->environments, [&](const reconcile::EnvironmentReport& one) {
    return !selection.all && !one.hold &&
           std::find(selection.environments.begin(), selection.environments.end(), one.name) == selection.environments.end();
  });
  if (fleet != nullptr) sort_upstream_first(report->environments, *fleet);
  if (session.json()) {
    run.result.set("reconcile", to_value(*report));
    return;
  }
  std::erase_if(report->environments,
                [&](const reconcile::EnvironmentReport& one) { return one.hold && run.said.contains(one.name + ": " + one.hold->text); });
  for (const std::string& line : reconcile_lines(session.out(), *report)) session.out().line(line);
}

int finish(Session& session, Run& run) {
  if (session.stop().stop_requested()) {
    run.exit_code = worst(run.exit_code, kFailed);
    if (!session.json()) session.out().error("stopped; what is said above was done, the rest was not: run it again to continue");
  }
  if (!session.json()) return run.exit_code;
  Object line{{"event", "result"}, {"muster", MUSTER_VERSION}, {"verb", session.verb().name}, {"exit_code", run.exit_code}};
  for (auto& [key, value] : run.result) line.append(key, std::move(value));
  session.out().line(to_canonical_json(line));
  return run.exit_code;
}

/// Deliver with a plan that was written down: exactly that, or nothing.
std::optional<int> take_plan(Session& session, FleetSession& parts, const daemon::LoadedFleet& fleet, deliver::Request& request,
                             Selection& selection) {
  const auto& operands = session.arguments().operands;
  if (operands.size() != 1 || !operands.front().ends_with(".json")) return std::nullopt;
  Result<WrittenPlan> plan = read_plan(session.world().files, operands.front());
  if (!plan.ok()) return session.fail(plan.failure());
  const Result<std::vector<std::string>> moved = moved_since(session, parts, fleet, *plan);
  if (!moved.ok()) return session.fail(moved.failure());
  if (!moved->empty()) {
    if (session.json()) {
      Array lines;
      for (const std::string& line : *moved) lines.emplace_back(line);
      return session.finish(Object{{"moved", std::move(lines)}}, kHeld);
    }
    session.out().error(fmt::format("{} is not applied: the world has moved since it was made", operands.front()));
    for (const std::string& line : *moved) session.out().error("  " + escape_for_terminal(line));
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

/// What a pipeline hands in after its build. It is for one service, and for environments that a branch feeds.
Result<std::vector<deliver::BuiltImage>> built_images(const Session& session, const model::Fleet& fleet, const Selection& selection) {
  const std::vector<std::string> given = session.arguments().all("--image");
  std::vector<deliver::BuiltImage> out;
  if (given.empty()) {
    if (session.arguments().has("--commit"))
      return stalled(Reason::invalid, "--commit says what an image was built from: give --image too");
    return out;
  }
  std::set<std::string> services;
  std::set<std::string> names;
  bool is_fed = false;
  for (const std::string& name : selection.instances) {
    const std::size_t at = name.find('@');
    services.insert(name.substr(0, at));
    const model::Instance* instance = fleet.instance(name.substr(0, at), name.substr(at + 1));
    if (instance == nullptr || !instance->follows.empty()) continue;
    is_fed = true;
    for (const model::ImageInput& image : instance->images) names.insert(image.name);
  }
  if (services.size() != 1) return stalled(Reason::invalid, "--image is for one service: `muster deliver cart --image REF`");
  if (!is_fed)
    return stalled(Reason::invalid, fmt::format("no branch feeds {} in {}: its images come from upstream there", *services.begin(),
                                                join(selection.environments, ", ")));
  if (names.empty())
    return stalled(Reason::invalid,
                   fmt::format("{} has no image of its own: its manifests name them, or `images` in its fleet file", *services.begin()));
  for (const std::string& text : given) {
    const std::size_t equals = text.find('=');
    deliver::BuiltImage image;
    image.service = *services.begin();
    if (equals != std::string::npos) image.name = text.substr(0, equals);
    image.reference = equals == std::string::npos ? text : text.substr(equals + 1);
    image.commit = session.arguments().get("--commit");
    const bool readable = std::all_of(image.reference.begin(), image.reference.end(), [](char c) { return c > ' ' && c < 127; });
    if (image.reference.empty() || !readable)
      return stalled(Reason::invalid, fmt::format("`{}` is no image; write it as in --image registry.example/cart:1.4.2", text));
    if (!names.contains(image.name)) {
      return stalled(Reason::invalid,
                     fmt::format("{} has no image `{}`; it has {}", image.service, image.name, join({names.begin(), names.end()}, ", ")));
    }
    out.push_back(std::move(image));
  }
  return out;
}

int deliver_only(Session& session) {
  int code = kDone;
  const std::unique_ptr<FleetSession> parts = FleetSession::open(session, code);
  if (!parts) return code;
  Result<daemon::LoadedFleet> fleet = parts->load();
  if (!fleet.ok()) return session.fail(fleet.failure());
  Run run;
  run.exit_code = exit_code_of(*fleet);
  if (fleet->fleet().barrier) return finish(session, run);
  Result<Selection> selection = parts->selection(&*fleet, nullptr);
  if (!selection.ok()) return session.fail(selection.failure());
  deliver::Request request = deliver_request(session, *selection);
  Result<std::vector<deliver::BuiltImage>> images = built_images(session, fleet->fleet(), *selection);
  if (!images.ok()) return session.fail(images.failure());
  request.images = std::move(*images);
  run_deliver(session, *parts, *fleet, request, run);
  return finish(session, run);
}

int reconcile_only(Session& session) {
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

const Verb kApply = {
    "apply",
    "deliver and reconcile once",
    "Looks at every repository, records what moved on the environment branches (deliver), and makes the targets match the\n"
    "branches (reconcile): in dependency order, many instances at once. A second run finds nothing to do. Interrupted, it\n"
    "continues when it is run again.\n"
    "With a plan made by `muster plan --out`, it does exactly what that plan says, or nothing if the world has moved.",
    "[INSTANCE…|PLAN.json]",
    kApplyOptions,
    "$ muster apply\n"
    " $ muster apply cart payments --in staging\n"
    " $ muster plan --out plan.json && muster apply plan.json",
    "Progress as one object a line ({event, instance, text, done, total}); the last line is {event: \"result\", exit_code,\n"
    "deliver: {environments: [{environment, before, tip, instances: [{service, verdict, moves, obstacles, …}]}]},\n"
    "reconcile: {environments: [{environment, tip, instances: [{service, state, created, changed, pruned, text, …}]}]}}.",
    apply};

const Verb kDeliver = {
    "deliver",
    "record new releases on the environment branches",
    "The push side alone: looks at application repositories and fleet files, renders what moved, asks gates, freezes, budgets\n"
    "and holds, and makes one record for each environment in which something moved. Targets are left to `reconcile`.\n"
    "A pipeline hands in what it built with --image, where the fleet does not name the image.",
    "[INSTANCE…]",
    kDeliverOptions,
    "$ muster deliver cart\n"
    " $ muster deliver cart@staging --image ghcr.io/shop/cart:1.4.3 --commit 4f2c9d1\n"
    " $ muster deliver --dry-run",
    "One line: {event: \"result\", exit_code, deliver: as in `muster apply --json`}.",
    deliver_only};

const Verb kReconcile = {
    "reconcile",
    "make the targets match the environment branches",
    "The pull side alone: reads the branches and the targets (never the fleet files), applies what differs, prunes what the\n"
    "branches no longer have, and waits for health. Foreign objects are never touched.",
    "[INSTANCE…]",
    kReconcileOptions,
    "$ muster reconcile --in production",
    "Progress and one result line with reconcile, as in `muster apply --json`.",
    reconcile_only};

}  // namespace muster::cli
