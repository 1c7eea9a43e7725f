#include <algorithm>

#include "graph/knots.hpp"
#include "muster/graph/graph.hpp"

namespace muster::graph {

std::vector<Reached> reach(const Graph& graph, std::span<const NodeId> starts, Direction direction) {
  std::vector<bool> seen(graph.size());
  std::vector<Reached> out;
  for (const NodeId node : starts) {
    if (seen[index(node)]) continue;
    seen[index(node)] = true;
    out.push_back({node, 0, {node, node, 0}});
  }
  const auto by_name = [&](const Reached& a, const Reached& b) { return graph.rank(a.node) < graph.rank(b.node); };
  std::sort(out.begin(), out.end(), by_name);
  // Level by level, each sorted by name, so that the edge by which a node is reached does not depend on the input either.
  for (std::size_t begin = 0; begin < out.size();) {
    const std::size_t end = out.size();
    for (std::size_t i = begin; i < end; ++i) {
      for (const Edge& edge : edges_of(graph, out[i].node, direction)) {
        const NodeId next = end_of(edge, direction);
        if (seen[index(next)]) continue;
        seen[index(next)] = true;
        out.push_back({next, out[i].distance + 1, edge});
      }
    }
    std::sort(out.begin() + static_cast<std::ptrdiff_t>(end), out.end(), by_name);
    begin = end;
  }
  return out;
}

namespace {

NodeId start_of(const Edge& edge, Direction direction) { return direction == Direction::needs ? edge.from : edge.to; }

}  // namespace

std::vector<NodeId> path(const Graph& graph, NodeId from, NodeId to, Direction direction) {
  std::vector<std::optional<Edge>> via(graph.size());
  for (const Reached& reached : reach(graph, std::span(&from, 1), direction)) via[index(reached.node)] = reached.via;
  if (!via[index(to)]) return {};
  std::vector<NodeId> out = {to};
  while (out.back() != from) out.push_back(start_of(*via[index(out.back())], direction));
  std::reverse(out.begin(), out.end());
  return out;
}

namespace {

/// Finds shortest circles inside one knot; its arrays are used again for each start.
class CircleSearch {
 public:
  CircleSearch(const Graph& graph, const Knots& knots) : graph_(graph), knots_(knots), parent_(graph.size()), round_(graph.size(), 0) {}

  /// A shortest circle through `start`, if it has fewer than `bound` nodes; else empty.
  std::vector<NodeId> through(NodeId start, std::size_t bound) {
    ++current_;
    queue_.assign({start});
    round_[index(start)] = current_;
    std::size_t level_end = 1;
    std::size_t length = 1;
    for (std::size_t head = 0; head < queue_.size(); ++head) {
      if (head == level_end) {
        level_end = queue_.size();
        ++length;
      }
      if (length >= bound) return {};
      for (const Edge& edge : graph_.needs(queue_[head])) {
        if (edge.to == start) return back_from(queue_[head], start);
        if (knots_.of[index(edge.to)] != knots_.of[index(start)] || round_[index(edge.to)] == current_) continue;
        round_[index(edge.to)] = current_;
        parent_[index(edge.to)] = queue_[head];
        queue_.push_back(edge.to);
      }
    }
    return {};
  }

 private:
  [[nodiscard]] std::vector<NodeId> back_from(NodeId last, NodeId start) const {
    std::vector<NodeId> circle = {last};
    while (circle.back() != start) circle.push_back(parent_[index(circle.back())]);
    std::reverse(circle.begin(), circle.end());
    return circle;
  }

  const Graph& graph_;
  const Knots& knots_;
  std::vector<NodeId> parent_;
  std::vector<std::uint32_t> round_;
  std::vector<NodeId> queue_;
  std::uint32_t current_ = 0;
};

std::vector<NodeId> shortest_circle(const Graph& graph, CircleSearch& search, const std::vector<NodeId>& members) {
  // Every node of a knot is tried while that takes no more than some ten million steps.
  constexpr std::size_t kMostSteps = 10'000'000;
  std::size_t edges = 0;
  for (const NodeId node : members) edges += graph.needs(node).size();
  const bool try_all = members.size() <= kMostSteps / (edges + 1);
  std::vector<NodeId> best = search.through(members.front(), members.size() + 1);
  for (std::size_t i = 1; try_all && i < members.size() && best.size() > 1; ++i) {
    if (std::vector<NodeId> circle = search.through(members[i], best.size()); !circle.empty()) best = std::move(circle);
  }
  const auto first = std::min_element(best.begin(), best.end(), [&](NodeId a, NodeId b) { return graph.rank(a) < graph.rank(b); });
  std::rotate(best.begin(), first, best.end());
  return best;
}

bool needs_itself(const Graph& graph, NodeId node) {
  const std::span<const Edge> needs = graph.needs(node);
  return std::any_of(needs.begin(), needs.end(), [&](const Edge& edge) { return edge.to == node; });
}

}  // namespace

std::vector<std::vector<NodeId>> circles(const Graph& graph) {
  const Knots knots = knots_of(graph);
  std::vector<std::vector<NodeId>> members(knots.count);
  for (const NodeId node : graph.nodes()) members[knots.of[index(node)]].push_back(node);
  CircleSearch search(graph, knots);
  std::vector<std::vector<NodeId>> out;
  for (const std::vector<NodeId>& knot : members) {
    if (knot.size() > 1 || needs_itself(graph, knot.front())) out.push_back(shortest_circle(graph, search, knot));
  }
  std::sort(out.begin(), out.end(), [&](const auto& a, const auto& b) { return graph.rank(a.front()) < graph.rank(b.front()); });
  return out;
}

}  // namespace muster::graph
