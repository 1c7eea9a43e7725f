// Where boxes and arrows of a drawing go: a layered layout, plain and the same on every machine. Pure.
#pragma once

#include <string>
#include <vector>

#include "muster/graph/graph.hpp"

namespace muster::graph {

struct Point {
  double x = 0;
  double y = 0;
};

struct Box {
  NodeId node{};
  Point corner;
  double width = 0;
  double height = 0;
};

struct Line {
  Edge edge;
  bool inside_circle = false;  ///< Both ends are right sides, perhaps of one box.
  std::vector<Point> points;   ///< From the box that needs to the box that is needed, over bends between columns.
};

struct Band {
  std::string group;
  double top = 0;
  double height = 0;
};

struct Layout {
  double width = 0;
  double height = 0;
  std::vector<Band> bands;  ///< One a group, by name.
  std::vector<Box> boxes;   ///< By name of node.
  std::vector<Line> lines;  ///< By names of its ends.
};

/// Columns are waves, left to right; bands are groups, top to bottom.
Layout lay_out(const Graph& graph);

}  // namespace muster::graph
