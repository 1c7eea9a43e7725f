// The real binary, stopped or refused at one system call: running it again must end where an undisturbed run ends, with
// each release recorded once, nothing lost and nothing for a person to do.
//
// MUSTER_FAULT_SAMPLES: how many calls are tried for each combination (default: of the fault; 0: every one).
#include <gtest/gtest.h>

#include <atomic>
#include <cstdlib>
#include <fstream>

#include <fmt/format.h>

#include "faults/stage.hpp"
#include "support/git_server.hpp"

namespace muster::test {
namespace {

namespace fs = std::filesystem;

struct Situation {
  const char* name;
  Records records;
  Begin begin;
  std::size_t visible;  ///< Files on both branches and in both targets.
};

/// Four objects a service. After the change `api` and `web` stand, `play` came and `work` went.
constexpr Situation kSituations[] = {
    {"InAFirstRun", Records::beside, Begin::nothing, 48},
    {"InARunWithChanges", Records::beside, Begin::changed, 48},
    {"WithEmbeddedRecords", Records::embedded, Begin::changed, 48},
    {"PushingOverHttp", Records::http, Begin::changed, 48},
};

/// The server of Records::http, one for all.
const Stage::Server& server() {
  static const TemporaryFolder folder;
  static const GitHttpServer running([] {
    GitHttpServer::Options options;
    options.root = folder.path();
    return options;
  }());
  static const Stage::Server found{running.url(""), folder.path()};
  return found;
}

Stage make(const Situation& situation) {
  return situation.records == Records::http ? Stage(situation.records, situation.begin, server())
                                            : Stage(situation.records, situation.begin);
}

std::vector<std::size_t> sampled(std::size_t calls, std::size_t usual) {
  const char* setting = std::getenv("MUSTER_FAULT_SAMPLES");
  const std::size_t samples = setting == nullptr ? usual : std::strtoull(setting, nullptr, 10);
  std::vector<std::size_t> out;
  if (samples < 2 || samples >= calls) {
    for (std::size_t k = 1; k <= calls; ++k) out.push_back(k);
    return out;
  }
  for (std::size_t i = 0; i < samples; ++i) out.push_back(1 + i * (calls - 1) / (samples - 1));
  return out;
}

struct Undisturbed {
  std::size_t calls = 0;
  std::map<std::string, std::string> before;
  std::map<std::string, std::string> after;
};

Undisturbed undisturbed(const Situation& situation, int jobs) {
  const Stage stage = make(situation);
  Undisturbed out;
  out.before = stage.visible();
  const fs::path counted = stage.root() / "calls";
  const Ran ran = stage.apply("count:" + counted.string(), jobs);
  EXPECT_EQ(ran.code, 0) << ran.output;
  std::ifstream(counted) >> out.calls;
  EXPECT_GT(out.calls, 50U);
  out.after = stage.visible();
  EXPECT_EQ(out.after.size(), situation.visible);
  return out;
}

/// Each object of a target is whole at any moment: it is what it was or what it will be.
std::string torn(const std::map<std::string, std::string>& now, const Undisturbed& world) {
  for (const auto& [path, content] : now) {
    if (!path.starts_with("out/") || path.find("/.") != std::string::npos) continue;
    const auto old = world.before.find(path);
    const auto wanted = world.after.find(path);
    if (old != world.before.end() && old->second == content) continue;
    if (wanted != world.after.end() && wanted->second == content) continue;
    return path + ":\n" + content;
  }
  return "";
}

/// Tries one fault; the exit code of the run that it hit.
int try_one(const Situation& situation, const Undisturbed& world, const std::string& fault, int jobs) {
  SCOPED_TRACE(fault);
  const Stage stage = make(situation);
  const Ran disturbed = stage.apply(fault, jobs);
  const bool killed = fault.starts_with("kill");
  EXPECT_TRUE(disturbed.code == 0 || disturbed.code == (killed ? 137 : 1)) << disturbed.code << "\n" << disturbed.output;
  if (disturbed.code == 1 && fault.starts_with("enospc")) {
    EXPECT_NE(disturbed.output.find("No space left on device"), std::string::npos) << disturbed.output;
  }
  EXPECT_EQ(torn(stage.visible(), world), "") << disturbed.output;
  // Whoever says that all is done has done all.
  if (disturbed.code == 0) {
    EXPECT_EQ(stage.visible(), world.after) << disturbed.output;
  }

  const Ran again = stage.apply("", jobs);
  EXPECT_EQ(again.code, 0) << "first: " << disturbed.output << "\nthen: " << again.output;
  EXPECT_EQ(stage.visible(), world.after) << "first: " << disturbed.output << "\nthen: " << again.output;
  for (const char* environment : kEnvironments) {
    const auto recorded = stage.recorded(environment);
    const std::set<std::string> once(recorded.begin(), recorded.end());
    EXPECT_EQ(recorded.size(), once.size()) << "a release was recorded twice in " << environment << "\n"
                                            << git(stage.environments(), std::string("log ") + environment);
  }
  const std::string tips = stage.tips();
  const Ran third = stage.apply("", jobs);
  EXPECT_EQ(third.code, 0) << third.output;
  EXPECT_EQ(stage.visible(), world.after) << third.output;
  EXPECT_EQ(stage.tips(), tips) << third.output;
  git(stage.environments(), "fsck --strict --no-dangling");
  return disturbed.code;
}

struct Fault {
  const char* name;
  const char* setting;  ///< With the number of the call; `+` goes on for ever.
  std::size_t samples;
  bool always_felt;  ///< Muster may shrug off a cache that it cannot write and a write that was cut short.
};
constexpr Fault kFaults[] = {
    {"Killed", "kill:{}", 25, true},       {"DiskFullOnce", "enospc:{}", 8, false}, {"DiskFull", "enospc:{}+", 8, true},
    {"DiskFailsOnce", "eio:{}", 8, false}, {"DiskFails", "eio:{}+", 8, true},       {"ShortWrite", "short:{}", 5, false},
};

class Faults : public testing::TestWithParam<std::tuple<Situation, Fault, int>> {};

TEST_P(Faults, LeaveNothingThatTheNextRunDoesNotPutRight) {
  const auto& [situation, fault, jobs] = GetParam();
  if (situation.records == Records::http) MUSTER_NEED_SERVER(GitHttpServer);
  const Undisturbed world = undisturbed(situation, jobs);
  const std::vector<std::size_t> places = sampled(world.calls, fault.samples);
  std::atomic<std::size_t> felt = 0;
  on_all_processors(places.size(), [&, what = &situation, setting = fault.setting, threads = jobs](std::size_t i) {
    if (testing::Test::HasFailure()) return;
    if (try_one(*what, world, fmt::format(fmt::runtime(setting), places[i]), threads) != 0) ++felt;
  });
  // The numbers differ a little from run to run: the last calls may not be reached.
  EXPECT_TRUE(!fault.always_felt || felt >= places.size() / 2) << felt << " of " << places.size();
}

std::string name_of(const testing::TestParamInfo<Faults::ParamType>& info) {
  const auto& [situation, fault, jobs] = info.param;
  return fmt::format("{}{}With{}Jobs", fault.name, situation.name, jobs);
}

INSTANTIATE_TEST_SUITE_P(AtTheKthCall, Faults,
                         testing::Combine(testing::ValuesIn(kSituations), testing::ValuesIn(kFaults), testing::Values(1, 8)), name_of);

}  // namespace
}  // namespace muster::test
