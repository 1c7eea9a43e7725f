// Stage: a small fleet played on real git repositories, so that a sequence of 7-rules reads as a few lines.
//
// Each service has a repository whose branch holds a manifest with a version (and a container, if it has an image), and one
// evaluated object with the service's setting. What stands is read back from the environment branch with git's own program.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "muster/base/world.hpp"
#include "muster/deliver/deliverer.hpp"
#include "muster/deliver/verbs.hpp"
#include "muster/model/fleet.hpp"
#include "support/git_repository.hpp"
#include "support/temporary.hpp"

namespace muster::deliver::test {

/// A clock that stands until it is told.
class StageClock : public Clock {
 public:
  [[nodiscard]] Instant now() const override { return now_; }
  [[nodiscard]] Duration elapsed() const override { return now_.time_since_epoch(); }
  bool sleep(Duration, const std::stop_token& stop) override { return !stop.stop_requested(); }
  void advance(Duration by) { now_ += by; }
  void set(std::string_view at) { now_ = *parse_instant(at); }

 private:
  Instant now_ = *parse_instant("2026-05-04T10:00:00Z");  // A Monday.
};

/// What the fleet files would say.
struct ServiceSpec {
  std::string repository;  ///< Folder name; the service's own name unless shared.
  std::string path;
  std::string setting = "a";
  std::map<std::string, std::string> settings;  ///< By environment.
  std::optional<std::string> image;             ///< Tag of registry.example/<service>; "" for CI alone; nullopt: none.
  std::optional<model::ImagePolicy> watch;      ///< Beside `image = ""`: its registry is followed.
  std::optional<model::Build> build;            ///< Beside `image = ""`: muster builds it.
  std::string image_repository;                 ///< Instead of registry.example/<service>.
  std::vector<std::string> image_keys;          ///< One of them must have signed it.
  std::vector<std::string> only;
  std::vector<std::string> together;
  std::vector<std::string> renamed_from;
  std::vector<model::Gate> gates;
  std::string object_name;
  bool evaluated = true;  ///< false: the objects come wholly from the source.
};

struct FleetSpec {
  std::map<std::string, model::Environment> environments;
  std::map<std::string, ServiceSpec> services;
  std::vector<model::Freeze> freezes;
  std::vector<model::Team> teams;
  std::vector<model::Registry> registries;
  std::vector<std::string> poisoned;  ///< Services whose declaration has an error.
  bool whole = true;
  bool barrier = false;
};

class Stage {
 public:
  enum class Records { embedded, remote };
  explicit Stage(Records records = Records::embedded);
  ~Stage();

  // ---- the fleet ----
  /// Changes the fleet files and commits them.
  void edit(const std::function<void(FleetSpec&)>& change);
  void fed_by(const std::string& environment, const std::string& branch);
  void follows(const std::string& environment, const std::string& upstream);
  ServiceSpec& service(const std::string& name);  ///< For use inside edit(), or before the first deliver().
  [[nodiscard]] model::Fleet fleet() const { return fleet_of(specs_.back()); }
  [[nodiscard]] FleetRevision revision() const { return revision_at(specs_.size() - 1); }
  /// The fleet as it was `back` commits ago: a clone that was not brought up to date.
  [[nodiscard]] std::pair<model::Fleet, FleetRevision> fleet_before(std::size_t back) const;

  // ---- application repositories ----
  /// A new commit on a branch whose manifest says this version; its id.
  std::string push(const std::string& service, const std::string& version, const std::string& branch = "main");
  /// A commit beside the service's folder.
  std::string push_elsewhere(const std::string& service, const std::string& branch = "main");
  std::string push_files(const std::string& service, const muster::test::GitRepository::Files& files, const std::string& branch = "main");
  muster::test::GitRepository& repository(const std::string& service);
  void set_branch(const std::string& service, const std::string& commit, const std::string& branch = "main");
  void delete_branch(const std::string& service, const std::string& branch = "main");
  /// The repository cannot be reached until it is put back.
  void unplug(const std::string& service);
  void plug(const std::string& service);

  // ---- passes ----
  Delivery deliver(Request request = {});
  Result<VerbResult> hold(const HoldRequest& request);
  Delivery deliver_as(const std::pair<model::Fleet, FleetRevision>& clone, Request request = {});
  /// Forgets all that was kept in memory, as a new process does.
  void restart();
  void delete_caches();
  Deliverer& deliverer() { return *deliverer_; }
  Settings settings;  ///< Used from the next restart() on.

  // ---- what stands ----
  /// "v2 setting=b image=1", or "nothing".
  [[nodiscard]] std::string stands(const std::string& instance) const;
  /// Words of the obstacles of the last delivery, "soak, freeze", or "" where there is none.
  [[nodiscard]] std::string why(const std::string& instance) const;
  [[nodiscard]] const Outcome& outcome(const std::string& instance) const;
  [[nodiscard]] std::string tip(const std::string& environment) const;
  [[nodiscard]] std::size_t commits(const std::string& environment) const;
  [[nodiscard]] std::string show(const std::string& object) const;  ///< `git show`, in the environment repository.
  std::string git(const std::vector<std::string>& arguments) const;
  [[nodiscard]] const Delivery& last() const { return last_; }
  [[nodiscard]] std::filesystem::path environment_repository() const { return records_path_; }

  // ---- other people, with plain git ----
  /// Reverts a commit of an environment branch (default: its tip) and pushes; the new commit.
  std::string git_revert(const std::string& environment, const std::string& commit = {});
  std::string git_edit(const std::string& environment, const muster::test::GitRepository::Files& files,
                       const std::string& message = "by hand");
  std::string git_remove(const std::string& environment, const std::string& path);

  // ---- reconcile's part ----
  /// The instance is seen healthy (or not) now.
  void note_health(const std::string& instance, bool healthy = true);

  StageClock clock;
  std::optional<World> world;
  Person ann{"Ann", "ann@shop.example"};

 private:
  [[nodiscard]] model::Fleet fleet_of(const FleetSpec& spec) const;
  [[nodiscard]] model::Instance instance_of(const std::string& name, const ServiceSpec& service,
                                            const model::Environment& environment) const;
  [[nodiscard]] FleetRevision revision_at(std::size_t index) const;
  [[nodiscard]] std::filesystem::path clone(const std::string& environment);
  std::string push_clone(const std::filesystem::path& clone, const std::string& environment);
  void run_git(const std::filesystem::path& directory, std::vector<std::string> arguments) const;

  muster::test::TemporaryFolder folder_;
  Records records_kind_;
  std::filesystem::path records_path_;
  std::unique_ptr<muster::test::GitRepository> fleet_repository_;
  std::shared_ptr<git::Repository> fleet_objects_;
  std::map<std::string, std::unique_ptr<muster::test::GitRepository>> repositories_;
  std::vector<FleetSpec> specs_;
  std::vector<std::string> revisions_;
  std::unique_ptr<Secrets> secrets_;
  std::unique_ptr<git::Remotes> remotes_;
  std::unique_ptr<Deliverer> deliverer_;
  Delivery last_;
  int clones_ = 0;
};

}  // namespace muster::deliver::test
