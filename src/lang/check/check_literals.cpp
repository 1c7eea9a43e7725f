// Literals: their meaning comes from the expected type.
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <memory>

#include "lang/check/check_expression.hpp"
#include "lang/quantities.hpp"
#include "lang/text_forms.hpp"
#include "muster/diag/suggest.hpp"

namespace muster::lang {

using syntax::Expr;
using syntax::ExprId;
using syntax::KeyPart;

namespace {

bool is_whole(std::string_view digits) { return digits.find('.') == std::string_view::npos; }

}  // namespace

// ---- text ----

const Term* ExpressionChecker::check_string(ExprId, const Expr& expr, Type want) {
  const diag::Span span = tree_.span(expr.range);
  const std::string_view text = tree_.text(expr);
  const Datum value = make::text(text);
  if (want == kInfer || want == kPoison || want == kJson) return constant(span, want == kJson ? kJson : kString, value);
  const TypeTag tag = types().tag(want);
  const std::string is = field_.empty() ? "is wanted here" : fmt::format("is what `{}` takes", field_);
  switch (tag) {
    case TypeTag::string:
    case TypeTag::name: return constant(span, want, value);
    case TypeTag::url:
    case TypeTag::path:
    case TypeTag::glob:
    case TypeTag::semver:
    case TypeTag::versions: return make(Op::verify, span, want, {constant(span, kString, value)}, static_cast<std::uint32_t>(tag));
    case TypeTag::secret: {
      const Term* bad = error(span, "F0702", "a secret is never written down in a fleet", "text where a secret is wanted");
      diagnostic().help("refer to where it is kept: `secret(\"NAME/KEY\")`");
      return bad;
    }
    case TypeTag::enumeration: {
      const Term* bad = error(span, "F0402", fmt::format("this is a string, but a {} {}", types().text(want), is), "quoted, so a string");
      if (types().enumeration(want).member(text) >= 0) diagnostic().fix(span, std::string(text), fmt::format("`{}`", text));
      return bad;
    }
    case TypeTag::integer:
    case TypeTag::decimal:
    case TypeTag::percent:
    case TypeTag::duration:
    case TypeTag::bytes:
    case TypeTag::cpu:
    case TypeTag::boolean:
    case TypeTag::date:
    case TypeTag::instant:
    case TypeTag::ref:
    case TypeTag::link: {
      const Term* bad = error(span, "F0402",
                              field_.empty() ? fmt::format("this is a string, but {} is wanted here", types().text(want))
                                             : fmt::format("this is a string, but `{}` is {}", field_, types().text(want)),
                              "quoted, so a string");
      const bool plain = !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
        return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '.' || c == '-' || c == '%' || c == '_' || c == ':';
      });
      if (plain) diagnostic().fix(span, std::string(text), fmt::format("`{}`", text));
      diagnostic().note("values are never converted silently");
      return bad;
    }
    default: return constant(span, kString, value);
  }
}

const Term* ExpressionChecker::check_interpolated(ExprId, const Expr& expr, Type) {
  std::vector<const Term*> parts;
  const diag::Span span = tree_.span(expr.range);
  for (const ExprId item : tree_.items(expr)) {
    const std::string_view outer = std::exchange(field_, std::string_view());
    const Term* part = infer(item);
    field_ = outer;
    const Type type = types().base(part->type);
    const TypeTag tag = types().tag(type);
    if (tag == TypeTag::secret || (types().is_optional(type) && types().holds_secret(type))) {
      part = error(part->span, "F0701", "a secret cannot become text", "would end up in manifests, logs and `muster eval`");
      diagnostic().help("pass it in `secrets = { DB_PASSWORD = … }`; pods get `secrets` before `env`, so text may hold `$(DB_PASSWORD)`");
    } else if (types().is_optional(part->type)) {
      part = error(part->span, "F0407", "this may be none here", fmt::format("{}, but text is made of it", types().text(part->type)));
      diagnostic().help("`x ?? \"other\"` gives another value for none; inside `if x != none then …` it is there");
    } else if (tag == TypeTag::list || tag == TypeTag::set || tag == TypeTag::map || tag == TypeTag::record || tag == TypeTag::ref ||
               tag == TypeTag::link) {
      part =
          error(part->span, "F0402", fmt::format("{} is no text", with_article(types().text(part->type))), "cannot be written into text");
      if (tag == TypeTag::list || tag == TypeTag::set) diagnostic().help("`xs.join(\", \")` makes text of a list of strings");
      if (tag == TypeTag::ref || tag == TypeTag::link) diagnostic().help("read one of its outputs: `.name`, `.url`");
    }
    parts.push_back(part);
  }
  return make(Op::interpolate, span, kString, parts);
}

// ---- numbers ----

const Term* ExpressionChecker::number_of(Type want, const Expr& expr, diag::Span span) {
  const std::string_view digits = tree_.number(expr);
  const std::string_view unit_name = tree_.unit(expr);
  const auto scaled = [&](Type type, Tag tag, std::int64_t factor) -> const Term* {
    if (const auto value = scale_number(digits, factor)) return constant(span, type, make::number(tag, *value));
    return error(span, "F0412", fmt::format("`{}` does not fit {} exactly", tree_.text(expr.range), types().text(type)),
                 "cannot be counted");
  };
  const TypeTag tag = types().tag(want);
  if (unit_name.empty()) {
    if (tag == TypeTag::integer && is_whole(digits)) return scaled(want, Tag::integer, 1);
    if (tag == TypeTag::decimal) return scaled(want, Tag::decimal, kMillion);
    if (tag == TypeTag::cpu) return scaled(want, Tag::cpu, 1000);
    return nullptr;
  }
  const Unit* unit = find_unit(unit_name);
  if (unit == nullptr) return nullptr;
  struct Measure {
    TypeTag type;
    Tag tag;
  };
  static constexpr Measure kMeasures[] = {
      {TypeTag::bytes, Tag::bytes}, {TypeTag::duration, Tag::duration}, {TypeTag::cpu, Tag::cpu}, {TypeTag::percent, Tag::percent}};
  for (const Measure& measure : kMeasures) {
    if (measure.type == tag && measure.tag == unit->measures) return scaled(want, unit->measures, unit->factor);
  }
  return nullptr;
}

const Term* ExpressionChecker::wrong_unit(Type want, const Expr& expr, diag::Span span) {
  const std::string_view digits = tree_.number(expr);
  const std::string_view unit_name = tree_.unit(expr);
  const std::string name = field_.empty() ? std::string("this value") : fmt::format("`{}`", field_);
  const TypeTag tag = types().tag(want);
  if (unit_name.empty() && (tag == TypeTag::bytes || tag == TypeTag::duration || tag == TypeTag::percent)) {
    const Term* bad = error(span, "F0403", fmt::format("{} needs a unit", name), fmt::format("{} what?", digits));
    if (tag == TypeTag::bytes) diagnostic().help(fmt::format("`{}Mi` (times 1,048,576) or `{}MB` (times 1,000,000)", digits, digits));
    if (tag == TypeTag::duration) diagnostic().help(fmt::format("`{}s`, `{}min`, `{}h` or `{}d`", digits, digits, digits, digits));
    if (tag == TypeTag::percent) diagnostic().help(fmt::format("`{}%`", digits));
    return bad;
  }
  if (tag == TypeTag::duration && unit_name == "m") {
    const Term* bad =
        error(span, "F0401", fmt::format("expected a duration, found `{}`", tree_.text(expr.range)), "`m` means milli (as in cpu = 250m)");
    diagnostic().help("minutes are written `min`").fix(span, std::string(digits) + "min", fmt::format("`{}min`", digits));
    return bad;
  }
  const std::string here =
      field_.empty() ? fmt::format("{} is wanted here", types().text(want)) : fmt::format("`{}` is {}", field_, types().text(want));
  const Unit* unit = unit_name.empty() ? nullptr : find_unit(unit_name);
  if (!unit_name.empty() && unit == nullptr) {
    const Term* bad = error(span, "F0401", fmt::format("`{}` is no unit", unit_name), "unknown unit");
    static constexpr std::pair<std::string_view, std::string_view> kMeant[] = {
        {"K", "Ki"},        {"M", "Mi"},    {"G", "Gi"},   {"T", "Ti"},   {"k", "kB"},   {"KB", "kB"},
        {"KiB", "Ki"},      {"MiB", "Mi"},  {"GiB", "Gi"}, {"sec", "s"},  {"secs", "s"}, {"mins", "min"},
        {"minutes", "min"}, {"hours", "h"}, {"hr", "h"},   {"days", "d"}, {"day", "d"},  {"weeks", "w"}};
    for (const auto& [written, meant] : kMeant) {
      if (written == unit_name) diagnostic().fix(span, std::string(digits) + std::string(meant), fmt::format("`{}{}`", digits, meant));
    }
    diagnostic().help("bytes: Ki Mi Gi Ti, kB MB GB TB; time: ms s min h d w; CPU: m, or no unit; and %");
    return bad;
  }
  if (tag == TypeTag::integer && unit_name.empty()) {
    return error(span, "F0402", fmt::format("`{}` is no whole number, but {}", digits, here), "has a fraction");
  }
  std::string what = "a number";
  if (unit != nullptr)
    what = unit->measures == Tag::bytes
               ? "an amount of bytes"
               : (unit->measures == Tag::duration ? "a duration" : (unit->measures == Tag::percent ? "a percentage" : "an amount of CPU"));
  const Term* bad = error(span, "F0402", fmt::format("`{}` is {}, but {}", tree_.text(expr.range), what, here), what);
  if (tag == TypeTag::string || tag == TypeTag::name || tag == TypeTag::versions || tag == TypeTag::semver)
    diagnostic().fix(span, fmt::format("\"{}\"", tree_.text(expr.range)), fmt::format("`\"{}\"`", tree_.text(expr.range)));
  if (tag == TypeTag::secret) diagnostic().help("refer to where it is kept: `secret(\"NAME/KEY\")`");
  diagnostic().note("values are never converted silently");
  return bad;
}

const Term* ExpressionChecker::json_number(const Expr& expr, diag::Span span) {
  const std::string_view unit_name = tree_.unit(expr);
  const Unit* unit = find_unit(unit_name);
  Type type = is_whole(tree_.number(expr)) ? kInt : simple(TypeTag::decimal);
  if (!unit_name.empty()) {
    if (unit == nullptr) return wrong_unit(kInt, expr, span);
    static constexpr std::pair<Tag, TypeTag> kTypes[] = {
        {Tag::bytes, TypeTag::bytes}, {Tag::duration, TypeTag::duration}, {Tag::cpu, TypeTag::cpu}, {Tag::percent, TypeTag::percent}};
    for (const auto& [measures, tag] : kTypes) {
      if (measures == unit->measures) type = simple(tag);
    }
  }
  return number_of(type, expr, span);
}

const Term* ExpressionChecker::check_number(ExprId, const Expr& expr, Type want) {
  const diag::Span span = tree_.span(expr.range);
  if (want == kJson || want == kPoison) return json_number(expr, span);
  if (want == kInfer) {
    if (tree_.unit(expr) == "m") {
      const Term* bad =
          error(span, "F0403", fmt::format("what `{}` means depends on the type, and none is known here", tree_.text(expr.range)),
                "no type expected");
      diagnostic().help("`let x: cpu = …` says it");
      return bad;
    }
    return json_number(expr, span);
  }
  const Term* term = number_of(want, expr, span);
  return term != nullptr ? term : wrong_unit(want, expr, span);
}

const Term* ExpressionChecker::check_date(ExprId, const Expr& expr, Type want) {
  const diag::Span span = tree_.span(expr.range);
  const std::string_view text = tree_.text(expr);
  const bool has_time = text.find('T') != std::string_view::npos;
  const TypeTag tag = has_time ? TypeTag::instant : TypeTag::date;
  const Term* term = make(Op::verify, span, simple(tag), {constant(span, kString, make::text(text))}, static_cast<std::uint32_t>(tag));
  if (want != kInfer && !term->poisoned() && types().tag(want) == TypeTag::instant && !has_time) {
    const Term* bad = error(span, "F0402", "a time of day is needed too", "a date");
    diagnostic().fix(span, fmt::format("{}T00:00", text), fmt::format("`{}T00:00`", text));
    return bad;
  }
  return term;
}

const Term* ExpressionChecker::check_boolean(ExprId, const Expr& expr, Type) {
  return constant(tree_.span(expr.range), kBool, make::boolean(syntax::Tree::flag(expr)));
}

const Term* ExpressionChecker::check_none(ExprId, const Expr& expr, Type want) {
  return constant(tree_.span(expr.range), want == kJson ? kJson : kNone, make::of(Tag::none));
}

const Term* ExpressionChecker::check_null(ExprId, const Expr& expr, Type want) {
  const diag::Span span = tree_.span(expr.range);
  if (want == kJson) return constant(span, kJson, make::of(Tag::null));
  const Term* bad = error(span, "F0402", "`null` exists only in JSON", "not a value here");
  diagnostic().fix(span, "none", "`none` says that there is no value");
  return bad;
}

// ---- lists, maps, records ----

const Term* ExpressionChecker::check_list(ExprId, const Expr& expr, Type want) {
  const diag::Span span = tree_.span(expr.range);
  const TypeTag tag = want == kInfer ? TypeTag::poison : types().tag(want);
  const bool typed = tag == TypeTag::list || tag == TypeTag::set;
  Type element = typed ? Type{types().info(want).a} : (want == kJson ? kJson : kInfer);
  const std::span<const ExprId> items = tree_.items(expr);
  if (items.empty() && !typed && want != kJson) {
    if (want == kInfer || want == kPoison) return constant(span, types().list(kPoison), make::sequence(arena_, Tag::list, {}));
    const Term* list = constant(span, types().list(kPoison), make::sequence(arena_, Tag::list, {}));
    return mismatch(list, want);
  }
  std::vector<const Term*> terms;
  for (const ExprId item : items) {
    terms.push_back(check(item, element));
    if (element == kInfer) element = terms.back()->type;
  }
  if (!typed && want != kJson && want != kInfer && want != kPoison) {
    if (terms.size() == 1 && !terms.front()->poisoned() && assignable(terms.front()->type, want)) {
      const Term* bad = error(
          span, "F0402", field_.empty() ? "one value is wanted here, not a list" : fmt::format("`{}` takes one value, not a list", field_),
          "a list");
      diagnostic().fix(span, std::string(program_.sources.text(tree_.span(items.front()))), "leave the brackets out");
      return bad;
    }
  }
  const Type type = want == kJson ? kJson : (typed ? want : types().list(element));
  return make(tag == TypeTag::set ? Op::set : Op::list, span, type, terms);
}

const Term* ExpressionChecker::check_braces(ExprId, const Expr& expr, Type want) {
  const diag::Span span = tree_.span(expr.range);
  const TypeTag tag = want == kInfer ? TypeTag::poison : types().tag(want);
  if (tag == TypeTag::record) return check_record(expr, want, span);
  if (tag == TypeTag::map) return check_map(expr, want, span);
  if (tag == TypeTag::json) return check_json(expr, span);
  if (want == kPoison) return poison(span, "its type is not known");
  if (want == kInfer) {
    const Term* bad = error(span, "F0411", "the type of these braces is not known here", "a record, a map or JSON?");
    diagnostic().help("say it where the value is declared: `let x: map(string, string) = { … }`");
    return bad;
  }
  return error(span, "F0402",
               field_.empty() ? fmt::format("these are braces, but {} is wanted here", types().text(want))
                              : fmt::format("these are braces, but `{}` is {}", field_, types().text(want)),
               "braces");
}

const Term* ExpressionChecker::check_record(const Expr& expr, Type want, diag::Span span) {
  const std::vector<RecordField>& fields = types().record(want).fields;
  std::vector<const Term*> kids(fields.size(), nullptr);
  std::vector<diag::Span> places(fields.size());
  const Term* bad = nullptr;
  for (const syntax::Entry& entry : tree_.entries(expr)) {
    const auto key = tree_.key(entry.key);
    const std::string_view name = tree_.text(key.front());
    const diag::Span key_span = tree_.span(key.front().range);
    const auto found = std::find_if(fields.begin(), fields.end(), [&](const RecordField& field) { return field.name == name; });
    if (found == fields.end() || key.front().kind == KeyPart::Kind::index || key.front().kind == KeyPart::Kind::computed) {
      std::vector<std::string_view> legal;
      legal.reserve(fields.size());
      for (const RecordField& field : fields) legal.push_back(field.name);
      bad = error(key_span, "F0201", fmt::format("`{}` has no field `{}`", types().text(want), name), "unknown field");
      diagnostic().help(diag::did_you_mean(name, legal));
      continue;
    }
    const auto at = static_cast<std::size_t>(found - fields.begin());
    if (key.size() > 1) {
      bad = error(key_span, "F0201", fmt::format("write `{} = {{ … }}` inside braces", name), "a key of one word is wanted");
      continue;
    }
    if (kids[at] != nullptr) {
      bad = error(tree_.span(entry.range), "F0501", fmt::format("`{}` is set twice", name), "second value");
      diagnostic().also(places[at], "first value");
      continue;
    }
    places[at] = tree_.span(entry.range);
    kids[at] = check_field(entry.value, found->type, found->name);
  }
  for (std::size_t i = 0; i < fields.size(); ++i) {
    if (kids[i] == nullptr) kids[i] = fields[i].initial;
    if (kids[i] != nullptr) continue;
    if (types().is_optional(fields[i].type)) {
      kids[i] = constant(span, kNone, make::of(Tag::none));
    } else if (bad == nullptr && !expr.flag) {
      bad = error(span, "F0203", fmt::format("this {} has no `{}`", types().text(want), fields[i].name),
                  fmt::format("needs `{}` ({})", fields[i].name, types().text(fields[i].type)));
    } else if (bad == nullptr) {
      bad = poison(span, "part of it could not be read");
    }
  }
  return bad != nullptr ? bad : make(Op::record, span, want, kids, types().info(want).a);
}

const Term* ExpressionChecker::check_map_key(const KeyPart& part, Type type) {
  const diag::Span span = tree_.span(part.range);
  const Type base = types().base(type);
  const TypeTag tag = types().tag(base);
  if (part.kind == KeyPart::Kind::index || part.kind == KeyPart::Kind::computed) return check(part.index, type);
  const std::string_view name = tree_.text(part);
  if (tag == TypeTag::enumeration || tag == TypeTag::ref || tag == TypeTag::link) {
    if (part.kind == KeyPart::Kind::word) {
      if (tag != TypeTag::enumeration) return entity_reference(name, span, base);
      if (const int member = types().enumeration(base).member(name); member >= 0)
        return constant(span, type, make::enumeration(types().info(base).a, static_cast<std::uint32_t>(member)));
      return unknown_name(name, span, base);
    }
    return error(span, "F0402", fmt::format("this key is a string, but {} is wanted", types().text(type)), "quoted, so a string");
  }
  if (tag != TypeTag::string && tag != TypeTag::name && tag != TypeTag::path && tag != TypeTag::glob && tag != TypeTag::url) {
    return error(span, "F0402", fmt::format("a key of this map is a {}", types().text(type)), "text");
  }
  return fit(constant(span, kString, make::text(name)), type);
}

const Term* ExpressionChecker::check_map(const Expr& expr, Type want, diag::Span span) {
  const TypeInfo info = types().info(want);
  std::vector<const Term*> kids;
  std::vector<diag::Span> places;
  for (const syntax::Entry& entry : tree_.entries(expr)) {
    const auto key = tree_.key(entry.key);
    if (key.size() > 1) {
      const diag::Span place{tree_.source, key.front().range.begin, key.back().range.end};
      kids.push_back(error(place, "F0402", fmt::format("`{}` is one key: write it in quotes", program_.sources.text(place)),
                           "a key of one word is wanted"));
      diagnostic().fix(place, fmt::format("\"{}\"", program_.sources.text(place)), fmt::format("`\"{}\"`", program_.sources.text(place)));
      places.push_back(place);
      kids.push_back(kids.back());
      continue;
    }
    const Term* name = check_map_key(key.front(), Type{info.a});
    for (std::size_t i = 0; i < kids.size(); i += 2) {
      if (!name->constant() || name->poisoned() || !kids[i]->constant() || kids[i]->poisoned() || !equal(kids[i]->value, name->value))
        continue;
      name = error(tree_.span(entry.range), "F0501", fmt::format("the key `{}` is written twice", tree_.text(key.front())), "second value");
      diagnostic().also(places[i / 2], "first value");
    }
    kids.push_back(name);
    places.push_back(tree_.span(entry.range));
    kids.push_back(
        check_field(entry.value, Type{info.b}, key.front().kind == KeyPart::Kind::word ? tree_.text(key.front()) : std::string_view()));
  }
  if (expr.flag) return poison(span, "part of it could not be read");
  return make(Op::map, span, want, kids);
}

// ---- JSON ----

/// A brace of JSON while its dotted keys are put together: either a value or keys.
struct ExpressionChecker::JsonNode {
  const Term* value = nullptr;
  const Term* key = nullptr;  ///< A computed one.
  diag::Span span;
  std::vector<std::pair<std::string_view, std::unique_ptr<JsonNode>>> keys;
};

void ExpressionChecker::put_json(JsonNode& root, std::span<const KeyPart> key, const Term* value, diag::Span span) {
  JsonNode* at = &root;
  for (std::size_t i = 0; i < key.size(); ++i) {
    const KeyPart& part = key[i];
    const diag::Span part_span = tree_.span(part.range);
    std::string_view name;
    const Term* computed = nullptr;
    if (part.kind == KeyPart::Kind::index || part.kind == KeyPart::Kind::computed) {
      computed = check(part.index, kString);
      if (computed->constant() && !computed->poisoned()) name = computed->value.text();
    } else {
      name = tree_.text(part);
    }
    JsonNode* next = nullptr;
    for (auto& [existing, node] : at->keys) {
      if (!name.empty() && existing == name) next = node.get();
    }
    if (next != nullptr && (next->value != nullptr || i + 1 == key.size())) {
      const bool both_objects = i + 1 == key.size() && value == nullptr && next->value == nullptr;
      if (!both_objects) {
        error(span, "F0501", fmt::format("`{}` is set twice", name), "second value");
        diagnostic().also(next->span, "first value");
        next->value = poison(span, "it is set twice");
        return;
      }
    }
    if (next == nullptr) {
      auto fresh = std::make_unique<JsonNode>();
      fresh->span = i + 1 == key.size() ? span : part_span;
      fresh->key = computed != nullptr && !computed->constant()
                       ? computed
                       : constant(part_span, kString, computed != nullptr ? computed->value : make::text(name));
      next = fresh.get();
      at->keys.emplace_back(name, std::move(fresh));
    }
    at = next;
  }
  if (value != nullptr) at->value = value;
}

const Term* ExpressionChecker::json_term(const JsonNode& node, diag::Span span) {
  if (node.value != nullptr) return node.value;
  std::vector<const Term*> kids;
  for (const auto& [name, below] : node.keys) {
    kids.push_back(below->key);
    kids.push_back(json_term(*below, below->span));
  }
  return make(Op::map, span, kJson, kids, 0, 1);
}

const Term* ExpressionChecker::check_json(const Expr& expr, diag::Span span) {
  JsonNode root;
  for (const syntax::Entry& entry : tree_.entries(expr)) {
    const auto key = tree_.key(entry.key);
    const std::string_view name = key.back().kind == KeyPart::Kind::word ? tree_.text(key.back()) : std::string_view();
    put_json(root, key, check_field(entry.value, types().optional(kJson), name), tree_.span(entry.range));
  }
  if (expr.flag) return poison(span, "part of it could not be read");
  return json_term(root, span);
}

void ExpressionChecker::put_json_body(JsonNode& root, syntax::BodyId body) {
  for (const syntax::Stmt& one : tree_.statements(body)) {
    const diag::Span span = tree_.span(one.range);
    if (one.kind == syntax::StmtKind::field) {
      const auto key = tree_.key(one.parts);
      if (one.op != syntax::Assign::set) {
        error(span, "F0209", "the content of an object is given whole: `=` stands here, `+=` and `-=` stand in a `patch`");
        continue;
      }
      const std::string_view name = key.back().kind == KeyPart::Kind::word ? tree_.text(key.back()) : std::string_view();
      put_json(root, key, check_field(one.value, types().optional(kJson), name), span);
    } else if (one.kind == syntax::StmtKind::block) {
      JsonNode inner;
      put_json_body(inner, one.body);
      put_json(root, tree_.key(one.parts), json_term(inner, span), span);
    } else {
      error(span, "F0209", "only fields and blocks stand in an object");
    }
  }
}

const Term* ExpressionChecker::check_json_body(syntax::BodyId body, diag::Span span) {
  JsonNode root;
  put_json_body(root, body);
  if (tree_[body].damaged) return poison(span, "part of it could not be read");
  return json_term(root, span);
}

}  // namespace muster::lang
