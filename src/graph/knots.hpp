// Strong components: the knots of nodes that need each other, directly or not. Boost.Graph finds them without recursion.
#pragma once

#include <cstdint>
#include <vector>

#include "muster/graph/graph.hpp"

namespace muster::graph {

struct Knots {
  std::vector<std::uint32_t> of;  ///< By node index. A knot's number is greater than those of all knots that it needs.
  std::uint32_t count = 0;
};

Knots knots_of(const Graph& graph);

}  // namespace muster::graph
