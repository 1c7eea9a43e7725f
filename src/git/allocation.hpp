// What libgit2 may allocate. A pack of a stranger names sizes, and libgit2 makes room for them: so every single
// allocation has a cap, and the work on one pack has a budget for all of them together.
//
// Thread-safety: the budget is for the thread that enters it, while it is entered.
#pragma once

#include <git2/sys/alloc.h>

#include <cstddef>
#include <cstdint>
#include <unordered_map>

namespace muster::git {

/// The largest object muster inflates or rebuilds from deltas. Forges refuse files above 100 MiB, so nothing honest is lost.
inline constexpr std::size_t kObjectBytes = std::size_t{100} << 20U;

git_allocator bounded_allocator();

/// The allowance of one pack. libgit2's indexer calls nobody back while it repeats objects, and forgets their memory;
/// so the allowance is kept here, and what is left of large objects at the end is freed.
class AllocationBudget {
 public:
  AllocationBudget() = default;
  /// Call when libgit2 has let go of the pack.
  ~AllocationBudget();
  AllocationBudget(const AllocationBudget&) = delete;
  AllocationBudget& operator=(const AllocationBudget&) = delete;

  /// Large allocations may come to this many bytes in all.
  void allow(std::uint64_t bytes) { allowed_ = bytes; }
  [[nodiscard]] bool is_spent() const { return spent_; }

  /// While it lives, allocations of this thread are charged to the budget.
  class Entered {
   public:
    explicit Entered(AllocationBudget& budget);
    ~Entered();
    Entered(const Entered&) = delete;
    Entered& operator=(const Entered&) = delete;

   private:
    AllocationBudget* outer_;
  };

  [[nodiscard]] bool charge(std::size_t bytes);
  void note(void* memory, std::size_t bytes);
  void release(void* memory);

 private:
  std::uint64_t allowed_ = 0;
  std::uint64_t total_ = 0;
  std::uint64_t live_ = 0;
  bool spent_ = false;
  std::unordered_map<void*, std::size_t> blocks_;
};

}  // namespace muster::git
