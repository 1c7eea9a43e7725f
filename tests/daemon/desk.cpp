#include "desk.hpp"
#include "support/map_secrets.hpp"

#include <fmt/format.h>

#include <stdexcept>

namespace muster::test {
namespace {

template <typename T>
T must(Result<T> result) {
  if (!result.ok()) throw std::runtime_error(result.failure().text);
  return std::move(result).value();
}

}  // namespace

Result<std::shared_ptr<target::Target>> DeskTargets::open(const target::TargetRef& reference) {
  ++opened;
  if (const auto found = dead.find(reference.name); found != dead.end()) return found->second;
  return memory.open(reference);
}

Desk::Desk() : world{clock, system_files(), system_processes(), system_random()}, secrets(std::make_unique<muster::test::MapSecrets>()) {
  clock.advance(std::chrono::hours(1));
  restart();
}

void Desk::restart() {
  engine.reset();
  const Path state = folder.path() / ".muster";
  remotes = git::make_remotes(world, *secrets, state / "mirrors", git::TransferLimits{});
  daemon::Settings settings;
  settings.root = folder.path();
  settings.state = state;
  settings.version = "0.1.0";
  settings.owner = "muster in a test";
  settings.jobs = 2;
  engine = std::make_unique<daemon::Engine>(world, *remotes, targets, settings);
}

void Desk::fleet(const std::string& text, const std::string& path) { folder.write(path, text); }

void Desk::commit() {
  const GitRepository here(folder.path(), GitRepository::Kind::work_tree);
  here.git({"add", "*.fleet"});
  here.git({"commit", "-qm", "The fleet"});
}

std::string Desk::app(const std::string& name, const std::string& text, const std::string& branch) {
  auto& repository = apps_[name];
  if (!repository) repository = std::make_unique<GitRepository>(folder.path() / "repositories" / name);
  return repository->commit(
      {{"deploy/config.yaml",
        fmt::format("apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: {}}}\ndata: {{text: \"{}\"}}\n", name, text)}},
      "change", branch);
}

daemon::LoadedFleet Desk::load() { return must(engine->load()); }

record::EnvironmentRepository& Desk::records() {
  const auto loaded = load();
  return *must(engine->records(&loaded));
}

reconcile::Report Desk::apply() {
  const auto loaded = load();
  engine->deliver(loaded, {}, {});
  return must(engine->reconcile(*must(engine->records(&loaded)), {}, {}));
}

std::map<std::string, std::string> Desk::contents(const std::string& target) {
  std::map<std::string, std::string> texts;
  for (const auto& [id, content] : targets.memory.at(target).objects()) {
    if (const auto* data = content.find("data")) texts[id.name] = std::string(data->string_at("text"));
  }
  return texts;
}

std::string shop_fleet(const std::vector<std::string>& services, const std::string& more) {
  std::string text =
      "fleet shop { language = \"1.0\" }\n"
      "target prod : directory { path = \"out/prod\" }\n"
      "target stage : directory { path = \"out/stage\" }\n"
      "environment production { branch = \"main\", target = prod, namespace = \"shop\" }\n"
      "environment staging { branch = \"develop\", target = stage, namespace = \"shop\" }\n";
  for (const auto& service : services) {
    text += fmt::format("service {0} : std.manifests {{ repo = \"./repositories/{0}\", path = \"deploy\" }}\n", service);
  }
  return text + more;
}

}  // namespace muster::test
