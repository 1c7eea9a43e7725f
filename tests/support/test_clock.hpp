// A clock that only pauses and tests move on. Thread-safe.
#pragma once

#include <atomic>

#include "muster/base/time.hpp"

namespace muster::test {

class TestClock : public Clock {
 public:
  [[nodiscard]] Instant now() const override { return Instant(Duration(1'777'888'000'000)) + elapsed_.load(); }
  [[nodiscard]] Duration elapsed() const override { return elapsed_; }
  bool sleep(Duration pause, const std::stop_token& stop) override;
  void advance(Duration by) { elapsed_ = elapsed_.load() + by; }

 private:
  std::atomic<Duration> elapsed_ = Duration(1000);
};

}  // namespace muster::test
