#include "reconcile/observe.hpp"

#include <algorithm>

#include "muster/base/parallel.hpp"

namespace muster::reconcile {

std::string InstanceKey::text() const { return service + "@" + environment; }

std::optional<InstanceKey> InstanceKey::parse(std::string_view text) {
  const auto at = text.find('@');
  if (at == std::string_view::npos || at == 0 || at + 1 == text.size()) return std::nullopt;
  return InstanceKey{std::string(text.substr(at + 1)), std::string(text.substr(0, at))};
}

const InstanceState* Observation::find(const InstanceKey& key) const {
  const auto found = std::lower_bound(instances.begin(), instances.end(), key,
                                      [](const InstanceState& state, const InstanceKey& wanted) { return state.key < wanted; });
  return found != instances.end() && found->key == key ? &*found : nullptr;
}

std::vector<EnvironmentAt> all_environments(const record::EnvironmentRepository& records) {
  std::vector<EnvironmentAt> all;
  for (const auto& name : records.known()) all.push_back({name, records.branch(name)});
  return all;
}

namespace {

constexpr void (*kParts[])(Draft&) = {observe_targets, list_instances, read_descriptors, read_health_notes,
                                      observe_objects, read_histories, observe_health};

}  // namespace

Observation observe(const World& world, record::EnvironmentRepository& records, target::Targets& targets,
                    const std::vector<EnvironmentAt>& environments, const ObserveOptions& options) {
  Draft draft{world, records, targets, options, {}, {}};
  draft.out.now = world.clock.now();
  observe_branches(draft, environments);
  for (const auto part : kParts) part(draft);
  return std::move(draft.out);
}

void list_instances(Draft& draft) {
  for (std::size_t index = 0; index < draft.branches.size(); ++index) {
    auto& branch = draft.branches[index];
    const auto& environment = draft.out.environments[index];
    if (environment.unreadable) continue;
    std::map<std::string, InstanceState> states;
    for (const auto& service : branch.services) states[service].stands = true;
    for (auto& inventory : branch.inventories) {
      auto& state = states[inventory.service];
      state.lost = inventory.lost;
      state.inventory = std::move(inventory);
    }
    for (auto& [service, state] : states) {
      state.key = {environment.name, service};
      state.environment = index;
      draft.out.instances.push_back(std::move(state));
    }
  }
  std::sort(draft.out.instances.begin(), draft.out.instances.end(),
            [](const InstanceState& a, const InstanceState& b) { return a.key < b.key; });
}

}  // namespace muster::reconcile
