#include "support/test_clock.hpp"

namespace muster::test {

bool TestClock::sleep(Duration pause, const std::stop_token& stop) {
  if (stop.stop_requested()) return false;
  advance(pause);
  return true;
}

}  // namespace muster::test
