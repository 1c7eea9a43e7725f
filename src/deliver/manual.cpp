// Manual: an explicit promote. Into an environment with `from` it lists `from`; into one that a branch feeds it is a record
// that moves no ledger. Order and take-backs do not count, gates do.
#include <fmt/core.h>

#include <algorithm>

#include "deliver/items.hpp"

namespace muster::deliver {
namespace {

void refuse(Item& item, Why why, std::string text, std::string lift) { item.hold(why, "", std::move(text), std::move(lift)); }

/// The record of what stands upstream: the newest that left this bundle, else the commit since which it stands.
Result<git::Oid> record_of(Pass& pass, const record::Branch& upstream, const std::string& service, const record::Bundle& bundle) {
  MUSTER_TRY(record::Chain * chain, pass.records.chain(upstream));
  MUSTER_TRY(const auto candidates, read_candidates(*chain, pass.run.state.lineages[upstream.environment], service, 0, &bundle));
  const auto found = std::find_if(candidates.rbegin(), candidates.rend(), [&](const Candidate& c) { return c.bundle == bundle; });
  if (found != candidates.rend()) return found->record;
  MUSTER_TRY(const record::Ledger* ledger, pass.records.ledger(upstream));
  const record::ServiceLedger* there = ledger->service(service);
  return there == nullptr ? upstream.tip : there->since;
}

void move_bundle(Item& item, const std::string& from, const git::Oid& record, const record::Inputs& values) {
  const record::Bundle bundle = record::bundle_of(values);
  if (!item.instance->follows.empty()) {
    const record::FromValue value{from, record, bundle.digest()};
    item.moved.emplace(record::kFrom, MovedInput{value, record::Cause::manual, values});
    return;
  }
  for (const auto& [name, value] : values) item.moved.emplace(name, MovedInput{value, record::Cause::manual, {}});
}

}  // namespace

Result<void> weigh_manual(Pass& pass, Item& item) {
  const std::string& from = pass.run.manual->from.empty() ? item.instance->follows : pass.run.manual->from;
  if (from.empty()) {
    refuse(item, Why::upstream_missing, fmt::format("{} is fed by a branch", pass.environment.name),
           "say where from: `muster promote … --from ENV`");
    return {};
  }
  const auto branch = pass.other(from);
  if (!branch.ok()) {
    refuse(item, Why::upstream_missing, branch.failure().text, fmt::format("look at {}", from));
    return {};
  }
  record::Standing upstream(pass.records.repository(), branch->tip);
  MUSTER_TRY(const auto there, upstream.descriptor(item.service));
  if (!there || !there->release) {
    refuse(item, Why::upstream_missing, fmt::format("{} does not stand in {}", item.service, from), "deliver it there first");
    return {};
  }
  item.start = !item.stands;
  if (item.stands) {
    MUSTER_CHECK(load_descriptor(pass, item));
    MUSTER_TRY(const std::string edited, pass.standing->edited(item.descriptor->service));
    if (!edited.empty()) {
      refuse(item, Why::edited, fmt::format("the descriptor was edited by hand: {}", edited),
             "take the edit back, or `muster resume` to replace it");
      return {};
    }
  }
  const record::Inputs values = bundle_values(there->release->values());
  const bool same = item.descriptor && item.descriptor->release && item.descriptor->release->bundle() == record::bundle_of(values);
  if (same) return {};
  if (auto obstacle = unsigned_in(pass, item, values)) {
    item.hold(std::move(*obstacle));
    return {};
  }
  MUSTER_TRY(const git::Oid record, record_of(pass, *branch, item.service, record::bundle_of(values)));
  move_bundle(item, from, record, values);
  if (item.start)
    item.moved.emplace(record::kDeclaration,
                       MovedInput{record::DeclarationValue{item.instance->declaration_digest}, record::Cause::fleet, {}});
  return {};
}

}  // namespace muster::deliver
