#include "target/directory/directory_target.hpp"

#include <fmt/core.h>

#include <algorithm>

#include "muster/manifest/yaml.hpp"
#include "target/directory/inventory_text.hpp"

namespace muster::target {

namespace {

constexpr auto kPatience = std::chrono::seconds(30);

Digest digest_of_bytes(std::string_view bytes) { return Hasher().add("not this object").add(bytes).finish(); }

// The object of a file, if it is one of this identity and nothing else.
std::optional<Value> object_in(std::string_view bytes, const manifest::ObjectId& id) {
  auto objects = manifest::parse_objects(bytes, id.target_path());
  if (!objects.ok() || objects->size() != 1 || objects->front().id != id) return std::nullopt;
  return std::move(objects->front().content);
}

Failure changed_meanwhile(const manifest::ObjectId& id, std::string_view what) {
  return retry(Reason::conflict, fmt::format("{} {} since it was looked at", id.text(), what));
}

Result<void> check_name(std::string_view what, std::string_view name) {
  if (Layout::is_file_name(name)) return {};
  return stalled(Reason::invalid, fmt::format("{} '{}' cannot be a file's name", what, name));
}

}  // namespace

DirectoryTarget::DirectoryTarget(const World& world, TargetRef reference, const Path& root)
    : files_(world.files), random_(world.random), reference_(std::move(reference)), layout_(root), ownership_(files_, layout_) {}

Result<DirectoryTarget::Held> DirectoryTarget::hold(const Path& path) {
  // Names are spread over a few locks by content, so that every process picks the same one.
  return hold_number(sha256(path.lexically_relative(layout_.root()).native()).bytes[0] % holds_.size());
}

Result<std::vector<DirectoryTarget::Held>> DirectoryTarget::hold_all() {
  std::vector<Held> all;
  for (std::size_t number = 0; number < holds_.size(); ++number) {
    MUSTER_TRY(Held held, hold_number(number));
    all.push_back(std::move(held));
  }
  return all;
}

Result<DirectoryTarget::Held> DirectoryTarget::hold_number(std::size_t number) {
  Held held{std::unique_lock(holds_.at(number)), nullptr};
  MUSTER_CHECK(check_own_folders());
  auto locked = files_.lock(layout_.lock(number), fmt::format("muster applies to {}", reference_.name), kPatience);
  if (!locked.ok()) {
    Failure failure = std::move(locked).failure();
    // Busy is no lost race: whoever is told of one comes back at once.
    if (failure.reason == Reason::conflict)
      return retry(Reason::timeout, fmt::format("target {} is locked by another process ({})", reference_.name, failure.text));
    return failure;
  }
  held.everywhere = std::move(locked).value();
  return held;
}

// A link in place of a folder would lead out of the target.
Result<void> DirectoryTarget::check_folder(const Path& folder) const {
  const auto entry = files_.stat(folder);
  if (!entry.ok()) return entry.failure().reason == Reason::absent ? Result<void>() : Result<void>(entry.failure());
  if (entry->kind == FileKind::directory) return {};
  return stalled(Reason::conflict, fmt::format("{} is no folder; move it away, muster follows no links inside a target", folder.native()));
}

Result<void> DirectoryTarget::check_own_folders() const {
  MUSTER_CHECK(check_folder(layout_.root() / ".muster"));
  return check_folder(layout_.inventories());
}

// ---- Stamps and inventories ----

Result<std::string> DirectoryTarget::version_of(const Path& book) {
  auto read = read_book(files_, book);
  if (!read.ok() && read.failure().reason == Reason::absent) return std::string();
  if (!read.ok()) return std::move(read).failure();
  return std::move(read->version);
}

Result<std::optional<Stamp>> DirectoryTarget::stamp(std::string_view environment_id) {
  MUSTER_CHECK(check_name("environment id", environment_id));
  const Path path = layout_.stamp(environment_id);
  const auto book = read_book(files_, path);
  if (!book.ok() && book.failure().reason == Reason::absent) return without_stamp(environment_id);
  if (!book.ok()) return book.failure();
  auto found = parse_stamp(book->text, path.native());
  if (!found.ok()) return corrupt_stamp(found.failure().text, environment_id);
  if (found->environment_id != environment_id) {
    return corrupt_stamp(fmt::format("{}: it is the stamp of environment {}", path.native(), found->environment_id), environment_id);
  }
  return std::optional(std::move(found).value());
}

// Inventories that no stamp dates may be newer than the branch that is to be applied: an old one would prune by them.
Result<std::optional<Stamp>> DirectoryTarget::without_stamp(std::string_view environment_id) const {
  const auto entries = files_.list(layout_.environment(environment_id));
  if (!entries.ok() && entries.failure().reason == Reason::absent) return std::optional<Stamp>();
  if (!entries.ok()) return entries.failure();
  if (std::none_of(entries->begin(), entries->end(),
                   [](const DirectoryEntry& entry) { return Layout::service_of(entry.name).has_value(); }))
    return std::optional<Stamp>();
  return corrupt_stamp(fmt::format("{} is gone, and the inventories beside it are not", layout_.stamp(environment_id).native()),
                       environment_id);
}

Failure DirectoryTarget::corrupt_stamp(std::string_view what, std::string_view environment_id) const {
  return stalled(Reason::corrupt, fmt::format("{}; put it back, or remove {}: the inventory is then rebuilt from the branch", what,
                                              layout_.environment(environment_id).native()));
}

Result<void> DirectoryTarget::check_stamp(const Stamp& under) {
  const Path path = layout_.stamp(under.environment_id);
  const auto text = files_.read(path, manifest::kMaxFileBytes);
  if (text.ok() && *text == print_stamp(under)) return {};
  MUSTER_TRY(const std::optional<Stamp> found, stamp(under.environment_id));
  if (found == under) return {};
  return retry(Reason::conflict, fmt::format("target {} was stamped with {} for {} meanwhile, no longer with {}", reference_.name,
                                             found ? found->record : "nothing", under.environment, under.record));
}

Result<void> DirectoryTarget::swap_stamp(const std::optional<Stamp>& expected, const Stamp& desired) {
  MUSTER_CHECK(check_name("environment id", desired.environment_id));
  const Path path = layout_.stamp(desired.environment_id);
  MUSTER_TRY(const auto held, hold_all());
  MUSTER_TRY(const std::optional<Stamp> found, stamp(desired.environment_id));
  if (found != expected) {
    return retry(Reason::conflict, fmt::format("the stamp of {} in target {} is at {}, not at {}", desired.environment, reference_.name,
                                               found ? found->record : "nothing", expected ? expected->record : "nothing"));
  }
  if (found == desired) return {};
  return files_.write_atomic(path, print_stamp(desired));
}

Result<std::vector<Stamp>> DirectoryTarget::stamps() {
  std::vector<Stamp> out;
  MUSTER_CHECK(check_own_folders());
  const auto folders = files_.list(layout_.inventories());
  if (!folders.ok() && folders.failure().reason == Reason::absent) return out;
  if (!folders.ok()) return folders.failure();
  for (const DirectoryEntry& folder : *folders) {
    if (!Layout::is_file_name(folder.name)) continue;
    if (folder.kind == FileKind::symlink) MUSTER_CHECK(check_folder(layout_.inventories() / folder.name));
    if (folder.kind != FileKind::directory) continue;
    MUSTER_TRY(std::optional<Stamp> found, stamp(folder.name));
    if (found) out.push_back(*std::move(found));
  }
  return out;
}

Result<void> DirectoryTarget::remove_stamp(const Stamp& expected) {
  const Path path = layout_.stamp(expected.environment_id);
  MUSTER_TRY(const auto held, hold_all());
  MUSTER_TRY(const std::optional<Stamp> found, stamp(expected.environment_id));
  if (!found) return {};
  if (*found != expected)
    return stalled(Reason::conflict,
                   fmt::format("the stamp of {} in target {} moved to {}", expected.environment, reference_.name, found->record));
  MUSTER_CHECK(ownership_.look());
  if (const auto left = ownership_.inventories(expected.environment_id); !left.empty()) {
    return stalled(Reason::conflict,
                   fmt::format("{} still owns objects of {} in target {}", expected.environment, left.front().service, reference_.name));
  }
  MUSTER_CHECK(files_.remove(path));
  MUSTER_CHECK(files_.remove_if_empty(layout_.environment(expected.environment_id)));
  return files_.remove_if_empty(layout_.inventories());
}

Result<std::vector<Inventory>> DirectoryTarget::inventories(std::string_view environment_id) {
  MUSTER_CHECK(ownership_.look());
  return ownership_.inventories(environment_id);
}

Result<std::string> DirectoryTarget::write_inventory(const Stamp& under, const Inventory& inventory) {
  const std::string& environment_id = under.environment_id;
  MUSTER_CHECK(check_name("environment id", environment_id));
  MUSTER_CHECK(check_name("service", inventory.service));
  const Path path = layout_.inventory(environment_id, inventory.service);
  MUSTER_TRY(const Held held, hold(path));
  MUSTER_CHECK(check_stamp(under));
  MUSTER_TRY(const std::string found, version_of(path));
  if (found != inventory.version) {
    return retry(Reason::conflict,
                 fmt::format("the inventory of {} in target {} changed since it was read", inventory.service, reference_.name));
  }
  Inventory written = inventory;
  written.lost = false;
  std::sort(written.entries.begin(), written.entries.end(), [](const InventoryEntry& a, const InventoryEntry& b) { return a.id < b.id; });
  const std::string text = print_inventory(written);
  written.version = sha256(text).text();
  if (written.version != found) MUSTER_CHECK(files_.write_whole(path, text));
  MUSTER_CHECK(ownership_.look_once());
  std::string version = written.version;
  ownership_.remember(environment_id, inventory.service, std::move(written));
  return version;
}

Result<void> DirectoryTarget::remove_inventory(const Stamp& under, const Inventory& inventory) {
  const std::string& environment_id = under.environment_id;
  MUSTER_CHECK(check_name("environment id", environment_id));
  MUSTER_CHECK(check_name("service", inventory.service));
  const Path path = layout_.inventory(environment_id, inventory.service);
  MUSTER_TRY(const Held held, hold(path));
  MUSTER_CHECK(check_stamp(under));
  MUSTER_TRY(const std::string found, version_of(path));
  if (!found.empty() && found != inventory.version) {
    return retry(Reason::conflict,
                 fmt::format("the inventory of {} in target {} changed since it was read", inventory.service, reference_.name));
  }
  MUSTER_CHECK(files_.remove(path));
  MUSTER_CHECK(ownership_.look_once());
  ownership_.remember(environment_id, inventory.service, std::nullopt);
  return {};
}

// ---- Objects ----

Result<std::optional<DirectoryTarget::Content>> DirectoryTarget::content_at(const manifest::ObjectId& id) {
  const Path path = layout_.object(id);
  const auto entry = files_.stat(path);
  if (!entry.ok() && entry.failure().reason == Reason::absent) return std::optional<Content>();
  if (!entry.ok()) return entry.failure();
  if (entry->kind != FileKind::file) {
    // A link, a folder: somebody's, and never read through.
    const std::string kind = fmt::format("file kind {}", static_cast<int>(entry->kind));
    return std::optional(Content{sha256(kind).text(), digest_of_bytes(kind)});
  }
  {
    const std::scoped_lock hold(seen_mutex_);
    const auto seen = seen_.find(path.native());
    const bool unchanged =
        seen != seen_.end() && entry->stamp != 0 && seen->second.stamp == entry->stamp && seen->second.size == entry->size;
    if (unchanged) return std::optional(seen->second.content);
  }
  const auto bytes = files_.read(path, manifest::kMaxFileBytes);
  if (!bytes.ok() && bytes.failure().reason == Reason::absent) return std::optional<Content>();
  if (!bytes.ok() && bytes.failure().reason == Reason::limit) {
    const std::string size = fmt::format("file of {} bytes", entry->size);
    return std::optional(Content{sha256(size).text(), digest_of_bytes(size)});
  }
  if (!bytes.ok()) return bytes.failure();
  const std::optional<Value> object = object_in(*bytes, id);
  Content content{sha256(*bytes).text(), object ? manifest::digest(*object) : digest_of_bytes(*bytes)};
  const std::scoped_lock hold(seen_mutex_);
  seen_[path.native()] = Seen{entry->stamp, entry->size, content};
  return std::optional(std::move(content));
}

Result<std::optional<Live>> DirectoryTarget::live_at(const manifest::ObjectId& id) {
  MUSTER_TRY(std::optional<Content> content, content_at(id));
  if (!content) return std::optional<Live>();
  std::string uid = ownership_.uid_of(id, content->digest);
  const bool ours = !uid.empty();
  return std::optional(Live{id, std::move(uid), std::move(content->version), content->digest, ours});
}

Result<std::vector<Live>> DirectoryTarget::observe(std::span<const manifest::ObjectId> ids) {
  MUSTER_CHECK(ownership_.look_at_folders());
  std::vector<Live> out;
  out.reserve(ids.size());
  const std::string* folder = nullptr;  // The namespace whose folder was looked at last; ids come sorted.
  for (const manifest::ObjectId& id : ids) {
    if (folder == nullptr || *folder != id.namespace_) MUSTER_CHECK(check_folder(layout_.object(id).parent_path()));
    folder = &id.namespace_;
    MUSTER_TRY(std::optional<Live> live, live_at(id));
    if (live) out.push_back(*std::move(live));
  }
  return out;
}

Result<std::optional<Value>> DirectoryTarget::read(const manifest::ObjectId& id) {
  const Path path = layout_.object(id);
  MUSTER_CHECK(check_folder(path.parent_path()));
  const auto entry = files_.stat(path);
  if (!entry.ok() && entry.failure().reason == Reason::absent) return std::optional<Value>();
  if (!entry.ok()) return entry.failure();
  if (entry->kind != FileKind::file) return stalled(Reason::invalid, fmt::format("{} is no file", path.native()));
  MUSTER_TRY(std::string bytes, files_.read(path, manifest::kMaxFileBytes));
  std::optional<Value> object = object_in(bytes, id);
  // What is not the object is shown as the text that it is; Secrets are hidden by their kind, so their ruins are not shown.
  if (!object && id.kind == "Secret") return stalled(Reason::invalid, fmt::format("{} does not hold {}", path.native(), id.text()));
  return object ? std::move(object) : std::optional(Value(std::move(bytes)));
}

Result<Live> DirectoryTarget::apply(const Stamp& under, const manifest::Object& object, const std::optional<Precondition>& expected) {
  MUSTER_CHECK(ownership_.look_once());
  const Path path = layout_.object(object.id);
  MUSTER_TRY(const Held held, hold(path));
  MUSTER_CHECK(check_stamp(under));
  MUSTER_CHECK(check_folder(path.parent_path()));
  MUSTER_TRY(const std::optional<Live> found, live_at(object.id));
  if (found && !expected) return changed_meanwhile(object.id, "appeared");
  if (!found && expected) return changed_meanwhile(object.id, "disappeared");
  if (found && (found->version != expected->version || found->uid != expected->uid)) return changed_meanwhile(object.id, "changed");
  const std::string text = manifest::print_object(object.content);
  Live live{object.id, found ? found->uid : std::string(), sha256(text).text(), manifest::digest(object), true};
  if (live.uid.empty()) live.uid = random_.hex(16);
  if (!found || found->version != live.version) MUSTER_CHECK(write(path, text));
  return live;
}

// A removal beside it may take the empty folder away between its making and the writing into it.
Result<void> DirectoryTarget::write(const Path& path, std::string_view text) {
  constexpr int kAttempts = 8;
  for (int attempt = 1;; ++attempt) {
    auto written = files_.write_whole(path, text);
    if (written.ok() || written.failure().reason != Reason::absent || attempt == kAttempts) return written;
  }
}

Result<void> DirectoryTarget::remove(const Stamp& under, const manifest::ObjectId& id, const Precondition& expected) {
  MUSTER_CHECK(ownership_.look_once());
  const Path path = layout_.object(id);
  MUSTER_TRY(const Held held, hold(path));
  MUSTER_CHECK(check_stamp(under));
  MUSTER_CHECK(check_folder(path.parent_path()));
  MUSTER_TRY(const std::optional<Live> found, live_at(id));
  if (!found) return {};
  if (found->version != expected.version || found->uid != expected.uid) return changed_meanwhile(id, "changed");
  MUSTER_CHECK(files_.remove(path));
  return files_.remove_if_empty(path.parent_path());
}

Result<Health> DirectoryTarget::health(const manifest::ObjectId& id) {
  MUSTER_CHECK(check_folder(layout_.object(id).parent_path()));
  MUSTER_TRY(const std::optional<Content> content, content_at(id));
  if (!content) return Health{Health::State::unhealthy, "it is not there"};
  return Health{Health::State::healthy, {}};
}

}  // namespace muster::target
