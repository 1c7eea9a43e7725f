// How many requests a server gets at once: fewer while it says that it has too many, more again while it does not.
// Private to the room. Thread-safe.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <mutex>
#include <stop_token>

#include "muster/base/result.hpp"

namespace muster::target::kubernetes {

class Throttle {
 public:
  explicit Throttle(std::size_t most) : most_(most), allowed_(most) {}

  /// One request's place; given back on destruction.
  class Place {
   public:
    explicit Place(Throttle& throttle) : throttle_(&throttle) {}
    Place(Place&& other) noexcept : throttle_(std::exchange(other.throttle_, nullptr)) {}
    Place& operator=(Place&&) = delete;
    ~Place();

   private:
    Throttle* throttle_;
  };

  /// Waits for a place; Reason::cancelled.
  Result<Place> enter(const std::stop_token& stop);
  /// The server answered 429: half as many from now on.
  void slow_down();
  /// It answered: after as many answers as are allowed at once, one more is.
  void answered();
  [[nodiscard]] std::size_t allowed() const;

 private:
  const std::size_t most_;
  mutable std::mutex mutex_;
  std::condition_variable_any left_;
  std::size_t allowed_;
  std::size_t inside_ = 0;
  std::size_t answers_ = 0;
};

}  // namespace muster::target::kubernetes
