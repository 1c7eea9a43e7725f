// A graph as text, DOT, JSON or SVG. Pure; names of strangers are escaped for each of them. Circles are drawn too.
#pragma once

#include <span>
#include <string>

#include "muster/base/value.hpp"
#include "muster/graph/graph.hpp"

namespace muster::graph {

/// A tree of lines below each root. A node that was drawn before is named again with "…" and not opened again.
///   cart@production
///   ├─ catalog@production
///   │  └─ search@production
///   └─ payments@production
/// No roots: all nodes at which no edge ends that way; then those that only a circle reaches.
std::string draw_tree(const Graph& graph, Direction direction, std::span<const NodeId> roots = {});

/// For Graphviz: one cluster a group, arrows from a node to what it needs.
std::string draw_dot(const Graph& graph);

/// {"nodes": [{"name", "group", "wave"}], "edges": [{"from", "to"}]}, both sorted by name.
Value draw_json(const Graph& graph);

/// A file that stands alone (no script, no font, no link): one band a group, one column a wave, arrows from a node to what
/// it needs, a title on each box and arrow for screen readers.
std::string draw_svg(const Graph& graph);

}  // namespace muster::graph
