// Outcome: what deliver concluded about one instance, as data. Status, why, exit codes and the view derive from it; nobody
// parses its text. Plain values.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "muster/base/time.hpp"
#include "muster/git/objects.hpp"
#include "muster/record/inputs.hpp"
#include "muster/record/statements.hpp"

namespace muster::deliver {

enum class Verdict : std::uint8_t {
  unchanged,  ///< What stands is what should stand.
  moved,      ///< A record was made (in a dry run: would be made).
  waiting,    ///< For a gate, a freeze, a person's hold, a branch or image that is not there yet: normal.
  held,       ///< Needs a look of a person, or of whoever mends the remote.
  failed,
};
std::string_view to_string(Verdict verdict);

/// Why an instance, or one input of it, does not move.
enum class Why : std::uint8_t {
  none,
  undeclared,  ///< Stands, is not declared, and is left alone (unchanged).
  // waiting
  held_by_person,
  soak,
  approval,
  check,
  freeze,
  together,
  branch_missing,
  image_missing,
  building,
  upstream_missing,
  selection,
  past_declaration,
  // held
  rewound,
  branch_deleted,
  list_shrank,
  image_refused,
  image_unsigned,
  source_unsigned,
  edited,
  taken_off,
  declaration_taken_back,
  bundle_taken_back,
  older_fleet,
  older_muster,
  dirty_fleet,
  deletions_over_budget,
  changes_over_budget,
  removal_held,
  poisoned,
  claimed,
  environment,
  moved_since_plan,
  // failed
  source_unreachable,
  source_failed,
  registry_unreachable,
  build_failed,
  render_failed,
  check_failed,
  records_unreachable,
  record_failed,
  cancelled,
};
std::string_view to_string(Why why);
Verdict verdict_of(Why why);

/// One input that moved, or would.
struct Move {
  std::string input;
  std::optional<record::InputValue> before;  ///< What stood; nullopt at a start.
  record::InputValue after;
  record::Cause cause = record::Cause::manual;
  friend bool operator==(const Move&, const Move&) = default;
};

/// One reason, of an instance or of one of its inputs.
struct Obstacle {
  Why why = Why::none;
  std::string input;             ///< "" for the whole instance.
  std::string text;              ///< One sentence: what and why, with the values.
  std::string lift;              ///< What lifts it: a command, or what must happen.
  std::optional<Instant> since;  ///< Since when this is so, as far as is known.
  std::optional<Instant> until;  ///< When it ends by itself, if it does.
  friend bool operator==(const Obstacle&, const Obstacle&) = default;
};

/// A person's hold of an instance.
Obstacle obstacle_of(const record::Hold& hold, std::string_view service, std::string_view environment);

struct Outcome {
  std::string service;
  std::string environment;
  Verdict verdict = Verdict::unchanged;  ///< The worst of what was found: moved inputs do not hide a held one.
  std::vector<Move> moves;               ///< Recorded in this pass (dry: proposed).
  std::vector<Obstacle> obstacles;       ///< What keeps the rest; the gravest first.
  std::string release;                   ///< Digest text of the release that stands after the pass; empty: none.
  std::optional<git::Oid> record;        ///< The record made in this pass.
  bool removed = false;
  std::string renamed_from;
  std::optional<Instant> evidence;  ///< When the oldest thing that this rests on was seen.
};

struct EnvironmentOutcome {
  std::string environment;
  std::optional<git::Oid> tip_before;
  std::optional<git::Oid> tip;       ///< After the pass.
  bool created = false;              ///< The branch was made in this pass.
  std::optional<Obstacle> obstacle;  ///< The whole environment is held, stale or failed.
  std::vector<Outcome> instances;    ///< Sorted by service.
};

struct Report {
  std::vector<EnvironmentOutcome> environments;  ///< In the order in which they were passed: upstream first.
  [[nodiscard]] const Outcome* find(std::string_view service, std::string_view environment) const;
  [[nodiscard]] std::size_t count(Verdict verdict) const;
  /// Is this why some instance does not move?
  [[nodiscard]] bool has(Why why) const;
  /// 0 done or waiting, 1 something failed, 4 held and needs a look; a failure outweighs a hold.
  [[nodiscard]] int exit_code() const;
};

}  // namespace muster::deliver
