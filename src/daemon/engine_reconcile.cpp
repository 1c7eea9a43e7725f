// The engine's reconcile passes: under the locks of their environments, again as long as newer commits or other machines
// overtake them.
#include <algorithm>
#include <map>

#include "daemon/tip_watch.hpp"
#include "muster/daemon/engine.hpp"

namespace muster::daemon {
namespace {

/// A busy branch may overtake every pass; then the caller's next one goes on.
constexpr int kMostRounds = 20;

/// What two passes of one run did together: as the second left it.
reconcile::Report joined(const reconcile::Report& first, reconcile::Report second) {
  for (auto& outcome : second.outcomes) {
    const auto* before = first.find(outcome.key);
    if (before == nullptr) continue;
    outcome.created += before->created;
    outcome.changed += before->changed;
    outcome.repaired += before->repaired;
    outcome.adopted += before->adopted;
    outcome.pruned += before->pruned;
    if (outcome.state == reconcile::State::matched && outcome.wrote()) outcome.state = reconcile::State::applied;
  }
  return second;
}

}  // namespace

struct Engine::Locked {
  std::vector<std::unique_ptr<FileLock>> locks;
  std::vector<std::string> environments;
  std::map<std::string, Failure> busy;  ///< By environment; left out of the pass.
};

Result<Engine::Locked> Engine::lock(const record::EnvironmentRepository& records, const ReconcileRequest& request) const {
  Locked out;
  // In the order of names, so that two passes over several environments cannot wait for each other in a circle.
  for (const reconcile::EnvironmentAt& at : chosen(records, request)) {
    const auto& wanted = request.environments;
    if (!wanted.empty() && std::find(wanted.begin(), wanted.end(), at.name) == wanted.end()) continue;
    auto lock = record::lock_environment(world_.files, settings_.state, at.name + ".target", settings_.owner, request.lock_patience);
    if (lock.ok()) {
      out.locks.push_back(std::move(lock).value());
      out.environments.push_back(at.name);
    } else if (request.skip_busy && lock.failure().reason == Reason::conflict) {
      out.busy.emplace(at.name, lock.failure());
    } else {
      return std::move(lock).failure();
    }
  }
  return out;
}

reconcile::Report Engine::pass(record::EnvironmentRepository& records, const ReconcileRequest& request, const Locked& locked,
                               const std::stop_token& stop) {
  TipWatch watch(world_.clock, records, request.follow_interval, stop);
  reconcile::PassOptions options;
  options.jobs = settings_.jobs;
  options.stop = stop;
  if (!request.environments.empty() || !locked.busy.empty()) options.environments = locked.environments;
  options.selection = request.selection;
  options.observer = request.observer;
  options.health_limit = request.health_limit;
  options.patience = request.patience;
  options.settling = &settling_;
  options.moved = [&watch](std::string_view environment) { return watch.moved(environment); };
  options.author = record_author();
  auto report = reconcile::run_pass(world_, records, targets_, chosen(records, request), options);
  for (auto& environment : report.environments) {
    const auto busy = locked.busy.find(environment.name);
    if (busy != locked.busy.end())
      environment.hold = reconcile::EnvironmentHold{FailureKind::wait, Reason::conflict, busy->second.text, "", "", ""};
  }
  return report;
}

Result<reconcile::Report> Engine::reconcile(record::EnvironmentRepository& records, const ReconcileRequest& request,
                                            const std::stop_token& stop) {
  MUSTER_CHECK(records.look(std::nullopt, stop));
  MUSTER_TRY(const Locked locked, lock(records, request));
  if (locked.environments.empty() && !locked.busy.empty()) return locked.busy.begin()->second;
  auto report = pass(records, request, locked, stop);
  for (int round = 1; report.superseded() && round < kMostRounds && !stop.stop_requested(); ++round) {
    // Two machines that keep step with each other would lose to each other for ever.
    if (report.lost_races() && !record::pause_after_lost_race(world_, round - 1, stop)) break;
    MUSTER_CHECK(records.look(std::nullopt, stop));
    report = joined(report, pass(records, request, locked, stop));
  }
  report.fail_lost_races();
  return report;
}

}  // namespace muster::daemon
