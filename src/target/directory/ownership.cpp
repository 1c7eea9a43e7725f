#include "target/directory/ownership.hpp"

#include <algorithm>
#include <set>
#include <utility>

#include "muster/manifest/yaml.hpp"
#include "target/directory/inventory_text.hpp"

namespace muster::target {

namespace {

// Nothing there is an empty listing; every other failure is one.
Result<std::vector<DirectoryEntry>> list_if_there(Files& files, const Path& folder) {
  auto listed = files.list(folder);
  if (!listed.ok() && listed.failure().reason == Reason::absent) return std::vector<DirectoryEntry>();
  return listed;
}

}  // namespace

Result<BookText> read_book(Files& files, const Path& path) {
  MUSTER_TRY(const DirectoryEntry entry, files.stat(path));
  if (entry.kind != FileKind::file) return BookText{{}, "unreadable", false};
  auto text = files.read(path, manifest::kMaxFileBytes);
  if (!text.ok() && text.failure().reason == Reason::limit) return BookText{{}, "unreadable", false};
  if (!text.ok()) return std::move(text).failure();
  std::string version = sha256(*text).text();
  return BookText{std::move(text).value(), std::move(version), true};
}

Result<Ownership::Known> Ownership::read(const Path& path, const DirectoryEntry& entry, std::string_view service) {
  Known known{entry.stamp, entry.size, {}};
  MUSTER_TRY(const BookText book, read_book(files_, path));
  auto parsed = parse_inventory(book.text, path.native());
  if (book.readable && parsed.ok() && parsed->service == service) {
    known.inventory = std::move(parsed).value();
  } else {
    known.inventory.service = service;
    known.inventory.lost = true;
  }
  known.inventory.version = book.version;
  return known;
}

Result<bool> Ownership::look_at(const Path& folder, Services& services) {
  MUSTER_TRY(const auto entries, list_if_there(files_, folder));
  bool changed = false;
  std::set<std::string, std::less<>> there;
  for (const DirectoryEntry& entry : entries) {
    const auto service = Layout::service_of(entry.name);
    if (!service) continue;
    const auto known = services.find(*service);
    const bool same = known != services.end() && entry.stamp != 0 && known->second.stamp == entry.stamp && known->second.size == entry.size;
    if (!same) {
      auto read_now = read(folder / entry.name, entry, *service);
      if (!read_now.ok() && read_now.failure().reason == Reason::absent) continue;  // Removed since it was listed.
      if (!read_now.ok()) return std::move(read_now).failure();
      services.insert_or_assign(std::string(*service), std::move(read_now).value());
      changed = true;
    }
    there.emplace(*service);
  }
  return std::erase_if(services, [&](const auto& known) { return !there.contains(known.first); }) != 0 || changed;
}

Result<void> Ownership::look() { return look_again(true); }

Result<void> Ownership::look_at_folders() { return look_again(false); }

Result<void> Ownership::look_again(bool in_place) {
  const std::scoped_lock hold(mutex_);
  MUSTER_TRY(const auto folders, list_if_there(files_, layout_.inventories()));
  bool changed = !std::exchange(looked_, false);  // Where this look fails, the next one starts afresh.
  std::set<std::string, std::less<>> there;
  for (const DirectoryEntry& folder : folders) {
    if (folder.kind != FileKind::directory) continue;
    there.insert(folder.name);
    Environment& known = environments_[folder.name];
    if (!in_place && folder.stamp != 0 && folder.stamp == known.stamp) continue;
    MUSTER_TRY(const bool moved, look_at(layout_.inventories() / folder.name, known.services));
    known.stamp = folder.stamp;
    changed = changed || moved;
  }
  changed = std::erase_if(environments_, [&](const auto& known) { return !there.contains(known.first); }) != 0 || changed;
  looked_ = true;
  if (changed) rebuild_owners();
  return {};
}

Result<void> Ownership::look_once() {
  {
    const std::scoped_lock hold(mutex_);
    if (looked_) return {};
  }
  return look();
}

std::vector<Inventory> Ownership::inventories(std::string_view environment_id) const {
  const std::scoped_lock hold(mutex_);
  std::vector<Inventory> out;
  const auto environment = environments_.find(environment_id);
  if (environment == environments_.end()) return out;
  for (const auto& [service, known] : environment->second.services) out.push_back(known.inventory);
  return out;
}

void Ownership::remember(std::string_view environment_id, std::string_view service, std::optional<Inventory> inventory) {
  const std::scoped_lock hold(mutex_);
  Services& services = environments_[std::string(environment_id)].services;
  const auto known = services.find(service);
  if (known != services.end()) {
    drop_owners(known->second.inventory);
    services.erase(known);
  }
  if (!inventory) return;
  add_owners(*inventory);
  services.emplace(service, Known{0, 0, *std::move(inventory)});
}

void Ownership::rebuild_owners() {
  owners_.clear();
  for (const auto& [id, environment] : environments_) {
    for (const auto& [service, known] : environment.services) add_owners(known.inventory);
  }
}

void Ownership::add_owners(const Inventory& inventory) {
  for (const InventoryEntry& entry : inventory.entries) {
    if (!entry.uid.empty()) owners_[entry.id].push_back({entry.uid, entry.applied});
  }
}

void Ownership::drop_owners(const Inventory& inventory) {
  for (const InventoryEntry& entry : inventory.entries) {
    const auto found = owners_.find(entry.id);
    if (found == owners_.end()) continue;
    const auto same = [&](const Owned& owned) { return owned.uid == entry.uid && owned.applied == entry.applied; };
    const auto one = std::find_if(found->second.begin(), found->second.end(), same);
    if (one != found->second.end()) found->second.erase(one);
    if (found->second.empty()) owners_.erase(found);
  }
}

std::string Ownership::uid_of(const manifest::ObjectId& id, const std::optional<Digest>& live) const {
  const std::scoped_lock hold(mutex_);
  const auto found = owners_.find(id);
  if (found == owners_.end()) return {};
  const auto applied =
      std::find_if(found->second.begin(), found->second.end(), [&](const Owned& owned) { return live && owned.applied == *live; });
  if (applied != found->second.end()) return applied->uid;
  // Which inventory was read first is chance; the smallest uid is not.
  return std::min_element(found->second.begin(), found->second.end(), [](const Owned& a, const Owned& b) { return a.uid < b.uid; })->uid;
}

}  // namespace muster::target
