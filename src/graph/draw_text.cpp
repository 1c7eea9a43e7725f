#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <map>

#include "muster/base/text.hpp"
#include "muster/graph/draw.hpp"

namespace muster::graph {
namespace {

constexpr Direction opposite(Direction direction) { return direction == Direction::needs ? Direction::needed_by : Direction::needs; }

class TreeDrawing {
 public:
  TreeDrawing(const Graph& graph, Direction direction) : graph_(graph), direction_(direction), drawn_(graph.size()) {}

  void add(NodeId root) {
    line("", "", root);
    open(root);
    while (!stack_.empty()) {
      Level& level = stack_.back();
      if (level.next == level.edges.size()) {
        stack_.pop_back();
        if (!stack_.empty()) prefix_.resize(stack_.back().prefix);
        continue;
      }
      const NodeId child = end_of(level.edges[level.next++], direction_);
      const bool last = level.next == level.edges.size();
      const bool drawn = drawn_[index(child)];
      line(prefix_, last ? "└─ " : "├─ ", child);
      if (drawn) continue;
      prefix_ += last ? "   " : "│  ";
      open(child);
    }
    prefix_.clear();
  }

  [[nodiscard]] bool has(NodeId node) const { return drawn_[index(node)]; }
  std::string take() { return std::move(out_); }

 private:
  struct Level {
    std::span<const Edge> edges;
    std::size_t next = 0;
    std::size_t prefix = 0;
  };

  /// Indentation makes the text of a chain quadratic in its length, and nobody reads the hundredth level.
  static constexpr std::size_t kDeepest = 100;

  void line(std::string_view prefix, std::string_view branch, NodeId node) {
    const bool drawn = drawn_[index(node)];
    const bool more = drawn || stack_.size() >= kDeepest;
    const bool has_children = !edges_of(graph_, node, direction_).empty();
    fmt::format_to(std::back_inserter(out_), "{}{}{}{}\n", prefix, branch, escape_for_terminal(graph_.name(node)),
                   more && has_children ? " …" : "");
  }

  void open(NodeId node) {
    drawn_[index(node)] = true;
    const std::span<const Edge> edges = edges_of(graph_, node, direction_);
    stack_.push_back({stack_.size() >= kDeepest ? edges.first(0) : edges, 0, prefix_.size()});
  }

  const Graph& graph_;
  Direction direction_;
  std::vector<bool> drawn_;
  std::vector<Level> stack_;
  std::string prefix_;
  std::string out_;
};

/// A quoted DOT string; a backslash would begin an escape of Graphviz's own.
std::string dot_string(std::string_view text) {
  std::string out = "\"";
  for (const char c : escape_for_terminal(text)) {
    if (c == '"' || c == '\\') out.push_back('\\');
    out.push_back(c == '\n' || c == '\t' ? ' ' : c);
  }
  return out + '"';
}

}  // namespace

std::string draw_tree(const Graph& graph, Direction direction, std::span<const NodeId> roots) {
  TreeDrawing drawing(graph, direction);
  for (const NodeId root : roots) {
    if (!drawing.has(root)) drawing.add(root);
  }
  if (!roots.empty()) return drawing.take();
  for (const NodeId node : graph.nodes()) {
    if (edges_of(graph, node, opposite(direction)).empty()) drawing.add(node);
  }
  for (const NodeId node : graph.nodes()) {
    if (!drawing.has(node)) drawing.add(node);
  }
  return drawing.take();
}

std::string draw_dot(const Graph& graph) {
  std::map<std::string_view, std::vector<NodeId>> groups;
  for (const NodeId node : graph.nodes()) groups[graph.group(node)].push_back(node);
  std::string out = "digraph muster {\n  rankdir=RL;\n  node [shape=box];\n";
  for (const auto& [group, nodes] : groups) {
    if (group.empty()) {
      for (const NodeId node : nodes) fmt::format_to(std::back_inserter(out), "  {};\n", dot_string(graph.name(node)));
      continue;
    }
    fmt::format_to(std::back_inserter(out), "  subgraph {} {{\n    label={};\n", dot_string(fmt::format("cluster_{}", group)),
                   dot_string(group));
    for (const NodeId node : nodes) fmt::format_to(std::back_inserter(out), "    {};\n", dot_string(graph.name(node)));
    out += "  }\n";
  }
  for (const Edge& edge : graph.edges()) {
    fmt::format_to(std::back_inserter(out), "  {} -> {};\n", dot_string(graph.name(edge.from)), dot_string(graph.name(edge.to)));
  }
  return out + "}\n";
}

Value draw_json(const Graph& graph) {
  std::vector<std::size_t> wave_of(graph.size());
  const std::vector<std::vector<NodeId>> all = waves(graph);
  for (std::size_t wave = 0; wave < all.size(); ++wave) {
    for (const NodeId node : all[wave]) wave_of[index(node)] = wave;
  }
  Array nodes;
  for (const NodeId node : graph.nodes()) {
    nodes.push_back(
        Object{{"name", graph.name(node)}, {"group", graph.group(node)}, {"wave", static_cast<std::int64_t>(wave_of[index(node)])}});
  }
  Array edges;
  for (const Edge& edge : graph.edges()) edges.push_back(Object{{"from", graph.name(edge.from)}, {"to", graph.name(edge.to)}});
  return Object{{"nodes", std::move(nodes)}, {"edges", std::move(edges)}};
}

}  // namespace muster::graph
