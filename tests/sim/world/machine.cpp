#include "sim/world/machine.hpp"

#include <algorithm>

#include "muster/base/digest.hpp"

namespace muster::sim {

bool SimulatedClock::sleep(Duration pause, const std::stop_token& stop) {
  if (stop.stop_requested()) return false;
  advance(pause);
  return true;
}

void SimulatedClock::advance(Duration by) {
  now_ += by;
  elapsed_ += by;
}

namespace {

std::string key_of(const Path& path) { return path.lexically_normal().string(); }

std::string folder_prefix(const Path& path) {
  std::string key = key_of(path);
  if (!key.ends_with('/')) key += '/';
  return key;
}

Failure nothing_at(const Path& path) { return stalled(Reason::absent, path.string() + ": no such file"); }

/// Equal bytes have an equal stamp, as far as caches may rely on.
std::int64_t stamp_of(std::string_view bytes) {
  std::int64_t stamp = 0;
  for (std::size_t i = 0; i < 6; ++i) stamp = stamp * 256 + sha256(bytes).bytes.at(i);
  return stamp;
}

}  // namespace

Result<std::string> MemoryFiles::read(const Path& path, std::size_t limit) {
  const auto found = contents_.find(key_of(path));
  if (found == contents_.end()) return nothing_at(path);
  if (found->second.size() > limit) return stalled(Reason::limit, path.string() + ": too large");
  return found->second;
}

Result<std::vector<DirectoryEntry>> MemoryFiles::list(const Path& directory) {
  const std::string prefix = folder_prefix(directory);
  std::vector<DirectoryEntry> out;
  for (auto at = contents_.lower_bound(prefix); at != contents_.end() && at->first.starts_with(prefix); ++at) {
    const std::string rest = at->first.substr(prefix.size());
    const std::size_t slash = rest.find('/');
    const std::string name = rest.substr(0, slash);
    if (!out.empty() && out.back().name == name) continue;
    if (slash == std::string::npos) {
      out.push_back({name, FileKind::file, at->second.size(), stamp_of(at->second)});
    } else {
      out.push_back({name, FileKind::directory, 0, 0});
    }
  }
  if (out.empty()) return nothing_at(directory);
  std::sort(out.begin(), out.end(), [](const DirectoryEntry& a, const DirectoryEntry& b) { return a.name < b.name; });
  return out;
}

Result<DirectoryEntry> MemoryFiles::stat(const Path& path) {
  const std::string key = key_of(path);
  if (const auto found = contents_.find(key); found != contents_.end()) {
    return DirectoryEntry{path.filename().string(), FileKind::file, found->second.size(), stamp_of(found->second)};
  }
  const std::string prefix = folder_prefix(path);
  const auto below = contents_.lower_bound(prefix);
  if (below == contents_.end() || !below->first.starts_with(prefix)) return nothing_at(path);
  return DirectoryEntry{path.filename().string(), FileKind::directory, 0, 0};
}

Result<void> MemoryFiles::change(const std::function<void()>& apply) {
  return steps_.effect([&]() -> Result<void> {
    if (full) return retry(Reason::exhausted, "no space left on device");
    apply();
    return {};
  });
}

Result<void> MemoryFiles::write_atomic(const Path& path, std::string_view bytes) {
  return change([&] { contents_[key_of(path)] = std::string(bytes); });
}

Result<void> MemoryFiles::append(const Path& path, std::string_view bytes) {
  return change([&] { contents_[key_of(path)] += bytes; });
}

Result<void> MemoryFiles::set_permissions(const Path& /*path*/, unsigned /*bits: everything may everything here*/) { return {}; }

Result<void> MemoryFiles::remove(const Path& path) {
  return steps_.effect([&]() -> Result<void> {
    contents_.erase(key_of(path));
    return {};
  });
}

Result<void> MemoryFiles::remove_all(const Path& path) {
  return steps_.effect([&]() -> Result<void> {
    contents_.erase(key_of(path));
    const std::string prefix = folder_prefix(path);
    for (auto at = contents_.lower_bound(prefix); at != contents_.end() && at->first.starts_with(prefix);) at = contents_.erase(at);
    return {};
  });
}

Result<void> MemoryFiles::remove_if_empty(const Path& /*directory: folders exist by their files*/) { return {}; }
Result<void> MemoryFiles::make_directories(const Path& /*path*/) { return {}; }

namespace {

class HeldLock final : public FileLock {
 public:
  HeldLock(std::set<std::string>& locked, std::string key) : locked_(locked), key_(std::move(key)) {}
  HeldLock(const HeldLock&) = delete;
  HeldLock& operator=(const HeldLock&) = delete;
  ~HeldLock() override { locked_.erase(key_); }

 private:
  std::set<std::string>& locked_;
  std::string key_;
};

}  // namespace

Result<std::unique_ptr<FileLock>> MemoryFiles::lock(const Path& path, std::string_view /*owner*/, Duration /*patience*/) {
  const std::string key = key_of(path);
  if (!locked_.insert(key).second) return retry(Reason::conflict, "locked");
  return std::unique_ptr<FileLock>(std::make_unique<HeldLock>(locked_, key));
}

Result<ProcessOutput> NoProcesses::run(const Command& command, const std::stop_token& /*stop*/) {
  return stalled(Reason::absent, "no program " + (command.argv.empty() ? std::string() : command.argv.front()));
}

Result<int> NoProcesses::follow(const Command& command, const TakeOutput& /*take*/, const std::stop_token& stop) {
  MUSTER_TRY(const ProcessOutput output, run(command, stop));
  return output.exit_code;
}

Result<std::unique_ptr<ProcessStream>> NoProcesses::open(const Command& command, const std::stop_token& /*stop*/) {
  return stalled(Reason::absent, "no program " + (command.argv.empty() ? std::string() : command.argv.front()));
}

}  // namespace muster::sim
