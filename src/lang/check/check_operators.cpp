// Operators, conditionals, comprehensions, indexing.
#include <fmt/format.h>

#include <algorithm>

#include "lang/check/check_expression.hpp"
#include "lang/text_forms.hpp"

namespace muster::lang {

using syntax::Expr;
using syntax::ExprId;
using syntax::ExprKind;
using syntax::Operator;

namespace {

struct Mapped {
  Operator from;
  Op to;
};
constexpr Mapped kOperators[] = {
    {Operator::add, Op::add},
    {Operator::subtract, Op::subtract},
    {Operator::multiply, Op::multiply},
    {Operator::divide, Op::divide},
    {Operator::modulo, Op::modulo},
    {Operator::equal, Op::equal},
    {Operator::unequal, Op::unequal},
    {Operator::less, Op::less},
    {Operator::less_equal, Op::less_equal},
    {Operator::greater, Op::greater},
    {Operator::greater_equal, Op::greater_equal},
    {Operator::logical_and, Op::logical_and},
    {Operator::logical_or, Op::logical_or},
    {Operator::coalesce, Op::coalesce},
};

Op op_of(Operator op) {
  const auto* found = std::find_if(std::begin(kOperators), std::end(kOperators), [&](const Mapped& one) { return one.from == op; });
  return found == std::end(kOperators) ? Op::constant : found->to;
}

bool is_number(TypeTag tag) { return tag >= TypeTag::integer && tag <= TypeTag::cpu; }
bool is_text(TypeTag tag) { return tag >= TypeTag::string && tag <= TypeTag::name; }
bool is_collection(TypeTag tag) { return tag == TypeTag::list || tag == TypeTag::set || tag == TypeTag::map; }

}  // namespace

const Term* ExpressionChecker::check_unary(ExprId, const Expr& expr, Type want) {
  const diag::Span span = tree_.span(expr.range);
  if (expr.op == Operator::logical_not) {
    const std::size_t before = narrowed();
    const Term* value = check(syntax::Tree::base(expr), kBool);
    widen(before);
    return make(Op::logical_not, span, kBool, {value});
  }
  const Term* value = check(syntax::Tree::base(expr), want);
  if (value->poisoned() || value->type == kPoison) return value;
  const TypeTag tag = types().tag(types().base(value->type));
  if (!is_number(tag)) return error(span, "F0402", fmt::format("{} has no negative", with_article(types().text(value->type))), "no number");
  return make(Op::negate, span, types().base(value->type), {value});
}

const Term* ExpressionChecker::check_binary(ExprId, const Expr& expr, Type want) {
  const diag::Span span = tree_.span(expr.range);
  switch (expr.op) {
    case Operator::logical_and:
    case Operator::logical_or: return check_logical(expr, span);
    case Operator::equal:
    case Operator::unequal: return check_equality(expr, span);
    case Operator::less:
    case Operator::less_equal:
    case Operator::greater:
    case Operator::greater_equal: return check_ordering(expr, span);
    case Operator::coalesce: return check_coalesce(expr, want, span);
    default: return check_arithmetic(expr, want, span);
  }
}

const Term* ExpressionChecker::check_logical(const Expr& expr, diag::Span span) {
  const Term* left = check(syntax::Tree::base(expr), kBool);
  const std::size_t before = narrowed();
  narrow(syntax::Tree::base(expr), expr.op == Operator::logical_and);
  const Term* right = check(syntax::Tree::right(expr), kBool);
  widen(before);
  return make(op_of(expr.op), span, kBool, {left, right});
}

/// Literals whose meaning hangs from the other side: `[]`, `{}`, numbers, enum values, none.
bool ExpressionChecker::speaks_for_itself(ExprId id) {
  const Expr& expr = tree_[id];
  switch (expr.kind) {
    case ExprKind::number:
    case ExprKind::none:
    case ExprKind::null:
    case ExprKind::braces:
    case ExprKind::string: return false;
    case ExprKind::list: return !tree_.items(expr).empty() && speaks_for_itself(tree_.items(expr).front());
    case ExprKind::unary: return expr.op == Operator::logical_not || speaks_for_itself(syntax::Tree::base(expr));
    case ExprKind::binary: return speaks_for_itself(syntax::Tree::base(expr)) || speaks_for_itself(syntax::Tree::right(expr));
    case ExprKind::name: {
      const std::string_view name = tree_.text(expr);
      const bool local = std::any_of(locals_.begin(), locals_.end(), [&](const Local& one) { return one.name == name; });
      const bool own = where_.site == Site::kind && where_.own != nullptr && where_.own->find(name) != kNoSlot;
      return local || own || find_constant(name, false) != nullptr;
    }
    default: return true;
  }
}

bool ExpressionChecker::check_pair(const Expr& expr, const Term*& left, const Term*& right) {
  const std::string_view outer = std::exchange(field_, std::string_view());
  const ExprId a = syntax::Tree::base(expr);
  const ExprId b = syntax::Tree::right(expr);
  const auto other_side = [&](const Term* known) { return types().optional(types().base(types().without_none(known->type))); };
  if (speaks_for_itself(a) || !speaks_for_itself(b)) {
    left = infer(a);
    right = left->poisoned() || left->type == kNone ? infer(b) : check(b, other_side(left));
  } else {
    right = infer(b);
    left = right->poisoned() || right->type == kNone ? infer(a) : check(a, other_side(right));
  }
  field_ = outer;
  return !left->poisoned() && !right->poisoned() && left->type != kPoison && right->type != kPoison;
}

const Term* ExpressionChecker::check_equality(const Expr& expr, diag::Span span) {
  const Term* left = nullptr;
  const Term* right = nullptr;
  const bool both = check_pair(expr, left, right);
  for (const ExprId side : {syntax::Tree::base(expr), syntax::Tree::right(expr)}) {
    if (where_.word != EntityWord::service || path_of(side) != "environment.name") continue;
    auto& said = out_.warning(tree_.span(side), "W0512", "comparing `environment.name` hides what is special about an environment");
    said.label("a name decides");
    if (where_.site == Site::entity) {
      said.help("write the value in `in ENVIRONMENT { … }`");
    } else {
      said.help("make it a param of the environment's kind, or of this kind");
    }
  }
  if (!both) return make(op_of(expr.op), span, kBool, {left, right});
  for (const Term* side : {left, right}) {
    if (!types().holds_secret(side->type) || left->type == kNone || right->type == kNone) continue;
    return error(side->span, "F0703", "secrets are references and cannot be compared", "secret");
  }
  return make(op_of(expr.op), span, kBool, {left, right});
}

const Term* ExpressionChecker::check_ordering(const Expr& expr, diag::Span span) {
  const Term* left = nullptr;
  const Term* right = nullptr;
  if (!check_pair(expr, left, right)) return make(op_of(expr.op), span, kBool, {left, right});
  for (const Term* side : {left, right}) {
    if (!types().is_optional(side->type)) continue;
    const Term* bad = error(side->span, "F0407", "this may be none here", types().text(side->type));
    diagnostic().help("`x ?? other` gives another value for none");
    return bad;
  }
  const TypeTag tag = types().tag(types().base(left->type));
  if (!is_number(tag) && !is_text(tag))
    return error(span, "F0402", fmt::format("{} has no order", with_article(types().text(left->type))), "cannot be compared so");
  return make(op_of(expr.op), span, kBool, {left, right}, 0, tag == TypeTag::semver ? 1 : 0);
}

const Term* ExpressionChecker::check_coalesce(const Expr& expr, Type want, diag::Span span) {
  const Type expected = want == kInfer ? kInfer : types().optional(want);
  const Term* left = check(syntax::Tree::base(expr), expected);
  if (left->poisoned()) return left;
  if (!types().is_optional(left->type) && left->type != kPoison && left->type != kJson) {
    out_.warning(left->span, "W0513", "this is never none, so what stands after `??` is never used").label(types().text(left->type));
  }
  const Type inner = types().without_none(left->type);
  const Term* right = check(syntax::Tree::right(expr), left->type == kNone ? kInfer : types().optional(inner));
  const Type type = types().is_optional(right->type) ? types().optional(inner) : (left->type == kNone ? right->type : inner);
  // The right side may be of a narrower type than its base: `Port` or `int`.
  const Type joined = assignable(right->type, type) ? type : right->type;
  return make(Op::coalesce, span, joined, {left, right});
}

const Term* ExpressionChecker::check_arithmetic(const Expr& expr, Type want, diag::Span span) {
  const Op op = op_of(expr.op);
  const TypeTag wanted_tag = want == kInfer ? TypeTag::poison : types().tag(want);
  const Term* left = nullptr;
  const Term* right = nullptr;
  if ((op == Op::add || op == Op::subtract) && (is_collection(wanted_tag) || wanted_tag == TypeTag::json || is_number(wanted_tag))) {
    left = check(syntax::Tree::base(expr), want);
    right = check(syntax::Tree::right(expr), want);
  } else if (op == Op::multiply || op == Op::divide) {
    // An amount times a number, or a number times an amount.
    const bool amount = is_number(wanted_tag) && wanted_tag != TypeTag::integer && wanted_tag != TypeTag::decimal;
    const bool left_plain = tree_[syntax::Tree::base(expr)].kind == ExprKind::number && tree_.unit(tree_[syntax::Tree::base(expr)]).empty();
    left = amount && !left_plain ? check(syntax::Tree::base(expr), want) : infer(syntax::Tree::base(expr));
    right = amount && left_plain ? check(syntax::Tree::right(expr), want) : infer(syntax::Tree::right(expr));
  } else {
    check_pair(expr, left, right);
  }
  if (left->poisoned() || right->poisoned() || left->type == kPoison || right->type == kPoison)
    return make(op, span, kPoison, {left, right});
  for (const Term* side : {left, right}) {
    if (!types().is_optional(side->type)) continue;
    const Term* bad = error(side->span, "F0407", "this may be none here", types().text(side->type));
    diagnostic().help("`x ?? other` gives another value for none");
    return bad;
  }
  const Type a = types().base(left->type);
  const Type b = types().base(right->type);
  const TypeTag ta = types().tag(a);
  const TypeTag tb = types().tag(b);
  if (op == Op::add && is_text(ta) && is_text(tb)) return make(op, span, kString, {left, right});
  if (op == Op::add && (a == kJson || b == kJson) && fits_json(a) && fits_json(b)) return make(op, span, kJson, {left, right});
  if ((op == Op::add && is_collection(ta)) || (op == Op::subtract && ta == TypeTag::set)) {
    // Of `[]` and a typed list the typed one decides.
    if (assignable(b, a)) return make(op, span, a, {left, right});
    if (assignable(a, b)) return make(op, span, b, {left, right});
  }
  if (is_number(ta) && is_number(tb)) {
    if ((op == Op::add || op == Op::subtract || op == Op::modulo) && a == b) return make(op, span, a, {left, right});
    if (op == Op::multiply && (ta == TypeTag::integer || tb == TypeTag::integer))
      return make(op, span, ta == TypeTag::integer ? b : a, {left, right});
    if (op == Op::multiply && ta == TypeTag::decimal && tb == TypeTag::decimal) return make(op, span, a, {left, right});
    if (op == Op::divide && tb == TypeTag::integer) return make(op, span, a, {left, right});
    if (op == Op::divide && ta == TypeTag::decimal && tb == TypeTag::decimal) return make(op, span, a, {left, right});
  }
  const Term* bad = error(tree_.span(syntax::Tree::operator_range(expr)), "F0409",
                          fmt::format("`{}` does not work on {} and {}", to_string(expr.op), with_article(types().text(left->type)),
                                      with_article(types().text(right->type))),
                          "no such operation");
  diagnostic().also(left->span, types().text(left->type)).also(right->span, types().text(right->type));
  if (op == Op::add && (is_text(ta) || is_text(tb))) diagnostic().help("text is put together with `\"\\(a)\\(b)\"`");
  return bad;
}

const Term* ExpressionChecker::check_conditional(ExprId, const Expr& expr, Type want) {
  const diag::Span span = tree_.span(expr.range);
  const ExprId condition_id = syntax::Tree::condition(expr);
  const std::string_view outer = std::exchange(field_, std::string_view());
  const Term* condition = check(condition_id, kBool);
  field_ = outer;
  const Type expected = want == kInfer ? kInfer : types().optional(want);
  const std::size_t before = narrowed();
  narrow(condition_id, true);
  const Term* then = check(syntax::Tree::right(expr), expected);
  widen(before);
  narrow(condition_id, false);
  Type other = expected;
  if (expected == kInfer && !then->poisoned() && then->type != kNone)
    other = types().optional(types().base(types().without_none(then->type)));
  const Term* otherwise = check(syntax::Tree::otherwise(expr), other);
  widen(before);
  if (then->poisoned()) return then;
  if (otherwise->poisoned()) return otherwise;
  Type type = then->type;
  if (!assignable(otherwise->type, type))
    type = assignable(type, otherwise->type)
               ? otherwise->type
               : types().optional(types().base(types().without_none(then->type == kNone ? otherwise->type : then->type)));
  if (want != kInfer && types().tag(want) == TypeTag::one_of)
    type = types().is_optional(then->type) || types().is_optional(otherwise->type) ? types().optional(want) : want;
  return make(Op::conditional, span, type, {condition, then, otherwise});
}

const Term* ExpressionChecker::check_index(ExprId, const Expr& expr, Type) {
  const diag::Span span = tree_.span(expr.range);
  const Term* container = infer(syntax::Tree::base(expr));
  if (container->poisoned() || container->type == kPoison) return container;
  const TypeInfo info = types().info(types().base(container->type));
  if (types().is_optional(container->type)) return error(container->span, "F0407", "this may be none here", types().text(container->type));
  if (info.tag == TypeTag::map) return make(Op::item, span, Type{info.b}, {container, check(syntax::Tree::right(expr), Type{info.a})});
  if (info.tag == TypeTag::list) return make(Op::item, span, Type{info.a}, {container, check(syntax::Tree::right(expr), kInt)});
  const Term* bad =
      error(span, "F0402", fmt::format("{} has no elements to pick", with_article(types().text(container->type))), "not a list or map");
  if (info.tag == TypeTag::set) diagnostic().help("sets have no order; walk one with `for`");
  return bad;
}

// ---- comprehensions ----

const Term* ExpressionChecker::check_clauses(const syntax::Comprehension& one, Type& first, Type& second, const Term*& condition,
                                             std::size_t& locals) {
  const std::string_view outer = std::exchange(field_, std::string_view());
  const Term* source = infer(one.source);
  const TypeInfo info = types().info(types().base(source->type));
  const bool two = !one.second.empty();
  if (source->poisoned() || source->type == kPoison) {
    first = second = kPoison;
  } else if (types().is_optional(source->type)) {
    source = error(source->span, "F0407", "this may be none here", types().text(source->type));
    first = second = kPoison;
  } else if (info.tag == TypeTag::map) {
    first = Type{info.a};
    second = Type{info.b};
  } else if (info.tag == TypeTag::list || info.tag == TypeTag::set) {
    first = two ? kInt : Type{info.a};
    second = Type{info.a};
  } else {
    source = error(source->span, "F0402", fmt::format("{} cannot be walked", with_article(types().text(source->type))),
                   "a list, set or map is wanted");
    first = second = kPoison;
  }
  push_local(tree_.text(one.first), first);
  locals = 1;
  if (two) {
    push_local(tree_.text(one.second), second);
    ++locals;
  }
  condition = nullptr;
  if (one.condition != syntax::kNoExpr) {
    condition = check(one.condition, kBool);
    narrow(one.condition, true);
  }
  field_ = outer;
  return source;
}

const Term* ExpressionChecker::check_list_for(ExprId, const Expr& expr, Type want) {
  const diag::Span span = tree_.span(expr.range);
  const syntax::Comprehension& one = tree_.comprehension(expr);
  const TypeTag tag = want == kInfer ? TypeTag::poison : types().tag(want);
  const bool typed = tag == TypeTag::list || tag == TypeTag::set;
  Type first{};
  Type second{};
  const Term* condition = nullptr;
  std::size_t locals = 0;
  const auto base = static_cast<std::uint32_t>(locals_.size());
  const std::size_t before = narrowed();
  const Term* source = check_clauses(one, first, second, condition, locals);
  const Term* value = check(one.value, typed ? Type{types().info(want).a} : (want == kJson ? kJson : kInfer));
  pop_locals(locals);
  widen(before);
  const Type type = want == kJson ? kJson : (typed ? want : types().list(value->type));
  return make(tag == TypeTag::set ? Op::set_for : Op::list_for, span, type, {source, condition, value}, base,
              static_cast<std::uint8_t>(locals));
}

const Term* ExpressionChecker::check_braces_for(ExprId, const Expr& expr, Type want) {
  const diag::Span span = tree_.span(expr.range);
  const syntax::Comprehension& one = tree_.comprehension(expr);
  const TypeTag tag = want == kInfer ? TypeTag::poison : types().tag(want);
  Type first{};
  Type second{};
  const Term* condition = nullptr;
  std::size_t locals = 0;
  const auto base = static_cast<std::uint32_t>(locals_.size());
  const std::size_t before = narrowed();
  const Term* source = check_clauses(one, first, second, condition, locals);
  const bool typed = tag == TypeTag::map;
  const Term* key = check(one.key, typed ? Type{types().info(want).a} : (want == kJson ? kString : kInfer));
  const Term* value = check(one.value, typed ? Type{types().info(want).b} : (want == kJson ? kJson : kInfer));
  pop_locals(locals);
  widen(before);
  const Type type = want == kJson ? kJson : (typed ? want : types().map(key->type, value->type));
  return make(Op::map_for, span, type, {source, condition, key, value}, base, static_cast<std::uint8_t>(locals));
}

}  // namespace muster::lang
