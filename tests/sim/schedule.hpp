// A schedule: what people, remotes, disks and clocks do, drawn from one seed, while muster passes over the fleet on two
// machines and dies now and then; then everything heals, and the world must come to rest where the rules say.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace muster::sim {

struct ScheduleResult {
  std::vector<std::string> violations;  ///< Empty: every promise held.
  std::vector<std::string> story;       ///< What happened, a line an action; for replays.
  std::uint64_t passes = 0;
  std::uint64_t crashes = 0;
  std::uint64_t records = 0;
  std::uint64_t target_writes = 0;
  std::uint64_t instances = 0;  ///< Judged when all was quiet; of these …
  std::uint64_t excused = 0;    ///< … so many said themselves what keeps them.
};

/// What is played: commits alone, or registries and builders beside them.
enum class Mix : std::uint8_t { sources, images };

/// The same seed and mix give the same result, on any machine.
ScheduleResult run_schedule(std::uint64_t seed, Mix mix = Mix::sources);

}  // namespace muster::sim
