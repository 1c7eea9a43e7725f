// `require`: conditions of kinds, held against each entity.
#pragma once

#include "lang/evaluate/evaluate.hpp"

namespace muster::lang {

/// Evaluates the conditions of the frame's kind; the cause of the first that fails, or nullptr.
const Cause* check_requires(Evaluator& run, Frame& frame, diag::Diagnostics& out);

}  // namespace muster::lang
