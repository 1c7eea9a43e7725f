// Seeded schedules of faults. MUSTER_SIM_SCHEDULES and MUSTER_SIM_IMAGE_SCHEDULES say how many (20,000 and 2,000 in tests/run,
// a hundred times as many by its --long); MUSTER_SIM_SEED=N replays one with its story.
#include <gtest/gtest.h>

#include <chrono>
#include <cstdlib>
#include <iostream>
#include <mutex>
#include <set>

#include "muster/base/log.hpp"
#include "muster/base/parallel.hpp"
#include "sim/schedule.hpp"

namespace muster::sim {
namespace {

std::uint64_t setting(const char* name, std::uint64_t fallback) {
  const char* text = std::getenv(name);
  return text == nullptr ? fallback : std::strtoull(text, nullptr, 10);
}

std::string described(std::uint64_t seed, Mix mix, const ScheduleResult& result) {
  const std::string option = mix == Mix::images ? "--images " : "";
  std::string text = "seed " + std::to_string(seed) + " (tests/sim/run " + option + std::to_string(seed) + " replays it):\n";
  for (const std::string& violation : result.violations) text += "  " + violation + "\n";
  return text;
}

/// What many schedules came to; says how far they are now and then.
class Tally {
 public:
  Tally(Mix mix, std::uint64_t schedules) : mix_(mix), schedules_(schedules) {}

  void add(std::uint64_t seed, const ScheduleResult& result) {
    const std::lock_guard lock(mutex_);
    passes_ += result.passes;
    crashes_ += result.crashes;
    records_ += result.records;
    writes_ += result.target_writes;
    instances_ += result.instances;
    excused_ += result.excused;
    if (!result.violations.empty()) {
      broken_.insert(seed);
      if (broken_.size() <= kShown) ADD_FAILURE() << described(seed, mix_, result);
    }
    if (++done_ % kEvery != 0 && done_ != schedules_) return;
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(std::chrono::steady_clock::now() - began_).count();
    std::cout << done_ << " of " << schedules_ << " schedules, " << broken_.size() << " with violations, " << seconds << " s" << std::endl;
  }

  void finish() const {
    std::cout << done_ << " schedules: " << passes_ << " passes, " << crashes_ << " of them killed, " << records_ << " records, " << writes_
              << " target writes, " << instances_ << " instances at rest, " << excused_ << " of them kept by what they say, "
              << broken_.size() << " schedules with violations\n";
    if (!broken_.empty()) std::cout << "seeds with violations:";
    for (const std::uint64_t seed : broken_) std::cout << ' ' << seed;
    if (!broken_.empty()) std::cout << '\n';
    EXPECT_TRUE(broken_.empty());
  }

 private:
  static constexpr std::uint64_t kEvery = 1000;
  static constexpr std::size_t kShown = 10;  // With their violations; of others the seed alone.

  Mix mix_;
  std::uint64_t schedules_;
  std::chrono::steady_clock::time_point began_ = std::chrono::steady_clock::now();
  std::mutex mutex_;
  std::uint64_t done_ = 0;
  std::uint64_t passes_ = 0;
  std::uint64_t crashes_ = 0;
  std::uint64_t records_ = 0;
  std::uint64_t writes_ = 0;
  std::uint64_t instances_ = 0;
  std::uint64_t excused_ = 0;
  std::set<std::uint64_t> broken_;
};

/// Plays as many schedules as the setting says, or the one that is to be told.
void play(Mix mix, const char* how_many) {
  log::set_level(log::Level::quiet);
  if (const std::uint64_t seed = setting("MUSTER_SIM_SEED", 0); seed != 0) {
    const ScheduleResult result = run_schedule(seed, mix);
    for (const std::string& line : result.story) std::cout << line << '\n';
    if (!result.violations.empty()) ADD_FAILURE() << described(seed, mix, result);
    return;
  }
  const std::uint64_t schedules = setting(how_many, 300);
  const std::uint64_t first = setting("MUSTER_SIM_FIRST", 1);
  Tally tally(mix, schedules);
  for_each_index(schedules, default_jobs(), [&](std::size_t i) { tally.add(first + i, run_schedule(first + i, mix)); });
  tally.finish();
}

TEST(Simulation, EveryPromiseHoldsAfterEverySchedule) { play(Mix::sources, "MUSTER_SIM_SCHEDULES"); }
TEST(SimulationOfImages, EveryPromiseHoldsAfterEverySchedule) { play(Mix::images, "MUSTER_SIM_IMAGE_SCHEDULES"); }

TEST(Simulation, TheSameSeedTellsTheSameStory) {
  log::set_level(log::Level::quiet);
  for (const Mix mix : {Mix::sources, Mix::images}) {
    for (const std::uint64_t seed : {11U, 12U, 13U}) EXPECT_EQ(run_schedule(seed, mix).story, run_schedule(seed, mix).story);
  }
}

}  // namespace
}  // namespace muster::sim
