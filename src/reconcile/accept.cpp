// What a person may decide about a whole environment: that its branch is right though its history says otherwise, and
// that it shall go. Both are asked for by name, never concluded from something missing.
#include <fmt/format.h>

#include <algorithm>

#include "muster/manifest/order.hpp"
#include "muster/reconcile/pass.hpp"
#include "reconcile/claims.hpp"

namespace muster::reconcile {
namespace {

/// The inventories under another id become this environment's: first all of them stand twice, then the old ones go.
Result<void> adopt_inventories(target::Target& target, const target::Stamp& old, const target::Stamp& ours) {
  MUSTER_TRY(const auto inventories, target.inventories(old.environment_id));
  MUSTER_TRY(auto own, target.inventories(ours.environment_id));
  for (const auto& inventory : inventories) {
    if (inventory.lost) continue;
    const bool there = std::any_of(own.begin(), own.end(), [&](const auto& mine) { return mine.service == inventory.service; });
    if (there) continue;
    auto copy = inventory;
    copy.version.clear();
    copy.record.clear();  // Of a history that this branch does not have.
    copy.folder.clear();
    MUSTER_CHECK(target.write_inventory(ours, copy));
  }
  for (const auto& inventory : inventories) MUSTER_CHECK(target.remove_inventory(old, inventory));
  return target.remove_stamp(old);
}

/// Deletes what one inventory names and nobody else does; answers how many, and keeps in it what survived.
class Retirement {
 public:
  Retirement(const Observation& observation, const EnvironmentState& environment, const Claims& claims)
      : observation_(observation), environment_(environment), claims_(claims), state_(observation.targets[*environment.target]) {}

  Result<void> retire(target::Inventory inventory) {
    std::sort(inventory.entries.begin(), inventory.entries.end(),
              [](const auto& a, const auto& b) { return manifest::applies_before(b.id, a.id); });
    std::vector<manifest::ObjectId> ids;
    for (const auto& entry : inventory.entries) ids.push_back(entry.id);
    MUSTER_TRY(const auto live, state_.target->observe(ids));
    std::vector<target::InventoryEntry> survivors;
    for (auto& entry : inventory.entries) {
      const auto found = std::find_if(live.begin(), live.end(), [&](const target::Live& object) { return object.id == entry.id; });
      auto removed = found == live.end() || !is_ours(entry, *found) || is_anothers(entry.id) ? Result<void>() : remove(entry.id, *found);
      if (removed.ok()) continue;
      if (!failure_) failure_ = std::move(removed).failure().with_context(fmt::format("deleting {}", entry.id.text()));
      survivors.push_back(std::move(entry));
    }
    if (survivors.empty()) return state_.target->remove_inventory(*environment_.stamp, inventory);
    std::sort(survivors.begin(), survivors.end(), [](const auto& a, const auto& b) { return a.id < b.id; });
    inventory.entries = std::move(survivors);
    inventory.folder.clear();
    auto written = state_.target->write_inventory(*environment_.stamp, inventory);
    return written.ok() ? Result<void>() : std::move(written).failure();
  }

  [[nodiscard]] std::size_t deleted() const { return deleted_; }
  [[nodiscard]] const std::optional<Failure>& failure() const { return failure_; }

 private:
  static bool is_ours(const target::InventoryEntry& entry, const target::Live& live) {
    if (entry.leftover) return false;
    return entry.uid.empty() ? live.ours || live.digest == entry.applied : live.uid == entry.uid;
  }
  [[nodiscard]] bool is_anothers(const manifest::ObjectId& id) const {
    const auto& claimants = claims_.claimants(*environment_.target, id);
    const auto foreign = state_.foreign.find(id);
    if (foreign != state_.foreign.end() && foreign->second.environment_id != environment_.id) return true;
    return std::any_of(claimants.begin(), claimants.end(),
                       [&](std::size_t claimant) { return observation_.instances[claimant].key.environment != environment_.name; });
  }
  Result<void> remove(const manifest::ObjectId& id, const target::Live& live) {
    MUSTER_CHECK(state_.target->remove(*environment_.stamp, id, {live.uid, live.version}));
    ++deleted_;
    return {};
  }

  const Observation& observation_;
  const EnvironmentState& environment_;
  const Claims& claims_;
  const TargetState& state_;
  std::size_t deleted_ = 0;
  std::optional<Failure> failure_;
};

/// Other environments of the target must be known, for they may name what this one owns.
Result<void> check_others(const Observation& observation, const EnvironmentState& retired) {
  for (const auto& environment : observation.environments) {
    const bool may_use = !environment.target || environment.target == retired.target;
    const bool never_was = environment.unreadable && environment.unreadable->reason == Reason::absent && !environment.stamp;
    if (&environment == &retired || !environment.unreadable || !may_use || never_was) continue;
    return stalled(Reason::conflict, fmt::format("{} may name what {} owns, and could not be read: {}", environment.name, retired.name,
                                                 environment.unreadable->text));
  }
  return {};
}

}  // namespace

Result<void> accept_branch(target::Targets& targets, const record::Branch& branch) {
  const auto& reference = branch.file.target;
  MUSTER_TRY(const auto target, targets.open({reference.name, reference.kind, reference.path, reference.settings}));
  MUSTER_TRY(const auto stamps, target->stamps());
  const target::Stamp ours{branch.file.id, branch.file.fleet, branch.environment, branch.tip.text()};
  std::optional<target::Stamp> before;
  for (const auto& stamp : stamps) {
    if (stamp.environment_id == ours.environment_id) before = stamp;
  }
  // While a stamp of another id is there too, the environment is held: an interruption in between starts nothing.
  if (before != ours) MUSTER_CHECK(target->swap_stamp(before, ours));
  for (const auto& stamp : stamps) {
    const bool another_id =
        stamp.environment_id != ours.environment_id && stamp.fleet == ours.fleet && stamp.environment == ours.environment;
    if (another_id) MUSTER_CHECK(adopt_inventories(*target, stamp, ours));
  }
  return {};
}

Result<std::size_t> retire_environment(const World& world, record::EnvironmentRepository& records, target::Targets& targets,
                                       const std::vector<EnvironmentAt>& environments, std::string_view environment,
                                       const PassOptions& options) {
  const auto observation = observe(world, records, targets, environments, {options.jobs, options.stop});
  const auto found = std::find_if(observation.environments.begin(), observation.environments.end(),
                                  [&](const EnvironmentState& state) { return state.name == environment; });
  if (found == observation.environments.end() || !found->target || !found->stamp) return std::size_t{0};
  const bool branch_is_gone = found->unreadable && found->unreadable->reason == Reason::absent;
  if (found->unreadable && !branch_is_gone) return *found->unreadable;
  MUSTER_CHECK(check_others(observation, *found));
  const Claims claims(observation);
  auto& target = *observation.targets[*found->target].target;
  MUSTER_TRY(const auto inventories, target.inventories(found->id));
  Retirement retirement(observation, *found, claims);
  for (const auto& inventory : inventories) MUSTER_CHECK(retirement.retire(inventory));
  if (retirement.failure()) return *retirement.failure();
  MUSTER_CHECK(target.remove_stamp(*found->stamp));
  return retirement.deleted();
}

}  // namespace muster::reconcile
