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
      if (approval.what == Approval::What::deletions && said != ledger.statements.end() && said->second == dated->commit) base = dated->commit;
    }
  }
  return base;
}

/// Former names of the services that stand, so that a rename deletes nothing. Only where a name is gone is any release
/// read for it.
Result<std::set<std::string>> renamed_away(Standing& after, const std::vector<std::string>& before, const std::vector<std::string>& services) {
  std::set<std::string> names;
  if (std::includes(services.begin(), services.end(), before.begin(), before.end())) return names;
  for (const auto& service : services) {
    MUSTER_TRY(const auto descriptor, after.descriptor(service));
    if (!descriptor || !descriptor->release) continue;
    names.insert(descriptor->release->renamed_from.begin(), descriptor->release->renamed_from.end());
  }
  return names;
}

}  // namespace

Result<Deletions> count_deletions(const std::shared_ptr<git::Repository>& repository, const Ledger& ledger, const model::Budget& budget,
                                  const git::Oid& tree, const std::map<std::string, Approval, std::less<>>& approvals, Instant now) {
  Deletions out;
  MUSTER_TRY(out.base, find_base(*repository, ledger, approvals, now));
  Standing before(repository, out.base);
  Standing after = Standing::of_tree(repository, tree);
  MUSTER_TRY(const auto services_before, before.services());
  MUSTER_TRY(const auto services_after, after.services());
  MUSTER_TRY(const auto renamed, renamed_away(after, services_before, services_after));

  // Folders that are equal delete nothing, and an object cannot have moved into one.
  std::size_t total = 0;
  std::set<manifest::ObjectId> gone;
  std::set<manifest::ObjectId> stands;
  for (const auto& service : services_before) {
    MUSTER_TRY(const auto files, before.files(service));
    total += files.size();
    MUSTER_TRY(const auto folder_before, before.folder(service));
    MUSTER_TRY(const auto folder_after, after.folder(service));
    if (folder_before == folder_after || (!folder_after && renamed.contains(service))) continue;
    MUSTER_TRY(const auto ids_after, after.identities(service));
    if (!ids_after) continue;  // It stands, and cannot be read: nothing of it is known to be gone.
    MUSTER_TRY(const auto ids, before.identities(service));
    if (ids) gone.insert(ids->begin(), ids->end());
  }
  for (const auto& service : services_after) {
    MUSTER_TRY(const auto folder_before, before.folder(service));
    MUSTER_TRY(const auto folder_after, after.folder(service));
    if (folder_before == folder_after) continue;
    MUSTER_TRY(const auto ids, after.identities(service));
    if (ids) stands.insert(ids->begin(), ids->end());
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
