// A stack of plain values that remembers its memory. Its size lies outside, beside the sizes of other stacks: the builder
// keeps twenty, and notes all their sizes before each statement with one copy.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <type_traits>
#include <vector>

namespace muster::lang {

template <typename T>
class Stack {
  static_assert(std::is_trivially_copyable_v<T>);

 public:
  /// `size` must outlive the stack.
  explicit Stack(std::uint32_t& size) : size_(size) {}
  Stack(const Stack&) = delete;
  Stack& operator=(const Stack&) = delete;

  [[nodiscard]] std::uint32_t size() const { return size_; }
  [[nodiscard]] bool empty() const { return size_ == 0; }
  void push(const T& value) {
    if (size_ == items_.size()) grow();
    items_[size_++] = value;
  }
  T pop() { return items_[--size_]; }
  T& top() { return items_[size_ - 1]; }
  [[nodiscard]] const T& top() const { return items_[size_ - 1]; }
  [[nodiscard]] const T& operator[](std::size_t i) const { return items_[i]; }
  [[nodiscard]] T& operator[](std::size_t i) { return items_[i]; }
  [[nodiscard]] const T* begin() const { return items_.data(); }
  [[nodiscard]] const T* end() const { return items_.data() + size_; }
  /// Forgets what lies above the first `size`.
  void cut(std::uint32_t size) { size_ = size; }

 private:
  void grow() { items_.resize(std::max<std::size_t>(16, 2 * items_.size())); }

  std::vector<T> items_;
  std::uint32_t& size_;
};

}  // namespace muster::lang
