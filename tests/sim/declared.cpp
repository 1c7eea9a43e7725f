#include "sim/declared.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "sim/world/memory_registry.hpp"

namespace muster::sim {
namespace {

git::Person somebody(Clock& clock) { return {"Somebody", "somebody@example", clock.now(), 0}; }

Value config_map(const std::string& name, const std::string& text) {
  return Object{{"apiVersion", "v1"},
                {"kind", "ConfigMap"},
                {"metadata", Object{{"name", name}, {"namespace", "sim"}}},
                {"data", Object{{"declared", text}}}};
}

/// What runs the image of a service.
Value pod_of(const std::string& name, int version) {
  return Object{{"apiVersion", "v1"},
                {"kind", "PodTemplate"},
                {"metadata", Object{{"name", name}, {"namespace", "sim"}}},
                {"template", fmt::format("{} {}image.main{}", version, model::kLateOpen, model::kLateClose)}};
}

model::ImagePolicy policy_of(const model::ImageReference& repository, const std::string& rule) {
  model::ImagePolicy out;
  out.repository = repository;
  if (rule.find('{') != std::string::npos) {
    out.tags = *model::parse_tag_template(rule);
    out.newest = {"build"};
  } else if (rule.find_first_of("0123456789") != std::string::npos) {
    out.versions = *model::parse_version_range(rule);
  } else {
    out.tag = rule;
  }
  return out;
}

/// The image of one of kImageServices, and what runs it.
void add_image(model::Instance& out, const std::string& name, const Declared::Service& declared) {
  const std::string where = std::string(kRegistryHost) + "/" + name;
  model::ImageInput image{"main", "", {}};
  if (!declared.rule.empty()) {
    image.policy = policy_of(*model::parse_image_reference(where), declared.rule);
  } else if (!declared.image.empty()) {
    image.reference = where + ":" + declared.image;
  } else if (name == "shop") {
    model::Build build;
    build.file = "Containerfile";
    build.push = *model::parse_image_reference(where);
    build.declaration = fmt::format("{{\"version\":{}}}", declared.version / 2);
    out.build = std::move(build);
  }
  out.images.push_back(std::move(image));
  out.objects.push_back({pod_of(name, declared.version), {}});
}

model::Environment environment(std::string name, std::optional<std::string> branch, std::optional<std::string> from) {
  model::Environment out;
  out.name = std::move(name);
  out.branch = std::move(branch);
  out.from = std::move(from);
  out.namespace_name = "sim";
  out.budget.deletions = static_cast<int>(kDeletionsAllowed);
  out.budget.changes = 100;
  return out;
}

model::Instance instance(const model::Environment& in, const std::string& name, const Declared::Service& declared) {
  model::Instance out;
  out.environment = in.id;
  out.name = name;
  out.kinds = {"std.manifests", "std.workload"};
  out.namespace_name = "sim";
  out.follows = in.from.value_or("");
  const Place& place = places().at(name);
  if (has_image(name)) {
    if (!place.url.empty()) {
      out.source = model::SourceRef{};
      out.source->repository.url = place.url;
      out.source->branch = in.branch.value_or("");
      out.source->path = place.path;
    }
    add_image(out, name, declared);
  } else if (!place.url.empty()) {
    model::SourceRef source;
    source.repository.url = place.url;
    source.branch = in.branch.value_or("");
    source.path = place.path;
    out.source = std::move(source);
    out.renderer = model::Renderer::manifests;
  } else {
    std::string text = fmt::format("{}", declared.version);
    if (!declared.image.empty()) {
      out.images.push_back({"main", "registry.example/" + name + ":" + declared.image, {}});
      text += std::string(" ") + model::kLateOpen + "image.main" + model::kLateClose;
    }
    out.objects.push_back({config_map(name, text), {}});
  }
  if (name == "web") out.needs.push_back({"api", in.name, false, {}});
  out.declaration = to_canonical_json(Object{{"name", name}, {"environment", in.name}, {"version", declared.version}});
  out.declaration_digest = sha256(out.declaration);
  return out;
}

}  // namespace

const std::map<std::string, Place>& places() {
  static const std::map<std::string, Place> kPlaces = {
      {"api", {"https://git.example/mono", "api"}},
      {"channel", {"", ""}},
      {"ci", {"https://git.example/ci", "deploy"}},
      {"lib", {"https://git.example/mono", "lib"}},
      {"plain", {"", ""}},
      {"shop", {"https://git.example/shop", "image"}},
      {"tool", {"", ""}},
      {"web", {"https://git.example/web", "deploy"}},
      {"work", {"https://git.example/mono", "work"}},
  };
  return kPlaces;
}

const std::vector<std::string>& environment_names() {
  static const std::vector<std::string> kNames = {"edge", "production", "staging"};
  return kNames;
}

std::shared_ptr<const model::Fleet> lowered(const Declared& declared) {
  auto fleet = std::make_shared<model::Fleet>();
  fleet->name = "sim";
  fleet->language = "1.0";
  fleet->records = kRecordsUrl;
  fleet->records_repository.url = kRecordsUrl;
  fleet->environments = {environment("edge", "main", std::nullopt), environment("production", std::nullopt, "staging"),
                         environment("staging", "main", std::nullopt)};
  for (std::size_t i = 0; i < fleet->environments.size(); ++i) {
    model::Environment& one = fleet->environments[i];
    one.id = static_cast<model::EnvironmentId>(i);
    one.target = static_cast<model::TargetId>(i);
    model::Target target;
    target.name = one.name + "-target";
    target.kind = "directory";
    target.path = "/out/" + one.name;
    fleet->targets.push_back(std::move(target));
  }
  if (declared.registry) {
    model::Registry registry;
    registry.name = "images";
    registry.match = std::string(kRegistryHost) + "/*";
    fleet->registries.push_back(std::move(registry));
  }
  for (const auto& [name, service] : declared.services) {
    if (!service.declared) continue;
    model::Service made;
    made.id = static_cast<model::ServiceId>(fleet->services.size());
    made.name = name;
    fleet->services.push_back(std::move(made));
  }
  for (const model::Environment& in : fleet->environments) {
    for (const auto& [name, service] : declared.services) {
      if (!service.declared) continue;
      model::Instance made = instance(in, name, service);
      made.id = static_cast<model::InstanceId>(fleet->instances.size());
      made.service = fleet->service(name)->id;
      fleet->instances.push_back(std::move(made));
    }
  }
  // A need of something that this revision does not declare would not have passed `check`.
  for (model::Instance& one : fleet->instances) {
    std::erase_if(one.needs, [&](const model::Need& need) { return fleet->service(need.service) == nullptr; });
  }
  return fleet;
}

FleetHistory::FleetHistory(Network& network, Clock& clock)
    : network_(network), clock_(clock), repository_(network.server(kFleetUrl).repository) {}

void FleetHistory::commit(const Declared& declared) {
  std::string text;
  for (const auto& [name, service] : declared.services) {
    text += fmt::format("{} {} {} {}\n", name, service.declared, service.version, service.image + service.rule);
  }
  // The number keeps two revisions that declare the same apart.
  const git::Oid id =
      commit_files(network_, clock_, kFleetUrl, "main", {{"fleet", text}, {"number", fmt::format("{}", order_.size())}}, "fleet");
  order_.push_back(id.text());
  declared_[id.text()] = declared;
  fleets_[id.text()] = lowered(declared);
}

deliver::FleetRevision FleetHistory::revision(std::size_t back) const {
  deliver::FleetRevision out;
  out.commit = order_.at(order_.size() - 1 - std::min(back, order_.size() - 1));
  out.repository = repository_;
  return out;
}

std::shared_ptr<const model::Fleet> FleetHistory::fleet(const std::string& commit) const {
  const auto found = fleets_.find(commit);
  return found == fleets_.end() ? nullptr : found->second;
}

const Declared* FleetHistory::declared(const std::string& commit) const {
  const auto found = declared_.find(commit);
  return found == declared_.end() ? nullptr : &found->second;
}

git::Oid commit_files(Network& network, Clock& clock, const std::string& url, const std::string& branch,
                      const std::map<std::string, std::optional<std::string>>& files, const std::string& message) {
  Server& server = network.server(url);
  MemoryRepository& repository = *server.repository;
  const std::string ref = "refs/heads/" + branch;
  const auto at = repository.all_refs().find(ref);
  std::optional<git::Oid> parent;
  std::optional<git::Oid> tree;
  if (at != repository.all_refs().end()) {
    parent = at->second;
    tree = repository.pool().commit(*parent)->tree;
  }
  std::map<std::string, git::TreeEdit> edits;
  for (const auto& [path, text] : files) {
    git::TreeEdit edit;
    if (text) edit.entry = git::TreeEntry{"", git::Mode::file, repository.pool().put_blob(*text)};
    edits[path] = edit;
  }
  git::NewCommit made;
  made.tree = git::edit_tree(repository, tree, edits).value();
  if (parent) made.parents = {*parent};
  made.author = made.committer = somebody(clock);
  made.message = message;
  const git::Oid id = repository.pool().put_commit(made);
  repository.all_refs()[ref] = id;
  server.remember();
  return id;
}

}  // namespace muster::sim
