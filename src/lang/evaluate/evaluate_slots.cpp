// Slots: the assignments that count, applied from low to high; circles; what is read of other instances.
#include <fmt/format.h>

#include <algorithm>

#include "lang/evaluate/evaluate.hpp"
#include "lang/text_forms.hpp"

namespace muster::lang {
namespace {

/// "http://catalog.shop.svc:8080", "db.shop.svc.cluster.local": a name that resolves inside one cluster only.
bool is_cluster_address(std::string_view text) {
  for (std::size_t at = text.find(".svc"); at != std::string_view::npos; at = text.find(".svc", at + 1)) {
    const std::size_t after = at + 4;
    if (after == text.size() || text[after] == '.' || text[after] == ':' || text[after] == '/') return true;
  }
  return false;
}

bool holds_cluster_address(const Datum& value) {
  const auto any = [](std::span<const Datum> items) { return std::any_of(items.begin(), items.end(), holds_cluster_address); };
  switch (value.tag) {
    case Tag::text: return is_cluster_address(value.text());
    case Tag::list:
    case Tag::set:
    case Tag::record: return any(value.items());
    case Tag::map: return any(value.pairs());
    default: return false;
  }
}

}  // namespace

Frame& Evaluator::open(const Entity& entity, std::uint32_t id, std::uint32_t environment) {
  if (spare_.empty()) spare_.push_back(std::make_unique<Frame>());
  frames_.push_back(std::move(spare_.back()));
  spare_.pop_back();
  Frame& frame = *frames_.back();
  frame.entity = &entity;
  frame.id = id;
  frame.environment = environment;
  frame.kind = &program_.kind_of(entity);
  frame.ladder = ladders->find(entity.kind, entity.owner);
  const std::size_t in = environment == kAligned ? 0 : environment;
  frame.plans = frame.ladder->plans[in];
  frame.values = frame.ladder->values[in];
  frame.states = frame.ladder->states[in];
  frame.own.assign(frame.values.size(), 0);
  const std::vector<Assignment>& own = entity.body.assignments;
  for (std::size_t i = 0; i < own.size(); ++i) {
    const std::uint32_t slot = number(own[i].slot);
    if (frame.own[slot] != 0 || !program_.covers(own[i].scope, environment)) continue;
    frame.own[slot] = static_cast<std::uint16_t>(i + 1);
    frame.states[slot] = SlotState::unknown;
  }
  return frame;
}

Frame& Evaluator::begin(const Entity& entity, std::uint32_t id, std::uint32_t environment) {
  while (!frames_.empty()) {
    spare_.push_back(std::move(frames_.back()));
    frames_.pop_back();
  }
  active_.clear();
  locals_.clear();
  reads_.clear();
  base_ = foreign_ = 0;
  steps_ = bytes_ = slot_steps_ = 0;
  slot_bytes_ = arena_.requested();
  over_ = false;
  frame_ = &open(entity, id, environment);
  return *frame_;
}

Datum Evaluator::evaluate_in(Frame* frame, const Term& term) {
  Frame* const outer = frame_;
  frame_ = frame;
  const Datum value = evaluate(term);
  frame_ = outer;
  return value;
}

Datum Evaluator::evaluate_alone(const Term& term) {
  slot_steps_ = 0;
  slot_bytes_ = arena_.requested();
  over_ = false;
  return evaluate_in(nullptr, term);
}

Datum Evaluator::slot(Frame& frame, SlotId id, diag::Span read) {
  const std::uint32_t at = number(id);
  if (frame.states[at] == SlotState::known) return frame.values[at];
  if (frame.states[at] == SlotState::computing) return circle(frame, id, read);
  if (active_.size() >= kMaximumReads) {
    return fail(read, "F0603", fmt::format("more than {} values wait for one another here", kMaximumReads), "read here");
  }
  frame.states[at] = SlotState::computing;
  active_.push_back({&frame, id, read});
  const Datum value = compute(frame, id);
  active_.pop_back();
  frame.values[at] = value;
  frame.states[at] = SlotState::known;
  return value;
}

Datum Evaluator::compute(Frame& frame, SlotId id) {
  // Each slot has its own budget, and its own locals above those in use.
  Frame* const outer_frame = frame_;
  const std::size_t outer_base = base_;
  const std::size_t outer_locals = locals_.size();
  const std::uint64_t outer_steps = slot_steps_;
  const std::size_t outer_bytes = slot_bytes_;
  const bool outer_over = over_;
  const std::size_t before = arena_.requested();
  frame_ = &frame;
  base_ = outer_locals;
  slot_steps_ = 0;
  slot_bytes_ = before;
  over_ = false;

  const Slot& slot = frame.kind->shape[id];
  Datum value;
  if (slot.composite) {
    value = composite(frame, id);
  } else if (slot.role == SlotRole::param) {
    value = param(frame, id);
  } else {
    value = evaluate(*slot.initial);
    if (slot.role == SlotRole::output && value.late) {
      value = fail(slot.initial->span, "F0704",
                   fmt::format("the output `{}` hangs from an image's value, which others cannot read", slot.name), "late value");
    }
  }

  const std::size_t taken = arena_.requested() - before;
  if (foreign_ == 0) {
    steps_ += slot_steps_;
    bytes_ += arena_.requested() - slot_bytes_;
  }
  frame_ = outer_frame;
  base_ = outer_base;
  locals_.resize(outer_locals);
  slot_steps_ = outer_steps;
  slot_bytes_ = outer_bytes + taken;
  over_ = outer_over;
  return value;
}

void Evaluator::own_assignments(const Frame& frame, SlotId id, std::vector<const Assignment*>& out) const {
  out.clear();
  const std::vector<Assignment>& own = frame.entity->body.assignments;
  for (std::size_t i = frame.own[number(id)]; i != 0 && i <= own.size() && own[i - 1].slot == id; ++i) {
    if (program_.covers(own[i - 1].scope, frame.environment)) out.push_back(&own[i - 1]);
  }
}

void Evaluator::winning_assignments(const Frame& frame, SlotId id, std::vector<const Assignment*>& out) const {
  std::vector<const Assignment*> own;
  own_assignments(frame, id, own);
  Choice choice;
  choose(own, false, choice);
  out = std::move(choice.chosen);
  if (!out.empty() && out.back()->op == syntax::Assign::set) return;
  const auto shared = frame.ladder->of(frame.plans[number(id)]);
  out.insert(out.end(), shared.begin(), shared.end());
}

Datum Evaluator::assigned(const Slot& slot, const Assignment& assignment) {
  const Term* value = assignment.form == Form::reset ? slot.initial : assignment.value;
  return value == nullptr ? Datum() : evaluate(*value);
}

Datum Evaluator::fold_slot(const Ladder& ladder, const SlotPlan& plan, SlotId id) {
  slot_steps_ = 0;
  slot_bytes_ = arena_.requested();
  over_ = false;
  const Slot& slot = program_.kind(ladder.kind).shape[id];
  std::span<const Assignment* const> active = ladder.of(plan);
  if (!active.empty() && active.back()->op == syntax::Assign::set)
    return gather(ladder, plan, id, assigned(slot, *active.back()), active.first(active.size() - 1));
  return gather(ladder, plan, id, slot.initial == nullptr ? Datum() : slot.initial->value, active);
}

Datum Evaluator::shared_value(Frame& frame, SlotId id) {
  const SlotPlan& plan = frame.plans[number(id)];
  if (plan.broken != nullptr) return make::poison(plan.broken);
  if (plan.constant) return plan.value;
  std::span<const Assignment* const> active = frame.ladder->of(plan);
  const Slot& slot = frame.kind->shape[id];
  if (!active.empty() && active.back()->op == syntax::Assign::set) {
    return gather(*frame.ladder, plan, id, assigned(slot, *active.back()), active.first(active.size() - 1));
  }
  return gather(*frame.ladder, plan, id, slot.initial == nullptr ? Datum() : evaluate(*slot.initial), active);
}

Datum Evaluator::param(Frame& frame, SlotId id) {
  const SlotPlan& plan = frame.plans[number(id)];
  const Slot& slot = frame.kind->shape[id];
  Datum value;
  diag::Span at = slot.span;
  if (frame.own[number(id)] == 0) {
    value = shared_value(frame, id);
  } else {
    std::vector<const Assignment*> own;
    own_assignments(frame, id, own);
    at = own.front()->span;
    Choice choice;
    choose(own, program_.types.tag(program_.types.base(slot.type)) == TypeTag::list, choice);
    diag::Diagnostics quiet;
    diag::Diagnostics& out = out_ == nullptr || foreign_ != 0 ? quiet : *out_;
    if (choice.first != nullptr) return make::poison(report_twice(program_, *choice.first, *choice.second, frame.environment, arena_, out));
    if (plan.lock != nullptr) return make::poison(report_locked(program_, *plan.lock, *own.back(), arena_, out));
    std::span<const Assignment* const> chosen = choice.chosen;
    const bool whole = chosen.back()->op == syntax::Assign::set;
    if (whole && plan.locked_adds != 0) {
      return make::poison(report_locked(program_, *frame.ladder->locked_adds_of(plan).front(), *chosen.back(), arena_, out));
    }
    value = whole ? assigned(slot, *chosen.back()) : shared_value(frame, id);
    value = gather(*frame.ladder, plan, id, value, whole ? chosen.first(chosen.size() - 1) : chosen);
  }
  if (value.is(Tag::absent)) return missing(frame, id);
  if (value.late && !slot.late) {
    return fail(at, "F0704", fmt::format("`{}` may not hang from an image's value, which is known only when a release is made", slot.path),
                "late value", "values of `env` and `annotations` may");
  }
  return value;
}

Datum Evaluator::missing(Frame& frame, SlotId id) {
  const Slot& slot = frame.kind->shape[id];
  // A leaf of an optional record that is not there is not missing.
  for (SlotId parent = slot.parent; parent != kNoSlot; parent = frame.kind->shape[parent].parent) {
    const Slot& above = frame.kind->shape[parent];
    if (!program_.types.is_optional(above.type)) continue;
    const Datum there = param(frame, parent);
    if (there.poisoned() || !there.truth()) return make::of(Tag::none);
  }
  const std::string entity = fmt::format("{} {}", to_string(frame.entity->word), frame.entity->name);
  if (!frame.entity->body.poisons.empty()) return make::poison(frame.entity->body.poisons.front().cause);
  std::string by = "kind " + program_.kind(slot.declared_by).qualified;
  if (program_.kind(slot.declared_by).root) by = fmt::format("every {}", to_string(frame.entity->word));
  if (slot.parent != kNoSlot) by = fmt::format("`{}`", frame.kind->shape[slot.parent].path);
  return fail(frame.entity->span, "F0203", fmt::format("`{}` has no `{}`", entity, slot.path),
              fmt::format("needs `{}` ({}, required by {})", slot.path, program_.types.text(slot.type), by),
              fmt::format("add `{} = …`", slot.path));
}

Datum Evaluator::composite(Frame& frame, SlotId id) {
  const Slot& slot = frame.kind->shape[id];
  if (slot.role == SlotRole::param && program_.types.is_optional(slot.type)) {
    const Datum there = param(frame, id);
    if (there.poisoned()) return there;
    if (!there.truth()) return make::of(Tag::none);
  }
  std::vector<Datum> fields;
  for (std::uint32_t i = 0; i < slot.children; ++i) {
    fields.push_back(this->slot(frame, SlotId{slot.first_child + i}));
    if (fields.back().poisoned()) return fields.back();
  }
  const Type record = program_.types.base(program_.types.without_none(slot.type));
  return make::sequence(arena_, Tag::record, fields, static_cast<std::uint16_t>(program_.types.info(record).a));
}

Datum Evaluator::add(const Datum& value, const Datum& more, diag::Span at) {
  if (!step(std::uint64_t{value.size} + more.size) || bytes_spent()) return over_budget(at);
  if (value.is(Tag::absent) || value.is(Tag::none)) return more;
  const std::span<const Datum> old = value.is(Tag::map) ? value.pairs() : value.items();
  const std::span<const Datum> fresh = more.is(Tag::map) ? more.pairs() : more.items();
  std::vector<Datum> items(old.begin(), old.end());
  items.insert(items.end(), fresh.begin(), fresh.end());
  if (value.is(Tag::map)) return make::map(arena_, std::move(items));
  if (value.is(Tag::set)) return make::set(arena_, std::move(items));
  return make::sequence(arena_, Tag::list, items);
}

Datum Evaluator::remove(const Slot& slot, const Datum& value, const Datum& less, const Assignment& from) {
  std::vector<Datum> items;
  const bool is_map = value.is(Tag::map);
  const std::size_t stride = is_map ? 2 : 1;
  const std::span<const Datum> old = is_map ? value.pairs() : (value.is(Tag::absent) ? std::span<const Datum>() : value.items());
  for (std::size_t i = 0; i < old.size(); i += stride) {
    if (contains(less, old[i])) continue;
    items.insert(items.end(), old.begin() + static_cast<std::ptrdiff_t>(i), old.begin() + static_cast<std::ptrdiff_t>(i + stride));
  }
  for (const Datum& gone : less.items()) {
    bool there = false;
    for (std::size_t i = 0; i < old.size() && !there; i += stride) there = equal(old[i], gone);
    if (there) continue;
    const std::string name = language_text(gone, program_);
    return fail(from.value->span, "F0504", fmt::format("nothing to take away: `{}` is not in `{}` at this point", name, slot.path),
                "no lower place adds it", "take this out; or it was added by a base that no longer does");
  }
  if (is_map) return make::map(arena_, std::move(items));
  return make::sequence(arena_, value.is(Tag::set) ? Tag::set : Tag::list, items);
}

bool Evaluator::touches_lock(const Ladder& ladder, const SlotPlan& plan, const Assignment& above, const Datum& elements, Datum& poison) {
  for (const Assignment* lock : ladder.locked_adds_of(plan)) {
    if (lock == &above || lock->place() >= above.place()) continue;
    const Datum locked = evaluate(*lock->value);
    if (locked.poisoned()) continue;
    const std::size_t stride = elements.is(Tag::map) ? 2 : 1;
    const std::span<const Datum> all = elements.is(Tag::map) ? elements.pairs() : elements.items();
    for (std::size_t i = 0; i < all.size(); i += stride) {
      const bool hit =
          locked.is(Tag::map) ? find(locked, all[i]) != nullptr : (above.op == syntax::Assign::remove && contains(locked, all[i]));
      if (!hit) continue;
      diag::Diagnostics quiet;
      poison = make::poison(report_locked(program_, *lock, above, arena_, out_ == nullptr || foreign_ != 0 ? quiet : *out_));
      return true;
    }
  }
  return false;
}

Datum Evaluator::gather(const Ladder& ladder, const SlotPlan& plan, SlotId id, Datum value,
                        std::span<const Assignment* const> high_to_low) {
  if (value.poisoned() || high_to_low.empty()) return value;
  const Slot& slot = program_.kind(ladder.kind).shape[id];
  // From low to high; at one place what is taken away goes before what is added.
  for (std::size_t end = high_to_low.size(); end > 0;) {
    std::size_t begin = end;
    while (begin > 0 && high_to_low[begin - 1]->place() == high_to_low[end - 1]->place()) --begin;
    const auto run = high_to_low.subspan(begin, end - begin);
    std::vector<std::pair<const Assignment*, Datum>> added;
    for (const syntax::Assign op : {syntax::Assign::remove, syntax::Assign::add}) {
      for (const Assignment* one : run) {
        if (one->op != op) continue;
        const Datum elements = evaluate(*one->value);
        if (elements.poisoned()) return elements;
        Datum poison;
        if (touches_lock(ladder, plan, *one, elements, poison)) return poison;
        if (op == syntax::Assign::add && elements.is(Tag::map)) {
          for (const auto& [other, keys] : added) {
            for (std::size_t i = 0; i < elements.pairs().size(); i += 2) {
              if (find(keys, elements.pairs()[i]) == nullptr) continue;
              diag::Diagnostics quiet;
              const bool second =
                  one->span.source != other->span.source ? one->span.source > other->span.source : one->span.begin > other->span.begin;
              return make::poison(report_twice(program_, second ? *other : *one, second ? *one : *other,
                                               frame_ == nullptr ? kAligned : frame_->environment, arena_,
                                               out_ == nullptr || foreign_ != 0 ? quiet : *out_));
            }
          }
          added.emplace_back(one, elements);
        }
        value = op == syntax::Assign::add ? add(value, elements, one->span) : remove(slot, value, elements, *one);
        if (value.poisoned()) return value;
      }
    }
    end = begin;
  }
  return value;
}

Frame* Evaluator::find_open(std::uint32_t service, std::uint32_t environment) {
  for (const auto& frame : frames_) {
    if (frame->is_service() && frame->id == service && frame->environment == environment) return frame.get();
  }
  return nullptr;
}

Datum Evaluator::pinned(const Datum& value, std::uint32_t environment) {
  const auto all = [&](std::span<const Datum> items) {
    std::vector<Datum> bound;
    for (const Datum& item : items) bound.push_back(pinned(item, environment));
    return bound;
  };
  switch (value.tag) {
    case Tag::service: return make::service(static_cast<std::uint32_t>(value.number), value.size == kAligned ? environment : value.size);
    case Tag::list: return make::sequence(arena_, Tag::list, all(value.items()));
    case Tag::set: return make::set(arena_, all(value.items()));
    case Tag::record: return make::sequence(arena_, Tag::record, all(value.items()), value.small);
    case Tag::map: return make::map(arena_, all(value.pairs()));
    default: return value;
  }
}

Datum Evaluator::output(const Datum& reference, SlotId slot, const Term& at) {
  if (reference.is(Tag::none)) return reference;
  if (reference.is(Tag::entity)) {
    const auto& all = program_.table(static_cast<EntityWord>(reference.small)).all;
    const auto id = static_cast<std::size_t>(reference.number);
    if (id >= all.size() || all[id].values.empty()) return make::poison(arena_.make<Cause>(Cause{"it could not be evaluated", at.span}));
    const Datum value = all[id].values[number(slot)];
    return value.is(Tag::absent) ? make::of(Tag::none) : value;
  }
  const auto service = static_cast<std::uint32_t>(reference.number);
  const std::uint32_t environment = reference.size == kAligned ? frame_->environment : reference.size;
  const std::uint32_t instance = environment == kAligned ? kAligned : program_.instance_number(service, environment);
  const Entity& entity = program_.table(EntityWord::service).all[service];
  if (instance == kAligned) {
    const std::string_view name = environment == kAligned ? "" : program_.environment_name(environment);
    // Where a service is named that is not there, that has been said already.
    const std::uint32_t own = frame_->is_service() && frame_->environment != kAligned && frame_->id != kAligned
                                  ? program_.instance_number(frame_->id, frame_->environment)
                                  : kAligned;
    if (own != kAligned && own < program_.instance_poison.size() && program_.instance_poison[own] != nullptr)
      return make::poison(program_.instance_poison[own]);
    const std::string text =
        name.empty() ? fmt::format("in which environment is `{}` read? say it with `--in ENV`, or here: `{}@ENV`", entity.name, entity.name)
                     : fmt::format("`{}` does not exist in environment `{}`", entity.name, name);
    return fail(at.span, "F0303", text, "read here");
  }
  Datum value;
  if (Frame* open_already = find_open(service, environment)) {
    value = this->slot(*open_already, slot, at.span);
  } else if (const Datum* published = outputs == nullptr ? nullptr : outputs->find(instance, slot)) {
    value = *published;
  } else if (instance < program_.instance_poison.size() && program_.instance_poison[instance] != nullptr) {
    value = make::poison(program_.instance_poison[instance]);
  } else {
    ++foreign_;
    Frame& foreign = open(entity, service, environment);
    value = this->slot(foreign, slot, at.span);
    spare_.push_back(std::move(frames_.back()));
    frames_.pop_back();
    --foreign_;
    if (outputs != nullptr) outputs->publish(instance, slot, value);
  }
  if (foreign_ == 0) reads_.push_back({instance, slot, value});
  if (environment == frame_->environment || value.poisoned()) return value;
  const std::uint32_t there = program_.environment_targets[environment];
  if (there != program_.environment_targets[frame_->environment] && holds_cluster_address(value)) {
    return fail(at.span, "F0307",
                fmt::format("`{}@{}` is an address inside another cluster", entity.name,
                            program_.table(EntityWord::environment).all[environment].name),
                fmt::format("{} is delivered to another target", program_.table(EntityWord::environment).all[frame_->environment].name),
                "read an output that is reachable from outside, such as a public host");
  }
  return pinned(value, environment);
}

Datum Evaluator::environment_field(std::uint32_t field, const Term& at) {
  const EnvironmentField& wanted = program_.environment_fields[field];
  const std::uint32_t environment = frame_ == nullptr ? kAligned : frame_->environment;
  if (environment == kAligned) return make::poison(arena_.make<Cause>(Cause{"there is no environment here", at.span}));
  const Entity& entity = program_.table(EntityWord::environment).all[environment];
  const SlotId slot = wanted.slots[environment];
  if (slot == kNoSlot) {
    return fail(at.span, "F0308", fmt::format("not every environment has `{}`", wanted.name), fmt::format("{} has none", entity.name),
                fmt::format("give its kind a `param {}`, or read it in environments that have it: `in … {{ }}`", wanted.name));
  }
  if (entity.values.empty()) return make::poison(arena_.make<Cause>(Cause{"its environment could not be evaluated", at.span}));
  if (foreign_ == 0) reads_.push_back({kAligned, SlotId{field}, entity.values[number(slot)]});
  return entity.values[number(slot)];
}

bool Evaluator::computes_needs() const {
  return std::any_of(active_.begin(), active_.end(), [](const Active& one) { return one.frame->kind->shape[one.slot].needs_mentions; });
}

std::string Evaluator::value_name(const Frame& frame, SlotId slot) const {
  std::string name = fmt::format("{}.{}", frame.entity->name, frame.kind->shape[slot].path);
  if (frame.environment != kAligned) name += fmt::format("@{}", program_.table(EntityWord::environment).all[frame.environment].name);
  return name;
}

Datum Evaluator::circle(Frame& frame, SlotId slot, diag::Span at) {
  std::size_t first = active_.size();
  while (first > 0 && !(active_[first - 1].frame == &frame && active_[first - 1].slot == slot)) --first;
  std::vector<Active> round(active_.begin() + static_cast<std::ptrdiff_t>(first == 0 ? 0 : first - 1), active_.end());
  round.front().read = at;
  // The same circle is told the same way, whoever met it first.
  const auto key = [](const Active& one) { return std::tuple(one.frame->entity->name, one.frame->environment, number(one.slot)); };
  const auto smallest = std::min_element(round.begin(), round.end(), [&](const Active& a, const Active& b) { return key(a) < key(b); });
  std::rotate(round.begin(), smallest, round.end());
  std::string way;
  for (const Active& one : round) way += value_name(*one.frame, one.slot) + " → ";
  way += value_name(*round.front().frame, round.front().slot);
  const std::string message = round.size() == 1
                                  ? fmt::format("`{}` is computed from itself", value_name(*round.front().frame, round.front().slot))
                                  : "these values are computed from each other in a circle";
  const Cause* cause = Program::cause(arena_, message, at);
  if (out_ == nullptr) return make::poison(cause);
  const std::size_t next = round.size() == 1 ? 0 : 1;
  auto& said =
      out_->error(round[next].read, "F0306", "{}", message)
          .label(fmt::format("{} reads {}", value_name(*round[0].frame, round[0].slot), value_name(*round[next].frame, round[next].slot)));
  for (std::size_t i = 1; i < round.size(); ++i) {
    const Active& to = round[(i + 1) % round.size()];
    said.also(to.read, fmt::format("{} reads {}", value_name(*round[i].frame, round[i].slot), value_name(*to.frame, to.slot)));
  }
  said.note(way);
  return make::poison(cause);
}

Datum Evaluator::fail(diag::Span at, std::string_view code, const std::string& message, const std::string& label, const std::string& help) {
  const Cause* cause = Program::cause(arena_, message, at);
  if (out_ == nullptr || foreign_ != 0) return make::poison(cause);
  auto& said = out_->error(at, code, "{}", message).label(label).help(help);
  // An error inside the library is one of whoever uses it.
  if (frame_ != nullptr && at.known() && at.source != frame_->entity->span.source && program_.file_of(at.source).library) {
    said.also(frame_->entity->span, "while this is evaluated");
  }
  return make::poison(cause);
}

Datum Evaluator::fail_refinement(diag::Span at, const RefinementType& type, const Datum& value) {
  const std::string_view text = program_.sources.text(type.condition->span);
  return fail(at, "F0408", fmt::format("{} is not {}", language_text(value, program_), with_article(type.name)),
              fmt::format("must satisfy `{}`", text));
}

Datum Evaluator::over_budget(diag::Span at) {
  const Active* now = active_.empty() ? nullptr : &active_.back();
  std::string name = "this value";
  if (now != nullptr) name = "`" + value_name(*now->frame, now->slot) + "`";
  if (now == nullptr && !value_label.empty()) name = fmt::format("`{}`", value_label);
  const std::string message = bytes_spent() ? fmt::format("{} takes more than {} MiB", name, kSlotBytes >> 20U)
                                            : fmt::format("{} takes more than {} steps", name, kSlotSteps);
  const Cause* cause = Program::cause(arena_, message, at);
  if (std::exchange(over_, true) || out_ == nullptr || foreign_ != 0) return make::poison(cause);
  out_->error(at, bytes_spent() ? "F0602" : "F0601", "{}", message)
      .label("the budget is spent here")
      .note("every value has the same budget on every machine, so that check ends");
  return make::poison(cause);
}

std::vector<ForeignRead> Evaluator::take_reads() {
  const auto key = [](const ForeignRead& one) { return std::pair(one.instance, one.slot); };
  std::sort(reads_.begin(), reads_.end(), [&](const ForeignRead& a, const ForeignRead& b) { return key(a) < key(b); });
  reads_.erase(std::unique(reads_.begin(), reads_.end(), [&](const ForeignRead& a, const ForeignRead& b) { return key(a) == key(b); }),
               reads_.end());
  return std::exchange(reads_, {});
}

Outputs::Outputs(const Program& program) : program_(program) {
  for (const Kind& kind : program.kinds) {
    std::vector<std::uint16_t>& places = places_.emplace_back(kind.shape.slots.size(), std::uint16_t{0});
    std::uint16_t count = 0;
    for (std::size_t i = 0; i < places.size(); ++i) {
      const Slot& slot = kind.shape.slots[i];
      if (kind.word == EntityWord::service && slot.readable) places[i] = ++count;
    }
    counts_.push_back(count);
  }
  std::size_t total = 0;
  first_.reserve(program.instances.size());
  for (const auto& [service, environment] : program.instances) {
    first_.push_back(total);
    total += counts_[number(program.table(EntityWord::service).all[service].kind)];
  }
  values_ = std::make_unique<Datum[]>(total);
  states_ = std::make_unique<std::atomic<std::uint8_t>[]>(total);
}

std::optional<std::size_t> Outputs::cell(std::uint32_t instance, SlotId slot) const {
  const KindId kind = program_.table(EntityWord::service).all[program_.instances[instance].first].kind;
  const std::uint16_t place = places_[number(kind)][number(slot)];
  if (place == 0) return std::nullopt;
  return first_[instance] + place - 1;
}

const Datum* Outputs::find(std::uint32_t instance, SlotId slot) const {
  const auto at = cell(instance, slot);
  return at && states_[*at].load(std::memory_order_acquire) == done ? &values_[*at] : nullptr;
}

void Outputs::publish(std::uint32_t instance, SlotId slot, const Datum& value) {
  const auto at = cell(instance, slot);
  std::uint8_t expected = empty;
  if (!at || !states_[*at].compare_exchange_strong(expected, writing, std::memory_order_acq_rel)) return;
  values_[*at] = value;
  states_[*at].store(done, std::memory_order_release);
}

}  // namespace muster::lang
