// Claims: one object has one owner in an environment. The service that has it keeps it; two new ones are both refused.
#include <fmt/core.h>

#include <map>
#include <set>

#include "deliver/items.hpp"

namespace muster::deliver {
namespace {

/// Objects a proposal has that its service did not have before.
std::vector<manifest::ObjectId> fresh_objects(const Item& item) {
  std::set<manifest::ObjectId> before;
  if (item.proposal->standing) before.insert(item.proposal->standing->identities.begin(), item.proposal->standing->identities.end());
  std::vector<manifest::ObjectId> fresh;
  for (const auto& object : item.proposal->objects) {
    if (!before.contains(object.id)) fresh.push_back(object.id);
  }
  return fresh;
}

/// Objects that stay with their service in this pass.
Result<std::map<manifest::ObjectId, std::string>> owners(Pass& pass) {
  std::map<manifest::ObjectId, std::string> owners;
  for (Item& item : pass.items) {
    if (!item.stands) continue;
    if (item.proposal && item.proposal->removal) continue;
    MUSTER_CHECK(load_descriptor(pass, item));
    if (!item.descriptor || !item.descriptor->release) continue;
    std::set<manifest::ObjectId> stays;
    if (item.proposal) {
      for (const auto& object : item.proposal->objects) stays.insert(object.id);
    }
    for (const auto& id : item.descriptor->release->identities) {
      if (!item.proposal || stays.contains(id)) owners.emplace(id, item.service);
    }
  }
  return owners;
}

}  // namespace

Result<void> settle_claims(Pass& pass) {
  std::map<manifest::ObjectId, std::vector<Item*>> claims;
  for (Item& item : pass.items) {
    if (!item.proposal || item.proposal->removal) continue;
    for (auto& id : fresh_objects(item)) claims[std::move(id)].push_back(&item);
  }
  if (claims.empty()) return {};
  MUSTER_TRY(const auto owned, owners(pass));
  for (const auto& [id, items] : claims) {
    const auto owner = owned.find(id);
    for (Item* item : items) {
      const bool alone = owner == owned.end() && items.size() == 1;
      if (alone || !item->proposal || (owner != owned.end() && owner->second == item->service)) continue;
      const std::string other = owner != owned.end()    ? owner->second
                                : items.front() == item ? items.back()->service
                                                        : items.front()->service;
      drop_proposal(*item, {Why::claimed, "", fmt::format("{} belongs to {} as well", id.text(), other), "give one of the two another name",
                            std::nullopt, std::nullopt});
    }
  }
  return {};
}

}  // namespace muster::deliver
