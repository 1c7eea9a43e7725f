// Items: which services a pass is about (declared, standing, or in the ledger), and which of them were renamed.
#include <fmt/core.h>

#include <algorithm>
#include <set>

#include "deliver/items.hpp"

namespace muster::deliver {
namespace {

bool recorded(const record::ServiceLedger* ledger) { return ledger != nullptr && !ledger->never_recorded() && !ledger->removed(); }

/// The former name under which a newly named service still stands, or was last recorded.
std::string former_name(const Pass& pass, const model::Instance& instance, const std::set<std::string>& standing) {
  const auto& names = instance.renamed_from;
  const auto found = std::find_if(names.rbegin(), names.rend(),
                                  [&](const std::string& name) { return standing.contains(name) || recorded(pass.ledger->service(name)); });
  return found == names.rend() ? std::string() : *found;
}

void add_declared(Pass& pass, const std::set<std::string>& standing, std::map<std::string, Item>& items) {
  for (const auto& instance : pass.run.fleet.instances) {
    if (instance.environment != pass.environment.id) continue;
    Item& item = items[instance.name];
    item.instance = &instance;
    const record::ServiceLedger* own = pass.ledger->service(instance.name);
    if (!standing.contains(instance.name) && !recorded(own)) item.renamed_from = former_name(pass, instance, standing);
  }
  for (const auto& poisoned : pass.run.fleet.poisoned) {
    if (!poisoned.environment.empty() && poisoned.environment != pass.environment.name) continue;
    Item& item = items[poisoned.service];
    item.poisoned = &poisoned;
    item.instance = nullptr;
    item.renamed_from.clear();
  }
}

/// A former name belongs to the service that it became; whoever else declares it while it stands gets nothing.
void settle_renames(std::map<std::string, Item>& items) {
  std::map<std::string, std::string> taken;
  for (const auto& [name, item] : items) {
    if (!item.renamed_from.empty()) taken.emplace(item.renamed_from, name);
  }
  for (const auto& [former, name] : taken) {
    const auto old = items.find(former);
    if (old == items.end()) continue;
    if (!old->second.declared()) {
      items.erase(old);
      continue;
    }
    const std::string text = fmt::format("`{}` was renamed to `{}`, and its objects still live under the old name", former, name);
    items.at(name).hold(Why::claimed, "", text, "give one of the two another name");
    old->second.hold(Why::claimed, "", text, "give one of the two another name");
  }
}

}  // namespace

void Item::hold(Obstacle obstacle) {
  obstacles.push_back(std::move(obstacle));
  partial = true;
}

void Item::hold(Why why, std::string input, std::string text, std::string lift) {
  hold({why, std::move(input), std::move(text), std::move(lift), std::nullopt, std::nullopt});
}

Result<void> gather_items(Pass& pass) {
  MUSTER_TRY(const auto services, pass.standing->services());
  const std::set<std::string> standing(services.begin(), services.end());
  std::map<std::string, Item> items;
  for (const auto& service : standing) items[service];
  for (const auto& [service, ledger] : pass.ledger->services) {
    if (recorded(&ledger)) items[service];
  }
  add_declared(pass, standing, items);
  settle_renames(items);
  const std::set<std::string> wanted(pass.run.request.instances.begin(), pass.run.request.instances.end());
  pass.items.reserve(items.size());
  for (auto& [service, item] : items) {
    const std::string& name = item.renamed_from.empty() ? service : item.renamed_from;
    item.service = service;
    item.ledger = pass.ledger->service(name);
    item.stands = standing.contains(name);
    item.selected = wanted.empty() || wanted.contains(model::instance_name(service, pass.environment.name));
    item.accepts_all = pass.run.resuming.contains(service);
    item.resumed = item.accepts_all || (item.ledger != nullptr && item.ledger->resume.has_value());
    pass.items.push_back(std::move(item));
  }
  return {};
}

Result<void> load_descriptor(Pass& pass, Item& item) {
  if (item.descriptor || !item.stands) return {};
  MUSTER_TRY(item.descriptor, pass.standing->descriptor(item.renamed_from.empty() ? item.service : item.renamed_from));
  return {};
}

const record::Hold* find_hold(const Pass& pass, const Item& item) {
  for (const auto& name : {item.service, item.renamed_from}) {
    const auto found = pass.holds.find(name);
    if (!name.empty() && found != pass.holds.end()) return &found->second;
  }
  return nullptr;
}

}  // namespace muster::deliver
