#include "sim/world/memory_git.hpp"

#include <fmt/format.h>
#include <openssl/sha.h>

#include <algorithm>
#include <array>

namespace muster::sim {
namespace {

git::Oid hash(std::string_view type, std::string_view bytes) {
  const std::string text = fmt::format("{} {}", type, bytes.size()) + '\0' + std::string(bytes);
  git::Oid id;
  SHA1(reinterpret_cast<const unsigned char*>(text.data()), text.size(), id.bytes.data());
  return id;
}

std::string raw_bytes(const git::Oid& id) { return {reinterpret_cast<const char*>(id.bytes.data()), id.bytes.size()}; }

/// git's order of tree entries: folders compare as if their name ended in a slash.
bool before(const git::TreeEntry& a, const git::TreeEntry& b) {
  const auto key = [](const git::TreeEntry& entry) { return entry.mode == git::Mode::tree ? entry.name + "/" : entry.name; };
  return key(a) < key(b);
}

std::string person_line(const git::Person& person) {
  const int offset = person.offset_minutes;
  const auto seconds = std::chrono::floor<std::chrono::seconds>(person.at).time_since_epoch().count();
  return fmt::format("{} <{}> {} {}{:02}{:02}", person.name, person.email, seconds, offset < 0 ? '-' : '+', std::abs(offset) / 60,
                     std::abs(offset) % 60);
}

Failure no_object(const git::Oid& id) { return stalled(Reason::absent, "no object " + id.text()); }

}  // namespace

git::Oid ObjectPool::put_blob(std::string_view bytes) {
  const git::Oid id = hash("blob", bytes);
  objects_.try_emplace(id, std::string(bytes));
  return id;
}

git::Oid ObjectPool::put_tree(Tree entries) {
  std::sort(entries.begin(), entries.end(), before);
  std::string raw;
  for (const git::TreeEntry& entry : entries) {
    raw += fmt::format("{:o} {}", static_cast<std::uint32_t>(entry.mode), entry.name) + '\0' + raw_bytes(entry.id);
  }
  const git::Oid id = hash("tree", raw);
  objects_.try_emplace(id, std::move(entries));
  return id;
}

git::Oid ObjectPool::put_commit(const git::NewCommit& commit) {
  std::string raw = fmt::format("tree {}\n", commit.tree.text());
  for (const git::Oid& parent : commit.parents) raw += fmt::format("parent {}\n", parent.text());
  raw += fmt::format("author {}\ncommitter {}\n\n{}", person_line(commit.author), person_line(commit.committer), commit.message);
  const git::Oid id = hash("commit", raw);
  objects_.try_emplace(id, git::Commit{id, commit.tree, commit.parents, commit.author, commit.committer, commit.message});
  std::uint64_t generation = 0;
  for (const git::Oid& parent : commit.parents) {
    if (const auto found = generations_.find(parent); found != generations_.end()) generation = std::max(generation, found->second + 1);
  }
  generations_[id] = generation;
  raw_commits_.try_emplace(id, std::move(raw));
  return id;
}

const std::string* ObjectPool::blob(const git::Oid& id) const {
  const auto found = objects_.find(id);
  return found == objects_.end() ? nullptr : std::get_if<std::string>(&found->second);
}

const ObjectPool::Tree* ObjectPool::tree(const git::Oid& id) const {
  const auto found = objects_.find(id);
  return found == objects_.end() ? nullptr : std::get_if<Tree>(&found->second);
}

const git::Commit* ObjectPool::commit(const git::Oid& id) const {
  const auto found = objects_.find(id);
  return found == objects_.end() ? nullptr : std::get_if<git::Commit>(&found->second);
}

const std::string* ObjectPool::raw(const git::Oid& id) const {
  const auto found = raw_commits_.find(id);
  return found == raw_commits_.end() ? nullptr : &found->second;
}

bool ObjectPool::is_ancestor(const git::Oid& ancestor, const git::Oid& descendant) const {
  const auto floor = generations_.find(ancestor);
  if (floor == generations_.end()) return false;
  std::vector<git::Oid> open = {descendant};
  std::set<git::Oid> seen;
  while (!open.empty()) {
    const git::Oid id = open.back();
    open.pop_back();
    if (id == ancestor) return true;
    const auto generation = generations_.find(id);
    if (generation == generations_.end() || generation->second <= floor->second || !seen.insert(id).second) continue;
    if (const git::Commit* found = commit(id)) open.insert(open.end(), found->parents.begin(), found->parents.end());
  }
  return false;
}

Result<git::Commit> MemoryRepository::commit(const git::Oid& id) {
  if (const git::Commit* found = pool_->commit(id)) return *found;
  return no_object(id);
}

Result<std::string> MemoryRepository::raw_commit(const git::Oid& id) {
  if (const std::string* found = pool_->raw(id)) return *found;
  return no_object(id);
}

Result<std::vector<git::TreeEntry>> MemoryRepository::tree(const git::Oid& id) {
  if (const ObjectPool::Tree* found = pool_->tree(id)) return *found;
  return no_object(id);
}

Result<std::string> MemoryRepository::blob(const git::Oid& id, std::size_t limit) {
  const std::string* found = pool_->blob(id);
  if (found == nullptr) return no_object(id);
  if (found->size() > limit) return stalled(Reason::limit, "blob " + id.text() + " is larger than allowed");
  return *found;
}

Result<bool> MemoryRepository::has(const git::Oid& id) {
  return pool_->blob(id) != nullptr || pool_->tree(id) != nullptr || pool_->commit(id) != nullptr;
}

/// Only whole ids: nobody types them here.
Result<git::Oid> MemoryRepository::find(std::string_view digits) {
  const auto id = git::Oid::parse(digits);
  if (id && *has(*id)) return *id;
  return stalled(Reason::absent, "no object begins with " + std::string(digits));
}

Result<git::Oid> MemoryRepository::write_blob(std::string_view bytes) { return pool_->put_blob(bytes); }
Result<git::Oid> MemoryRepository::write_tree(std::vector<git::TreeEntry> entries) { return pool_->put_tree(std::move(entries)); }
Result<git::Oid> MemoryRepository::write_commit(const git::NewCommit& commit) { return pool_->put_commit(commit); }

Result<std::optional<git::Oid>> MemoryRepository::ref(std::string_view name) {
  const auto found = refs_.find(std::string(name));
  return found == refs_.end() ? std::optional<git::Oid>() : std::optional<git::Oid>(found->second);
}

Result<std::vector<git::Ref>> MemoryRepository::refs(std::string_view prefix) {
  std::vector<git::Ref> out;
  for (const auto& [name, id] : refs_) {
    if (name.starts_with(prefix)) out.push_back({name, id});
  }
  return out;
}

Result<void> MemoryRepository::update_ref(std::string_view name, std::optional<git::Oid> value, std::optional<git::Oid> expected) {
  const auto change = [&]() -> Result<void> {
    const auto found = refs_.find(std::string(name));
    const std::optional<git::Oid> present = found == refs_.end() ? std::nullopt : std::optional(found->second);
    if (present != expected) return retry(Reason::conflict, fmt::format("{} moved", name));
    if (value) {
      refs_[std::string(name)] = *value;
    } else {
      refs_.erase(std::string(name));
    }
    return {};
  };
  return steps_ == nullptr ? change() : steps_->effect(change);
}

Result<bool> MemoryRepository::is_ancestor(const git::Oid& ancestor, const git::Oid& descendant) {
  if (pool_->commit(ancestor) == nullptr) return no_object(ancestor);
  if (pool_->commit(descendant) == nullptr) return no_object(descendant);
  return pool_->is_ancestor(ancestor, descendant);
}

Result<void> MemoryRepository::walk_first_parents(const git::Oid& tip, const std::function<bool(const git::Commit&)>& visit) {
  const git::Commit* at = pool_->commit(tip);
  if (at == nullptr) return no_object(tip);
  while (visit(*at)) {
    if (at->parents.empty()) return {};
    const git::Oid parent = at->parents.front();
    at = pool_->commit(parent);
    if (at == nullptr) return stalled(Reason::corrupt, "history ends at " + parent.text() + ", which is not here");
  }
  return {};
}

Hub::Hub(Network& network, Clock& clock, Steps& steps, SeededRandom& random)
    : network_(network), clock_(clock), steps_(steps), random_(random) {}

Server& Network::server(std::string_view url) {
  const std::string key = git::url_key(url);
  const auto found = servers_.find(key);
  if (found != servers_.end()) return found->second;
  Server made;
  made.repository = std::make_shared<MemoryRepository>(pool_, nullptr);
  made.past.emplace_back();
  return servers_.emplace(key, std::move(made)).first->second;
}

void Hub::wipe(bool embedded) {
  mirrors_.clear();
  if (embedded) local_.clear();
}

std::shared_ptr<MemoryRepository> Hub::mirror_of(std::string_view url) {
  std::shared_ptr<MemoryRepository>& slot = mirrors_[git::url_key(url)];
  if (!slot) slot = std::make_shared<MemoryRepository>(network_.pool(), nullptr);
  return slot;
}

std::optional<Failure> Hub::gust(const git::Remote& remote) {
  if (random_.chance(50)) return std::nullopt;
  const std::array failures = {retry(Reason::unreachable, remote.url + ": 500"), retry(Reason::limit, remote.url + ": 429"),
                               retry(Reason::timeout, remote.url + ": no answer in time"), stalled(Reason::denied, remote.url + ": 403"),
                               retry(Reason::corrupt, remote.url + ": the answer was cut off")};
  return failures.at(random_.below(failures.size()));
}

Result<Refs> Hub::visible_refs(const git::Remote& remote) {
  Server& at = network_.server(remote.url);
  if (at.weather == Weather::flaky) {
    if (auto failure = gust(remote)) return std::move(*failure);
  }
  switch (at.weather) {
    case Weather::unreachable: return retry(Reason::unreachable, remote.url + ": connection refused");
    case Weather::denied: return stalled(Reason::denied, remote.url + ": 401");
    case Weather::missing: return stalled(Reason::absent, remote.url + ": 404");
    case Weather::empty: return Refs();
    case Weather::stale: return at.past.at(random_.below(at.past.size()));
    case Weather::fine:
    case Weather::flaky:
    case Weather::no_objects:
    case Weather::push_refused:
    case Weather::answer_lost: break;
  }
  return at.repository->all_refs();
}

Result<git::RefListing> Hub::list_refs(const git::Remote& remote, std::span<const std::string> prefixes, const std::stop_token& stop) {
  if (stop.stop_requested()) return stalled(Reason::cancelled, "stopped");
  ++network_.server(remote.url).listings;
  MUSTER_TRY(const Refs shown, visible_refs(remote));
  git::RefListing listing;
  listing.head = "refs/heads/main";
  listing.at = clock_.now();
  for (const auto& [name, id] : shown) {
    const bool wanted = prefixes.empty() || std::any_of(prefixes.begin(), prefixes.end(),
                                                        [&shown_name = name](const std::string& p) { return shown_name.starts_with(p); });
    if (wanted) listing.refs.push_back({name, id});
  }
  return listing;
}

Result<std::shared_ptr<git::Repository>> Hub::fetch(const git::Remote& remote, std::span<const std::string> names,
                                                    const std::stop_token& stop) {
  if (stop.stop_requested()) return stalled(Reason::cancelled, "stopped");
  MUSTER_TRY(const Refs shown, visible_refs(remote));
  if (network_.server(remote.url).weather == Weather::no_objects) return retry(Reason::corrupt, remote.url + ": the pack is empty");
  const std::shared_ptr<MemoryRepository> to = mirror_of(remote.url);
  for (const std::string& name : names) {
    const auto found = shown.find(name);
    if (found == shown.end()) return wait(Reason::absent, fmt::format("{} has no {}", remote.url, name));
    to->all_refs()[name] = found->second;
  }
  return std::shared_ptr<git::Repository>(to);
}

Result<std::shared_ptr<git::Repository>> Hub::mirror(const git::Remote& remote) {
  return std::shared_ptr<git::Repository>(mirror_of(remote.url));
}

Result<std::shared_ptr<git::Repository>> Hub::open_local(const Path& path) {
  std::shared_ptr<MemoryRepository>& slot = local_[path.string()];
  if (!slot) slot = std::make_shared<MemoryRepository>(network_.pool(), &steps_);
  return std::shared_ptr<git::Repository>(slot);
}

Result<void> Hub::push(const git::Remote& remote, git::Repository& /*from: objects are shared*/, std::span<const git::Push> updates,
                       const std::stop_token& stop) {
  if (stop.stop_requested()) return stalled(Reason::cancelled, "stopped");
  return steps_.effect([&]() -> Result<void> {
    MUSTER_TRY(const Refs shown, visible_refs(remote));
    Server& at = network_.server(remote.url);
    if (at.weather == Weather::push_refused) return stalled(Reason::denied, "protected branch");
    for (const git::Push& update : updates) {
      const Refs& present = at.repository->all_refs();
      const auto found = present.find(update.ref);
      const std::optional<git::Oid> value = found == present.end() ? std::nullopt : std::optional(found->second);
      if (value != update.expected) return retry(Reason::conflict, update.ref + " moved");
    }
    for (const git::Push& update : updates) {
      if (update.value) {
        at.repository->all_refs()[update.ref] = *update.value;
      } else {
        at.repository->all_refs().erase(update.ref);
      }
    }
    ++at.pushes;
    at.remember();
    const bool lost = at.weather == Weather::answer_lost || (at.weather == Weather::flaky && random_.chance(30));
    if (lost) return retry(Reason::unreachable, remote.url + ": connection reset");
    return {};
  });
}

}  // namespace muster::sim
