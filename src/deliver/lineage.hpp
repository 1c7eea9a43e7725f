// Lineage: what became of the bundles of a service in an environment: which of its records may be followed, and where the
// notes of their health are. Pure over the branch's history.
//
// A record that lists source, image or from is a candidate; a commit after which the service stands at an earlier
// candidate's bundle voids all between and revives that one; a foreign commit that leaves any other bundle voids what it
// replaced; one that leaves none voids all.
#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "muster/base/result.hpp"
#include "muster/git/repository.hpp"
#include "muster/record/chain.hpp"
#include "muster/record/inputs.hpp"

namespace muster::deliver {

/// A commit that touched the service, with what stood after it.
struct Touch {
  git::Oid commit;
  std::size_t position = 0;  ///< From the tip; smaller is newer.
  bool record = false;
  record::Inputs listed;  ///< What a record's trailer listed.
  bool present = false;
  record::Inputs values;  ///< Source and images that stood; empty where release.yaml cannot be read.
  record::Bundle bundle;
};

struct Candidate {
  git::Oid record;
  std::size_t position = 0;
  record::Inputs listed;
  record::Inputs values;  ///< Source and images as they stood after it …
  record::Inputs before;  ///< … and before it.
  record::Bundle bundle;
  bool alive = true;
  std::vector<git::Oid> stands_at;  ///< Commits since which the bundle stood, since it was last voided; oldest first.
};

/// Was this bundle ever a candidate before the oldest touch that is judged?
using Older = std::function<Result<bool>(const record::Bundle&)>;

/// Judges touches, oldest first.
Result<std::vector<Candidate>> judge(const std::vector<Touch>& oldest_first, const Older& older);

/// What was learnt of commits, which never changes; kept between passes.
struct LineageMemory {
  using Key = std::pair<git::Oid, std::string>;  ///< Commit and service.
  std::map<Key, Touch> touches;
  std::map<std::pair<Key, Digest>, bool> older;  ///< "Before this commit, this bundle was a candidate."
  void bound();
};

/// How far back a lineage is read: a bundle that stood longer ago counts as never seen.
inline constexpr std::size_t kLineageSteps = 50'000;
inline constexpr std::size_t kLineageTouches = 500;

/// All candidates from `position` on (that commit included), oldest first. With `until` it reads further back, within the
/// limits, to where that bundle first stood.
Result<std::vector<Candidate>> read_candidates(record::Chain& chain, LineageMemory& memory, const std::string& service,
                                               std::size_t position, const record::Bundle* until = nullptr);

/// Values of the bundle in a release's inputs: sources and images.
record::Inputs bundle_values(const record::Inputs& inputs);

}  // namespace muster::deliver
