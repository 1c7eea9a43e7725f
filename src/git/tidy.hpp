// Keeps a repository's packs few. Private to the room.
#pragma once

#include "git/disk_repository.hpp"

namespace muster::git {

struct PackFile {
  std::string name;  ///< "pack-<hash>"
  std::uint64_t bytes = 0;
};
/// The packs of a repository, smallest first.
Result<std::vector<PackFile>> list_packs(DiskRepository& repository);

/// Where a repository has more than some thirty packs, merges the small ones into one, so that their sizes stay a
/// geometric row and each object is rewritten only a few times ever. Removes what killed writers left. Readers go on
/// undisturbed. Does nothing where somebody else tidies, or where packs are kept by git's own means (`.keep`, multi-pack-index).
/// At the deadline it stops, and what there was stays.
Result<void> tidy(DiskRepository& repository, const Deadline* deadline = nullptr);

}  // namespace muster::git
