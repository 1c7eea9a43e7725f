// An open file of the system's, closed on destruction, and failures made from errno. Not thread-safe.
#pragma once

#include <string_view>
#include <utility>

#include "muster/base/result.hpp"

namespace muster {

class Descriptor {
 public:
  Descriptor() = default;
  explicit Descriptor(int number) : number_(number) {}
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  Descriptor(Descriptor&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    if (this != &other) {
      close();
      number_ = std::exchange(other.number_, -1);
    }
    return *this;
  }
  ~Descriptor() { close(); }

  [[nodiscard]] int number() const { return number_; }
  explicit operator bool() const { return number_ >= 0; }
  void close();

 private:
  int number_ = -1;
};

/// "DOING 'PATH': No space left on device", with the kind and reason that this error number stands for.
Failure failure_of(int error, std::string_view doing, std::string_view path);

}  // namespace muster
