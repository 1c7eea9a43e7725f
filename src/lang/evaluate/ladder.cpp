#include "lang/evaluate/ladder.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "lang/evaluate/evaluate.hpp"

namespace muster::lang {

using syntax::Assign;

namespace {

bool earlier(const diag::Span& a, const diag::Span& b) {
  if (a.source != b.source) return a.source < b.source;
  return a.begin < b.begin;
}

/// Two groups that meet are no error where an environment of the same rung decides.
bool decided_above(std::span<const Assignment* const> all, const Assignment& group) {
  return std::any_of(all.begin(), all.end(), [&](const Assignment* one) {
    return one->scope.kind == ScopeKind::environment && one->op == Assign::set && one->rung == group.rung && one->place() > group.place();
  });
}

/// The first two assignments of one place that contradict each other.
bool find_conflict(std::span<const Assignment* const> run, bool is_list, const Assignment*& first, const Assignment*& second) {
  const Assignment* set = nullptr;
  const Assignment* change = nullptr;
  const Assignment* append = nullptr;
  for (const Assignment* one : run) {
    const Assignment* against = nullptr;
    if (one->op == Assign::set) {
      const bool both_there = set != nullptr && set->form == Form::presence && one->form == Form::presence;
      if (!both_there) against = set != nullptr ? set : change;
      if (set == nullptr) set = one;
    } else {
      against = set;
      if (one->op == Assign::add && is_list && append != nullptr) against = append;
      if (one->op == Assign::add) append = one;
      if (change == nullptr) change = one;
    }
    if (against == nullptr) continue;
    first = against;
    second = one;
    return true;
  }
  return false;
}

std::string in_text(const Program& program, const Scope& scope) {
  if (scope.kind == ScopeKind::plain) return {};
  return std::string(program.table(scope.kind == ScopeKind::group ? EntityWord::group : EntityWord::environment).all[scope.id].name);
}

}  // namespace

void sort_by_place(std::vector<const Assignment*>& all) {
  std::sort(all.begin(), all.end(), [](const Assignment* a, const Assignment* b) {
    if (a->place() != b->place()) return a->place() > b->place();
    return earlier(a->span, b->span);
  });
}

void choose(std::span<const Assignment* const> all, bool is_list, Choice& out) {
  out.chosen.clear();
  out.first = out.second = out.lock = out.breaker = nullptr;
  for (std::size_t begin = 0; begin < all.size();) {
    std::size_t end = begin + 1;
    while (end < all.size() && all[end]->place() == all[begin]->place()) ++end;
    const auto run = all.subspan(begin, end - begin);
    const Assignment* first = nullptr;
    const Assignment* second = nullptr;
    if (out.first == nullptr && run.size() > 1 && find_conflict(run, is_list, first, second)) {
      const bool groups = first->scope.kind == ScopeKind::group && first->scope.id != second->scope.id;
      if (!groups || !decided_above(all, *first)) {
        out.first = first;
        out.second = second;
      }
    }
    begin = end;
  }
  // From low to high: what stands above a lock breaks it.
  for (std::size_t i = all.size(); i > 0 && out.breaker == nullptr; --i) {
    const Assignment& one = *all[i - 1];
    if (out.lock != nullptr && one.place() > out.lock->place()) out.breaker = &one;
    if (one.locked && one.op != Assign::add && out.lock == nullptr) out.lock = &one;
  }
  for (const Assignment* one : all) {
    out.chosen.push_back(one);
    if (one->op == Assign::set) break;
  }
}

std::vector<const Assignment*> shared_assignments(const Program& program, KindId kind, std::uint32_t team, SlotId slot,
                                                  std::uint32_t environment) {
  std::vector<const Assignment*> all;
  const auto gather = [&](const BodyCode& body) {
    auto found = std::lower_bound(body.assignments.begin(), body.assignments.end(), slot,
                                  [](const Assignment& one, SlotId wanted) { return one.slot < wanted; });
    for (; found != body.assignments.end() && found->slot == slot; ++found) {
      if (program.covers(found->scope, environment)) all.push_back(&*found);
    }
  };
  const Kind& of = program.kind(kind);
  for (const KindId id : of.chain) gather(program.kind(id).body);
  for (const Defaults& defaults : program.defaults) {
    if (defaults.word != of.word || defaults.unknown_kind || defaults.unknown_team) continue;
    if (defaults.kind != kNoKind && !of.derives_from(defaults.kind)) continue;
    if (defaults.team == kAligned || defaults.team == team) gather(defaults.body);
  }
  sort_by_place(all);
  return all;
}

std::uint32_t Ladders::effective_team(KindId kind, std::uint32_t team) const {
  if (team == kAligned) return kAligned;
  const Kind& of = program_.kind(kind);
  const bool any = std::any_of(program_.defaults.begin(), program_.defaults.end(), [&](const Defaults& one) {
    return one.team == team && one.word == of.word && (one.kind == kNoKind || of.derives_from(one.kind));
  });
  return any ? team : kAligned;
}

const Ladder* Ladders::find(KindId kind, std::uint32_t team) const {
  const auto exact = index_.find({kind, team});
  return exact == index_.end() ? nullptr : exact->second;
}

std::vector<const Ladder*> Ladders::all() const {
  std::vector<const Ladder*> ladders;
  for (const auto& one : all_) ladders.push_back(one.get());
  return ladders;
}

const Ladder& Ladders::of(KindId kind, std::uint32_t team, diag::Diagnostics& out) {
  if (const Ladder* found = find(kind, team)) return *found;
  const std::uint32_t effective = effective_team(kind, team);
  const Ladder* shared = find(kind, effective);
  if (shared == nullptr) {
    Ladder& made = *all_.emplace_back(std::make_unique<Ladder>());
    made.kind = kind;
    made.team = effective;
    build(made, out);
    shared = &made;
    index_.emplace(std::pair(kind, effective), shared);
  }
  index_.emplace(std::pair(kind, team), shared);
  return *shared;
}

void Ladders::build(Ladder& ladder, diag::Diagnostics& out) {
  const bool services = program_.kind(ladder.kind).word == EntityWord::service;
  const std::size_t count = services ? program_.environment_count() : 1;
  ladder.plans.resize(count);
  ladder.values.resize(count);
  ladder.states.resize(count);
  ladder.poisons.resize(count, nullptr);
  ladder.mentioning.resize(count);
  for (std::size_t i = 0; i < count; ++i) plan(ladder, services ? static_cast<std::uint32_t>(i) : kAligned, out);
}

void Ladders::plan(Ladder& ladder, std::uint32_t environment, diag::Diagnostics& out) {
  const Kind& kind = program_.kind(ladder.kind);
  const std::size_t at = environment == kAligned ? 0 : environment;
  const std::size_t count = kind.shape.slots.size();
  ladder.plans[at].resize(count);
  ladder.values[at].resize(count);
  ladder.states[at].assign(count, SlotState::unknown);
  for (const Defaults& defaults : program_.defaults) {
    if (defaults.word != kind.word || defaults.unknown_kind || (defaults.kind != kNoKind && !kind.derives_from(defaults.kind))) continue;
    if (defaults.team != kAligned && defaults.team != ladder.team) continue;
    const Cause*& poison = ladder.poisons[at];
    if (poison == nullptr && !defaults.unknown_team) poison = defaults.poison;
    for (const BodyPoison& one : defaults.body.poisons) {
      if (poison == nullptr && program_.covers(one.scope, environment)) poison = one.cause;
    }
  }
  Choice choice;
  for (std::uint32_t i = 0; i < count; ++i) {
    const Slot& slot = kind.shape.slots[i];
    if (slot.role != SlotRole::param || (slot.composite && !program_.types.is_optional(slot.type))) continue;
    SlotPlan& plan = ladder.plans[at][i];
    const std::vector<const Assignment*> all = shared_assignments(program_, ladder.kind, ladder.team, SlotId{i}, environment);
    choose(all, program_.types.tag(program_.types.base(slot.type)) == TypeTag::list, choice);
    if (choice.first != nullptr) plan.broken = report_twice(program_, *choice.first, *choice.second, environment, arena_, out);
    if (choice.breaker != nullptr) plan.broken = report_locked(program_, *choice.lock, *choice.breaker, arena_, out);
    plan.lock = choice.lock;
    plan.first_locked_add = static_cast<std::uint32_t>(ladder.locked_adds.size());
    for (const Assignment* one : all) {
      if (!one->locked || one->op != Assign::add) continue;
      ladder.locked_adds.push_back(one);
      // `=` above elements that are locked would hide them.
      for (const Assignment* above : all) {
        if (above->op == Assign::set && above->place() > one->place()) plan.broken = report_locked(program_, *one, *above, arena_, out);
      }
    }
    plan.locked_adds = static_cast<std::uint32_t>(ladder.locked_adds.size()) - plan.first_locked_add;
    plan.first = static_cast<std::uint32_t>(ladder.active.size());
    plan.count = static_cast<std::uint32_t>(choice.chosen.size());
    ladder.active.insert(ladder.active.end(), choice.chosen.begin(), choice.chosen.end());
    if (std::any_of(choice.chosen.begin(), choice.chosen.end(), [](const Assignment* one) { return one->mentions != 0; }))
      ladder.mentioning[at].push_back(SlotId{i});
    warn_hidden(program_, slot, all, choice.chosen.size(), out);
  }
  fold(ladder, environment, out);
}

/// Slots whose assignments are constants have their value already.
void Ladders::fold(Ladder& ladder, std::uint32_t environment, diag::Diagnostics& out) {
  const Kind& kind = program_.kind(ladder.kind);
  const std::size_t at = environment == kAligned ? 0 : environment;
  Evaluator evaluator(program_, arena_, &out);
  for (std::uint32_t i = 0; i < kind.shape.slots.size(); ++i) {
    const Slot& slot = kind.shape.slots[i];
    SlotPlan& plan = ladder.plans[at][i];
    if (slot.role != SlotRole::param || slot.composite || plan.broken != nullptr) continue;
    const auto active = ladder.of(plan);
    const bool whole = !active.empty() && active.back()->op == Assign::set;
    const auto constant = [](const Term* term) { return term == nullptr || term->constant(); };
    if (!whole && !constant(slot.initial)) continue;
    if (!std::all_of(active.begin(), active.end(),
                     [&](const Assignment* one) { return one->form == Form::reset ? constant(slot.initial) : constant(one->value); }))
      continue;
    const Datum value = evaluator.fold_slot(ladder, plan, SlotId{i});
    if (value.is(Tag::absent) || (value.late && !slot.late)) continue;
    plan.constant = true;
    plan.value = value;
    ladder.values[at][i] = value;
    ladder.states[at][i] = SlotState::known;
  }
}

// ---- what is said ----

std::string body_text(const Program& program, const Assignment& assignment) {
  for (const Kind& kind : program.kinds) {
    if (&kind.body == assignment.body) return fmt::format("kind {}", kind.qualified);
  }
  for (const Defaults& defaults : program.defaults) {
    if (&defaults.body != assignment.body) continue;
    const syntax::Tree& tree = program.file(defaults.file).tree();
    std::string text = fmt::format("defaults {}", to_string(defaults.word));
    if (!defaults.declaration->path.empty()) text += fmt::format(" : {}", tree.text(defaults.declaration->path));
    if (!defaults.declaration->alias.empty()) text += fmt::format(" for {}", tree.text(defaults.declaration->alias));
    return text;
  }
  for (const EntityTable& table : program.entities) {
    for (const Entity& entity : table.all) {
      if (&entity.body == assignment.body) return fmt::format("{} {}", to_string(entity.word), entity.name);
    }
  }
  return "this body";
}

std::string place_text(const Program& program, const Assignment& assignment) {
  std::string text;
  switch (assignment.rung) {
    case Rung::schema: text = "schema default"; break;
    case Rung::kind: text = body_text(program, assignment); break;
    case Rung::fleet_defaults: text = "fleet defaults"; break;
    case Rung::team_defaults: text = "team defaults"; break;
    case Rung::entity: text = "entity"; break;
  }
  const std::string scope = in_text(program, assignment.scope);
  return scope.empty() ? text : text + ", in " + scope;
}

const Cause* report_twice(const Program& program, const Assignment& a, const Assignment& b, std::uint32_t environment, Arena& arena,
                          diag::Diagnostics& out) {
  const bool swapped = earlier(b.span, a.span);
  const Assignment& first = swapped ? b : a;
  const Assignment& second = swapped ? a : b;
  const std::string body = body_text(program, second);
  const std::string slot = slot_path(program, second);
  if (first.scope.kind == ScopeKind::group && second.scope.kind == ScopeKind::group && first.scope.id != second.scope.id) {
    const std::string message = fmt::format("groups `{}` and `{}` both set `{}` for {}", in_text(program, first.scope),
                                            in_text(program, second.scope), slot, program.environment_name(environment));
    out.error(second.span, "F0502", "{}", message)
        .label("equally specific")
        .also(first.span, "equally specific")
        .help(fmt::format("say which one wins: `in {} {{ {} }}`", program.environment_name(environment), program.sources.text(first.span)));
    return Program::cause(arena, message, second.span);
  }
  const std::string scope = in_text(program, second.scope);
  const bool appends = first.op == Assign::add && second.op == Assign::add;
  const std::string message = appends ? fmt::format("`{}` is added to twice{} in `{}`", slot, scope.empty() ? "" : " for " + scope, body)
                                      : fmt::format("`{}` is set twice{} in `{}`", slot, scope.empty() ? "" : " for " + scope, body);
  auto& said = out.error(second.span, "F0501", "{}", message).label("second value").also(first.span, "first value");
  said.note("order never decides in fleet files; keep one of them");
  return Program::cause(arena, message, second.span);
}

const Cause* report_locked(const Program& program, const Assignment& lock, const Assignment& breaker, Arena& arena,
                           diag::Diagnostics& out) {
  const std::string slot = slot_path(program, lock);
  const std::string holder = body_text(program, lock);
  const std::string message = fmt::format("`{}` is locked by {}", slot, holder);
  const bool part = lock.op == Assign::add;
  auto& said = out.error(breaker.span, "F0503", "{}", message)
                   .label(fmt::format("may not be set by {}", body_text(program, breaker)))
                   .also(lock.span, part ? "these elements are locked" : "locked here");
  if (part && breaker.op == Assign::set) {
    // The usual slip: the elements may stay, and what the author wants comes beside them.
    said.help(fmt::format("write `{} += …`, which adds to them", slot));
    return Program::cause(arena, message, breaker.span);
  }
  const std::string_view path = holder.starts_with("kind ") ? std::string_view(holder).substr(5) : std::string_view(holder);
  said.help(fmt::format("whoever owns {} can waive it: `waive {}.{} for {} {{ until = …, reason = \"…\" }}`", holder, path, slot,
                        body_text(program, breaker)));
  return Program::cause(arena, message, breaker.span);
}

void warn_hidden(const Program& program, const Slot& slot, std::span<const Assignment* const> all, std::size_t chosen,
                 diag::Diagnostics& out) {
  if (chosen == 0 || chosen > all.size() || all[chosen - 1]->op != Assign::set) return;
  const Assignment& top = *all[chosen - 1];
  if (top.form != Form::written || top.rung < Rung::fleet_defaults) return;
  for (const Assignment* hidden : all.subspan(chosen)) {
    if (hidden->rung >= top.rung || hidden->form != Form::written) continue;
    if (slot.additive && hidden->locked) return;  // That is an error, and said as one.
    if (slot.additive) {
      out.warning(top.span, "W0511", "`{} =` hides what is given to `{}` from below", slot.path, slot.path)
          .label("sets it whole")
          .also(hidden->span, "hidden")
          .help(fmt::format("`{} +=` adds to it", slot.path));
      return;
    }
    if (top.scope.kind == ScopeKind::plain && hidden->scope.kind != ScopeKind::plain) {
      const std::string in = in_text(program, hidden->scope);
      out.warning(top.span, "W0510", "this plain value of `{}` wins over one for {}", slot.path, in)
          .label("wins everywhere")
          .also(hidden->span, fmt::format("hidden: a lower rung, although for {}", in))
          .help(fmt::format("if that is meant, say it: `in {} {{ {} }}`", in, program.sources.text(top.span)));
      return;
    }
  }
}

std::string slot_path(const Program& program, const Assignment& assignment) {
  // Slots of a base have the same number in all kinds that derive from it; any kind that is long enough will do.
  for (const Kind& kind : program.kinds) {
    if (&kind.body == assignment.body) return std::string(kind.shape[assignment.slot].path);
  }
  for (const Defaults& defaults : program.defaults) {
    if (&defaults.body != assignment.body) continue;
    return std::string(program.kind(defaults.kind == kNoKind ? program.root(defaults.word) : defaults.kind).shape[assignment.slot].path);
  }
  for (const EntityTable& table : program.entities) {
    for (const Entity& entity : table.all) {
      if (&entity.body == assignment.body) return std::string(program.kind_of(entity).shape[assignment.slot].path);
    }
  }
  return "?";
}

}  // namespace muster::lang
