// One machine that runs muster in the simulated world: its disk, its git, and the deliverer that lives until it crashes;
// and the targets, which outlive every machine.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "muster/deliver/deliverer.hpp"
#include "muster/deliver/verbs.hpp"
#include "muster/reconcile/pass.hpp"
#include "sim/declared.hpp"
#include "sim/oracle.hpp"
#include "sim/world/machine.hpp"
#include "sim/world/memory_git.hpp"
#include "sim/world/memory_registry.hpp"
#include "support/memory_target.hpp"

namespace muster::sim {

/// The targets of all environments. Every write is a step of whoever runs, and is shown to the oracle.
class Targets {
 public:
  Targets(Oracle& oracle, bool executes) : oracle_(oracle), targets_(executes) {}
  test::MemoryTarget& at(const std::string& environment);
  [[nodiscard]] std::uint64_t writes() const { return writes_; }

  /// The targets as a machine with these steps sees them.
  std::unique_ptr<target::Targets> seen_by(Steps& steps);

 private:
  friend class WatchedTarget;
  Oracle& oracle_;
  test::MemoryTargets targets_;
  std::uint64_t writes_ = 0;
};

class Machine {
 public:
  /// `images`: the registry that this machine asks and builds for; nullptr: it asks none.
  Machine(Network& network, FleetHistory& fleets, Targets& targets, SimulatedClock& clock, ImageServer* images, std::uint64_t seed);

  /// Deliver and reconcile once, with the fleet `behind` revisions ago. false: the process died.
  bool pass(std::size_t behind = 0, std::vector<deliver::BuiltImage> handed_in = {});
  /// Something a person asks of the deliverer. false: the process died.
  bool ask(const std::function<void(deliver::Deliverer&, const model::Fleet&, const deliver::FleetRevision&)>& verb);
  /// The state directory is deleted.
  void wipe();
  /// A person takes a branch as it is, though its history was rewritten. false: the process died.
  bool accept(const std::string& environment);
  /// In so many of a hundred looks during a pass, the branch seems to have moved on.
  void distract(unsigned percent) { distracted_ = percent; }

  Steps& steps() { return steps_; }
  MemoryFiles& files() { return files_; }
  [[nodiscard]] const std::optional<deliver::Report>& delivered() const { return delivered_; }
  [[nodiscard]] const std::optional<reconcile::Report>& reconciled() const { return reconciled_; }

 private:
  deliver::Deliverer& deliverer();
  bool survives(const std::function<void()>& run);

  FleetHistory& fleets_;
  Steps steps_;
  SeededRandom random_;
  SimulatedClock& clock_;
  MemoryFiles files_;
  NoProcesses processes_;
  Hub hub_;
  World world_;
  ImageServer* images_;
  std::optional<MemoryRegistries> registries_;
  std::optional<MemoryBuilds> builds_;
  std::unique_ptr<target::Targets> targets_;
  std::unique_ptr<deliver::Deliverer> deliverer_;
  unsigned distracted_ = 0;
  std::optional<deliver::Report> delivered_;
  std::optional<reconcile::Report> reconciled_;
};

}  // namespace muster::sim
