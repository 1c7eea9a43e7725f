#include "pipeline/scratch.hpp"

#include <set>
#include <string>

#include "muster/base/log.hpp"

namespace muster::pipeline {
namespace {

constexpr std::string_view kLock = ".lock";
constexpr unsigned kOwnerAlone = 0700;

Path root_of(const Path& state) { return state / "scratch"; }

Path lock_of(const Path& folder) { return Path(folder).concat(kLock); }

/// Builders leave folders that even their owner may not write to, as Go's module cache is.
void loosen(Files& files, const Path& folder, int depth) {
  constexpr int kDeepest = 200;
  if (depth > kDeepest || !files.set_permissions(folder, kOwnerAlone).ok()) return;
  const auto entries = files.list(folder);
  if (!entries.ok()) return;
  for (const DirectoryEntry& entry : *entries) {
    if (entry.kind == FileKind::directory) loosen(files, folder / entry.name, depth + 1);
  }
}

/// Without root's rights buildah's storage belongs to subordinate users, whose files only they remove.
Result<void> remove_as_builder(const World& world, const Path& folder) {
  Command command;
  command.argv = {"buildah", "unshare", "rm", "-rf", "--", folder.string()};
  command.environment["PATH"] = "/usr/local/bin:/usr/bin:/bin";
  command.environment["HOME"] = folder.string();
  MUSTER_TRY(const ProcessOutput output, world.processes.run(command, {}));
  if (output.exit_code != 0) return stalled(Reason::denied, "buildah unshare rm: " + output.error);
  return {};
}

Result<void> remove_folder(const World& world, const Path& folder) {
  Result<void> removed = world.files.remove_all(folder);
  if (removed.ok() || removed.failure().reason != Reason::denied) return removed;
  loosen(world.files, folder, 0);
  removed = world.files.remove_all(folder);
  if (removed.ok() || removed.failure().reason != Reason::denied) return removed;
  return remove_as_builder(world, folder);
}

/// The lock's file goes first: while it is held nobody else takes the folder for a left one.
void remove_both(const World& world, const Path& folder) {
  world.processes.evict(folder);
  const Result<void> removed = remove_folder(world, folder);
  if (!removed.ok()) log::warning("a scratch folder stays behind until the next start: {}", removed.failure().text);
  if (removed.ok()) static_cast<void>(world.files.remove(lock_of(folder)).ok());
}

}  // namespace

Result<std::unique_ptr<Scratch>> Scratch::make(const World& world, const Path& state) {
  const Path path = root_of(state) / world.random.hex(8);
  MUSTER_TRY(auto lock, world.files.lock(lock_of(path), "a build", Duration(0)));
  auto scratch = std::unique_ptr<Scratch>(new Scratch(world, path, std::move(lock)));
  MUSTER_CHECK(world.files.make_directories(path));
  MUSTER_CHECK(world.files.set_permissions(path, kOwnerAlone));
  return scratch;
}

Scratch::~Scratch() { remove_both(world_, path_); }

Result<Path> Scratch::folder(std::string_view name) {
  MUSTER_CHECK(world_.files.make_directories(path_ / name));
  return path_ / name;
}

Result<Path> Scratch::write(std::string_view name, std::string_view bytes) {
  constexpr unsigned kOwnerReads = 0600;
  const Path path = path_ / name;
  MUSTER_CHECK(world_.files.append(path, ""));
  MUSTER_CHECK(world_.files.set_permissions(path, kOwnerReads));
  MUSTER_CHECK(world_.files.append(path, bytes));
  return path;
}

void sweep_scratch(const World& world, const Path& state) {
  const auto entries = world.files.list(root_of(state));
  if (!entries.ok()) return;
  std::set<std::string> names;
  for (const DirectoryEntry& entry : *entries) {
    const std::string_view name = entry.name;
    names.emplace(name.ends_with(kLock) ? name.substr(0, name.size() - kLock.size()) : name);
  }
  for (const std::string& name : names) {
    const Path folder = root_of(state) / name;
    if (const auto lock = world.files.lock(lock_of(folder), "a sweep", Duration(0)); lock.ok()) remove_both(world, folder);
  }
}

}  // namespace muster::pipeline
