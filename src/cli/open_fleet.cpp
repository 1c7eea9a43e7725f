#include "cli/open_fleet.hpp"

namespace muster::cli {
namespace {

/// Looks at the environment repository that the fleet names, or the last usable one named.
std::optional<OpenFleet> look_at_branches(Session& session, OpenFleet out, int& exit_code) {
  Result<record::EnvironmentRepository*> records = out.session->records(out.usable());
  if (!records.ok()) {
    exit_code = session.fail(records.failure());
    return std::nullopt;
  }
  out.records = *records;
  return out;
}

}  // namespace

std::optional<OpenFleet> open_fleet(Session& session, int& exit_code) {
  OpenFleet out;
  out.session = FleetSession::open(session, exit_code);
  if (!out.session) return std::nullopt;
  Result<daemon::LoadedFleet> fleet = out.session->load();
  if (!fleet.ok()) {
    exit_code = session.fail(fleet.failure());
    return std::nullopt;
  }
  if (fleet->fleet().barrier) {
    exit_code = kInvalid;
    return std::nullopt;
  }
  out.fleet = std::move(*fleet);
  out.is_usable = true;
  return look_at_branches(session, std::move(out), exit_code);
}

std::optional<OpenFleet> open_branches(Session& session, int& exit_code) {
  OpenFleet out;
  out.session = FleetSession::open(session, exit_code);
  if (!out.session) return std::nullopt;
  if (Result<daemon::LoadedFleet> fleet = out.session->engine().load(); fleet.ok()) {
    out.fleet = std::move(*fleet);
    out.is_usable = !out.fleet.fleet().barrier;
  }
  return look_at_branches(session, std::move(out), exit_code);
}

}  // namespace muster::cli
