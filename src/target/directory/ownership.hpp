// The inventories of a directory target, kept in memory and looked at again when their files change; and from them, which
// object carries which uid. A file has no uid of its own: it has the one under which an inventory names it.
//
// Thread-safe. Failures: those of Files. An inventory that cannot be read as one is no failure: it is `lost`.
#pragma once

#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "muster/base/files.hpp"
#include "muster/target/target.hpp"
#include "target/directory/layout.hpp"

namespace muster::target {

/// A stamp's or inventory's file. What is no plain file, or too large to be one of ours, is not readable.
struct BookText {
  std::string text;
  std::string version;  ///< Digest of the bytes.
  bool readable = false;
};
/// Failures: absent, and those of Files.
Result<BookText> read_book(Files& files, const Path& path);

class Ownership {
 public:
  Ownership(Files& files, const Layout& layout) : files_(files), layout_(layout) {}

  /// Reads what changed on disk since the last look, of all environments.
  Result<void> look();
  /// The same for what was replaced, by the change stamps of folders: what somebody edited in place is found by look() alone.
  Result<void> look_at_folders();
  /// look(), if there was none yet.
  Result<void> look_once();

  /// As of the last look and the writes since. Sorted by service.
  [[nodiscard]] std::vector<Inventory> inventories(std::string_view environment_id) const;
  /// Remembers an inventory that was just written; nullopt: removed.
  void remember(std::string_view environment_id, std::string_view service, std::optional<Inventory> inventory);

  struct Owned {
    std::string uid;
    Digest applied;
  };
  /// The uid under which an object is in inventories; where two have it under different ones, that of the one that applied
  /// what stands there. Empty: nobody's.
  [[nodiscard]] std::string uid_of(const manifest::ObjectId& id, const std::optional<Digest>& live) const;

 private:
  struct Known {
    std::int64_t stamp = 0;
    std::uint64_t size = 0;
    Inventory inventory;
  };
  using Services = std::map<std::string, Known, std::less<>>;
  struct Environment {
    std::int64_t stamp = 0;  ///< Of its folder.
    Services services;
  };

  Result<void> look_again(bool in_place);
  /// True where anything changed.
  Result<bool> look_at(const Path& folder, Services& services);
  Result<Known> read(const Path& path, const DirectoryEntry& entry, std::string_view service);
  void rebuild_owners();
  void add_owners(const Inventory& inventory);
  void drop_owners(const Inventory& inventory);

  Files& files_;
  const Layout& layout_;
  mutable std::mutex mutex_;
  bool looked_ = false;
  std::map<std::string, Environment, std::less<>> environments_;
  std::map<manifest::ObjectId, std::vector<Owned>> owners_;
};

}  // namespace muster::target
