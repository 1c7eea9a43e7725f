// hold: a commit that stops new records of instances, in a form that plain git shows and undoes.
#include <fmt/core.h>

#include "deliver/verb.hpp"
#include "muster/base/text.hpp"
#include "muster/record/layout.hpp"
#include "muster/record/standing.hpp"

namespace muster::deliver {
namespace {

Result<std::optional<record::BranchChange>> make_holds(Deliverer::State& state, record::EnvironmentRepository& records,
                                                       const record::Branch& branch, const model::Fleet* fleet, const HoldRequest& request,
                                                       const Person& by, VerbResult& out) {
  out.services.clear();
  out.notes.clear();
  MUSTER_TRY(const auto names, known_services(records, branch, fleet));
  MUSTER_TRY(const auto services, expand(request.services, names, request.environment));
  record::Standing standing(records.repository(), branch.tip);
  MUSTER_TRY(const auto held, standing.holds());
  record::BranchChange change;
  for (const auto& service : services) {
    const auto known = held.find(service);
    if (known != held.end() && known->second.target == request.target) {
      out.notes.push_back(fmt::format("{} is held already", service));
      continue;
    }
    const record::Hold hold{service, state.now(), by.text(), request.reason, request.target};
    MUSTER_TRY(auto edit, file_edit(*records.repository(), record::print(hold)));
    change.edits.emplace(record::hold_path(service), std::move(edit));
    out.services.push_back(service);
  }
  if (change.edits.empty() || request.dry) return std::optional<record::BranchChange>{};
  change.message = verb_message(branch, "hold", fmt::format("Hold {}", join(out.services, ", ")), request.reason);
  change.author = author_of(by);
  return std::optional(std::move(change));
}

}  // namespace

Result<VerbResult> hold(Deliverer& deliverer, record::EnvironmentRepository& records, const model::Fleet* fleet, const HoldRequest& request,
                        const Person& by, const std::stop_token& stop) {
  VerbResult out;
  out.environment = request.environment;
  const auto decide = [&](const record::Branch& branch) { return make_holds(deliverer.state(), records, branch, fleet, request, by, out); };
  MUSTER_TRY(const auto branch, commit_verb(deliverer.state(), records, request.environment, decide, stop));
  if (!out.services.empty() && !request.dry) out.commit = branch.tip;
  return out;
}

}  // namespace muster::deliver
