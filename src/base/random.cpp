#include "muster/base/random.hpp"

#include "muster/base/digest.hpp"

namespace muster {

std::string Random::hex(std::size_t bytes) {
  std::string raw;
  while (raw.size() < bytes) {
    const std::uint64_t word = next();
    for (unsigned i = 0; i < 8 && raw.size() < bytes; ++i) raw.push_back(static_cast<char>(word >> (8 * i)));
  }
  return to_hex(raw);
}

}  // namespace muster
