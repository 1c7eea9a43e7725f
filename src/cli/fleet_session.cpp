#include "cli/fleet_session.hpp"

#include <unistd.h>

#include <array>

#include "muster/base/text.hpp"
#include "muster/git/verify.hpp"
#include "muster/record/standing.hpp"
#include "muster/target/targets.hpp"

namespace muster::cli {

namespace {

/// ssh gets what it needs of the user's environment, and nothing else does.
git::RemoteOptions remote_options(const Session& session) {
  git::RemoteOptions options;
  for (const char* name : {"PATH", "HOME", "SSH_AUTH_SOCK", "USER", "LANG"}) {
    const auto found = session.environment().find(name);
    if (found != session.environment().end()) options.environment.insert(*found);
  }
  return options;
}

/// Where `docker login` writes: $DOCKER_CONFIG, else ~/.docker.
registry::Settings registry_settings(const Session& session) {
  registry::Settings out;
  out.environment = session.environment();
  if (const auto folder = session.environment().find("DOCKER_CONFIG"); folder != session.environment().end()) {
    out.docker_config = Path(folder->second) / "config.json";
  } else if (const auto home = session.environment().find("HOME"); home != session.environment().end()) {
    out.docker_config = Path(home->second) / ".docker" / "config.json";
  }
  return out;
}

}  // namespace

std::unique_ptr<FleetSession> FleetSession::open(Session& session, int& exit_code) {
  const std::optional<Path> root = session.root();
  if (!root) {
    exit_code = kInvalid;
    return nullptr;
  }
  std::unique_ptr<FleetSession> out(new FleetSession(session, *root));
  const Path state = session.state(*root);
  // The state directory ignores itself, so that nobody commits it.
  if (!session.world().files.stat(state / ".gitignore").ok()) {
    if (const auto written = session.world().files.write_atomic(state / ".gitignore", "*\n"); !written.ok()) {
      exit_code = session.fail(Failure(written.failure()).with_context("the state directory cannot be written"));
      return nullptr;
    }
  }
  out->remotes_ = git::make_remotes(session.world(), session.secrets(), state / "mirrors", remote_options(session));
  out->http_ = http::make_client(session.world());
  const registry::Settings asking = registry_settings(session);
  out->registries_ = registry::make_registries(session.world(), *out->http_, session.secrets(), asking);
  out->targets_ = target::open_targets(session.world(), *root);
  daemon::Settings settings;
  settings.root = *root;
  settings.state = state;
  settings.version = MUSTER_VERSION;
  settings.owner = fmt::format("muster {} (process {})", session.verb().name, getpid());
  settings.jobs = session.jobs();
  settings.registries = out->registries_.get();
  settings.secrets = &session.secrets();
  settings.environment = session.environment();
  settings.docker_config = asking.docker_config;
  settings.verify = [&session](const std::string& raw, std::span<const std::string> keys) {
    return git::verify_commit(session.world(), session.environment(), raw, keys, session.stop());
  };
  out->engine_ = std::make_unique<daemon::Engine>(session.world(), *out->remotes_, *out->targets_, std::move(settings));
  return out;
}

Result<daemon::LoadedFleet> FleetSession::load() {
  MUSTER_TRY(daemon::LoadedFleet loaded, engine_->load());
  if (!session_.json()) print_diagnostics(session_, loaded.compilation->diagnostics(), loaded.compilation->sources());
  if (loaded.fleet().barrier && !session_.json()) {
    session_.out().error("until these mistakes are mended nothing of this fleet is delivered; what is recorded stays as it is");
  }
  return loaded;
}

Result<record::EnvironmentRepository*> FleetSession::records(const daemon::LoadedFleet* fleet) {
  MUSTER_TRY(record::EnvironmentRepository * records, engine_->records(fleet));
  MUSTER_CHECK(with_context(records->look(std::nullopt, session_.stop()), "the environment repository"));
  return records;
}

Result<record::EnvironmentRepository*> FleetSession::records_as_seen(const daemon::LoadedFleet* fleet) {
  MUSTER_TRY(record::EnvironmentRepository * records, engine_->records(fleet));
  const Result<void> looked = records->look(std::nullopt, session_.stop());
  if (looked.ok()) return records;
  if (looked.failure().reason == Reason::cancelled || !records->recall().ok())
    return Failure(looked.failure()).with_context("the environment repository");
  stale_ = true;
  session_.out().error("muster: told as last seen: " + escape_for_terminal(looked.failure().text));
  return records;
}

int FleetSession::evidence_code() const { return stale_ ? kFailed : kDone; }

std::vector<std::string> FleetSession::environments(const daemon::LoadedFleet* fleet, const record::EnvironmentRepository* records) const {
  std::set<std::string> names;
  if (fleet != nullptr) {
    for (const model::Environment& environment : fleet->fleet().environments) names.insert(environment.name);
  }
  if (records != nullptr) {
    for (const std::string& name : records->environments()) names.insert(name);
  }
  return {names.begin(), names.end()};
}

std::set<Nameable> FleetSession::nameable(const daemon::LoadedFleet* fleet, record::EnvironmentRepository* records) {
  std::set<Nameable> out;
  if (fleet != nullptr) out = nameable_of(fleet->fleet());
  if (records == nullptr) return out;
  for (const std::string& environment : records->environments()) {
    const Result<record::Branch> branch = records->branch(environment);
    if (!branch.ok()) continue;
    record::Standing standing(records->repository(), branch->tip);
    const Result<std::vector<std::string>> services = standing.services();
    if (!services.ok()) continue;
    for (const std::string& service : *services) {
      const model::Service* declared = fleet == nullptr ? nullptr : fleet->fleet().service(service);
      out.insert({service, environment, declared == nullptr ? "" : declared->owner});
    }
  }
  return out;
}

Result<Selection> FleetSession::selection(const daemon::LoadedFleet* fleet, record::EnvironmentRepository* records) {
  return select(nameable(fleet, records), environments(fleet, records), session_.arguments().operands, session_.arguments().all("--in"));
}

int worst(int a, int b) {
  static constexpr std::array<int, 4> kGravest = {kFailed, kInvalid, kHeld, kChanges};
  for (const int code : kGravest) {
    if (a == code || b == code) return code;
  }
  return kDone;
}

int exit_code_of(const daemon::LoadedFleet& fleet) {
  if (fleet.fleet().barrier) return kInvalid;
  return fleet.compilation->diagnostics().errors() > 0 && fleet.fleet().poisoned.empty() ? kInvalid : kDone;
}

reconcile::Selection reconcile_selection(const Selection& selection) {
  if (selection.instances.empty()) return std::nullopt;
  std::set<reconcile::InstanceKey> out;
  for (const std::string& environment : selection.environments) {
    for (const std::string& service : selection.services_in(environment)) out.insert({environment, service});
  }
  return out;
}

}  // namespace muster::cli
