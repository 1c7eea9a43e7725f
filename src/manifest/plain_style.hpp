// The style in which nearly all manifests are written (block collections, scalars on one line, literal blocks, flow
// collections on one line) read without libyaml, several times as fast. At the first byte that could mean anything else the
// attempt ends and libyaml decides: nothing is refused here, and what is read is the tree that libyaml tells, positions
// included. Tests and a fuzz target hold the two against each other.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "manifest/tree.hpp"

namespace muster::manifest {

/// As read_tree(); nullopt: let libyaml read it. `chunk` is checked text (UTF-8 without control characters) and ends with a
/// line break.
std::optional<Tree> read_plain_style(std::string_view chunk, std::uint32_t first_line, std::size_t node_budget);

}  // namespace muster::manifest
