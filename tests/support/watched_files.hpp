// The machine's disk, with somebody told of each read and lock before it happens: whoever is to be faster acts there.
#pragma once

#include <functional>

#include "muster/base/files.hpp"

namespace muster::test {

class WatchedFiles final : public Files {
 public:
  /// Called on the thread of the caller; what it does itself is not told.
  using Watcher = std::function<void(std::string_view call, const Path& path)>;
  explicit WatchedFiles(Files& under) : under_(under) {}
  void watch(Watcher watcher) { watcher_ = std::move(watcher); }

  Result<std::string> read(const Path& path, std::size_t limit) override {
    tell("read", path);
    return under_.read(path, limit);
  }
  Result<std::unique_ptr<FileLock>> lock(const Path& path, std::string_view owner, Duration patience) override {
    tell("lock", path);
    return under_.lock(path, owner, patience);
  }
  Result<std::vector<DirectoryEntry>> list(const Path& path) override { return under_.list(path); }
  Result<DirectoryEntry> stat(const Path& path) override { return under_.stat(path); }
  Result<void> write_atomic(const Path& path, std::string_view bytes) override { return under_.write_atomic(path, bytes); }
  Result<void> write_whole(const Path& path, std::string_view bytes) override { return under_.write_whole(path, bytes); }
  Result<void> append(const Path& path, std::string_view bytes) override { return under_.append(path, bytes); }
  Result<void> set_permissions(const Path& path, unsigned bits) override { return under_.set_permissions(path, bits); }
  Result<void> remove(const Path& path) override { return under_.remove(path); }
  Result<void> remove_all(const Path& path) override { return under_.remove_all(path); }
  Result<void> remove_if_empty(const Path& path) override { return under_.remove_if_empty(path); }
  Result<void> make_directories(const Path& path) override { return under_.make_directories(path); }

 private:
  void tell(std::string_view call, const Path& path) {
    if (!watcher_ || telling_) return;
    telling_ = true;
    watcher_(call, path);
    telling_ = false;
  }

  Files& under_;
  Watcher watcher_;
  bool telling_ = false;
};

}  // namespace muster::test
