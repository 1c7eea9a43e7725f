// The small sequences at the end of the rules, each as told there.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "deliver/stage.hpp"

namespace muster::deliver::test {
namespace {

/// One service in one environment that a branch feeds.
class OneService : public ::testing::Test {
 protected:
  OneService() {
    stage.fed_by("production", "main");
    stage.service("cart");
    stage.push("cart", "v1");
    stage.deliver();
  }
  Stage stage;
};

TEST_F(OneService, StandsAfterItsFirstPass) {
  EXPECT_EQ(stage.stands("cart@production"), "v1 setting=a");
  EXPECT_EQ(stage.commits("production"), 2U);
  EXPECT_EQ(stage.outcome("cart@production").verdict, Verdict::moved);
}

TEST_F(OneService, ASecondPassDoesNothing) {
  const std::string tip = stage.tip("production");
  stage.deliver();
  EXPECT_EQ(stage.tip("production"), tip);
  EXPECT_EQ(stage.outcome("cart@production").verdict, Verdict::unchanged);
  stage.restart();
  stage.deliver();
  EXPECT_EQ(stage.tip("production"), tip);
}

TEST_F(OneService, APushMovesIt) {
  stage.push("cart", "v2");
  stage.deliver();
  EXPECT_EQ(stage.stands("cart@production"), "v2 setting=a");
  EXPECT_EQ(stage.commits("production"), 3U);
}

TEST_F(OneService, AnEnvironmentRevertStaysUntilSomethingNewer) {
  stage.push("cart", "v2");
  stage.deliver();
  stage.git_revert("production");
  EXPECT_EQ(stage.stands("cart@production"), "v1 setting=a");
  for (int i = 0; i < 10; ++i) stage.deliver();
  EXPECT_EQ(stage.stands("cart@production"), "v1 setting=a");
  stage.push("cart", "v3");
  stage.deliver();
  EXPECT_EQ(stage.stands("cart@production"), "v3 setting=a");
}

}  // namespace
}  // namespace muster::deliver::test
