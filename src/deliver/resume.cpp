// resume: lifts what holds a service, and accepts what is observed of it now, whatever direction it moved in. The next pass
// proposes all of that; any later commit that touches the service uses the resume up.
#include <fmt/core.h>

#include <algorithm>
#include <map>

#include "deliver/verb.hpp"
#include "muster/base/text.hpp"
#include "muster/record/layout.hpp"

namespace muster::deliver {
namespace {

/// What would move of each service.
using Moving = std::map<std::string, std::map<std::string, record::InputValue>>;

Moving moving_in(const Pass& pass) {
  Moving out;
  for (const Item& item : pass.items) {
    for (const auto& [input, moved] : item.moved) out[item.service].emplace(input, moved.value);
  }
  return out;
}

/// Those of which something is held: by a person, by a failed job, or so that a resume makes it move.
std::vector<std::string> held_among(const std::vector<std::string>& services, const Pass& resumed, const Moving& before,
                                    const ResumeRequest& request) {
  const Moving after = moving_in(resumed);
  const auto of = [](const Moving& moving, const std::string& service) {
    const auto found = moving.find(service);
    return found == moving.end() ? Moving::mapped_type{} : found->second;
  };
  std::vector<std::string> out;
  for (const auto& service : services) {
    const bool failed = std::find(request.failed.begin(), request.failed.end(), service) != request.failed.end();
    if (failed || resumed.holds.contains(service) || of(after, service) != of(before, service)) out.push_back(service);
  }
  return out;
}

Result<std::optional<record::BranchChange>> make_resume(Rehearsal& rehearsal, record::EnvironmentRepository& records,
                                                        const record::Branch& branch, const ResumeRequest& request, const Person& by,
                                                        VerbResult& out) {
  out = VerbResult{};
  out.environment = request.environment;
  MUSTER_TRY(const auto names, known_services(records, branch, &rehearsal.run.fleet));
  MUSTER_TRY(const auto services, expand(request.services, names, request.environment));
  rehearsal.run.resuming.clear();
  Moving before;
  {
    MUSTER_TRY(const Pass pass, rehearsal.decide());
    before = moving_in(pass);
  }
  rehearsal.run.resuming = {services.begin(), services.end()};
  MUSTER_TRY(Pass pass, rehearsal.decide());
  out.services = held_among(services, pass, before, request);
  if (out.services.empty()) {
    out.notes.push_back(services.size() == 1 ? fmt::format("nothing holds {}", services.front()) : "none of its services is held");
    return std::optional<record::BranchChange>{};
  }
  record::Trailers trailers;
  record::BranchChange change;
  for (const auto& service : out.services) {
    record::ResumeLine line{service, {}};
    if (Item* item = pass.find(service)) {
      if (!item->renamed_from.empty()) line.service = item->renamed_from;
      for (const auto& [input, observation] : item->observed) {
        if (observation.value) line.accepted.emplace(input, *observation.value);
      }
      if (item->proposal) out.proposals.push_back(*item->proposal);
    }
    trailers.resumes.push_back(std::move(line));
    if (pass.holds.contains(service)) change.edits.emplace(record::hold_path(service), git::TreeEdit{});
  }
  if (request.dry) return std::optional<record::BranchChange>{};
  change.message = verb_message(branch, "resume", fmt::format("Resume {}", join(out.services, ", ")), "", std::move(trailers));
  change.author = author_of(by);
  return std::optional(std::move(change));
}

}  // namespace

Result<VerbResult> resume(Deliverer& deliverer, const model::Fleet& fleet, const FleetRevision& revision, const ResumeRequest& request,
                          const Person& by, const std::stop_token& stop) {
  VerbResult out;
  out.environment = request.environment;
  auto& records = deliverer.records(fleet);
  if (request.services.empty()) {
    out.notes.push_back(fmt::format("{} is taken as its branch stands now", request.environment));
    if (!request.dry) MUSTER_CHECK(records.accept_rewritten(request.environment));
    return out;
  }
  Rehearsal rehearsal(deliverer.state(), fleet, revision, request.environment, stop);
  MUSTER_CHECK(records.look(environments_to_look_at(fleet, {request.environment}), stop));
  const auto decide = [&](const record::Branch& branch) { return make_resume(rehearsal, records, branch, request, by, out); };
  MUSTER_TRY(const auto branch, commit_verb(deliverer.state(), records, request.environment, decide, stop));
  if (!request.dry && !out.services.empty()) out.commit = branch.tip;
  return out;
}

}  // namespace muster::deliver
