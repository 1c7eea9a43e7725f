#include "muster/record/deletions.hpp"

#include <algorithm>
#include <set>

#include "muster/record/history.hpp"
#include "muster/record/standing.hpp"

namespace muster::record {
namespace {

constexpr Duration kWindow = std::chrono::hours(24);
constexpr std::size_t kSmallBudget = 5;
constexpr std::size_t kBudgetPercent = 10;

/// The commit to count from: the last one of 24 h ago, or the newest confirmation of deletions since.
Result<git::Oid> find_base(git::Repository& repository, const Ledger& ledger, const std::map<std::string, Approval, std::less<>>& approvals,
                           Instant now) {
  const auto& recent = ledger.recent;
  const auto later = std::find_if(recent.begin(), recent.end(), [&](const auto& dated) { return dated.at > now - kWindow; });
  git::Oid base;
  if (later != recent.begin()) {
    base = std::prev(later)->commit;
  } else {
    MUSTER_TRY(const auto old, commit_at(repository, ledger.tip, now - kWindow));
    if (old) {
      base = *old;
    } else if (!recent.empty()) {
      MUSTER_CHECK(repository.walk_first_parents(ledger.tip, [&](const git::Commit& commit) {
        base = commit.id;  // Younger than the window: the root, where nothing stood yet.
        return true;
      }));
    }
  }
  for (auto dated = later; dated != recent.end(); ++dated) {
    for (const auto& [path, approval] : approvals) {
      const auto said = ledger.statements.find(path);
      if (approval.what == Approval::What::deletions && said != ledger.statements.end() && said->second == dated->commit)
        base = dated->commit;
    }
  }
  return base;
}

/// Former names of the services that stand, so that a rename deletes nothing.
Result<std::set<std::string>> renamed_away(Standing& after) {
  std::set<std::string> names;
  MUSTER_TRY(const auto services, after.services());
  for (const auto& service : services) {
    MUSTER_TRY(const auto descriptor, after.descriptor(service));
    if (!descriptor || !descriptor->release) continue;
    names.insert(descriptor->release->renamed_from.begin(), descriptor->release->renamed_from.end());
  }
  return names;
}

/// Objects of folders that are not as they were and name them no more. `total`: all objects there were.
Result<std::set<manifest::ObjectId>> objects_gone(Standing& before, Standing& after, std::size_t& total) {
  std::set<manifest::ObjectId> gone;
  std::optional<std::set<std::string>> renamed;
  MUSTER_TRY(const auto services, before.services());
  for (const auto& service : services) {
    MUSTER_TRY(const auto files, before.files(service));
    total += files.size();
    MUSTER_TRY(const auto folder_before, before.folder(service));
    MUSTER_TRY(const auto folder_after, after.folder(service));
    if (folder_before == folder_after) continue;
    if (!folder_after && !renamed) {
      MUSTER_TRY(renamed, renamed_away(after));
    }
    if (!folder_after && renamed->contains(service)) continue;
    MUSTER_TRY(const auto ids_after, after.identities(service));
    if (!ids_after) continue;  // It stands, and cannot be read: nothing of it is known to be gone.
    MUSTER_TRY(const auto ids, before.identities(service));
    if (!ids) continue;
    for (const auto& id : *ids) {
      if (std::find(ids_after->begin(), ids_after->end(), id) == ids_after->end()) gone.insert(id);
    }
  }
  return gone;
}

/// Objects of the folders that are not as they were.
Result<std::set<manifest::ObjectId>> objects_of_changed(Standing& before, Standing& after) {
  std::set<manifest::ObjectId> stands;
  MUSTER_TRY(const auto services, after.services());
  for (const auto& service : services) {
    MUSTER_TRY(const auto folder_before, before.folder(service));
    MUSTER_TRY(const auto folder_after, after.folder(service));
    if (folder_before == folder_after) continue;
    MUSTER_TRY(const auto ids, after.identities(service));
    if (ids) stands.insert(ids->begin(), ids->end());
  }
  return stands;
}

}  // namespace

Result<Deletions> count_deletions(const std::shared_ptr<git::Repository>& repository, const Ledger& ledger, const model::Budget& budget,
                                  const git::Oid& tree, const std::map<std::string, Approval, std::less<>>& approvals, Instant now) {
  Deletions out;
  MUSTER_TRY(out.base, find_base(*repository, ledger, approvals, now));
  Standing before(repository, out.base);
  Standing after = Standing::of_tree(repository, tree);
  std::size_t total = 0;
  MUSTER_TRY(const auto gone, objects_gone(before, after, total));
  // An object cannot have moved into a folder that is as it was, so only what is gone asks what stands.
  std::set<manifest::ObjectId> stands;
  if (!gone.empty()) {
    MUSTER_TRY(stands, objects_of_changed(before, after));
  }
  std::set_difference(gone.begin(), gone.end(), stands.begin(), stands.end(), std::back_inserter(out.objects));
  const std::size_t relative = std::max(kSmallBudget, total * kBudgetPercent / 100);
  out.allowed = budget.deletions ? static_cast<std::size_t>(*budget.deletions) : relative;
  out.confirmed = std::any_of(approvals.begin(), approvals.end(), [&](const auto& entry) {
    const Approval& approval = entry.second;
    return approval.what == Approval::What::deletions &&
           std::includes(approval.objects.begin(), approval.objects.end(), out.objects.begin(), out.objects.end());
  });
  return out;
}

}  // namespace muster::record
