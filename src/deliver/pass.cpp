// The steps of one pass over one environment, in the order of the rules. Each decides from facts; only the commit writes.
#include "deliver/pass.hpp"

#include <fmt/core.h>

#include <algorithm>

#include "deliver/environment.hpp"
#include "deliver/items.hpp"

namespace muster::deliver {
namespace {

using Step = Result<void> (*)(Pass&);

constexpr Step kSteps[] = {
    gather_items,      // declared, standing, or in the ledger; renames
    pin_images,        // digests of tags that nobody resolved yet
    weigh_items,       // which inputs moved; rewound, taken off, edited, taken back: held
    propose_removals,  // undeclared, fleet whole and not older
    settle_items,      // render; drop the inputs whose gates wait; render again
    keep_change_budget, settle_claims, bind_together, keep_deletion_budget,
    bind_together,  // what the budget held, its partners wait for
};

}  // namespace

Item* Pass::find(std::string_view service) {
  const auto found = std::lower_bound(items.begin(), items.end(), service,
                                      [](const Item& item, std::string_view wanted) { return item.service < wanted; });
  return found == items.end() || found->service != service ? nullptr : &*found;
}

FleetOrder Pass::fleet_order() {
  return [this](const record::FleetStamp& made_by) {
    const std::string key = fmt::format("{} {} {}", made_by.revision, made_by.muster, made_by.edition);
    const auto known = fleet_orders.find(key);
    if (known != fleet_orders.end()) return known->second;
    return fleet_orders.emplace(key, compare_fleets(run, made_by)).first->second;
  };
}

Result<void> decide(Pass& pass) {
  pass.now = pass.run.state.now();
  if (pass.branch.tip.is_zero()) {
    static const record::Ledger kNothing;
    pass.ledger = &kNothing;
    pass.standing = record::Standing::of_tree(pass.records.repository(), pass.branch.tree);
  } else {
    MUSTER_TRY(pass.ledger, pass.records.ledger(pass.branch));
    pass.standing.emplace(pass.records.repository(), pass.branch.tip);
  }
  MUSTER_TRY(pass.holds, pass.standing->holds());
  MUSTER_TRY(pass.approvals, pass.standing->approvals());
  for (const Step step : kSteps) {
    if (pass.run.stop.stop_requested()) return retry(Reason::cancelled, "stopped before anything was recorded here");
    MUSTER_CHECK(step(pass));
  }
  return {};
}

}  // namespace muster::deliver
