#include "reconcile/order.hpp"

#include <algorithm>
#include <map>

#include "muster/graph/graph.hpp"

namespace muster::reconcile {
namespace {

constexpr std::size_t kNone = static_cast<std::size_t>(-1);

bool moves(const InstancePlan& plan) { return plan.move == Move::forward || plan.move == Move::back; }

class Ordering {
 public:
  Ordering(const Observation& observation, Plan& plan) : observation_(observation), plan_(plan) {
    for (std::size_t i = 0; i < plan.instances.size(); ++i) index_.emplace(plan.instances[i].key, i);
  }

  void run() {
    for (std::size_t i = 0; i < plan_.instances.size(); ++i) add_waits(i);
    number();
    spread_obstacles();
    for (auto& instance : plan_.instances) std::sort(instance.waits.begin(), instance.waits.end());
  }

 private:
  [[nodiscard]] std::size_t find(const InstanceKey& key) const {
    const auto found = index_.find(key);
    return found == index_.end() ? kNone : found->second;
  }

  void wait(std::size_t instance, std::size_t first, Wait::Until until) {
    if (instance != first) plan_.instances[instance].waits.push_back({first, until});
  }

  void add_waits(std::size_t i) {
    const auto& state = observation_.instances[i];
    const auto& plan = plan_.instances[i];
    if (plan.move == Move::forward) {
      for (const auto& need : state.needs) wait_for_health(i, find(need));
    }
    if (plan.move == Move::back) {
      // Dependents first: what this one needs goes back after it.
      for (const auto& need : state.needs) {
        const auto other = find(need);
        if (other != kNone && plan_.instances[other].move == Move::back) wait(other, i, Wait::Until::attempted);
      }
    }
    // What the old name knew (runs of its job) is kept until the new one has it.
    for (const auto& name : state.renamed_from) {
      const auto old = find({state.key.environment, name});
      if (state.stands && old != kNone && plan_.instances[old].move == Move::remove) wait(old, i, Wait::Until::applied);
    }
    if (moves(plan) || plan.move == Move::remove) {
      for (const auto& need : state.former_needs) {
        const auto other = find(need);
        if (other != kNone && plan_.instances[other].move == Move::remove) wait(other, i, Wait::Until::applied);
      }
    }
  }

  /// Only for what this tip changes, or what has yet to become healthy at it.
  void wait_for_health(std::size_t i, std::size_t need) {
    if (need == kNone) return;
    const auto& other = plan_.instances[need];
    const bool being_mended = other.move == Move::repair && observation_.instances[need].health.state == target::Health::State::unhealthy;
    if (moves(other) || other.settle || being_mended) wait(i, need, Wait::Until::healthy);
  }

  /// An edge for every wait; names sort as keys do.
  [[nodiscard]] graph::Graph make_graph() const {
    std::vector<graph::Node> nodes;
    std::vector<graph::Edge> edges;
    for (std::size_t i = 0; i < plan_.instances.size(); ++i) {
      const auto& key = plan_.instances[i].key;
      nodes.push_back({key.environment + '\x01' + key.service, key.environment});
      for (const auto& wait : plan_.instances[i].waits) {
        edges.push_back({static_cast<graph::NodeId>(i), static_cast<graph::NodeId>(wait.instance)});
      }
    }
    return {std::move(nodes), std::move(edges)};
  }

  /// Gives every instance its place; circles are taken apart first.
  void number() {
    auto graph = make_graph();
    for (auto circles = graph::circles(graph); !circles.empty(); circles = graph::circles(graph)) {
      for (const auto& circle : circles) break_circle(circle);
      graph = make_graph();
    }
    const auto order = graph::order(graph);
    for (const auto node : order.value()) {
      plan_.instances[graph::index(node)].order = sequence_.size();
      sequence_.push_back(graph::index(node));
    }
  }

  /// An order that nobody needs for safety is dropped; instances that need each other to move forward are held.
  void break_circle(const std::vector<graph::NodeId>& circle) {
    bool dropped = false;
    for (std::size_t n = 0; n < circle.size(); ++n) {
      auto& waits = plan_.instances[graph::index(circle[n])].waits;
      const auto next = graph::index(circle[(n + 1) % circle.size()]);
      dropped = std::erase_if(waits, [&](const Wait& wait) { return wait.instance == next && wait.until != Wait::Until::healthy; }) > 0 ||
                dropped;
    }
    if (dropped) return;
    std::string text;
    for (const auto node : circle) text += plan_.instances[graph::index(node)].key.text() + " needs ";
    text += plan_.instances[graph::index(circle.front())].key.text();
    for (const auto node : circle) {
      auto& instance = plan_.instances[graph::index(node)];
      instance.waits.clear();
      if (!instance.obstacle) instance.obstacle = Obstacle{Obstacle::Kind::circle, text, std::nullopt};
    }
  }

  /// In order, so that an obstacle reaches everything that waits behind it.
  void spread_obstacles() {
    for (const auto i : sequence_) {
      auto& instance = plan_.instances[i];
      if (instance.obstacle) continue;
      if (instance.move == Move::forward) block_by_needs(i);
      if (instance.move == Move::remove) block_by_dependents(i);
    }
  }

  void block(std::size_t i, const InstanceKey& cause, std::string text) {
    plan_.instances[i].obstacle = Obstacle{Obstacle::Kind::need, std::move(text), cause};
  }

  /// From an instance to the one that stops it, by way of those in between: "b@staging → a@staging". The cause has a line
  /// of its own that says what is wrong with it, unless the run was not asked for it.
  std::string path_from(std::size_t i) {
    std::string path = plan_.instances[i].key.text();
    for (std::size_t steps = 0; steps < plan_.instances.size(); ++steps) {
      const auto& obstacle = plan_.instances[i].obstacle;
      const auto next = obstacle && obstacle->kind == Obstacle::Kind::need && obstacle->cause ? find(*obstacle->cause) : kNone;
      if (next == kNone) break;
      i = next;
      path += " → " + plan_.instances[i].key.text();
    }
    const auto& obstacle = plan_.instances[i].obstacle;
    path += !obstacle && observation_.instances[i].health.state == target::Health::State::unhealthy ? ", which is unhealthy"
                                                                                                    : ", which does not move";
    return obstacle && obstacle->kind == Obstacle::Kind::unselected ? path + ": " + obstacle->text : path;
  }

  void block_by_needs(std::size_t i) {
    for (const auto& need : observation_.instances[i].needs) {
      const auto other = find(need);
      if (other == kNone || other == i) continue;
      const auto& its = plan_.instances[other];
      const auto& health = observation_.instances[other].health;
      if (its.obstacle && moves(its)) return block(i, need, "needs " + path_from(other));
      const bool mended = its.move != Move::none;
      if (!mended && health.state == target::Health::State::unhealthy) return block(i, need, "needs " + path_from(other));
    }
  }

  void block_by_dependents(std::size_t i) {
    for (const auto& wait : plan_.instances[i].waits) {
      const auto& its = plan_.instances[wait.instance];
      if (wait.until == Wait::Until::applied && its.obstacle) {
        return block(i, its.key, "is still needed by " + path_from(wait.instance));
      }
    }
  }

  const Observation& observation_;
  Plan& plan_;
  std::map<InstanceKey, std::size_t> index_;
  std::vector<std::size_t> sequence_;
};

}  // namespace

void order_instances(const Observation& observation, Plan& plan) { Ordering(observation, plan).run(); }

}  // namespace muster::reconcile
