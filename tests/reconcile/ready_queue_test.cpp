#include "reconcile/ready_queue.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <mutex>
#include <random>
#include <vector>

namespace muster::reconcile {
namespace {

using namespace std::chrono_literals;

/// 400 nodes, edges from lower to higher numbers only.
Dag random_dag(unsigned seed, std::vector<std::pair<NodeIndex, NodeIndex>>& edges) {
  std::mt19937 random(seed);
  Dag dag(400);
  for (NodeIndex node = 1; node < dag.size(); ++node) {
    for (unsigned i = 0; i < random() % 4; ++i) {
      const auto before = static_cast<NodeIndex>(random() % node);
      dag.add_edge(before, node);
      edges.emplace_back(before, node);
    }
  }
  return dag;
}

TEST(ReadyQueue, RunsANodeOnlyAfterAllThatItWaitsFor) {
  for (const unsigned jobs : {1U, 2U, 8U}) {
    std::vector<std::pair<NodeIndex, NodeIndex>> edges;
    const Dag dag = random_dag(jobs, edges);
    std::vector<int> finished(dag.size());
    std::atomic<int> next = 0;
    run_ready_queue(dag, jobs, system_clock(), {}, [&](NodeIndex node) -> std::optional<Duration> {
      finished[node] = ++next;
      return std::nullopt;
    });
    EXPECT_EQ(next, 400);
    for (const auto& [before, after] : edges) EXPECT_LT(finished[before], finished[after]);
  }
}

TEST(ReadyQueue, WithOneJobTakesTheLowestReadyNodeFirst) {
  Dag dag(5);
  dag.add_edge(4, 0);
  dag.add_edge(3, 1);
  std::vector<NodeIndex> order;
  run_ready_queue(dag, 1, system_clock(), {}, [&](NodeIndex node) -> std::optional<Duration> {
    order.push_back(node);
    return std::nullopt;
  });
  EXPECT_EQ(order, (std::vector<NodeIndex>{2, 3, 1, 4, 0}));
}

TEST(ReadyQueue, ANodeThatPausesHoldsNoThread) {
  for (const unsigned jobs : {1U, 2U}) {
    Dag dag(40);
    dag.add_edge(38, 39);
    std::atomic<bool> opened = false;
    std::atomic<int> done = 0;
    run_ready_queue(dag, jobs, system_clock(), {}, [&](NodeIndex node) -> std::optional<Duration> {
      if (node == 39) opened = true;
      if (!opened && node < 38) return 1ms;
      ++done;
      return std::nullopt;
    });
    EXPECT_EQ(done, 40);
  }
}

TEST(ReadyQueue, CallsEveryNodeThoughItIsStoppedAndEndsPausesAtOnce) {
  for (const unsigned jobs : {1U, 4U}) {
    std::stop_source stop;
    Dag dag(20);
    for (NodeIndex node = 2; node < 20; ++node) dag.add_edge(0, node);
    std::vector<std::atomic<int>> turns(20);
    run_ready_queue(dag, jobs, system_clock(), stop.get_token(), [&](NodeIndex node) -> std::optional<Duration> {
      ++turns[node];
      if (stop.stop_requested()) return std::nullopt;
      if (node == 1) {
        stop.request_stop();
        return std::nullopt;
      }
      return 24h;
    });
    for (NodeIndex node = 2; node < 20; ++node) EXPECT_EQ(turns[node], 1);
    EXPECT_GE(turns[0], 1);
  }
}

TEST(ReadyQueue, AnEmptyOneReturns) {
  run_ready_queue(Dag(0), 8, system_clock(), {}, [](NodeIndex) -> std::optional<Duration> { return std::nullopt; });
}

}  // namespace
}  // namespace muster::reconcile
