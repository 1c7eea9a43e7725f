#include "registry/budgets.hpp"

#include <fmt/core.h>
#include <gtest/gtest.h>

#include "support/test_clock.hpp"

namespace muster::registry {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;

class BudgetsTest : public ::testing::Test {
 protected:
  bool passes(const std::string& key, int a_minute) {
    const auto admitted = budgets.admit("r", a_minute, key, Duration(0), {});
    after = admitted.ok() ? std::nullopt : admitted.failure().after;
    return admitted.ok();
  }
  test::TestClock clock;
  Budgets budgets{clock};
  std::optional<Duration> after;
};

TEST_F(BudgetsTest, LetNoMinuteHaveMoreThanTheNumber) {
  for (int i = 0; i < 10; ++i) EXPECT_TRUE(passes(fmt::format("{}", i), 10));
  EXPECT_FALSE(passes("x", 10));
  EXPECT_EQ(after, minutes(1));
  clock.advance(seconds(59));
  EXPECT_FALSE(passes("y", 10));
  clock.advance(seconds(1));
  EXPECT_TRUE(passes("x", 10));
}

TEST_F(BudgetsTest, ServeEverybodyInTimeWhateverTheOrderOfAsking) {
  std::map<int, int> served;
  for (int pass = 0; pass < 5; ++pass) {
    int in_this_minute = 0;
    for (int repository = 0; repository < 40; ++repository) {
      if (!passes(fmt::format("{}", repository), 10)) continue;
      ++served[repository];
      ++in_this_minute;
    }
    EXPECT_LE(in_this_minute, 10);
    clock.advance(minutes(1));
  }
  EXPECT_EQ(served.size(), 40U);
}

TEST_F(BudgetsTest, LetNoMinuteHaveMoreWhereAskersComeLate) {
  std::map<int, int> served;
  for (int pass = 0; pass < 4; ++pass) {
    int in_this_minute = 0;
    for (int repository = 0; repository < 40; ++repository) {
      if (!passes(fmt::format("{}", repository), 10)) continue;
      ++served[repository];
      ++in_this_minute;
    }
    EXPECT_EQ(in_this_minute, 10);
    clock.advance(minutes(5));
  }
  EXPECT_EQ(served.size(), 40U);
}

TEST_F(BudgetsTest, TellEachOfThoseWhoWaitTheirOwnTime) {
  for (int i = 0; i < 10; ++i) EXPECT_TRUE(passes(fmt::format("{}", i), 10));
  clock.advance(seconds(20));
  for (int i = 10; i < 40; ++i) {
    EXPECT_FALSE(passes(fmt::format("{}", i), 10));
    EXPECT_EQ(after, seconds(40) + minutes((i - 10) / 10)) << i;
  }
}

TEST_F(BudgetsTest, KeepNoTurnsOfMoreAskersThanTheyRemember) {
  EXPECT_TRUE(passes("first", 10));
  for (int i = 0; i < 10'009; ++i) passes(fmt::format("{}", i), 10);
  EXPECT_FALSE(passes("late", 10));
  const auto told = after;
  for (int i = 0; i < 1'000; ++i) EXPECT_FALSE(passes(fmt::format("later {}", i), 10));
  EXPECT_FALSE(passes("late", 10));
  EXPECT_EQ(after, told);
}

TEST_F(BudgetsTest, ForgetThoseWhoDoNotComeBack) {
  EXPECT_TRUE(passes("a", 1));
  EXPECT_FALSE(passes("gone", 1));
  clock.advance(minutes(2));
  EXPECT_FALSE(passes("b", 1)) << "it is the other's turn";
  clock.advance(minutes(10));
  EXPECT_TRUE(passes("b", 1));
}

TEST_F(BudgetsTest, WaitForATurnThatIsNear) {
  EXPECT_TRUE(passes("a", 1));
  clock.advance(seconds(57));
  const Duration before = clock.elapsed();
  EXPECT_TRUE(budgets.admit("r", 1, "b", seconds(5), {}).ok());
  EXPECT_EQ(clock.elapsed() - before, seconds(3));
}

TEST_F(BudgetsTest, KeepHostsApart) {
  EXPECT_TRUE(passes("a", 1));
  EXPECT_TRUE(budgets.admit("other", 1, "a", Duration(0), {}).ok());
}

TEST_F(BudgetsTest, LeaveABusyHostAloneAsLongAsItAsksOrLongerEachTime) {
  EXPECT_EQ(budgets.bar("r", seconds(90)), seconds(90));
  EXPECT_FALSE(passes("a", 0));
  EXPECT_EQ(after, seconds(90));
  clock.advance(seconds(90));
  EXPECT_TRUE(passes("a", 0));
  EXPECT_EQ(budgets.bar("r", std::nullopt), seconds(5));
  EXPECT_EQ(budgets.bar("r", std::nullopt), seconds(10));
  for (int i = 0; i < 10; ++i) budgets.bar("r", std::nullopt);
  EXPECT_EQ(budgets.bar("r", std::nullopt), minutes(5));
  budgets.clear("r");
  EXPECT_EQ(budgets.bar("r", std::nullopt), seconds(5));
}

TEST_F(BudgetsTest, StopWaitingWhenTold) {
  std::stop_source stop;
  stop.request_stop();
  EXPECT_TRUE(passes("a", 1));
  EXPECT_EQ(budgets.admit("r", 1, "b", minutes(2), stop.get_token()).failure().reason, Reason::cancelled);
}

}  // namespace
}  // namespace muster::registry
