// What verbs that read environment branches begin with: a fleet that has been read, and its environment repository after one
// look at it.
#pragma once

#include <memory>
#include <optional>

#include "cli/fleet_session.hpp"

namespace muster::cli {

struct OpenFleet {
  std::unique_ptr<FleetSession> session;
  daemon::LoadedFleet fleet;
  bool is_usable = false;  ///< The fleet was read and can be evaluated.
  record::EnvironmentRepository* records = nullptr;

  /// nullptr where it is not usable: the branches alone say what stands.
  [[nodiscard]] const daemon::LoadedFleet* usable() const { return is_usable ? &fleet : nullptr; }
  [[nodiscard]] const model::Fleet* declared() const { return is_usable ? &fleet.fleet() : nullptr; }
};

/// For what needs the declaration: prints its mistakes; a barrier error ends it. Nothing: `exit_code` is set and why is printed.
std::optional<OpenFleet> open_fleet(Session& session, int& exit_code);
/// For what the branches answer, with a broken fleet too. Nothing: `exit_code` is set and why is printed.
std::optional<OpenFleet> open_branches(Session& session, int& exit_code);
/// The same for verbs that only tell: where the environment repository does not answer, it is told as it was last seen, which
/// is said, and the session's evidence_code() is that of a failure.
std::optional<OpenFleet> open_last_seen(Session& session, int& exit_code);

}  // namespace muster::cli
