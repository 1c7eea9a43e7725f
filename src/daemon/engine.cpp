#include "muster/daemon/engine.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "muster/base/log.hpp"
#include "muster/manifest/yaml.hpp"
#include "muster/source/heads.hpp"

namespace muster::daemon {
namespace {

constexpr std::size_t kRememberedLimit = std::size_t{64} << 10U;

deliver::Settings deliver_settings(const Settings& settings, FleetReader& reader, render::Cache& cache) {
  deliver::Settings out;
  out.root = settings.root;
  out.state = settings.state;
  out.version = settings.version;
  out.author = record_author();
  out.owner = settings.owner;
  out.jobs = settings.jobs;
  out.verify = settings.verify;
  out.cache = &cache;
  out.registries = settings.registries;
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
  if (const Value* auth = value.find("auth"); auth != nullptr && auth->if_int() != nullptr)
    remote.auth = static_cast<git::Remote::Auth>(*auth->if_int());
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
      cache_(render::make_memory_cache()),
      deliverer_(std::make_unique<deliver::Deliverer>(world, remotes, deliver_settings(settings_, reader_, *cache_))) {}

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
      return stalled(
          Reason::invalid,
          "the fleet cannot be used, and no earlier run has noted where its environments are recorded; mend what `muster check` says");
    }
    MUSTER_TRY(const Value value, manifest::parse_json(*text, remembered_path().string()));
    remembered_records_ = std::make_unique<record::EnvironmentRepository>(world_, remotes_, location_from(value, settings_.state));
  }
  return remembered_records_.get();
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

Engine::Looked Engine::look_at(record::EnvironmentRepository& records, const std::vector<reconcile::EnvironmentAt>& environments,
                               const ReconcileRequest& request, const std::stop_token& stop) const {
  Looked out;
  out.observation = reconcile::observe(world_, records, targets_, environments, {settings_.jobs, stop});
  out.plan = reconcile::compare(out.observation, reconcile::within(out.observation, request.environments, request.selection));
  return out;
}

Result<Engine::Looked> Engine::look(record::EnvironmentRepository& records, const ReconcileRequest& request, const std::stop_token& stop) {
  const auto looked = records.look(std::nullopt, stop);
  if (!looked.ok() && (looked.failure().reason == Reason::cancelled || !records.recall().ok())) return looked.failure();
  auto environments = chosen(records, request);
  for (auto& at : environments) {
    if (!looked.ok()) at.stale = looked.failure();
  }
  return look_at(records, environments, request, stop);
}

Result<reconcile::Plan> Engine::compare(record::EnvironmentRepository& records, const ReconcileRequest& request,
                                        const std::stop_token& stop) {
  MUSTER_CHECK(records.look(std::nullopt, stop));
  return look_at(records, chosen(records, request), request, stop).plan;
}

Result<Engine::Looked> Engine::look_after(record::EnvironmentRepository& records, const deliver::Delivery& dry,
                                          const ReconcileRequest& request, const std::stop_token& stop) {
  std::vector<reconcile::EnvironmentAt> environments = chosen(records, request);
  for (const record::Branch& preview : dry.previews) {
    const auto at =
        std::find_if(environments.begin(), environments.end(), [&](const auto& one) { return one.name == preview.environment; });
    if (at == environments.end()) {
      environments.push_back({preview.environment, preview});
    } else {
      at->branch = preview;
    }
  }
  std::sort(environments.begin(), environments.end(), [](const auto& a, const auto& b) { return a.name < b.name; });
  return look_at(records, environments, request, stop);
}

}  // namespace muster::daemon
