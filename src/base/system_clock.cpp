#include <algorithm>
#include <condition_variable>
#include <mutex>

#include "muster/base/time.hpp"

namespace muster {
namespace {

class SystemClock final : public Clock {
 public:
  [[nodiscard]] Instant now() const override { return std::chrono::floor<Duration>(std::chrono::system_clock::now()); }
  [[nodiscard]] Duration elapsed() const override {
    return std::chrono::duration_cast<Duration>(std::chrono::steady_clock::now().time_since_epoch());
  }
  bool sleep(Duration pause, const std::stop_token& stop) override {
    std::mutex mutex;
    std::condition_variable_any woken;
    std::unique_lock lock(mutex);
    // A pause of Duration::max() added to now would be in the past.
    woken.wait_for(lock, stop, std::min<Duration>(pause, std::chrono::years(100)), [] { return false; });
    return !stop.stop_requested();
  }
};

}  // namespace

Clock& system_clock() {
  static SystemClock clock;
  return clock;
}

}  // namespace muster
