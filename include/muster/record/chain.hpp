// Chain: the first-parent history of an environment branch, read commit by commit: what each one is (record, statement
// of a person, foreign) and which services it touched.
//
// For a record the trailers say which services it touched; of any other commit the tree is compared with its parent's.
// Ownership: values out. Thread-safety: one Chain in one thread. Failures: corrupt for a shallow history, and whatever
// the repository fails with.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "muster/base/result.hpp"
#include "muster/base/time.hpp"
#include "muster/git/repository.hpp"
#include "muster/record/environment_file.hpp"
#include "muster/record/trailers.hpp"

namespace muster::record {

/// One commit of the chain.
struct Step {
  git::Oid commit;
  git::Oid tree;
  git::Oid parent;  ///< Zero for the root.
  Instant at{};     ///< The committer's date as written.
  bool record = false;
  Trailers trailers;                    ///< Of records and of people's verbs; empty for foreign commits.
  std::vector<std::string> touched;     ///< Services whose folder changed, sorted.
  std::vector<std::string> statements;  ///< Files below .holds and .approvals that changed, sorted.

  [[nodiscard]] const ReleaseLine* line(std::string_view service) const;
  [[nodiscard]] bool touches(std::string_view service) const;
};

/// Reads one commit as a step.
Result<Step> read_step(git::Repository& repository, const git::Commit& commit, const EnvironmentFile& file);

/// Calls `visit` with every step from `tip` back to the root, or until it returns false.
Result<void> walk_steps(git::Repository& repository, const EnvironmentFile& file, const git::Oid& tip,
                        const std::function<Result<bool>(Step&&)>& visit);

/// The steps of a branch from its tip back, read as far as they are asked for.
class Chain {
 public:
  Chain(std::shared_ptr<git::Repository> repository, EnvironmentFile file, git::Oid tip);

  [[nodiscard]] const git::Oid& tip() const { return tip_; }
  /// Puts the commits between the old tip and a new one in front; Reason::conflict (nothing changed) where the old tip is
  /// not among the first parents of the new one.
  Result<void> advance(const git::Oid& tip);
  /// Step `index` from the tip (0); nullptr past the root.
  Result<const Step*> step(std::size_t index);
  /// Index of a commit; nullopt where it is not in the chain. Reads to the root in the worst case.
  Result<std::optional<std::size_t>> position(const git::Oid& commit);
  [[nodiscard]] git::Repository& repository() const { return *repository_; }
  [[nodiscard]] const EnvironmentFile& file() const { return file_; }

 private:
  Result<bool> read_more();
  std::shared_ptr<git::Repository> repository_;
  EnvironmentFile file_;
  git::Oid tip_;
  std::optional<git::Oid> next_;  ///< The commit after the last step read; nullopt at the root.
  std::deque<Step> steps_;
  std::map<git::Oid, std::int64_t> numbers_;  ///< Commit → number; they grow towards the tip, so that advance() keeps them.
  std::int64_t top_ = 0;                      ///< Number of steps_.front().
};

}  // namespace muster::record
