// Removal: only of what a record had put there, only while the whole fleet evaluates without error and is not older than
// recorded. Absence from a fleet that is broken or old says nothing.
#include <fmt/core.h>

#include "deliver/items.hpp"

namespace muster::deliver {
namespace {

/// Why a service that is not declared any more stays for now; nullopt: nothing keeps it.
std::optional<Obstacle> keeps(Pass& pass, const record::LedgerInput& declaration) {
  if (!pass.run.fleet.whole) {
    return Obstacle{Why::removal_held,
                    "",
                    "it is not declared any more, and while the fleet has errors nothing counts as removed",
                    "mend the fleet; `muster check` lists the errors",
                    std::nullopt,
                    std::nullopt};
  }
  if (auto older = pass.fleet_order()(declaration.made_by)) return older;
  return ask_freeze(pass, record::Cause::fleet);
}

Proposal removal_of(const Pass& pass, const Item& item) {
  Proposal proposal;
  proposal.service = item.service;
  proposal.environment = pass.environment.name;
  proposal.removal = true;
  proposal.standing = item.descriptor->release;
  proposal.standing_folder = item.descriptor->folder;
  for (const auto& [name, entry] : item.ledger->inputs) {
    Move move{name, std::nullopt, record::Absent{}, record::Cause::fleet};
    if (!std::holds_alternative<record::Absent>(entry.value)) move.before = entry.value;
    proposal.moves.push_back(std::move(move));
  }
  return proposal;
}

}  // namespace

Result<void> propose_removals(Pass& pass) {
  if (pass.run.manual) return {};
  for (Item& item : pass.items) {
    if (item.declared() || !item.stands || !item.selected || find_hold(pass, item) != nullptr) continue;
    const record::LedgerInput* declaration = item.ledger == nullptr ? nullptr : item.ledger->input(record::kDeclaration);
    if (declaration == nullptr || item.ledger->removed()) {
      item.obstacles.push_back({Why::undeclared, "", "it stands, and the fleet does not declare it",
                                "declare it, or take it off the branch by hand", std::nullopt, std::nullopt});
      continue;
    }
    if (auto obstacle = keeps(pass, *declaration)) {
      item.obstacles.push_back(std::move(*obstacle));
      item.partial = true;
      continue;
    }
    MUSTER_CHECK(load_descriptor(pass, item));
    item.proposal = removal_of(pass, item);
  }
  return {};
}

}  // namespace muster::deliver
