// The shortest way from one sequence to another: what stays, what goes, what comes. Pure.
#pragma once

#include <cstdint>
#include <vector>

namespace muster::manifest {

struct Edit {
  enum class Kind : std::uint8_t { keep, remove, add } kind = Kind::keep;
  std::size_t before = 0;  ///< Index in the old sequence; where it would stand, for `add`.
  std::size_t after = 0;   ///< Index in the new sequence; where it would stand, for `remove`.
};

/// By the longest common subsequence of equal numbers; of runs that change, removals come first. Sequences that are both
/// long and different are taken as replaced, so that the cost stays bounded.
std::vector<Edit> edits_between(const std::vector<std::uint32_t>& before, const std::vector<std::uint32_t>& after);

}  // namespace muster::manifest
