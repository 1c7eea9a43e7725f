#include "cli/options.hpp"
#include "cli/person.hpp"
#include "cli/verb_results.hpp"
#include "cli/verbs.hpp"
#include "muster/reconcile/pass.hpp"

namespace muster::cli {
namespace {

constexpr Option kOptions[] = {kIn, kDryRun};

/// A branch that is gone and was given up: nothing stands there to be resumed.
deliver::VerbResult begins_anew(const std::string& environment) {
  deliver::VerbResult out;
  out.environment = environment;
  out.notes = {
      "it has no branch any more, and that is taken as it is: the next delivery begins one anew",
      fmt::format("what its target has is not touched before you have looked at that branch and said `muster resume --in {}` again",
                  environment)};
  return out;
}

/// A whole environment may be held because its branch was rewritten: a person now takes it as it is.
Result<void> take_as_it_stands(Session& session, const OpenFleet& open, const std::string& environment) {
  for (int attempt = 0;; ++attempt) {
    MUSTER_CHECK(open.records->accept_rewritten(environment));
    MUSTER_CHECK(open.records->look(std::nullopt, session.stop()));
    MUSTER_TRY(const record::Branch branch, open.records->branch(environment));
    auto accepted = reconcile::accept_branch(open.session->engine().targets(), branch);
    const bool lost = !accepted.ok() && accepted.failure().reason == Reason::conflict && accepted.failure().kind == FailureKind::retry;
    if (!lost || attempt + 1 >= record::EnvironmentRepository::kAttempts) return accepted;
    if (!record::pause_after_lost_race(session.world(), attempt, session.stop())) return retry(Reason::cancelled, "stopped");
  }
}

/// Services of an environment whose job failed; only its target knows.
Result<std::vector<std::string>> failed_jobs(Session& session, const OpenFleet& open, const std::string& environment) {
  MUSTER_TRY(const daemon::Engine::Looked looked, open.session->engine().look(*open.records, {}, session.stop()));
  std::vector<std::string> out;
  for (const reconcile::InstanceState& state : looked.observation.instances) {
    const bool failed = state.inventory && state.inventory->job && state.inventory->job->state == target::JobRun::State::failed;
    if (failed && state.key.environment == environment) out.push_back(state.key.service);
  }
  return out;
}

int run(Session& session) {
  int code = kDone;
  const auto open = open_fleet(session, code);
  if (!open) return code;
  const deliver::Person by = person(session);
  const Act act = [&](const std::string& environment, const std::vector<std::string>& services) -> Result<deliver::VerbResult> {
    deliver::ResumeRequest request;
    request.environment = environment;
    request.services = services.empty() ? std::vector<std::string>{"*"} : services;
    request.dry = session.arguments().has("--dry-run");
    if (services.empty() && !request.dry) {
      const Result<void> taken = take_as_it_stands(session, *open, environment);
      const Result<record::Branch> branch = open->records->branch(environment);
      if (!branch.ok() && branch.failure().reason == Reason::absent) return begins_anew(environment);
      MUSTER_CHECK(taken);
    }
    MUSTER_TRY(request.failed, failed_jobs(session, *open, environment));
    MUSTER_TRY(auto result, deliver::resume(open->session->engine().deliverer(), open->fleet.fleet(), open->fleet.revision, request, by,
                                            session.stop()));
    if (services.empty() && !request.dry) result.notes.insert(result.notes.begin(), "its branch is taken as it stands");
    return result;
  };
  return act_on_each(session, by_environment(session, *open), "resumed", act);
}

}  // namespace

const Verb kResume = {
    "resume",
    "lift what holds instances",
    "Removes a hold, and accepts what muster holds by itself: a rewound branch, an edited descriptor, a declaration that was\n"
    "taken back. Everything observed is proposed by the next delivery. A failed job runs again. With --in ENV alone it also\n"
    "accepts an environment branch whose history was rewritten.",
    "INSTANCE…",
    kOptions,
    "$ muster resume cart@production\n"
    " $ muster resume '*' --in staging",
    kVerbResultsJson,
    run};

}  // namespace muster::cli
