#include "cli/open_fleet.hpp"

namespace muster::cli {
namespace {

using Look = Result<record::EnvironmentRepository*> (FleetSession::*)(const daemon::LoadedFleet*);

/// Looks at the environment repository that the fleet names, or the last usable one named.
std::optional<OpenFleet> look_at_branches(Session& session, OpenFleet out, Look look, int& exit_code) {
  Result<record::EnvironmentRepository*> records = (*out.session.*look)(out.usable());
  if (!records.ok()) {
    exit_code = session.fail(records.failure());
    return std::nullopt;
  }
  out.records = *records;
  return out;
}

std::optional<OpenFleet> open_any_fleet(Session& session, Look look, int& exit_code) {
  OpenFleet out;
  out.session = FleetSession::open(session, exit_code);
  if (!out.session) return std::nullopt;
  if (Result<daemon::LoadedFleet> fleet = out.session->engine().load(); fleet.ok()) {
    out.fleet = std::move(*fleet);
    out.is_usable = !out.fleet.fleet().barrier;
  }
  return look_at_branches(session, std::move(out), look, exit_code);
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
  return look_at_branches(session, std::move(out), &FleetSession::records, exit_code);
}

std::optional<OpenFleet> open_branches(Session& session, int& exit_code) {
  return open_any_fleet(session, &FleetSession::records, exit_code);
}

std::optional<OpenFleet> open_last_seen(Session& session, int& exit_code) {
  return open_any_fleet(session, &FleetSession::records_as_seen, exit_code);
}

}  // namespace muster::cli
