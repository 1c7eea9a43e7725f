#include "support/eventually.hpp"

#include <chrono>
#include <thread>

namespace muster::test {

bool eventually(const std::function<bool()>& condition) {
  for (int i = 0; i < 3000; ++i) {
    if (condition()) return true;
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  return false;
}

}  // namespace muster::test
