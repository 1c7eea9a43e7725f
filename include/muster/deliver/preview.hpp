// Preview: an environment branch as it would be after proposals were recorded, for `plan`: exactly the record that deliver
// would push, as a commit that no ref names.
#pragma once

#include <vector>

#include "muster/base/result.hpp"
#include "muster/deliver/proposal.hpp"
#include "muster/git/repository.hpp"
#include "muster/record/branch.hpp"

namespace muster::deliver {

/// `branch` with those of `proposals` that are of its environment recorded on its tip (message, trailers and tree as deliver
/// makes them), written to `repository` and pushed nowhere; `branch` itself where there are none.
Result<record::Branch> branch_with(git::Repository& repository, const record::Branch& branch, const std::vector<Proposal>& proposals, Instant now);

}  // namespace muster::deliver
