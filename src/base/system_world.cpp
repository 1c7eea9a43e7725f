#include "muster/base/world.hpp"

namespace muster {

World system_world() { return {system_clock(), system_files(), system_processes(), system_random()}; }

}  // namespace muster
