// Observation: everything that a pass of reconcile knows about branches and targets, read once and then only looked at.
// Decisions are made from it alone (compare.hpp), so that they can be asked again, printed, and played by a simulator.
//
// The fleet files are never read: an invalid fleet, or one that muster cannot reach, stops neither drift repair nor
// recovery by revert.
//
// Ownership: plain values; the repository is kept alive for contents that are read later. Thread-safety: const access.
// Failures: of a branch or a target in its own part; observe() itself never fails.
#pragma once

#include <compare>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "muster/base/digest.hpp"
#include "muster/base/result.hpp"
#include "muster/base/time.hpp"
#include "muster/git/repository.hpp"
#include "muster/manifest/object.hpp"
#include "muster/record/branch.hpp"
#include "muster/record/statements.hpp"
#include "muster/target/target.hpp"

namespace muster::reconcile {

/// `cart@production`.
struct InstanceKey {
  std::string environment;
  std::string service;
  [[nodiscard]] std::string text() const;
  /// Parses what text() prints; nullopt for anything else.
  static std::optional<InstanceKey> parse(std::string_view text);
  friend auto operator<=>(const InstanceKey&, const InstanceKey&) = default;
};

/// An object that a descriptor asks for.
struct Desired {
  manifest::ObjectId id;
  Digest digest;
  friend bool operator==(const Desired&, const Desired&) = default;
};

/// A service in an environment: what its descriptor says at the tip, and what its target says of it.
struct InstanceState {
  InstanceKey key;
  std::size_t environment = 0;  ///< Index into Observation::environments.

  // From the branch.
  bool stands = false;              ///< There is a descriptor at the tip.
  std::string trouble;              ///< Why the descriptor cannot be used, with the place; empty: it can.
  std::string folder;               ///< Tree id of the descriptor.
  std::string objects;              ///< Digest text over the desired objects.
  std::vector<Desired> desired;     ///< In the order in which they are applied.
  std::set<std::string> suspected;  ///< With trouble: its files (ObjectId::descriptor_path), so that nobody prunes what they may name.
  std::vector<InstanceKey> needs;   ///< Sorted.
  std::vector<InstanceKey> former_needs;  ///< Of the record last applied, where the descriptor is another now.
  std::vector<std::string> renamed_from;
  std::optional<Digest> bundle;
  struct Job {
    bool always = false;
    std::string run;  ///< Digest text of bundle and command.
  };
  std::optional<Job> job;
  bool behind = false;               ///< It stands behind its ledger: reverted or rolled back.
  std::optional<record::Hold> hold;  ///< A person stopped new records; with `target` also writes to the target.
  std::string since;                 ///< Commit since which it stands as it does.
  std::string resume;                ///< A person's `resume` that nothing has used up; commit id.
  std::optional<bool> noted;         ///< The newest health note since then: healthy or not; nullopt: none.

  // From the target.
  std::optional<target::Inventory> inventory;
  bool lost = false;                                        ///< It had an inventory, or should have, and none can be read.
  std::map<manifest::ObjectId, std::set<Digest>> versions;  ///< Of objects nobody owns: what the branch ever said of them.
  std::vector<manifest::ObjectId> leftovers;                ///< lost: objects of earlier descriptors that stand there unowned.
  target::Health health;                                    ///< Of the desired objects together, the worst; before the pass.
};

/// Why a whole environment is left alone.
struct EnvironmentHold {
  FailureKind kind = FailureKind::stalled;
  Reason reason = Reason::conflict;
  std::string text;      ///< One sentence.
  std::string expected;  ///< What was expected, and …
  std::string found;     ///< … what was found; both may be empty.
  std::string lift;      ///< The way out.
};

struct EnvironmentState {
  std::string name;
  std::string id;  ///< Of muster.yaml; empty where the branch could not be read.
  std::string fleet;
  std::string tip;  ///< Commit id.
  std::string tree;
  Instant seen{};  ///< When the remote said so.
  bool repair_drift = true;
  std::optional<std::size_t> target;  ///< Index into Observation::targets.
  std::optional<Failure> unreadable;  ///< The branch, its history or its target.
  std::optional<Failure> stale;       ///< The branch is as it was at `seen`, because of this.
  std::optional<target::Stamp> stamp;
  bool stamp_in_history = false;      ///< The stamp is the tip or one of its first-parent ancestors.
  std::vector<target::Stamp> others;  ///< Stamps in its target of this fleet and name with another id.
  std::size_t deletions = 0;          ///< Objects gone from its descriptors in the window of the budget.
  std::size_t deletions_allowed = 0;
  std::string deletions_held;  ///< Why nothing may be pruned, with the way out; empty: it may.
  std::shared_ptr<git::Repository> repository;

  /// What its target is stamped with before the first write of a pass, and what every write is made under.
  [[nodiscard]] target::Stamp stamp_at_tip() const { return {id, fleet, name, tip}; }
};

struct TargetState {
  target::TargetRef reference;
  std::shared_ptr<target::Target> target;  ///< Null where it could not be opened.
  bool executes = false;
  std::map<manifest::ObjectId, target::Live> live;
  /// What inventories of environments whose branch is not observed own here.
  struct Foreign {
    std::string environment_id;
    std::string owner;  ///< "cart@production of fleet shop"
  };
  std::map<manifest::ObjectId, Foreign> foreign;
  std::string prunes_held;  ///< Not all environments that use it could be read; empty: all were.
};

struct Observation {
  Instant now{};
  std::vector<EnvironmentState> environments;  ///< Sorted by name.
  std::vector<TargetState> targets;            ///< In the order in which environments use them.
  std::vector<InstanceState> instances;        ///< Sorted by key: those that stand, and those with an inventory.

  [[nodiscard]] const InstanceState* find(const InstanceKey& key) const;
};

/// An environment branch to be observed: as it is, or as it would be after a proposed commit (`plan`).
struct EnvironmentAt {
  std::string name;
  Result<record::Branch> branch;
  std::optional<Failure> stale = {};  ///< The branch is as it was last seen, because of this: to be shown, never acted on.
};

/// All environments of the repository as its last look() found them.
std::vector<EnvironmentAt> all_environments(const record::EnvironmentRepository& records);

struct ObserveOptions {
  unsigned jobs = 1;
  std::stop_token stop;
};

/// Reads the branches and their targets. Requests are few and alike for any number of instances: per target its stamps,
/// inventories and one observation of all objects named anywhere.
Observation observe(const World& world, record::EnvironmentRepository& records, target::Targets& targets,
                    const std::vector<EnvironmentAt>& environments, const ObserveOptions& options);

}  // namespace muster::reconcile
