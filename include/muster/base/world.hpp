// World: the outside, passed in. Production parts are thin; the simulator's are seeded and deterministic.
// The seams of higher rooms (git::Remotes, target::Targets) are passed beside it by the rooms that use them.
#pragma once

#include "muster/base/files.hpp"
#include "muster/base/process.hpp"
#include "muster/base/random.hpp"
#include "muster/base/time.hpp"

namespace muster {

/// References must outlive every user. Thread-safe as its parts are.
struct World {
  Clock& clock;
  Files& files;
  Processes& processes;
  Random& random;
};

/// The real one.
World system_world();

}  // namespace muster
