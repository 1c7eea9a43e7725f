#include <fmt/format.h>

#include <algorithm>

#include "muster/base/parallel.hpp"
#include "muster/base/text.hpp"
#include "reconcile/health.hpp"
#include "reconcile/jobs.hpp"
#include "reconcile/observe.hpp"

namespace muster::reconcile {
namespace {

void make_unreadable(Draft& draft, std::size_t target, const Failure& failure) {
  for (auto& environment : draft.out.environments) {
    if (environment.target == target && !environment.unreadable) environment.unreadable = failure;
  }
}

Result<void> open_target(Draft& draft, TargetState& state) {
  MUSTER_TRY(state.target, draft.targets.open(state.reference));
  state.executes = state.target->executes();
  return {};
}

bool is_observed(const Draft& draft, const target::Stamp& stamp) {
  return std::any_of(draft.out.environments.begin(), draft.out.environments.end(),
                     [&](const EnvironmentState& environment) { return environment.id == stamp.environment_id; });
}

/// What environments that this pass does not see own here: another fleet's, or one whose branch is gone.
Result<void> read_foreign(TargetState& state, const target::Stamp& stamp) {
  MUSTER_TRY(const auto inventories, state.target->inventories(stamp.environment_id));
  for (const auto& inventory : inventories) {
    const std::string owner = fmt::format("{}@{} of fleet {}", inventory.service, stamp.environment, stamp.fleet);
    for (const auto& entry : inventory.entries) state.foreign.emplace(entry.id, TargetState::Foreign{stamp.environment_id, owner});
  }
  return {};
}

bool is_ours(const Draft& draft, const target::Stamp& stamp) {
  return std::any_of(draft.out.environments.begin(), draft.out.environments.end(),
                     [&](const EnvironmentState& environment) { return environment.fleet == stamp.fleet; });
}

/// An environment of this fleet that was applied here and has no branch any more: held, and shown.
void add_branchless(Draft& draft, std::size_t target, const target::Stamp& stamp) {
  auto& environments = draft.out.environments;
  const auto same_name = [&](const EnvironmentState& environment) { return environment.name == stamp.environment; };
  auto found = std::find_if(environments.begin(), environments.end(), same_name);
  if (found != environments.end() && !found->id.empty()) return;  // Another id under this name: that branch is held for it.
  if (found == environments.end()) {
    const auto place = std::find_if(environments.begin(), environments.end(),
                                    [&](const EnvironmentState& environment) { return environment.name > stamp.environment; });
    draft.branches.emplace(draft.branches.begin() + (place - environments.begin()));
    found = environments.emplace(place);
  }
  found->name = stamp.environment;
  found->id = stamp.environment_id;
  found->fleet = stamp.fleet;
  found->target = target;
  found->stamp = stamp;
  if (!found->unreadable || found->unreadable->reason == Reason::absent) {
    found->unreadable = stalled(Reason::absent, fmt::format("the environment repository has no branch {}", stamp.environment));
  }
}

/// The stamp's place in the history of the branch that is to be applied.
Result<bool> stands_in_history(record::Chain& chain, const target::Stamp& stamp) {
  const auto commit = git::Oid::parse(stamp.record);
  if (!commit) return false;
  MUSTER_TRY(const auto position, chain.position(*commit));
  return position.has_value();
}

Result<void> read_environment(Draft& draft, TargetState& state, std::size_t index, const std::vector<target::Stamp>& stamps) {
  auto& environment = draft.out.environments[index];
  auto& branch = draft.branches[index];
  for (const auto& stamp : stamps) {
    if (stamp.environment_id == environment.id) {
      environment.stamp = stamp;
    } else if (stamp.fleet == environment.fleet && stamp.environment == environment.name) {
      environment.others.push_back(stamp);
    }
  }
  if (environment.stamp) {
    MUSTER_TRY(environment.stamp_in_history, stands_in_history(*branch.chain, *environment.stamp));
  }
  MUSTER_TRY(branch.inventories, state.target->inventories(environment.id));
  return {};
}

/// One stamp cannot be read: its environment is held, the others go on, and nothing is pruned, for whatever it has there
/// is unknown.
Result<std::vector<target::Stamp>> read_own_stamps(Draft& draft, std::size_t index, const Failure& corrupt) {
  auto& target = draft.out.targets[index];
  target.prunes_held = corrupt.text;
  std::vector<target::Stamp> stamps;
  for (auto& environment : draft.out.environments) {
    if (environment.target != index || environment.unreadable) continue;
    auto stamp = target.target->stamp(environment.id);
    if (!stamp.ok()) {
      environment.unreadable = std::move(stamp).failure().with_context(fmt::format("reading target {}", target.reference.name));
    } else if (*stamp) {
      stamps.push_back(**stamp);
    }
  }
  return stamps;
}

void observe_target(Draft& draft, std::size_t index) {
  auto& state = draft.out.targets[index];
  if (auto opened = open_target(draft, state); !opened.ok()) {
    make_unreadable(draft, index, opened.failure());
    return;
  }
  auto stamps = state.target->stamps();
  if (!stamps.ok() && stamps.failure().reason == Reason::corrupt) stamps = read_own_stamps(draft, index, stamps.failure());
  if (!stamps.ok()) {
    make_unreadable(draft, index,
                    Failure(stamps.failure()).with_context(fmt::format("reading the stamps of target {}", state.reference.name)));
    return;
  }
  for (std::size_t i = 0; i < draft.out.environments.size(); ++i) {
    auto& environment = draft.out.environments[i];
    if (environment.target != index || environment.unreadable) continue;
    if (auto read = read_environment(draft, state, i, *stamps); !read.ok()) {
      environment.unreadable = std::move(read).failure().with_context(fmt::format("reading target {}", state.reference.name));
    }
  }
  for (const auto& stamp : *stamps) {
    if (is_observed(draft, stamp)) continue;
    if (is_ours(draft, stamp)) add_branchless(draft, index, stamp);
    if (auto read = read_foreign(state, stamp); !read.ok()) {
      state.prunes_held = fmt::format("the inventories of {} in target {} cannot be read: {}", stamp.environment, state.reference.name,
                                      read.failure().text);
    }
  }
}

/// "No descriptor of any environment of that target names it" needs all of those environments.
void judge_completeness(Draft& draft) {
  for (auto& target : draft.out.targets) {
    const auto index = static_cast<std::size_t>(&target - draft.out.targets.data());
    for (const auto& environment : draft.out.environments) {
      const bool may_use = !environment.target || *environment.target == index;
      // The repository answered that there is no such branch, and nothing was ever applied from one: it names nothing.
      const bool never_was = environment.unreadable && environment.unreadable->reason == Reason::absent && !environment.stamp;
      if (environment.unreadable && may_use && !never_was && target.prunes_held.empty()) {
        target.prunes_held = fmt::format("{} may name it, and could not be read", environment.name);
      }
    }
  }
}

std::vector<manifest::ObjectId> named_objects(const Draft& draft, std::size_t target) {
  std::set<manifest::ObjectId> ids;
  for (const auto& instance : draft.out.instances) {
    if (draft.out.environments[instance.environment].target != target) continue;
    for (const auto& desired : instance.desired) ids.insert(desired.id);
    if (!instance.inventory) continue;
    for (const auto& entry : instance.inventory->entries) ids.insert(entry.id);
  }
  return {ids.begin(), ids.end()};
}

Result<void> observe_ids(const Draft& draft, TargetState& state, const std::vector<manifest::ObjectId>& ids) {
  const std::size_t chunks = std::clamp<std::size_t>(ids.size() / 256, 1, std::max(1U, draft.options.jobs));
  std::vector<Result<std::vector<target::Live>>> slots(chunks, std::vector<target::Live>());
  for_each_index(chunks, draft.options.jobs, [&](std::size_t chunk) {
    const std::size_t begin = ids.size() * chunk / chunks;
    const std::size_t end = ids.size() * (chunk + 1) / chunks;
    slots[chunk] = state.target->observe(std::span(ids).subspan(begin, end - begin));
  });
  for (auto& slot : slots) {
    if (!slot.ok()) return std::move(slot).failure();
    for (auto& live : *slot) state.live.emplace(live.id, std::move(live));
  }
  return {};
}

const target::InventoryEntry* entry_of(const InstanceState& state, const manifest::ObjectId& id) {
  if (!state.inventory) return nullptr;
  for (const auto& entry : state.inventory->entries) {
    if (entry.id == id) return &entry;
  }
  return nullptr;
}

/// A live object that no inventory has, or one of an intent that was never confirmed, and that is not as the descriptor
/// says: only the branch's history can tell whether muster wrote it.
bool needs_history(const InstanceState& state, const TargetState& target, const std::set<manifest::ObjectId>& owned) {
  if (state.lost) return true;
  if (target.executes) return false;
  return std::any_of(state.desired.begin(), state.desired.end(), [&](const Desired& desired) {
    const auto live = target.live.find(desired.id);
    if (live == target.live.end() || live->second.digest == desired.digest) return false;
    const auto* entry = entry_of(state, desired.id);
    return entry != nullptr ? entry->uid.empty() : !owned.contains(desired.id);
  });
}

std::set<manifest::ObjectId> owned_objects(const Draft& draft, std::size_t target) {
  std::set<manifest::ObjectId> owned;
  for (const auto& instance : draft.out.instances) {
    if (!instance.inventory || draft.out.environments[instance.environment].target != target) continue;
    for (const auto& entry : instance.inventory->entries) owned.insert(entry.id);
  }
  return owned;
}

/// Objects of earlier descriptors that nobody owns and no descriptor names: what a lost inventory may leave behind. A
/// cluster says which of them muster made; a file may be one of muster's that somebody edited.
Result<void> find_leftovers(InstanceState& state, TargetState& target, const std::set<manifest::ObjectId>& known) {
  std::vector<manifest::ObjectId> ids;
  for (const auto& [id, digests] : state.versions) {
    if (!known.contains(id)) ids.push_back(id);
  }
  MUSTER_TRY(auto live, target.target->observe(ids));
  for (auto& object : live) {
    if (target.executes && !object.ours) continue;
    state.leftovers.push_back(object.id);
    const auto id = object.id;
    target.live.emplace(id, std::move(object));
  }
  return {};
}

}  // namespace

void observe_targets(Draft& draft) {
  for (std::size_t index = 0; index < draft.out.targets.size(); ++index) observe_target(draft, index);
  judge_completeness(draft);
}

void observe_objects(Draft& draft) {
  for (std::size_t index = 0; index < draft.out.targets.size(); ++index) {
    auto& state = draft.out.targets[index];
    if (state.target == nullptr) continue;
    if (auto observed = observe_ids(draft, state, named_objects(draft, index)); !observed.ok()) {
      make_unreadable(draft, index, std::move(observed).failure().with_context(fmt::format("observing target {}", state.reference.name)));
    }
  }
  judge_completeness(draft);
}

void read_histories(Draft& draft) {
  std::map<std::size_t, std::set<std::string>> wanted;  // By environment.
  for (std::size_t target = 0; target < draft.out.targets.size(); ++target) {
    const auto owned = owned_objects(draft, target);
    for (auto& state : draft.out.instances) {
      const auto& environment = draft.out.environments[state.environment];
      if (environment.target != target || environment.unreadable) continue;
      const auto& live = draft.out.targets[target].live;
      const auto unowned = [&](const Desired& desired) { return live.contains(desired.id) && !owned.contains(desired.id); };
      if (!state.inventory && std::any_of(state.desired.begin(), state.desired.end(), unowned)) state.lost = true;
      if (needs_history(state, draft.out.targets[target], owned)) wanted[state.environment].insert(state.key.service);
    }
  }
  for (const auto& [index, services] : wanted) {
    auto& environment = draft.out.environments[index];
    auto versions = read_versions(*draft.branches[index].chain, services);
    if (!versions.ok()) {
      environment.unreadable = std::move(versions).failure().with_context(fmt::format("reading the history of {}", environment.name));
      continue;
    }
    auto& target = draft.out.targets[*environment.target];
    const auto named = named_objects(draft, *environment.target);
    const std::set<manifest::ObjectId> known(named.begin(), named.end());
    for (auto& state : draft.out.instances) {
      if (state.environment != index || !services.contains(state.key.service)) continue;
      state.versions = std::move((*versions)[state.key.service]);
      if (!state.lost) continue;
      if (auto found = find_leftovers(state, target, known); !found.ok()) {
        environment.unreadable = std::move(found).failure().with_context(fmt::format("observing target {}", target.reference.name));
      }
    }
  }
}

void observe_health(Draft& draft) {
  auto& instances = draft.out.instances;
  for_each_index(instances.size(), draft.options.jobs, [&](std::size_t i) {
    auto& state = instances[i];
    const auto& environment = draft.out.environments[state.environment];
    if (!state.stands || environment.unreadable || !environment.target) return;
    const auto& target = draft.out.targets[*environment.target];
    if (target.target == nullptr) return;
    state.health = health_of(*target.target, lasting_objects(state, target));
    if (!target.executes || !state.job || state.health.state != target::Health::State::healthy) return;
    state.health = run_health(state, last_run(draft.out, state));
  });
}

}  // namespace muster::reconcile
