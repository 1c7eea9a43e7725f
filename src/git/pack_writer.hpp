// Takes a pack from a stranger, byte by byte, checks it whole and puts it into a repository. Private to the room.
//
// Nothing of it is in the repository before finish() succeeded: it grows in a folder of its own, and a writer that is
// dropped leaves none (a killed one leaves a folder that tidy removes). Bounded by limits on bytes, objects and time; the
// size of single objects and the work on all of them by the library's allocator. Thread-safety: one thread.
#pragma once

#include <memory>
#include <span>
#include <stop_token>
#include <string_view>

#include "git/disk_repository.hpp"

namespace muster::git {

/// Until when a transfer may go on, and who may end it before.
struct Deadline {
  const Clock& clock;
  Duration end;
  std::stop_token stop;

  Deadline(const Clock& the_clock, Duration time, std::stop_token token)
      : clock(the_clock), end(the_clock.elapsed() + time), stop(std::move(token)) {}
  /// Nothing, or why the transfer must end now.
  [[nodiscard]] Result<void> check() const;
};

class PackWriter {
 public:
  static Result<std::unique_ptr<PackWriter>> open(DiskRepository& into, const TransferLimits& limits, const Deadline& deadline);
  ~PackWriter();
  PackWriter(const PackWriter&) = delete;
  PackWriter& operator=(const PackWriter&) = delete;

  Result<void> append(std::string_view bytes);
  /// Rebuilds deltas, checks that `tips` and what they reach are complete, and moves the pack into the repository.
  Result<void> finish(std::span<const Oid> tips);

 private:
  PackWriter(DiskRepository& into, const TransferLimits& limits, const Deadline& deadline, DiskRepository::Lease lease, Path folder);
  static int progress(const git_indexer_progress* stats, void* self);
  void drop_indexer();
  Failure failure(int code, std::string_view doing);
  Result<void> check(const Path& index, std::span<const Oid> tips);

  DiskRepository& into_;
  const TransferLimits& limits_;
  const Deadline& deadline_;
  DiskRepository::Lease lease_;
  Path folder_;
  AllocationBudget budget_;  ///< Outlives the indexer.
  Indexer indexer_;
  git_indexer_progress stats_{};
  std::uint64_t bytes_ = 0;
  std::optional<Failure> refusal_;  ///< Why progress() ended it.
};

}  // namespace muster::git
