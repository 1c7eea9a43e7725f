// Seeded schedules of faults. MUSTER_SIM_SCHEDULES says how many (20,000 in tests/run, millions by its --long);
// MUSTER_SIM_SEED=N replays one with its story.
#include <gtest/gtest.h>

#include <atomic>
#include <cstdlib>
#include <iostream>
#include <mutex>

#include "muster/base/log.hpp"
#include "muster/base/parallel.hpp"
#include "sim/schedule.hpp"

namespace muster::sim {
namespace {

std::uint64_t setting(const char* name, std::uint64_t fallback) {
  const char* text = std::getenv(name);
  return text == nullptr ? fallback : std::strtoull(text, nullptr, 10);
}

void report(std::uint64_t seed, const ScheduleResult& result) {
  std::string text = "seed " + std::to_string(seed) + " (MUSTER_SIM_SEED=" + std::to_string(seed) + " replays it):\n";
  for (const std::string& violation : result.violations) text += "  " + violation + "\n";
  ADD_FAILURE() << text;
}

TEST(Simulation, EveryPromiseHoldsAfterEverySchedule) {
  log::set_level(log::Level::quiet);
  if (const std::uint64_t seed = setting("MUSTER_SIM_SEED", 0); seed != 0) {
    const ScheduleResult result = run_schedule(seed);
    for (const std::string& line : result.story) std::cout << line << '\n';
    if (!result.violations.empty()) report(seed, result);
    return;
  }
  const std::uint64_t schedules = setting("MUSTER_SIM_SCHEDULES", 300);
  const std::uint64_t first = setting("MUSTER_SIM_FIRST", 1);
  std::mutex mutex;
  int shown = 0;
  std::uint64_t passes = 0;
  std::uint64_t crashes = 0;
  std::uint64_t records = 0;
  std::uint64_t writes = 0;
  for_each_index(schedules, default_jobs(), [&](std::size_t i) {
    const ScheduleResult result = run_schedule(first + i);
    const std::lock_guard lock(mutex);
    passes += result.passes;
    crashes += result.crashes;
    records += result.records;
    writes += result.target_writes;
    if (!result.violations.empty() && ++shown <= 10) report(first + i, result);
  });
  std::cout << schedules << " schedules: " << passes << " passes, " << crashes << " of them killed, " << records << " records, " << writes
            << " target writes, " << shown << " schedules with violations\n";
  EXPECT_EQ(shown, 0);
}

TEST(Simulation, TheSameSeedTellsTheSameStory) {
  log::set_level(log::Level::quiet);
  for (const std::uint64_t seed : {11U, 12U, 13U}) EXPECT_EQ(run_schedule(seed).story, run_schedule(seed).story);
}

}  // namespace
}  // namespace muster::sim
