// The machine that the simulated muster runs on: clock, disk, and no processes. The disk survives a crash; what was
// being written at that moment is there or not, never half (write_atomic), as the steps decide.
// Single-threaded.
#pragma once

#include <functional>
#include <map>
#include <set>
#include <string>

#include "muster/base/world.hpp"
#include "sim/world/faults.hpp"

namespace muster::sim {

/// Time passes only when somebody sleeps or the schedule says so; the wall clock may jump.
class SimulatedClock final : public Clock {
 public:
  explicit SimulatedClock(Instant start) : now_(start) {}
  [[nodiscard]] Instant now() const override { return now_; }
  [[nodiscard]] Duration elapsed() const override { return elapsed_; }
  bool sleep(Duration pause, const std::stop_token& stop) override;
  void advance(Duration by);
  /// The wall clock alone jumps, backwards too.
  void jump(Duration by) { now_ += by; }

 private:
  Instant now_;
  Duration elapsed_{0};
};

class MemoryFiles final : public Files {
 public:
  explicit MemoryFiles(Steps& steps) : steps_(steps) {}

  Result<std::string> read(const Path& path, std::size_t limit) override;
  Result<std::vector<DirectoryEntry>> list(const Path& directory) override;
  Result<DirectoryEntry> stat(const Path& path) override;
  Result<void> write_atomic(const Path& path, std::string_view bytes) override;
  Result<void> append(const Path& path, std::string_view bytes) override;
  Result<void> set_permissions(const Path& path, unsigned bits) override;
  Result<void> remove(const Path& path) override;
  Result<void> remove_all(const Path& path) override;
  Result<void> remove_if_empty(const Path& directory) override;
  Result<void> make_directories(const Path& path) override;
  Result<std::unique_ptr<FileLock>> lock(const Path& path, std::string_view owner, Duration patience) override;

  /// Every write fails as on a full disk, until it is taken back.
  bool full = false;
  /// The process died: its locks are free.
  void forget_locks() { locked_.clear(); }
  /// Direct access for schedules that edit, damage or wipe; not counted as a step.
  std::map<std::string, std::string>& contents() { return contents_; }

 private:
  Result<void> change(const std::function<void()>& apply);

  Steps& steps_;
  std::map<std::string, std::string> contents_;  ///< Path → bytes. Folders exist where something is below them.
  std::set<std::string> locked_;
};

/// No programs here: a check command fails as absent.
class NoProcesses final : public Processes {
 public:
  Result<ProcessOutput> run(const Command& command, const std::stop_token& stop) override;
  Result<int> follow(const Command& command, const TakeOutput& take, const std::stop_token& stop) override;
  Result<std::unique_ptr<ProcessStream>> open(const Command& command, const std::stop_token& stop) override;
  void evict(const Path&) override {}
};

}  // namespace muster::sim
