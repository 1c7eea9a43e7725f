// Twenty writers at one branch: deliveries of muster from state directories of their own, and strangers with plain git.
#include <gtest/gtest.h>

#include <fstream>
#include <thread>

#include <fmt/format.h>

#include "faults/stage.hpp"

namespace muster::test {
namespace {

namespace fs = std::filesystem;

constexpr int kWriters = 20;
constexpr int kEachFourthIsAStranger = 4;

void push_a_note(const Stage& stage, int number) {
  const fs::path clone = stage.root() / fmt::format("clone{}", number);
  git(stage.root(), fmt::format("clone -q -b staging {} {}", stage.environments().string(), clone.string()));
  std::ofstream(clone / fmt::format("note-{}", number)) << "mine\n";
  git(clone, "add -A");
  git(clone, fmt::format("commit -q -m note-{}", number));
  for (int attempt = 0; attempt < 200; ++attempt) {
    if (run(fmt::format("cd {} && git -c user.name=S -c user.email=s@example pull -q --rebase && git push -q", clone.string())).code == 0)
      return;
  }
  ADD_FAILURE() << "the stranger never got through";
}

TEST(ManyWriters, OnOneBranchRecordEachReleaseOnceAndLoseNoForeignCommit) {
  const Stage stage(Records::beside, Begin::nothing);
  ASSERT_EQ(stage.apply("", 1).code, 0);
  stage.change("api", "2");
  stage.change("web", "2");
  {
    std::vector<std::jthread> writers;
    for (int i = 0; i < kWriters; ++i) {
      writers.emplace_back([&stage, i] {
        if (i % kEachFourthIsAStranger == 0) return push_a_note(stage, i);
        const Ran ran = stage.muster(fmt::format("deliver --state {}/state{}", stage.root().string(), i));
        EXPECT_EQ(ran.code, 0) << ran.output;
      });
    }
  }
  for (const char* environment : kEnvironments) {
    const auto recorded = stage.recorded(environment);
    EXPECT_EQ(recorded.size(), std::set<std::string>(recorded.begin(), recorded.end()).size())
        << git(stage.environments(), std::string("log ") + environment);
  }
  const std::string files = git(stage.environments(), "ls-tree --name-only staging");
  for (int i = 0; i < kWriters; i += kEachFourthIsAStranger) EXPECT_NE(files.find(fmt::format("note-{}\n", i)), std::string::npos) << i;
  EXPECT_EQ(stage.apply("", 1).code, 0);
}

}  // namespace
}  // namespace muster::test
