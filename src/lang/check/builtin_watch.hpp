// The built-in `watch(REPO, …)`: its arguments are typed here, and held against what a policy must be when their values are
// known (lang/watch.hpp), so that what is computed is held against the same rules as what is written out.
#pragma once

#include "lang/check/builtins.hpp"

namespace muster::lang {

const Term* check_watch(ExpressionChecker& checker, const CallSite& site, std::uint32_t number);
Datum evaluate_watch(Evaluator& run, const Term& term, std::span<const Datum> arguments);

}  // namespace muster::lang
