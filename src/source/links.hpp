// Links: walking paths through the trees of one commit as a file system would, never out of it.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "muster/base/result.hpp"
#include "muster/git/repository.hpp"

namespace muster::source {

/// Something found in a commit, with the path it really has there.
struct Found {
  git::TreeEntry entry;
  std::vector<std::string> path;
};

/// Follows `path` from `start` (a real folder of the commit), links included. Reason::absent where nothing is there,
/// invalid where a link leaves the repository or goes round in circles.
Result<Found> follow(git::Repository& repository, const git::Oid& root, std::vector<std::string> start, std::string_view path);

/// How many folders above its own folder a link's target climbs; kClimbsAnywhere where that hangs on other links.
inline constexpr int kClimbsAnywhere = 1000;
int climb_of(std::string_view target);

inline constexpr std::size_t kMaxLinkBytes = 4096;

}  // namespace muster::source
