// Calls of functions and methods; constants and functions, checked when they are first used.
#include <fmt/format.h>

#include <algorithm>

#include "lang/check/check_expression.hpp"
#include "lang/check/names.hpp"
#include "muster/diag/suggest.hpp"

namespace muster::lang {

using syntax::Expr;
using syntax::ExprId;
using syntax::ExprKind;

namespace {

/// Calls inside calls inside calls: what a stack takes without care.
constexpr unsigned kMaximumCallDepth = 24;

std::string form_of(const Function& function, const TypeTable& types) {
  std::string form(function.name);
  form += "(";
  for (const Parameter& parameter : function.parameters) {
    if (form.back() != '(') form += ", ";
    form += fmt::format("{}: {}", parameter.name, types.text(parameter.type));
  }
  return form + ")";
}

}  // namespace

const Term* ExpressionChecker::call_function(Function& function, ExprId id, const Expr& expr) {
  const diag::Span span = tree_.span(id);
  ensure_signature(program_, function, out_);
  ensure_checked(program_, function, out_, span);
  std::vector<const Term*> arguments(function.parameters.size(), nullptr);
  const Term* bad = nullptr;
  std::size_t position = 0;
  for (const syntax::Arg& arg : tree_.args(expr)) {
    std::size_t at = position;
    if (!arg.name.empty()) {
      const std::string_view name = tree_.text(arg.name);
      at = static_cast<std::size_t>(
          std::find_if(function.parameters.begin(), function.parameters.end(), [&](const Parameter& one) { return one.name == name; }) -
          function.parameters.begin());
      if (at == function.parameters.size()) {
        std::vector<std::string_view> legal;
        for (const Parameter& one : function.parameters) legal.push_back(one.name);
        bad = error(tree_.span(arg.name), "F0214", fmt::format("`{}` has no parameter `{}`", function.name, name), "unknown parameter");
        diagnostic().help(diag::did_you_mean(name, legal));
        continue;
      }
    } else {
      ++position;
    }
    if (at >= arguments.size()) {
      bad = error(tree_.span(arg.value), "F0214", fmt::format("`{}` takes {} arguments", function.name, arguments.size()), "one too many");
      diagnostic().help(form_of(function, types()));
      continue;
    }
    if (arguments[at] != nullptr) {
      bad = error(tree_.span(arg.value), "F0214", fmt::format("`{}` is given twice", function.parameters[at].name), "second value");
      continue;
    }
    arguments[at] = check_field(arg.value, function.parameters[at].type, function.parameters[at].name);
  }
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    if (arguments[i] == nullptr) arguments[i] = function.parameters[i].initial;
    if (arguments[i] != nullptr || bad != nullptr) continue;
    bad = error(span, "F0214", fmt::format("`{}` needs `{}`", function.name, function.parameters[i].name), "too few arguments");
    diagnostic().help(form_of(function, types()));
  }
  if (bad != nullptr) return bad;
  if (function.body == nullptr || function.body->poisoned()) return poison(span, fmt::format("`{}` is in error", function.name));
  return make(Op::call, span, function.result, arguments, static_cast<std::uint32_t>(&function - program_.functions.data()));
}

const Term* ExpressionChecker::check_call(ExprId id, const Expr& expr, Type want) {
  const diag::Span span = tree_.span(expr.range);
  const Expr& base = tree_[syntax::Tree::base(expr)];
  const auto call_builtin = [&](std::string_view name, diag::Span name_span, const Term* self) -> const Term* {
    const int found = find_builtin(name, self != nullptr);
    if (found < 0) return nullptr;
    const CallSite site{id, self, tree_.args(expr), name_span, want};
    return builtin_at(static_cast<std::uint32_t>(found)).check(*this, site, static_cast<std::uint32_t>(found));
  };
  std::vector<std::string_view> legal;
  if (base.kind == ExprKind::name) {
    const std::string_view name = tree_.text(base);
    if (Function* function = find_function(name, false)) return call_function(*function, id, expr);
    if (const Term* call = call_builtin(name, tree_.span(base.range), nullptr)) return call;
    for (const Function& one : program_.functions) {
      if (lookup_function(program_, where_.file, one.name, false) == &one) legal.push_back(one.name);
    }
    for (const Builtin& one : builtins()) {
      if (!one.method) legal.push_back(one.name);
    }
    const Term* bad = error(tree_.span(base.range), "F0213", fmt::format("there is no function `{}`", name), "unknown function");
    if (const std::string_view near = diag::nearest(name, legal); !near.empty())
      diagnostic().fix(tree_.span(base.range), std::string(near), fmt::format("`{}`", near));
    return bad;
  }
  if (base.kind != ExprKind::member)
    return error(span, "F0213", "only functions can be called, and they are called by name", "not a function");
  const ExprId owner = syntax::Tree::base(base);
  const syntax::Range word = syntax::Tree::word(base);
  const std::string_view name = tree_.text(word);
  if (tree_[owner].kind == ExprKind::name && tree_.text(tree_[owner]) == "std") {
    if (Function* function = find_function(name, true)) return call_function(*function, id, expr);
    for (const Function& one : program_.functions) {
      if (program_.file(one.file).library) legal.push_back(one.name);
    }
    const Term* bad = error(tree_.span(word), "F0213", fmt::format("the standard library has no function `{}`", name), "unknown function");
    diagnostic().help(diag::did_you_mean(name, legal));
    return bad;
  }
  const Term* self = infer(owner);
  if (self->poisoned()) return self;
  if (types().is_optional(self->type)) {
    const Term* bad = error(self->span, "F0407", "this may be none here", types().text(self->type));
    diagnostic().help("`x ?? other` gives another value for none");
    return bad;
  }
  if (const Term* call = call_builtin(name, tree_.span(word), self)) return call;
  for (const Builtin& one : builtins()) {
    if (one.method) legal.push_back(one.name);
  }
  const Term* bad = error(tree_.span(word), "F0213", fmt::format("there is no method `{}`", name), "unknown method");
  diagnostic().help(diag::did_you_mean(name, legal));
  return bad;
}

// ---- constants and functions ----

void ensure_checked(Program& program, Constant& constant, diag::Diagnostics& out, diag::Span use) {
  if (constant.state == CheckState::checked) return;
  const syntax::Tree& tree = program.file(constant.file).tree();
  ExpressionChecker checker(program, program.arena, out, {Site::constant, constant.file, nullptr, EntityWord::service, kNoKind, nullptr});
  if (constant.state == CheckState::checking) {
    out.error(tree.span(constant.declaration->name), "F0306", "the constant `{}` is computed from itself", constant.name)
        .also(use, "read here");
    constant.value = checker.poison(use, "it is computed from itself");
    return;
  }
  constant.state = CheckState::checking;
  const Type expected =
      constant.declaration->type == syntax::kNoType ? kInfer : resolve_type(program, constant.file, constant.declaration->type, out);
  const Term* value = checker.check_field(constant.declaration->value, expected, constant.name);
  if (constant.value == nullptr) {
    constant.type = expected == kInfer ? value->type : expected;
    Evaluator evaluator(program, program.arena, &out);
    evaluator.value_label = constant.name;
    constant.value = value->constant() ? value : checker.constant(value->span, constant.type, evaluator.evaluate_alone(*value));
  }
  constant.state = CheckState::checked;
}

void ensure_signature(Program& program, Function& function, diag::Diagnostics& out) {
  if (function.signature != CheckState::unchecked) return;
  function.signature = CheckState::checking;
  const syntax::Tree& tree = program.file(function.file).tree();
  for (const syntax::TypedField& field : tree.fields(function.declaration->fields)) {
    Parameter& parameter = function.parameters.emplace_back();
    parameter.name = tree.text(field.name);
    parameter.type = resolve_type(program, function.file, field.type, out);
    parameter.declaration = &field;
  }
  function.result = resolve_type(program, function.file, function.declaration->type, out);
  ExpressionChecker checker(program, program.arena, out, {Site::constant, function.file, nullptr, EntityWord::service, kNoKind, nullptr});
  for (std::size_t i = 0; i < function.parameters.size(); ++i) {
    Parameter& parameter = function.parameters[i];
    for (std::size_t j = 0; j < i; ++j) {
      if (function.parameters[j].name == parameter.name)
        out.error(tree.span(parameter.declaration->name), "F0205", "the parameter `{}` is there twice", parameter.name).label("second one");
    }
    if (parameter.declaration->value != syntax::kNoExpr)
      parameter.initial = checker.check_field(parameter.declaration->value, parameter.type, parameter.name);
  }
  function.signature = CheckState::checked;
}

void ensure_checked(Program& program, Function& function, diag::Diagnostics& out, diag::Span use) {
  const syntax::Tree& tree = program.file(function.file).tree();
  if (function.state == CheckState::checked) return;
  if (function.state == CheckState::checking) {
    if (function.body == nullptr) {
      out.error(use, "F0310", "`{}` calls itself, and functions may not", function.name)
          .label("this call closes the circle")
          .also(tree.span(function.declaration->name), "the function")
          .note("so that every fleet is checked in finite time; walk lists with `for`");
      ExpressionChecker checker(program, program.arena, out,
                                {Site::function, function.file, nullptr, EntityWord::service, kNoKind, nullptr});
      function.body = checker.poison(use, fmt::format("`{}` calls itself", function.name));
    }
    return;
  }
  ensure_signature(program, function, out);
  function.state = CheckState::checking;
  ExpressionChecker checker(program, program.arena, out, {Site::function, function.file, nullptr, EntityWord::service, kNoKind, nullptr});
  for (const Parameter& parameter : function.parameters) checker.push_local(parameter.name, parameter.type);
  const Term* body = checker.check(function.declaration->value, function.result);
  if (function.body == nullptr) function.body = body;
  function.height = 1;
  const auto measure = [&](const auto& self, const Term& term) -> void {
    if (term.op == Op::call) function.height = std::max(function.height, program.functions[term.index].height + 1);
    for (const Term* kid : term.kids) {
      if (kid != nullptr) self(self, *kid);
    }
  };
  measure(measure, *function.body);
  if (function.height > kMaximumCallDepth) {
    out.error(tree.span(function.declaration->name), "F0603", "`{}` calls functions that call functions, more than {} deep", function.name,
              kMaximumCallDepth)
        .label("too deep");
    function.body = checker.poison(use, "calls are too deep");
    function.height = 0;
  }
  function.state = CheckState::checked;
}

}  // namespace muster::lang
