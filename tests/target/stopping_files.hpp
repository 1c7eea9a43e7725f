// The machine's disk, until a chosen change of it: from then on every call fails, as after a kill or on a full disk.
#pragma once

#include "muster/base/files.hpp"

namespace muster::target::test {

class StoppingFiles final : public Files {
 public:
  enum class Stop { before, after };  ///< The change itself is not made, or is made and never reported.

  /// The `stop_at`-th change (from 1) is the last one that is tried; 0 never stops. `dead` keeps failing afterwards.
  StoppingFiles(Files& under, std::size_t stop_at, Stop stop, bool dead) : under_(under), stop_at_(stop_at), stop_(stop), dead_(dead) {}

  [[nodiscard]] std::size_t changes() const { return changes_; }
  [[nodiscard]] bool stopped() const { return stopped_; }

  Result<std::string> read(const Path& path, std::size_t limit) override { return is_dead() ? failure() : under_.read(path, limit); }
  Result<std::vector<DirectoryEntry>> list(const Path& path) override { return is_dead() ? failure() : under_.list(path); }
  Result<DirectoryEntry> stat(const Path& path) override { return is_dead() ? failure() : under_.stat(path); }
  Result<void> write_atomic(const Path& path, std::string_view bytes) override {
    return change([&] { return under_.write_atomic(path, bytes); });
  }
  Result<void> append(const Path& path, std::string_view bytes) override {
    return change([&] { return under_.append(path, bytes); });
  }
  Result<void> set_permissions(const Path& path, unsigned bits) override {
    return change([&] { return under_.set_permissions(path, bits); });
  }
  Result<void> remove(const Path& path) override {
    return change([&] { return under_.remove(path); });
  }
  Result<void> remove_all(const Path& path) override {
    return change([&] { return under_.remove_all(path); });
  }
  Result<void> remove_if_empty(const Path& path) override {
    return change([&] { return under_.remove_if_empty(path); });
  }
  Result<void> make_directories(const Path& path) override {
    return change([&] { return under_.make_directories(path); });
  }
  Result<std::unique_ptr<FileLock>> lock(const Path& path, std::string_view owner, Duration patience) override {
    if (is_dead()) return failure();
    return under_.lock(path, owner, patience);
  }

 private:
  template <typename Make>
  Result<void> change(Make make) {
    if (is_dead()) return failure();
    ++changes_;
    if (changes_ != stop_at_) return make();
    stopped_ = true;
    if (stop_ == Stop::after) static_cast<void>(make().ok());
    return failure();
  }
  [[nodiscard]] bool is_dead() const { return dead_ && stopped_; }
  static Failure failure() { return retry(Reason::exhausted, "no space left on device"); }

  Files& under_;
  std::size_t stop_at_;
  Stop stop_;
  bool dead_;
  std::size_t changes_ = 0;
  bool stopped_ = false;
};

}  // namespace muster::target::test
