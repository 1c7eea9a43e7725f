// The operations: one small function for each Op, chosen by a table.
#include <algorithm>
#include <array>
#include <limits>

#include "lang/check/builtins.hpp"
#include "lang/evaluate/evaluate.hpp"
#include "lang/quantities.hpp"
#include "lang/text_forms.hpp"

namespace muster::lang {
namespace {

using Run = Datum (*)(Evaluator&, const Term&);

// Most operations look at one or two evaluated kids, and give poison for poison.
#define MUSTER_KID(name, at)                     \
  const Datum name = run.evaluate(term.kid(at)); \
  if (name.poisoned()) return name

Datum constant(Evaluator&, const Term& term) { return term.value; }

Datum local(Evaluator& run, const Term& term) { return run.local(term.index); }

Datum slot(Evaluator& run, const Term& term) { return run.slot(*run.frame(), SlotId{term.index}, term.span); }

Datum environment(Evaluator& run, const Term& term) { return run.environment_field(term.index, term); }

Datum fleet(Evaluator& run, const Term& term) {
  const EntityTable& fleets = run.program().table(EntityWord::fleet);
  return run.output(make::entity(static_cast<std::uint16_t>(EntityWord::fleet), fleets.all.empty() ? kAligned : 0), SlotId{term.index},
                    term);
}

Datum output(Evaluator& run, const Term& term) {
  MUSTER_KID(reference, 0);
  return run.output(reference, SlotId{term.index}, term);
}

Datum edges(Evaluator& run, const Term& term) {
  const Frame& frame = *run.frame();
  if (run.computes_needs())
    return run.fail(term.span, "F0306", "`needs` makes the edges, so it cannot be computed from them", "read for `needs`");
  std::vector<Datum> services;
  for (const Edge& edge : run.program().edges_of(frame.id, frame.environment)) {
    const auto [service, in] = run.program().instances[edge.instance];
    services.push_back(make::service(service, in == frame.environment ? kAligned : in));
  }
  return make::sequence(run.arena(), Tag::list, services);
}

Datum declared_name(Evaluator& run, const Term&) { return make::text(run.frame()->entity->name); }

Datum field(Evaluator& run, const Term& term) {
  MUSTER_KID(record, 0);
  if (record.is(Tag::none)) return record;
  return record.items()[term.index];
}

Datum item(Evaluator& run, const Term& term) {
  MUSTER_KID(container, 0);
  MUSTER_KID(key, 1);
  if (container.is(Tag::map)) {
    if (const Datum* found = find(container, key)) return *found;
    std::string name;
    append_text(name, key, run.program());
    return run.fail(term.kid(1).span, "F0418", fmt::format("this map has no key `{}`", name), "not a key",
                    "`.get(key)` gives none for a key that is not there, and `.has(key)` asks");
  }
  if (key.number >= 0 && static_cast<std::uint64_t>(key.number) < container.size)
    return container.items()[static_cast<std::size_t>(key.number)];
  return run.fail(term.kid(1).span, "F0418", fmt::format("this list has no element {}; it has {}", key.number, container.size),
                  "outside the list", "the first element is number 0");
}

Datum call(Evaluator& run, const Term& term) { return run.call(run.program().functions[term.index], term); }

Datum builtin(Evaluator& run, const Term& term) {
  std::array<Datum, 8> arguments;
  const std::size_t count = std::min(arguments.size(), term.kids.size());
  for (std::size_t i = 0; i < count; ++i) {
    arguments[i] = run.evaluate(term.kid(i));
    if (arguments[i].poisoned()) return arguments[i];
  }
  return builtin_at(term.index).evaluate(run, term, std::span(arguments).first(count));
}

/// A condition may not hang from what is known only after check.
bool is_late(Evaluator& run, const Datum& value, const Term& at, Datum& poison) {
  if (!value.late) return false;
  poison =
      run.fail(at.span, "F0704", "an image's value is not known when the fleet is checked, so nothing can be decided by it", "late value");
  return true;
}

Datum conditional(Evaluator& run, const Term& term) {
  MUSTER_KID(condition, 0);
  return run.evaluate(term.kid(condition.truth() ? 1 : 2));
}

Datum logical_and(Evaluator& run, const Term& term) {
  MUSTER_KID(left, 0);
  return left.truth() ? run.evaluate(term.kid(1)) : left;
}

Datum logical_or(Evaluator& run, const Term& term) {
  MUSTER_KID(left, 0);
  return left.truth() ? left : run.evaluate(term.kid(1));
}

Datum logical_not(Evaluator& run, const Term& term) {
  MUSTER_KID(value, 0);
  return make::boolean(!value.truth());
}

Datum negate(Evaluator& run, const Term& term) {
  MUSTER_KID(value, 0);
  Datum result = value;
  if (value.number == std::numeric_limits<std::int64_t>::min())
    return run.fail(term.span, "F0412", "this number does not fit 64 bits", "too large");
  result.number = -value.number;
  return result;
}

Datum append_items(Evaluator& run, const Datum& a, const Datum& b, const Term& term) {
  if (!run.step(std::uint64_t{a.size} + b.size)) return run.over_budget(term.span);
  std::vector<Datum> items(a.pairs().begin(), a.is(Tag::map) ? a.pairs().end() : a.pairs().begin() + a.size);
  const std::span<const Datum> more = b.is(Tag::map) ? b.pairs() : b.items();
  items.insert(items.end(), more.begin(), more.end());
  if (run.bytes_spent()) return run.over_budget(term.span);
  if (a.is(Tag::map)) return make::map(run.arena(), std::move(items));
  if (a.is(Tag::set)) return make::set(run.arena(), std::move(items));
  return make::sequence(run.arena(), Tag::list, items);
}

Datum remove_items(Evaluator& run, const Datum& a, const Datum& b, const Term& term) {
  std::vector<Datum> items;
  if (!run.step(std::uint64_t{a.size} + b.size)) return run.over_budget(term.span);
  for (const Datum& one : a.items()) {
    if (!contains(b, one)) items.push_back(one);
  }
  return make::sequence(run.arena(), a.tag, items);
}

Datum compute(Evaluator& run, const Term& term) {
  MUSTER_KID(a, 0);
  MUSTER_KID(b, 1);
  if (a.is(Tag::text)) {
    std::string both(a.text());
    both.append(b.text());
    return run.keep_text(both, a.late || b.late, term.span);
  }
  if (a.is(Tag::list) || a.is(Tag::set) || a.is(Tag::map)) {
    if (b.tag != a.tag) return run.fail(term.span, "F0402", "only values of one form can be added", "a list and a map");
    return term.op == Op::add ? append_items(run, a, b, term) : remove_items(run, a, b, term);
  }
  if ((term.op == Op::divide || term.op == Op::modulo) && b.number == 0)
    return run.fail(term.span, "F0412", "this divides by zero", "the divisor is 0");
  const std::optional<std::int64_t> result = arithmetic(term.op, a.tag, a.number, b.tag, b.number);
  if (!result) return run.fail(term.span, "F0412", "the result does not fit 64 bits", "too large");
  return make::number(a.is(Tag::integer) ? (term.op == Op::multiply ? b.tag : a.tag) : a.tag, *result);
}

Datum compare_equal(Evaluator& run, const Term& term) {
  MUSTER_KID(a, 0);
  MUSTER_KID(b, 1);
  Datum poison;
  if (is_late(run, a, term.kid(0), poison) || is_late(run, b, term.kid(1), poison)) return poison;
  return make::boolean(equal(a, b) == (term.op == Op::equal));
}

Datum compare_order(Evaluator& run, const Term& term) {
  MUSTER_KID(a, 0);
  MUSTER_KID(b, 1);
  Datum poison;
  if (is_late(run, a, term.kid(0), poison) || is_late(run, b, term.kid(1), poison)) return poison;
  const int order = term.extra != 0 ? compare_versions(a.text(), b.text()) : compare(a, b);
  switch (term.op) {
    case Op::less: return make::boolean(order < 0);
    case Op::less_equal: return make::boolean(order <= 0);
    case Op::greater: return make::boolean(order > 0);
    default: return make::boolean(order >= 0);
  }
}

Datum coalesce(Evaluator& run, const Term& term) {
  MUSTER_KID(value, 0);
  return value.is(Tag::none) ? run.evaluate(term.kid(1)) : value;
}

Datum interpolate(Evaluator& run, const Term& term) {
  std::string text;
  bool late = false;
  for (const Term* kid : term.kids) {
    const Datum part = run.evaluate(*kid);
    if (part.poisoned()) return part;
    late = late || part.late;
    append_text(text, part, run.program());
  }
  return run.keep_text(text, late, term.span);
}

bool gather(Evaluator& run, const Term& term, std::vector<Datum>& items, Datum& poison) {
  items.reserve(term.kids.size());
  for (const Term* kid : term.kids) {
    items.push_back(run.evaluate(*kid));
    if (items.back().poisoned()) {
      poison = items.back();
      return false;
    }
  }
  return true;
}

Datum list(Evaluator& run, const Term& term) {
  std::vector<Datum> items;
  Datum poison;
  if (!gather(run, term, items, poison)) return poison;
  if (term.op == Op::set) return make::set(run.arena(), std::move(items));
  if (term.op == Op::record) return make::sequence(run.arena(), Tag::record, items, static_cast<std::uint16_t>(term.index));
  return make::sequence(run.arena(), Tag::list, items);
}

Datum map(Evaluator& run, const Term& term) {
  std::vector<Datum> items;
  Datum poison;
  if (!gather(run, term, items, poison)) return poison;
  // In JSON a key whose value is none is dropped.
  if (term.extra != 0) {
    std::size_t kept = 0;
    for (std::size_t i = 0; i + 1 < items.size(); i += 2) {
      if (items[i + 1].is(Tag::none)) continue;
      items[kept] = items[i];
      items[kept + 1] = items[i + 1];
      kept += 2;
    }
    items.resize(kept);
  }
  for (std::size_t i = 0; i < items.size(); i += 2) {
    if (is_late(run, items[i], *term.kids[i], poison)) return poison;
  }
  return make::map(run.arena(), std::move(items));
}

/// The elements of what a comprehension walks: for a map pairs, for the others the number of the element and itself.
struct Walk {
  const Datum& source;
  [[nodiscard]] std::size_t size() const { return source.size; }
  [[nodiscard]] Datum first(std::size_t at) const {
    return source.is(Tag::map) ? source.pairs()[at * 2] : make::integer(static_cast<std::int64_t>(at));
  }
  [[nodiscard]] Datum second(std::size_t at) const { return source.is(Tag::map) ? source.pairs()[at * 2 + 1] : source.items()[at]; }
};

Datum comprehension(Evaluator& run, const Term& term) {
  MUSTER_KID(source, 0);
  const Walk walk{source};
  std::vector<Datum> items;
  const bool is_map = term.op == Op::map_for;
  for (std::size_t i = 0; i < walk.size(); ++i) {
    if (run.bytes_spent()) return run.over_budget(term.span);
    run.reserve_locals(term.index + 2);
    if (term.extra == 2) {
      run.local(term.index) = walk.first(i);
      run.local(term.index + 1) = walk.second(i);
    } else {
      run.local(term.index) = source.is(Tag::map) ? walk.first(i) : walk.second(i);
    }
    if (term.kids[1] != nullptr) {
      MUSTER_KID(condition, 1);
      if (!condition.truth()) continue;
    }
    MUSTER_KID(value, 2);
    Datum poison;
    if (is_map && is_late(run, value, term.kid(2), poison)) return poison;
    items.push_back(value);
    if (is_map) {
      MUSTER_KID(mapped, 3);
      items.push_back(mapped);
    }
  }
  if (is_map) return make::map(run.arena(), std::move(items));
  if (term.op == Op::set_for) return make::set(run.arena(), std::move(items));
  return make::sequence(run.arena(), Tag::list, items);
}

Datum refine(Evaluator& run, const Term& term) {
  MUSTER_KID(value, 0);
  if (value.is(Tag::none)) return value;
  const RefinementType& type = run.program().types.refinement_at(term.index);
  if (type.condition == nullptr) return value;
  const Datum holds = run.with_it(value, *type.condition);
  if (holds.poisoned()) return holds;
  if (holds.truth()) return value;
  return run.fail_refinement(term.kid(0).span, type, value);
}

Datum verify(Evaluator& run, const Term& term) {
  MUSTER_KID(value, 0);
  if (value.is(Tag::none)) return value;
  if (const std::optional<std::string> wrong = check_text_form(static_cast<TypeTag>(term.index), value.text())) {
    return run.fail(term.kid(0).span, "F0405", *wrong, "not of this form");
  }
  return value;
}

Datum aligned(Evaluator& run, const Term& term) {
  MUSTER_KID(reference, 0);
  Datum bound = reference;
  if (bound.is(Tag::service) && bound.size == kAligned && run.frame() != nullptr) bound.size = run.frame()->environment;
  return bound;
}

#undef MUSTER_KID

constexpr std::array<Run, kOps> kRuns = [] {
  std::array<Run, kOps> runs{};
  const auto set = [&](Op op, Run run) { runs[static_cast<std::size_t>(op)] = run; };
  set(Op::constant, constant);
  set(Op::local, local);
  set(Op::slot, slot);
  set(Op::environment, environment);
  set(Op::fleet, fleet);
  set(Op::output, output);
  set(Op::edges, edges);
  set(Op::declared_name, declared_name);
  set(Op::field, field);
  set(Op::item, item);
  set(Op::call, call);
  set(Op::builtin, builtin);
  set(Op::conditional, conditional);
  set(Op::logical_and, logical_and);
  set(Op::logical_or, logical_or);
  set(Op::logical_not, logical_not);
  set(Op::negate, negate);
  for (const Op op : {Op::add, Op::subtract, Op::multiply, Op::divide, Op::modulo}) set(op, compute);
  for (const Op op : {Op::equal, Op::unequal}) set(op, compare_equal);
  for (const Op op : {Op::less, Op::less_equal, Op::greater, Op::greater_equal}) set(op, compare_order);
  set(Op::coalesce, coalesce);
  set(Op::interpolate, interpolate);
  for (const Op op : {Op::list, Op::set, Op::record}) set(op, list);
  set(Op::map, map);
  for (const Op op : {Op::list_for, Op::set_for, Op::map_for}) set(op, comprehension);
  set(Op::refine, refine);
  set(Op::verify, verify);
  set(Op::aligned, aligned);
  return runs;
}();

}  // namespace

Datum Evaluator::evaluate(const Term& term) {
  if (term.op == Op::constant) return term.value;
  if (!step()) return over_budget(term.span);
  return kRuns[static_cast<std::size_t>(term.op)](*this, term);
}

Datum Evaluator::call(const Function& function, const Term& term) {
  // The arguments lie above all locals in use, so that the callee's locals begin with its parameters.
  const std::size_t top = locals_.size();
  std::vector<Datum> arguments;
  arguments.reserve(term.kids.size());
  for (const Term* kid : term.kids) {
    arguments.push_back(evaluate(*kid));
    if (arguments.back().poisoned()) return arguments.back();
  }
  locals_.resize(std::max(top, locals_.size()));
  const std::size_t outer_base = base_;
  const std::size_t outer_size = locals_.size();
  base_ = outer_size;
  locals_.insert(locals_.end(), arguments.begin(), arguments.end());
  const Datum result = evaluate(*function.body);
  base_ = outer_base;
  locals_.resize(outer_size);
  return result;
}

Datum Evaluator::with_it(const Datum& value, const Term& condition) {
  const std::size_t outer_base = base_;
  const std::size_t outer_size = locals_.size();
  base_ = outer_size;
  locals_.push_back(value);
  const Datum result = evaluate(condition);
  base_ = outer_base;
  locals_.resize(outer_size);
  return result;
}

Datum Evaluator::keep_text(std::string_view text, bool late, diag::Span at) {
  Datum made = make::text(arena_.copy(text));
  made.late = late;
  if (bytes_spent()) return over_budget(at);
  return made;
}

void append_text(std::string& out, const Datum& value, const Program& program) {
  switch (value.tag) {
    case Tag::text: out.append(value.text()); return;
    case Tag::boolean: out.append(value.truth() ? "true" : "false"); return;
    case Tag::integer: out.append(std::to_string(value.number)); return;
    case Tag::decimal: out.append(decimal_text(value.number)); return;
    case Tag::percent: out.append(percent_text(value.number)); return;
    case Tag::duration: out.append(duration_text(value.number)); return;
    case Tag::bytes: out.append(bytes_quantity(value.number)); return;
    case Tag::cpu: out.append(cpu_text(value.number)); return;
    case Tag::enumeration: out.append(program.types.enum_at(value.small).members[value.size]); return;
    case Tag::none: out.append("none"); return;
    case Tag::null: out.append("null"); return;
    default: return;
  }
}

std::optional<std::int64_t> arithmetic(Op op, Tag left, std::int64_t a, Tag right, std::int64_t b) {
  __extension__ using Wide = __int128;
  const auto scaled = [](Tag tag) { return tag == Tag::decimal || tag == Tag::percent; };
  Wide result = 0;
  switch (op) {
    case Op::add: result = Wide{a} + b; break;
    case Op::subtract: result = Wide{a} - b; break;
    case Op::multiply: result = Wide{a} * b / (scaled(left) && scaled(right) ? kMillion : 1); break;
    case Op::divide: result = Wide{a} * (scaled(left) && scaled(right) ? kMillion : 1) / b; break;
    case Op::modulo: result = Wide{a} % b; break;
    default: return std::nullopt;
  }
  if (result > std::numeric_limits<std::int64_t>::max() || result < std::numeric_limits<std::int64_t>::min()) return std::nullopt;
  return static_cast<std::int64_t>(result);
}

}  // namespace muster::lang
