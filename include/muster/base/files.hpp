// The file seam of the World: everything muster reads and writes on disk goes through it, so that the simulator can
// crash, fill and damage the disk at any step. Thread-safe. Paths are as the system has them, absolute where it matters.
#pragma once

#include <cstddef>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "muster/base/result.hpp"
#include "muster/base/time.hpp"

namespace muster {

using Path = std::filesystem::path;

enum class FileKind : std::uint8_t { file, directory, symlink, other };

struct DirectoryEntry {
  std::string name;
  FileKind kind = FileKind::other;
  std::uint64_t size = 0;  ///< Bytes; files only.
  /// For caches, no time: equal stamp and size mean unchanged bytes. 0: changed so lately that the next change could carry
  /// the same stamp; it is equal to nothing, read the bytes.
  std::int64_t stamp = 0;
  Instant written{};  ///< By the file system's clock.
};

/// An advisory lock on a file, released on destruction and when the process dies.
class FileLock {
 public:
  virtual ~FileLock() = default;
};

/// Failures: absent, denied, exhausted (ENOSPC, EIO, EDQUOT), limit (larger than allowed), conflict (lock taken).
class Files {
 public:
  virtual ~Files() = default;

  /// The whole file; Reason::limit where it is larger than `limit` bytes.
  virtual Result<std::string> read(const Path& path, std::size_t limit) = 0;
  /// Entries sorted by name, so that no machine's order shows. Does not follow links.
  virtual Result<std::vector<DirectoryEntry>> list(const Path& directory) = 0;
  /// What is at `path` itself (a link is a link); Reason::absent where nothing is.
  virtual Result<DirectoryEntry> stat(const Path& path) = 0;
  /// All or nothing, durable: writes a temporary beside it, syncs, renames over `path`, syncs the folder.
  /// Makes missing parent folders. A reader sees the old bytes or the new ones. A link at `path` is replaced. A crash may
  /// leave the temporary, `.<name>.new`; the next write of the same path takes it over, so none gather.
  virtual Result<void> write_atomic(const Path& path, std::string_view bytes) = 0;
  /// As write_atomic, at less than half the cost: readers and a killed process see no difference, but after a power failure
  /// the old bytes may be there again. For what is compared with its source at each run anyway.
  virtual Result<void> write_whole(const Path& path, std::string_view bytes) { return write_atomic(path, bytes); }
  /// Adds to the end of a file, made if missing with its parent folders. Neither durable nor whole: for logs and scratch.
  /// A link at `path` is a failure.
  virtual Result<void> append(const Path& path, std::string_view bytes) = 0;
  /// Exactly these permission bits, whatever the umask; follows no link.
  virtual Result<void> set_permissions(const Path& path, unsigned bits) = 0;
  /// Removes a file or link; absent is success. Durable like write_atomic.
  virtual Result<void> remove(const Path& path) = 0;
  /// Removes a folder and all below it; never follows links. Absent is success.
  virtual Result<void> remove_all(const Path& path) = 0;
  /// Removes the folder if it is empty; not empty or absent is success.
  virtual Result<void> remove_if_empty(const Path& directory) = 0;
  /// With all parents. A power failure may forget a folder that was empty; write_atomic keeps those that it makes.
  virtual Result<void> make_directories(const Path& path) = 0;
  /// Exclusive lock on `path` (made if missing); waits up to `patience`. While it is held the file has `owner` as text.
  /// Reason::conflict with the present owner's text in Failure::text when it stays taken.
  virtual Result<std::unique_ptr<FileLock>> lock(const Path& path, std::string_view owner, Duration patience) = 0;
};

/// The machine's disk.
Files& system_files();

}  // namespace muster
