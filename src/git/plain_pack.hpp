// A pack of objects just written, and its index, as bytes: each object compressed, none a delta of another. Looking for
// deltas among all objects of a first record costs more than storing them does; tidy() finds them when it merges.
// Private to the room; a pure function. Formats: git's documentation, gitformat-pack (pack version 2, index version 2).
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "git/staging.hpp"

namespace muster::git {

struct PlainPack {
  std::string name;  ///< "pack-<checksum>": equal objects make equal packs.
  std::string pack;
  std::string index;
};

/// `objects` in order of id, each once, at most 2 GiB together.
Result<PlainPack> plain_pack(const std::vector<std::pair<Oid, std::shared_ptr<const Staging::Object>>>& objects);

}  // namespace muster::git
