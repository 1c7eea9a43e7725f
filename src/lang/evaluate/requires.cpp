#include "lang/evaluate/requires.hpp"

#include <fmt/format.h>

namespace muster::lang {
namespace {

void gather_slots(const Term& term, std::vector<SlotId>& out) {
  if (term.op == Op::slot) out.push_back(SlotId{term.index});
  for (const Term* kid : term.kids) {
    if (kid != nullptr) gather_slots(*kid, out);
  }
}

/// Where somebody outside the library set a value that the condition reads: the place to mend.
const Assignment* find_author(Evaluator& run, Frame& frame, const Term& condition) {
  std::vector<SlotId> slots;
  gather_slots(condition, slots);
  const Assignment* best = nullptr;
  std::vector<const Assignment*> winning;
  for (const SlotId slot : slots) {
    if (frame.kind->shape[slot].role != SlotRole::param) continue;
    run.winning_assignments(frame, slot, winning);
    if (winning.empty() || run.program().file_of(winning.front()->span.source).library) continue;
    if (best == nullptr || winning.front()->place() > best->place()) best = winning.front();
  }
  return best;
}

}  // namespace

const Cause* check_requires(Evaluator& run, Frame& frame, diag::Diagnostics& out) {
  const Cause* first = nullptr;
  for (const RequireCode& one : frame.kind->requires_) {
    const Datum holds = run.evaluate_in(&frame, *one.condition);
    if (holds.poisoned() || holds.truth()) continue;
    const Datum text = run.evaluate_in(&frame, *one.otherwise);
    if (text.poisoned()) continue;
    const Assignment* author = find_author(run, frame, *one.condition);
    const diag::Span at = author != nullptr ? author->span : frame.entity->span;
    auto& said = out.error(at, "F0410", "{}", text.text())
                     .label(author != nullptr ? "set here" : fmt::format("this {}", to_string(frame.entity->word)));
    said.also(one.condition->span, "must hold");
    if (first == nullptr) first = Program::cause(run.arena(), text.text(), at);
  }
  return first;
}

}  // namespace muster::lang
