#include <openssl/rand.h>

#include <array>
#include <cstdlib>

#include "muster/base/random.hpp"

namespace muster {
namespace {

class SystemRandom final : public Random {
 public:
  std::uint64_t next() override {
    std::array<unsigned char, 8> bytes{};
    // Without randomness identifiers would collide silently; there is nothing sensible to go on with.
    if (RAND_bytes(bytes.data(), static_cast<int>(bytes.size())) != 1) std::abort();
    std::uint64_t word = 0;
    for (const unsigned char byte : bytes) word = (word << 8U) | byte;
    return word;
  }
};

}  // namespace

Random& system_random() {
  static SystemRandom random;
  return random;
}

}  // namespace muster
