// What programs leave behind: daemons that left their process group, and mounts.
#include "base/evict.hpp"

#include <sys/mount.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <csignal>
#include <optional>
#include <string>
#include <vector>

#include "muster/base/files.hpp"
#include "muster/base/text.hpp"

namespace muster {
namespace {

constexpr std::size_t kMaxFile = std::size_t{16} << 20U;
constexpr int kRounds = 20;  ///< What starts others faster than this is beyond us.

std::optional<pid_t> process_of(const std::string& name) {
  pid_t out = 0;
  const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), out);
  if (error != std::errc() || end != name.data() + name.size() || out <= 1 || out == ::getpid()) return std::nullopt;
  return out;
}

/// proc(5), /proc/PID/environ: as it was at the program's start.
bool was_started_in(Files& files, const std::string& process, const std::string& folder) {
  const auto environment = files.read(Path("/proc") / process / "environ", kMaxFile);
  return environment.ok() && environment->find(folder + "/") != std::string::npos;
}

bool kill_once(Files& files, const std::string& folder) {
  const auto processes = files.list("/proc");
  bool any = false;
  if (!processes.ok()) return false;
  for (const DirectoryEntry& entry : *processes) {
    const auto process = process_of(entry.name);
    if (process && was_started_in(files, entry.name, folder)) any = ::kill(*process, SIGKILL) == 0 || any;
  }
  return any;
}

/// "\\040" is a blank, and so on.
std::string unescape_mount(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '\\' || i + 3 >= text.size()) {
      out += text[i];
      continue;
    }
    unsigned code = 0;
    std::from_chars(text.data() + i + 1, text.data() + i + 4, code, 8);
    out += static_cast<char>(code);
    i += 3;
  }
  return out;
}

/// proc(5), /proc/PID/mountinfo: the fifth field, newest last.
std::vector<std::string> mounts_below(Files& files, const std::string& folder) {
  std::vector<std::string> out;
  const auto mounts = files.read("/proc/self/mountinfo", kMaxFile);
  if (!mounts.ok()) return out;
  for (const std::string_view line : split(*mounts, '\n')) {
    const auto fields = split(line, ' ');
    std::string place = fields.size() > 4 ? unescape_mount(fields[4]) : std::string();
    if (place.starts_with(folder + "/")) out.push_back(std::move(place));
  }
  std::reverse(out.begin(), out.end());
  return out;
}

}  // namespace

void evict_from(const Path& folder) {
  Files& files = system_files();
  for (int round = 0; round < kRounds && kill_once(files, folder.native()); ++round) {}
  for (const std::string& place : mounts_below(files, folder.native())) ::umount2(place.c_str(), MNT_DETACH | UMOUNT_NOFOLLOW);
}

}  // namespace muster
