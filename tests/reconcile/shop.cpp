#include "shop.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "muster/base/text.hpp"
#include "muster/manifest/yaml.hpp"
#include "muster/record/layout.hpp"
#include "muster/record/trailers.hpp"
#include "muster/target/targets.hpp"
#include "support/git_repository.hpp"
#include "support/map_secrets.hpp"

namespace muster::test {
namespace {

const git::Person kMuster{"muster", "muster@shop.example", {}, 0};

template <typename T>
T must(Result<T> result) {
  if (!result.ok()) throw std::runtime_error(result.failure().text);
  return std::move(result).value();
}
void must(const Result<void>& result) {
  if (!result.ok()) throw std::runtime_error(result.failure().text);
}

record::ReleaseNeed need_of(const std::string& text, const std::string& environment) {
  const auto at = text.find('@');
  return at == std::string::npos ? record::ReleaseNeed{text, environment} : record::ReleaseNeed{text.substr(0, at), text.substr(at + 1)};
}

record::Inputs inputs_of(const Written& written) {
  record::ImageValue image;
  image.reference = "registry.shop.example/" + written.service + ":" + written.image;
  return {{"image.main", image}, {"declaration", record::DeclarationValue{sha256(written.service)}}};
}

std::vector<manifest::Object> objects_of(const Written& written) {
  std::vector<manifest::Object> objects;
  for (const auto& content : written.objects) objects.push_back(must(manifest::make_object(content, {})));
  return objects;
}

record::Release release_of(const Written& written, const std::string& environment) {
  record::Release release;
  release.service = written.service;
  release.environment = environment;
  release.fleet = "shop";
  release.made_by = {"", "0.1.0", "1.0"};
  const auto inputs = inputs_of(written);
  for (const auto& [name, value] : inputs) release.inputs[name] = {value, record::Cause::push};
  release.release = record::release_digest(inputs);
  const auto objects = objects_of(written);
  release.objects = manifest::digest(objects);
  for (const auto& object : objects) release.identities.push_back(object.id);
  for (const auto& need : written.needs) release.needs.push_back(need_of(need, environment));
  release.renamed_from = written.renamed_from;
  release.job = written.job;
  if (release.job) release.job->run = job_run(written.image);
  release.renderer = "none";
  release.namespace_name = "shop";
  return release;
}

}  // namespace

Value config(const std::string& name, const std::string& text, const std::string& kind) {
  return Object{
      {"apiVersion", "v1"}, {"kind", kind}, {"metadata", Object{{"name", name}, {"namespace", "shop"}}}, {"data", Object{{"text", text}}}};
}

Value deployment(const std::string& name, int replicas) {
  return Object{{"apiVersion", "apps/v1"},
                {"kind", "Deployment"},
                {"metadata", Object{{"name", name}, {"namespace", "shop"}}},
                {"spec", Object{{"replicas", replicas}}}};
}

Value job_object(const std::string& name, const std::string& image) {
  return Object{{"apiVersion", "batch/v1"},
                {"kind", "Job"},
                {"metadata", Object{{"name", name}, {"namespace", "shop"}}},
                {"spec", Object{{"image", image}}}};
}

manifest::ObjectId id_of(const Value& object) { return must(manifest::make_object(object, {})).id; }
manifest::ObjectId config_id(const std::string& name) { return id_of(config(name, "")); }
Digest job_run(const std::string& image) { return sha256("run " + image); }

Shop::Shop(bool executes)
    : world{clock, system_files(), system_processes(), system_random()},
      targets(executes),
      secrets(std::make_unique<muster::test::MapSecrets>()) {
  remotes = git::make_remotes(world, *secrets, folder.path() / "mirrors", git::TransferLimits{});
  look();
}

void Shop::use_directories() { directories = target::open_targets(world, folder.path()); }

void Shop::look() {
  // Anew each time, as another process would: nothing but the repository and the state directory connects two passes.
  records = std::make_unique<record::EnvironmentRepository>(
      world, *remotes, record::EnvironmentRepository::Location{std::nullopt, "shop", folder.path() / "state"});
  must(records->look(std::nullopt, {}));
}

void Shop::begin(const std::string& environment, const std::string& target, bool repair_drift, std::optional<int> deletions) {
  record::EnvironmentFile file;
  file.fleet = "shop";
  file.environment = environment;
  file.target = {target, directories ? "directory" : "memory", directories ? "out/" + target : "", {}};
  file.repair_drift = repair_drift;
  file.budget.deletions = deletions;
  must(records->create(file, kMuster, {}));
  clock.advance(std::chrono::seconds(1));
}

void Shop::commit(const std::string& environment, const record::BranchChange& change) {
  const std::optional<std::vector<std::string>> only = std::vector{environment};
  must(records->look(only, {}));
  must(records->commit(must(records->branch(environment)), change, {}));
  clock.advance(std::chrono::seconds(1));
}

std::string Shop::record(const std::string& environment, const std::vector<Written>& written, const std::vector<std::string>& removed) {
  auto& repository = *records->repository();
  record::BranchChange change;
  change.author = kMuster;
  record::Trailers trailers;
  trailers.fleet = "shop";
  trailers.environment = environment;
  trailers.parent = tip(environment);
  trailers.made_by = {"", "0.1.0", "1.0"};
  const auto blob = [&](const std::string& text) { return git::TreeEntry{"", git::Mode::file, must(repository.write_blob(text))}; };
  for (const auto& one : written) {
    std::vector<git::TreeEntry> files;
    std::map<std::string, git::TreeEdit> edits;
    for (const auto& object : objects_of(one)) edits[object.id.descriptor_path()] = {blob(manifest::print_object(object.content))};
    edits[std::string(record::kReleaseFile)] = {blob(record::print(release_of(one, environment)))};
    const auto tree = must(git::edit_tree(repository, std::nullopt, edits));
    change.edits[one.service] = {git::TreeEntry{"", git::Mode::tree, tree}};
    for (const auto& former : one.renamed_from) {
      change.edits[former] = {std::nullopt};
      trailers.renames.push_back({former, one.service});
    }
    trailers.releases.push_back({one.service, record::release_digest(inputs_of(one)), {record::Cause::push}, inputs_of(one)});
  }
  for (const auto& service : removed) {
    change.edits[service] = {std::nullopt};
    record::Inputs absent{{"image.main", record::Absent{}}, {"declaration", record::Absent{}}};
    trailers.releases.push_back({service, std::nullopt, {record::Cause::fleet}, absent});
  }
  change.message = record::print_message("Record", "", trailers);
  commit(environment, change);
  return tip(environment);
}

std::string Shop::write(const std::string& environment, const std::map<std::string, std::optional<std::string>>& files,
                        const std::string& message) {
  record::BranchChange change;
  change.author = {"Jane", "jane@shop.example", {}, 0};
  change.message = message + "\n";
  for (const auto& [path, text] : files) {
    if (text) {
      change.edits[path] = {git::TreeEntry{"", git::Mode::file, must(records->repository()->write_blob(*text))}};
    } else {
      change.edits[path] = {std::nullopt};
    }
  }
  commit(environment, change);
  return tip(environment);
}

std::string Shop::revert(const std::string& environment, const std::string& commit_id) {
  TemporaryFolder clone;
  const auto work = clone.path() / "work";
  const auto embedded = (folder.path() / "state" / "records.git").string();
  run_program({"git", "clone", "-q", "-b", environment, embedded, work.string()});
  const auto when = format_instant(clock.now());
  run_program({"env", "GIT_COMMITTER_DATE=" + when, "git", "-c", "user.name=Jane", "-c", "user.email=jane@shop.example", "revert",
               "--no-edit", commit_id},
              {}, work);
  run_program({"git", "push", "-q", "origin", environment}, {}, work);
  clock.advance(std::chrono::seconds(1));
  return tip(environment);
}

void Shop::hold(const std::string& environment, const std::string& service, bool target) {
  record::Hold hold{service, clock.now(), "Jane <jane@shop.example>", "looks slow", target};
  write(environment, {{record::hold_path(service), record::print(hold)}});
}

void Shop::resume(const std::string& environment, const std::string& service) {
  record::Trailers trailers;
  trailers.verb = "resume";
  trailers.fleet = "shop";
  trailers.environment = environment;
  trailers.parent = tip(environment);
  trailers.resumes.push_back({service, {}});
  record::BranchChange change;
  change.author = {"Jane", "jane@shop.example", {}, 0};
  change.message = record::print_message("Resume " + service, "", trailers);
  commit(environment, change);
}

void Shop::force(const std::string& environment, const std::optional<std::string>& commit_id) {
  auto& repository = *records->repository();
  const auto name = record::branch_ref(environment);
  const auto value = commit_id ? git::Oid::parse(*commit_id) : std::nullopt;
  must(repository.update_ref(name, value, must(repository.ref(name))));
}

reconcile::Report Shop::pass(const std::function<void(reconcile::PassOptions&)>& adjust) {
  look();
  reconcile::PassOptions options;
  options.jobs = jobs;
  options.author = kMuster;
  if (adjust) adjust(options);
  return reconcile::run_pass(world, *records, used(), reconcile::all_environments(*records), options);
}

reconcile::Observation Shop::observation() {
  look();
  return reconcile::observe(world, *records, used(), reconcile::all_environments(*records), {jobs, {}});
}

reconcile::Plan Shop::plan() { return reconcile::compare(observation()); }

std::string Shop::tip(const std::string& environment) {
  const auto found = must(records->repository()->ref(record::branch_ref(environment)));
  return found ? found->text() : "";
}

std::string Shop::id(const std::string& environment) { return must(records->branch(environment)).file.id; }

std::map<std::string, std::string> Shop::contents(const std::string& name) {
  std::map<std::string, std::string> texts;
  for (const auto& [id, content] : target(name).objects()) {
    if (const auto* data = content.find("data")) texts[id.name] = std::string(data->string_at("text"));
    if (const auto* spec = content.find("spec")) texts[id.name] = to_canonical_json(*spec);
  }
  return texts;
}

std::string Shop::health_notes(const std::string& environment) {
  const auto embedded = folder.path() / "state" / "records.git";
  std::string text;
  try {
    text = run_program({"git", "-C", embedded.string(), "log", "--format=%N", "--notes=" + record::notes_ref(environment), environment});
  } catch (const std::runtime_error&) {}
  std::string lines;
  for (const auto& line : split(text, '\n')) {
    const auto words = split(line, ' ');
    if (words.size() == 4) lines += fmt::format("{} {}\n", words[0], words[1]);
  }
  return lines;
}

}  // namespace muster::test
