#include "muster/daemon/engine.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "muster/base/log.hpp"
#include "muster/deliver/preview.hpp"
#include "muster/manifest/yaml.hpp"
#include "muster/source/heads.hpp"

namespace muster::daemon {
namespace {

constexpr std::size_t kRememberedLimit = std::size_t{64} << 10U;
/// How long a reconcile pass waits for another one over the same environment.
constexpr Duration kPatience = std::chrono::seconds(30);

deliver::Settings deliver_settings(const Settings& settings, FleetReader& reader) {
  deliver::Settings out;
  out.state = settings.state;
  out.version = settings.version;
  out.author = record_author();
  out.owner = settings.owner;
  out.jobs = settings.jobs;
  out.verify = settings.verify;
  out.past_fleet = [&reader](const std::string& revision) -> Result<std::shared_ptr<const model::Fleet>> {
    MUSTER_TRY(const LoadedFleet past, reader.read_at(revision));
    return std::shared_ptr<const model::Fleet>(past.compilation, &past.compilation->fleet());
  };
  return out;
}

/// A usable fleet says where its environments are recorded, even where other parts of it are wrong.
bool says_where(const model::Fleet& fleet) { return !fleet.name.empty(); }

Value location_value(const model::Fleet& fleet) {
  const git::Remote remote = source::remote_of(fleet.records_repository);
  return Object{{"fleet", fleet.name},
                {"url", fleet.records.empty() ? std::string() : remote.url},
                {"allow_file", remote.allow_file},
                {"auth", static_cast<std::int64_t>(remote.auth)},
                {"user", remote.user},
                {"secret", remote.secret},
                {"ca_file", remote.ca_file},
                {"known_hosts", remote.known_hosts}};
}

record::EnvironmentRepository::Location location_from(const Value& value, const Path& state) {
  record::EnvironmentRepository::Location out;
  out.fleet = value.string_at("fleet");
  out.state = state;
  if (value.string_at("url").empty()) return out;
  git::Remote remote;
  remote.url = value.string_at("url");
  if (const Value* allow = value.find("allow_file"); allow != nullptr && allow->if_bool() != nullptr) remote.allow_file = *allow->if_bool();
  if (const Value* auth = value.find("auth"); auth != nullptr && auth->if_int() != nullptr) remote.auth = static_cast<git::Remote::Auth>(*auth->if_int());
  remote.user = value.string_at("user");
  remote.secret = value.string_at("secret");
  remote.ca_file = value.string_at("ca_file");
  remote.known_hosts = value.string_at("known_hosts");
  out.remote = std::move(remote);
  return out;
}

}  // namespace

git::Person record_author() { return {"muster", "muster@localhost", Instant(), 0}; }

Engine::Engine(const World& world, git::Remotes& remotes, target::Targets& targets, Settings settings)
    : world_(world),
      remotes_(remotes),
      targets_(targets),
      settings_(std::move(settings)),
      reader_(world, settings_.root, settings_.jobs),
      deliverer_(std::make_unique<deliver::Deliverer>(world, remotes, deliver_settings(settings_, reader_))) {}

Engine::~Engine() = default;

Path Engine::remembered_path() const { return settings_.state / "cache" / "environment-repository.json"; }

void Engine::remember(const model::Fleet& fleet) {
  const std::string text = to_pretty_json(location_value(fleet));
  if (const auto known = world_.files.read(remembered_path(), kRememberedLimit); known.ok() && *known == text) return;
  if (const auto written = world_.files.write_atomic(remembered_path(), text); !written.ok()) {
    log::warning("where the environments are recorded could not be remembered: {}", written.failure().text);
  }
}

Result<LoadedFleet> Engine::load() {
  MUSTER_TRY(LoadedFleet loaded, reader_.read());
  if (says_where(loaded.fleet()) && !loaded.fleet().barrier) remember(loaded.fleet());
  return loaded;
}

Result<record::EnvironmentRepository*> Engine::records(const LoadedFleet* fleet) {
  if (fleet != nullptr && says_where(fleet->fleet()) && !fleet->fleet().barrier) return &deliverer_->records(fleet->fleet());
  if (!remembered_records_) {
    const Result<std::string> text = world_.files.read(remembered_path(), kRememberedLimit);
    if (!text.ok()) {
      return stalled(Reason::absent, "the fleet cannot be used, and no earlier run has noted where its environments are recorded; mend what `muster check` says");
    }
    MUSTER_TRY(const Value value, manifest::parse_json(*text, remembered_path().string()));
    remembered_records_ = std::make_unique<record::EnvironmentRepository>(world_, remotes_, location_from(value, settings_.state));
  }
  return remembered_records_.get();
}

deliver::Delivery Engine::deliver(const LoadedFleet& fleet, const deliver::Request& request, const std::stop_token& stop) {
  return deliverer_->deliver(fleet.fleet(), fleet.revision, request, stop);
}

std::vector<reconcile::EnvironmentAt> Engine::chosen(const record::EnvironmentRepository& records, const ReconcileRequest& request) const {
  std::vector<reconcile::EnvironmentAt> out = reconcile::all_environments(records);
  if (request.environments.empty()) return out;
  for (const std::string& wanted : request.environments) {
    const bool known = std::any_of(out.begin(), out.end(), [&](const auto& at) { return at.name == wanted; });
    if (!known) out.push_back({wanted, records.branch(wanted)});
  }
  return out;
}

namespace {

/// Instances of environments that were not asked for are looked at, for claims and order, and left alone.
reconcile::Selection selection_of(const ReconcileRequest& request, const reconcile::Observation& observation) {
  if (request.environments.empty()) return request.selection;
  std::set<reconcile::InstanceKey> kept;
  for (const reconcile::InstanceState& instance : observation.instances) {
    const auto& names = request.environments;
    if (std::find(names.begin(), names.end(), instance.key.environment) == names.end()) continue;
    if (!request.selection || request.selection->contains(instance.key)) kept.insert(instance.key);
  }
  return kept;
}

}  // namespace

Result<Engine::Looked> Engine::look(record::EnvironmentRepository& records, const ReconcileRequest& request, const std::stop_token& stop) {
  MUSTER_CHECK(records.look(std::nullopt, stop));
  Looked out;
  out.observation = reconcile::observe(world_, records, targets_, chosen(records, request), {settings_.jobs, stop});
  out.plan = reconcile::compare(out.observation, selection_of(request, out.observation));
  return out;
}

Result<reconcile::Plan> Engine::compare(record::EnvironmentRepository& records, const ReconcileRequest& request, const std::stop_token& stop) {
  MUSTER_TRY(Looked looked, look(records, request, stop));
  return std::move(looked.plan);
}

Result<Engine::Looked> Engine::look_after(record::EnvironmentRepository& records, const std::vector<deliver::Proposal>& proposals,
                                          const ReconcileRequest& request, const std::stop_token& stop) {
  std::vector<reconcile::EnvironmentAt> environments = chosen(records, request);
  for (reconcile::EnvironmentAt& at : environments) {
    if (!at.branch.ok()) continue;
    MUSTER_TRY(const record::Branch proposed, deliver::branch_with(*records.repository(), at.branch.value(), proposals, world_.clock.now()));
    at.branch = proposed;
  }
  Looked out;
  out.observation = reconcile::observe(world_, records, targets_, environments, {settings_.jobs, stop});
  out.plan = reconcile::compare(out.observation, selection_of(request, out.observation));
  return out;
}

Result<reconcile::Report> Engine::reconcile(record::EnvironmentRepository& records, const ReconcileRequest& request, const std::stop_token& stop) {
  MUSTER_CHECK(records.look(std::nullopt, stop));
  std::vector<reconcile::EnvironmentAt> environments = chosen(records, request);
  // In the order of names, so that two passes over several environments cannot wait for each other in a circle.
  std::vector<std::unique_ptr<FileLock>> locks;
  for (const reconcile::EnvironmentAt& at : environments) {
    const auto& names = request.environments;
    if (!names.empty() && std::find(names.begin(), names.end(), at.name) == names.end()) continue;
    MUSTER_TRY(std::unique_ptr<FileLock> lock, record::lock_environment(world_.files, settings_.state, at.name + ".target", settings_.owner, kPatience));
    locks.push_back(std::move(lock));
  }
  reconcile::PassOptions options;
  options.jobs = settings_.jobs;
  options.stop = stop;
  options.selection = request.selection;
  if (!request.environments.empty()) {
    const reconcile::Observation seen = reconcile::observe(world_, records, targets_, environments, {settings_.jobs, stop});
    options.selection = selection_of(request, seen);
  }
  options.observer = request.observer;
  options.health_limit = request.health_limit;
  options.patience = request.patience;
  options.settling = &settling_;
  options.author = record_author();
  return reconcile::run_pass(world_, records, targets_, environments, options);
}

}  // namespace muster::daemon
