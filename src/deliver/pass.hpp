// Pass: one look at one environment, from facts to one record. Steps are listed in pass.cpp; each has a file of its own.
//
// Everything here is a value or a reference to what outlives the pass. A lost race throws the Pass away and makes a new one
// from the new tip.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <stop_token>
#include <string>
#include <vector>

#include "deliver/images.hpp"
#include "deliver/moved.hpp"
#include "deliver/state.hpp"
#include "muster/deliver/deliverer.hpp"
#include "muster/record/deletions.hpp"
#include "muster/record/standing.hpp"
#include "muster/source/heads.hpp"

namespace muster::deliver {

/// What was seen of one input.
struct Observation {
  std::optional<record::InputValue> value;  ///< nullopt: unknown, it has not moved.
  Obstacle obstacle;                        ///< Why it is unknown, or what is wrong with it.
  std::optional<Instant> seen;
};

inline Observation unknown(Why why, std::string_view input, std::string text, std::string lift) {
  Observation out;
  out.obstacle = {why, std::string(input), std::move(text), std::move(lift), std::nullopt, std::nullopt};
  return out;
}

/// Where the branches of the application repositories stand and what registries list; asked once a run for all environments.
struct Answers {
  std::map<std::pair<std::string, std::string>, source::Answer> heads;  ///< By git::url_key and branch.
  std::map<std::string, git::Remote> remotes;                           ///< By git::url_key.
  std::shared_ptr<Images> images = std::make_shared<Images>();          ///< Asked for digests while the passes go on.
};

/// An input that shall move.
struct MovedInput {
  record::InputValue value;
  record::Cause cause = record::Cause::manual;
  record::Inputs bundle;  ///< `from`: the sources and images that come with it.
};
using MovedInputs = std::map<std::string, MovedInput>;

/// What a run was asked for and what it saw, the same for all its passes.
struct Run {
  Deliverer::State& state;
  const model::Fleet& fleet;
  const FleetRevision& revision;
  const Request& request;
  const Answers& answers;
  std::stop_token stop;
  /// promote: these services take this record of that environment, past order and take-backs.
  struct Manual {
    std::string from;
    std::set<std::string> services;
  };
  std::optional<Manual> manual;
  git::Person author;
  std::set<std::string> resuming;  ///< A person is about to resume these: everything observed moves.
};

/// One service in the pass.
struct Item {
  std::string service;
  const model::Instance* instance = nullptr;  ///< nullptr: not declared, or poisoned.
  const model::Poisoned* poisoned = nullptr;
  const record::ServiceLedger* ledger = nullptr;  ///< Under its former name where it is being renamed.
  std::string renamed_from;                       ///< The former name under which it stands.
  bool stands = false;
  bool start = false;  ///< It has to be put there whole.
  bool selected = true;
  bool resumed = false;        ///< A person's resume waits to be carried out, or is being asked for.
  bool replaces_edit = false;  ///< What stands was edited by hand, and a resume replaces it.
  bool accepts_all = false;    ///< It is being asked for: whatever is observed counts as moved.
  std::map<std::string, Observation> observed;
  MovedInputs moved;
  std::vector<Candidate> candidates;             ///< `from`: what may be followed, newest first.
  std::vector<Candidate> lineage;                ///< `from`: all that was read of the upstream's records, oldest first.
  std::optional<record::Descriptor> descriptor;  ///< What stands.
  std::vector<Obstacle> obstacles;
  std::optional<Proposal> proposal;
  bool partial = false;  ///< Something of it moved and is not in the proposal.
  std::optional<Instant> evidence;

  [[nodiscard]] bool declared() const { return instance != nullptr || poisoned != nullptr; }
  void hold(Obstacle obstacle);
  void hold(Why why, std::string input, std::string text, std::string lift);
};

struct Pass {
  Run& run;
  const model::Environment& environment;
  record::EnvironmentRepository& records;
  record::Branch branch;
  const record::Ledger* ledger = nullptr;
  std::optional<record::Standing> standing;
  std::map<std::string, record::Hold, std::less<>> holds;
  std::map<std::string, record::Approval, std::less<>> approvals;
  std::string unverified;                                       ///< Why an approval may not count that should; empty: all could be read.
  std::map<std::string, std::optional<Obstacle>> fleet_orders;  ///< What was found of revisions of the fleet.
  std::vector<Item> items;                                      ///< Sorted by service.
  std::optional<record::Deletions> deletions;                   ///< As counted for the proposals of this pass.
  Instant now{};

  [[nodiscard]] Item* find(std::string_view service);
  [[nodiscard]] FleetOrder fleet_order();
  /// The branch of another environment as it was last seen.
  Result<record::Branch> other(const std::string& name) const { return records.branch(name); }
};

// ---- observe.cpp ----
/// Asks all branches that the instances of these environments, and those they follow, are made from, and lists what they watch.
Answers ask_outside(Deliverer::State& state, const model::Fleet& fleet, const std::set<std::string>& environments,
                    const std::stop_token& stop);
void observe(Pass& pass, Item& item);

// ---- observe_images.cpp ----
/// Asks for the digests that the images of the pass's instances lack, all at once.
Result<void> pin_images(Pass& pass);
/// After its source: a build makes an image of what the source is now.
Observation observe_image(Pass& pass, Item& item, const model::ImageInput& image);
/// What it means that a registry did not answer, or would not.
Observation no_answer(const std::string& input, const Failure& failure);

// ---- image_signatures.cpp ----
/// Leaves the observation as it is where the image is signed as the fleet demands.
Observation demand_signature(Pass& pass, const Item& item, const model::ImageInput& image, Observation seen);
/// The first image of a bundle that is not, as an obstacle of `from`.
std::optional<Obstacle> unsigned_in(Pass& pass, const Item& item, const record::Inputs& bundle);

// ---- observe.cpp ----
/// Is one commit of an application repository an ancestor of another?
Descends descends_in(Pass& pass, const std::string& repository_key);

// ---- upstream.cpp ----
/// Candidates of the instance that it follows, newest first, into the item.
Result<void> find_candidates(Pass& pass, Item& item);
/// Values that were taken back here, in the bundle of a candidate, and not put again upstream since; "" or their names.
Result<std::string> taken_back_in(Pass& pass, Item& item, const Candidate& candidate);
MovedInput follow(const Item& item, const Candidate& candidate);

// ---- propose.cpp ----
/// The release that stands with these inputs replaced, rendered. Failures are obstacles of the item.
std::optional<Proposal> propose(Pass& pass, Item& item, const MovedInputs& moved, std::vector<Obstacle>& obstacles);

// ---- gates.cpp ----
struct Gated {
  MovedInputs passing;
  std::vector<Obstacle> waiting;
};
/// Which of the moved inputs pass freezes and gates now.
Result<Gated> ask_gates(Pass& pass, Item& item, const MovedInputs& moved);
/// Is the environment frozen for this cause now?
std::optional<Obstacle> ask_freeze(Pass& pass, record::Cause cause);
/// Runs the check commands for a proposal.
Result<std::vector<Obstacle>> run_checks(Pass& pass, Item& item, const Proposal& proposal);

/// All steps of a pass; afterwards every item has its proposal or says why not. Failure: the environment as a whole.
Result<void> decide(Pass& pass);

// ---- commit.cpp ----
/// The record of all proposals, as a change of the branch; nullopt where nothing is proposed.
Result<std::optional<record::BranchChange>> make_record(Pass& pass, const std::vector<const Proposal*>& proposals);
/// The tree that the branch would have with these proposals.
Result<git::Oid> proposed_tree(Pass& pass, const std::vector<const Proposal*>& proposals);

}  // namespace muster::deliver
