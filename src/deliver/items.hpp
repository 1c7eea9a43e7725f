// The steps of a pass; each takes the pass as the one before left it. A Failure stops the whole environment.
#pragma once

#include "deliver/pass.hpp"

namespace muster::deliver {

// ---- items.cpp ----
Result<void> gather_items(Pass& pass);
Result<void> load_descriptor(Pass& pass, Item& item);
const record::Hold* find_hold(const Pass& pass, const Item& item);

// ---- weigh.cpp ----
/// Which inputs of each instance moved; holds that come before any proposal.
Result<void> weigh_items(Pass& pass);

// ---- manual.cpp ----
/// promote: the instance takes what stands in another environment, past order and take-backs.
Result<void> weigh_manual(Pass& pass, Item& item);

// ---- removal.cpp ----
/// Services that stand and are not declared any more.
Result<void> propose_removals(Pass& pass);

// ---- settle.cpp ----
/// A proposal for each instance of which something moved, as far as its gates allow.
Result<void> settle_items(Pass& pass);

// ---- together.cpp ----
/// Services bound by `together` move together or not at all.
Result<void> bind_together(Pass& pass);

// ---- budgets.cpp ----
Result<void> keep_change_budget(Pass& pass);
Result<void> keep_deletion_budget(Pass& pass);

// ---- claims.cpp ----
/// One object has one owner in an environment.
Result<void> settle_claims(Pass& pass);

/// The item's proposal is taken away, and this says why.
void drop_proposal(Item& item, Obstacle obstacle);

}  // namespace muster::deliver
