#include "muster/base/parallel.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <vector>

namespace muster {
namespace {

TEST(ForEachIndex, GivesTheSameResultWithOneAndEightThreads) {
  const auto squares = [](unsigned jobs) {
    std::vector<std::size_t> slots(10'000);
    for_each_index(slots.size(), jobs, [&](std::size_t i) { slots[i] = i * i; });
    return slots;
  };
  EXPECT_EQ(squares(1), squares(8));
}

TEST(ForEachIndex, CallsEachIndexOnce) {
  std::vector<std::atomic<int>> calls(1'000);
  for_each_index(calls.size(), 8, [&](std::size_t i) { ++calls[i]; });
  EXPECT_TRUE(std::all_of(calls.begin(), calls.end(), [](const std::atomic<int>& count) { return count == 1; }));
}

TEST(ForEachIndex, RunsInOrderOnTheCallingThreadWithOneJob) {
  std::vector<std::size_t> order;
  for_each_index(5, 1, [&](std::size_t i) { order.push_back(i); });
  EXPECT_EQ(order, (std::vector<std::size_t>{0, 1, 2, 3, 4}));
}

TEST(ForEachIndex, DoesNothingForNothing) {
  for_each_index(0, 8, [](std::size_t) { FAIL(); });
  EXPECT_GE(default_jobs(), 1U);
}

}  // namespace
}  // namespace muster
