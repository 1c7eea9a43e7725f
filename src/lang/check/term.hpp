// Term: a checked expression, ready to be evaluated. Names are resolved to numbers and types are known, so evaluation
// only computes. A term whose parts are constant is folded while it is checked.
//
// Ownership: terms live in an Arena of the compilation. Thread-safety: immutable once made.
#pragma once

#include <cstdint>
#include <span>

#include "lang/check/types.hpp"
#include "lang/evaluate/datum.hpp"

namespace muster::lang {

enum class Op : std::uint8_t {
  constant,       ///< value
  local,          ///< index: variable of a comprehension, parameter of a function, `it`
  slot,           ///< index: own value of the entity
  environment,    ///< index: Program::environment_fields: a field of the instance's environment
  fleet,          ///< index: slot of the fleet's schema
  output,         ///< kid 0: a reference; index: slot of its kind
  edges,          ///< the services that the instance needs or reads
  declared_name,  ///< the entity's own name as text
  field,          ///< kid 0: a record; index: its field
  item,           ///< kid 0 [ kid 1 ]
  call,           ///< index: Program::functions; kids: arguments
  builtin,        ///< index: the table of built-ins; kids: arguments
  conditional,    ///< if kid 0 then kid 1 else kid 2
  logical_and,
  logical_or,
  logical_not,
  negate,
  add,
  subtract,
  multiply,
  divide,
  modulo,
  equal,
  unequal,
  less,
  less_equal,
  greater,
  greater_equal,
  coalesce,
  interpolate,  ///< kids in order, as text
  list,
  set,
  map,     ///< map: keys and values in turns
  record,  ///< index: the record type; kids: its fields
  list_for,
  set_for,
  map_for,  ///< kid 0: source, 1: condition or nullptr, 2: value (map: key), 3: value; index: first local, extra: names
  refine,   ///< kid 0, held against the refinement `index`
  verify,   ///< kid 0: text, held against the form of the simple type `index` (url, semver …)
  aligned,  ///< kid 0: a reference to a service, bound to the environment of the instance
};
inline constexpr std::size_t kOps = static_cast<std::size_t>(Op::aligned) + 1;

struct Term {
  Op op = Op::constant;
  std::uint8_t extra = 0;
  std::uint32_t index = 0;
  Type type = kPoison;
  diag::Span span;
  std::span<const Term* const> kids;
  Datum value;

  [[nodiscard]] bool constant() const { return op == Op::constant; }
  [[nodiscard]] bool poisoned() const { return op == Op::constant && value.poisoned(); }
  [[nodiscard]] const Term& kid(std::size_t at) const { return *kids[at]; }
};

}  // namespace muster::lang
