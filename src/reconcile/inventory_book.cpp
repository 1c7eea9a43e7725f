#include "reconcile/inventory_book.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>

namespace muster::reconcile {
namespace {

bool same(const target::Inventory& a, const target::Inventory& b) {
  return a.record == b.record && a.objects == b.objects && a.folder == b.folder && a.entries == b.entries && a.job == b.job &&
         a.lost == b.lost;
}

/// The folder's id stands in the inventory only while that names exactly the objects of the descriptor, each as it was
/// applied last: then the next pass need not read them. The bundle's digest alone does not say so, for it is the one of the
/// last whole pass: a newer one may have written some objects and failed at others, and then been taken back.
std::string folder_of(const InstanceState& state, const target::Inventory& inventory) {
  if (!state.stands || inventory.objects != state.objects || inventory.entries.size() != state.desired.size()) return {};
  std::map<manifest::ObjectId, Digest> applied;
  for (const auto& entry : inventory.entries) {
    if (entry.uid.empty()) return {};
    applied.emplace(entry.id, entry.applied);
  }
  const bool all = std::all_of(state.desired.begin(), state.desired.end(), [&](const Desired& desired) {
    const auto found = applied.find(desired.id);
    return found != applied.end() && found->second == desired.digest;
  });
  return all ? state.folder : std::string();
}

}  // namespace

target::InventoryEntry* find_entry(target::Inventory& inventory, const manifest::ObjectId& id) {
  const auto found = std::find_if(inventory.entries.begin(), inventory.entries.end(), [&](const auto& entry) { return entry.id == id; });
  return found == inventory.entries.end() ? nullptr : &*found;
}

target::InventoryEntry& entry_for(target::Inventory& inventory, const manifest::ObjectId& id) {
  if (auto* found = find_entry(inventory, id)) return *found;
  target::InventoryEntry fresh;
  fresh.id = id;
  const auto place = std::find_if(inventory.entries.begin(), inventory.entries.end(), [&](const auto& entry) { return id < entry.id; });
  return *inventory.entries.insert(place, std::move(fresh));
}

InventoryBook::InventoryBook(const Observation& observation) : observation_(observation) {
  for (const auto& state : observation.instances) {
    auto& page = pages_.emplace_back(std::make_unique<Page>());
    page->exists = state.inventory.has_value();
    if (state.inventory) page->inventory = *state.inventory;
    page->inventory.service = state.key.service;
  }
}

target::Target& InventoryBook::target_of(std::size_t instance) const {
  const auto& environment = observation_.environments[observation_.instances[instance].environment];
  return *observation_.targets[*environment.target].target;
}

target::Stamp InventoryBook::stamp_of(std::size_t instance) const {
  return observation_.environments[observation_.instances[instance].environment].stamp_at_tip();
}

target::Inventory InventoryBook::read(std::size_t instance) const {
  const std::lock_guard lock(pages_[instance]->mutex);
  return pages_[instance]->inventory;
}

Result<void> InventoryBook::change(std::size_t instance, const std::function<void(target::Inventory&)>& change) {
  auto& page = *pages_[instance];
  const std::lock_guard lock(page.mutex);
  auto next = page.inventory;
  next.lost = false;
  change(next);
  next.folder = folder_of(observation_.instances[instance], next);
  if (next.entries.empty() && !observation_.instances[instance].stands) return remove(instance, page);
  if (page.exists && same(next, page.inventory)) return {};
  auto version = target_of(instance).write_inventory(stamp_of(instance), next);
  if (!version.ok())
    return std::move(version).failure().with_context(
        fmt::format("writing the inventory of {}", observation_.instances[instance].key.text()));
  next.version = std::move(version).value();
  page.inventory = std::move(next);
  page.exists = true;
  return {};
}

Result<void> InventoryBook::remove(std::size_t instance, Page& page) {
  if (!page.exists) return {};
  MUSTER_CHECK(with_context(target_of(instance).remove_inventory(stamp_of(instance), page.inventory),
                            fmt::format("removing the inventory of {}", observation_.instances[instance].key.text())));
  page.exists = false;
  page.inventory = {};
  return {};
}

}  // namespace muster::reconcile
