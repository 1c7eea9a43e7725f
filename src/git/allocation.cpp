#include "git/allocation.hpp"

#include <git2.h>

#include <cstdlib>
#include <cstring>
#include <limits>
#include <utility>

namespace muster::git {
namespace {

// Twice the object size would leave room for buffers that grow by doubling; half as much again is what inflating needs.
constexpr std::size_t kAllocation = kObjectBytes + (kObjectBytes >> 1U);
constexpr std::size_t kLarge = std::size_t{256} << 10U;  ///< Smaller ones are not counted.
constexpr std::uint64_t kLive =
    2 * std::uint64_t{kObjectBytes} + (std::uint64_t{32} << 20U);  ///< An object, what it is made of, and change.
constexpr std::size_t kCached = std::size_t{1} << 20U;             ///< Objects up to this size may live on in libgit2's caches.

thread_local AllocationBudget* t_budget = nullptr;

// libgit2 reads the reason off the error of the thread, so a refusal must leave one.
template <typename T>
T* or_out_of_memory(T* memory) {
  if (memory == nullptr) git_error_set_oom();
  return memory;
}

bool overflows(std::size_t count, std::size_t size) { return size != 0 && count > std::numeric_limits<std::size_t>::max() / size; }

void* take(std::size_t size, const char*, int) {
  if (size > kAllocation) return or_out_of_memory<void>(nullptr);
  const bool is_charged = t_budget != nullptr && size >= kLarge;
  if (is_charged && !t_budget->charge(size)) return or_out_of_memory<void>(nullptr);
  void* memory = or_out_of_memory(std::malloc(size == 0 ? 1 : size));
  if (is_charged && memory != nullptr) t_budget->note(memory, size);
  return memory;
}

void* take_zeroed(std::size_t count, std::size_t size, const char*, int) {
  const bool refused = overflows(count, size) || count * size > kAllocation;
  return or_out_of_memory(refused ? nullptr : std::calloc(count == 0 ? 1 : count, size == 0 ? 1 : size));
}

char* copy_exactly(const char* text, std::size_t length, const char* file, int line) {
  char* copy = length >= kAllocation ? or_out_of_memory<char>(nullptr) : static_cast<char*>(take(length + 1, file, line));
  if (copy == nullptr) return nullptr;
  std::memcpy(copy, text, length);
  copy[length] = '\0';
  return copy;
}

char* copy_text(const char* text, const char* file, int line) { return copy_exactly(text, std::strlen(text), file, line); }

char* copy_up_to(const char* text, std::size_t length, const char* file, int line) {
  return copy_exactly(text, strnlen(text, length), file, line);
}

void* resize(void* old, std::size_t size, const char*, int) {
  if (size > kAllocation) return or_out_of_memory<void>(nullptr);
  if (t_budget != nullptr) t_budget->release(old);  // What grows is a buffer with an owner.
  return or_out_of_memory(std::realloc(old, size == 0 ? 1 : size));
}

void* resize_array(void* old, std::size_t count, std::size_t size, const char* file, int line) {
  return overflows(count, size) ? or_out_of_memory<void>(nullptr) : resize(old, count * size, file, line);
}

void* take_array(std::size_t count, std::size_t size, const char*, int) {
  const bool refused = overflows(count, size) || count * size > kAllocation;
  return or_out_of_memory(refused ? nullptr : std::malloc(count * size == 0 ? 1 : count * size));
}

void give_back(void* memory) {
  if (t_budget != nullptr) t_budget->release(memory);
  std::free(memory);
}

}  // namespace

git_allocator bounded_allocator() {
  return {take, take_zeroed, copy_text, copy_up_to, copy_exactly, resize, resize_array, take_array, give_back};
}

AllocationBudget::~AllocationBudget() {
  for (const auto& [memory, bytes] : blocks_) {
    if (bytes > kCached) std::free(memory);
  }
}

bool AllocationBudget::charge(std::size_t bytes) {
  if (total_ + bytes > allowed_ || live_ + bytes > kLive) spent_ = true;
  if (!spent_) total_ += bytes;
  return !spent_;
}

void AllocationBudget::note(void* memory, std::size_t bytes) {
  live_ += bytes;
  blocks_[memory] = bytes;
}

void AllocationBudget::release(void* memory) {
  if (blocks_.empty()) return;
  const auto found = blocks_.find(memory);
  if (found == blocks_.end()) return;
  live_ -= found->second;
  blocks_.erase(found);
}

AllocationBudget::Entered::Entered(AllocationBudget& budget) : outer_(std::exchange(t_budget, &budget)) {}
AllocationBudget::Entered::~Entered() { t_budget = outer_; }

}  // namespace muster::git
