#include "lang/check/builtin_watch.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "lang/check/check_expression.hpp"
#include "lang/watch.hpp"
#include "muster/diag/suggest.hpp"

namespace muster::lang {
namespace {

using syntax::ExprKind;

constexpr std::size_t kNewest = static_cast<std::size_t>(WatchPart::newest);

const TypeName& watch_type(const Program& program) { return program.type_names[*program.standard.types.find("Watch")]; }

const Term* wrong_call(ExpressionChecker& checker, diag::Span at, const std::string& message, const std::string& label, std::string help) {
  const Term* bad = checker.error(at, "F0214", message, label);
  checker.diagnostic().help(std::move(help));
  return bad;
}

const Term* nothing(ExpressionChecker& checker, const CallSite& site) {
  return checker.constant(checker.tree().span(site.id), kNone, make::of(Tag::none));
}

/// `newest = [build, n]`: names of captures, which mean nothing but themselves wherever they stand.
const Term* check_newest(ExpressionChecker& checker, const syntax::Arg& arg) {
  const syntax::Tree& tree = checker.tree();
  const diag::Span span = tree.span(arg.value);
  const syntax::Expr& value = tree[arg.value];
  const auto is_name = [](const syntax::Expr& one) { return one.kind == ExprKind::name || one.kind == ExprKind::string; };
  if (is_name(value)) {
    const Term* bad = checker.error(span, "F0431", "`newest` is a list of captures, the first of which decides", "one name");
    checker.diagnostic().fix(span, fmt::format("[{}]", tree.text(value)), fmt::format("`newest = [{}]`", tree.text(value)));
    return bad;
  }
  std::vector<Datum> names;
  for (const syntax::ExprId item : value.kind == ExprKind::list ? tree.items(value) : std::span<const syntax::ExprId>()) {
    if (!is_name(tree[item])) break;
    names.push_back(make::text(tree.text(tree[item])));
  }
  if (value.kind == ExprKind::list && names.size() == tree.items(value).size()) {
    const Type type = checker.types().list(simple(TypeTag::name));
    return checker.constant(span, type, make::sequence(checker.arena(), Tag::list, names));
  }
  return wrong_call(checker, span, "`newest` lists captures of `tags` by their names", "computed", "as in `newest = [build]`");
}

const Term* check_part(ExpressionChecker& checker, const syntax::Arg& arg, std::size_t part) {
  if (part == kNewest) return check_newest(checker, arg);
  const Type type = part == static_cast<std::size_t>(WatchPart::versions) ? simple(TypeTag::versions) : kString;
  const bool needed = part == static_cast<std::size_t>(WatchPart::repository);
  return checker.check_field(arg.value, needed ? type : checker.types().optional(type), kWatchNames[part]);
}

/// The place of an argument among the parts, or one past them, and that was said.
std::size_t part_of(ExpressionChecker& checker, const syntax::Arg& arg, bool first) {
  const syntax::Tree& tree = checker.tree();
  if (arg.name.empty()) {
    if (first) return static_cast<std::size_t>(WatchPart::repository);
    wrong_call(checker, tree.span(arg.value), "only the repository of a `watch` stands alone", "by which rule?",
               "`versions = …`, `tags = …` with `newest = […]`, or `tag = …`");
    return kWatchParts;
  }
  const std::string_view name = tree.text(arg.name);
  const auto* found = std::find(std::begin(kWatchNames), std::end(kWatchNames), name);
  if (found == std::end(kWatchNames)) {
    wrong_call(checker, tree.span(arg.name), fmt::format("`watch` has no parameter `{}`", name), "unknown parameter",
               diag::did_you_mean(name, std::vector<std::string_view>(std::begin(kWatchNames), std::end(kWatchNames))));
  }
  return static_cast<std::size_t>(found - std::begin(kWatchNames));
}

}  // namespace

const Term* check_watch(ExpressionChecker& checker, const CallSite& site, std::uint32_t number) {
  std::array<const Term*, kWatchParts> parts{};
  const Term* bad = nullptr;
  for (const syntax::Arg& arg : site.arguments) {
    const std::size_t part = part_of(checker, arg, &arg == site.arguments.data());
    if (part == kWatchParts) {
      bad = checker.poison(checker.tree().span(site.id), "a `watch` is called in another way");
    } else if (parts[part] != nullptr) {
      bad = wrong_call(checker, checker.tree().span(arg.value), fmt::format("`{}` is given twice", kWatchNames[part]), "second value", "");
    } else {
      parts[part] = check_part(checker, arg, part);
    }
  }
  if (bad != nullptr) return bad;
  if (parts[0] == nullptr) {
    return wrong_call(checker, checker.tree().span(site.id), "`watch` is not told which repository", "needs one",
                      fmt::format("`{}`", builtin_at(number).form));
  }
  for (const Term*& part : parts)
    if (part == nullptr) part = nothing(checker, site);
  return checker.make(Op::builtin, checker.tree().span(site.id), watch_type(checker.program()).type, parts, number);
}

Datum evaluate_watch(Evaluator& run, const Term& term, std::span<const Datum> arguments) {
  for (std::size_t i = 0; i < kWatchParts; ++i) {
    if (!arguments[i].late) continue;
    return run.fail(term.kid(i).span, "F0704",
                    "an image's value is not known when the fleet is checked, so no registry can be followed by it", "late value");
  }
  model::ImagePolicy policy;
  if (const auto mistake = read_watch(arguments, policy)) {
    return run.fail(term.kid(static_cast<std::size_t>(mistake->part)).span, mistake->code, mistake->message, mistake->label, mistake->help);
  }
  const Type type = watch_type(run.program()).type;
  return make::sequence(run.arena(), Tag::record, arguments, static_cast<std::uint16_t>(run.program().types.info(type).a));
}

}  // namespace muster::lang
