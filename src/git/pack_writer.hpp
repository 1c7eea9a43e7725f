// Takes a pack from a stranger, byte by byte, checks it whole and puts it into a repository. Private to the room.
//
// Nothing of it is visible before finish() succeeded; a writer that is dropped leaves no file. Bounded by limits on
// bytes, objects and time; the size of single objects is bounded by the library's allocator. Thread-safety: one thread.
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
  /// Rebuilds deltas, checks that everything the new objects name is here, and makes them visible.
  Result<void> finish();
  [[nodiscard]] std::uint64_t bytes() const { return bytes_; }

 private:
  PackWriter(DiskRepository& into, const TransferLimits& limits, const Deadline& deadline, DiskRepository::Lease lease);
  static int progress(const git_indexer_progress* stats, void* self);
  void drop_indexer();
  Failure failure(int code, std::string_view doing);

  DiskRepository& into_;
  const TransferLimits& limits_;
  const Deadline& deadline_;
  DiskRepository::Lease lease_;
  AllocationBudget budget_;  ///< Outlives the indexer.
  Indexer indexer_;
  git_indexer_progress stats_{};
  std::uint64_t bytes_ = 0;
  std::optional<Failure> refusal_;  ///< Why progress() ended it.
};

/// Reason::corrupt where a commit, tree or tag among `ids` names an object that is not in the repository.
Result<void> check_connected(DiskRepository& repository, std::span<const Oid> ids, const Deadline& deadline);

}  // namespace muster::git
