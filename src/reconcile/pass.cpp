#include "muster/reconcile/pass.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "muster/base/parallel.hpp"
#include "reconcile/mover.hpp"
#include "reconcile/notes.hpp"
#include "reconcile/ready_queue.hpp"

namespace muster::reconcile {
namespace {

/// Three nodes an instance, in this order: what waits for nobody, its move, its way to health.
enum Stage : NodeIndex { kRepair, kMove, kSettle, kStages };

NodeIndex node_of(std::size_t instance, Stage stage) { return static_cast<NodeIndex>(instance * kStages + stage); }

Dag make_dag(const Plan& plan) {
  Dag dag(plan.instances.size() * kStages);
  for (std::size_t i = 0; i < plan.instances.size(); ++i) {
    dag.add_edge(node_of(i, kRepair), node_of(i, kMove));
    dag.add_edge(node_of(i, kMove), node_of(i, kSettle));
    for (const auto& wait : plan.instances[i].waits) {
      dag.add_edge(node_of(wait.instance, wait.until == Wait::Until::healthy ? kSettle : kMove), node_of(i, kMove));
    }
  }
  return dag;
}

/// Is there anything in the plan that this environment's stamp must precede?
bool acts_in(const Observation& observation, const Plan& plan, std::size_t environment) {
  if (plan.environments[environment].hold) return false;
  for (std::size_t i = 0; i < plan.instances.size(); ++i) {
    if (observation.instances[i].environment != environment) continue;
    if (!plan.instances[i].obstacle || plan.instances[i].obstacle->kind != Obstacle::Kind::unselected) return true;
  }
  return false;
}

bool is_behind_its_stamp(const EnvironmentState& environment) {
  return !environment.unreadable && environment.stamp && !environment.stamp_in_history;
}

/// Tips of the branches that lack what their target was applied from.
std::vector<std::string> tips_behind(const Observation& observation) {
  std::vector<std::string> tips;
  for (const auto& environment : observation.environments) {
    if (is_behind_its_stamp(environment)) tips.push_back(environment.name + " " + environment.tip);
  }
  return tips;
}

/// Between the look at the branch and that at the stamp another machine may have applied a newer record: that is no
/// rewritten history, so the branch is looked at again before it is taken for one. It is one where it stands as it stood.
Observation observe_for_writing(const World& world, record::EnvironmentRepository& records, target::Targets& targets,
                                std::vector<EnvironmentAt> environments, const PassOptions& options) {
  for (auto& at : environments) {
    if (at.stale) at.branch = *at.stale;
  }
  std::vector<std::string> before;
  for (int attempt = 1;; ++attempt) {
    auto observation = observe(world, records, targets, environments, {options.jobs, options.stop});
    auto behind = tips_behind(observation);
    const bool settled = behind.empty() || behind == before || attempt == record::EnvironmentRepository::kAttempts;
    if (settled || !records.look(std::nullopt, options.stop).ok()) return observation;
    for (auto& at : environments) at.branch = records.branch(at.name);
    before = std::move(behind);
  }
}

/// The stamp is compare-and-swapped before the first write: from here on an older copy of the branch can do no harm.
std::vector<std::optional<Failure>> set_stamps(const Observation& observation, const Plan& plan, const PassOptions& options) {
  std::vector<std::optional<Failure>> failures(observation.environments.size());
  for_each_index(observation.environments.size(), options.jobs, [&](std::size_t index) {
    const auto& environment = observation.environments[index];
    if (!acts_in(observation, plan, index) || options.stop.stop_requested()) return;
    const auto desired = environment.stamp_at_tip();
    if (environment.stamp == desired) return;
    auto swapped = observation.targets[*environment.target].target->swap_stamp(environment.stamp, desired);
    if (!swapped.ok())
      failures[index] = std::move(swapped).failure().with_context(fmt::format("stamping {} with {}", environment.name, environment.tip));
  });
  return failures;
}

bool has_work(const InstancePlan& plan) { return plan.writes() || plan.book || plan.settle; }

std::optional<Duration> take_turn(Walk& walk, std::vector<Run>& runs, NodeIndex node) {
  Run& run = runs[node / kStages];
  switch (node % kStages) {
    case kRepair: repair(walk, run); return std::nullopt;
    case kMove: return move(walk, run);
    default: break;
  }
  if (const auto again = settle(walk, run)) return again;
  if (has_work(walk.plan.instances[run.index])) {
    ++walk.progress.done;
    send(walk, run, Event::Kind::finished, run.outcome.text);
  }
  return std::nullopt;
}

std::vector<Run> prepare_runs(const Plan& plan) {
  std::vector<Run> runs(plan.instances.size());
  for (std::size_t i = 0; i < runs.size(); ++i) {
    runs[i].index = i;
    runs[i].outcome.key = plan.instances[i].key;
    runs[i].outcome.move = plan.instances[i].move;
  }
  return runs;
}

std::vector<InstanceKey> path_of(const std::vector<Run>& runs, const Run& run) {
  std::vector<InstanceKey> path;
  for (auto cause = run.cause; cause && path.size() <= runs.size(); cause = runs[*cause].cause) path.push_back(runs[*cause].outcome.key);
  return path;
}

/// The one place where runs become outcomes.
Report finish(const Observation& observation, Plan plan, std::vector<Run>& runs, std::vector<std::optional<Failure>> notes) {
  Report report;
  for (auto& run : runs) {
    run.outcome.path = path_of(runs, run);
    run.outcome.remarks = plan.instances[run.index].remarks();
  }
  for (auto& run : runs) report.outcomes.push_back(std::move(run.outcome));
  for (std::size_t index = 0; index < plan.environments.size(); ++index) {
    const auto& environment = plan.environments[index];
    report.environments.push_back({environment.name, environment.tip, observation.environments[index].seen, environment.hold,
                                   environment.deletions_held, std::move(notes[index])});
  }
  report.plan = std::move(plan);
  return report;
}

constexpr std::array<std::string_view, 11> kStates = {"matched",    "applied",   "waiting", "unhealthy", "paused", "unselected",
                                                      "superseded", "cancelled", "held",    "blocked",   "failed"};
constexpr std::array<std::string_view, 7> kEvents = {"planned", "started", "applied", "pruned", "waiting", "settled", "finished"};
static_assert(kStates.size() == static_cast<std::size_t>(State::failed) + 1 &&
              kEvents.size() == static_cast<std::size_t>(Event::Kind::finished) + 1);

}  // namespace

std::string_view to_string(State state) { return kStates[static_cast<std::size_t>(state)]; }
std::string_view to_string(Event::Kind kind) { return kEvents[static_cast<std::size_t>(kind)]; }

Duration Settling::since(const InstanceKey& key, const std::string& commit, Duration now) {
  const std::lock_guard lock(mutex_);
  auto& [known, began] = started_[key];
  if (known != commit || began == Duration()) {
    known = commit;
    began = now;
  }
  return began;
}

void Settling::forget(const InstanceKey& key) {
  const std::lock_guard lock(mutex_);
  started_.erase(key);
}

Report run_pass(const World& world, record::EnvironmentRepository& records, target::Targets& targets,
                const std::vector<EnvironmentAt>& environments, const PassOptions& options) {
  const auto observation = observe_for_writing(world, records, targets, environments, options);
  auto plan = compare(observation, within(observation, options.environments, options.selection));
  InventoryBook book(observation);
  Settling settling;
  Progress progress;
  progress.total = static_cast<std::size_t>(std::count_if(plan.instances.begin(), plan.instances.end(), has_work));
  auto runs = prepare_runs(plan);
  Walk walk{world,
            options,
            observation,
            plan,
            book,
            options.settling != nullptr ? *options.settling : settling,
            runs,
            progress,
            world.clock.elapsed(),
            set_stamps(observation, plan, options)};
  if (options.observer != nullptr) {
    Event event;
    event.kind = Event::Kind::planned;
    event.total = progress.total;
    options.observer->on(event);
  }
  run_ready_queue(make_dag(plan), options.jobs, world.clock, options.stop, [&](NodeIndex node) { return take_turn(walk, runs, node); });
  auto notes = publish_notes(world, records, observation, runs, options);
  return finish(observation, std::move(plan), runs, std::move(notes));
}

std::size_t Report::count(State state) const {
  return static_cast<std::size_t>(
      std::count_if(outcomes.begin(), outcomes.end(), [&](const Outcome& outcome) { return outcome.state == state; }));
}

const Outcome* Report::find(const InstanceKey& key) const {
  const auto found = std::lower_bound(outcomes.begin(), outcomes.end(), key,
                                      [](const Outcome& outcome, const InstanceKey& wanted) { return outcome.key < wanted; });
  return found != outcomes.end() && found->key == key ? &*found : nullptr;
}

namespace {

bool lost_a_race(const Outcome& outcome) { return outcome.state == State::superseded && outcome.failure; }

}  // namespace

bool Report::superseded() const { return count(State::superseded) > 0; }

bool Report::lost_races() const { return std::any_of(outcomes.begin(), outcomes.end(), lost_a_race); }

void Report::fail_lost_races() {
  for (auto& outcome : outcomes) {
    if (lost_a_race(outcome)) outcome.state = State::failed;
  }
}

int Report::exit_code() const {
  bool held = std::any_of(environments.begin(), environments.end(), [](const EnvironmentReport& environment) {
    return environment.hold && environment.hold->kind == FailureKind::stalled;
  });
  bool failed = std::any_of(environments.begin(), environments.end(), [](const EnvironmentReport& environment) {
    return environment.hold && environment.hold->kind == FailureKind::retry;
  });
  for (const auto& outcome : outcomes) {
    failed = failed || outcome.state == State::failed || outcome.state == State::unhealthy || outcome.state == State::blocked;
    held = held || outcome.state == State::held;
  }
  if (failed) return 1;
  return held ? 4 : 0;
}

}  // namespace muster::reconcile
