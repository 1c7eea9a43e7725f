#include "sim/world/faults.hpp"

namespace muster::sim {

std::uint64_t SeededRandom::next() {
  state_ += 0x9e3779b97f4a7c15ULL;
  std::uint64_t z = state_;
  z = (z ^ (z >> 30U)) * 0xbf58476d1ce4e5b9ULL;
  z = (z ^ (z >> 27U)) * 0x94d049bb133111ebULL;
  return z ^ (z >> 31U);
}

std::uint64_t SeededRandom::below(std::uint64_t bound) { return bound == 0 ? 0 : next() % bound; }

void Steps::crash_at(std::uint64_t step, bool after) {
  crash_at_ = taken_ + step;
  after_ = after;
}

std::uint64_t Steps::begin() {
  if (between) between();
  ++taken_;
  if (crash_at_ == taken_ && !after_) throw Crash{taken_};
  return taken_;
}

void Steps::end(std::uint64_t number) const {
  if (crash_at_ == number && after_) throw Crash{number};
}

}  // namespace muster::sim
