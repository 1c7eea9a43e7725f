#include "support/memory_target.hpp"

#include <fmt/format.h>

#include <array>

namespace muster::test {
namespace {

constexpr std::array kWriting = {"swap_stamp", "remove_stamp", "write_inventory", "remove_inventory", "apply", "remove"};

Failure lost(std::string_view what) { return retry(Reason::conflict, fmt::format("{} is not what it was", what)); }

std::string stamp_text(const target::Stamp& stamp) {
  return fmt::format("stamp {} {}/{} at {}\n", stamp.environment_id, stamp.fleet, stamp.environment, stamp.record);
}

std::string inventory_text(std::string_view environment_id, const target::Inventory& inventory) {
  std::string text = fmt::format("inventory {} {}{} record {} objects {}\n", environment_id, inventory.service,
                                 inventory.lost ? " (lost)" : "", inventory.record, inventory.objects);
  for (const auto& entry : inventory.entries) {
    text +=
        fmt::format("  {} uid {} applied {} repairs {}\n", entry.id.text(), entry.uid, entry.applied.short_text(), entry.repairs.size());
  }
  if (inventory.job) {
    text += fmt::format("  job {} state {} completed {}\n", inventory.job->bundle, static_cast<int>(inventory.job->state),
                        inventory.job->completed.size());
  }
  return text;
}

}  // namespace

bool TargetCall::writes() const { return std::find(kWriting.begin(), kWriting.end(), method) != kWriting.end(); }

MemoryTarget::MemoryTarget(target::TargetRef reference, bool executes) : reference_(std::move(reference)), executes_(executes) {}

void MemoryTarget::fail_before(Hook hook) {
  const std::lock_guard lock(mutex_);
  before_ = std::move(hook);
}

void MemoryTarget::fail_after(Hook hook) {
  const std::lock_guard lock(mutex_);
  after_ = std::move(hook);
}

void MemoryTarget::set_health(const manifest::ObjectId& id, target::Health health) {
  const std::lock_guard lock(mutex_);
  if (const auto found = objects_.find(id); found != objects_.end()) found->second.health = health;
  health_[id] = std::move(health);
}

void MemoryTarget::edit(const manifest::ObjectId& id, std::optional<Value> content) {
  const std::lock_guard lock(mutex_);
  if (!content) {
    objects_.erase(id);
    return;
  }
  auto [found, born] = objects_.try_emplace(id);
  if (born) found->second.uid = fmt::format("{}#{}", id.text(), ++births_[id]);
  found->second.content = std::move(*content);
  ++found->second.generation;
}

void MemoryTarget::lose_inventory(std::string_view environment_id, std::string_view service) {
  const std::lock_guard lock(mutex_);
  inventories_.erase({std::string(environment_id), std::string(service)});
}

void MemoryTarget::damage_inventory(std::string_view environment_id, std::string_view service) {
  const std::lock_guard lock(mutex_);
  const auto found = inventories_.find({std::string(environment_id), std::string(service)});
  if (found == inventories_.end()) return;
  target::Inventory damaged;
  damaged.service = found->second.service;
  damaged.lost = true;
  damaged.version = found->second.version;
  found->second = std::move(damaged);
}

void MemoryTarget::put_stamp(const target::Stamp& stamp) {
  const std::lock_guard lock(mutex_);
  stamps_[stamp.environment_id] = stamp;
}

std::map<manifest::ObjectId, Value> MemoryTarget::objects() const {
  const std::lock_guard lock(mutex_);
  std::map<manifest::ObjectId, Value> contents;
  for (const auto& [id, stored] : objects_) contents.emplace(id, stored.content);
  return contents;
}

std::vector<target::Stamp> MemoryTarget::standing_stamps() const {
  const std::lock_guard lock(mutex_);
  std::vector<target::Stamp> all;
  for (const auto& [id, stamp] : stamps_) all.push_back(stamp);
  return all;
}

std::vector<TargetCall> MemoryTarget::calls() const {
  const std::lock_guard lock(mutex_);
  return calls_;
}

std::vector<std::string> MemoryTarget::writes() const {
  const std::lock_guard lock(mutex_);
  std::vector<std::string> texts;
  for (const auto& call : calls_) {
    if (call.writes()) texts.push_back(call.text());
  }
  return texts;
}

void MemoryTarget::forget_calls() {
  const std::lock_guard lock(mutex_);
  calls_.clear();
}

std::string MemoryTarget::dump() const {
  const std::lock_guard lock(mutex_);
  std::string text;
  for (const auto& [id, stamp] : stamps_) text += stamp_text(stamp);
  for (const auto& [key, inventory] : inventories_) text += inventory_text(key.first, inventory);
  for (const auto& [id, stored] : objects_) text += fmt::format("{} {}\n", id.text(), to_canonical_json(stored.content));
  return text;
}

std::optional<Failure> MemoryTarget::begin(std::string_view method, std::string_view subject) {
  calls_.push_back({std::string(method), std::string(subject), calls_.empty() ? 1 : calls_.back().number + 1});
  return before_ ? before_(calls_.back()) : std::nullopt;
}

std::optional<Failure> MemoryTarget::end() { return after_ ? after_(calls_.back()) : std::nullopt; }

Result<void> MemoryTarget::check_stamp(const target::Stamp& under) const {
  const auto found = stamps_.find(under.environment_id);
  if (found == stamps_.end() || found->second != under) return lost("the stamp of " + under.environment);
  return {};
}

Result<std::optional<target::Stamp>> MemoryTarget::stamp(std::string_view environment_id) {
  const std::lock_guard lock(mutex_);
  if (auto failure = begin("stamp", environment_id)) return std::move(*failure);
  const auto found = stamps_.find(environment_id);
  if (found == stamps_.end()) return std::optional<target::Stamp>();
  return std::optional(found->second);
}

Result<void> MemoryTarget::swap_stamp(const std::optional<target::Stamp>& expected, const target::Stamp& desired) {
  const std::lock_guard lock(mutex_);
  if (auto failure = begin("swap_stamp", desired.environment_id)) return std::move(*failure);
  const auto found = stamps_.find(desired.environment_id);
  const bool as_expected = expected ? found != stamps_.end() && found->second == *expected : found == stamps_.end();
  if (!as_expected) return lost("the stamp of " + desired.environment);
  stamps_[desired.environment_id] = desired;
  if (auto failure = end()) return std::move(*failure);
  return {};
}

Result<std::vector<target::Stamp>> MemoryTarget::stamps() {
  const std::lock_guard lock(mutex_);
  if (auto failure = begin("stamps", "")) return std::move(*failure);
  std::vector<target::Stamp> all;
  for (const auto& [id, stamp] : stamps_) all.push_back(stamp);
  return all;
}

Result<void> MemoryTarget::remove_stamp(const target::Stamp& expected) {
  const std::lock_guard lock(mutex_);
  if (auto failure = begin("remove_stamp", expected.environment_id)) return std::move(*failure);
  const auto found = stamps_.find(expected.environment_id);
  if (found == stamps_.end()) return {};
  if (found->second != expected) return lost("the stamp of " + expected.environment);
  stamps_.erase(found);
  if (auto failure = end()) return std::move(*failure);
  return {};
}

Result<std::vector<target::Inventory>> MemoryTarget::inventories(std::string_view environment_id) {
  const std::lock_guard lock(mutex_);
  if (auto failure = begin("inventories", environment_id)) return std::move(*failure);
  std::vector<target::Inventory> all;
  for (const auto& [key, inventory] : inventories_) {
    if (key.first == environment_id) all.push_back(inventory);
  }
  return all;
}

Result<std::string> MemoryTarget::write_inventory(const target::Stamp& under, const target::Inventory& inventory) {
  const std::lock_guard lock(mutex_);
  if (auto failure = begin("write_inventory", inventory.service)) return std::move(*failure);
  MUSTER_CHECK(check_stamp(under));
  const InventoryKey key{under.environment_id, inventory.service};
  const auto found = inventories_.find(key);
  if ((found == inventories_.end() ? "" : found->second.version) != inventory.version) return lost("the inventory of " + inventory.service);
  auto written = inventory;
  written.lost = false;
  written.version = fmt::format("v{}", ++versions_);
  inventories_[key] = written;
  if (auto failure = end()) return std::move(*failure);
  return written.version;
}

Result<void> MemoryTarget::remove_inventory(const target::Stamp& under, const target::Inventory& inventory) {
  const std::lock_guard lock(mutex_);
  if (auto failure = begin("remove_inventory", inventory.service)) return std::move(*failure);
  MUSTER_CHECK(check_stamp(under));
  const auto found = inventories_.find({under.environment_id, inventory.service});
  if (found == inventories_.end()) return {};
  if (found->second.version != inventory.version) return lost("the inventory of " + inventory.service);
  inventories_.erase(found);
  if (auto failure = end()) return std::move(*failure);
  return {};
}

std::string MemoryTarget::owner_uid(const manifest::ObjectId& id) const {
  for (const auto& [key, inventory] : inventories_) {
    for (const auto& entry : inventory.entries) {
      if (entry.id == id && !entry.uid.empty()) return entry.uid;
    }
  }
  return {};
}

target::Live MemoryTarget::live(const manifest::ObjectId& id, const Stored& stored) const {
  target::Live live;
  live.id = id;
  live.uid = executes_ ? stored.uid : owner_uid(id);
  live.digest = manifest::digest(stored.content);
  live.version = executes_ ? fmt::format("{}", stored.generation) : live.digest.text();
  live.ours = executes_ ? stored.managed : !live.uid.empty();
  return live;
}

Result<std::vector<target::Live>> MemoryTarget::observe(std::span<const manifest::ObjectId> ids) {
  const std::lock_guard lock(mutex_);
  if (auto failure = begin("observe", "")) return std::move(*failure);
  std::vector<target::Live> all;
  for (const auto& id : ids) {
    if (const auto found = objects_.find(id); found != objects_.end()) all.push_back(live(id, found->second));
  }
  return all;
}

Result<std::optional<Value>> MemoryTarget::read(const manifest::ObjectId& id) {
  const std::lock_guard lock(mutex_);
  if (auto failure = begin("read", id.text())) return std::move(*failure);
  const auto found = objects_.find(id);
  if (found == objects_.end()) return std::optional<Value>();
  return std::optional(found->second.content);
}

Result<void> MemoryTarget::check(const manifest::ObjectId& id, const std::optional<target::Precondition>& expected) const {
  const auto found = objects_.find(id);
  if (!expected) {
    if (found != objects_.end()) return retry(Reason::conflict, fmt::format("{} exists already", id.text()));
    return {};
  }
  if (found == objects_.end()) return retry(Reason::conflict, fmt::format("{} is gone", id.text()));
  const auto now = live(id, found->second);
  if (now.uid != expected->uid || now.version != expected->version) return lost(id.text());
  return {};
}

Result<target::Live> MemoryTarget::apply(const target::Stamp& under, const manifest::Object& object,
                                         const std::optional<target::Precondition>& expected) {
  const std::lock_guard lock(mutex_);
  if (auto failure = begin("apply", object.id.text())) return std::move(*failure);
  MUSTER_CHECK(check_stamp(under));
  MUSTER_CHECK(check(object.id, expected));
  auto& stored = objects_[object.id];
  if (!expected) stored.uid = fmt::format("{}#{}", object.id.text(), ++births_[object.id]);
  stored.content = object.content;
  stored.managed = true;
  ++stored.generation;
  if (const auto health = health_.find(object.id); health != health_.end()) stored.health = health->second;
  auto now = live(object.id, stored);
  if (now.uid.empty())
    now.uid = executes_ ? stored.uid : fmt::format("{}#{}", object.id.text(), expected ? ++births_[object.id] : births_[object.id]);
  now.ours = true;
  if (auto failure = end()) return std::move(*failure);
  return now;
}

Result<void> MemoryTarget::remove(const target::Stamp& under, const manifest::ObjectId& id, const target::Precondition& expected) {
  const std::lock_guard lock(mutex_);
  if (auto failure = begin("remove", id.text())) return std::move(*failure);
  MUSTER_CHECK(check_stamp(under));
  if (!objects_.contains(id)) return {};
  MUSTER_CHECK(check(id, expected));
  objects_.erase(id);
  if (auto failure = end()) return std::move(*failure);
  return {};
}

Result<target::Health> MemoryTarget::health(const manifest::ObjectId& id) {
  const std::lock_guard lock(mutex_);
  if (auto failure = begin("health", id.text())) return std::move(*failure);
  const auto found = objects_.find(id);
  if (found == objects_.end()) return target::Health{target::Health::State::unhealthy, "it is not there"};
  return found->second.health;
}

Result<std::shared_ptr<target::Target>> MemoryTargets::open(const target::TargetRef& reference) {
  const std::lock_guard lock(mutex_);
  auto& found = targets_[reference.name];
  if (!found) found = std::make_shared<MemoryTarget>(reference, executes_);
  return std::shared_ptr<target::Target>(found);
}

MemoryTarget& MemoryTargets::at(const std::string& name) {
  const std::lock_guard lock(mutex_);
  auto& found = targets_[name];
  if (!found) found = std::make_shared<MemoryTarget>(target::TargetRef{name, "memory", "", {}}, executes_);
  return *found;
}

}  // namespace muster::test
