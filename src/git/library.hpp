// libgit2, started once a process and shut off from the machine: no user, system or XDG configuration, no object cache,
// a cap on every single allocation. Private to the room; nothing else includes git2.h.
//
// Thread-safety: start_library from any thread. git_error_last is a value of the thread: failures are made at once.
#pragma once

#include <git2.h>

#include <memory>
#include <string>
#include <string_view>

#include "git/allocation.hpp"
#include "muster/base/files.hpp"
#include "muster/base/result.hpp"
#include "muster/git/objects.hpp"

namespace muster::git {

/// The largest tree object: some 400,000 entries.
inline constexpr std::size_t kTreeBytes = std::size_t{16} << 20U;

void start_library();

/// The failure that libgit2 just reported on this thread, as `doing: cause`.
Failure library_failure(int code, std::string_view doing);

template <auto release>
struct Released {
  template <typename T>
  void operator()(T* value) const {
    release(value);
  }
};
using RepositoryHandle = std::unique_ptr<git_repository, Released<git_repository_free>>;
using OdbHandle = std::unique_ptr<git_odb, Released<git_odb_free>>;
using ObjectHandle = std::unique_ptr<git_odb_object, Released<git_odb_object_free>>;
using PackBuilder = std::unique_ptr<git_packbuilder, Released<git_packbuilder_free>>;
using Indexer = std::unique_ptr<git_indexer, Released<git_indexer_free>>;

[[nodiscard]] const git_oid* raw(const Oid& id);
[[nodiscard]] Oid hash_object(git_object_t type, std::string_view bytes);
[[nodiscard]] Oid from_raw(const git_oid& id);

/// Opens the bare repository, or the `.git` of a work tree, that is exactly at `path`. Refuses folders of other users
/// (denied), SHA-256 repositories (unsupported) and anything that is no repository (absent).
Result<RepositoryHandle> open_repository(const Path& path);

}  // namespace muster::git
