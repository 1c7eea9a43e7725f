// The random seam of the World: jitter and new ids. Thread-safe. Never used where equal input must give equal output.
#pragma once

#include <cstdint>
#include <string>

namespace muster {

class Random {
 public:
  virtual ~Random() = default;
  virtual std::uint64_t next() = 0;
  /// `bytes` random bytes in lower-case hexadecimal.
  [[nodiscard]] std::string hex(std::size_t bytes);
};

/// The system's generator, good enough for identifiers that must not collide.
Random& system_random();

}  // namespace muster
