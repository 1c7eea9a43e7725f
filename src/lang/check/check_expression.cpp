// The frame of the expression checker: dispatch, folding, locals, what a condition shows.
#include "lang/check/check_expression.hpp"
#include "lang/text_forms.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "muster/diag/suggest.hpp"

namespace muster::lang {

using syntax::Expr;
using syntax::ExprId;
using syntax::ExprKind;
using syntax::Operator;

ExpressionChecker::ExpressionChecker(Program& program, Arena& arena, diag::Diagnostics& out, const Surroundings& where)
    : program_(program),
      arena_(arena),
      out_(out),
      where_(where),
      tree_(where.tree != nullptr ? *where.tree : program.file(where.file).tree()),
      folder_(program, arena, &out) {}

const Term* ExpressionChecker::poison(diag::Span span, std::string_view message) {
  return constant(span, kPoison, make::poison(Program::cause(arena_, message, span)));
}

const Term* ExpressionChecker::error(diag::Span span, std::string_view code, const std::string& message, const std::string& label) {
  last_ = &out_.error(span, code, "{}", message);
  last_->label(label);
  return poison(span, message);
}

const Term* ExpressionChecker::constant(diag::Span span, Type type, const Datum& value) {
  Term* term = arena_.make<Term>();
  term->span = span;
  term->type = value.poisoned() ? kPoison : type;
  term->value = value;
  return term;
}

const Term* ExpressionChecker::make(Op op, diag::Span span, Type type, std::initializer_list<const Term*> kids, std::uint32_t index,
                                    std::uint8_t extra) {
  return make(op, span, type, std::span(kids.begin(), kids.size()), index, extra);
}

const Term* ExpressionChecker::make(Op op, diag::Span span, Type type, std::span<const Term* const> kids, std::uint32_t index,
                                    std::uint8_t extra) {
  bool constant_kids = true;
  for (const Term* kid : kids) {
    if (kid == nullptr) continue;
    if (kid->poisoned()) return constant(span, kPoison, kid->value);
    constant_kids = constant_kids && kid->constant();
  }
  Term* term = arena_.make<Term>();
  term->op = op;
  term->extra = extra;
  term->index = index;
  term->type = type;
  term->span = span;
  term->kids = arena_.copy(kids);
  static constexpr std::array kNeverConstant = {Op::local,  Op::slot,  Op::environment,   Op::fleet,
                                                Op::output, Op::edges, Op::declared_name, Op::aligned};
  if (!constant_kids || std::find(kNeverConstant.begin(), kNeverConstant.end(), op) != kNeverConstant.end()) return term;
  folder_.value_label = field_;
  return constant(span, type, folder_.evaluate_alone(*term));
}

std::uint32_t ExpressionChecker::push_local(std::string_view name, Type type) {
  const auto index = static_cast<std::uint32_t>(locals_.size());
  locals_.push_back({name, type, index});
  return index;
}

const Term* ExpressionChecker::check_field(ExprId id, Type expected, std::string_view field) {
  const std::string_view outer = std::exchange(field_, field);
  const Term* term = check(id, expected);
  field_ = outer;
  return term;
}

const Term* ExpressionChecker::check(ExprId id, Type expected) {
  using Check = const Term* (ExpressionChecker::*)(ExprId, const Expr&, Type);
  static constexpr std::array<Check, static_cast<std::size_t>(ExprKind::conditional) + 1> kChecks = [] {
    std::array<Check, static_cast<std::size_t>(ExprKind::conditional) + 1> all{};
    const auto set = [&](ExprKind kind, Check function) { all[static_cast<std::size_t>(kind)] = function; };
    set(ExprKind::bad, &ExpressionChecker::check_bad);
    set(ExprKind::string, &ExpressionChecker::check_string);
    set(ExprKind::interpolated, &ExpressionChecker::check_interpolated);
    set(ExprKind::number, &ExpressionChecker::check_number);
    set(ExprKind::date, &ExpressionChecker::check_date);
    set(ExprKind::boolean, &ExpressionChecker::check_boolean);
    set(ExprKind::none, &ExpressionChecker::check_none);
    set(ExprKind::null, &ExpressionChecker::check_null);
    set(ExprKind::name, &ExpressionChecker::check_name);
    set(ExprKind::list, &ExpressionChecker::check_list);
    set(ExprKind::list_for, &ExpressionChecker::check_list_for);
    set(ExprKind::braces, &ExpressionChecker::check_braces);
    set(ExprKind::braces_for, &ExpressionChecker::check_braces_for);
    set(ExprKind::member, &ExpressionChecker::check_member);
    set(ExprKind::at, &ExpressionChecker::check_at);
    set(ExprKind::call, &ExpressionChecker::check_call);
    set(ExprKind::index, &ExpressionChecker::check_index);
    set(ExprKind::unary, &ExpressionChecker::check_unary);
    set(ExprKind::binary, &ExpressionChecker::check_binary);
    set(ExprKind::conditional, &ExpressionChecker::check_conditional);
    return all;
  }();
  if (id == syntax::kNoExpr) return poison({}, "a value is missing");  // Said already, at the place where the text breaks off.
  const Expr& expr = tree_[id];
  const Type want = expected == kInfer ? kInfer : wanted(expected, id);
  const Term* term = (this->*kChecks[static_cast<std::size_t>(expr.kind)])(id, expr, want);
  return fit(narrow_term(term, id), expected);
}

Type ExpressionChecker::wanted(Type expected, ExprId id) {
  Type want = types().base(types().without_none(expected));
  if (types().tag(want) != TypeTag::one_of) return want;
  for (const Type member : types().info(want).members) {
    if (may_be(member, id)) return types().base(types().without_none(member));
  }
  // Each arm is what it is; an unknown name is most likely one of what can be named.
  if (tree_[id].kind == ExprKind::conditional) return want;
  if (tree_[id].kind == ExprKind::name && where_.site == Site::entity) return named_member(want, tree_.text(tree_[id]));
  return kInfer;
}

Type ExpressionChecker::named_member(Type one_of, std::string_view name) {
  if (find_constant(name, false) != nullptr || local_or_own(name, {}) != nullptr) return kInfer;
  Type found = kInfer;
  for (const Type member : types().info(one_of).members) {
    if (types().tag(member) != TypeTag::ref) continue;
    if (found != kInfer) return kInfer;
    found = member;
  }
  return found;
}

bool ExpressionChecker::may_be(Type member, ExprId id) {
  const Type base = types().base(types().without_none(member));
  const TypeInfo& info = types().info(base);
  const Expr& expr = tree_[id];
  switch (expr.kind) {
    case ExprKind::string:
    case ExprKind::interpolated:
      return info.tag >= TypeTag::string && info.tag <= TypeTag::name && info.tag != TypeTag::date && info.tag != TypeTag::instant;
    case ExprKind::number: return info.tag >= TypeTag::integer && info.tag <= TypeTag::cpu;
    case ExprKind::date: return info.tag == (tree_.text(expr).find('T') == std::string_view::npos ? TypeTag::date : TypeTag::instant);
    case ExprKind::boolean: return info.tag == TypeTag::boolean;
    case ExprKind::list:
    case ExprKind::list_for: return info.tag == TypeTag::list || info.tag == TypeTag::set;
    case ExprKind::braces_for: return info.tag == TypeTag::map;
    case ExprKind::name: {
      const std::string_view name = tree_.text(expr);
      if (info.tag == TypeTag::enumeration) return types().enumeration(base).member(name) >= 0;
      if (info.tag == TypeTag::ref || info.tag == TypeTag::link)
        return program_.table(static_cast<EntityWord>(info.a)).find(name) != nullptr;
      return info.tag == TypeTag::name;
    }
    case ExprKind::braces: {
      if (info.tag == TypeTag::map) return true;
      if (info.tag != TypeTag::record) return false;
      const auto entries = tree_.entries(expr);
      return std::all_of(entries.begin(), entries.end(), [&](const syntax::Entry& entry) {
        return types().record(base).field(tree_.text(tree_.key(entry.key).front())) != nullptr;
      });
    }
    default: return false;
  }
}

const Term* ExpressionChecker::check_bad(ExprId, const Expr& expr, Type) {
  return poison(tree_.span(expr.range), "this could not be read");
}

// ---- what a condition shows ----

/// `zone`, `service.zone`, `p.zone`: paths that mean the same wherever they stand in one expression.
std::string ExpressionChecker::path_of(ExprId id) const {
  const Expr& expr = tree_[id];
  if (expr.kind == ExprKind::name) return std::string(tree_.text(expr));
  if (expr.kind != ExprKind::member) return {};
  const std::string base = path_of(syntax::Tree::base(expr));
  return base.empty() ? base : base + "." + std::string(tree_.text(syntax::Tree::word(expr)));
}

void ExpressionChecker::narrow(ExprId condition, bool truth) {
  const Expr& expr = tree_[condition];
  if (expr.kind == ExprKind::unary && expr.op == Operator::logical_not) return narrow(syntax::Tree::base(expr), !truth);
  if (expr.kind != ExprKind::binary) return;
  if (expr.op == (truth ? Operator::logical_and : Operator::logical_or)) {
    narrow(syntax::Tree::base(expr), truth);
    narrow(syntax::Tree::right(expr), truth);
  } else if (expr.op == (truth ? Operator::unequal : Operator::equal)) {
    const bool right_none = tree_[syntax::Tree::right(expr)].kind == ExprKind::none;
    const bool left_none = tree_[syntax::Tree::base(expr)].kind == ExprKind::none;
    if (right_none == left_none) return;
    std::string path = path_of(right_none ? syntax::Tree::base(expr) : syntax::Tree::right(expr));
    if (!path.empty()) narrowed_.push_back(std::move(path));
  }
}

const Term* ExpressionChecker::narrow_term(const Term* term, ExprId id) {
  if (narrowed_.empty() || !types().is_optional(term->type)) return term;
  const std::string path = path_of(id);
  if (path.empty() || std::find(narrowed_.begin(), narrowed_.end(), path) == narrowed_.end()) return term;
  Term* narrowed = arena_.make<Term>(*term);
  narrowed->type = types().without_none(term->type);
  return narrowed;
}

// ---- types that agree ----

bool ExpressionChecker::fits_json(Type type) const {
  const TypeInfo& info = program_.types.info(type);
  switch (info.tag) {
    case TypeTag::secret:
    case TypeTag::duration:
    case TypeTag::percent:
    case TypeTag::date:
    case TypeTag::instant:
    case TypeTag::ref:
    case TypeTag::link: return false;
    case TypeTag::late:
    case TypeTag::optional:
    case TypeTag::list:
    case TypeTag::set: return fits_json(Type{info.a});
    case TypeTag::refinement: return fits_json(program_.types.base(type));
    case TypeTag::map: return fits_json(Type{info.b}) && program_.types.tag(program_.types.base(Type{info.a})) != TypeTag::ref;
    case TypeTag::record: {
      const auto& fields = program_.types.record(type).fields;
      return std::all_of(fields.begin(), fields.end(), [&](const RecordField& field) { return fits_json(field.type); });
    }
    case TypeTag::one_of: return std::all_of(info.members.begin(), info.members.end(), [&](Type member) { return fits_json(member); });
    default: return true;
  }
}

/// Without anything to be looked at when the value is there.
bool ExpressionChecker::assignable(Type from, Type to) const {
  const TypeTable& types = program_.types;
  from = types.strip_late(from);
  to = types.strip_late(to);
  if (from == to || from == kPoison || to == kPoison || to == kInfer) return true;
  const TypeInfo& f = types.info(from);
  const TypeInfo& t = types.info(to);
  if (t.tag == TypeTag::optional) return from == kNone || assignable(f.tag == TypeTag::optional ? Type{f.a} : from, Type{t.a});
  if (t.tag == TypeTag::json) return fits_json(from);
  if (t.tag == TypeTag::one_of) {
    if (f.tag == TypeTag::one_of)
      return std::all_of(f.members.begin(), f.members.end(), [&](Type member) { return assignable(member, to); });
    return std::any_of(t.members.begin(), t.members.end(), [&](Type member) { return assignable(from, member); });
  }
  if (f.tag == TypeTag::refinement) return assignable(types.refinement(from).base, to);
  const auto text_like = [](TypeTag tag) { return tag >= TypeTag::string && tag <= TypeTag::name; };
  if (to == kString && text_like(f.tag)) return true;
  if ((t.tag == TypeTag::list || t.tag == TypeTag::set) && f.tag == t.tag) return assignable(Type{f.a}, Type{t.a});
  if (t.tag == TypeTag::map && f.tag == TypeTag::map) return assignable(Type{f.a}, Type{t.a}) && assignable(Type{f.b}, Type{t.b});
  if ((t.tag == TypeTag::ref || t.tag == TypeTag::link) && (f.tag == TypeTag::ref || f.tag == TypeTag::link)) {
    if (f.tag == TypeTag::link && t.tag == TypeTag::ref) return false;
    if (f.a != t.a) return false;
    return t.b == 0 || (f.b != 0 && program_.kinds[f.b - 1].derives_from(KindId{t.b - 1}));
  }
  return false;
}

const Term* ExpressionChecker::fit(const Term* term, Type expected) {
  if (expected == kInfer || term->poisoned() || term->type == kPoison || expected == kPoison || term->type == expected) return term;
  if (assignable(term->type, expected)) {
    const Type base = types().base(types().without_none(expected));
    if (base != kJson || term->type == kJson) return term;
    Term* as_json = arena_.make<Term>(*term);
    as_json->type = kJson;
    return as_json;
  }
  const Type goal = types().strip_late(expected);
  const TypeInfo info = types().info(goal);
  if (info.tag == TypeTag::optional) {
    // The same check for what is inside; none passes it.
    const bool optional = types().is_optional(term->type);
    Term* inner = arena_.make<Term>(*term);
    if (optional) inner->type = types().without_none(term->type);
    const Term* fitted = fit(inner, Type{info.a});
    if (fitted->poisoned()) return fitted;
    Term* wrapped = arena_.make<Term>(*fitted);
    wrapped->type = expected;
    return wrapped;
  }
  if (types().is_optional(term->type)) return mismatch(term, expected);
  if (info.tag == TypeTag::refinement) {
    const Term* base = fit(term, types().refinement(goal).base);
    return base->poisoned() ? base : make(Op::refine, term->span, expected, {base}, info.a);
  }
  if (info.tag == TypeTag::one_of) {
    for (const Type member : info.members) {
      const Type base = types().base(member);
      if (base != member && assignable(term->type, base)) return fit(term, member);
    }
  }
  const TypeTag from = types().tag(types().base(term->type));
  if (info.tag > TypeTag::string && info.tag < TypeTag::name && from == TypeTag::string) {
    return make(Op::verify, term->span, expected, {term}, static_cast<std::uint32_t>(info.tag));
  }
  return mismatch(term, expected);
}

std::string ExpressionChecker::expected_text(Type expected) const { return program_.types.text(expected); }

const Term* ExpressionChecker::mismatch(const Term* term, Type expected) {
  const std::string got = types().text(term->type);
  const std::string want = expected_text(types().strip_late(expected));
  const std::string here = field_.empty() ? fmt::format("{} is wanted here", want) : fmt::format("`{}` is {}", field_, want);
  const Type base = types().base(types().without_none(expected));
  if (types().is_optional(term->type) && term->type != kNone && assignable(types().without_none(term->type), base)) {
    const Term* bad = error(term->span, "F0407", "this may be none here", fmt::format("{}, but {}", got, here));
    diagnostic().help("`x ?? other` gives another value for none; inside `if x != none then …` it is there");
    return bad;
  }
  if (base == kJson) {
    if (types().holds_secret(term->type)) {
      const Term* bad = error(term->span, "F0701", "a secret cannot be written into an object", "secret");
      diagnostic().help("refer to its key: `{ secretKeyRef = { name = secret_name(s), key = secret_key(s) } }`");
      return bad;
    }
    const TypeTag tag = types().tag(types().base(types().without_none(term->type)));
    const Term* bad = error(term->span, "F0406", fmt::format("{} has no form in JSON", with_article(got)), "say how it is written");
    if (tag == TypeTag::duration) diagnostic().help("`seconds(d)` gives whole seconds, `text(d)` its text, such as \"90s\"");
    if (tag == TypeTag::percent || tag == TypeTag::date || tag == TypeTag::instant) diagnostic().help("`text(x)` gives its text");
    if (tag == TypeTag::ref || tag == TypeTag::link) diagnostic().help("write one of its outputs: `.name`, `.url`");
    return bad;
  }
  if (term->type == kNone) {
    const Term* bad = error(term->span, "F0402", fmt::format("there must be a value: {}", here), "none");
    return bad;
  }
  const Term* bad = error(term->span, "F0402", fmt::format("this is {}, but {}", with_article(got), here), got);
  if (types().tag(base) == TypeTag::set && types().tag(types().base(term->type)) == TypeTag::list)
    diagnostic().help("`[for x in list: x]` makes a set of it");
  if (types().tag(base) == TypeTag::string && term->type != kSecret && types().tag(term->type) < TypeTag::secret)
    diagnostic().help("`\"\\(x)\"` makes text of it");
  diagnostic().note("values are never converted silently");
  return bad;
}

}  // namespace muster::lang
