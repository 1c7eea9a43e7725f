#include "graph/knots.hpp"

#include <boost/graph/compressed_sparse_row_graph.hpp>
#include <boost/graph/strong_components.hpp>
#include <utility>

namespace muster::graph {

Knots knots_of(const Graph& graph) {
  using Rows = boost::compressed_sparse_row_graph<boost::directedS, boost::no_property, boost::no_property, boost::no_property,
                                                  std::uint32_t, std::uint32_t>;
  std::vector<std::pair<std::uint32_t, std::uint32_t>> pairs;
  pairs.reserve(graph.edge_count());
  for (const Edge& edge : graph.edges()) pairs.emplace_back(graph.rank(edge.from), graph.rank(edge.to));
  const Rows rows(boost::edges_are_sorted, pairs.begin(), pairs.end(), static_cast<std::uint32_t>(graph.size()));

  // Tarjan numbers a component when it leaves it, so what is needed has the smaller number.
  std::vector<std::uint32_t> by_rank(graph.size());
  Knots knots;
  knots.count = boost::strong_components(rows, boost::make_iterator_property_map(by_rank.begin(), boost::get(boost::vertex_index, rows)));
  knots.of.resize(graph.size());
  for (const NodeId node : graph.nodes()) knots.of[index(node)] = by_rank[graph.rank(node)];
  return knots;
}

}  // namespace muster::graph
