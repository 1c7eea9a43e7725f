// approve: names exact values, and dies with them: what waits now, or the deletions or changes that are over budget now.
#include <fmt/core.h>

#include <algorithm>

#include "deliver/approvals.hpp"
#include "deliver/verb.hpp"
#include "muster/base/text.hpp"

namespace muster::deliver {
namespace {

using record::Approval;

/// The team that the approver speaks for where the gates leave no choice.
std::string team_of(const Pass& pass, const Item& item, const ApproveRequest& request) {
  if (!request.team.empty()) return request.team;
  std::set<std::string> teams;
  for (const model::Gate* gate : gates_of(pass, item)) {
    for (const auto& approval : gate->approvals) teams.insert(approval.from.begin(), approval.from.end());
  }
  return teams.size() == 1 ? *teams.begin() : std::string();
}

/// Does a gate want the team's word?
bool is_asked(const Pass& pass, const Item& item, const std::string& team) {
  const auto gates = gates_of(pass, item);
  return std::any_of(gates.begin(), gates.end(), [&](const model::Gate* gate) {
    return std::any_of(gate->approvals.begin(), gate->approvals.end(), [&](const auto& approval) {
      const bool owns = item.instance != nullptr && item.instance->owner == team;
      return std::any_of(approval.from.begin(), approval.from.end(),
                         [&](const std::string& from) { return from == team || (from == "owner" && owns); });
    });
  });
}

void approve_releases(Pass& pass, const ApproveRequest& request, const std::vector<std::string>& services, std::vector<Approval>& approvals,
                      VerbResult& out) {
  for (const auto& service : services) {
    Item* item = pass.find(service);
    if (item == nullptr || item->moved.empty()) {
      out.notes.push_back(fmt::format("nothing of {} waits", service));
      continue;
    }
    Approval approval;
    approval.what = Approval::What::release;
    approval.service = service;
    std::vector<std::string> values;
    for (const auto& [name, input] : item->moved) {
      approval.inputs.emplace(name, input.value);
      values.push_back(record::describe_move(name, std::nullopt, input.value));
    }
    out.notes.push_back(fmt::format("{}: {}", service, join(values, ", ")));
    if (!request.team.empty() && request.skip.empty() && !is_asked(pass, *item, request.team)) {
      out.notes.push_back(fmt::format("no gate of {} asks {}, so this counts for none", service, request.team));
    }
    approval.skip = request.skip;
    approval.team = team_of(pass, *item, request);
    approvals.push_back(std::move(approval));
    out.services.push_back(service);
  }
}

void approve_deletions(const Pass& pass, std::vector<Approval>& approvals, VerbResult& out) {
  if (!pass.deletions || !pass.deletions->over()) {
    out.notes.emplace_back("no deletions are over the budget");
    return;
  }
  Approval approval;
  approval.what = Approval::What::deletions;
  approval.objects = pass.deletions->objects;
  std::vector<std::string> ids;
  for (const auto& id : approval.objects) ids.push_back(id.text());
  out.notes.push_back(fmt::format("the deletion of {}: {}", count_of(ids.size(), "object"), join(ids, ", ")));
  approvals.push_back(std::move(approval));
}

void approve_changes(Pass& pass, std::vector<Approval>& approvals, VerbResult& out) {
  Approval approval;
  approval.what = Approval::What::changes;
  for (const Item& item : pass.items) {
    const bool over =
        std::any_of(item.obstacles.begin(), item.obstacles.end(), [](const Obstacle& o) { return o.why == Why::changes_over_budget; });
    if (over) approval.declarations.emplace(item.service, item.instance->declaration_digest);
  }
  if (approval.declarations.empty()) {
    out.notes.emplace_back("no changes are over the budget");
    return;
  }
  std::vector<std::string> services;
  for (const auto& [service, digest] : approval.declarations) services.push_back(service);
  out.notes.push_back(fmt::format("the declarations of {}", join(services, ", ")));
  approvals.push_back(std::move(approval));
}

/// Approvals of a service that name something else than what waits now are dead, and swept up here.
void sweep(const Pass& pass, const std::vector<Approval>& approvals, record::BranchChange& change) {
  for (const auto& [path, old] : pass.approvals) {
    for (const auto& approval : approvals) {
      const bool dead = old.what == Approval::What::release && approval.what == old.what && old.service == approval.service &&
                        old.inputs != approval.inputs;
      if (dead) change.edits.emplace(path, git::TreeEdit{});
    }
  }
}

Result<std::optional<record::BranchChange>> make_approvals(Rehearsal& rehearsal, record::EnvironmentRepository& records,
                                                           const record::Branch& branch, const ApproveRequest& request, const Person& by,
                                                           VerbResult& out) {
  out = VerbResult{};
  out.environment = request.environment;
  MUSTER_TRY(const auto names, known_services(records, branch, &rehearsal.run.fleet));
  MUSTER_TRY(const auto services, expand(request.services, names, request.environment));
  MUSTER_TRY(Pass pass, rehearsal.decide());
  std::vector<Approval> approvals;
  approve_releases(pass, request, services, approvals, out);
  if (request.deletions) approve_deletions(pass, approvals, out);
  if (request.changes) approve_changes(pass, approvals, out);
  if (approvals.empty() || request.dry) return std::optional<record::BranchChange>{};
  record::BranchChange change;
  sweep(pass, approvals, change);
  std::vector<std::string> words = out.services;
  if (request.deletions) words.emplace_back("deletions");
  if (request.changes) words.emplace_back("changes");
  for (Approval& approval : approvals) {
    approval.by = by.text();
    approval.since = rehearsal.run.state.now();
    MUSTER_TRY(auto edit, file_edit(*records.repository(), record::print(approval)));
    change.edits.insert_or_assign(record::approval_path(approval), std::move(edit));
  }
  change.message = verb_message(branch, "approve", fmt::format("Approve {}", join(words, ", ")), "");
  change.author = author_of(by);
  return std::optional(std::move(change));
}

}  // namespace

Result<VerbResult> approve(Deliverer& deliverer, const model::Fleet& fleet, const FleetRevision& revision, const ApproveRequest& request,
                           const Person& by, const std::stop_token& stop) {
  VerbResult out;
  bool changed = false;
  auto& records = deliverer.records(fleet);
  Rehearsal rehearsal(deliverer.state(), fleet, revision, request.environment, stop);
  MUSTER_CHECK(records.look(environments_to_look_at(fleet, {request.environment}), stop));
  const auto decide = [&](const record::Branch& branch) -> Result<std::optional<record::BranchChange>> {
    MUSTER_TRY(auto change, make_approvals(rehearsal, records, branch, request, by, out));
    changed = change.has_value();
    return change;
  };
  MUSTER_TRY(const auto branch, commit_verb(deliverer.state(), records, request.environment, decide, stop));
  if (changed) out.commit = branch.tip;
  return out;
}

}  // namespace muster::deliver
