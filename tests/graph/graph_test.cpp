#include "muster/graph/graph.hpp"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <set>

#include "muster/graph/draw.hpp"
#include "muster/graph/instances.hpp"

namespace muster::graph {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

constexpr NodeId operator""_n(unsigned long long number) { return static_cast<NodeId>(number); }

/// Nodes named by their number, with leading zeros.
Graph numbered(std::size_t count, const std::vector<std::pair<unsigned, unsigned>>& needs) {
  std::vector<Node> nodes;
  for (std::size_t i = 0; i < count; ++i) nodes.push_back({fmt::format("n{:06}", i), ""});
  std::vector<Edge> edges;
  for (const auto& [from, to] : needs) edges.push_back({static_cast<NodeId>(from), static_cast<NodeId>(to), 0});
  return {std::move(nodes), std::move(edges)};
}

std::vector<NodeId> nodes_of(const std::vector<Reached>& reached) {
  std::vector<NodeId> out;
  for (const Reached& one : reached) out.push_back(one.node);
  return out;
}

TEST(Graph, FindsNodesByNameAndEdgesInTheOrderOfNames) {
  const Graph graph({{"c", ""}, {"a", ""}, {"b", ""}}, {{0_n, 2_n, 5}, {0_n, 1_n, 6}, {0_n, 2_n, 4}});
  EXPECT_EQ(graph.find("b"), 2_n);
  EXPECT_EQ(graph.find("d"), std::nullopt);
  ASSERT_EQ(graph.needs(0_n).size(), 2U) << "an edge that is given twice is one";
  EXPECT_EQ(graph.needs(0_n)[0].to, 1_n);
  EXPECT_EQ(graph.needs(0_n)[1].reason, 4U);
  EXPECT_EQ(graph.needed_by(2_n)[0].from, 0_n);
  EXPECT_THAT(graph.needs(1_n), IsEmpty());
}

TEST(Graph, TakesTheFirstByNameAmongThoseThatCouldBeNext) {
  const Graph graph({{"z", ""}, {"m", ""}, {"a", ""}}, {{2_n, 0_n, 0}});
  EXPECT_THAT(*order(graph), ElementsAre(1_n, 0_n, 2_n));
}

TEST(Graph, NamesAShortestCircleOfEachKnot) {
  // 0 → 1 → 2 → 3 → 0 with a short cut 2 → 1, and apart from it 4 → 5 → 4.
  const Graph graph = numbered(7, {{0, 1}, {1, 2}, {2, 3}, {3, 0}, {2, 1}, {4, 5}, {5, 4}, {6, 0}});
  EXPECT_THAT(circles(graph), ElementsAre(ElementsAre(1_n, 2_n), ElementsAre(4_n, 5_n)));
  EXPECT_EQ(order(graph), std::nullopt);
  EXPECT_THAT(critical_path(graph, std::vector<std::uint64_t>(7, 1)).nodes, IsEmpty());
  EXPECT_EQ(reduced(graph).edge_count(), graph.edge_count());
}

TEST(Graph, SaysWhoIsHitNearestFirst) {
  const Graph graph = numbered(6, {{1, 0}, {2, 0}, {3, 2}, {4, 3}, {4, 1}, {5, 4}});
  const NodeId start = 0_n;
  const std::vector<Reached> hit = reach(graph, std::span(&start, 1), Direction::needed_by);
  EXPECT_THAT(nodes_of(hit), ElementsAre(0_n, 1_n, 2_n, 3_n, 4_n, 5_n));
  EXPECT_EQ(hit[4].distance, 2U);
  EXPECT_EQ(hit[4].via.to, 1_n) << "reached first over the first name";
  EXPECT_THAT(path(graph, 0_n, 5_n, Direction::needed_by), ElementsAre(0_n, 1_n, 4_n, 5_n));
  EXPECT_THAT(path(graph, 5_n, 0_n, Direction::needs), ElementsAre(5_n, 4_n, 1_n, 0_n));
  EXPECT_THAT(path(graph, 3_n, 1_n, Direction::needs), IsEmpty());
  EXPECT_THAT(path(graph, 3_n, 3_n, Direction::needs), ElementsAre(3_n));
}

TEST(Graph, ReachesFromManyStartsAtOnce) {
  const Graph graph = numbered(5, {{0, 1}, {2, 3}});
  const std::vector<NodeId> starts = {2_n, 0_n, 2_n};
  EXPECT_THAT(nodes_of(reach(graph, starts, Direction::needs)), ElementsAre(0_n, 2_n, 1_n, 3_n));
}

TEST(Graph, FindsTheChainThatTakesLongest) {
  const Graph graph = numbered(5, {{0, 1}, {1, 2}, {0, 3}, {3, 4}});
  const CriticalPath critical = critical_path(graph, std::vector<std::uint64_t>{1, 10, 10, 5, 30});
  EXPECT_THAT(critical.nodes, ElementsAre(4_n, 3_n, 0_n));
  EXPECT_EQ(critical.weight, 36U);
}

TEST(Graph, IsEmptyWithoutNodes) {
  const Graph graph;
  EXPECT_TRUE(order(graph)->empty());
  EXPECT_THAT(circles(graph), IsEmpty());
  EXPECT_THAT(waves(graph), IsEmpty());
  EXPECT_THAT(critical_path(graph, {}).nodes, IsEmpty());
}

TEST(Graph, KeepsAPartWithItsEdges) {
  const Graph graph = numbered(4, {{0, 1}, {1, 2}, {2, 3}});
  const Graph kept = part(graph, {false, true, true, false});
  EXPECT_EQ(kept.size(), 2U);
  ASSERT_EQ(kept.edge_count(), 1U);
  EXPECT_EQ(kept.name(kept.edges()[0].to), "n000002");
}

// A hundred thousand instances, in the shapes that break recursion and anything worse than linear.
constexpr unsigned kMany = 100'000;

TEST(LargeGraph, AChainIsWalkedWithoutRecursion) {
  std::vector<std::pair<unsigned, unsigned>> needs;
  for (unsigned i = 0; i + 1 < kMany; ++i) needs.emplace_back(i, i + 1);
  const Graph graph = numbered(kMany, needs);
  EXPECT_EQ(order(graph)->front(), static_cast<NodeId>(kMany - 1));
  EXPECT_EQ(waves(graph).size(), kMany);
  EXPECT_EQ(critical_path(graph, std::vector<std::uint64_t>(kMany, 1)).weight, kMany);
  EXPECT_EQ(path(graph, 0_n, static_cast<NodeId>(kMany - 1), Direction::needs).size(), kMany);
  EXPECT_LT(draw_tree(graph, Direction::needs).size(), std::size_t{64} << 20U);
}

TEST(LargeGraph, OneCircleThroughAllIsNamedWhole) {
  std::vector<std::pair<unsigned, unsigned>> needs;
  for (unsigned i = 0; i < kMany; ++i) needs.emplace_back(i, (i + 1) % kMany);
  const auto found = circles(numbered(kMany, needs));
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found.front().size(), kMany);
}

TEST(LargeGraph, AStarAndItsReverseAreLinear) {
  std::vector<std::pair<unsigned, unsigned>> needs;
  for (unsigned i = 1; i < kMany; ++i) needs.emplace_back(i, 0);
  const Graph graph = numbered(kMany, needs);
  const NodeId centre = 0_n;
  EXPECT_EQ(reach(graph, std::span(&centre, 1), Direction::needed_by).size(), kMany);
  EXPECT_EQ(waves(graph).size(), 2U);
  EXPECT_FALSE(draw_svg(graph).empty());
}

/// Random needs among a few nodes, circles included.
std::vector<std::pair<unsigned, unsigned>> any_needs(unsigned count) {
  return *rc::gen::container<std::vector<std::pair<unsigned, unsigned>>>(
      rc::gen::pair(rc::gen::inRange(0U, count), rc::gen::inRange(0U, count)));
}

/// reachable[a][b]: a needs b, directly or not. The definition.
std::vector<std::vector<bool>> closure(const Graph& graph) {
  std::vector<std::vector<bool>> out(graph.size(), std::vector<bool>(graph.size()));
  for (const Edge& edge : graph.edges()) out[index(edge.from)][index(edge.to)] = true;
  for (std::size_t k = 0; k < graph.size(); ++k) {
    for (std::size_t i = 0; i < graph.size(); ++i) {
      for (std::size_t j = 0; j < graph.size(); ++j) out[i][j] = out[i][j] || (out[i][k] && out[k][j]);
    }
  }
  return out;
}

bool has_edge(const Graph& graph, NodeId from, NodeId to) {
  const auto needs = graph.needs(from);
  return std::any_of(needs.begin(), needs.end(), [&](const Edge& edge) { return edge.to == to; });
}

RC_GTEST_PROP(GraphProperty, EveryKnotAndNothingElseHasACircleAndEachCircleIsOne, ()) {
  const Graph graph = numbered(9, any_needs(9));
  const auto reaches = closure(graph);
  std::set<std::size_t> in_knots;
  for (std::size_t i = 0; i < graph.size(); ++i) {
    if (reaches[i][i]) in_knots.insert(i);
  }
  const auto found = circles(graph);
  RC_ASSERT(found.empty() == in_knots.empty());
  RC_ASSERT(found.empty() == order(graph).has_value());
  for (const auto& circle : found) {
    for (std::size_t i = 0; i < circle.size(); ++i) RC_ASSERT(has_edge(graph, circle[i], circle[(i + 1) % circle.size()]));
    std::erase_if(in_knots, [&](std::size_t node) { return reaches[node][index(circle[0])] && reaches[index(circle[0])][node]; });
  }
  RC_ASSERT(in_knots.empty());
}

RC_GTEST_PROP(GraphProperty, NoCircleOfAKnotIsShorterThanTheNamedOne, ()) {
  const Graph graph = numbered(8, any_needs(8));
  for (const auto& circle : circles(graph)) {
    for (const NodeId node : graph.nodes()) {
      const auto reaches = closure(graph);
      if (!reaches[index(node)][index(circle[0])] || !reaches[index(circle[0])][index(node)]) continue;
      for (const Edge& edge : graph.needs(node)) {
        const auto back = path(graph, edge.to, node, Direction::needs);
        if (!back.empty()) RC_ASSERT(back.size() >= circle.size());
      }
    }
  }
}

RC_GTEST_PROP(GraphProperty, TheOrderAndTheWavesPutNeedsFirst, ()) {
  auto needs = any_needs(12);
  std::erase_if(needs, [](const auto& need) { return need.first <= need.second; });
  const Graph graph = numbered(12, needs);
  const auto sorted = order(graph);
  RC_ASSERT(sorted.has_value());
  std::vector<std::size_t> place(graph.size());
  for (std::size_t i = 0; i < sorted->size(); ++i) place[index((*sorted)[i])] = i;
  std::vector<std::size_t> wave(graph.size());
  const auto all = waves(graph);
  for (std::size_t i = 0; i < all.size(); ++i) {
    for (const NodeId node : all[i]) wave[index(node)] = i;
  }
  for (const Edge& edge : graph.edges()) {
    RC_ASSERT(place[index(edge.to)] < place[index(edge.from)]);
    RC_ASSERT(wave[index(edge.to)] < wave[index(edge.from)]);
  }
}

RC_GTEST_PROP(GraphProperty, AReductionReachesTheSameWithNoEdgeToSpare, ()) {
  auto needs = any_needs(10);
  std::erase_if(needs, [](const auto& need) { return need.first <= need.second; });
  const Graph graph = numbered(10, needs);
  const Graph fewer = reduced(graph);
  const auto reaches = closure(graph);
  RC_ASSERT(closure(fewer) == reaches);
  for (const Edge& edge : fewer.edges()) {
    for (const Edge& other : graph.needs(edge.from)) RC_ASSERT(other.to == edge.to || !reaches[index(other.to)][index(edge.to)]);
  }
}

TEST(InstanceGraph, HasAnEdgeForEachNeedWithItsSpanAcrossEnvironments) {
  model::Fleet fleet;
  for (const char* name : {"production", "staging"}) {
    model::Environment environment;
    environment.id = static_cast<model::EnvironmentId>(fleet.environments.size());
    environment.name = name;
    fleet.environments.push_back(environment);
  }
  const auto add = [&](std::uint32_t environment, const char* name, std::vector<model::Need> needs) {
    model::Instance instance;
    instance.id = static_cast<model::InstanceId>(fleet.instances.size());
    instance.environment = static_cast<model::EnvironmentId>(environment);
    instance.name = name;
    instance.needs = std::move(needs);
    fleet.instances.push_back(instance);
  };
  const diag::Span here{diag::kNoSource, 7, 12};
  add(0, "cart", {{"idp", "production", false, {}}});
  add(0, "idp", {});
  add(1, "cart", {{"idp", "production", true, here}, {"gone", "staging", false, {}}});
  const InstanceGraph built = graph_of(fleet);
  EXPECT_EQ(built.graph.name(2_n), "cart@staging");
  EXPECT_EQ(built.graph.group(2_n), "staging");
  ASSERT_EQ(built.graph.needs(2_n).size(), 1U);
  EXPECT_EQ(built.graph.needs(2_n)[0].to, 1_n);
  EXPECT_EQ(built.spans[built.graph.needs(2_n)[0].reason].begin, here.begin);
  ASSERT_EQ(built.missing.size(), 1U);
  EXPECT_EQ(built.missing[0].need, "gone@staging");
}

TEST(NamedGraph, ListsNeedsThatNobodyHas) {
  const NamedGraph built = graph_of({{"cart", "", {"search", "idp"}}, {"search", "", {}}});
  EXPECT_EQ(built.graph.edge_count(), 1U);
  ASSERT_EQ(built.missing.size(), 1U);
  EXPECT_EQ(built.missing[0].need, "idp");
  EXPECT_EQ(built.missing[0].node, 0_n);
}

}  // namespace
}  // namespace muster::graph
