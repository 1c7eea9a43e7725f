// Settle: from moved inputs to a proposal, as far as the gates allow. What leaves every object as it stands needs no gate.
#include <algorithm>

#include "deliver/items.hpp"

namespace muster::deliver {
namespace {

bool all_or_nothing(const Item& item) {
  return item.start || !item.renamed_from.empty() || (item.instance != nullptr && !item.instance->together.empty());
}

/// Does the input stand at this value, and was it recorded last with it?
bool is_recorded(const Item& item, const Move& move) {
  const record::LedgerInput* recorded = item.ledger == nullptr ? nullptr : item.ledger->input(move.input);
  return move.before && record::same_content(*move.before, move.after) && recorded != nullptr &&
         record::same_content(recorded->value, move.after);
}

/// Does a proposal move an object, the ledger, or a name? A record that moves nothing is never made. (While a newer bundle waits, the
/// one that passes may be the very one that a resume accepted, and that stands.)
bool says_something(const Item& item, const Proposal& proposal) {
  const bool moves = std::any_of(proposal.moves.begin(), proposal.moves.end(), [&](const Move& move) { return !is_recorded(item, move); });
  return proposal.objects_differ || moves || item.replaces_edit || !proposal.renamed_from.empty();
}

/// A rename or a new rendering moves no input, and still belongs to the fleet.
bool frozen_without_moves(Pass& pass, Item& item) {
  if (!item.moved.empty()) return false;
  auto obstacle = ask_freeze(pass, record::Cause::fleet);
  if (!obstacle) return false;
  item.obstacles.push_back(std::move(*obstacle));
  item.partial = true;
  return true;
}

Result<void> check_and_keep(Pass& pass, Item& item, Proposal proposal) {
  if (!says_something(item, proposal)) return {};
  if (proposal.objects_differ) {
    MUSTER_TRY(auto obstacles, run_checks(pass, item, proposal));
    if (!obstacles.empty()) {
      std::move(obstacles.begin(), obstacles.end(), std::back_inserter(item.obstacles));
      item.partial = true;
      return {};
    }
  }
  item.proposal = std::move(proposal);
  return {};
}

Result<void> settle(Pass& pass, Item& item) {
  MUSTER_CHECK(load_descriptor(pass, item));
  auto whole = propose(pass, item, item.moved, item.obstacles);
  if (!whole) {
    item.partial = true;
    return {};
  }
  if (!whole->objects_differ) {
    if (says_something(item, *whole)) item.proposal = std::move(whole);
    return {};
  }
  if (frozen_without_moves(pass, item)) return {};
  MUSTER_TRY(auto gated, ask_gates(pass, item, item.moved));
  const bool everything = gated.waiting.empty();
  std::move(gated.waiting.begin(), gated.waiting.end(), std::back_inserter(item.obstacles));
  if (everything) return check_and_keep(pass, item, std::move(*whole));
  item.partial = true;
  // An older bundle that may pass is whole, too.
  if (gated.passing.empty() || (all_or_nothing(item) && gated.passing.size() != item.moved.size())) return {};
  auto part = propose(pass, item, gated.passing, item.obstacles);
  return part ? check_and_keep(pass, item, std::move(*part)) : Result<void>{};
}

bool has_work(const Pass& pass, const Item& item) {
  if (!item.selected || item.instance == nullptr) return false;
  if (!item.moved.empty()) return true;
  if (find_hold(pass, item) != nullptr || !item.stands || pass.run.manual) return false;
  const bool blocked = std::any_of(item.obstacles.begin(), item.obstacles.end(), [](const Obstacle& o) { return o.input.empty(); });
  return !blocked && (!item.renamed_from.empty() || pass.run.request.rerender);
}

}  // namespace

void drop_proposal(Item& item, Obstacle obstacle) {
  item.proposal.reset();
  item.obstacles.push_back(std::move(obstacle));
  item.partial = true;
}

Result<void> settle_items(Pass& pass) {
  for (Item& item : pass.items) {
    if (has_work(pass, item)) MUSTER_CHECK(settle(pass, item));
  }
  return {};
}

}  // namespace muster::deliver
