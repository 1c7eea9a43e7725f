#include "reconcile/mover.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "muster/base/log.hpp"
#include "reconcile/health.hpp"
#include "reconcile/jobs.hpp"
#include "reconcile/write.hpp"

namespace muster::reconcile {
namespace {

using Kind = Obstacle::Kind;

const InstancePlan& plan_of(const Walk& walk, const Run& run) { return walk.plan.instances[run.index]; }
const InstanceState& state_of(const Walk& walk, const Run& run) { return walk.observation.instances[run.index]; }
const EnvironmentState& environment_of(const Walk& walk, const Run& run) {
  return walk.observation.environments[state_of(walk, run).environment];
}
const TargetState& target_of(const Walk& walk, const Run& run) { return walk.observation.targets[*environment_of(walk, run).target]; }

/// Nothing at all is written, not even to put drift back.
bool is_untouchable(const InstancePlan& plan) {
  if (!plan.obstacle) return false;
  switch (plan.obstacle->kind) {
    case Kind::environment:
    case Kind::paused:
    case Kind::unusable:
    case Kind::unselected: return true;
    default: return false;
  }
}

State state_for(const Walk& walk, std::size_t instance);

/// What kept the instance that this one waits for from getting there, and so keeps this one.
State because_of(State state) {
  switch (state) {
    case State::waiting:
    case State::superseded:
    case State::cancelled:
    case State::held: return state;
    case State::paused:
    case State::unselected: return State::waiting;
    default: return State::blocked;
  }
}

std::size_t find_instance(const Walk& walk, const InstanceKey& key) {
  return static_cast<std::size_t>(walk.plan.find(key) - walk.plan.instances.data());
}

State state_for_environment(const Walk& walk, std::size_t instance) {
  const auto& hold = walk.plan.environments[walk.observation.instances[instance].environment].hold;
  if (!hold || hold->kind == FailureKind::stalled) return State::held;
  return hold->kind == FailureKind::wait ? State::waiting : State::failed;
}

/// The state that an obstacle of the plan amounts to; blocked by something unhealthy where the cause has none itself.
State state_for(const Walk& walk, std::size_t instance) {
  const auto& obstacle = walk.plan.instances[instance].obstacle;
  if (!obstacle) return State::unhealthy;
  switch (obstacle->kind) {
    case Kind::paused: return State::paused;
    case Kind::unselected: return State::unselected;
    case Kind::environment: return state_for_environment(walk, instance);
    case Kind::need: return because_of(state_for(walk, find_instance(walk, *obstacle->cause)));
    default: return State::failed;
  }
}

void end_by_obstacle(const Walk& walk, Run& run) {
  const auto& obstacle = *plan_of(walk, run).obstacle;
  const auto state = state_for(walk, run.index);
  end(run, state, obstacle.text, state == State::failed ? std::optional(stalled(Reason::conflict, obstacle.text)) : std::nullopt);
  if (obstacle.cause) run.cause = find_instance(walk, *obstacle.cause);
}

bool is_repair(const InstancePlan& plan, const ObjectPlan& object) {
  const bool as_it_stands = (object.action == Action::adopt || object.action == Action::take) && object.live == object.desired;
  const bool found_again = plan.rebuild && object.action == Action::leftover;
  return (object.write && object.repair) || as_it_stands || found_again;
}

void announce(const Walk& walk, Run& run) {
  if (run.announced) return;
  run.announced = true;
  send(walk, run, Event::Kind::started, std::string(to_string(plan_of(walk, run).move)));
}

bool check_stamp(const Walk& walk, Run& run) {
  const auto& failure = walk.unstamped[state_of(walk, run).environment];
  if (!failure) return true;
  end_by_failure(walk, run, *failure);
  return false;
}

/// From a run to the one that stopped it, by way of those in between: "b@staging → a@staging: failed". That one says itself
/// what is wrong.
std::string path_from(const Walk& walk, std::size_t instance) {
  std::string path = walk.runs[instance].outcome.key.text();
  for (std::size_t steps = 0; walk.runs[instance].cause && steps < walk.runs.size(); ++steps) {
    instance = *walk.runs[instance].cause;
    path += " → " + walk.runs[instance].outcome.key.text();
  }
  const auto& outcome = walk.runs[instance].outcome;
  return outcome.state == State::unselected ? path + ": " + outcome.text : fmt::format("{}: {}", path, to_string(outcome.state));
}

/// Are all the waits of the plan satisfied? Otherwise the run ends, and says because of whom.
bool check_waits(const Walk& walk, Run& run) {
  for (const auto& wait : plan_of(walk, run).waits) {
    const auto& other = walk.runs[wait.instance];
    const bool satisfied = wait.until == Wait::Until::attempted || (wait.until == Wait::Until::applied ? other.moved : other.healthy);
    if (satisfied) continue;
    run.cause = wait.instance;
    const auto* relation = wait.until == Wait::Until::healthy ? "needs" : "goes after";
    end(run, because_of(other.outcome.state), fmt::format("{} {}", relation, path_from(walk, wait.instance)));
    return false;
  }
  return true;
}

/// How an older run of the job ended, kept in the inventory; a duration while it lasts.
std::optional<Duration> watch_older_run(const Walk& walk, Run& run) {
  const auto inventory = walk.book.read(run.index);
  const bool lasts =
      inventory.job && inventory.job->state == target::JobRun::State::running && inventory.job->bundle != run_name(state_of(walk, run));
  if (!plan_of(walk, run).start_job || !lasts) return std::nullopt;
  target::Health health{target::Health::State::unhealthy, "it is not there"};
  for (const auto& entry : inventory.entries) {
    if (entry.id.kind != "Job" || entry.id.group != "batch") continue;
    auto asked = target_of(walk, run).target->health(entry.id);
    if (asked.ok()) health = std::move(asked).value();
    if (!asked.ok() && asked.failure().reason != Reason::absent) health.state = target::Health::State::unknown;
  }
  if (health.state == target::Health::State::progressing || health.state == target::Health::State::unknown)
    return walk.options.health_interval;
  auto kept = walk.book.change(run.index, [&](target::Inventory& changed) {
    const bool succeeded = health.state == target::Health::State::healthy;
    changed.job->state = succeeded ? target::JobRun::State::succeeded : target::JobRun::State::failed;
    if (succeeded) changed.job->completed.push_back(changed.job->bundle);
  });
  if (!kept.ok()) end_by_failure(walk, run, std::move(kept).failure());
  return std::nullopt;
}

std::vector<const ObjectPlan*> rest_of(const InstancePlan& plan) {
  std::vector<const ObjectPlan*> rest;
  for (const auto& object : plan.objects) {
    if (!is_repair(plan, object)) rest.push_back(&object);
  }
  return rest;
}

bool time_is_up(const Walk& walk, Duration limit, Duration since) { return walk.world.clock.elapsed() - since >= limit; }

}  // namespace

void end(Run& run, State state, std::string text, std::optional<Failure> failure) {
  if (run.ended) return;
  run.ended = true;
  run.outcome.state = state;
  run.outcome.text = std::move(text);
  run.outcome.failure = std::move(failure);
}

void end_by_failure(const Walk& walk, Run& run, Failure failure) {
  if (failure.reason == Reason::conflict) {
    const auto& environment = environment_of(walk, run);
    const auto stamp = target_of(walk, run).target->stamp(environment.id);
    const bool moved = stamp.ok() && *stamp && *stamp != environment.stamp && **stamp != environment.stamp_at_tip();
    if (moved) return end(run, State::superseded, "somebody else applied a newer record meanwhile");
  }
  // Whoever lost looks again: what the other wrote may be just what was wanted.
  const bool lost = failure.reason == Reason::conflict && failure.kind == FailureKind::retry;
  auto text = failure.text;
  end(run, lost ? State::superseded : State::failed, std::move(text), std::move(failure));
}

bool interrupted(const Walk& walk, Run& run) {
  if (walk.options.stop.stop_requested()) {
    end(run, State::cancelled, "the run was stopped");
  } else if (walk.options.moved && walk.options.moved(run.outcome.key.environment)) {
    end(run, State::superseded, "a newer commit arrived on the branch");
  } else {
    return false;
  }
  return true;
}

void send(const Walk& walk, const Run& run, Event::Kind kind, std::string text) {
  if (walk.options.observer == nullptr) return;
  Event event;
  event.kind = kind;
  event.key = run.outcome.key;
  event.text = std::move(text);
  event.state = run.outcome.state;
  event.done = walk.progress.done;
  event.total = walk.progress.total;
  walk.options.observer->on(event);
}

void repair(const Walk& walk, Run& run) {
  const auto& plan = plan_of(walk, run);
  if (is_untouchable(plan)) return end_by_obstacle(walk, run);
  std::vector<const ObjectPlan*> objects;
  for (const auto& object : plan.objects) {
    if (is_repair(plan, object)) objects.push_back(&object);
  }
  if (objects.empty() || interrupted(walk, run) || !check_stamp(walk, run)) return;
  announce(walk, run);
  auto written = write_objects(walk, run, objects, false);
  if (!written.ok()) end_by_failure(walk, run, std::move(written).failure());
}

std::optional<Duration> move(const Walk& walk, Run& run) {
  const auto& plan = plan_of(walk, run);
  if (run.ended) return std::nullopt;
  if (plan.obstacle) {
    end_by_obstacle(walk, run);
    return std::nullopt;
  }
  if (!plan.writes() && !plan.book) {
    run.moved = true;
    return std::nullopt;
  }
  if (!check_waits(walk, run) || interrupted(walk, run) || !check_stamp(walk, run)) return std::nullopt;
  announce(walk, run);
  if (const auto again = watch_older_run(walk, run)) {
    const auto since = walk.settling.since(run.outcome.key, environment_of(walk, run).tip, walk.world.clock.elapsed());
    if (!time_is_up(walk, walk.options.health_limit, since) && !time_is_up(walk, walk.options.patience, walk.began)) return again;
    end(run, State::waiting, "an older run of its job lasts");
  }
  if (run.ended) return std::nullopt;
  auto written = write_objects(walk, run, rest_of(plan), true);
  if (written.ok()) {
    run.moved = true;
  } else {
    end_by_failure(walk, run, std::move(written).failure());
  }
  return std::nullopt;
}

}  // namespace muster::reconcile
