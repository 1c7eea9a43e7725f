#include "reconcile/ready_queue.hpp"

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <queue>
#include <utility>

#include "reconcile/pool.hpp"

namespace muster::reconcile {

void Dag::add_edge(NodeIndex first, NodeIndex second) {
  successors_[first].push_back(second);
  ++predecessors_[second];
}

namespace {

template <typename T>
using Earliest = std::priority_queue<T, std::vector<T>, std::greater<>>;

/// A node that wants another turn at that reading of Clock::elapsed().
using Due = std::pair<Duration, NodeIndex>;

void run_in_order(const Dag& dag, Clock& clock, const std::stop_token& stop, const Turn& turn) {
  std::vector<std::uint32_t> missing(dag.size());
  Earliest<NodeIndex> ready;
  Earliest<Due> paused;
  for (NodeIndex node = 0; node < dag.size(); ++node) {
    missing[node] = dag.predecessor_count(node);
    if (missing[node] == 0) ready.push(node);
  }
  while (!ready.empty() || !paused.empty()) {
    while (!paused.empty() && (stop.stop_requested() || paused.top().first <= clock.elapsed())) {
      ready.push(paused.top().second);
      paused.pop();
    }
    if (ready.empty()) {
      clock.sleep(paused.top().first - clock.elapsed(), stop);
      continue;
    }
    const NodeIndex node = ready.top();
    ready.pop();
    if (const auto again = turn(node)) {
      paused.emplace(clock.elapsed() + *again, node);
      continue;
    }
    for (const NodeIndex next : dag.successors(node)) {
      if (--missing[next] == 0) ready.push(next);
    }
  }
}

/// The same on a pool. The calling thread keeps the time: it sleeps on the World's clock until a pause ends, a shorter
/// one begins, or the last node is done.
class Parallel {
 public:
  Parallel(const Dag& dag, unsigned jobs, Clock& clock, const std::stop_token& stop, const Turn& turn)
      : dag_(dag), clock_(clock), stop_(stop), turn_(turn), missing_(dag.size()), unfinished_(dag.size()), pool_(jobs) {}

  void run() {
    std::vector<NodeIndex> ready;
    for (NodeIndex node = 0; node < dag_.size(); ++node) {
      missing_[node].store(dag_.predecessor_count(node), std::memory_order_relaxed);
      if (dag_.predecessor_count(node) == 0) ready.push_back(node);
    }
    const std::stop_callback on_stop(stop_, [this] { wake(); });
    submit(ready);
    while (wait_for_due(ready)) submit(ready);
    pool_.wait();
  }

 private:
  void submit(const std::vector<NodeIndex>& nodes) {
    for (const NodeIndex node : nodes) pool_.submit([this, node] { take_turn(node); });
  }

  void take_turn(NodeIndex node) {
    if (const auto again = turn_(node)) {
      {
        const std::lock_guard lock(mutex_);
        paused_.emplace(clock_.elapsed() + *again, node);
      }
      wake();
      return;
    }
    std::vector<NodeIndex> ready;
    for (const NodeIndex next : dag_.successors(node)) {
      if (missing_[next].fetch_sub(1, std::memory_order_acq_rel) == 1) ready.push_back(next);
    }
    submit(ready);
    bool last = false;
    {
      const std::lock_guard lock(mutex_);
      last = --unfinished_ == 0;
    }
    if (last) wake();
  }

  void wake() {
    {
      const std::lock_guard lock(mutex_);
      awake_ = true;
      alarm_.request_stop();
    }
    changed_.notify_all();
  }

  /// Fills `ready` with the nodes whose pause is over; false when all nodes are done.
  bool wait_for_due(std::vector<NodeIndex>& ready) {
    ready.clear();
    std::unique_lock lock(mutex_);
    while (unfinished_ > 0) {
      while (!paused_.empty() && (stop_.stop_requested() || paused_.top().first <= clock_.elapsed())) {
        ready.push_back(paused_.top().second);
        paused_.pop();
      }
      if (!ready.empty()) return true;
      if (paused_.empty()) {
        changed_.wait(lock, [this] { return awake_; });
      } else if (!awake_) {
        alarm_ = std::stop_source();
        const auto token = alarm_.get_token();
        const auto pause = paused_.top().first - clock_.elapsed();
        lock.unlock();
        clock_.sleep(pause, token);
        lock.lock();
      }
      awake_ = false;
    }
    return false;
  }

  const Dag& dag_;
  Clock& clock_;
  const std::stop_token& stop_;
  const Turn& turn_;
  std::vector<std::atomic<std::uint32_t>> missing_;
  std::mutex mutex_;  // Guards what follows; never held across a call of the pool, the clock or a turn.
  std::condition_variable changed_;
  std::stop_source alarm_;
  bool awake_ = false;
  std::size_t unfinished_;
  Earliest<Due> paused_;
  Pool pool_;  // Last: its threads end before what they use is gone.
};

}  // namespace

void run_ready_queue(const Dag& dag, unsigned jobs, Clock& clock, const std::stop_token& stop, const Turn& turn) {
  if (jobs <= 1 || dag.size() <= 1) {
    run_in_order(dag, clock, stop, turn);
  } else {
    Parallel(dag, jobs, clock, stop, turn).run();
  }
}

}  // namespace muster::reconcile
