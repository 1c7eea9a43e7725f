// What can go wrong in the simulated world, and when. One seed decides all of it; the same seed replays it.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "muster/base/random.hpp"
#include "muster/base/result.hpp"

namespace muster::sim {

/// Thrown at the step where the simulated process dies. Not an std::exception: nothing below may swallow it.
struct Crash {
  std::uint64_t step;
};

/// splitmix64: small, seeded, the same on every machine.
class SeededRandom final : public Random {
 public:
  explicit SeededRandom(std::uint64_t seed) : state_(seed) {}
  std::uint64_t next() override;
  /// Uniform in [0, bound).
  std::uint64_t below(std::uint64_t bound);
  /// True `percent` times of a hundred.
  bool chance(unsigned percent) { return below(100) < percent; }

 private:
  std::uint64_t state_;
};

/// Counts every effect of the simulated process (file written, ref moved, object applied, push sent) and ends the
/// process at a chosen one, before or after it took place. `between` runs before each effect: other people's actions.
class Steps {
 public:
  /// The process dies at effect number `step` (1 is the next one); `after`: the effect has still happened.
  void crash_at(std::uint64_t step, bool after);
  void never_crash() { crash_at_.reset(); }
  /// Wraps one effect.
  template <typename Effect>
  auto effect(Effect&& run) {
    const std::uint64_t number = begin();
    if constexpr (std::is_void_v<decltype(run())>) {
      run();
      end(number);
    } else {
      auto result = run();
      end(number);
      return result;
    }
  }
  [[nodiscard]] std::uint64_t taken() const { return taken_; }
  std::function<void()> between;

 private:
  std::uint64_t begin();
  void end(std::uint64_t number) const;

  std::uint64_t taken_ = 0;
  std::optional<std::uint64_t> crash_at_;
  bool after_ = false;
};

}  // namespace muster::sim
