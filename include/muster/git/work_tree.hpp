// The git work tree around a folder: where the fleet files stand. Read only; the user's repository is never written.
// Thread-safety: functions are reentrant. Failures: corrupt, denied (a work tree of somebody else's).
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "muster/base/files.hpp"
#include "muster/base/result.hpp"
#include "muster/git/repository.hpp"

namespace muster::git {

struct WorkTree {
  Path root;                               ///< The work tree's top folder.
  std::optional<Oid> head;                 ///< nullopt: no commit yet.
  std::shared_ptr<Repository> repository;  ///< Its objects and refs.
};

/// The work tree that `folder` lies in; nullopt where it lies in none, or is ignored by the one it lies in.
Result<std::optional<WorkTree>> find_work_tree(const World& world, const Path& folder);
/// Files below `folder` whose name ends in `suffix` and that differ from the commit, are new, or are gone; sorted paths
/// relative to the work tree. `folder` lies in the work tree.
Result<std::vector<std::string>> changed_files(const WorkTree& work_tree, const Path& folder, std::string_view suffix);
/// "HEAD~1", "origin/main", a tag, an id in short: the commit it names. Reason::absent otherwise.
Result<Oid> resolve_revision(const WorkTree& work_tree, std::string_view revision);

}  // namespace muster::git
