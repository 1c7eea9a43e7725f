#include "reconcile/claims.hpp"

#include <algorithm>

namespace muster::reconcile {

Claims::Claims(const Observation& observation)
    : observation_(observation), objects_(observation.targets.size()), suspects_(observation.targets.size()) {
  for (std::size_t index = 0; index < observation.instances.size(); ++index) {
    const auto& state = observation.instances[index];
    const auto& target = observation.environments[state.environment].target;
    if (!target) continue;
    // A descriptor that cannot be used still names what could be read of it, so that nobody prunes that.
    for (const auto& desired : state.desired) objects_[*target][desired.id].claimants.push_back(index);
    if (!state.trouble.empty()) suspects_[*target].push_back(index);
    if (!state.inventory) continue;
    for (const auto& entry : state.inventory->entries) objects_[*target][entry.id].owners.push_back({index, &entry});
  }
}

const Claims::Users& Claims::users(std::size_t target, const manifest::ObjectId& id) const {
  static const Users kNobody;
  const auto found = objects_[target].find(id);
  return found == objects_[target].end() ? kNobody : found->second;
}

const std::vector<std::size_t>& Claims::claimants(std::size_t target, const manifest::ObjectId& id) const {
  return users(target, id).claimants;
}

const std::vector<Owner>& Claims::owners(std::size_t target, const manifest::ObjectId& id) const { return users(target, id).owners; }

const target::InventoryEntry* Claims::entry(std::size_t target, const manifest::ObjectId& id, std::size_t instance) const {
  for (const auto& owner : owners(target, id)) {
    if (owner.instance == instance) return owner.entry;
  }
  return nullptr;
}

std::optional<std::size_t> Claims::winner(std::size_t target, const manifest::ObjectId& id) const {
  const auto& named_by = claimants(target, id);
  if (named_by.empty()) return std::nullopt;
  if (named_by.size() == 1) return named_by.front();
  const auto& live = observation_.targets[target].live;
  const auto standing = live.find(id);
  std::optional<std::size_t> intends;
  std::optional<std::size_t> has;
  for (const auto& owner : owners(target, id)) {
    if (std::find(named_by.begin(), named_by.end(), owner.instance) == named_by.end()) continue;
    if (!owner.entry->uid.empty() && standing != live.end() && standing->second.uid == owner.entry->uid) return owner.instance;
    if (!owner.entry->uid.empty() && !has) has = owner.instance;
    if (!intends) intends = owner.instance;
  }
  return has ? has : intends;
}

const InstanceState* Claims::suspect(std::size_t target, const manifest::ObjectId& id) const {
  for (const auto index : suspects_[target]) {
    if (observation_.instances[index].suspected.contains(id.descriptor_path())) return &observation_.instances[index];
  }
  return nullptr;
}

}  // namespace muster::reconcile
