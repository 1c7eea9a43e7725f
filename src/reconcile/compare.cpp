#include <fmt/format.h>

#include <algorithm>

#include "muster/reconcile/plan.hpp"
#include "reconcile/claims.hpp"
#include "reconcile/decide.hpp"
#include "reconcile/jobs.hpp"
#include "reconcile/order.hpp"

namespace muster::reconcile {
namespace {

std::string lift_of(const EnvironmentState& environment) {
  return fmt::format("put the environment repository right, or take the branch as it is with `muster resume --in {}`", environment.name);
}

/// May this environment be touched at all? Nothing here reads more than a branch and a stamp: absence is never intent.
std::optional<EnvironmentHold> hold_of(const EnvironmentState& environment, const Observation& observation) {
  EnvironmentHold hold;
  if (environment.unreadable) {
    hold = {environment.unreadable->kind, environment.unreadable->reason, environment.unreadable->text, "", "", ""};
    // Where the branch was read, its target or its content is at fault, and the text names the place.
    const bool is_branch = environment.repository == nullptr && environment.unreadable->kind == FailureKind::stalled;
    if (!environment.stamp || !is_branch || hold.reason == Reason::unreachable || hold.reason == Reason::denied) return hold;
    hold.expected = fmt::format("a branch that contains {}", environment.stamp->record);
    hold.found = environment.unreadable->text;
    hold.lift = lift_of(environment);
    if (hold.reason == Reason::absent) {
      hold.lift = fmt::format("put the environment repository right, or delete what {} owns with `muster retire {}`", environment.name,
                              environment.name);
    }
    return hold;
  }
  const auto& target = observation.targets[*environment.target].reference.name;
  if (!environment.others.empty()) {
    const auto& other = environment.others.front();
    hold.text = fmt::format("target {} holds {} under another id: its environment repository was lost, or is another one", target,
                            environment.name);
    hold.expected = fmt::format("id {}, at record {}", other.environment_id, other.record);
    hold.found = fmt::format("id {}", environment.id);
    hold.lift = lift_of(environment);
    return hold;
  }
  if (environment.stamp && !environment.stamp_in_history) {
    hold.text =
        fmt::format("what target {} was last applied from is not in the history of {}: the branch was rewritten, or this copy is old",
                    target, environment.name);
    hold.expected = fmt::format("a tip that descends from {}", environment.stamp->record);
    hold.found = environment.tip;
    hold.lift = lift_of(environment);
    return hold;
  }
  return std::nullopt;
}

EnvironmentPlan plan_environment(const EnvironmentState& environment, const Observation& observation) {
  EnvironmentPlan plan;
  plan.name = environment.name;
  plan.id = environment.id;
  plan.tip = environment.tip;
  plan.stamp = environment.stamp;
  plan.hold = hold_of(environment, observation);
  if (environment.target) plan.target = observation.targets[*environment.target].reference.name;
  plan.deletions = environment.deletions;
  plan.deletions_allowed = environment.deletions_allowed;
  plan.deletions_held = environment.deletions_held;
  return plan;
}

bool is_pending_prune(const ObjectPlan& object) { return object.action == Action::prune && object.held.empty(); }

/// Removed, but for what may be somebody else's: that is listed, and nothing is done any more.
bool is_remainder(const InstanceState& state, const InstancePlan& plan) {
  return !state.stands && state.inventory && !state.inventory->lost && !plan.objects.empty() &&
         std::all_of(plan.objects.begin(), plan.objects.end(), [](const ObjectPlan& object) { return object.action == Action::leftover; });
}

Move move_of(const InstanceState& state, const InstancePlan& plan) {
  if (is_remainder(state, plan)) return Move::none;
  if (!state.stands) return state.inventory || !plan.objects.empty() ? Move::remove : Move::none;
  const auto is_repair = [](const ObjectPlan& object) { return object.write && object.repair; };
  const auto is_new = [](const ObjectPlan& object) { return (object.write && !object.repair) || is_pending_prune(object); };
  const bool repairs = std::any_of(plan.objects.begin(), plan.objects.end(), is_repair);
  const bool news = std::any_of(plan.objects.begin(), plan.objects.end(), is_new);
  const bool changed = !state.inventory || state.inventory->objects != state.objects;
  if (plan.start_job || (changed && news)) return state.behind ? Move::back : Move::forward;
  return repairs || news ? Move::repair : Move::none;
}

/// Would the inventory be written though no object is?
bool changes_inventory(const InstanceState& state, const InstancePlan& plan) {
  if (!state.stands) return state.inventory.has_value() && !is_remainder(state, plan);
  if (!state.inventory || state.inventory->lost || state.inventory->objects != state.objects) return true;
  bool exact = true;  // After this pass it names the descriptor's objects and no others.
  for (const auto& object : plan.objects) {
    switch (object.action) {
      case Action::adopt:
      case Action::take:
      case Action::forget: return true;
      case Action::leftover:
      case Action::yield:
      case Action::refuse:
      case Action::conflict: exact = false; break;
      case Action::prune: exact = exact && object.held.empty(); break;
      case Action::keep: {
        const auto& entries = state.inventory->entries;
        const auto entry =
            std::find_if(entries.begin(), entries.end(), [&](const target::InventoryEntry& one) { return one.id == object.id; });
        if (entry == entries.end())
          exact = false;  // A job's object that was never made under this name.
        else if (entry->uid.empty())
          return true;
        break;
      }
      default: break;
    }
  }
  return exact && state.inventory->folder != state.folder;
}

/// Everything about the objects that keeps an instance from moving, as one sentence.
std::optional<Obstacle> obstacle_of_objects(const InstancePlan& plan) {
  for (const auto& object : plan.objects) {
    if (object.action == Action::conflict) return Obstacle{Obstacle::Kind::conflict, object.reason, std::nullopt};
    if (object.action == Action::refuse) return Obstacle{Obstacle::Kind::refused, object.reason, std::nullopt};
  }
  return std::nullopt;
}

InstancePlan plan_instance(const Observation& observation, const Claims& claims, std::size_t index, const EnvironmentPlan& environment,
                           const Selection& selection) {
  const auto& state = observation.instances[index];
  InstancePlan plan;
  plan.key = state.key;
  if (environment.hold) {
    plan.obstacle =
        Obstacle{Obstacle::Kind::environment, fmt::format("{} is held: {}", environment.name, environment.hold->text), std::nullopt};
    return plan;
  }
  if (!state.trouble.empty()) {
    plan.obstacle = Obstacle{Obstacle::Kind::unusable, state.trouble, std::nullopt};
    // What depends on it must know that it would have moved.
    if (!state.inventory || state.inventory->folder != state.folder) plan.move = Move::forward;
    return plan;
  }
  decide_objects(observation, claims, index, plan);
  plan.move = move_of(state, plan);
  plan.book = changes_inventory(state, plan);
  plan.settle = state.stands && state.noted != true;
  if (state.hold && state.hold->target) {
    plan.obstacle = Obstacle{Obstacle::Kind::paused, record::in_words(*state.hold, "paused"), std::nullopt};
  } else if (selection && !selection->contains(state.key)) {
    plan.obstacle = Obstacle{Obstacle::Kind::unselected, "this run was asked for others", std::nullopt};
  } else {
    plan.obstacle = obstacle_of_objects(plan);
  }
  return plan;
}

}  // namespace

Plan compare(const Observation& observation, const Selection& selection) {
  Plan plan;
  for (const auto& environment : observation.environments) plan.environments.push_back(plan_environment(environment, observation));
  const Claims claims(observation);
  for (std::size_t index = 0; index < observation.instances.size(); ++index) {
    const auto environment = observation.instances[index].environment;
    plan.instances.push_back(plan_instance(observation, claims, index, plan.environments[environment], selection));
  }
  order_instances(observation, plan);
  return plan;
}

Selection within(const Observation& observation, const std::vector<std::string>& environments, const Selection& selection) {
  if (environments.empty()) return selection;
  std::set<InstanceKey> kept;
  for (const auto& instance : observation.instances) {
    if (std::find(environments.begin(), environments.end(), instance.key.environment) == environments.end()) continue;
    if (!selection || selection->contains(instance.key)) kept.insert(instance.key);
  }
  return kept;
}

const InstancePlan* Plan::find(const InstanceKey& key) const {
  const auto found = std::lower_bound(instances.begin(), instances.end(), key,
                                      [](const InstancePlan& plan, const InstanceKey& wanted) { return plan.key < wanted; });
  return found != instances.end() && found->key == key ? &*found : nullptr;
}

bool Plan::empty() const {
  return std::none_of(instances.begin(), instances.end(),
                      [](const InstancePlan& plan) { return !plan.obstacle && (plan.writes() || plan.book); });
}

bool InstancePlan::writes() const {
  return std::any_of(objects.begin(), objects.end(), [](const ObjectPlan& object) { return object.write || is_pending_prune(object); });
}

std::size_t InstancePlan::count(Action action) const {
  return static_cast<std::size_t>(
      std::count_if(objects.begin(), objects.end(), [&](const ObjectPlan& object) { return object.action == action; }));
}

std::vector<std::string> InstancePlan::remarks() const {
  std::vector<std::string> out;
  for (const auto& object : objects) {
    switch (object.action) {
      case Action::leftover:
      case Action::contest:
      case Action::leave: out.push_back(fmt::format("{}: {}", object.id.text(), object.reason)); break;
      case Action::yield:
        if (!object.reason.empty()) out.push_back(fmt::format("{} is left to {}: {}", object.id.text(), object.other, object.reason));
        break;
      case Action::forget:
        if (object.live && object.other.empty()) out.push_back(fmt::format("{}: {}", object.id.text(), object.reason));
        break;
      case Action::prune:
        if (!object.held.empty()) out.push_back(fmt::format("{} is not pruned: {}", object.id.text(), object.held));
        break;
      default: break;
    }
  }
  return out;
}

}  // namespace muster::reconcile
