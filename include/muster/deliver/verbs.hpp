// Verbs: what people ask of environments. Each is a commit on environment branches: a record, or a file that plain git
// shows and undoes. All decide again from the new tip when somebody was faster.
//
// Ownership, thread-safety: of the Deliverer. With `dry` nothing is written and the same answer comes back. Failures:
// invalid (what was asked makes no sense here, with the way out), and those of the environment repository.
#pragma once

#include <map>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "muster/base/result.hpp"
#include "muster/deliver/deliverer.hpp"

namespace muster::deliver {

/// What a verb did, or would do.
struct VerbResult {
  std::string environment;
  std::optional<git::Oid> commit;     ///< nullopt: nothing was to be done, or dry.
  std::vector<std::string> services;  ///< Touched, in the order in which they move.
  std::vector<Proposal> proposals;    ///< promote, rollback: what changes.
  std::vector<std::string> notes;     ///< What people should know: left out, born since, still waiting.
  std::vector<Outcome> waiting;       ///< promote: instances that do not move, and why.
};

/// Who asks.
struct Person {
  std::string name;
  std::string email;
  [[nodiscard]] std::string text() const;
};

struct HoldRequest {
  std::string environment;
  std::vector<std::string> services;  ///< Names or globs over what stands or is declared.
  std::string reason;
  bool target = false;
  bool dry = false;
};
/// `fleet` only tells what is declared and stands nowhere yet: an emergency brake works with a broken one (nullptr) too.
Result<VerbResult> hold(Deliverer& deliverer, record::EnvironmentRepository& records, const model::Fleet* fleet, const HoldRequest& request,
                        const Person& by, const std::stop_token& stop);

/// Lifts holds of people, and accepts what holds the service by itself (rewound, shrunk, edited, taken back, taken off): all
/// observed values are proposed by the next pass, and listed in `proposals`. Services that nothing holds are left alone.
struct ResumeRequest {
  std::string environment;
  std::vector<std::string> services;
  bool dry = false;
  std::vector<std::string> failed = {};  ///< Whose job failed in the target, which no branch says: a resume runs it again.
};
Result<VerbResult> resume(Deliverer& deliverer, const model::Fleet& fleet, const FleetRevision& revision, const ResumeRequest& request,
                          const Person& by, const std::stop_token& stop);

struct ApproveRequest {
  std::string environment;
  std::vector<std::string> services;  ///< Releases that wait for approval; what they would take now is what is approved.
  bool deletions = false;             ///< The deletions that are over budget now.
  bool changes = false;               ///< The declarations that are over budget now.
  std::vector<std::string> skip;      ///< "soak", "check"
  std::string team;
  bool dry = false;
};
Result<VerbResult> approve(Deliverer& deliverer, const model::Fleet& fleet, const FleetRevision& revision, const ApproveRequest& request,
                           const Person& by, const std::stop_token& stop);

struct PromoteRequest {
  std::string to;
  std::vector<std::string> services;
  std::string from;  ///< Environment to take from; empty: the one it follows.
  bool dry = false;
};
Result<VerbResult> promote(Deliverer& deliverer, const model::Fleet& fleet, const FleetRevision& revision, const PromoteRequest& request,
                           const Person& by, const std::stop_token& stop);

struct RollbackRequest {
  std::string environment;
  std::vector<std::string> services;  ///< With `to` empty: back to what stood before the newest change of each.
  std::optional<Instant> to;          ///< The environment as it stood then; `services` names what was born or removed since.
  std::string input;                  ///< Only this input: "image.main".
  bool hold = true;
  std::string reason;
  bool dry = false;
};
/// `fleet` and `revision` are needed for `input` and for freezes alone; a broken fleet (nullptr) stops no other rollback.
Result<VerbResult> rollback(Deliverer& deliverer, record::EnvironmentRepository& records, const model::Fleet* fleet,
                            const FleetRevision& revision, const RollbackRequest& request, const Person& by, const std::stop_token& stop);

/// Deletes the branch of an environment that the fleet no longer declares and whose descriptors are gone or confirmed.
struct RetireRequest {
  std::string environment;
  bool confirm = false;  ///< Services still stand there, and that is meant.
  bool dry = false;
};
Result<VerbResult> retire(Deliverer& deliverer, record::EnvironmentRepository& records, const model::Fleet* fleet,
                          const RetireRequest& request, const Person& by, const std::stop_token& stop);

}  // namespace muster::deliver
