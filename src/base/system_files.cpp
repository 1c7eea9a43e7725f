#include <dirent.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <ctime>
#include <thread>

#include "base/descriptor.hpp"
#include "muster/base/digest.hpp"
#include "muster/base/files.hpp"

namespace muster {
namespace {

Descriptor open_file(const Path& path, int flags) {
  int number = -1;
  do {
    number = ::open(path.c_str(), flags | O_CLOEXEC, 0666);
  } while (number < 0 && errno == EINTR);
  return Descriptor(number);
}

/// 0 or the error number.
int write_all(int descriptor, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(descriptor, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return errno;
    if (written == 0) return EIO;
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
  return 0;
}

Path folder_of(const Path& path) {
  const Path parent = path.parent_path();
  return parent.empty() ? Path(".") : parent;
}

/// A rename or a removal is durable only when its folder is.
Result<void> sync_folder(const Path& folder) {
  const Descriptor opened = open_file(folder, O_RDONLY | O_DIRECTORY);
  if (!opened) return failure_of(errno, "syncing", folder.native());
  if (::fsync(opened.number()) != 0 && errno != EINVAL) return failure_of(errno, "syncing", folder.native());
  return {};
}

FileKind kind_of(mode_t mode) {
  if (S_ISREG(mode)) return FileKind::file;
  if (S_ISDIR(mode)) return FileKind::directory;
  if (S_ISLNK(mode)) return FileKind::symlink;
  return FileKind::other;
}

std::int64_t nanoseconds(const timespec& at) { return std::int64_t{at.tv_sec} * 1'000'000'000 + at.tv_nsec; }

/// Change times move in ticks of the kernel's coarse clock, so a file that changed in this tick or the one before could
/// change again unseen. The inode tells files apart that were renamed over each other within a tick.
std::int64_t change_stamp(const struct stat& status) {
  constexpr std::int64_t kTwoTicks = 20'000'000;
  timespec now{};
  clock_gettime(CLOCK_REALTIME_COARSE, &now);
  const std::int64_t changed = nanoseconds(status.st_ctim);
  if (changed > nanoseconds(now) - kTwoTicks) return 0;
  const auto mixed = static_cast<std::uint64_t>(changed) ^ (static_cast<std::uint64_t>(status.st_ino) * 0x9e3779b97f4a7c15U);
  return mixed == 0 ? 1 : static_cast<std::int64_t>(mixed);
}

DirectoryEntry entry_of(std::string name, const struct stat& status) {
  const FileKind kind = kind_of(status.st_mode);
  return {std::move(name), kind, kind == FileKind::file ? static_cast<std::uint64_t>(status.st_size) : 0, change_stamp(status),
          Instant(std::chrono::milliseconds(nanoseconds(status.st_mtim) / 1'000'000))};
}

bool same_file(const struct stat& a, const struct stat& b) { return a.st_dev == b.st_dev && a.st_ino == b.st_ino; }

/// Does `path` still name the file that is open? It may have been renamed or removed while its lock was awaited.
bool still_names(const Path& path, const Descriptor& opened) {
  struct stat by_path {};
  struct stat by_number {};
  return ::lstat(path.c_str(), &by_path) == 0 && ::fstat(opened.number(), &by_number) == 0 && same_file(by_path, by_number);
}

Path temporary_beside(const Path& path) {
  constexpr std::size_t kLongestName = 240;  // NAME_MAX is 255.
  const std::string name = path.filename().native();
  return folder_of(path) / fmt::format(".{}.new", name.size() <= kLongestName ? name : sha256(name).short_text());
}

/// Opens the temporary for one writer alone: a second one waits here until the first has renamed its own away.
Result<Descriptor> open_temporary(const Path& temporary) {
  while (true) {
    Descriptor opened = open_file(temporary, O_WRONLY | O_CREAT | O_NOFOLLOW);
    if (!opened) return failure_of(errno, "writing", temporary.native());
    while (::flock(opened.number(), LOCK_EX) != 0) {
      if (errno != EINTR) return failure_of(errno, "locking", temporary.native());
    }
    if (still_names(temporary, opened)) return opened;
  }
}

std::string read_some(const Descriptor& opened, std::size_t limit) {
  std::string text(limit, '\0');
  const ssize_t size = ::pread(opened.number(), text.data(), text.size(), 0);
  text.resize(size < 0 ? 0 : static_cast<std::size_t>(size));
  return text;
}

/// Whether folders that a write makes on its way outlive a power failure.
enum class Folders { synced, as_they_are };

class SystemFileLock final : public FileLock {
 public:
  explicit SystemFileLock(Descriptor opened) : opened_(std::move(opened)) {}
  SystemFileLock(const SystemFileLock&) = delete;
  SystemFileLock& operator=(const SystemFileLock&) = delete;
  ~SystemFileLock() override {
    if (::ftruncate(opened_.number(), 0) != 0) return;  // The owner's text stays behind; the lock goes with the descriptor.
    // A child between fork and exec still has the descriptor: closing ours alone would leave the lock with it.
    ::flock(opened_.number(), LOCK_UN);
  }

 private:
  Descriptor opened_;
};

class SystemFiles final : public Files {
 public:
  Result<std::string> read(const Path& path, std::size_t limit) override {
    const Descriptor opened = open_file(path, O_RDONLY | O_NONBLOCK);  // A FIFO in a fleet's folder must not hang muster.
    if (!opened) return failure_of(errno, "reading", path.native());
    struct stat status {};
    if (::fstat(opened.number(), &status) != 0) return failure_of(errno, "reading", path.native());
    if (S_ISDIR(status.st_mode)) return failure_of(EISDIR, "reading", path.native());
    if (!S_ISREG(status.st_mode)) return stalled(Reason::invalid, fmt::format("reading '{}': it is no regular file", path.native()));
    limit = std::min(limit, std::size_t{1} << 48U);
    std::string bytes;
    std::size_t size = 0;
    while (true) {
      // One byte more than the file should have finds its end, and one more than the limit finds that it is too large.
      const std::size_t expected = static_cast<std::size_t>(status.st_size) + 1;
      bytes.resize(std::min(limit + 1, size < expected ? expected : size * 2));
      if (size == bytes.size())
        return stalled(Reason::limit, fmt::format("reading '{}': it is larger than {} bytes", path.native(), limit));
      const ssize_t got = ::read(opened.number(), bytes.data() + size, bytes.size() - size);
      if (got < 0 && errno == EINTR) continue;
      if (got < 0) return failure_of(errno, "reading", path.native());
      if (got == 0) break;
      size += static_cast<std::size_t>(got);
    }
    bytes.resize(size);
    return bytes;
  }

  Result<std::vector<DirectoryEntry>> list(const Path& directory) override {
    DIR* opened = ::opendir(directory.c_str());
    if (opened == nullptr) return failure_of(errno, "listing", directory.native());
    std::vector<DirectoryEntry> entries;
    int error = 0;
    while (true) {
      errno = 0;
      const dirent* next = ::readdir(opened);  // NOLINT(concurrency-mt-unsafe): safe on a stream of one's own.
      if (next == nullptr) {
        error = errno;
        break;
      }
      const std::string_view name = next->d_name;
      if (name == "." || name == "..") continue;
      struct stat status {};
      if (::fstatat(::dirfd(opened), next->d_name, &status, AT_SYMLINK_NOFOLLOW) != 0) {
        if (errno == ENOENT) continue;  // Removed since readdir saw it.
        error = errno;
        break;
      }
      entries.push_back(entry_of(std::string(name), status));
    }
    ::closedir(opened);
    if (error != 0) return failure_of(error, "listing", directory.native());
    std::sort(entries.begin(), entries.end(), [](const DirectoryEntry& a, const DirectoryEntry& b) { return a.name < b.name; });
    return entries;
  }

  Result<DirectoryEntry> stat(const Path& path) override {
    struct stat status {};
    if (::lstat(path.c_str(), &status) != 0) return failure_of(errno, "looking at", path.native());
    return entry_of(path.filename().native(), status);
  }

  Result<void> write_atomic(const Path& path, std::string_view bytes) override {
    MUSTER_CHECK(write(path, bytes, Folders::synced));
    return sync_folder(folder_of(path));
  }

  Result<void> write_whole(const Path& path, std::string_view bytes) override { return write(path, bytes, Folders::as_they_are); }

  Result<void> write(const Path& path, std::string_view bytes, Folders folders) {
    const Path temporary = temporary_beside(path);
    Result<Descriptor> opened = open_temporary(temporary);
    if (!opened && opened.failure().reason == Reason::absent) {
      MUSTER_CHECK(make_folders(folder_of(path), folders));
      opened = open_temporary(temporary);
    }
    if (!opened) return std::move(opened).failure();
    const int number = opened->number();
    int error = ::ftruncate(number, 0) == 0 ? write_all(number, bytes) : errno;
    if (error == 0 && ::fsync(number) != 0) error = errno;
    if (error == 0 && ::rename(temporary.c_str(), path.c_str()) != 0) error = errno;
    if (error != 0) {
      ::unlink(temporary.c_str());
      return failure_of(error, "writing", path.native());
    }
    return {};
  }

  Result<void> append(const Path& path, std::string_view bytes) override {
    static constexpr int kFlags = O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW | O_NONBLOCK;
    Descriptor opened = open_file(path, kFlags);
    if (!opened && errno == ENOENT) {
      MUSTER_CHECK(make_directories(folder_of(path)));
      opened = open_file(path, kFlags);
    }
    if (!opened) return failure_of(errno, "writing", path.native());
    if (const int error = write_all(opened.number(), bytes); error != 0) return failure_of(error, "writing", path.native());
    return {};
  }

  Result<void> set_permissions(const Path& path, unsigned bits) override {
    const Descriptor opened = open_file(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
    if (!opened || ::fchmod(opened.number(), bits) != 0) return failure_of(errno, "setting the permissions of", path.native());
    return {};
  }

  Result<void> remove(const Path& path) override {
    if (::unlink(path.c_str()) == 0) {
      auto synced = sync_folder(folder_of(path));
      // Somebody removed the folder itself in between, and the file with it.
      return !synced.ok() && synced.failure().reason == Reason::absent ? Result<void>() : synced;
    }
    if (errno == ENOENT || errno == ENOTDIR) return {};
    return failure_of(errno, "removing", path.native());
  }

  Result<void> remove_all(const Path& path) override {
    std::error_code error;
    if (std::filesystem::remove_all(path, error) == 0 && !error) return {};
    if (error) return failure_of(error.value(), "removing", path.native());
    return sync_folder(folder_of(path));
  }

  Result<void> remove_if_empty(const Path& directory) override {
    if (::rmdir(directory.c_str()) == 0) return sync_folder(folder_of(directory));
    static constexpr std::array<int, 4> kNothingToDo = {ENOENT, ENOTEMPTY, EEXIST, ENOTDIR};
    if (std::find(kNothingToDo.begin(), kNothingToDo.end(), errno) != kNothingToDo.end()) return {};
    return failure_of(errno, "removing", directory.native());
  }

  Result<void> make_directories(const Path& path) override { return make_folders(path, Folders::as_they_are); }

  Result<void> make_folders(const Path& path, Folders folders) {
    const auto made = [&] { return folders == Folders::synced ? sync_folder(folder_of(path)) : Result<void>(); };
    if (::mkdir(path.c_str(), 0777) == 0) return made();
    if (errno == EEXIST) {
      std::error_code error;
      if (std::filesystem::is_directory(path, error)) return {};
      return stalled(Reason::invalid, fmt::format("making folder '{}': something that is no folder has this name", path.native()));
    }
    if (errno != ENOENT || !path.has_relative_path()) return failure_of(errno, "making folder", path.native());
    MUSTER_CHECK(make_folders(folder_of(path), folders));
    if (::mkdir(path.c_str(), 0777) == 0) return made();
    if (errno == EEXIST) return {};  // A second maker of the same folder was quicker.
    return failure_of(errno, "making folder", path.native());
  }

  Result<std::unique_ptr<FileLock>> lock(const Path& path, std::string_view owner, Duration patience) override {
    constexpr std::size_t kLongestOwner = 4096;
    constexpr auto kPause = std::chrono::milliseconds(20);
    const auto give_up = std::chrono::steady_clock::now() + patience;
    MUSTER_CHECK(make_directories(folder_of(path)));
    while (true) {
      Descriptor opened = open_file(path, O_RDWR | O_CREAT | O_NOFOLLOW);
      if (!opened) return failure_of(errno, "locking", path.native());
      if (::flock(opened.number(), LOCK_EX | LOCK_NB) == 0) {
        if (!still_names(path, opened)) continue;
        const int error = ::ftruncate(opened.number(), 0) == 0 ? write_all(opened.number(), owner) : errno;
        if (error != 0) return failure_of(error, "locking", path.native());
        return std::unique_ptr<FileLock>(std::make_unique<SystemFileLock>(std::move(opened)));
      }
      if (errno != EWOULDBLOCK && errno != EINTR) return failure_of(errno, "locking", path.native());
      if (std::chrono::steady_clock::now() >= give_up) return retry(Reason::conflict, read_some(opened, kLongestOwner));
      std::this_thread::sleep_for(kPause);
    }
  }
};

}  // namespace

Files& system_files() {
  static SystemFiles files;
  return files;
}

}  // namespace muster
