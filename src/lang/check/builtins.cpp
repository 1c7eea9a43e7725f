#include "lang/check/builtins.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "lang/check/builtin_watch.hpp"
#include "lang/check/check_expression.hpp"
#include "lang/quantities.hpp"
#include "lang/text_forms.hpp"
#include "muster/base/digest.hpp"
#include "muster/base/text.hpp"
#include "muster/model/fleet.hpp"

namespace muster::lang {
namespace {

using Arguments = std::span<const Datum>;

// ---- checking ----

const Term* wrong_arguments(ExpressionChecker& checker, const CallSite& site, std::uint32_t number) {
  const Builtin& self = builtin_at(number);
  const Term* bad =
      checker.error(checker.tree().span(site.id), "F0214", fmt::format("`{}` is called `{}`", self.name, self.form), "other arguments");
  checker.diagnostic().help(std::string(self.documentation));
  return bad;
}

/// All arguments positional and as many as said.
bool takes(const CallSite& site, std::size_t count) {
  return site.arguments.size() == count &&
         std::all_of(site.arguments.begin(), site.arguments.end(), [](const syntax::Arg& one) { return one.name.empty(); });
}

const Term* call(ExpressionChecker& checker, const CallSite& site, std::uint32_t number, Type type,
                 std::initializer_list<const Term*> kids) {
  return checker.make(Op::builtin, checker.tree().span(site.id), type, kids, number);
}

const Term* argument(ExpressionChecker& checker, const CallSite& site, std::size_t at, Type type) {
  return checker.check_field(site.arguments[at].value, type, {});
}

TypeInfo self_info(ExpressionChecker& checker, const CallSite& site) { return checker.types().info(checker.types().base(site.self->type)); }

bool is_text(TypeTag tag) { return tag >= TypeTag::string && tag <= TypeTag::name; }

const Term* wrong_self(ExpressionChecker& checker, const CallSite& site, std::uint32_t number) {
  const Builtin& self = builtin_at(number);
  if (site.self->type == kPoison) return site.self;
  const Term* bad =
      checker.error(site.name, "F0402",
                    fmt::format("{} has no method `{}`", with_article(checker.types().text(site.self->type)), self.name), "no such method");
  checker.diagnostic().help(fmt::format("`{}`: {}", self.form, self.documentation));
  return bad;
}

bool is_text_literal(ExpressionChecker& checker, const CallSite& site) {
  return takes(site, 1) && checker.tree()[site.arguments.front().value].kind == syntax::ExprKind::string;
}

const Term* check_secret(ExpressionChecker& checker, const CallSite& site, std::uint32_t number) {
  const diag::Span span = checker.tree().span(site.id);
  if (!is_text_literal(checker, site)) return wrong_arguments(checker, site, number);
  if (checker.where().own == nullptr)
    return checker.error(span, "F0702", "secrets are named in entities and kinds, and handed to functions", "not here");
  const std::string_view reference = checker.tree().text(site.arguments.front().value);
  const diag::Span text = checker.tree().span(site.arguments.front().value);
  const bool outside = reference.starts_with("env:") || reference.starts_with("file:");
  const EntityWord word = checker.where().word;
  const bool muster_reads = checker.muster_reads_secrets || word == EntityWord::forge || word == EntityWord::registry ||
                            word == EntityWord::target || word == EntityWord::repository || word == EntityWord::notify;
  if (muster_reads) {
    if (outside && reference.size() > reference.find(':') + 1) return checker.constant(span, kSecret, make::text(reference, Tag::secret));
    const Term* bad = checker.error(text, "F0702",
                                    fmt::format("a secret of a {} is read by muster itself: from its environment or a file",
                                                checker.muster_reads_secrets ? std::string_view("build") : to_string(word)),
                                    "not such a place");
    checker.diagnostic().help("`secret(\"env:NAME\")` or `secret(\"file:/run/secrets/token\")`");
    return bad;
  }
  if (outside) {
    const Term* bad =
        checker.error(text, "F0702", "a service's secret stays in its cluster, where muster never reads it", "a place of muster's own");
    checker.diagnostic().help("`secret(\"NAME/KEY\")` is a key of a Kubernetes Secret in the instance's namespace");
    return bad;
  }
  const std::size_t slash = reference.find('/');
  const bool whole = slash != std::string_view::npos && slash > 0 && slash + 1 < reference.size() &&
                     reference.find('/', slash + 1) == std::string_view::npos;
  if (whole) return checker.constant(span, kSecret, make::text(reference, Tag::secret));
  const Term* bad =
      checker.error(text, "F0702", "a secret of a service names a Kubernetes Secret and a key in it", "needs a name and a key");
  checker.diagnostic().help(fmt::format("`secret(\"{}/KEY\")`", reference.substr(0, slash)));
  return bad;
}

const Term* check_link(ExpressionChecker& checker, const CallSite& site, std::uint32_t number) {
  if (!takes(site, 1)) return wrong_arguments(checker, site, number);
  const syntax::ExprId id = site.arguments.front().value;
  checker.enter_link();
  const syntax::Expr& expr = checker.tree()[id];
  const bool bare = expr.kind == syntax::ExprKind::name && checker.where().site == Site::entity;
  const Term* value = bare ? checker.check(id, checker.types().link(EntityWord::service, 0)) : checker.infer(id);
  checker.leave_link();
  if (value->poisoned()) return value;
  const TypeInfo info = checker.types().info(checker.types().base(value->type));
  if (info.tag == TypeTag::link) return value;
  if (info.tag != TypeTag::ref || static_cast<EntityWord>(info.a) != EntityWord::service) return wrong_arguments(checker, site, number);
  Term* linked = checker.arena().make<Term>(*value);
  linked->type = checker.types().link(EntityWord::service, info.b);
  return linked;
}

template <TypeTag From, TypeTag To>
const Term* check_simple(ExpressionChecker& checker, const CallSite& site, std::uint32_t number) {
  if (!takes(site, 1)) return wrong_arguments(checker, site, number);
  return call(checker, site, number, simple(To), {argument(checker, site, 0, simple(From))});
}

const Term* check_text(ExpressionChecker& checker, const CallSite& site, std::uint32_t number) {
  if (!takes(site, 1)) return wrong_arguments(checker, site, number);
  const Term* value = checker.infer(site.arguments.front().value);
  if (value->poisoned()) return value;
  const TypeTag tag = checker.types().tag(checker.types().base(value->type));
  const bool plain = (tag >= TypeTag::boolean && tag <= TypeTag::name) || tag == TypeTag::enumeration;
  return plain ? call(checker, site, number, kString, {value}) : wrong_arguments(checker, site, number);
}

const Term* check_pinned_image(ExpressionChecker& checker, const CallSite& site, std::uint32_t number) {
  if (!is_text_literal(checker, site)) return wrong_arguments(checker, site, number);
  if (checker.where().own == nullptr || checker.where().word != EntityWord::service) {
    return checker.error(checker.tree().span(site.id), "F0704", "only services and their kinds have images", "not here");
  }
  const std::string text =
      fmt::format("{}image.{}{}", model::kLateOpen, checker.tree().text(site.arguments.front().value), model::kLateClose);
  Datum value = make::text(checker.arena().copy(text));
  value.late = true;
  return checker.constant(checker.tree().span(site.id), kString, value);
}

const Term* check_extreme(ExpressionChecker& checker, const CallSite& site, std::uint32_t number) {
  if (!takes(site, 2)) return wrong_arguments(checker, site, number);
  const Type expected = site.expected;
  const Term* a = checker.check(site.arguments[0].value, expected);
  const Term* b = checker.check(site.arguments[1].value, a->poisoned() ? kInfer : checker.types().base(a->type));
  if (a->poisoned()) return a;
  const TypeTag tag = checker.types().tag(checker.types().base(a->type));
  const bool ordered = tag >= TypeTag::integer && tag <= TypeTag::cpu;
  return ordered ? call(checker, site, number, checker.types().base(a->type), {a, b}) : wrong_arguments(checker, site, number);
}

const Term* check_range(ExpressionChecker& checker, const CallSite& site, std::uint32_t number) {
  if (!takes(site, 1)) return wrong_arguments(checker, site, number);
  return call(checker, site, number, checker.types().list(kInt), {argument(checker, site, 0, kInt)});
}

const Term* check_checksum(ExpressionChecker& checker, const CallSite& site, std::uint32_t number) {
  if (!takes(site, 1)) return wrong_arguments(checker, site, number);
  return call(checker, site, number, kString, {argument(checker, site, 0, kJson)});
}

const Term* check_declared_name(ExpressionChecker& checker, const CallSite& site, std::uint32_t number) {
  if (!takes(site, 0)) return wrong_arguments(checker, site, number);
  return checker.make(Op::declared_name, checker.tree().span(site.id), kString, {});
}

const Term* check_has(ExpressionChecker& checker, const CallSite& site, std::uint32_t number) {
  const TypeInfo info = self_info(checker, site);
  if (info.tag != TypeTag::list && info.tag != TypeTag::set && info.tag != TypeTag::map) return wrong_self(checker, site, number);
  if (!takes(site, 1)) return wrong_arguments(checker, site, number);
  return call(checker, site, number, kBool, {site.self, argument(checker, site, 0, Type{info.a})});
}

const Term* check_get(ExpressionChecker& checker, const CallSite& site, std::uint32_t number) {
  const TypeInfo info = self_info(checker, site);
  if (info.tag != TypeTag::map) return wrong_self(checker, site, number);
  if (!takes(site, 1)) return wrong_arguments(checker, site, number);
  return call(checker, site, number, checker.types().optional(Type{info.b}), {site.self, argument(checker, site, 0, Type{info.a})});
}

const Term* check_size(ExpressionChecker& checker, const CallSite& site, std::uint32_t number) {
  const TypeTag tag = self_info(checker, site).tag;
  if (tag != TypeTag::list && tag != TypeTag::set && tag != TypeTag::map && !is_text(tag)) return wrong_self(checker, site, number);
  return takes(site, 0) ? call(checker, site, number, kInt, {site.self}) : wrong_arguments(checker, site, number);
}

const Term* check_parts(ExpressionChecker& checker, const CallSite& site, std::uint32_t number) {
  const TypeInfo info = self_info(checker, site);
  if (info.tag != TypeTag::map) return wrong_self(checker, site, number);
  if (!takes(site, 0)) return wrong_arguments(checker, site, number);
  const bool keys = builtin_at(number).name == "keys";
  return call(checker, site, number, checker.types().list(Type{keys ? info.a : info.b}), {site.self});
}

const Term* check_join(ExpressionChecker& checker, const CallSite& site, std::uint32_t number) {
  const TypeInfo info = self_info(checker, site);
  if ((info.tag != TypeTag::list && info.tag != TypeTag::set) || !is_text(checker.types().tag(checker.types().base(Type{info.a}))))
    return wrong_self(checker, site, number);
  if (!takes(site, 1)) return wrong_arguments(checker, site, number);
  return call(checker, site, number, kString, {site.self, argument(checker, site, 0, kString)});
}

const Term* check_split(ExpressionChecker& checker, const CallSite& site, std::uint32_t number) {
  if (!is_text(self_info(checker, site).tag)) return wrong_self(checker, site, number);
  if (!takes(site, 1)) return wrong_arguments(checker, site, number);
  return call(checker, site, number, checker.types().list(kString), {site.self, argument(checker, site, 0, kString)});
}

template <std::size_t Count, TypeTag Result>
const Term* check_text_method(ExpressionChecker& checker, const CallSite& site, std::uint32_t number) {
  if (!is_text(self_info(checker, site).tag)) return wrong_self(checker, site, number);
  if (!takes(site, Count)) return wrong_arguments(checker, site, number);
  if constexpr (Count == 0) return call(checker, site, number, simple(Result), {site.self});
  if constexpr (Count == 1) return call(checker, site, number, simple(Result), {site.self, argument(checker, site, 0, kString)});
  if constexpr (Count == 2)
    return call(checker, site, number, simple(Result),
                {site.self, argument(checker, site, 0, kString), argument(checker, site, 1, kString)});
}

// ---- evaluation ----

Datum fail_late(Evaluator& run, const Term& term, std::string_view what) {
  return run.fail(term.span, "F0704", fmt::format("an image's value is not known when the fleet is checked, so it has no {}", what),
                  "late value");
}

Datum never(Evaluator&, const Term&, Arguments) { return {}; }

Datum to_text(Evaluator& run, const Term& term, Arguments arguments) {
  std::string text;
  append_text(text, arguments[0], run.program());
  return run.keep_text(text, arguments[0].late, term.span);
}

constexpr std::int64_t kMebibyte = std::int64_t{1} << 20U;

Datum seconds(Evaluator&, const Term&, Arguments arguments) { return make::integer(arguments[0].number / 1000); }
Datum mebibytes(Evaluator&, const Term&, Arguments arguments) { return make::integer(arguments[0].number / kMebibyte); }
Datum millicores(Evaluator&, const Term&, Arguments arguments) { return make::integer(arguments[0].number); }
Datum percent_of(Evaluator&, const Term&, Arguments arguments) { return make::integer(arguments[0].number / kMillion); }

Datum secret_name(Evaluator&, const Term&, Arguments arguments) {
  return make::text(arguments[0].text().substr(0, arguments[0].text().find('/')));
}
Datum secret_key(Evaluator&, const Term&, Arguments arguments) {
  return make::text(arguments[0].text().substr(arguments[0].text().find('/') + 1));
}

Datum smallest(Evaluator&, const Term&, Arguments arguments) {
  return compare(arguments[0], arguments[1]) <= 0 ? arguments[0] : arguments[1];
}
Datum largest(Evaluator&, const Term&, Arguments arguments) {
  return compare(arguments[0], arguments[1]) >= 0 ? arguments[0] : arguments[1];
}

Datum range(Evaluator& run, const Term& term, Arguments arguments) {
  const std::int64_t count = std::max<std::int64_t>(arguments[0].number, 0);
  if (!run.step(static_cast<std::uint64_t>(count))) return run.over_budget(term.span);
  std::vector<Datum> items;
  items.reserve(static_cast<std::size_t>(count));
  for (std::int64_t i = 0; i < count; ++i) items.push_back(make::integer(i));
  return make::sequence(run.arena(), Tag::list, items);
}

Datum checksum(Evaluator& run, const Term& term, Arguments arguments) {
  if (arguments[0].late) return fail_late(run, term, "checksum");
  std::string text;
  append_canonical(text, arguments[0], run.program());
  const std::string hex = sha256(text).text();
  return run.keep_text(std::string_view(hex).substr(hex.find(':') + 1, 16), false, term.span);
}

Datum has(Evaluator& run, const Term& term, Arguments arguments) {
  if (arguments[1].late) return fail_late(run, term, "place in a list");
  if (arguments[0].is(Tag::map)) return make::boolean(find(arguments[0], arguments[1]) != nullptr);
  return run.step(arguments[0].size) ? make::boolean(contains(arguments[0], arguments[1])) : run.over_budget(term.span);
}

Datum get(Evaluator&, const Term&, Arguments arguments) {
  const Datum* found = find(arguments[0], arguments[1]);
  return found == nullptr ? make::of(Tag::none) : *found;
}

Datum size(Evaluator& run, const Term& term, Arguments arguments) {
  if (arguments[0].is(Tag::text) && arguments[0].late) return fail_late(run, term, "length");
  return make::integer(arguments[0].size);
}

Datum parts(Evaluator& run, const Term& term, Arguments arguments) {
  std::vector<Datum> items;
  const std::size_t from = builtin_at(term.index).name == "keys" ? 0 : 1;
  for (std::size_t i = from; i < arguments[0].pairs().size(); i += 2) items.push_back(arguments[0].pairs()[i]);
  return make::sequence(run.arena(), Tag::list, items);
}

Datum join_texts(Evaluator& run, const Term& term, Arguments arguments) {
  std::string text;
  bool late = arguments[1].late;
  for (const Datum& item : arguments[0].items()) {
    if (&item != arguments[0].items().data()) text.append(arguments[1].text());
    text.append(item.text());
    late = late || item.late;
  }
  return run.keep_text(text, late, term.span);
}

Datum split_text(Evaluator& run, const Term& term, Arguments arguments) {
  if (arguments[0].late) return fail_late(run, term, "parts");
  const std::string_view separator = arguments[1].text();
  std::string_view rest = arguments[0].text();
  std::vector<Datum> items;
  for (std::size_t at = rest.find(separator); !separator.empty() && at != std::string_view::npos; at = rest.find(separator)) {
    items.push_back(make::text(rest.substr(0, at)));
    rest.remove_prefix(at + separator.size());
  }
  items.push_back(make::text(rest));
  if (!run.step(items.size())) return run.over_budget(term.span);
  return make::sequence(run.arena(), Tag::list, items);
}

Datum change_case(Evaluator& run, const Term& term, Arguments arguments) {
  if (arguments[0].late) return fail_late(run, term, "letters");
  std::string text(arguments[0].text());
  const bool lower = builtin_at(term.index).name == "lower";
  for (char& c : text) {
    if (lower && c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    if (!lower && c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
  }
  return run.keep_text(text, false, term.span);
}

Datum starts_with(Evaluator& run, const Term& term, Arguments arguments) {
  return arguments[0].late ? fail_late(run, term, "beginning") : make::boolean(arguments[0].text().starts_with(arguments[1].text()));
}
Datum ends_with(Evaluator& run, const Term& term, Arguments arguments) {
  return arguments[0].late ? fail_late(run, term, "end") : make::boolean(arguments[0].text().ends_with(arguments[1].text()));
}
Datum contains_text(Evaluator& run, const Term& term, Arguments arguments) {
  return arguments[0].late ? fail_late(run, term, "parts")
                           : make::boolean(arguments[0].text().find(arguments[1].text()) != std::string_view::npos);
}

Datum replace(Evaluator& run, const Term& term, Arguments arguments) {
  if (arguments[0].late) return fail_late(run, term, "parts");
  const std::string_view what = arguments[1].text();
  std::string_view rest = arguments[0].text();
  std::string text;
  for (std::size_t at = rest.find(what); !what.empty() && at != std::string_view::npos; at = rest.find(what)) {
    text.append(rest.substr(0, at)).append(arguments[2].text());
    rest.remove_prefix(at + what.size());
    if (!run.step(text.size() / 64 + 1)) return run.over_budget(term.span);
  }
  text.append(rest);
  return run.keep_text(text, arguments[2].late, term.span);
}

constexpr Builtin kBuiltins[] = {
    {"secret", false, "secret(\"NAME/KEY\")", "A reference to a secret; its value is never read.", check_secret, never},
    {"link", false, "link(service)", "Reads a service without waiting for it: makes no edge.", check_link, never},
    {"text", false, "text(x)", "The text of a number, quantity, date or enum value.", check_text, to_text},
    {"seconds", false, "seconds(d)", "Whole seconds of a duration.", check_simple<TypeTag::duration, TypeTag::integer>, seconds},
    {"mebibytes", false, "mebibytes(b)", "Whole Mi of an amount of bytes.", check_simple<TypeTag::bytes, TypeTag::integer>, mebibytes},
    {"millicores", false, "millicores(c)", "Thousandths of a core.", check_simple<TypeTag::cpu, TypeTag::integer>, millicores},
    {"whole_percent", false, "whole_percent(p)", "Whole percents.", check_simple<TypeTag::percent, TypeTag::integer>, percent_of},
    {"pinned_image", false, "pinned_image(\"main\")", "The reference of an image of this release: a late value.", check_pinned_image,
     never},
    {"secret_name", false, "secret_name(s)", "The Kubernetes Secret that a secret is kept in.",
     check_simple<TypeTag::secret, TypeTag::string>, secret_name},
    {"secret_key", false, "secret_key(s)", "The key in its Secret.", check_simple<TypeTag::secret, TypeTag::string>, secret_key},
    {"declared_name", false, "declared_name()", "The name as declared, whatever its objects are called.", check_declared_name, never},
    {"min", false, "min(a, b)", "The smaller of two.", check_extreme, smallest},
    {"max", false, "max(a, b)", "The larger of two.", check_extreme, largest},
    {"range", false, "range(n)", "The numbers from 0 to n - 1.", check_range, range},
    {"checksum", false, "checksum(x)", "Sixteen hexadecimal digits that change when x changes.", check_checksum, checksum},
    {"watch", false, "watch(\"REPO\", versions = \"^1.4\")", "Follows a registry: the newest tag that a rule accepts.", check_watch,
     evaluate_watch},
    {"has", true, "xs.has(x)", "Is x an element, or a key of a map?", check_has, has},
    {"get", true, "m.get(key)", "The value of a key, or none.", check_get, get},
    {"size", true, "xs.size()", "How many elements, or bytes of a text.", check_size, size},
    {"keys", true, "m.keys()", "The keys of a map, sorted.", check_parts, parts},
    {"values", true, "m.values()", "The values of a map, by their keys.", check_parts, parts},
    {"join", true, "xs.join(\", \")", "One text of many.", check_join, join_texts},
    {"split", true, "text.split(\",\")", "The parts between separators.", check_split, split_text},
    {"lower", true, "text.lower()", "In small letters (ASCII).", check_text_method<0, TypeTag::string>, change_case},
    {"upper", true, "text.upper()", "In capital letters (ASCII).", check_text_method<0, TypeTag::string>, change_case},
    {"starts_with", true, "text.starts_with(other)", "Does it begin so?", check_text_method<1, TypeTag::boolean>, starts_with},
    {"ends_with", true, "text.ends_with(other)", "Does it end so?", check_text_method<1, TypeTag::boolean>, ends_with},
    {"contains", true, "text.contains(other)", "Does it stand in there?", check_text_method<1, TypeTag::boolean>, contains_text},
    {"replace", true, "text.replace(what, by)", "Every occurrence replaced.", check_text_method<2, TypeTag::string>, replace},
};

}  // namespace

std::span<const Builtin> builtins() { return kBuiltins; }

int find_builtin(std::string_view name, bool method) {
  for (std::size_t i = 0; i < std::size(kBuiltins); ++i) {
    if (kBuiltins[i].name == name && kBuiltins[i].method == method) return static_cast<int>(i);
  }
  return -1;
}

}  // namespace muster::lang
