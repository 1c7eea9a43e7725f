// The parts of observe(), in the order in which they run: branches (one thread; the environment repository's), descriptors
// (parallel), targets, histories of what nobody owns (one thread), health. Each writes its own slots of the draft.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "muster/reconcile/observation.hpp"
#include "muster/record/ledger.hpp"
#include "muster/record/statements.hpp"

namespace muster::reconcile {

/// What is known of an environment's branch while the observation is made, beside what stays in it.
struct BranchDraft {
  std::optional<record::Branch> branch;
  const record::Ledger* ledger = nullptr;
  record::Chain* chain = nullptr;
  std::map<std::string, record::Hold, std::less<>> holds;
  std::vector<std::string> services;           ///< That stand at the tip, sorted.
  std::vector<target::Inventory> inventories;  ///< Of this environment.
};

struct Draft {
  const World& world;
  record::EnvironmentRepository& records;
  target::Targets& targets;
  const ObserveOptions& options;
  std::vector<BranchDraft> branches;  ///< One an environment, same index.
  Observation out;
};

void observe_branches(Draft& draft, const std::vector<EnvironmentAt>& environments);
void observe_targets(Draft& draft);
void list_instances(Draft& draft);
void read_descriptors(Draft& draft);
void read_health_notes(Draft& draft);
void observe_objects(Draft& draft);
void read_histories(Draft& draft);
void observe_health(Draft& draft);

/// Every object that the branch ever had in the folders of these services, with all its contents.
using Versions = std::map<manifest::ObjectId, std::set<Digest>>;
Result<std::map<std::string, Versions>> read_versions(record::Chain& chain, const std::set<std::string>& services);

}  // namespace muster::reconcile
