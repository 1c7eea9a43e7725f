// The folder of mirrors: one bare repository for each remote, a cache that may be deleted, damaged or outgrown at any
// time and is then made anew. Private to the room.
//
// Thread-safe, and safe between processes: whoever changes a mirror holds its lock, which dies with its holder; readers
// need none, also while a mirror is replaced.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "git/pack_writer.hpp"

namespace muster::git {

class Mirrors {
 public:
  Mirrors(const World& world, Path folder) : world_(world), folder_(std::move(folder)) {}

  /// Where the mirror of this url_key stands.
  [[nodiscard]] Path path_of(std::string_view key) const;
  /// The repository at `path`, one object a folder, so that what was written and not yet stored is seen by all who use it.
  Result<std::shared_ptr<DiskRepository>> open(const Path& path, DiskRepository::Durability durability);
  /// A mirror, made if it is missing, made anew if it cannot be opened.
  Result<std::shared_ptr<DiskRepository>> open_mirror(const Path& path);
  /// One change of a mirror at a time: two fetches would bring the same objects twice, and the older could win.
  Result<std::unique_ptr<FileLock>> lock(const Path& path, const Deadline& deadline);

  /// Fills a fresh repository and puts it in the mirror's place, if that succeeds. The caller holds the lock.
  Result<void> replace(DiskRepository& mirror, const std::function<Result<void>(DiskRepository& fresh)>& fill);
  /// After a fetch: merges packs that became many, and replaces a mirror that outgrew what its refs reach.
  Result<void> keep_small(DiskRepository& mirror, const Deadline& deadline);

 private:
  Result<void> make_beside(const Path& path, const std::function<Result<void>(DiskRepository& fresh)>& fill);

  World world_;
  Path folder_;
  std::mutex mutex_;
  std::map<Path, std::shared_ptr<DiskRepository>> open_;
};

}  // namespace muster::git
