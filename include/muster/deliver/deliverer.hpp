// Deliverer: observed inputs → proposals → gates and budgets → one record a pass and environment. The steps of a pass are
// listed in src/deliver/pass.cpp, each with its rule; decisions are pure functions of what was observed.
//
// Ownership: the seams must outlive it. It keeps mirrors' listings, ledgers and histories between passes; dropping it at
// any moment loses nothing. Thread-safety: one thread at a time (it asks remotes and renders on `jobs` threads).
// Failures: of one instance in its Outcome; of one environment in its EnvironmentOutcome; deliver() itself never fails.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <vector>

#include "muster/base/result.hpp"
#include "muster/base/world.hpp"
#include "muster/deliver/outcome.hpp"
#include "muster/deliver/proposal.hpp"
#include "muster/git/repository.hpp"
#include "muster/model/fleet.hpp"
#include "muster/pipeline/builds.hpp"
#include "muster/record/branch.hpp"
#include "muster/registry/registry.hpp"
#include "muster/render/render.hpp"

namespace muster::deliver {

/// Which state of the fleet files this is.
struct FleetRevision {
  std::string commit;                           ///< 40 digits; empty for a folder without git.
  bool dirty = false;                           ///< The work tree differs from the commit.
  std::shared_ptr<git::Repository> repository;  ///< Says which revision descends from which; null without git.
};

/// The fleet of an earlier revision, so that an input can move while the declaration waits. May be empty: then such
/// inputs wait with the declaration.
using PastFleet = std::function<Result<std::shared_ptr<const model::Fleet>>(const std::string& revision)>;

/// Does this commit (raw, as git stores it) carry a good signature by one of these keys? Answers which; nullopt: none.
using VerifySignature = std::function<Result<std::optional<std::string>>(const std::string& raw_commit, std::span<const std::string> keys)>;

struct Settings {
  Path state;                    ///< ".muster"
  Path root;                     ///< The fleet's folder, in which the commands that it declares run; empty: "/".
  std::string version;           ///< Of muster.
  git::Person author;            ///< Of records; `at` is set from the clock.
  std::string owner = "muster";  ///< Who holds locks, for whoever waits for one.
  unsigned jobs = 1;
  PastFleet past_fleet;
  VerifySignature verify;                      ///< Empty: git::verify_commit.
  render::Cache* cache = nullptr;              ///< Of rendered objects; null: none.
  registry::Registries* registries = nullptr;  ///< Null: whatever is watched stays unknown, literal tags stay text.
};

/// An image that CI built: `muster deliver cart --image main=REF --commit C`.
struct BuiltImage {
  std::string service;
  std::string name = "main";
  std::string reference;
  std::string commit;
};

struct Request {
  std::vector<std::string> environments;  ///< Empty: all of the fleet.
  std::vector<std::string> instances;     ///< "cart@production"; empty: all. Others are observed and left as they stand.
  std::vector<BuiltImage> images;
  bool rerender = false;                 ///< Renders anew with the muster and renderers of today, under the budget.
  bool dry = false;                      ///< Decides, and records nothing; checks are not started.
  pipeline::Builds* builds = nullptr;    ///< Who builds; null (and dry): nothing is built, what the registry has is found.
  std::vector<PlannedInstance> exactly;  ///< `apply PLAN`: only these proposals, or nothing at all (moved_since_plan).
};

/// What a pass decided, with the proposals (also of a dry one).
struct Delivery {
  Report report;
  std::vector<Proposal> proposals;
  /// Dry: each branch as it would be after its record, for whoever looks ahead; the commits stand under no ref.
  std::vector<record::Branch> previews;
};

class Deliverer {
 public:
  Deliverer(const World& world, git::Remotes& remotes, Settings settings);
  ~Deliverer();
  Deliverer(const Deliverer&) = delete;
  Deliverer& operator=(const Deliverer&) = delete;

  /// One pass over each environment, upstream first.
  Delivery deliver(const model::Fleet& fleet, const FleetRevision& revision, const Request& request, const std::stop_token& stop);

  /// The environment repository of a fleet, as the passes use it.
  record::EnvironmentRepository& records(const model::Fleet& fleet);

  struct State;
  [[nodiscard]] State& state() { return *state_; }

 private:
  std::unique_ptr<State> state_;
};

/// Environments so that each comes after those it follows or soaks in, else by name.
std::vector<std::string> upstream_first(const model::Fleet& fleet, const std::vector<std::string>& environments);

/// The instance whose source and images an instance is finally made from: itself, or that of the environment it follows.
/// nullptr: it is declared nowhere on that way.
const model::Instance* fed_by_branch(const model::Fleet& fleet, const model::Instance* instance);

}  // namespace muster::deliver
