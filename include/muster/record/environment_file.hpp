// `muster.yaml` of an environment branch: whose branch this is, and what reconcile must know, for it never reads the
// fleet. It has commits of its own; a record never touches it. Plain values; parse fails with invalid (place and way out).
//
//   format: 1
//   fleet: shop
//   environment: production
//   id: 5f0c2a…                 # random, 32 hexadecimal digits; inventories in targets carry it
//   target: {name: prod, kind: directory, path: out/production}
//   budget: {deletions: 5, changes: 20}       # only what the fleet sets
//   drift: repair                             # or show
//   renamed_from: [prod]                      # former names: records that name them count
//   renamed_to: production-eu                 # this branch is history; the environment goes on there
//   written_by: {revision: …, muster: 0.1.0, edition: "1.0"}   # an older fleet does not write it back
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "muster/base/result.hpp"
#include "muster/base/value.hpp"
#include "muster/model/fleet.hpp"
#include "muster/record/inputs.hpp"

namespace muster::record {

inline constexpr int kFormat = 1;

/// What an environment's objects are applied to; the same fields as target::TargetRef, which this room may not see.
struct TargetReference {
  std::string name;
  std::string kind;
  std::string path;
  Value settings;
  friend bool operator==(const TargetReference&, const TargetReference&) = default;
};

struct EnvironmentFile {
  std::string fleet;
  std::string environment;
  std::string id;
  TargetReference target;
  model::Budget budget;
  bool repair_drift = true;
  std::vector<std::string> renamed_from;  ///< Oldest last.
  std::string renamed_to;
  FleetStamp written_by;

  /// Does a record of this name belong to this branch?
  [[nodiscard]] bool answers_to(std::string_view name) const;
  /// Do both say the same of target, budgets and drift: what the fleet declares?
  [[nodiscard]] bool declares_same(const EnvironmentFile& other) const;
};

std::string print(const EnvironmentFile& file);
/// Reason::unsupported where a newer muster wrote it.
Result<EnvironmentFile> parse_environment_file(std::string_view bytes, std::string_view path);

}  // namespace muster::record
