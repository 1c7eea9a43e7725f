// The deletion budget of an environment: objects in descriptors 24 h ago (or at the last confirmation) less those that a
// tree has, renames and moves between services not counted. The same count before a removal is recorded and before every
// prune, so that fifty small runs are one large one.
//
// Pure over the repository. Failures are the repository's: then nothing may be deleted.
#pragma once

#include <cstddef>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "muster/base/result.hpp"
#include "muster/base/time.hpp"
#include "muster/git/repository.hpp"
#include "muster/manifest/object.hpp"
#include "muster/record/environment_file.hpp"
#include "muster/record/ledger.hpp"
#include "muster/record/statements.hpp"

namespace muster::record {

struct Deletions {
  git::Oid base;                            ///< Counted from this commit.
  std::vector<manifest::ObjectId> objects;  ///< Gone since, sorted.
  std::size_t allowed = 0;                  ///< The budget; default the larger of 5 and 10 % of those at `base`.
  bool confirmed = false;                   ///< A person approved exactly these (or more).
  [[nodiscard]] bool over() const { return objects.size() > allowed && !confirmed; }
};

/// `tree`: what shall stand (a commit's tree, or a proposal's). `approvals`: those that stand at the tip of `ledger`.
Result<Deletions> count_deletions(const std::shared_ptr<git::Repository>& repository, const Ledger& ledger, const model::Budget& budget,
                                  const git::Oid& tree, const std::map<std::string, Approval, std::less<>>& approvals, Instant now);

}  // namespace muster::record
