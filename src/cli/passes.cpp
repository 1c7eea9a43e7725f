#include "cli/passes.hpp"

#include <algorithm>

#include "cli/delivery_text.hpp"
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

void run_deliver(Session& session, FleetSession& parts, const daemon::LoadedFleet& fleet, deliver::Request request, Run& run) {
  if (!request.environments.empty()) {
    request.environments = declared(request.environments, fleet.fleet());
    if (request.environments.empty()) return;
  }
  std::optional<BuildLines> lines(std::in_place, session);
  const auto looking = [&](const daemon::Engine::Lines& newest) { lines->show(newest); };
  const deliver::Delivery delivery = parts.engine().deliver_and_build(fleet, request, looking, session.stop());
  lines.reset();
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

}  // namespace muster::cli
