#include "muster/graph/graph.hpp"

#include <algorithm>
#include <numeric>

namespace muster::graph {
namespace {

/// Where each node's run of sorted edges begins, by the rank that `rank_of` gives an edge.
template <typename RankOf>
std::vector<std::uint32_t> run_starts(const std::vector<Edge>& sorted, std::size_t nodes, RankOf rank_of) {
  std::vector<std::uint32_t> starts(nodes + 1, 0);
  for (const Edge& edge : sorted) ++starts[rank_of(edge) + 1];
  std::partial_sum(starts.begin(), starts.end(), starts.begin());
  return starts;
}

}  // namespace

Graph::Graph(std::vector<Node> nodes, std::vector<Edge> edges) : nodes_(std::move(nodes)), edges_(std::move(edges)) {
  by_name_.resize(nodes_.size());
  for (std::size_t i = 0; i < nodes_.size(); ++i) by_name_[i] = static_cast<NodeId>(i);
  std::sort(by_name_.begin(), by_name_.end(), [&](NodeId a, NodeId b) { return name(a) != name(b) ? name(a) < name(b) : a < b; });
  rank_.resize(nodes_.size());
  for (std::size_t i = 0; i < by_name_.size(); ++i) rank_[index(by_name_[i])] = static_cast<std::uint32_t>(i);

  std::sort(edges_.begin(), edges_.end(), [&](const Edge& a, const Edge& b) {
    if (a.from != b.from) return rank(a.from) < rank(b.from);
    if (a.to != b.to) return rank(a.to) < rank(b.to);
    return a.reason < b.reason;
  });
  const auto same = [](const Edge& a, const Edge& b) { return a.from == b.from && a.to == b.to; };
  edges_.erase(std::unique(edges_.begin(), edges_.end(), same), edges_.end());
  reversed_ = edges_;
  std::stable_sort(reversed_.begin(), reversed_.end(), [&](const Edge& a, const Edge& b) { return rank(a.to) < rank(b.to); });
  first_edge_ = run_starts(edges_, nodes_.size(), [&](const Edge& edge) { return rank(edge.from); });
  first_reversed_ = run_starts(reversed_, nodes_.size(), [&](const Edge& edge) { return rank(edge.to); });
}

std::optional<NodeId> Graph::find(std::string_view wanted) const {
  const auto found =
      std::lower_bound(by_name_.begin(), by_name_.end(), wanted, [&](NodeId node, std::string_view text) { return name(node) < text; });
  if (found == by_name_.end() || name(*found) != wanted) return std::nullopt;
  return *found;
}

std::span<const Edge> Graph::needs(NodeId node) const {
  const std::uint32_t at = rank(node);
  return std::span(edges_).subspan(first_edge_[at], first_edge_[at + 1] - first_edge_[at]);
}

std::span<const Edge> Graph::needed_by(NodeId node) const {
  const std::uint32_t at = rank(node);
  return std::span(reversed_).subspan(first_reversed_[at], first_reversed_[at + 1] - first_reversed_[at]);
}

std::span<const Edge> edges_of(const Graph& graph, NodeId node, Direction direction) {
  return direction == Direction::needs ? graph.needs(node) : graph.needed_by(node);
}

NodeId end_of(const Edge& edge, Direction direction) { return direction == Direction::needs ? edge.to : edge.from; }

Graph part(const Graph& graph, const std::vector<bool>& keep) {
  std::vector<Node> nodes;
  std::vector<NodeId> renamed(graph.size());
  for (std::size_t i = 0; i < graph.size(); ++i) {
    if (!keep[i]) continue;
    const auto node = static_cast<NodeId>(i);
    renamed[i] = static_cast<NodeId>(nodes.size());
    nodes.push_back({graph.name(node), graph.group(node)});
  }
  std::vector<Edge> edges;
  for (const Edge& edge : graph.edges()) {
    if (keep[index(edge.from)] && keep[index(edge.to)]) edges.push_back({renamed[index(edge.from)], renamed[index(edge.to)], edge.reason});
  }
  return {std::move(nodes), std::move(edges)};
}

}  // namespace muster::graph
