// Play: an environment branch that tests write commit by commit, with real git objects.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "muster/base/secrets.hpp"
#include "muster/base/world.hpp"
#include "muster/git/repository.hpp"
#include "muster/record/branch.hpp"
#include "muster/record/release.hpp"
#include "muster/record/trailers.hpp"
#include "support/map_secrets.hpp"
#include "support/temporary.hpp"

namespace muster::record::test {

class PlayClock : public Clock {
 public:
  [[nodiscard]] Instant now() const override { return now_; }
  [[nodiscard]] Duration elapsed() const override { return now_.time_since_epoch(); }
  bool sleep(Duration by, const std::stop_token& stop) override {
    now_ += by;
    return !stop.stop_requested();
  }
  void advance(Duration by) { now_ += by; }
  void set(Instant at) { now_ = at; }

 private:
  Instant now_ = *parse_instant("2026-05-04T10:00:00Z");
};

template <typename T>
T must(Result<T> result) {
  if (!result.ok()) throw std::runtime_error(result.failure().text);
  return std::move(result).value();
}
inline void must(const Result<void>& result) {
  if (!result.ok()) throw std::runtime_error(result.failure().text);
}

inline SourceValue source(const std::string& version) {
  const std::string hex = sha256(version).text().substr(7, 40);
  return {*git::Oid::parse(hex), *git::Oid::parse(hex), "main", "", "example.org/app"};
}
inline ImageValue image(const std::string& tag) { return {"registry.example/app:" + tag, "", "", "", "", true}; }
inline DeclarationValue declaration(const std::string& text) { return {sha256(text)}; }

class Play {
 public:
  explicit Play(std::optional<git::Remote> remote = std::nullopt) {
    remotes = git::make_remotes(world, secrets, folder.path() / "mirrors", git::TransferLimits{});
    records.emplace(world, *remotes, EnvironmentRepository::Location{std::move(remote), "shop", folder.path() / ".muster"});
  }

  EnvironmentFile file(const std::string& environment = "production") const {
    EnvironmentFile out;
    out.fleet = "shop";
    out.environment = environment;
    out.target = {"here", "directory", "out", Value{}};
    return out;
  }
  Branch begin(const std::string& environment = "production") {
    must(records->look(std::vector<std::string>{environment}, {}));
    return branch = must(records->create(file(environment), person(), {}));
  }
  git::Person person() const { return {"muster", "muster@example.org", clock.now(), 0}; }

  static Release release_of(const std::string& service, const Inputs& inputs) {
    Release release;
    release.service = service;
    release.environment = "production";
    release.fleet = "shop";
    for (const auto& [name, value] : inputs) release.inputs.emplace(name, StandingInput{value, Cause::push});
    release.release = release_digest(inputs);
    return release;
  }
  static manifest::Object object_of(const std::string& name, const std::string& version) {
    Value content = Object{{"apiVersion", "v1"},
                           {"kind", "ConfigMap"},
                           {"metadata", Object{{"name", name}, {"namespace", "shop"}}},
                           {"data", Object{{"version", version}}}};
    return must(manifest::make_object(std::move(content), {}));
  }

  git::TreeEdit edit(const std::string& bytes) {
    return {git::TreeEntry{"", git::Mode::file, must(records->repository()->write_blob(bytes))}};
  }

  /// A record that lists these inputs of a service; what stands is the same.
  Branch record(const std::string& service, const Inputs& moved, std::vector<Cause> causes = {Cause::push}) {
    Trailers trailers = bound();
    trailers.made_by = {"", "0.1.0", "1.0"};
    trailers.releases.push_back({service, release_digest(moved), std::move(causes), moved});
    return commit(print_message(service, "", trailers),
                  {{release_path(service), edit(print(release_of(service, moved)) + "\n# " + std::to_string(++count))}});
  }
  Branch remove(const std::string& service) {
    Trailers trailers = bound();
    trailers.releases.push_back({service, std::nullopt, {Cause::fleet}, {{"declaration", Absent{}}, {"source", Absent{}}}});
    return commit(print_message(service, "", trailers), {{service, git::TreeEdit{}}});
  }
  Branch rename(const std::string& from, const std::string& to) {
    Trailers trailers = bound();
    trailers.releases.push_back({to, sha256(to), {Cause::fleet}, {}});
    trailers.renames.push_back({from, to});
    return commit(print_message(to, "", trailers),
                  {{from, git::TreeEdit{}}, {release_path(to), edit("renamed " + std::to_string(++count))}});
  }
  Branch verb(const std::string& name, const std::vector<ResumeLine>& resumes, std::map<std::string, git::TreeEdit> edits = {}) {
    Trailers trailers = bound();
    trailers.verb = name;
    trailers.resumes = resumes;
    return commit(print_message(name, "", trailers), std::move(edits));
  }
  Branch foreign(const std::string& path, const std::string& bytes) { return commit("by hand\n", {{path, edit(bytes)}}); }
  Branch foreign_removal(const std::string& path) { return commit("by hand\n", {{path, git::TreeEdit{}}}); }

  Branch commit(const std::string& message, std::map<std::string, git::TreeEdit> edits) {
    clock.advance(std::chrono::minutes(1));
    return branch = must(records->commit(branch, {std::move(edits), message, person()}, {}));
  }

  Trailers bound() const {
    Trailers trailers;
    trailers.fleet = "shop";
    trailers.environment = branch.environment;
    trailers.parent = branch.tip.text();
    return trailers;
  }

  Ledger ledger(const Ledger* known = nullptr) { return must(read_ledger(*records->repository(), branch.file, branch.tip, known)); }

  muster::test::TemporaryFolder folder;
  PlayClock clock;
  World world{clock, system_files(), system_processes(), system_random()};
  muster::test::MapSecrets secrets;
  std::unique_ptr<git::Remotes> remotes;
  std::optional<EnvironmentRepository> records;
  Branch branch;
  int count = 0;

 private:
  static std::string release_path(const std::string& service) { return service + "/release.yaml"; }
};

}  // namespace muster::record::test
