// A platform team's desk for the tests of the daemon: fleet files, application repositories made with git, an engine over
// them, and targets in memory (by name) or folders.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "muster/daemon/engine.hpp"
#include "support/git_repository.hpp"
#include "support/memory_target.hpp"
#include "support/temporary.hpp"
#include "support/test_clock.hpp"

namespace muster::test {

/// Opens targets in memory whatever kind the fleet says; those named here do not answer.
class DeskTargets : public target::Targets {
 public:
  Result<std::shared_ptr<target::Target>> open(const target::TargetRef& reference) override;
  MemoryTargets memory;
  std::map<std::string, Failure> dead;
  std::size_t opened = 0;
};

class Desk {
 public:
  Desk();

  /// Writes a file of the fleet.
  void fleet(const std::string& text, const std::string& path = "shop.fleet");
  /// Makes the fleet's folder a git repository and commits its fleet files, as a shared environment repository asks.
  void commit();
  /// A commit of an application repository below the root, with a ConfigMap whose data.text is `text`.
  std::string app(const std::string& name, const std::string& text, const std::string& branch = "main");
  /// A new process: nothing but disk connects it with the last.
  void restart();
  daemon::LoadedFleet load();
  /// Loads, delivers, reconciles.
  reconcile::Report apply();
  record::EnvironmentRepository& records();
  /// name of ConfigMap → its text.
  std::map<std::string, std::string> contents(const std::string& target);

  TemporaryFolder folder;
  TestClock clock;
  World world;
  DeskTargets targets;
  std::unique_ptr<Secrets> secrets;
  std::unique_ptr<git::Remotes> remotes;
  std::unique_ptr<daemon::Engine> engine;

 private:
  std::map<std::string, std::unique_ptr<GitRepository>> apps_;
};

/// Two environments fed by branches, two targets, the services that are named.
std::string shop_fleet(const std::vector<std::string>& services, const std::string& more = "");

}  // namespace muster::test
