// Secrets of muster's own (tokens, keys), by reference. Values are fetched at the moment of use and never stored,
// logged or put into an error. cli implements it over the process environment; tests and the simulator over a map.
#pragma once

#include <string>
#include <string_view>

#include "muster/base/result.hpp"

namespace muster {

class Secrets {
 public:
  virtual ~Secrets() = default;
  /// "env:NAME" or "file:PATH" → the value, one trailing newline removed. Reason::denied where there is none (never absent,
  /// which callers read as "the remote has no such thing"); it names the reference, never a value.
  virtual Result<std::string> resolve(std::string_view reference) = 0;
};

}  // namespace muster
