#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "graph/layout.hpp"
#include "muster/base/text.hpp"
#include "muster/graph/draw.hpp"

namespace muster::graph {
namespace {

constexpr std::string_view kStyle =
    "text { font: 12px ui-monospace, Menlo, Consolas, monospace; fill: #1b1f24; }\n"
    ".group { font-weight: bold; fill: #57606a; }\n"
    ".band { fill: #f6f8fa; stroke: #d0d7de; }\n"
    ".node { fill: #ffffff; stroke: #57606a; }\n"
    ".need { fill: none; stroke: #8c959f; }\n"
    ".need:hover { stroke: #0969da; stroke-width: 2; }\n"
    "@media (prefers-color-scheme: dark) {\n"
    "svg { background: #0d1117; } text { fill: #e6edf3; } .group { fill: #8b949e; } .band { fill: #161b22; stroke: #30363d; }\n"
    ".node { fill: #0d1117; stroke: #8b949e; } .need { stroke: #6e7681; } .arrow { fill: #6e7681; }\n"
    "}\n";

std::string xml_text(std::string_view text) {
  std::string out;
  for (const char c : escape_for_terminal(text)) {
    switch (c) {
      case '<': out += "&lt;"; break;
      case '>': out += "&gt;"; break;
      case '&': out += "&amp;"; break;
      case '"': out += "&quot;"; break;
      case '\'': out += "&#39;"; break;
      default: out.push_back(c);
    }
  }
  return out;
}

/// Leaves and arrives level, so that lines are told apart at their boxes.
std::string path_of(const Line& line) {
  const std::vector<Point>& points = line.points;
  std::string out = fmt::format("M{:.1f} {:.1f}", points.front().x, points.front().y);
  if (line.inside_circle) {  // Out at the right and round; up and down a little, so that a node's own circle is seen.
    const double out_x = std::max(points[0].x, points[1].x) + 36;
    fmt::format_to(std::back_inserter(out), " C{:.1f} {:.1f} {:.1f} {:.1f} {:.1f} {:.1f}", out_x, points[0].y - 8, out_x, points[1].y + 8,
                   points[1].x, points[1].y);
    return out;
  }
  for (std::size_t i = 1; i < points.size(); ++i) {
    const Point& from = points[i - 1];
    const Point& to = points[i];
    const double middle = (from.x + to.x) / 2;
    fmt::format_to(std::back_inserter(out), " C{:.1f} {:.1f} {:.1f} {:.1f} {:.1f} {:.1f}", middle, from.y, middle, to.y, to.x, to.y);
  }
  return out;
}

}  // namespace

std::string draw_svg(const Graph& graph) {
  const Layout layout = lay_out(graph);
  std::string out;
  const auto add = std::back_inserter(out);
  fmt::format_to(
      add,
      "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{0:.0f}\" height=\"{1:.0f}\" viewBox=\"0 0 {0:.0f} {1:.0f}\" role=\"img\" "
      "aria-label=\"Dependency graph, {2}\">\n<style>\n{3}</style>\n",
      layout.width, layout.height, count_of(graph.size(), "node"), kStyle);
  out +=
      "<defs><marker id=\"arrow\" viewBox=\"0 0 8 8\" refX=\"8\" refY=\"4\" markerWidth=\"7\" markerHeight=\"7\" orient=\"auto\">"
      "<path class=\"arrow\" d=\"M0 0 L8 4 L0 8 z\" fill=\"#8c959f\"/></marker></defs>\n";
  for (const Band& band : layout.bands) {
    if (band.group.empty()) continue;
    fmt::format_to(add, "<rect class=\"band\" x=\"4\" y=\"{:.1f}\" width=\"{:.1f}\" height=\"{:.1f}\" rx=\"6\"/>\n", band.top,
                   layout.width - 8, band.height);
    fmt::format_to(add, "<text class=\"group\" x=\"16\" y=\"{:.1f}\">{}</text>\n", band.top + 18, xml_text(band.group));
  }
  for (const Line& line : layout.lines) {
    fmt::format_to(add, "<path class=\"need\" marker-end=\"url(#arrow)\" d=\"{}\"><title>{} needs {}</title></path>\n", path_of(line),
                   xml_text(graph.name(line.edge.from)), xml_text(graph.name(line.edge.to)));
  }
  for (const Box& box : layout.boxes) {
    const std::string name = xml_text(graph.name(box.node));
    fmt::format_to(add, "<g><title>{}</title><rect class=\"node\" x=\"{:.1f}\" y=\"{:.1f}\" width=\"{:.1f}\" height=\"{:.1f}\" rx=\"4\"/>",
                   name, box.corner.x, box.corner.y, box.width, box.height);
    fmt::format_to(add, "<text x=\"{:.1f}\" y=\"{:.1f}\">{}</text></g>\n", box.corner.x + 8, box.corner.y + 18, name);
  }
  return out + "</svg>\n";
}

}  // namespace muster::graph
