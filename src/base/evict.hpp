// What programs leave behind. Private to the room.
#pragma once

#include "muster/base/files.hpp"

namespace muster {

/// Processes::evict of this machine.
void evict_from(const Path& folder);

}  // namespace muster
