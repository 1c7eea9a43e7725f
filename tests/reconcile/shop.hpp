// A shop for the tests of reconcile: environment branches in a real git repository, targets in memory, a clock that a
// pause moves on. Records are commits as deliver makes them; a stranger's commits are made with git's own program.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "muster/base/world.hpp"
#include "muster/git/repository.hpp"
#include "muster/reconcile/pass.hpp"
#include "muster/record/branch.hpp"
#include "muster/record/release.hpp"
#include "muster/record/statements.hpp"
#include "support/memory_target.hpp"
#include "support/temporary.hpp"
#include "support/test_clock.hpp"

namespace muster::test {

/// What a test records of a service.
struct Written {
  std::string service;
  std::vector<Value> objects;
  std::string image = "v1";
  std::vector<std::string> needs = {};  ///< "payments", "idp@staging"
  std::vector<std::string> renamed_from = {};
  std::optional<record::ReleaseJob> job = {};  ///< `run` is made from the image.
};

Value config(const std::string& name, const std::string& text, const std::string& kind = "ConfigMap");
Value deployment(const std::string& name, int replicas);
Value job_object(const std::string& name, const std::string& image);
manifest::ObjectId id_of(const Value& object);
/// The id of config(name).
manifest::ObjectId config_id(const std::string& name);
Digest job_run(const std::string& image);

class Shop {
 public:
  explicit Shop(bool executes = false);
  /// From here on targets are folders: `prod` is written to folder.path()/"out"/"prod".
  void use_directories();

  /// Begins an environment whose objects go to a target of that name.
  void begin(const std::string& environment, const std::string& target = "prod", bool repair_drift = true,
             std::optional<int> deletions = {});
  /// One record: these services as written, those removed. Ledger inputs: image and declaration.
  std::string record(const std::string& environment, const std::vector<Written>& written, const std::vector<std::string>& removed = {});
  /// A commit that is no record: paths to text, nullopt deletes.
  std::string write(const std::string& environment, const std::map<std::string, std::optional<std::string>>& files,
                    const std::string& message = "by hand");
  /// `git clone`, `git revert`, `git push`.
  std::string revert(const std::string& environment, const std::string& commit);
  void hold(const std::string& environment, const std::string& service, bool target);
  /// A person's `resume` of a service.
  void resume(const std::string& environment, const std::string& service);
  /// Points the branch elsewhere, as a force-push does.
  void force(const std::string& environment, const std::optional<std::string>& commit);
  void look();

  reconcile::Report pass(const std::function<void(reconcile::PassOptions&)>& adjust = {});
  reconcile::Observation observation();
  reconcile::Plan plan();
  [[nodiscard]] MemoryTarget& target(const std::string& name = "prod") { return targets.at(name); }
  [[nodiscard]] std::string tip(const std::string& environment);
  [[nodiscard]] std::string id(const std::string& environment);
  /// The objects of a target, by name of the object: ConfigMap's data.text, Deployment's replicas.
  [[nodiscard]] std::map<std::string, std::string> contents(const std::string& name = "prod");
  [[nodiscard]] std::string health_notes(const std::string& environment);

  TemporaryFolder folder;
  TestClock clock;
  World world;
  MemoryTargets targets;
  std::unique_ptr<target::Targets> directories;
  std::unique_ptr<Secrets> secrets;
  std::unique_ptr<git::Remotes> remotes;
  std::unique_ptr<record::EnvironmentRepository> records;
  unsigned jobs = 1;

 private:
  [[nodiscard]] target::Targets& used() { return directories ? *directories : targets; }
  void commit(const std::string& environment, const record::BranchChange& change);
};

}  // namespace muster::test
