#include "git/tidy.hpp"

#include <fmt/core.h>
#include <unistd.h>

#include <algorithm>
#include <set>

#include "git/connectivity.hpp"
#include "git/refs.hpp"

namespace muster::git {
namespace {

constexpr std::size_t kPacks = 32;
constexpr std::size_t kMergedObjects = 250'000;     ///< At once; packing holds them all in memory.
constexpr auto kLeftAlone = std::chrono::hours(1);  ///< Files that a living writer may still use.

Path packs_of(const DiskRepository& repository) { return repository.git_folder() / "objects" / "pack"; }

bool is_old(const World& world, const DirectoryEntry& entry) { return world.clock.now() - entry.written > kLeftAlone; }

Result<void> remove_leftovers(DiskRepository& repository) {
  const World& world = repository.world();
  MUSTER_TRY(const auto packs, world.files.list(packs_of(repository)));
  for (const DirectoryEntry& entry : packs) {
    const bool is_temporary = entry.name.starts_with("pack_git2_") || entry.name.starts_with("tmp_");
    if (is_temporary && is_old(world, entry)) MUSTER_CHECK(world.files.remove(packs_of(repository) / entry.name));
  }
  const Path own = repository.git_folder() / "muster";
  const auto entries = world.files.list(own);
  if (!entries.ok()) return {};
  for (const DirectoryEntry& entry : *entries) {
    if (!entry.name.starts_with(kIncomingPrefix)) continue;
    const auto stamp = world.files.stat(own / entry.name);
    if (stamp.ok() && is_old(world, *stamp)) MUSTER_CHECK(world.files.remove_all(own / entry.name));
  }
  return {};
}

/// Those to merge: from the smallest on, up to where each is at least twice all before it together.
std::vector<PackFile> to_merge(const std::vector<PackFile>& packs) {
  std::vector<std::uint64_t> before(packs.size() + 1, 0);
  for (std::size_t i = 0; i < packs.size(); ++i) before[i + 1] = before[i] + packs[i].bytes;
  std::size_t end = packs.size();
  while (end > 0 && packs[end - 1].bytes >= 2 * before[end - 1] && before[end - 1] > 0) --end;
  return {packs.begin(), packs.begin() + static_cast<std::ptrdiff_t>(end)};
}

Result<void> remove_pack(DiskRepository& repository, const std::string& name) {
  for (const char* extension : {".idx", ".pack", ".rev", ".bitmap"})
    MUSTER_CHECK(repository.world().files.remove(packs_of(repository) / (name + extension)));
  return {};
}

Result<void> merge(DiskRepository& repository, const std::vector<PackFile>& packs, const Deadline* deadline) {
  std::set<Oid> ids;
  std::vector<PackFile> merged;
  for (const PackFile& pack : packs) {
    MUSTER_TRY(const std::vector<Oid> more, objects_of_pack(packs_of(repository) / (pack.name + ".idx")));
    if (ids.size() + more.size() > kMergedObjects) break;
    ids.insert(more.begin(), more.end());
    merged.push_back(pack);
  }
  if (merged.size() < 2) return {};
  MUSTER_TRY(const std::string name, repository.store_pack({ids.begin(), ids.end()}, deadline));
  for (const PackFile& pack : merged) {
    if (pack.name != name) MUSTER_CHECK(remove_pack(repository, pack.name));
  }
  repository.reopen();
  return {};
}

}  // namespace

Result<std::vector<PackFile>> list_packs(DiskRepository& repository) {
  MUSTER_TRY(const auto entries, repository.world().files.list(packs_of(repository)));
  std::set<std::string> kept;
  std::set<std::string> indexed;  // A writer that was killed may have left a pack without its index, which is none.
  std::vector<PackFile> out;
  for (const DirectoryEntry& entry : entries) {
    const Path name(entry.name);
    if (name.extension() == ".keep" || name.extension() == ".promisor") kept.insert(name.stem());
    if (name.extension() == ".idx") indexed.insert(name.stem());
  }
  for (const DirectoryEntry& entry : entries) {
    const Path name(entry.name);
    const bool ours = entry.name.starts_with("pack-") && indexed.contains(name.stem()) && !kept.contains(name.stem());
    if (name.extension() == ".pack" && ours) out.push_back({name.stem(), entry.size});
  }
  std::sort(out.begin(), out.end(),
            [](const PackFile& a, const PackFile& b) { return std::pair(a.bytes, a.name) < std::pair(b.bytes, b.name); });
  return out;
}

Result<void> tidy(DiskRepository& repository, const Deadline* deadline) {
  MUSTER_TRY(std::vector<PackFile> packs, list_packs(repository));
  if (packs.size() <= kPacks) return {};
  const World& world = repository.world();
  const Path folder = repository.git_folder() / "muster";
  MUSTER_CHECK(world.files.make_directories(folder));
  const auto lock = world.files.lock(folder / "tidy.lock", fmt::format("process {}", ::getpid()), Duration(0));
  if (!lock.ok()) return lock.failure().reason == Reason::conflict ? Result<void>() : Result<void>(lock.failure());
  if (world.files.stat(packs_of(repository) / "multi-pack-index").ok()) return {};
  MUSTER_CHECK(remove_leftovers(repository));
  MUSTER_TRY(packs, list_packs(repository));
  if (packs.size() <= kPacks) return {};
  return merge(repository, to_merge(packs), deadline);
}

}  // namespace muster::git
