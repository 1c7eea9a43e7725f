// Refs of a local repository, read through libgit2 and changed by our own compare-and-swap, which git's own programs
// respect and which a kill at any moment leaves usable. Private to the room.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "git/library.hpp"
#include "muster/base/files.hpp"

namespace muster::git {

/// Below `refs/`, well-formed as git defines it, no control bytes.
[[nodiscard]] bool is_ref_name(std::string_view name);

Result<std::optional<Oid>> read_ref(git_repository* repository, std::string_view name);
Result<std::vector<Ref>> list_local_refs(git_repository* repository, std::string_view prefix);

struct RefChange {
  std::string name;
  std::optional<Oid> value;
  std::optional<Oid> expected;
};
/// Reason::conflict where the ref is not `expected`, or git's own lock on it stays taken.
///
/// The lock git knows, `<ref>.lock`, would outlive a killed process and bar the ref for ever. So the new value is written
/// to `muster/pending/<name>` and *linked* to the lock: a leftover lock that is the same file as a pending one is ours
/// and dead, because the holder of `muster/refs.lock` (a lock that dies with its process) is the only one to make them.
Result<void> swap_ref(Files& files, git_repository* repository, const Path& git_folder, const RefChange& change, bool durable);

/// fsync of a file or folder; Reason::exhausted.
Result<void> sync_to_disk(const Path& path);

}  // namespace muster::git
