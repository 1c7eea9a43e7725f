// retire: the end of an environment that the fleet no longer declares. First its services go from the branch, with their
// objects named and confirmed, so that reconcile prunes them; when nothing stands any more, the branch goes.
#include <fmt/core.h>

#include <algorithm>

#include "deliver/verb.hpp"
#include "muster/base/text.hpp"
#include "muster/record/deletions.hpp"
#include "muster/record/layout.hpp"

namespace muster::deliver {
namespace {

Result<std::optional<record::BranchChange>> empty_environment(Deliverer::State& state, record::EnvironmentRepository& records,
                                                              const record::Branch& branch, const RetireRequest& request, const Person& by,
                                                              VerbResult& out) {
  out = VerbResult{};
  out.environment = request.environment;
  record::Standing standing(records.repository(), branch.tip);
  MUSTER_TRY(out.services, standing.services());
  if (out.services.empty() || request.dry) return std::optional<record::BranchChange>{};
  if (!request.confirm) {
    return stalled(Reason::invalid, fmt::format("{} still has {}: {}; say `--confirm` to delete what they own", request.environment,
                                                count_of(out.services.size(), "service"), join(out.services, ", ")));
  }
  record::BranchChange change;
  for (const auto& service : out.services) change.edits.emplace(service, git::TreeEdit{});
  MUSTER_TRY(const git::Oid tree, git::edit_tree(*records.repository(), branch.tree, change.edits));
  MUSTER_TRY(const record::Ledger* ledger, records.ledger(branch));
  MUSTER_TRY(const auto deletions, record::count_deletions(records.repository(), *ledger, branch.file.budget, tree, {}, state.now()));
  record::Approval approval;
  approval.what = record::Approval::What::deletions;
  approval.objects = deletions.objects;
  for (const auto& service : out.services) {
    MUSTER_TRY(const auto ids, standing.identities(service));
    if (ids) approval.objects.insert(approval.objects.end(), ids->begin(), ids->end());
  }
  std::sort(approval.objects.begin(), approval.objects.end());
  approval.objects.erase(std::unique(approval.objects.begin(), approval.objects.end()), approval.objects.end());
  approval.by = by.text();
  approval.since = state.now();
  MUSTER_TRY(auto edit, file_edit(*records.repository(), record::print(approval)));
  change.edits.emplace(record::approval_path(approval), std::move(edit));
  change.message =
      verb_message(branch, "retire", fmt::format("Retire {}", request.environment), fmt::format("Takes off {}.", join(out.services, ", ")));
  change.author = author_of(by);
  return std::optional(std::move(change));
}

}  // namespace

Result<VerbResult> retire(Deliverer& deliverer, record::EnvironmentRepository& records, const model::Fleet* fleet,
                          const RetireRequest& request, const Person& by, const std::stop_token& stop) {
  if (fleet != nullptr && fleet->environment(request.environment) != nullptr) {
    return stalled(Reason::invalid, fmt::format("the fleet still declares {}; remove it there first", request.environment));
  }
  VerbResult out;
  const auto decide = [&](const record::Branch& branch) { return empty_environment(deliverer.state(), records, branch, request, by, out); };
  for (int attempt = 0;; ++attempt) {
    MUSTER_TRY(const auto branch, commit_verb(deliverer.state(), records, request.environment, decide, stop));
    if (request.dry) return out;
    if (!out.services.empty()) {
      out.commit = branch.tip;
      out.notes.push_back(
          fmt::format("reconcile prunes what they own; `muster retire {}` again then removes the branch", request.environment));
      return out;
    }
    auto removed = records.remove(branch, stop);
    if (removed.ok()) {
      out.notes.push_back(fmt::format("the branch {} is gone; its last commit was {}", request.environment, branch.tip.text()));
      return out;
    }
    if (removed.failure().reason != Reason::conflict || attempt + 1 >= record::EnvironmentRepository::kAttempts) {
      return std::move(removed).failure();
    }
    if (!record::pause_after_lost_race(deliverer.state().world, attempt, stop)) return retry(Reason::cancelled, "stopped");
  }
}

}  // namespace muster::deliver
