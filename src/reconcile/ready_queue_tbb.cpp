#include "reconcile/pool.hpp"

#ifdef MUSTER_NO_TBB

#include <condition_variable>
#include <deque>
#include <mutex>
#include <stop_token>
#include <thread>
#include <vector>

namespace muster::reconcile {

struct Pool::State {
  std::mutex mutex;
  std::condition_variable_any changed;
  std::deque<std::function<void()>> bodies;
  std::size_t unfinished = 0;
  std::vector<std::jthread> threads;  // Last: they stop before what they use is gone.

  void work(const std::stop_token& stop) {
    std::unique_lock lock(mutex);
    while (changed.wait(lock, stop, [this] { return !bodies.empty(); })) {
      auto body = std::move(bodies.front());
      bodies.pop_front();
      lock.unlock();
      body();
      lock.lock();
      if (--unfinished == 0) changed.notify_all();
    }
  }
};

Pool::Pool(unsigned jobs) : state_(std::make_unique<State>()) {
  for (unsigned i = 0; i < jobs; ++i) {
    state_->threads.emplace_back([state = state_.get()](const std::stop_token& stop) { state->work(stop); });
  }
}

Pool::~Pool() = default;

void Pool::submit(std::function<void()> body) {
  {
    const std::lock_guard lock(state_->mutex);
    state_->bodies.push_back(std::move(body));
    ++state_->unfinished;
  }
  state_->changed.notify_one();
}

void Pool::wait() {
  std::unique_lock lock(state_->mutex);
  state_->changed.wait(lock, [this] { return state_->unfinished == 0; });
}

}  // namespace muster::reconcile

#else

#include <tbb/global_control.h>
#include <tbb/task_arena.h>
#include <tbb/task_group.h>

namespace muster::reconcile {

struct Pool::State {
  // Bodies wait for disks and servers, so there may be more of them than cores; without the control an arena of 64
  // runs two on a machine of two cores. One slot stays free for the thread that only submits.
  explicit State(unsigned jobs)
      : control(tbb::global_control::max_allowed_parallelism, std::size_t{jobs} + 1), arena(static_cast<int>(jobs) + 1, 1) {}

  tbb::global_control control;
  tbb::task_arena arena;
  tbb::task_group group;
};

Pool::Pool(unsigned jobs) : state_(std::make_unique<State>(jobs)) {}

Pool::~Pool() { wait(); }

void Pool::submit(std::function<void()> body) {
  state_->arena.execute([&] { state_->group.run(std::move(body)); });
}

void Pool::wait() {
  state_->arena.execute([&] { state_->group.wait(); });
}

}  // namespace muster::reconcile

#endif
