// A folder as a target: one object a file, fed to other tools as it is. Files that no inventory names are foreign: seen,
// never touched. What a person edits in our files is drift.
//
// Every change is one atomic write or removal of a file, made under a lock and only where the file is still what the caller
// saw, so that any number of muster processes and a crash at any step leave either the old state or the new one. After a
// power failure the last writes of objects and inventories may be missing, never half: the next pass finds the file of an
// unrecorded write to be a version of the descriptor (or the recorded one missing) and goes on. Stamps and removals last.
//
// Thread-safe. Failures as target.hpp says.
#pragma once

#include <array>
#include <map>
#include <mutex>
#include <string>

#include "muster/base/world.hpp"
#include "muster/target/target.hpp"
#include "target/directory/layout.hpp"
#include "target/directory/ownership.hpp"

namespace muster::target {

class DirectoryTarget final : public Target {
 public:
  DirectoryTarget(const World& world, TargetRef reference, const Path& root);

  [[nodiscard]] const TargetRef& reference() const override { return reference_; }
  [[nodiscard]] bool executes() const override { return false; }

  Result<std::optional<Stamp>> stamp(std::string_view environment_id) override;
  Result<void> swap_stamp(const std::optional<Stamp>& expected, const Stamp& desired) override;
  Result<std::vector<Stamp>> stamps() override;
  Result<void> remove_stamp(const Stamp& expected) override;

  Result<std::vector<Inventory>> inventories(std::string_view environment_id) override;
  Result<std::string> write_inventory(const Stamp& under, const Inventory& inventory) override;
  Result<void> remove_inventory(const Stamp& under, const Inventory& inventory) override;

  Result<std::vector<Live>> observe(std::span<const manifest::ObjectId> ids) override;
  Result<std::optional<Value>> read(const manifest::ObjectId& id) override;
  Result<Live> apply(const Stamp& under, const manifest::Object& object, const std::optional<Precondition>& expected) override;
  Result<void> remove(const Stamp& under, const manifest::ObjectId& id, const Precondition& expected) override;
  Result<Health> health(const manifest::ObjectId& id) override;

 private:
  /// What a file holds, as far as targets care.
  struct Content {
    std::string version;  ///< Digest of the bytes.
    Digest digest;        ///< Of the object; of the bytes where they are no such object.
  };
  struct Seen {
    std::int64_t stamp = 0;
    std::uint64_t size = 0;
    Content content;
  };
  /// One writer of a path at a time, in this process and on this disk.
  struct Held {
    std::unique_lock<std::mutex> here;
    std::unique_ptr<FileLock> everywhere;
  };

  Result<Held> hold(const Path& path);
  /// Every path at once: no write is under way while a stamp changes.
  Result<std::vector<Held>> hold_all();
  Result<Held> hold_number(std::size_t number);
  /// To be asked while something is held.
  Result<void> check_stamp(const Stamp& under);
  /// These two do not look at the folder on the way: their callers did (check_folder).
  Result<std::optional<Content>> content_at(const manifest::ObjectId& id);
  Result<std::optional<Live>> live_at(const manifest::ObjectId& id);
  [[nodiscard]] Result<void> check_folder(const Path& folder) const;
  [[nodiscard]] Result<void> check_own_folders() const;
  Result<std::string> version_of(const Path& book);
  [[nodiscard]] Result<std::optional<Stamp>> without_stamp(std::string_view environment_id) const;
  [[nodiscard]] Failure corrupt_stamp(std::string_view what, std::string_view environment_id) const;
  Result<void> write(const Path& path, std::string_view text);

  Files& files_;
  Random& random_;
  TargetRef reference_;
  Layout layout_;
  Ownership ownership_;
  std::array<std::mutex, 16> holds_;
  std::mutex seen_mutex_;
  std::map<std::string, Seen, std::less<>> seen_;  ///< By path.
};

}  // namespace muster::target
