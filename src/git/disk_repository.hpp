// Repository on disk: libgit2 for objects and packs, our own compare-and-swap for refs. Private to the room.
//
// Thread-safety: any thread; each call borrows a handle of its own. Two processes may share one repository: packs appear
// by rename and refs change under a lock that dies with its holder. Durability: `durable` syncs packs and refs to disk
// before a call returns (the embedded environment repository); mirrors are caches and do not.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <vector>

#include "git/library.hpp"
#include "git/staging.hpp"
#include "muster/git/repository.hpp"

namespace muster::git {

struct Deadline;

/// Folders that packs grow in, below `muster/` of a repository.
inline constexpr std::string_view kIncomingPrefix = "incoming-";

class DiskRepository final : public Repository {
 public:
  enum class Durability : std::uint8_t { cache, durable };

  /// Opens what stands at `path`.
  static Result<std::shared_ptr<DiskRepository>> open(const World& world, Path path, Durability durability);
  /// Opens it, or makes an empty bare repository there; an interrupted making is finished.
  static Result<std::shared_ptr<DiskRepository>> open_or_make(const World& world, Path path, Durability durability);

  Result<Commit> commit(const Oid& id) override;
  Result<std::string> raw_commit(const Oid& id) override;
  Result<std::vector<TreeEntry>> tree(const Oid& id) override;
  Result<std::optional<TreeEntry>> entry(const Oid& tree, std::string_view name) override;
  Result<std::string> blob(const Oid& id, std::size_t limit) override;
  Result<bool> has(const Oid& id) override;
  Result<Oid> find(std::string_view digits) override;
  Result<Oid> write_blob(std::string_view bytes) override;
  Result<Oid> write_tree(std::vector<TreeEntry> entries) override;
  Result<Oid> write_commit(const NewCommit& commit) override;
  Result<std::optional<Oid>> ref(std::string_view name) override;
  Result<std::vector<Ref>> refs(std::string_view prefix) override;
  Result<void> update_ref(std::string_view name, std::optional<Oid> value, std::optional<Oid> expected) override;
  Result<bool> is_ancestor(const Oid& ancestor, const Oid& descendant) override;
  Result<void> walk_first_parents(const Oid& tip, const std::function<bool(const Commit&)>& visit) override;
  [[nodiscard]] bool is_shallow() override;

  /// A libgit2 handle for one thread at a time, given back on destruction.
  class Lease;
  Result<Lease> borrow();
  /// Stores what was written since the last flush.
  Result<void> flush();
  /// Writes one pack of these objects; its name, "pack-<hash>".
  Result<std::string> store_pack(const std::vector<Oid>& ids, const Deadline* deadline = nullptr);
  /// What reading has shown so far: `suspect` where something was not found that should be here, `damaged` where bytes
  /// were not what they must be. reopen() forgets it.
  enum class Health : std::uint8_t { good, suspect, damaged };
  [[nodiscard]] Health health() const { return health_; }
  void note_health(Health health);
  /// Drops the handles, after packs were replaced or the folder was made anew.
  void reopen();
  [[nodiscard]] bool is_durable() const { return durability_ == Durability::durable; }
  [[nodiscard]] const World& world() const { return world_; }
  [[nodiscard]] const Path& path() const { return path_; }
  /// The folder with `objects` and `refs`: `path`, or its `.git`.
  [[nodiscard]] const Path& git_folder() const { return git_folder_; }

 private:
  struct Handle {
    RepositoryHandle repository;
    OdbHandle odb;
    std::uint64_t generation = 0;
  };
  struct TreeIndex;

  DiskRepository(const World& world, Path path, Durability durability);
  Result<std::unique_ptr<Handle>> make_handle();
  void give_back(std::unique_ptr<Handle> handle);
  Result<ObjectHandle> read(Lease& lease, const Oid& id, git_object_t type);
  Result<Oid> stage(git_object_t type, std::string bytes);
  Result<std::shared_ptr<const TreeIndex>> tree_index(const Oid& id);
  void tidy_now_and_then();

  World world_;
  Path path_;
  Path git_folder_;
  Durability durability_;
  std::shared_ptr<Staging> staging_ = std::make_shared<Staging>();
  std::atomic<Health> health_ = Health::good;
  std::atomic<unsigned> updates_ = 0;
  std::mutex flush_mutex_;
  std::mutex ref_mutex_;

  std::mutex handles_mutex_;
  std::vector<std::unique_ptr<Handle>> idle_;
  std::uint64_t generation_ = 0;

  std::mutex trees_mutex_;
  std::map<Oid, std::shared_ptr<const TreeIndex>> trees_;
  std::size_t tree_bytes_ = 0;
};

class DiskRepository::Lease {
 public:
  Lease(DiskRepository& owner, std::unique_ptr<Handle> handle) : owner_(&owner), handle_(std::move(handle)) {}
  Lease(Lease&&) noexcept = default;
  Lease& operator=(Lease&&) noexcept = default;
  ~Lease() {
    if (handle_) owner_->give_back(std::move(handle_));
  }
  [[nodiscard]] git_repository* repository() const { return handle_->repository.get(); }
  [[nodiscard]] git_odb* odb() const { return handle_->odb.get(); }

 private:
  DiskRepository* owner_;
  std::unique_ptr<Handle> handle_;
};

}  // namespace muster::git
