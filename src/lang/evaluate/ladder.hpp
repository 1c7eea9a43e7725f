// The ladder of overrides: which assignments to a slot count, found by presence alone, before anything is evaluated.
//
// A Ladder holds the rungs 1 to 4 (schema default, kind, defaults of the fleet, defaults for a team) of all entities of
// one kind and team, in each environment. What most instances share is worked out here once: a slot whose assignments
// are constant has its value here already. The entity's own rung comes on top in evaluation (evaluate_slots.cpp).
//
// Ownership: a Ladder points to assignments of the Program. Thread-safety: const once built.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "lang/program.hpp"

namespace muster::lang {

enum class SlotState : std::uint8_t { unknown, computing, known };

/// The assignments of one slot that count in one environment.
struct SlotPlan {
  Datum value;  ///< Of a constant slot.
  bool constant = false;
  const Cause* broken = nullptr;  ///< Two values at one place, or a locked one was set.
  std::uint32_t first = 0;        ///< Ladder::active, high to low; only the last may be a `=`. None: the schema default.
  std::uint32_t count = 0;
  const Assignment* lock = nullptr;    ///< A locked `=` or `-=`: nothing above it may set the slot.
  std::uint32_t first_locked_add = 0;  ///< Ladder::locked_adds: elements that nothing above may touch.
  std::uint32_t locked_adds = 0;
};

struct Ladder {
  KindId kind = kNoKind;
  std::uint32_t team = kAligned;
  std::vector<std::vector<SlotPlan>> plans;  ///< By environment; of entities that live in none: one.
  std::vector<std::vector<Datum>> values;    ///< What constant slots are, to begin a frame with.
  std::vector<std::vector<SlotState>> states;
  std::vector<const Cause*> poisons;            ///< An error in `defaults` that reaches all of them.
  std::vector<std::vector<SlotId>> mentioning;  ///< Slots whose shared assignments name services.
  std::vector<const Assignment*> active;
  std::vector<const Assignment*> locked_adds;

  [[nodiscard]] std::span<const Assignment* const> of(const SlotPlan& plan) const {
    return std::span(active).subspan(plan.first, plan.count);
  }
  [[nodiscard]] std::span<const Assignment* const> locked_adds_of(const SlotPlan& plan) const {
    return std::span(locked_adds).subspan(plan.first_locked_add, plan.locked_adds);
  }
};

/// What is chosen among the assignments of one slot, and what is wrong with them.
struct Choice {
  std::vector<const Assignment*> chosen;  ///< High to low, down to the first `=`.
  const Assignment* first = nullptr;      ///< Two values at one place: both, in order of the text.
  const Assignment* second = nullptr;
  const Assignment* lock = nullptr;
  const Assignment* breaker = nullptr;  ///< Set above a lock.
};
/// `all` cover the environment and are sorted by descending place. `is_list`: two appends at one place have no order.
void choose(std::span<const Assignment* const> all, bool is_list, Choice& out);
/// Sorts by descending place; equal places in order of the text.
void sort_by_place(std::vector<const Assignment*>& all);

/// Every assignment of the rungs 2 to 4 that reaches a slot of entities of this kind and team in the environment,
/// sorted. `environment` is kAligned for entities that live in none.
std::vector<const Assignment*> shared_assignments(const Program& program, KindId kind, std::uint32_t team, SlotId slot,
                                                  std::uint32_t environment);

/// Ladders of all kinds and teams that have entities; built from one thread.
class Ladders {
 public:
  Ladders(const Program& program, Arena& arena) : program_(program), arena_(arena) {}
  /// Makes it where it is not there yet. `team` is kAligned for none.
  const Ladder& of(KindId kind, std::uint32_t team, diag::Diagnostics& out);
  [[nodiscard]] const Ladder* find(KindId kind, std::uint32_t team) const;
  [[nodiscard]] std::vector<const Ladder*> all() const;

 private:
  [[nodiscard]] std::uint32_t effective_team(KindId kind, std::uint32_t team) const;
  void build(Ladder& ladder, diag::Diagnostics& out);
  void plan(Ladder& ladder, std::uint32_t environment, diag::Diagnostics& out);
  void fold(Ladder& ladder, std::uint32_t environment, diag::Diagnostics& out);

  const Program& program_;
  Arena& arena_;
  std::vector<std::unique_ptr<Ladder>> all_;
  std::map<std::pair<KindId, std::uint32_t>, const Ladder*> index_;
};

/// Says that two assignments meet at one place; the cause of the slot's poison.
const Cause* report_twice(const Program& program, const Assignment& first, const Assignment& second, std::uint32_t environment,
                          Arena& arena, diag::Diagnostics& out);
/// Says that a locked slot was set.
const Cause* report_locked(const Program& program, const Assignment& lock, const Assignment& breaker, Arena& arena, diag::Diagnostics& out);

/// Lints: a `=` on an additive field hides elements from below (W0511), a plain value one for an environment (W0510).
/// `all` from high to low, of which the first `chosen` count.
void warn_hidden(const Program& program, const Slot& slot, std::span<const Assignment* const> all, std::size_t chosen,
                 diag::Diagnostics& out);
/// "gate.soak": the slot that is assigned.
std::string slot_path(const Program& program, const Assignment& assignment);

/// "entity, in prod-us", "fleet defaults", "kind std.web": where an assignment stands.
std::string place_text(const Program& program, const Assignment& assignment);
/// "`service cart`", "`defaults service : std.web`": whose body it stands in.
std::string body_text(const Program& program, const Assignment& assignment);

}  // namespace muster::lang
