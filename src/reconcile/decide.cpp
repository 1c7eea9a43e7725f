#include "reconcile/decide.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "muster/manifest/order.hpp"
#include "reconcile/jobs.hpp"

namespace muster::reconcile {
namespace {

constexpr std::string_view kPerhapsOurs =
    "an earlier descriptor named it, and the inventory that would say whose it is was lost: delete it if nobody needs it";

/// The object at hand and everything that decides about it.
struct Case {
  const Observation& observation;
  const Claims& claims;
  const EnvironmentState& environment;
  const TargetState& target;
  std::size_t target_index;
  std::size_t instance;
  const InstanceState& state;
  manifest::ObjectId id;
  const target::Live* live = nullptr;             ///< What stands there.
  const target::InventoryEntry* entry = nullptr;  ///< Our own inventory's.
};

Case make_case(const Observation& observation, const Claims& claims, std::size_t instance, const manifest::ObjectId& id) {
  const auto& state = observation.instances[instance];
  const auto& environment = observation.environments[state.environment];
  const auto& target = observation.targets[*environment.target];
  Case at{observation, claims, environment, target, *environment.target, instance, state, id};
  if (const auto live = target.live.find(id); live != target.live.end()) at.live = &live->second;
  at.entry = claims.entry(at.target_index, id, instance);
  return at;
}

target::Precondition as_it_stands(const target::Live& live) { return {live.uid, live.version}; }

ObjectPlan plan_of(const Case& at, Action action) {
  ObjectPlan plan;
  plan.id = at.id;
  plan.action = action;
  if (at.live != nullptr) {
    plan.expected = as_it_stands(*at.live);
    plan.live = at.live->digest;
  }
  return plan;
}

ObjectPlan write(const Case& at, const Desired& desired, Action action) {
  auto plan = plan_of(at, action);
  plan.desired = desired.digest;
  plan.write = true;
  return plan;
}

ObjectPlan refuse(const Case& at, Action action, std::string other, std::string reason) {
  auto plan = plan_of(at, action);
  plan.other = std::move(other);
  plan.reason = std::move(reason);
  return plan;
}

ObjectPlan conflict(const Case& at) {
  return refuse(at, Action::conflict, "",
                fmt::format("{} stands in target {} and is not muster's; move it away, or take it out of the descriptor", at.id.text(),
                            at.target.reference.name));
}

std::string names_of(const Case& at, const std::vector<std::size_t>& instances) {
  std::string names;
  for (const auto index : instances) {
    if (index == at.instance) continue;
    names += (names.empty() ? "" : ", ") + at.observation.instances[index].key.text();
  }
  return names;
}

/// Another instance has the better claim.
std::optional<ObjectPlan> refused(const Case& at) {
  const auto winner = at.claims.winner(at.target_index, at.id);
  if (winner == at.instance) {
    const auto foreign = at.target.foreign.find(at.id);
    const bool mine = at.entry != nullptr && at.live != nullptr && at.entry->uid == at.live->uid;
    if (foreign == at.target.foreign.end() || mine) return std::nullopt;
    const auto& owner = foreign->second.owner;
    return refuse(at, Action::refuse, owner, fmt::format("{} belongs to {}", at.id.text(), owner));
  }
  if (winner) {
    const auto other = at.observation.instances[*winner].key.text();
    return refuse(at, Action::refuse, other, fmt::format("{} belongs to {}, which names it too", at.id.text(), other));
  }
  const auto others = names_of(at, at.claims.claimants(at.target_index, at.id));
  return refuse(at, Action::refuse, others,
                fmt::format("{} is named by {} too, and neither has it yet; keep it in one of them", at.id.text(), others));
}

/// May an object that no inventory has be ours? Its field manager says so, or its content, which the branch once had.
bool looks_like_ours(const Case& at, const Desired& desired) {
  if (at.target.executes) return at.live->ours;
  if (at.live->digest == desired.digest) return true;
  if (at.entry != nullptr && at.entry->uid.empty() && at.entry->applied == at.live->digest) return true;
  const auto known = at.state.versions.find(at.id);
  return known != at.state.versions.end() && known->second.contains(at.live->digest);
}

ObjectPlan adopt(const Case& at, const Desired& desired) {
  auto plan = write(at, desired, Action::adopt);
  // In a directory only writing gives it a uid of ours; in a cluster it has one.
  plan.write = at.live->uid.empty() || at.live->digest != desired.digest;
  return plan;
}

bool is_contested(const target::InventoryEntry& entry, Instant now) {
  if (entry.repairs.size() < kRepairs) return false;
  const auto last = entry.repairs.back();
  const auto first = entry.repairs[entry.repairs.size() - kRepairs];
  return last <= now && last - first <= kRepairWindow && now - last < kContestedPause;
}

/// The object is ours and differs from the descriptor, or is gone.
ObjectPlan restore(const Case& at, const Desired& desired) {
  auto plan = write(at, desired, at.live == nullptr ? Action::create : Action::change);
  plan.drift = at.live == nullptr || at.live->digest != at.entry->applied;
  plan.repair = at.entry->applied == desired.digest;
  if (!plan.repair) return plan;
  if (!at.environment.repair_drift) {
    plan.action = Action::leave;
    plan.write = plan.repair = false;
    plan.reason = "drift, shown and left as the environment's policy says";
  } else if (is_contested(*at.entry, at.observation.now)) {
    plan.action = Action::contest;
    plan.write = plan.repair = false;
    plan.reason = fmt::format("{} was put back {} times within {} and changed again each time: something else writes it", at.id.text(),
                              kRepairs, format_duration(kRepairWindow));
  }
  return plan;
}

/// Another instance's inventory has it, whose descriptor names it no more.
const Owner* former_owner(const Case& at) {
  const Owner* intends = nullptr;
  for (const auto& owner : at.claims.owners(at.target_index, at.id)) {
    if (owner.instance == at.instance || owner.entry->leftover) continue;
    if (!owner.entry->uid.empty() && at.live != nullptr && owner.entry->uid == at.live->uid) return &owner;
    intends = &owner;
  }
  return intends != nullptr && intends->entry->uid.empty() ? intends : nullptr;
}

ObjectPlan decide_unowned(const Case& at, const Desired& desired) {
  if (at.live == nullptr) return write(at, desired, Action::create);
  if (const auto* owner = former_owner(at); owner != nullptr && !owner->entry->uid.empty()) {
    auto plan = write(at, desired, Action::take);
    plan.write = at.live->digest != desired.digest;
    plan.other = at.observation.instances[owner->instance].key.text();
    return plan;
  } else if (owner != nullptr && owner->entry->applied == at.live->digest) {
    return adopt(at, desired);
  }
  return looks_like_ours(at, desired) ? adopt(at, desired) : conflict(at);
}

ObjectPlan decide_desired(const Case& at, const Desired& desired) {
  if (auto plan = refused(at)) return std::move(*plan);
  if (at.entry == nullptr || at.entry->uid.empty()) return decide_unowned(at, desired);
  if (at.live == nullptr) return restore(at, desired);
  if (at.live->uid != at.entry->uid) return looks_like_ours(at, desired) ? adopt(at, desired) : conflict(at);
  if (at.live->digest != desired.digest) return restore(at, desired);
  auto plan = plan_of(at, Action::keep);
  plan.desired = desired.digest;
  return plan;
}

ObjectPlan decide_job(const Case& at, const Desired& desired, InstancePlan& instance) {
  if (auto plan = refused(at)) return std::move(*plan);
  const bool unknown_owner = at.live != nullptr && (at.entry == nullptr || at.entry->uid != at.live->uid) && !at.live->ours;
  if (unknown_owner) return conflict(at);
  const auto due = job_due(at.observation, at.state, at.live != nullptr);
  auto plan = due == JobDue::no ? plan_of(at, Action::keep) : write(at, desired, Action::run);
  plan.desired = desired.digest;
  instance.start_job = instance.start_job || due != JobDue::no;
  return plan;
}

ObjectPlan plain(const Case& at, Action action, std::string reason, std::string other = {}) {
  auto plan = plan_of(at, action);
  plan.reason = std::move(reason);
  plan.other = std::move(other);
  return plan;
}

std::string why_not_pruned(const Case& at) {
  if (!at.target.prunes_held.empty()) return at.target.prunes_held;
  return at.environment.deletions_held;
}

/// In the inventory, and this instance's descriptor does not name it.
ObjectPlan decide_undesired(const Case& at) {
  const auto& claimants = at.claims.claimants(at.target_index, at.id);
  if (!claimants.empty()) {
    const auto next = at.claims.winner(at.target_index, at.id);
    const auto& its = at.observation.instances[next.value_or(claimants.front())];
    const auto other = its.key.text();
    const auto* taken = next ? at.claims.entry(at.target_index, at.id, *next) : nullptr;
    const bool has_it = taken != nullptr && !taken->uid.empty();
    // A rename says by itself where the objects go.
    const auto& former = its.renamed_from;
    const bool renamed = std::find(former.begin(), former.end(), at.state.key.service) != former.end();
    return plain(at, has_it ? Action::forget : Action::yield, renamed ? "" : "moved between services", other);
  }
  if (const auto* suspect = at.claims.suspect(at.target_index, at.id)) {
    return plain(at, Action::yield, fmt::format("{} may name it, and its descriptor cannot be read", suspect->key.text()),
                 suspect->key.text());
  }
  if (at.live == nullptr) return plain(at, Action::forget, "it is gone");
  if (at.entry->leftover) return plain(at, Action::leftover, std::string(kPerhapsOurs));
  const auto not_ours = fmt::format("what stands there now is not the {} that muster made", at.id.text());
  if (!at.entry->uid.empty()) {
    if (at.live->uid != at.entry->uid) return plain(at, Action::forget, not_ours);
  } else if (!at.live->ours && at.live->digest != at.entry->applied) {
    // A cluster's objects say who made them. A file does not: it may be the one of an interrupted pass, changed since.
    if (at.target.executes) return plain(at, Action::forget, not_ours);
    return plain(at, Action::leftover, "muster was interrupted while it made it, and it was changed since: delete it if nobody needs it");
  }
  auto plan = plan_of(at, Action::prune);
  plan.held = why_not_pruned(at);
  return plan;
}

}  // namespace

void decide_objects(const Observation& observation, const Claims& claims, std::size_t instance, InstancePlan& plan) {
  const auto& state = observation.instances[instance];
  const auto& target = observation.targets[*observation.environments[state.environment].target];
  plan.rebuild = state.lost;
  for (const auto& desired : state.desired) {
    const auto at = make_case(observation, claims, instance, desired.id);
    plan.objects.push_back(is_job(state, target, desired.id) ? decide_job(at, desired, plan) : decide_desired(at, desired));
  }
  std::vector<ObjectPlan> others;
  if (state.inventory) {
    std::set<manifest::ObjectId> desired;
    for (const auto& object : state.desired) desired.insert(object.id);
    for (const auto& entry : state.inventory->entries) {
      if (!desired.contains(entry.id)) others.push_back(decide_undesired(make_case(observation, claims, instance, entry.id)));
    }
  }
  for (const auto& id : state.leftovers) {
    others.push_back(plain(make_case(observation, claims, instance, id), Action::leftover, std::string(kPerhapsOurs)));
  }
  std::sort(others.begin(), others.end(), [](const ObjectPlan& a, const ObjectPlan& b) { return manifest::applies_before(b.id, a.id); });
  std::move(others.begin(), others.end(), std::back_inserter(plan.objects));
}

}  // namespace muster::reconcile
