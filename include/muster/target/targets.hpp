// The targets of this machine's World.
//
// Ownership: the World's parts and nothing else must outlive what is opened. Thread-safe.
#pragma once

#include <memory>

#include "muster/base/world.hpp"
#include "muster/target/target.hpp"

namespace muster::target {

/// Opens targets by their kind. Relative paths of directory targets begin at `root`, the fleet's root.
std::unique_ptr<Targets> open_targets(const World& world, Path root);

}  // namespace muster::target
