// Whether a pack brings everything that its objects name. Private to the room.
#pragma once

#include <span>
#include <vector>

#include "git/pack_writer.hpp"

namespace muster::git {

/// The objects of one pack by its index file, in the order of their ids.
Result<std::vector<Oid>> objects_of_pack(const Path& index);

/// Reason::corrupt where something is missing. `odb` has the new objects `ids` (sorted) and those that were there before.
/// Of small packs everything that `tips` reach and that is new is followed. Of large ones their history, and the whole of
/// each tip's tree: what muster reads; a file of an old commit that is missing shows when somebody reads it.
Result<void> check_connected(git_odb* odb, std::span<const Oid> ids, std::span<const Oid> tips, const Deadline& deadline);

/// The same for a whole repository: histories of `tips` and the trees of the tips themselves.
Result<void> check_whole(git_odb* odb, std::span<const Oid> tips, const Deadline& deadline);

}  // namespace muster::git
