// The built-in functions and methods: one table, from which names are resolved, suggested and documented.
// Methods stand after a dot: `xs.has(x)`.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "lang/check/term.hpp"
#include "lang/evaluate/evaluate.hpp"

namespace muster::lang {

class ExpressionChecker;

/// A call as written, its arguments not yet checked.
struct CallSite {
  syntax::ExprId id;
  const Term* self = nullptr;  ///< Of a method: the value before the dot, checked.
  std::span<const syntax::Arg> arguments;
  diag::Span name;
  Type expected;
};

struct Builtin {
  std::string_view name;
  bool method = false;
  std::string_view form;  ///< "xs.has(x)", for messages.
  std::string_view documentation;
  /// Types the arguments; the term that calls it, or poison when something was wrong and said.
  const Term* (*check)(ExpressionChecker& checker, const CallSite& site, std::uint32_t number);
  Datum (*evaluate)(Evaluator& run, const Term& term, std::span<const Datum> arguments);
};

std::span<const Builtin> builtins();
inline const Builtin& builtin_at(std::uint32_t number) { return builtins()[number]; }
/// The number of a function or method; -1 where there is none.
int find_builtin(std::string_view name, bool method);

}  // namespace muster::lang
