// A directed graph of named nodes: an edge says that one node needs another. Instances of a fleet, or services of an
// environment branch: whoever has names and needs builds one (muster/graph/instances.hpp has both).
//
// Ownership: a Graph owns its names and edges and never changes. Thread-safety: const access from any thread.
// Failure: none. All that is returned is in an order that depends on names alone, never on the order of the input.
// Cost: building and each question below is linear in nodes and edges (times a logarithm for ordering by name), unless it
// says otherwise; nothing recurses, so a chain of 100,000 nodes is as good as a star.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace muster::graph {

/// Index of a node, as the builder numbered them.
enum class NodeId : std::uint32_t {};

constexpr std::size_t index(NodeId node) { return static_cast<std::size_t>(node); }

struct Node {
  std::string name;   ///< Unique: "cart@production".
  std::string group;  ///< What drawings put together: the environment; may be empty.
};

/// `from` needs `to`.
struct Edge {
  NodeId from{};
  NodeId to{};
  std::uint32_t reason = 0;  ///< The builder's own index: a span, a line, a declaration.
};

class Graph {
 public:
  Graph() = default;
  /// Edges that say the same twice are one, with the smaller reason. Ids must be below nodes.size().
  Graph(std::vector<Node> nodes, std::vector<Edge> edges);

  [[nodiscard]] std::size_t size() const { return nodes_.size(); }
  [[nodiscard]] std::size_t edge_count() const { return edges_.size(); }
  [[nodiscard]] const std::string& name(NodeId node) const { return nodes_[index(node)].name; }
  [[nodiscard]] const std::string& group(NodeId node) const { return nodes_[index(node)].group; }
  [[nodiscard]] std::optional<NodeId> find(std::string_view wanted) const;

  /// All nodes, by name.
  [[nodiscard]] std::span<const NodeId> nodes() const { return by_name_; }
  /// Place of a node in nodes(): comparing ranks compares names.
  [[nodiscard]] std::uint32_t rank(NodeId node) const { return rank_[index(node)]; }
  /// All edges, by names of `from` and `to`.
  [[nodiscard]] std::span<const Edge> edges() const { return edges_; }
  /// The edges from a node to what it needs, by name of what is needed.
  [[nodiscard]] std::span<const Edge> needs(NodeId node) const;
  /// The edges to a node from those that need it, by name of those.
  [[nodiscard]] std::span<const Edge> needed_by(NodeId node) const;

 private:
  std::vector<Node> nodes_;
  std::vector<NodeId> by_name_;
  std::vector<std::uint32_t> rank_;
  std::vector<Edge> edges_;                // Sorted by rank of from, rank of to.
  std::vector<Edge> reversed_;             // Sorted by rank of to, rank of from.
  std::vector<std::uint32_t> first_edge_;  // By rank of from, one more at the end.
  std::vector<std::uint32_t> first_reversed_;
};

/// Which way to walk: towards what a node needs, or towards those that need it (who is hit).
enum class Direction : std::uint8_t { needs, needed_by };

/// The edges of `node` that way.
std::span<const Edge> edges_of(const Graph& graph, NodeId node, Direction direction);
/// The other end of an edge that way.
NodeId end_of(const Edge& edge, Direction direction);

/// One circle for each knot of nodes that need each other, whole and in order (each needs the next, the last needs the
/// first), beginning with its first name; circles by first name. It is a shortest one of its knot, unless the knot has more
/// than a few thousand nodes: then a shortest one through the knot's first name. Empty: the graph can be ordered.
std::vector<std::vector<NodeId>> circles(const Graph& graph);

/// Every node after all that it needs; among those that could be next, the first by name. nullopt where there is a circle.
std::optional<std::vector<NodeId>> order(const Graph& graph);

/// For showing only (work starts when its own needs are satisfied, never by wave): wave 0 needs nothing, wave n needs
/// something of wave n − 1. The nodes of a circle share a wave.
std::vector<std::vector<NodeId>> waves(const Graph& graph);

/// What a walk met.
struct Reached {
  NodeId node{};
  std::uint32_t distance = 0;  ///< Edges from the nearest start.
  Edge via;                    ///< The last of these edges; unset (from == to) for a start.
};

/// All that `starts` reach, themselves first, then by distance and name.
std::vector<Reached> reach(const Graph& graph, std::span<const NodeId> starts, Direction direction);
/// A shortest way from one node to another, both included; empty where there is none.
std::vector<NodeId> path(const Graph& graph, NodeId from, NodeId to, Direction direction);

/// The chain of needs that takes longest.
struct CriticalPath {
  std::vector<NodeId> nodes;  ///< In the order they run: the last needs the one before.
  std::uint64_t weight = 0;
};
/// `weights[index(node)]`, any unit. Empty where there is a circle.
CriticalPath critical_path(const Graph& graph, std::span<const std::uint64_t> weights);

/// Drawings of more nodes than this keep all their edges.
inline constexpr std::size_t kLargestReduction = 10'000;
/// Without the edges that a longer way says already. Quadratic in nodes: graphs over kLargestReduction, and graphs with a
/// circle, are given back as they are.
Graph reduced(const Graph& graph);

/// The nodes that `keep` says (by index), and the edges between them.
Graph part(const Graph& graph, const std::vector<bool>& keep);

}  // namespace muster::graph
