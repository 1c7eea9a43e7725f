// A world failure as a result: what `--json` says of it and the exit code for it. Pure.
#pragma once

#include "cli/verb.hpp"
#include "muster/base/result.hpp"
#include "muster/base/value.hpp"

namespace muster::cli {

inline int exit_code_of(const Failure& failure) {
  return failure.kind == FailureKind::stalled && failure.reason == Reason::invalid ? kInvalid : kFailed;
}

/// {reason, kind, text}
inline Value error_value(const Failure& failure) {
  return Object{{"reason", to_string(failure.reason)}, {"kind", to_string(failure.kind)}, {"text", failure.text}};
}

}  // namespace muster::cli
