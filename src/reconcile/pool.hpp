// Threads that run submitted bodies, at most `jobs` at once; the only part of the room that knows oneTBB
// (ready_queue_tbb.cpp). Built with MUSTER_NO_TBB it is made of std::jthread: ThreadSanitizer sees races in Debian's
// libtbb that are not there.
//
// Thread-safety: submit() from any thread, bodies included; wait() from the thread that made the pool, once nothing will
// be submitted from outside any more. Never call either with a lock held that a body takes. Bodies must not throw.
#pragma once

#include <functional>
#include <memory>

namespace muster::reconcile {

class Pool {
 public:
  explicit Pool(unsigned jobs);
  Pool(const Pool&) = delete;
  Pool& operator=(const Pool&) = delete;
  ~Pool();
  void submit(std::function<void()> body);
  /// Returns when every submitted body has run.
  void wait();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace muster::reconcile
