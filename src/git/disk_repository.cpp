#include "git/disk_repository.hpp"

#include <fcntl.h>
#include <fmt/core.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "git/object_text.hpp"
#include "git/pack_writer.hpp"
#include "git/refs.hpp"
#include "git/tidy.hpp"
#include "muster/base/log.hpp"

namespace muster::git {
namespace {

constexpr std::size_t kStagedBytes = std::size_t{32} << 20U;  ///< More is stored at once.
constexpr std::size_t kIndexedBytes = std::size_t{8} << 20U;  ///< Trees kept ready for look-ups.
constexpr int kTagDepth = 8;

/// The failure for an object that is not here; the words of libgit2 ("no match for id") help nobody.
Failure missing(const Path& path, const Oid& id) {
  return stalled(Reason::absent, fmt::format("object {} is not in {}", id.text(), path.string()));
}

std::string_view type_name(git_object_t type) {
  const char* name = git_object_type2string(type);
  return name == nullptr ? "unknown" : name;
}

std::string_view bytes_of(const ObjectHandle& object) {
  return {static_cast<const char*>(git_odb_object_data(object.get())), git_odb_object_size(object.get())};
}

/// Nothing but what git needs to call it a bare repository; the order makes HEAD, which libgit2 looks for, the last.
Result<void> make_bare(Files& files, const Path& path, DiskRepository::Durability durability) {
  const std::vector<Path> folders = {path / "objects" / "pack", path / "objects" / "info", path / "refs" / "heads", path / "refs" / "tags"};
  for (const Path& folder : folders) MUSTER_CHECK(files.make_directories(folder));
  MUSTER_CHECK(files.write_whole(path / "config", "[core]\n\trepositoryformatversion = 0\n\tfilemode = true\n\tbare = true\n"));
  if (durability == DiskRepository::Durability::durable) {
    for (const Path& folder : {path / "objects", path / "refs", path, path.parent_path()}) MUSTER_CHECK(sync_to_disk(folder));
    return files.write_atomic(path / "HEAD", "ref: refs/heads/main\n");
  }
  return files.write_whole(path / "HEAD", "ref: refs/heads/main\n");
}

}  // namespace

struct DiskRepository::TreeIndex {
  struct Entry {
    std::string_view name;
    Mode mode;
    Oid id;
  };
  std::string bytes;
  std::vector<Entry> entries;  ///< Sorted by name; views into `bytes`.
};

DiskRepository::DiskRepository(const World& world, Path path, Durability durability)
    : world_(world), path_(std::move(path)), git_folder_(path_), durability_(durability) {}

Result<std::shared_ptr<DiskRepository>> DiskRepository::open(const World& world, Path path, Durability durability) {
  std::shared_ptr<DiskRepository> out(new DiskRepository(world, std::move(path), durability));
  MUSTER_TRY(auto handle, out->make_handle());
  out->git_folder_ = git_repository_path(handle->repository.get());
  out->give_back(std::move(handle));
  return out;
}

Result<std::shared_ptr<DiskRepository>> DiskRepository::open_or_make(const World& world, Path path, Durability durability) {
  const auto head = world.files.stat(path / "HEAD");
  if (!head.ok() && head.failure().reason == Reason::absent) MUSTER_CHECK(make_bare(world.files, path, durability));
  return open(world, std::move(path), durability);
}

Result<std::unique_ptr<DiskRepository::Handle>> DiskRepository::make_handle() {
  auto handle = std::make_unique<Handle>();
  {
    const std::lock_guard lock(handles_mutex_);
    handle->generation = generation_;
  }
  MUSTER_TRY(handle->repository, open_repository(path_));
  git_odb* odb = nullptr;
  int code = git_repository_odb(&odb, handle->repository.get());
  if (code == 0) {
    handle->odb.reset(odb);
    code = attach(odb, staging_);
  }
  if (code != 0) return library_failure(code, "opening the objects of " + path_.string());
  return handle;
}

Result<DiskRepository::Lease> DiskRepository::borrow() {
  {
    const std::lock_guard lock(handles_mutex_);
    if (!idle_.empty()) {
      auto handle = std::move(idle_.back());
      idle_.pop_back();
      return Lease(*this, std::move(handle));
    }
  }
  MUSTER_TRY(auto handle, make_handle());
  return Lease(*this, std::move(handle));
}

void DiskRepository::give_back(std::unique_ptr<Handle> handle) {
  const std::lock_guard lock(handles_mutex_);
  if (handle->generation == generation_) idle_.push_back(std::move(handle));
}

void DiskRepository::note_health(Health health) {
  Health before = health_;
  while (before < health && !health_.compare_exchange_weak(before, health)) {}
}

void DiskRepository::reopen() {
  health_ = Health::good;
  const std::lock_guard lock(handles_mutex_);
  ++generation_;
  idle_.clear();
}

Result<ObjectHandle> DiskRepository::read(Lease& lease, const Oid& id, git_object_t type) {
  git_odb_object* object = nullptr;
  const int code = git_odb_read(&object, lease.odb(), raw(id));
  if (code == GIT_ENOTFOUND) {
    // Trees and blobs are asked for because something here names them; commits also from hearsay.
    if (type == GIT_OBJECT_TREE || type == GIT_OBJECT_BLOB) note_health(Health::suspect);
    return missing(path_, id);
  }
  if (code != 0) {
    Failure failure = library_failure(code, fmt::format("reading object {} of {}", id.text(), path_.string()));
    if (failure.reason == Reason::corrupt || failure.reason == Reason::absent) note_health(Health::damaged);
    return failure;
  }
  ObjectHandle out(object);
  if (hash_object(git_odb_object_type(object), bytes_of(out)) != id) {
    note_health(Health::damaged);
    return stalled(Reason::corrupt, fmt::format("object {} of {} is damaged", id.text(), path_.string()));
  }
  if (type != GIT_OBJECT_ANY && git_odb_object_type(object) != type) {
    return stalled(Reason::corrupt,
                   fmt::format("object {} is a {}, not a {}", id.text(), type_name(git_odb_object_type(object)), type_name(type)));
  }
  return out;
}

Result<Commit> DiskRepository::commit(const Oid& id) {
  MUSTER_TRY(Lease lease, borrow());
  Oid at = id;
  for (int depth = 0; depth < kTagDepth; ++depth) {
    MUSTER_TRY(const ObjectHandle object, read(lease, at, GIT_OBJECT_ANY));
    const git_object_t type = git_odb_object_type(object.get());
    if (type == GIT_OBJECT_COMMIT) return parse_commit(at, bytes_of(object));
    const auto target = type == GIT_OBJECT_TAG ? parse_tag_target(bytes_of(object)) : std::nullopt;
    if (!target) return stalled(Reason::corrupt, fmt::format("object {} is a {}, not a commit", at.text(), type_name(type)));
    at = *target;
  }
  return stalled(Reason::limit, fmt::format("tag {} points at more than {} tags in a row", id.text(), kTagDepth));
}

Result<std::string> DiskRepository::raw_commit(const Oid& id) {
  MUSTER_TRY(Lease lease, borrow());
  MUSTER_TRY(const ObjectHandle object, read(lease, id, GIT_OBJECT_COMMIT));
  return std::string(bytes_of(object));
}

Result<std::vector<TreeEntry>> DiskRepository::tree(const Oid& id) {
  MUSTER_TRY(Lease lease, borrow());
  MUSTER_TRY(const ObjectHandle object, read(lease, id, GIT_OBJECT_TREE));
  if (bytes_of(object).size() > kTreeBytes) {
    return stalled(Reason::limit, fmt::format("folder {} is larger than {} MiB", id.text(), kTreeBytes >> 20U));
  }
  return with_context(parse_tree(bytes_of(object)), "tree " + id.text());
}

Result<std::shared_ptr<const DiskRepository::TreeIndex>> DiskRepository::tree_index(const Oid& id) {
  {
    const std::lock_guard lock(trees_mutex_);
    const auto found = trees_.find(id);
    if (found != trees_.end()) return found->second;
  }
  auto index = std::make_shared<TreeIndex>();
  {
    MUSTER_TRY(Lease lease, borrow());
    MUSTER_TRY(const ObjectHandle object, read(lease, id, GIT_OBJECT_TREE));
    if (bytes_of(object).size() > kTreeBytes) {
      return stalled(Reason::limit, fmt::format("folder {} is larger than {} MiB", id.text(), kTreeBytes >> 20U));
    }
    index->bytes = bytes_of(object);
  }
  TreeReader reader(index->bytes);
  while (reader.next()) index->entries.push_back({reader.name(), reader.mode(), reader.id()});
  if (reader.damaged()) return stalled(Reason::corrupt, "tree " + id.text() + " is damaged");
  std::sort(index->entries.begin(), index->entries.end(), [](const auto& a, const auto& b) { return a.name < b.name; });
  const std::size_t size = index->bytes.size() + index->entries.size() * sizeof(TreeIndex::Entry);
  const std::lock_guard lock(trees_mutex_);
  if (tree_bytes_ + size > kIndexedBytes) {
    trees_.clear();
    tree_bytes_ = 0;
  }
  if (size <= kIndexedBytes && trees_.emplace(id, index).second) tree_bytes_ += size;
  return std::shared_ptr<const TreeIndex>(std::move(index));
}

Result<std::optional<TreeEntry>> DiskRepository::entry(const Oid& tree, std::string_view name) {
  MUSTER_TRY(const auto index, tree_index(tree));
  const auto& entries = index->entries;
  const auto found =
      std::lower_bound(entries.begin(), entries.end(), name, [](const auto& entry, auto wanted) { return entry.name < wanted; });
  if (found == entries.end() || found->name != name) return std::optional<TreeEntry>();
  return std::optional<TreeEntry>(TreeEntry{std::string(found->name), found->mode, found->id});
}

Result<std::string> DiskRepository::blob(const Oid& id, std::size_t limit) {
  MUSTER_TRY(Lease lease, borrow());
  std::size_t size = 0;
  git_object_t type = GIT_OBJECT_INVALID;
  const int code = git_odb_read_header(&size, &type, lease.odb(), raw(id));
  if (code != 0) {
    MUSTER_TRY(const ObjectHandle unread, read(lease, id, GIT_OBJECT_BLOB));
    return library_failure(code, fmt::format("reading object {} of {}", id.text(), path_.string()));
  }
  const std::size_t most = std::min(limit, kObjectBytes);
  if (size > most) return stalled(Reason::limit, fmt::format("file {} has {} bytes; at most {} are read", id.text(), size, most));
  MUSTER_TRY(const ObjectHandle object, read(lease, id, GIT_OBJECT_BLOB));
  return std::string(bytes_of(object));
}

Result<bool> DiskRepository::has(const Oid& id) {
  MUSTER_TRY(Lease lease, borrow());
  return git_odb_exists(lease.odb(), raw(id)) == 1;
}

Result<Oid> DiskRepository::find(std::string_view digits) {
  git_oid begins{};
  if (digits.size() < GIT_OID_MINPREFIXLEN || git_oid_fromstrn(&begins, digits.data(), digits.size()) != 0) {
    return stalled(Reason::invalid, fmt::format("`{}` begins no object's id", digits.substr(0, 80)));
  }
  MUSTER_CHECK(flush());  // What is staged is looked up by whole ids alone.
  MUSTER_TRY(Lease lease, borrow());
  git_oid found{};
  const int code = git_odb_exists_prefix(&found, lease.odb(), &begins, digits.size());
  if (code == GIT_EAMBIGUOUS) return stalled(Reason::invalid, fmt::format("several objects begin with {}: give more digits", digits));
  if (code == GIT_ENOTFOUND) return stalled(Reason::absent, fmt::format("no object begins with {}", digits));
  if (code != 0) return library_failure(code, "looking for " + std::string(digits));
  return from_raw(found);
}

Result<Oid> DiskRepository::stage(git_object_t type, std::string bytes) {
  if (bytes.size() > kObjectBytes)
    return stalled(Reason::limit, fmt::format("an object of {} bytes is larger than muster stores", bytes.size()));
  const Oid id = hash_object(type, bytes);
  {
    MUSTER_TRY(Lease lease, borrow());
    if (git_odb_exists_ext(lease.odb(), raw(id), GIT_ODB_LOOKUP_NO_REFRESH) == 1) return id;
  }
  staging_->put(id, type, std::move(bytes));
  if (staging_->bytes() > kStagedBytes) MUSTER_CHECK(flush());
  return id;
}

Result<Oid> DiskRepository::write_blob(std::string_view bytes) { return stage(GIT_OBJECT_BLOB, std::string(bytes)); }

Result<Oid> DiskRepository::write_tree(std::vector<TreeEntry> entries) {
  MUSTER_TRY(std::string text, tree_text(std::move(entries)));
  return stage(GIT_OBJECT_TREE, std::move(text));
}

Result<Oid> DiskRepository::write_commit(const NewCommit& commit) {
  MUSTER_TRY(std::string text, commit_text(commit));
  return stage(GIT_OBJECT_COMMIT, std::move(text));
}

Result<void> DiskRepository::flush() {
  const std::lock_guard lock(flush_mutex_);
  const std::vector<Oid> ids = staging_->ids();
  if (ids.empty()) return {};
  MUSTER_TRY(const std::string name, store_pack(ids));
  staging_->forget(ids);
  return {};
}

namespace {

int on_packing(int, std::uint32_t, std::uint32_t, void* deadline) { return static_cast<const Deadline*>(deadline)->check().ok() ? 0 : -1; }
int on_indexing(const git_indexer_progress*, void* deadline) { return static_cast<const Deadline*>(deadline)->check().ok() ? 0 : -1; }

}  // namespace

Result<std::string> DiskRepository::store_pack(const std::vector<Oid>& ids, const Deadline* deadline) {
  MUSTER_TRY(Lease lease, borrow());
  git_packbuilder* made = nullptr;
  int code = git_packbuilder_new(&made, lease.repository());
  const PackBuilder builder(made);
  if (code == 0) git_packbuilder_set_threads(made, 1);
  // libgit2 never writes through the payload.
  void* until = const_cast<Deadline*>(deadline);  // NOLINT(cppcoreguidelines-pro-type-const-cast)
  if (code == 0 && deadline != nullptr) git_packbuilder_set_callbacks(made, on_packing, until);
  for (std::size_t i = 0; code == 0 && i < ids.size(); ++i) code = git_packbuilder_insert(made, raw(ids[i]), nullptr);
  const Path packs = git_folder_ / "objects" / "pack";
  if (code == 0) code = git_packbuilder_write(made, packs.c_str(), 0, deadline == nullptr ? nullptr : on_indexing, until);
  if (code != 0 && deadline != nullptr) MUSTER_CHECK(deadline->check());
  if (code != 0) return library_failure(code, "storing objects in " + path_.string());
  const std::string name = fmt::format("pack-{}", git_packbuilder_name(made));
  if (durability_ == Durability::durable) {
    for (const Path& file : {packs / (name + ".pack"), packs / (name + ".idx"), packs}) MUSTER_CHECK(sync_to_disk(file));
  }
  return name;
}

Result<std::optional<Oid>> DiskRepository::ref(std::string_view name) {
  MUSTER_TRY(Lease lease, borrow());
  return read_ref(lease.repository(), name);
}

Result<std::vector<Ref>> DiskRepository::refs(std::string_view prefix) {
  MUSTER_TRY(Lease lease, borrow());
  return list_local_refs(lease.repository(), prefix);
}

Result<void> DiskRepository::update_ref(std::string_view name, std::optional<Oid> value, std::optional<Oid> expected) {
  MUSTER_CHECK(flush());
  const std::lock_guard lock(ref_mutex_);
  MUSTER_TRY(Lease lease, borrow());
  if (value && git_odb_exists(lease.odb(), raw(*value)) != 1) return missing(path_, *value);
  const RefChange change{std::string(name), value, expected};
  MUSTER_CHECK(swap_ref(world_.files, lease.repository(), git_folder_, change, is_durable()));
  tidy_now_and_then();
  return {};
}

/// A repository of our own grows by a pack a record; nobody fetches into it, so it is tidied here. The ref has moved by
/// now, so a failure is no failure of the change.
void DiskRepository::tidy_now_and_then() {
  constexpr unsigned kUpdates = 16;
  if (!is_durable() || ++updates_ % kUpdates != 0) return;
  if (const auto tidied = tidy(*this); !tidied.ok()) log::warning("{} was not tidied: {}", path_.string(), tidied.failure().text);
}

Result<bool> DiskRepository::is_ancestor(const Oid& ancestor, const Oid& descendant) {
  MUSTER_TRY(Lease lease, borrow());
  MUSTER_TRY(const ObjectHandle first, read(lease, ancestor, GIT_OBJECT_COMMIT));
  MUSTER_TRY(const ObjectHandle second, read(lease, descendant, GIT_OBJECT_COMMIT));
  if (ancestor == descendant) return true;
  const int code = git_graph_descendant_of(lease.repository(), raw(descendant), raw(ancestor));
  if (code < 0) return library_failure(code, "walking the history of " + path_.string());
  return code == 1;
}

Result<void> DiskRepository::walk_first_parents(const Oid& tip, const std::function<bool(const Commit&)>& visit) {
  MUSTER_TRY(Lease lease, borrow());
  MUSTER_TRY(const Commit first, commit(tip));
  std::optional<Oid> next = first.id;
  while (next) {
    auto object = read(lease, *next, GIT_OBJECT_COMMIT);
    if (!object.ok() && object.failure().reason == Reason::absent) {
      note_health(Health::suspect);
      return stalled(Reason::corrupt, fmt::format("the history of {} ends at commit {}, which is not here", path_.string(), next->text()));
    }
    if (!object.ok()) return std::move(object).failure();
    MUSTER_TRY(const Commit at, parse_commit(*next, bytes_of(*object)));
    if (!visit(at)) return {};
    next = at.parents.empty() ? std::nullopt : std::optional(at.parents.front());
  }
  return {};
}

bool DiskRepository::is_shallow() {
  auto lease = borrow();
  return lease.ok() && git_repository_is_shallow(lease->repository()) == 1;
}

}  // namespace muster::git
