#include "muster/target/target.hpp"

#include <array>

namespace muster::target {

std::string_view to_string(Health::State state) {
  static constexpr std::array<std::string_view, 4> kNames = {"healthy", "progressing", "unhealthy", "unknown"};
  return kNames.at(static_cast<std::size_t>(state));
}

}  // namespace muster::target
