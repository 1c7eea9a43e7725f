#include "muster/base/random.hpp"

#include <openssl/rand.h>

#include <array>

#include "muster/base/digest.hpp"
#include "muster/base/world.hpp"

namespace muster {

std::string Random::hex(std::size_t bytes) {
  std::string raw;
  while (raw.size() < bytes) {
    const std::uint64_t word = next();
    for (unsigned i = 0; i < 8 && raw.size() < bytes; ++i) raw.push_back(static_cast<char>(word >> (8 * i)));
  }
  return to_hex(raw);
}

namespace {

class SystemRandom final : public Random {
 public:
  std::uint64_t next() override {
    std::array<unsigned char, 8> bytes{};
    RAND_bytes(bytes.data(), static_cast<int>(bytes.size()));
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

World system_world() { return {system_clock(), system_files(), system_processes(), system_random()}; }

}  // namespace muster
