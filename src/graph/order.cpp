#include <algorithm>
#include <functional>
#include <queue>

#include "graph/knots.hpp"
#include "muster/graph/graph.hpp"

namespace muster::graph {

std::optional<std::vector<NodeId>> order(const Graph& graph) {
  std::vector<std::size_t> open(graph.size());
  std::priority_queue<std::uint32_t, std::vector<std::uint32_t>, std::greater<>> ready;
  for (const NodeId node : graph.nodes()) {
    open[index(node)] = graph.needs(node).size();
    if (open[index(node)] == 0) ready.push(graph.rank(node));
  }
  std::vector<NodeId> out;
  out.reserve(graph.size());
  while (!ready.empty()) {
    const NodeId node = graph.nodes()[ready.top()];
    ready.pop();
    out.push_back(node);
    for (const Edge& edge : graph.needed_by(node)) {
      if (--open[index(edge.from)] == 0) ready.push(graph.rank(edge.from));
    }
  }
  if (out.size() != graph.size()) return std::nullopt;
  return out;
}

std::vector<std::vector<NodeId>> waves(const Graph& graph) {
  const Knots knots = knots_of(graph);
  std::vector<std::vector<NodeId>> members(knots.count);
  for (const NodeId node : graph.nodes()) members[knots.of[index(node)]].push_back(node);
  std::vector<std::size_t> wave(knots.count, 0);
  std::size_t count = 0;
  for (std::uint32_t knot = 0; knot < knots.count; ++knot) {  // What is needed comes first.
    for (const NodeId node : members[knot]) {
      for (const Edge& edge : graph.needs(node)) {
        const std::uint32_t other = knots.of[index(edge.to)];
        if (other != knot) wave[knot] = std::max(wave[knot], wave[other] + 1);
      }
    }
    count = std::max(count, wave[knot] + 1);
  }
  std::vector<std::vector<NodeId>> out(count);
  for (const NodeId node : graph.nodes()) out[wave[knots.of[index(node)]]].push_back(node);
  return out;
}

CriticalPath critical_path(const Graph& graph, std::span<const std::uint64_t> weights) {
  const std::optional<std::vector<NodeId>> sorted = order(graph);
  if (!sorted || sorted->empty()) return {};
  std::vector<std::uint64_t> until(graph.size(), 0);
  std::vector<std::optional<NodeId>> before(graph.size());
  NodeId last = sorted->front();
  for (const NodeId node : *sorted) {
    for (const Edge& edge : graph.needs(node)) {
      const std::optional<NodeId> best = before[index(node)];
      if (!best || until[index(edge.to)] > until[index(*best)]) before[index(node)] = edge.to;
    }
    const std::optional<NodeId> best = before[index(node)];
    until[index(node)] = weights[index(node)] + (best ? until[index(*best)] : 0);
    const std::uint64_t now = until[index(node)];
    if (now > until[index(last)] || (now == until[index(last)] && graph.rank(node) < graph.rank(last))) last = node;
  }
  CriticalPath out;
  out.weight = until[index(last)];
  for (std::optional<NodeId> node = last; node; node = before[index(*node)]) out.nodes.push_back(*node);
  std::reverse(out.nodes.begin(), out.nodes.end());
  return out;
}

Graph reduced(const Graph& graph) {
  const std::optional<std::vector<NodeId>> sorted = order(graph);
  if (!sorted || graph.size() > kLargestReduction) return graph;
  std::vector<std::size_t> place(graph.size());
  for (std::size_t i = 0; i < sorted->size(); ++i) place[index((*sorted)[i])] = i;

  // Row i has a bit for each place that the node at place i needs, directly or not.
  constexpr std::size_t kBits = 64;
  const std::size_t words = (graph.size() + kBits - 1) / kBits;
  std::vector<std::uint64_t> rows(graph.size() * words, 0);
  std::vector<Edge> kept;
  std::vector<Edge> needs;
  for (std::size_t i = 0; i < sorted->size(); ++i) {
    const std::span<const Edge> all = graph.needs((*sorted)[i]);
    needs.assign(all.begin(), all.end());
    // The latest first: whatever another need reaches stands earlier than that need.
    std::sort(needs.begin(), needs.end(), [&](const Edge& a, const Edge& b) { return place[index(a.to)] > place[index(b.to)]; });
    std::uint64_t* row = rows.data() + i * words;
    for (const Edge& edge : needs) {
      const std::size_t to = place[index(edge.to)];
      if (((row[to / kBits] >> (to % kBits)) & 1U) != 0) continue;
      kept.push_back(edge);
      const std::uint64_t* other = rows.data() + to * words;
      for (std::size_t word = 0; word < words; ++word) row[word] |= other[word];
      row[to / kBits] |= std::uint64_t{1} << (to % kBits);
    }
  }
  std::vector<Node> nodes(graph.size());
  for (const NodeId node : graph.nodes()) nodes[index(node)] = {graph.name(node), graph.group(node)};
  return {std::move(nodes), std::move(kept)};
}

}  // namespace muster::graph
