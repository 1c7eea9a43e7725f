// Budgets: how much one pass may change by declaration, and how much may vanish in a day. Over a budget only those moves
// are held; everything else goes on.
#include <fmt/core.h>

#include <algorithm>
#include <set>

#include "deliver/items.hpp"
#include "muster/base/text.hpp"

namespace muster::deliver {
namespace {

constexpr std::size_t kFewChanges = 10;
constexpr int kChangesPercent = 20;

bool moves_declaration(const Pass& pass, const Item& item) {
  if (!item.proposal || item.proposal->removal || !item.stands || !item.proposal->objects_differ) return false;
  if (pass.run.request.rerender && item.proposal->moves.empty()) return true;
  return std::any_of(item.proposal->moves.begin(), item.proposal->moves.end(),
                     [](const Move& move) { return move.input == record::kDeclaration; });
}

Digest declaration_of(const Item& item) { return item.instance->declaration_digest; }

bool approved(const Pass& pass, const std::vector<Item*>& items) {
  return std::any_of(pass.approvals.begin(), pass.approvals.end(), [&](const auto& entry) {
    const record::Approval& approval = entry.second;
    return approval.what == record::Approval::What::changes && std::all_of(items.begin(), items.end(), [&](const Item* item) {
             const auto found = approval.declarations.find(item->service);
             return found != approval.declarations.end() && found->second == declaration_of(*item);
           });
  });
}

/// The other inputs of the instance go on, where the standing declaration can still be rendered.
Result<void> propose_rest(Pass& pass, Item& item) {
  MovedInputs rest;
  for (const auto& move : item.proposal->moves) {
    const auto moved = item.moved.find(move.input);
    if (move.input != record::kDeclaration && moved != item.moved.end()) rest.emplace(move.input, moved->second);
  }
  const bool whole_only = item.start || !item.renamed_from.empty() || !item.instance->together.empty();
  item.proposal.reset();
  if (rest.empty() || whole_only) return {};
  MUSTER_TRY(auto gated, ask_gates(pass, item, rest));
  if (!gated.passing.empty()) item.proposal = propose(pass, item, gated.passing, item.obstacles);
  return {};
}

/// Would the proposal leave out an object that stands?
bool deletes(const Item& item) {
  if (!item.proposal) return false;
  if (item.proposal->removal) return true;
  if (!item.proposal->standing) return false;
  std::set<manifest::ObjectId> stays;
  for (const auto& object : item.proposal->objects) stays.insert(object.id);
  const auto& before = item.proposal->standing->identities;
  return std::any_of(before.begin(), before.end(), [&](const auto& id) { return !stays.contains(id); });
}

std::string list_of(const std::vector<manifest::ObjectId>& objects) {
  constexpr std::size_t kShown = 5;
  std::vector<std::string> names;
  for (std::size_t i = 0; i < std::min(objects.size(), kShown); ++i) names.push_back(objects[i].text());
  std::string out = join(names, ", ");
  if (objects.size() > kShown) out += fmt::format(" and {} more", objects.size() - kShown);
  return out;
}

}  // namespace

Result<void> keep_change_budget(Pass& pass) {
  std::vector<Item*> moving;
  std::size_t standing = 0;
  for (Item& item : pass.items) {
    if (item.stands) ++standing;
    if (moves_declaration(pass, item)) moving.push_back(&item);
  }
  const auto percent = static_cast<std::size_t>(pass.environment.budget.changes.value_or(kChangesPercent));
  const std::size_t allowed = std::max(kFewChanges, standing * percent / 100);
  if (moving.size() <= allowed || approved(pass, moving)) return {};
  for (Item* item : moving) {
    item->hold(Why::changes_over_budget, std::string(record::kDeclaration),
               fmt::format("{} instances would move by declaration in one pass; the budget of {} is {}", moving.size(),
                           pass.environment.name, allowed),
               fmt::format("`muster approve --changes --in {}`, or change fewer at a time", pass.environment.name));
    MUSTER_CHECK(propose_rest(pass, *item));
  }
  return {};
}

Result<void> keep_deletion_budget(Pass& pass) {
  if (std::none_of(pass.items.begin(), pass.items.end(), deletes)) return {};
  std::vector<const Proposal*> proposals;
  for (const Item& item : pass.items) {
    if (item.proposal) proposals.push_back(&*item.proposal);
  }
  MUSTER_TRY(const git::Oid tree, proposed_tree(pass, proposals));
  MUSTER_TRY(const auto deletions,
             record::count_deletions(pass.records.repository(), *pass.ledger, pass.environment.budget, tree, pass.approvals, pass.now));
  pass.deletions = deletions;
  if (!deletions.over()) return {};
  for (Item& item : pass.items) {
    if (!deletes(item)) continue;
    drop_proposal(item,
                  {Why::deletions_over_budget, "",
                   fmt::format("{} would be gone within a day, the budget of {} is {}: {}", count_of(deletions.objects.size(), "object"),
                               pass.environment.name, deletions.allowed, list_of(deletions.objects)),
                   fmt::format("`muster approve --deletions --in {}`", pass.environment.name), std::nullopt, std::nullopt});
  }
  return {};
}

}  // namespace muster::deliver
