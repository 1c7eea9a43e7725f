#include "reconcile/order.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <map>
#include <queue>

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
    while (!number()) break_circle();
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

  /// Gives every instance its place, the lowest ready one first; false where a circle keeps some from theirs.
  bool number() {
    const auto count = plan_.instances.size();
    std::vector<std::size_t> missing(count);
    std::vector<std::vector<std::size_t>> successors(count);
    std::priority_queue<std::size_t, std::vector<std::size_t>, std::greater<>> ready;
    for (std::size_t i = 0; i < count; ++i) {
      missing[i] = plan_.instances[i].waits.size();
      for (const auto& wait : plan_.instances[i].waits) successors[wait.instance].push_back(i);
      if (missing[i] == 0) ready.push(i);
    }
    sequence_.clear();
    placed_.assign(count, false);
    while (!ready.empty()) {
      const auto i = ready.top();
      ready.pop();
      placed_[i] = true;
      plan_.instances[i].order = sequence_.size();
      sequence_.push_back(i);
      for (const auto next : successors[i]) {
        if (--missing[next] == 0) ready.push(next);
      }
    }
    return sequence_.size() == count;
  }

  /// One circle among those without a place: walks back from the lowest of them until one comes twice.
  std::vector<std::size_t> find_circle() const {
    std::size_t at = 0;
    while (placed_[at]) ++at;
    std::vector<std::size_t> walked;
    while (std::find(walked.begin(), walked.end(), at) == walked.end()) {
      walked.push_back(at);
      for (const auto& wait : plan_.instances[at].waits) {
        if (placed_[wait.instance]) continue;
        at = wait.instance;
        break;
      }
    }
    walked.erase(walked.begin(), std::find(walked.begin(), walked.end(), at));
    // Begin with the lowest, so that the same circle is told in the same way.
    std::rotate(walked.begin(), std::min_element(walked.begin(), walked.end()), walked.end());
    return walked;
  }

  /// An order that nobody needs for safety is dropped; instances that need each other to move forward are held.
  void break_circle() {
    const auto circle = find_circle();
    bool dropped = false;
    for (std::size_t n = 0; n < circle.size(); ++n) {
      auto& waits = plan_.instances[circle[n]].waits;
      const auto next = circle[(n + 1) % circle.size()];
      dropped = std::erase_if(waits, [&](const Wait& wait) { return wait.instance == next && wait.until != Wait::Until::healthy; }) > 0 || dropped;
    }
    if (dropped) return;
    std::string text;
    for (const auto i : circle) text += plan_.instances[i].key.text() + " needs ";
    text += plan_.instances[circle.front()].key.text();
    for (const auto i : circle) {
      auto& instance = plan_.instances[i];
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

  void block_by_needs(std::size_t i) {
    for (const auto& need : observation_.instances[i].needs) {
      const auto other = find(need);
      if (other == kNone || other == i) continue;
      const auto& its = plan_.instances[other];
      const auto& health = observation_.instances[other].health;
      if (its.obstacle && moves(its)) return block(i, need, fmt::format("needs {}, which does not move: {}", need.text(), its.obstacle->text));
      const bool mended = its.move != Move::none;
      if (!mended && health.state == target::Health::State::unhealthy) {
        return block(i, need, fmt::format("needs {}, which is unhealthy: {}", need.text(), health.reason));
      }
    }
  }

  void block_by_dependents(std::size_t i) {
    for (const auto& wait : plan_.instances[i].waits) {
      const auto& its = plan_.instances[wait.instance];
      if (wait.until == Wait::Until::applied && its.obstacle) {
        return block(i, its.key, fmt::format("{} still needs it: {}", its.key.text(), its.obstacle->text));
      }
    }
  }

  const Observation& observation_;
  Plan& plan_;
  std::map<InstanceKey, std::size_t> index_;
  std::vector<bool> placed_;
  std::vector<std::size_t> sequence_;
};

}  // namespace

void order_instances(const Observation& observation, Plan& plan) { Ordering(observation, plan).run(); }

}  // namespace muster::reconcile
