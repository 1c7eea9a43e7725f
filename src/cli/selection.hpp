// Which instances the operands of a verb mean: `cart`, `cart@production`, `team:ledger`, `*-api@prod-*`, with `--in ENV`.
// Pure. Failure: invalid, naming the operand that means nothing here and the nearest name that would.
#pragma once

#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "muster/base/result.hpp"
#include "muster/model/fleet.hpp"

namespace muster::cli {

/// What can be named: an instance that is declared or stands, with its owner.
struct Nameable {
  std::string service;
  std::string environment;
  std::string owner;
  friend auto operator<=>(const Nameable&, const Nameable&) = default;
};

/// The declared instances of a fleet, poisoned ones included.
std::set<Nameable> nameable_of(const model::Fleet& fleet);

struct Selection {
  bool all = true;                        ///< No operand and no --in: the whole fleet.
  std::vector<std::string> environments;  ///< Sorted; those that the selection touches, or all known ones.
  std::vector<std::string> instances;     ///< "cart@production", sorted; empty where `all` or only --in was given.

  [[nodiscard]] bool has(std::string_view service, std::string_view environment) const;
  /// Of `instances`, sorted.
  [[nodiscard]] std::vector<std::string> services_in(std::string_view environment) const;
};

/// `environments`: all that exist. `in`: values of --in (globs).
Result<Selection> select(const std::set<Nameable>& known, const std::vector<std::string>& environments,
                         const std::vector<std::string>& operands, const std::vector<std::string>& in);
/// Over what a fleet declares alone.
Result<Selection> select_declared(const model::Fleet& fleet, const std::vector<std::string>& operands, const std::vector<std::string>& in);

}  // namespace muster::cli
