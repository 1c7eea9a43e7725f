// One instance in a pass: repairs, then its move, then the way to health. Each is called from the ready queue in a turn of
// its own; what it found stands in the Run, which dependents read once it is finished.
//
// Thread-safety: one Run in one thread at a time; shared parts (the book, the target) are thread-safe themselves.
#pragma once

#include <atomic>
#include <map>
#include <optional>
#include <vector>

#include "muster/reconcile/pass.hpp"
#include "reconcile/inventory_book.hpp"

namespace muster::reconcile {

struct Run;

/// How many instances with something to do are finished, for progress lines.
struct Progress {
  std::atomic<std::size_t> done = 0;
  std::size_t total = 0;
};

/// What all instances of a pass share.
struct Walk {
  const World& world;
  const PassOptions& options;
  const Observation& observation;
  const Plan& plan;
  InventoryBook& book;
  Settling& settling;
  const std::vector<Run>& runs;  ///< One an instance of the plan; read only once the queue says they are done.
  Progress& progress;
  Duration began{};                               ///< Clock::elapsed() when the walk began.
  std::vector<std::optional<Failure>> unstamped;  ///< By environment: its stamp could not be set, so nothing is written.
};

/// How far an instance came.
struct Run {
  std::size_t index = 0;
  Outcome outcome;
  bool ended = false;                ///< The outcome stands: later turns only look.
  bool moved = false;                ///< Its move was made, or there was none to make.
  bool healthy = false;              ///< At what stands at its tip.
  bool announced = false;            ///< `started` was sent.
  std::optional<std::size_t> cause;  ///< The instance because of which it did not move.
  std::optional<bool> note;          ///< A health note to write: healthy or unhealthy …
  Instant noted_at{};                ///< … as seen then.
};

/// Objects whose writes wait for nobody: drift put back, and what is ours taken into the inventory as it stands.
void repair(const Walk& walk, Run& run);
/// The instance's move; a duration where it must look again: an older run of its job lasts.
std::optional<Duration> move(const Walk& walk, Run& run);
/// The way to health; a duration while it is not there yet.
std::optional<Duration> settle(const Walk& walk, Run& run);

/// Ends the run with a state other than success. The first end counts.
void end(Run& run, State state, std::string text, std::optional<Failure> failure = std::nullopt);
/// Has the branch moved on, or the run been stopped? Then the run ends here.
bool interrupted(const Walk& walk, Run& run);
/// Ends the run with a failure of its target; superseded where that only says that somebody applied a newer record.
void end_by_failure(const Walk& walk, Run& run, Failure failure);
void send(const Walk& walk, const Run& run, Event::Kind kind, std::string text);

}  // namespace muster::reconcile
