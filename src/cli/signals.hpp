// Signals of the process: SIGINT and SIGTERM ask for a clean stop, a second one ends at once; SIGHUP asks `serve` to
// read the fleet again. Blocked in every thread and received by one, so that no code runs in a handler.
#pragma once

#include <functional>
#include <mutex>
#include <stop_token>
#include <thread>

namespace muster::cli {

class Signals {
 public:
  /// To be made before any other thread, which then inherits the blocked signals.
  Signals();
  Signals(const Signals&) = delete;
  Signals& operator=(const Signals&) = delete;
  ~Signals();

  /// Stopped at the first SIGINT or SIGTERM.
  [[nodiscard]] std::stop_token stop() const { return stop_.get_token(); }
  /// Called from the receiving thread at each SIGHUP; empty: SIGHUP stops like SIGTERM.
  static void on_reload(std::function<void()> reload);

 private:
  void receive(const std::stop_token& end);

  std::stop_source stop_;
  std::jthread receiver_;
};

}  // namespace muster::cli
