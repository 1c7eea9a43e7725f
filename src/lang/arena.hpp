// Memory for values and code that live as long as a compilation: allocate, never free one by one.
//
// Ownership: an Arena owns its blocks; what it hands out lives as long as it does. Trivially destructible types only.
// Thread-safety: none; one arena a thread.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <memory>
#include <new>
#include <span>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace muster::lang {

class Arena {
 public:
  Arena() = default;
  Arena(const Arena&) = delete;
  Arena& operator=(const Arena&) = delete;
  Arena(Arena&&) noexcept = default;
  Arena& operator=(Arena&&) noexcept = default;

  void* allocate(std::size_t bytes, std::size_t alignment) {
    std::size_t at = (used_ + alignment - 1) & ~(alignment - 1);
    if (at + bytes > size_) {
      grow(bytes);
      at = 0;
    }
    used_ = at + bytes;
    requested_ += bytes;
    return block_ + at;
  }

  template <typename T, typename... Args>
  T* make(Args&&... args) {
    static_assert(std::is_trivially_destructible_v<T>);
    return new (allocate(sizeof(T), alignof(T))) T{std::forward<Args>(args)...};
  }

  /// `count` value-initialised elements.
  template <typename T>
  std::span<T> array(std::size_t count) {
    static_assert(std::is_trivially_destructible_v<T>);
    T* first = static_cast<T*>(allocate(sizeof(T) * count, alignof(T)));
    for (std::size_t i = 0; i < count; ++i) new (first + i) T{};
    return {first, count};
  }

  template <typename T>
  std::span<T> copy(std::span<const T> items) {
    static_assert(std::is_trivially_copyable_v<T>);
    T* first = static_cast<T*>(allocate(sizeof(T) * items.size(), alignof(T)));
    if (!items.empty()) std::memcpy(static_cast<void*>(first), items.data(), sizeof(T) * items.size());
    return {first, items.size()};
  }

  std::string_view copy(std::string_view text) {
    if (text.empty()) return {};
    char* first = static_cast<char*>(allocate(text.size(), 1));
    std::memcpy(first, text.data(), text.size());
    return {first, text.size()};
  }

  /// Bytes asked for so far: the same for the same work, whatever the blocks.
  [[nodiscard]] std::size_t requested() const { return requested_; }

 private:
  void grow(std::size_t bytes) {
    const std::size_t size = std::max(next_, bytes);
    next_ = std::min<std::size_t>(next_ * 2, std::size_t{1} << 20U);
    blocks_.push_back(std::make_unique_for_overwrite<std::byte[]>(size));
    block_ = blocks_.back().get();
    size_ = size;
    used_ = 0;
  }

  std::vector<std::unique_ptr<std::byte[]>> blocks_;
  std::byte* block_ = nullptr;
  std::size_t size_ = 0;
  std::size_t used_ = 0;
  std::size_t next_ = std::size_t{16} << 10U;
  std::size_t requested_ = 0;
};

}  // namespace muster::lang
