#include "deliver/stage.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <stdexcept>

#include "muster/base/text.hpp"
#include "muster/manifest/yaml.hpp"
#include "muster/record/health.hpp"
#include "muster/record/layout.hpp"
#include "muster/record/release.hpp"
#include "muster/record/standing.hpp"
#include "support/map_secrets.hpp"

namespace muster::deliver::test {
namespace {

using muster::test::GitRepository;
using muster::test::run_program;

std::pair<std::string, std::string> parts_of(const std::string& instance) {
  const auto at = instance.find('@');
  return {instance.substr(0, at), instance.substr(at + 1)};
}

std::string manifest_of(const std::string& service, const std::string& version, bool image) {
  std::string out = fmt::format("apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {}-source\ndata:\n  version: {}\n", service, version);
  if (image) {
    out += fmt::format(
        "---\napiVersion: v1\nkind: Pod\nmetadata:\n  name: {0}-pod\nspec:\n  containers:\n  - name: main\n    image: "
        "registry.example/{0}\n",
        service);
  }
  return out;
}

template <typename T>
T must(Result<T> result) {
  if (!result.ok()) throw std::runtime_error(result.failure().text);
  return std::move(result).value();
}

std::string in_folder(const std::string& path, const std::string& file) { return path.empty() ? file : path + "/" + file; }

}  // namespace

Stage::Stage(Records records) : records_kind_(records), secrets_(std::make_unique<muster::test::MapSecrets>()) {
  world.emplace(World{clock, system_files(), system_processes(), system_random()});
  settings.state = folder_.path() / ".muster";
  settings.version = "0.1.0";
  settings.author = {"muster", "muster@shop.example", {}, 0};
  records_path_ = records == Records::embedded ? settings.state / "records.git" : folder_.path() / "environments.git";
  if (records == Records::remote) GitRepository{records_path_};
  fleet_repository_ = std::make_unique<GitRepository>(folder_.path() / "fleet.git");
  specs_.emplace_back();
  restart();
  fleet_objects_ = must(remotes_->open_local(folder_.path() / "fleet.git"));
  revisions_.push_back(fleet_repository_->commit({{"fleet.fleet", "0"}}));
}

Stage::~Stage() = default;

// ---- the fleet ----

void Stage::edit(const std::function<void(FleetSpec&)>& change) {
  FleetSpec spec = specs_.back();
  change(spec);
  specs_.push_back(std::move(spec));
  revisions_.push_back(fleet_repository_->commit({{"fleet.fleet", std::to_string(specs_.size())}}));
}

void Stage::fed_by(const std::string& environment, const std::string& branch) {
  model::Environment& out = specs_.back().environments[environment];
  out.name = environment;
  out.branch = branch;
}

void Stage::follows(const std::string& environment, const std::string& upstream) {
  model::Environment& out = specs_.back().environments[environment];
  out.name = environment;
  out.from = upstream;
}

ServiceSpec& Stage::service(const std::string& name) {
  ServiceSpec& out = specs_.back().services[name];
  if (out.repository.empty()) out.repository = name;
  return out;
}

std::pair<model::Fleet, FleetRevision> Stage::fleet_before(std::size_t back) const {
  const std::size_t index = specs_.size() - 1 - back;
  return {fleet_of(specs_[index]), revision_at(index)};
}

FleetRevision Stage::revision_at(std::size_t index) const { return {revisions_[index], false, fleet_objects_}; }

model::Instance Stage::instance_of(const std::string& name, const ServiceSpec& service, const model::Environment& environment) const {
  model::Instance out;
  out.environment = environment.id;
  out.name = name;
  out.renamed_from = service.renamed_from;
  out.kinds = {"std.manifests"};
  out.renderer = model::Renderer::manifests;
  out.namespace_name = "shop";
  out.together = service.together;
  out.gates = service.gates;
  model::SourceRef source;
  source.repository.url = "file://" + (folder_.path() / (service.repository + ".git")).string();
  source.repository.local = true;
  source.branch = environment.branch.value_or("");
  source.path = service.path;
  out.source = source;
  if (environment.from) out.follows = *environment.from;
  if (service.image) {
    const std::string repository = service.image_repository.empty() ? "registry.example/" + name : service.image_repository;
    out.images.push_back({"registry.example/" + name, service.image->empty() ? std::string() : repository + ":" + *service.image, {}});
    out.images.back().policy = service.watch;
    out.images.back().keys = service.image_keys;
    out.build = service.build;
    if (out.build) out.build->image = out.images.back().name;
  }
  const auto setting = service.settings.find(environment.name);
  const std::string value = setting == service.settings.end() ? service.setting : setting->second;
  out.declaration = to_canonical_json(Object{{"setting", value}});
  if (service.evaluated) {
    Object data{{"setting", value}};
    const std::string object = service.object_name.empty() ? name : service.object_name;
    out.objects.push_back(
        {Object{{"apiVersion", "v1"}, {"kind", "ConfigMap"}, {"metadata", Object{{"name", object}, {"namespace", "shop"}}}, {"data", data}},
         {}});
  }
  out.declaration_digest = sha256(out.declaration);

  return out;
}

model::Fleet Stage::fleet_of(const FleetSpec& spec) const {
  model::Fleet fleet;
  fleet.name = "shop";
  fleet.language = "1.0";
  fleet.whole = spec.whole && spec.poisoned.empty();
  fleet.barrier = spec.barrier;
  fleet.freezes = spec.freezes;
  fleet.teams = spec.teams;
  fleet.registries = spec.registries;
  if (records_kind_ == Records::remote) {
    fleet.records = "file://" + records_path_.string();
    fleet.records_repository.url = fleet.records;
    fleet.records_repository.local = true;
  }
  fleet.targets.push_back({"here", "directory", "out", Value{}, {}});
  for (const auto& [name, environment] : spec.environments) {
    fleet.environments.push_back(environment);
    fleet.environments.back().id = static_cast<model::EnvironmentId>(fleet.environments.size() - 1);
  }
  for (const auto& [name, service] : spec.services) {
    fleet.services.push_back({static_cast<model::ServiceId>(fleet.services.size()), name, "", {}, service.renamed_from, "", {}});
  }
  for (const auto& name : spec.poisoned) fleet.poisoned.push_back({name, "", "unknown field", {}});
  for (const auto& environment : fleet.environments) {
    for (const auto& [name, service] : spec.services) {
      const bool here = service.only.empty() || std::find(service.only.begin(), service.only.end(), environment.name) != service.only.end();
      const bool poisoned = std::find(spec.poisoned.begin(), spec.poisoned.end(), name) != spec.poisoned.end();
      if (here && !poisoned) fleet.instances.push_back(instance_of(name, service, environment));
    }
  }
  return fleet;
}

// ---- application repositories ----

GitRepository& Stage::repository(const std::string& service) {
  const auto spec = specs_.back().services.find(service);
  const std::string name = spec == specs_.back().services.end() ? service : spec->second.repository;
  auto& out = repositories_[name];
  if (out == nullptr) out = std::make_unique<GitRepository>(folder_.path() / (name + ".git"));
  return *out;
}

std::string Stage::push(const std::string& name, const std::string& version, const std::string& branch) {
  return push_files(name, {{in_folder(service(name).path, "app.yaml"), manifest_of(name, version, service(name).image.has_value())}},
                    branch);
}

std::string Stage::push_elsewhere(const std::string& name, const std::string& branch) {
  return push_files(name, {{"elsewhere.txt", std::to_string(++clones_)}}, branch);
}

std::string Stage::push_files(const std::string& name, const GitRepository::Files& files, const std::string& branch) {
  return repository(name).commit(files, "change", branch);
}

void Stage::set_branch(const std::string& service, const std::string& commit, const std::string& branch) {
  repository(service).git({"update-ref", "refs/heads/" + branch, commit});
}

void Stage::delete_branch(const std::string& service, const std::string& branch) {
  repository(service).git({"update-ref", "-d", "refs/heads/" + branch});
}

void Stage::unplug(const std::string& service) {
  const auto path = repository(service).path();
  std::filesystem::rename(path, path.string() + ".unplugged");
}

void Stage::plug(const std::string& service) {
  const auto path = repository(service).path();
  std::filesystem::rename(path.string() + ".unplugged", path);
}

// ---- passes ----

void Stage::restart() {
  deliverer_.reset();
  remotes_ = git::make_remotes(*world, *secrets_, settings.state / "mirrors", git::TransferLimits{});
  deliverer_ = std::make_unique<Deliverer>(*world, *remotes_, settings);
}

void Stage::delete_caches() {
  std::filesystem::remove_all(settings.state / "cache" / "ledger");
  restart();
}

Delivery Stage::deliver(Request request) { return deliver_as({fleet(), revision()}, std::move(request)); }

Delivery Stage::deliver_as(const std::pair<model::Fleet, FleetRevision>& clone, Request request) {
  clock.advance(std::chrono::seconds(1));
  last_ = deliverer_->deliver(clone.first, clone.second, request, {});
  return last_;
}

Result<VerbResult> Stage::hold(const HoldRequest& request) {
  const auto declared = fleet();
  return deliver::hold(*deliverer_, deliverer_->records(declared), &declared, request, ann, {});
}

// ---- what stands ----

std::string Stage::git(const std::vector<std::string>& arguments) const {
  std::vector<std::string> argv{"git", "-C", records_path_.string()};
  argv.insert(argv.end(), arguments.begin(), arguments.end());
  std::string out = run_program(argv);
  while (!out.empty() && out.back() == '\n') out.pop_back();
  return out;
}

std::string Stage::show(const std::string& object) const { return git({"show", object}); }

std::string Stage::tip(const std::string& environment) const { return git({"rev-parse", "refs/heads/" + environment}); }

std::size_t Stage::commits(const std::string& environment) const {
  if (git({"for-each-ref", "refs/heads/" + environment}).empty()) return 0;
  return std::stoul(git({"rev-list", "--count", "--first-parent", "refs/heads/" + environment}));
}

std::string Stage::stands(const std::string& instance) const {
  const auto [service, environment] = parts_of(instance);
  if (git({"for-each-ref", "refs/heads/" + environment}).empty()) return "nothing";
  const std::string names = git({"ls-tree", "-r", "--name-only", "refs/heads/" + environment, "--", service + "/"});
  if (names.empty()) return "nothing";
  std::string version;
  std::string setting;
  std::string image;
  for (const std::string_view name : split(names, '\n')) {
    if (name.ends_with("/release.yaml") || !name.ends_with(".yaml")) continue;
    const auto objects = must(manifest::parse_objects(show("refs/heads/" + environment + ":" + std::string(name)), name));
    for (const auto& object : objects) {
      const Value* data = object.content.find("data");
      if (const Value* spec = object.content.find("spec")) {
        const std::string reference(spec->find("containers")->if_array()->front().string_at("image"));
        image = " image=" + reference.substr(reference.find(':') + 1);
      }
      if (data == nullptr) continue;
      version += data->string_at("version");
      if (data->find("setting") != nullptr) setting = fmt::format(" setting={}", data->string_at("setting"));
    }
  }
  return version + setting + image;
}

const Outcome& Stage::outcome(const std::string& instance) const {
  const auto [service, environment] = parts_of(instance);
  const Outcome* found = last_.report.find(service, environment);
  if (found != nullptr) return *found;
  std::string text = "no outcome of " + instance;
  for (const auto& e : last_.report.environments) {
    if (e.obstacle) text += "; " + e.environment + ": " + e.obstacle->text;
  }
  throw std::runtime_error(text);
}

std::string Stage::why(const std::string& instance) const {
  std::vector<std::string> words;
  for (const auto& obstacle : outcome(instance).obstacles) words.emplace_back(to_string(obstacle.why));
  return join(words, ", ");
}

// ---- other people ----

void Stage::run_git(const std::filesystem::path& directory, std::vector<std::string> arguments) const {
  const std::string now = format_instant(clock.now());
  std::vector<std::string> argv{"env", "GIT_AUTHOR_DATE=" + now, "GIT_COMMITTER_DATE=" + now, "git", "-C", directory.string()};
  argv.insert(argv.end(), std::make_move_iterator(arguments.begin()), std::make_move_iterator(arguments.end()));
  run_program(argv);
}

std::filesystem::path Stage::clone(const std::string& environment) {
  const auto path = folder_.path() / fmt::format("clone-{}", ++clones_);
  run_program({"git", "clone", "-q", "-b", environment, records_path_.string(), path.string()});
  clock.advance(std::chrono::seconds(1));
  return path;
}

std::string Stage::push_clone(const std::filesystem::path& clone, const std::string& environment) {
  run_git(clone, {"push", "-q", "origin", environment});
  return tip(environment);
}

std::string Stage::git_revert(const std::string& environment, const std::string& commit) {
  const auto path = clone(environment);
  run_git(path, {"revert", "--no-edit", commit.empty() ? "HEAD" : commit});
  return push_clone(path, environment);
}

std::string Stage::git_edit(const std::string& environment, const GitRepository::Files& files, const std::string& message) {
  const auto path = clone(environment);
  for (const auto& [file, content] : files) {
    if (content) {
      std::filesystem::create_directories((path / file).parent_path());
      std::FILE* out = std::fopen((path / file).c_str(), "w");
      std::fwrite(content->data(), 1, content->size(), out);
      std::fclose(out);
    } else {
      std::filesystem::remove_all(path / file);
    }
  }
  run_git(path, {"add", "-A"});
  run_git(path, {"commit", "-q", "-m", message});
  return push_clone(path, environment);
}

std::string Stage::git_remove(const std::string& environment, const std::string& path) {
  return git_edit(environment, {{path, std::nullopt}});
}

// ---- reconcile's part ----

void Stage::note_health(const std::string& instance, bool healthy) {
  const auto [service, environment] = parts_of(instance);
  auto& records = deliverer_->records(fleet());
  const std::vector<std::string> names{environment};
  if (const auto looked = records.look(names, {}); !looked.ok()) throw std::runtime_error(looked.failure().text);
  const auto branch = must(records.branch(environment));
  const auto* ledger = must(records.ledger(branch));
  record::Standing standing(records.repository(), branch.tip);
  const auto descriptor = must(standing.descriptor(service));
  if (!descriptor || !descriptor->release) throw std::runtime_error(instance + " does not stand");
  const record::HealthNote note{healthy, service, descriptor->release->bundle().digest(), clock.now()};
  git::Person by{"muster", "muster@shop.example", clock.now(), 0};
  const auto notes = must(record::add_health_notes(*records.repository(), branch.notes, {{ledger->service(service)->since, note}}, by));
  if (notes) (void)must(records.publish_notes(branch, *notes, {}));
}

}  // namespace muster::deliver::test
