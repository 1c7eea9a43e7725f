// Engine: the wiring of one fleet: where it is read, where its environments are recorded, what they are applied to, and
// the passes over them. One-shot verbs and `serve` use the same engine.
//
// Ownership: the seams must outlive it. Thread-safety: one thread at a time, but for wait_for_build. State on disk: caches and, without a
// remote environment repository, `records.git`; everything else may be deleted at any moment. Failures: of loading and of finding the
// environment repository; passes report failures by instance.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "muster/base/result.hpp"
#include "muster/base/secrets.hpp"
#include "muster/base/world.hpp"
#include "muster/daemon/fleet_reader.hpp"
#include "muster/deliver/deliverer.hpp"
#include "muster/deliver/verbs.hpp"
#include "muster/reconcile/pass.hpp"
#include "muster/record/branch.hpp"
#include "muster/target/target.hpp"

namespace muster::daemon {

struct Settings {
  Path root;            ///< Of the fleet.
  Path state;           ///< ".muster"
  std::string version;  ///< Of muster.
  std::string owner;    ///< Who holds locks: "muster apply (process 4711)".
  unsigned jobs = 1;
  deliver::VerifySignature verify;
  registry::Registries* registries = nullptr;      ///< Null: images that are watched or built stay as they are recorded.
  Secrets* secrets = nullptr;                      ///< For builds.
  std::map<std::string, std::string> environment;  ///< For the programs that build.
  Path docker_config;                              ///< What `docker_config()` reads when a build pushes.
};

/// What a reconcile pass is asked for.
struct ReconcileRequest {
  std::vector<std::string> environments;  ///< Empty: all that have a branch.
  reconcile::Selection selection;
  reconcile::Observer* observer = nullptr;
  Duration health_limit = std::chrono::minutes(10);
  Duration patience = std::chrono::hours(24);
  /// How long a pass waits for another one over the same environment. With `skip_busy` it then goes on without that one.
  Duration lock_patience = std::chrono::seconds(30);
  bool skip_busy = false;
  /// How often a remote environment repository is asked whether a newer commit arrived while a pass lasts (an embedded one
  /// is looked at before every object). What waits or writes for the older one then ends.
  Duration follow_interval = std::chrono::seconds(5);
};

class Engine {
 public:
  Engine(const World& world, git::Remotes& remotes, target::Targets& targets, Settings settings);
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;
  ~Engine();

  FleetReader& reader() { return reader_; }
  deliver::Deliverer& deliverer() { return *deliverer_; }
  [[nodiscard]] const World& world() const { return world_; }
  target::Targets& targets() { return targets_; }
  [[nodiscard]] const Settings& settings() const { return settings_; }

  /// Reads and compiles the fleet, and remembers where its environments are recorded, for times when it cannot be read.
  Result<LoadedFleet> load();

  /// The environment repository of a fleet; without a usable one, that of the last fleet that was usable here.
  /// Reason::absent where none ever was.
  Result<record::EnvironmentRepository*> records(const LoadedFleet* fleet);

  /// One deliver pass over each environment, upstream first. Builds that it asks for go on after it.
  deliver::Delivery deliver(const LoadedFleet& fleet, deliver::Request request, const std::stop_token& stop);
  /// The same again and again until no build that it asked for runs; what all passes did together. `looking` is called
  /// while builds run, now and then, with the newest line of each.
  using Lines = std::map<std::string, std::string>;
  deliver::Delivery deliver_and_build(const LoadedFleet& fleet, const deliver::Request& request,
                                      const std::function<void(const Lines&)>& looking, const std::stop_token& stop);
  /// Builds an instance's image here and now, from the head of its branch or from the commit that `at` begins.
  struct ImageBuild {
    std::string at;      ///< At least the first 7 digits of a commit; empty: the head of the branch.
    bool local = false;  ///< Keep the image here, push nothing.
    std::function<void(std::string_view)> line;
  };
  struct Built {
    git::Oid commit;
    bool is_head = true;  ///< Of the branch: what deliver records.
    pipeline::Progress progress;
  };
  Result<Built> build(const LoadedFleet& fleet, const model::Instance& instance, const ImageBuild& request, const std::stop_token& stop);
  /// Waits until a build ends; false where none runs. From a thread of its own, beside the passes, after a deliver() and
  /// never beside deliver_and_build(), which waits itself.
  bool wait_for_build(const std::stop_token& stop);

  /// Reconcile passes over the environment branches until none was overtaken by a newer commit; the last one's report, with
  /// what the earlier ones wrote counted in. Looks at the repository first, under the environments' locks.
  Result<reconcile::Report> reconcile(record::EnvironmentRepository& records, const ReconcileRequest& request, const std::stop_token& stop);
  /// What a reconcile pass would do now.
  Result<reconcile::Plan> compare(record::EnvironmentRepository& records, const ReconcileRequest& request, const std::stop_token& stop);
  /// The same, read once, with what it was decided from. Where the environment repository does not answer, its branches are
  /// as they were last seen here: EnvironmentState::stale says why, `seen` how old they are.
  struct Looked {
    reconcile::Observation observation;
    reconcile::Plan plan;
  };
  Result<Looked> look(record::EnvironmentRepository& records, const ReconcileRequest& request, const std::stop_token& stop);
  /// The plan over the branches as they would be after what a dry delivery proposes was recorded (nothing is pushed).
  Result<Looked> look_after(record::EnvironmentRepository& records, const deliver::Delivery& dry, const ReconcileRequest& request,
                            const std::stop_token& stop);

 private:
  [[nodiscard]] Path remembered_path() const;
  [[nodiscard]] pipeline::Settings pipeline_settings(const model::Fleet& fleet) const;
  void remember(const model::Fleet& fleet);
  std::vector<reconcile::EnvironmentAt> chosen(const record::EnvironmentRepository& records, const ReconcileRequest& request) const;
  Looked look_at(record::EnvironmentRepository& records, const std::vector<reconcile::EnvironmentAt>& environments,
                 const ReconcileRequest& request, const std::stop_token& stop) const;
  /// The locks of the environments of a request; those that are busy leave it.
  struct Locked;
  Result<Locked> lock(const record::EnvironmentRepository& records, const ReconcileRequest& request) const;
  reconcile::Report pass(record::EnvironmentRepository& records, const ReconcileRequest& request, const Locked& locked,
                         const std::stop_token& stop);

  World world_;
  git::Remotes& remotes_;
  target::Targets& targets_;
  Settings settings_;
  FleetReader reader_;
  std::unique_ptr<render::Cache> cache_;
  std::unique_ptr<deliver::Deliverer> deliverer_;
  std::unique_ptr<record::EnvironmentRepository> remembered_records_;
  std::unique_ptr<pipeline::Builds> builds_;  ///< Made when a fleet first asks for one.
  reconcile::Settling settling_;
};

/// Who writes records.
git::Person record_author();

}  // namespace muster::daemon
