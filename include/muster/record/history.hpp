// History: questions about the past of an environment branch, for `history`, `why`, `rollback --to` and a lost inventory.
// Pure reads; failures are the repository's.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "muster/base/result.hpp"
#include "muster/record/chain.hpp"

namespace muster::record {

/// One line of `muster history`.
struct HistoryEntry {
  Step step;
  git::Person author;
  std::string subject;
  Instant at{};  ///< Monotone: never before an earlier commit's.
};

/// Newest first, at most `limit`; of one service, or (empty) of the whole environment.
Result<std::vector<HistoryEntry>> read_history(Chain& chain, std::string_view service, std::size_t limit);

/// Did a commit change a service, its holds, or approvals of it?
[[nodiscard]] bool concerns(const Step& step, std::string_view service);

/// The last first-parent commit at or before `at`, with dates made monotone from the root on; nullopt where the branch is
/// younger.
Result<std::optional<git::Oid>> commit_at(git::Repository& repository, const git::Oid& tip, Instant at);

}  // namespace muster::record
