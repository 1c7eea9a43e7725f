#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <iterator>

#include "muster/base/text.hpp"
#include "muster/graph/draw.hpp"
#include "muster/graph/instances.hpp"
#include "support/golden.hpp"

// tests/graph/cases/<sentence>/needs: lines "name: need need …"; a name "service@environment" stands in that group.
// Beside it what comes out: facts, tree, reverse, dot, json, svg.

namespace muster::graph {
namespace {

using test::expect_golden;

const std::filesystem::path& folder() {
  static const std::filesystem::path path = test::test_file("graph/cases");
  return path;
}

std::vector<Named> read_needs(const std::string& text) {
  std::vector<Named> out;
  for (const std::string_view line : split(text, '\n')) {
    const std::size_t colon = line.find(':');
    if (colon == std::string_view::npos) continue;
    Named named{std::string(line.substr(0, colon)), {}, {}};
    if (const std::size_t at = named.name.find('@'); at != std::string::npos) named.group = named.name.substr(at + 1);
    for (const std::string_view need : split(trim(line.substr(colon + 1)), ' ')) {
      if (!need.empty()) named.needs.emplace_back(need);
    }
    out.push_back(std::move(named));
  }
  return out;
}

std::string names(const Graph& graph, std::span<const NodeId> nodes) {
  std::vector<std::string> out;
  for (const NodeId node : nodes) out.push_back(graph.name(node));
  return join(out, " ");
}

std::string facts_of(const Graph& graph) {
  std::string out;
  for (const auto& circle : circles(graph)) out += fmt::format("circle: {}\n", names(graph, circle));
  if (const auto sorted = order(graph)) out += fmt::format("order: {}\n", names(graph, *sorted));
  for (const auto& wave : waves(graph)) out += fmt::format("wave: {}\n", names(graph, wave));
  const std::vector<std::uint64_t> weights(graph.size(), 1);
  const CriticalPath critical = critical_path(graph, weights);
  if (!critical.nodes.empty()) out += fmt::format("critical: {} ({})\n", names(graph, critical.nodes), critical.weight);
  const Graph fewer = reduced(graph);
  if (fewer.edge_count() != graph.edge_count())
    out += fmt::format("reduced, of {} edges {}:\n{}", graph.edge_count(), fewer.edge_count(), draw_tree(fewer, Direction::needs));
  return out;
}

class Cases : public testing::TestWithParam<std::string> {};

TEST_P(Cases, GiveTheFactsAndDrawingsBesideThem) {
  const std::filesystem::path here = folder() / GetParam();
  std::vector<Named> list = read_needs(test::read_file(here / "needs"));
  const NamedGraph built = graph_of(list);
  ASSERT_TRUE(built.missing.empty());
  expect_golden(here / "facts", facts_of(built.graph));
  expect_golden(here / "tree", draw_tree(built.graph, Direction::needs));
  expect_golden(here / "reverse", draw_tree(built.graph, Direction::needed_by));
  expect_golden(here / "dot", draw_dot(built.graph));
  expect_golden(here / "json", to_pretty_json(draw_json(built.graph)));
  expect_golden(here / "svg", draw_svg(built.graph));

  std::reverse(list.begin(), list.end());
  const NamedGraph again = graph_of(list);
  EXPECT_EQ(facts_of(again.graph), facts_of(built.graph)) << "the order of the input shows";
  EXPECT_EQ(draw_svg(again.graph), draw_svg(built.graph)) << "the order of the input shows";
  EXPECT_EQ(draw_dot(again.graph), draw_dot(built.graph)) << "the order of the input shows";
  EXPECT_EQ(draw_tree(again.graph, Direction::needs), draw_tree(built.graph, Direction::needs)) << "the order of the input shows";
}

TEST(Cases, HaveNoOrphanedGoldens) {
  const std::vector<std::string> known = {"dot", "facts", "json", "needs", "reverse", "svg", "tree"};
  for (const std::string& name : test::folder_cases(folder())) {
    for (const auto& entry : std::filesystem::directory_iterator(folder() / name)) {
      EXPECT_TRUE(std::binary_search(known.begin(), known.end(), entry.path().filename().string())) << entry.path();
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Graph, Cases, testing::ValuesIn(test::folder_cases(folder())),
                         [](const auto& one) { return test::test_name(one.param); });

}  // namespace
}  // namespace muster::graph
