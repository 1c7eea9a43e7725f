#include "graph/layout.hpp"

#include <algorithm>
#include <map>
#include <numeric>

namespace muster::graph {
namespace {

constexpr double kMargin = 16;
constexpr double kBoxHeight = 28;
constexpr double kRowGap = 12;
constexpr double kBendHeight = 8;
constexpr double kColumnGap = 64;
constexpr double kLetter = 7.3;  // Width of a character of the 12-pixel monospace font, a little generous.
constexpr double kTitleHeight = 28;
constexpr int kSweeps = 4;
/// More bends than this say that lines will not be followed by eye anyway: they go straight.
constexpr std::size_t kMostBends = 20'000;

/// What takes a place in a column: a node, or the bend of a line that goes past.
struct Item {
  bool is_node = false;
  NodeId node{};
  std::size_t group = 0;
  std::size_t column = 0;
  std::uint32_t rank = 0;  // Ties are broken by it.
  double y = 0;
  double sort_key = 0;
  std::vector<std::size_t> left;   // Items in the column before that a line connects with.
  std::vector<std::size_t> right;  // And in the one after.
};

std::size_t letters(const std::string& name) {
  return static_cast<std::size_t>(
      std::count_if(name.begin(), name.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xc0U) != 0x80; }));
}

class Layouter {
 public:
  explicit Layouter(const Graph& graph) : graph_(graph), columns_(waves(graph)) {}

  Layout run() {
    place_nodes();
    bend_lines();
    order_columns();
    place_columns();
    Layout out;
    out.bands = bands_;
    for (const NodeId node : graph_.nodes()) out.boxes.push_back(box_of(node));
    for (std::size_t i = 0; i < graph_.edge_count(); ++i) out.lines.push_back(line_of(i));
    out.width = columns_.empty() ? 2 * kMargin : column_x_.back() + column_width_.back() + kMargin;
    out.height = height_;
    return out;
  }

 private:
  void place_nodes() {
    std::map<std::string, std::size_t> groups;
    for (const NodeId node : graph_.nodes()) groups.emplace(graph_.group(node), 0);
    for (auto& [name, number] : groups) {
      number = bands_.size();
      bands_.push_back({name, 0, 0});
    }
    item_of_.resize(graph_.size());
    cells_.assign(bands_.size(), std::vector<std::vector<std::size_t>>(columns_.size()));
    for (std::size_t column = 0; column < columns_.size(); ++column) {
      for (const NodeId node : columns_[column]) {
        item_of_[index(node)] = items_.size();
        add_item({true, node, groups.at(graph_.group(node)), column, graph_.rank(node), 0, 0, {}, {}});
      }
    }
  }

  void add_item(Item item) {
    cells_[item.group][item.column].push_back(items_.size());
    items_.push_back(std::move(item));
  }

  void connect(std::size_t left, std::size_t right) {
    items_[left].right.push_back(right);
    items_[right].left.push_back(left);
  }

  /// A line over several columns gets a bend in each column between, so that it keeps clear of the boxes there.
  void bend_lines() {
    std::size_t bends = 0;
    for (const Edge& edge : graph_.edges()) bends += span_of(edge) > 1 ? span_of(edge) - 1 : 0;
    const bool straight = bends > kMostBends;
    bends_of_.resize(graph_.edge_count());
    for (std::size_t i = 0; i < graph_.edge_count(); ++i) {
      const Edge& edge = graph_.edges()[i];
      if (span_of(edge) == 0 || straight) continue;
      std::size_t right = item_of_[index(edge.from)];
      while (items_[right].column > items_[item_of_[index(edge.to)]].column + 1) {
        const std::size_t bend = items_.size();
        add_item({false, {}, items_[right].group, items_[right].column - 1, graph_.rank(edge.from), 0, 0, {}, {}});
        connect(bend, right);
        bends_of_[i].push_back(bend);
        right = bend;
      }
      connect(item_of_[index(edge.to)], right);
    }
  }

  /// Columns that a line goes over; 0 inside a circle.
  [[nodiscard]] std::size_t span_of(const Edge& edge) const {
    const std::size_t from = items_[item_of_[index(edge.from)]].column;
    const std::size_t to = items_[item_of_[index(edge.to)]].column;
    return from > to ? from - to : 0;
  }

  static double height_of(const Item& item) { return item.is_node ? kBoxHeight : kBendHeight; }

  void stack(std::vector<std::size_t>& cell) {
    double y = 0;
    for (const std::size_t i : cell) {
      items_[i].y = y + height_of(items_[i]) / 2;
      y += height_of(items_[i]) + kRowGap;
    }
  }

  /// Sorts each cell by the mean height of its neighbours, there and back again: fewer lines cross.
  void order_columns() {
    for (auto& band : cells_) {
      for (auto& cell : band) stack(cell);
    }
    for (int sweep = 0; sweep < kSweeps; ++sweep) {
      const bool to_the_right = sweep % 2 == 0;
      for (std::size_t step = 0; step < columns_.size(); ++step) {
        const std::size_t column = to_the_right ? step : columns_.size() - 1 - step;
        for (auto& band : cells_) sort_cell(band[column], to_the_right);
      }
    }
  }

  void sort_cell(std::vector<std::size_t>& cell, bool by_left) {
    for (const std::size_t i : cell) {
      const std::vector<std::size_t>& near = by_left ? items_[i].left : items_[i].right;
      const double sum = std::accumulate(near.begin(), near.end(), 0.0, [&](double y, std::size_t other) {
        return y + items_[other].y + static_cast<double>(items_[other].group) * kBandStride;
      });
      items_[i].sort_key =
          near.empty() ? items_[i].y + static_cast<double>(items_[i].group) * kBandStride : sum / static_cast<double>(near.size());
    }
    std::stable_sort(cell.begin(), cell.end(), [&](std::size_t a, std::size_t b) {
      if (items_[a].sort_key != items_[b].sort_key) return items_[a].sort_key < items_[b].sort_key;
      return items_[a].rank < items_[b].rank;
    });
    stack(cell);
  }

  void place_columns() {
    double x = kMargin;
    for (const std::vector<NodeId>& column : columns_) {
      std::size_t longest = 0;
      for (const NodeId node : column) longest = std::max(longest, letters(graph_.name(node)));
      column_x_.push_back(x);
      column_width_.push_back(static_cast<double>(longest) * kLetter + 16);
      x += column_width_.back() + kColumnGap;
    }
    height_ = kMargin;
    for (std::size_t group = 0; group < bands_.size(); ++group) {
      double tallest = 0;
      for (const auto& cell : cells_[group]) {
        if (!cell.empty()) tallest = std::max(tallest, items_[cell.back()].y + height_of(items_[cell.back()]) / 2);
      }
      const double title = bands_[group].group.empty() ? 0 : kTitleHeight;
      bands_[group].top = height_;
      bands_[group].height = title + tallest + kMargin;
      for (const auto& cell : cells_[group]) {
        for (const std::size_t i : cell) items_[i].y += height_ + title;
      }
      height_ += bands_[group].height + kMargin;
    }
  }

  [[nodiscard]] Box box_of(NodeId node) const {
    const Item& item = items_[item_of_[index(node)]];
    const double width = static_cast<double>(letters(graph_.name(node))) * kLetter + 16;
    return {node, {column_x_[item.column], item.y - kBoxHeight / 2}, width, kBoxHeight};
  }

  [[nodiscard]] Line line_of(std::size_t number) const {
    const Edge& edge = graph_.edges()[number];
    const Box from = box_of(edge.from);
    const Box to = box_of(edge.to);
    Line line{edge, span_of(edge) == 0, {}};
    const Point end = {to.corner.x + to.width, to.corner.y + to.height / 2};
    if (line.inside_circle) {
      line.points = {{from.corner.x + from.width, from.corner.y + from.height / 2}, end};
      return line;
    }
    line.points.push_back({from.corner.x, from.corner.y + from.height / 2});
    for (const std::size_t bend : bends_of_[number]) {
      const double x = column_x_[items_[bend].column];
      line.points.push_back({x + column_width_[items_[bend].column], items_[bend].y});
      line.points.push_back({x, items_[bend].y});
    }
    line.points.push_back(end);
    return line;
  }

  /// Larger than any band: neighbours in lower bands pull downwards.
  static constexpr double kBandStride = 1e7;

  const Graph& graph_;
  std::vector<std::vector<NodeId>> columns_;
  std::vector<Band> bands_;
  std::vector<Item> items_;
  std::vector<std::size_t> item_of_;                          // By node index.
  std::vector<std::vector<std::size_t>> bends_of_;            // By edge, from right to left.
  std::vector<std::vector<std::vector<std::size_t>>> cells_;  // By group, then column: items from top to bottom.
  std::vector<double> column_x_;
  std::vector<double> column_width_;
  double height_ = 0;
};

}  // namespace

Layout lay_out(const Graph& graph) { return Layouter(graph).run(); }

}  // namespace muster::graph
