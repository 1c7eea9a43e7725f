#include <fmt/format.h>

#include <algorithm>

#include "reconcile/health.hpp"
#include "reconcile/jobs.hpp"
#include "reconcile/mover.hpp"

namespace muster::reconcile {
namespace {

constexpr std::size_t kRunsKept = 50;

struct Way {
  const Walk& walk;
  Run& run;
  const InstanceState& state;
  const InstancePlan& plan;
  const EnvironmentState& environment;
  const TargetState& target;
};

/// The end of the job's run, kept in the inventory, for its object may be cleaned away.
Result<target::Health> judge_run(const Way& way) {
  const auto inventory = way.walk.book.read(way.run.index);
  const auto* run = inventory.job ? &*inventory.job : nullptr;
  const bool watched = run != nullptr && run->state == target::JobRun::State::running && run->bundle == run_name(way.state);
  if (!watched) return run_health(way.state, run);
  std::vector<Desired> jobs;
  for (const auto& desired : way.state.desired) {
    if (is_job(way.state, way.target, desired.id)) jobs.push_back(desired);
  }
  const auto health = health_of(*way.target.target, jobs);
  const bool succeeded = health.state == target::Health::State::healthy;
  if (!succeeded && health.state != target::Health::State::unhealthy) return health;
  MUSTER_CHECK(way.walk.book.change(way.run.index, [&](target::Inventory& changed) {
    changed.job->state = succeeded ? target::JobRun::State::succeeded : target::JobRun::State::failed;
    if (!succeeded) return;
    auto& completed = changed.job->completed;
    completed.push_back(changed.job->bundle);
    if (completed.size() > kRunsKept) completed.erase(completed.begin());
  }));
  const auto judged = way.walk.book.read(way.run.index);
  return run_health(way.state, &*judged.job);
}

struct Seen {
  target::Health health;
  bool final = false;  ///< Waiting changes nothing: a job that failed.
};

Result<Seen> look(const Way& way) {
  Seen seen;
  if (!way.plan.settle && !way.run.outcome.wrote()) {
    seen.health = way.state.health;  // Nothing changed since the pass looked.
    return seen;
  }
  seen.health = health_of(*way.target.target, lasting_objects(way.state, way.target));
  if (!way.target.executes || !way.state.job || seen.health.state != target::Health::State::healthy) return seen;
  MUSTER_TRY(seen.health, judge_run(way));
  seen.final = seen.health.state == target::Health::State::unhealthy;
  return seen;
}

void note(const Way& way, bool healthy) {
  if (way.state.noted == healthy || (!healthy && way.state.noted != true)) return;
  way.run.note = healthy;
  way.run.noted_at = way.walk.world.clock.now();
}

std::string_view held_prune(const InstancePlan& plan) {
  for (const auto& object : plan.objects) {
    if (object.action == Action::prune && !object.held.empty()) return object.held;
  }
  return {};
}

const ObjectPlan* contested(const InstancePlan& plan) {
  const auto found =
      std::find_if(plan.objects.begin(), plan.objects.end(), [](const ObjectPlan& object) { return object.action == Action::contest; });
  return found == plan.objects.end() ? nullptr : &*found;
}

/// Its move is made and it is as healthy as can be: what is left to say.
void end_well(const Way& way) {
  if (const auto held = held_prune(way.plan); !held.empty()) return end(way.run, State::held, fmt::format("deletions are held: {}", held));
  if (const auto* object = contested(way.plan)) return end(way.run, State::held, object->reason);
  end(way.run, way.run.outcome.wrote() ? State::applied : State::matched, "");
}

std::optional<Duration> keep_waiting(const Way& way, const target::Health& health) {
  const auto& options = way.walk.options;
  const auto now = way.walk.world.clock.elapsed();
  const auto since = way.walk.settling.since(way.run.outcome.key, way.state.since, now);
  if (now - since >= options.health_limit) {
    note(way, false);
    end(way.run, State::unhealthy, fmt::format("not healthy within {}: {}", format_duration(options.health_limit), health.reason));
    return std::nullopt;
  }
  if (now - way.walk.began >= options.patience) {
    end(way.run, State::waiting, fmt::format("not healthy yet: {}", health.reason));
    return std::nullopt;
  }
  send(way.walk, way.run, Event::Kind::waiting, health.reason);
  return options.health_interval;
}

/// It was healthy at what stands, nothing was changed in this pass, and now it is not.
void end_steady(const Way& way, const target::Health& health) {
  if (health.state == target::Health::State::unhealthy) {
    note(way, false);
    return end(way.run, State::unhealthy, health.reason);
  }
  end(way.run, State::waiting, health.reason);
}

}  // namespace

std::optional<Duration> settle(const Walk& walk, Run& run) {
  const auto& state = walk.observation.instances[run.index];
  const auto& environment = walk.observation.environments[state.environment];
  const auto& plan = walk.plan.instances[run.index];
  run.outcome.health = state.health;
  if (run.ended || !state.stands) {
    // What did not move is still what others need, as far as it stands as it should.
    run.healthy =
        !state.stands || (plan.move == Move::none && !environment.unreadable && state.health.state == target::Health::State::healthy);
    if (!run.ended) end_well({walk, run, state, plan, environment, walk.observation.targets[*environment.target]});
    return std::nullopt;
  }
  const Way way{walk, run, state, plan, environment, walk.observation.targets[*environment.target]};
  auto seen = look(way);
  if (!seen.ok()) {
    end_by_failure(walk, run, std::move(seen).failure());
    return std::nullopt;
  }
  run.outcome.health = seen->health;
  if (seen->health.state == target::Health::State::healthy) {
    run.healthy = true;
    walk.settling.forget(run.outcome.key);
    note(way, true);
    if (plan.settle || run.announced) send(walk, run, Event::Kind::settled, "");
    end_well(way);
    return std::nullopt;
  }
  if (seen->final) {
    note(way, false);
    end(run, State::unhealthy, seen->health.reason);
    return std::nullopt;
  }
  if (!plan.settle && !run.outcome.wrote()) {
    end_steady(way, seen->health);
    return std::nullopt;
  }
  if (interrupted(walk, run)) return std::nullopt;
  return keep_waiting(way, seen->health);
}

}  // namespace muster::reconcile
