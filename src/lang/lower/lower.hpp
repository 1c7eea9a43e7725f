// Lower: evaluated values to the model that the rooms below read.
//
// Thread-safety: lower_entities from one thread; instances are lowered side by side, each into its own place.
#pragma once

#include <vector>

#include "lang/evaluate/evaluate.hpp"
#include "lang/program.hpp"
#include "muster/model/fleet.hpp"

namespace muster::lang {

/// Fleet, environments, targets, teams, forges, freezes, groups, services; holds them against each other.
void lower_entities(Program& program, model::Fleet& fleet, diag::Diagnostics& out);
/// A gate of an environment's or service's `gate` record; `read` gives the value of "gate.soak" and so on.
template <typename Read>
model::Gate lower_gate(const Program& program, const Read& read, std::string owner, diag::Span span, std::string_view owning_team);
/// The name of what a reference points to.
std::string_view reference_name(const Program& program, const Datum& reference);
std::vector<std::string> text_list(const Datum& list);
/// "std.job", "std.workload": own kind first, without the schema.
std::vector<std::string> kind_chain(const Program& program, const Kind& kind);

/// Evaluates and lowers every instance; fills instances and poisoned of the fleet.
void lower_instances(Program& program, Ladders& ladders, model::Fleet& fleet, diag::Diagnostics& out);

// ---- template ----

template <typename Read>
model::Gate lower_gate(const Program& program, const Read& read, std::string owner, diag::Span span, std::string_view owning_team) {
  model::Gate gate;
  gate.owner = std::move(owner);
  gate.span = span;
  const Datum soak = read("gate.soak");
  for (std::size_t i = 0; soak.is(Tag::map) && i < soak.pairs().size(); i += 2) {
    gate.soak.push_back({std::string(reference_name(program, soak.pairs()[i])), Duration(soak.pairs()[i + 1].number)});
  }
  if (const Datum approval = read("gate.approval"); approval.is(Tag::record)) {
    const RecordType& type = program.types.record_at(approval.small);
    model::Gate::Approval made;
    made.count = static_cast<int>(approval.items()[static_cast<std::size_t>(type.field("count") - type.fields.data())].number);
    for (const Datum& one : approval.items()[static_cast<std::size_t>(type.field("from") - type.fields.data())].items()) {
      made.from.emplace_back(one.is(Tag::enumeration) ? owning_team : reference_name(program, one));
    }
    gate.approvals.push_back(std::move(made));
  }
  if (const Datum check = read("gate.check"); check.is(Tag::record)) {
    const RecordType& type = program.types.record_at(check.small);
    model::Gate::Check made;
    made.command = text_list(check.items()[static_cast<std::size_t>(type.field("command") - type.fields.data())]);
    made.timeout = Duration(check.items()[static_cast<std::size_t>(type.field("timeout") - type.fields.data())].number);
    gate.checks.push_back(std::move(made));
  }
  return gate;
}

}  // namespace muster::lang
