// What every verb of a fleet begins with: the root, the state directory, git, targets and the engine over them.
#pragma once

#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "cli/selection.hpp"
#include "cli/session.hpp"
#include "muster/daemon/engine.hpp"

namespace muster::cli {

class FleetSession {
 public:
  /// Finds the fleet and makes the parts; prints why not and sets `exit_code`.
  static std::unique_ptr<FleetSession> open(Session& session, int& exit_code);

  daemon::Engine& engine() { return *engine_; }
  registry::Registries& registries() { return *registries_; }
  [[nodiscard]] const Path& root() const { return root_; }

  /// Reads the fleet and prints its mistakes. Failure only where files cannot be read.
  Result<daemon::LoadedFleet> load();
  /// The environment repository after one look at it; `fleet` may be unusable.
  Result<record::EnvironmentRepository*> records(const daemon::LoadedFleet* fleet);
  /// The same for verbs that only tell: where the repository does not answer, it is told as it was last seen, and
  /// evidence_code() is that of a failure.
  Result<record::EnvironmentRepository*> records_as_seen(const daemon::LoadedFleet* fleet);
  [[nodiscard]] int evidence_code() const;
  /// The operands and --in, over what is declared and what stands (`records` has looked, or is null).
  Result<Selection> selection(const daemon::LoadedFleet* fleet, record::EnvironmentRepository* records);
  /// All instances that can be named, and the environments.
  std::set<Nameable> nameable(const daemon::LoadedFleet* fleet, record::EnvironmentRepository* records);
  std::vector<std::string> environments(const daemon::LoadedFleet* fleet, const record::EnvironmentRepository* records) const;

 private:
  FleetSession(Session& session, Path root) : session_(session), root_(std::move(root)) {}
  Session& session_;
  Path root_;
  std::unique_ptr<git::Remotes> remotes_;
  std::unique_ptr<target::Targets> targets_;
  std::unique_ptr<http::Client> http_;
  std::unique_ptr<registry::Registries> registries_;
  std::unique_ptr<daemon::Engine> engine_;
  bool stale_ = false;
};

/// The exit code of several parts: a failure outweighs an invalid fleet, that a hold, that success.
int worst(int a, int b);
/// 2 for a barrier or mistakes that no held instance stands for, else 0.
int exit_code_of(const daemon::LoadedFleet& fleet);
/// The selection as reconcile wants it.
reconcile::Selection reconcile_selection(const Selection& selection);

}  // namespace muster::cli
