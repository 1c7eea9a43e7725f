#include "cli/passes.hpp"

#include <algorithm>

#include "cli/delivery_text.hpp"
#include "cli/failure_text.hpp"
#include "cli/options.hpp"
#include "cli/reconcile_text.hpp"
#include "muster/base/text.hpp"

namespace muster::cli {
namespace {

/// Environments of a selection that the fleet declares: deliver knows no others.
std::vector<std::string> declared(const std::vector<std::string>& names, const model::Fleet& fleet) {
  std::vector<std::string> out;
  for (const std::string& name : names) {
    if (fleet.environment(name) != nullptr) out.push_back(name);
  }
  return out;
}

bool is_taken(const deliver::Outcome& outcome, const deliver::BuiltImage& image) {
  return std::any_of(outcome.moves.begin(), outcome.moves.end(),
                     [&](const deliver::Move& move) { return move.input == std::string(record::kImagePrefix) + image.name; });
}

/// CI says it once: where its image was not taken, nobody else will bring it.
void note_lost(Session& session, const model::Fleet& fleet, const deliver::Report& report, const std::vector<deliver::BuiltImage>& images,
               Run& run) {
  for (const deliver::BuiltImage& image : images) {
    for (const auto& [instance, obstacle] : not_taken(report, image)) {
      if (obstacle.why == deliver::Why::image_missing) run.exit_code = worst(run.exit_code, kFailed);
      session.out().error(
          fmt::format("note: {} did not take `{}`: deliver it again when what is said above is out of the way", instance, image.reference));
    }
    for (const deliver::EnvironmentOutcome& environment : report.environments) {
      const deliver::Outcome* outcome = report.find(image.service, environment.environment);
      const model::Instance* instance = fleet.instance(image.service, environment.environment);
      const bool is_fed = instance != nullptr && instance->follows.empty();
      if (outcome != nullptr && is_fed && outcome->obstacles.empty() && !is_taken(*outcome, image))
        session.out().error(fmt::format("note: nothing to do for `{}` in {}: the same image, or that of a newer commit, is recorded",
                                        image.reference, environment.environment));
    }
  }
}

/// The newest line of each build that runs; in a pipe each build once.
class BuildLines {
 public:
  explicit BuildLines(Session& session) : session_(session) {}
  BuildLines(const BuildLines&) = delete;
  BuildLines& operator=(const BuildLines&) = delete;
  ~BuildLines() { session_.out().live({}); }

  void show(const daemon::Engine::Lines& newest) {
    std::vector<std::string> lines;
    for (const auto& [build, line] : newest) {
      lines.push_back(fmt::format("  building {}  {}", build, escape_for_terminal(line)));
      if (!session_.json() && !session_.out().setup().error_is_terminal && said_.insert(build).second)
        session_.out().error("building " + build);
    }
    session_.out().live(std::move(lines));
  }

 private:
  Session& session_;
  std::set<std::string> said_;
};

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

}  // namespace

deliver::Request deliver_request(const Session& session, const Selection& selection) {
  deliver::Request request;
  if (!selection.all) request.environments = selection.environments;
  request.instances = selection.instances;
  request.rerender = session.arguments().has("--rerender");
  request.dry = session.arguments().has("--dry-run");
  return request;
}

std::optional<Duration> timeout(Session& session) {
  return session.arguments().has("--timeout") ? parse_duration(session.arguments().get("--timeout"))
                                              : std::optional<Duration>(std::chrono::minutes(10));
}

deliver::Report run_deliver(Session& session, FleetSession& parts, const daemon::LoadedFleet& fleet, deliver::Request request, Run& run) {
  if (!request.environments.empty()) {
    request.environments = declared(request.environments, fleet.fleet());
    if (request.environments.empty()) return {};
  }
  std::optional<BuildLines> lines(std::in_place, session);
  const auto looking = [&](const daemon::Engine::Lines& newest) { lines->show(newest); };
  deliver::Delivery delivery = parts.engine().deliver_and_build(fleet, request, looking, session.stop());
  lines.reset();
  run.exit_code = worst(run.exit_code, delivery.report.exit_code());
  if (session.json()) {
    run.result.set("deliver", to_value(delivery.report));
    return std::move(delivery.report);
  }
  for (const deliver::EnvironmentOutcome& environment : delivery.report.environments) {
    if (environment.obstacle) run.said.insert(environment.environment + ": " + environment.obstacle->text);
    for (const std::string& line : delivery_lines(session, session.out(), environment, request.dry)) session.out().line(line);
  }
  if (!session.arguments().has("--wait")) note_lost(session, fleet.fleet(), delivery.report, request.images, run);
  return std::move(delivery.report);
}

std::map<std::string, deliver::Obstacle> not_taken(const deliver::Report& report, const deliver::BuiltImage& image) {
  std::map<std::string, deliver::Obstacle> out;
  for (const deliver::EnvironmentOutcome& environment : report.environments) {
    const deliver::Outcome* outcome = report.find(image.service, environment.environment);
    if (outcome == nullptr) continue;
    // What waits for upstream never takes an image by hand.
    const auto why = std::find_if(outcome->obstacles.begin(), outcome->obstacles.end(),
                                  [](const deliver::Obstacle& one) { return one.input != record::kFrom; });
    if (!is_taken(*outcome, image) && why != outcome->obstacles.end()) out[image.service + "@" + environment.environment] = *why;
  }
  return out;
}

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

void note_failure(Session& session, const Failure& failure, Run& run) {
  run.exit_code = worst(run.exit_code, exit_code_of(failure));
  if (session.json()) {
    run.result.set("error", error_value(failure));
  } else {
    session.out().error("muster: " + escape_for_terminal(failure.text));
  }
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

}  // namespace muster::cli
