// The small sequences that every implementation gets wrong once, each as the rules tell it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "deliver/stage.hpp"

namespace muster::deliver::test {
namespace {

/// One service in one environment that a branch feeds; v1 and then v2 were delivered.
class OneService : public ::testing::Test {
 protected:
  OneService() {
    stage.fed_by("production", "main");
    stage.service("cart").image = "1";
    stage.push("cart", "v1");
    stage.deliver();
    stage.push("cart", "v2");
    stage.deliver();
  }
  /// Ten more passes, each as a new process, change nothing.
  void expect_it_stays(const std::string& what) {
    for (int i = 0; i < 5; ++i) {
      stage.restart();
      stage.deliver();
      stage.deliver();
    }
    EXPECT_EQ(stage.stands("cart@production"), what);
  }
  Stage stage;
};

TEST_F(OneService, AnEnvironmentRevertIsObeyedForEver) {
  stage.git_revert("production");
  expect_it_stays("v1 setting=a image=1");
}

TEST_F(OneService, AnEnvironmentRevertStaysThroughAnUnrelatedCommitInTheMonorepo) {
  stage.edit([](FleetSpec& fleet) { fleet.services["cart"].path = "services/cart"; });
  stage.push("cart", "v3");
  stage.deliver();
  EXPECT_EQ(stage.stands("cart@production"), "v3 setting=a image=1");
  stage.push("cart", "v4");
  stage.deliver();
  stage.git_revert("production");
  stage.push_elsewhere("cart");
  stage.deliver();
  EXPECT_EQ(stage.stands("cart@production"), "v3 setting=a image=1");
  expect_it_stays("v3 setting=a image=1");
}

TEST_F(OneService, AnEnvironmentRevertStaysThroughAnUnrelatedCommitInTheFleetFiles) {
  stage.git_revert("production");
  stage.edit([](FleetSpec&) {});
  expect_it_stays("v1 setting=a image=1");
}

TEST_F(OneService, AnEnvironmentRevertStaysWhenAnotherInputMoves) {
  stage.git_revert("production");
  stage.edit([](FleetSpec& fleet) { fleet.services["cart"].image = "2"; });
  expect_it_stays("v1 setting=a image=2");
}

TEST_F(OneService, ARevertOfTheRevertStandsAndANewerValueIsDelivered) {
  const std::string revert = stage.git_revert("production");
  stage.deliver();
  stage.git_revert("production", revert);
  expect_it_stays("v2 setting=a image=1");
  stage.push("cart", "v3");
  expect_it_stays("v3 setting=a image=1");
}

TEST_F(OneService, AfterAnEnvironmentRevertAnApplicationRevertMovesTheLedgerAndLandingItAgainIsNew) {
  stage.git_revert("production");
  stage.deliver();
  const std::size_t before = stage.commits("production");
  stage.push("cart", "v1");  // The application takes its change back: what stands already.
  stage.deliver();
  EXPECT_EQ(stage.stands("cart@production"), "v1 setting=a image=1");
  EXPECT_EQ(stage.commits("production"), before + 1) << "the ledger moves, so that v2 is new when it comes again";
  stage.push("cart", "v2");
  expect_it_stays("v2 setting=a image=1");
}

TEST_F(OneService, ARemovalThatIsRevertedIsKeptAndDeclaringItAgainIsANewStart) {
  stage.edit([](FleetSpec& fleet) { fleet.services.erase("cart"); });
  stage.deliver();
  EXPECT_EQ(stage.stands("cart@production"), "nothing");
  stage.git_revert("production");
  stage.deliver();
  EXPECT_EQ(stage.why("cart@production"), "undeclared");
  expect_it_stays("v2 setting=a image=1");
  stage.edit([](FleetSpec& fleet) {
    fleet.services["cart"].repository = "cart";
    fleet.services["cart"].image = "9";
    fleet.services["cart"].setting = "b";
  });
  expect_it_stays("v2 setting=b image=9");
}

TEST_F(OneService, WhenItsFirstRecordIsRevertedItReturnsWholeWithTheNextPush) {
  stage.git_revert("production");
  stage.git_revert("production", "HEAD~2");
  EXPECT_EQ(stage.stands("cart@production"), "nothing");
  expect_it_stays("nothing");
  stage.edit([](FleetSpec& fleet) { fleet.services["cart"].setting = "b"; });
  stage.deliver();
  EXPECT_EQ(stage.why("cart@production"), "taken-off") << "a declaration alone does not bring it back";
  expect_it_stays("nothing");
  stage.push("cart", "v3");
  expect_it_stays("v3 setting=b image=1");
}

TEST(Sequences, OfThreeServicesInOneRecordOneIsTakenBack) {
  Stage stage;
  stage.fed_by("production", "main");
  for (const char* name : {"cart", "orders", "search"}) {
    stage.service(name);
    stage.push(name, "v1");
  }
  stage.deliver();
  for (const char* name : {"cart", "orders", "search"}) stage.push(name, "v2");
  stage.deliver();
  EXPECT_EQ(stage.commits("production"), 3U) << "one record a pass";
  const std::string v1 = stage.show("production~1:orders/shop/configmap-orders-source.yaml");
  const std::string release = stage.show("production~1:orders/release.yaml");
  stage.git_edit("production", {{"orders/shop/configmap-orders-source.yaml", v1 + "\n"}, {"orders/release.yaml", release + "\n"}});
  for (int i = 0; i < 3; ++i) stage.deliver();
  EXPECT_EQ(stage.stands("orders@production"), "v1 setting=a");
  EXPECT_EQ(stage.stands("cart@production"), "v2 setting=a");
  stage.push("cart", "v3");
  stage.deliver();
  EXPECT_EQ(stage.stands("orders@production"), "v1 setting=a");
  EXPECT_EQ(stage.stands("cart@production"), "v3 setting=a");
  stage.push("orders", "v3");
  stage.deliver();
  EXPECT_EQ(stage.stands("orders@production"), "v3 setting=a");
}

/// staging is fed by develop, production follows staging.
class Promotion : public ::testing::Test {
 protected:
  Promotion() {
    stage.fed_by("staging", "develop");
    stage.follows("production", "staging");
    stage.service("cart").image = "1";
    stage.push("cart", "v1", "develop");
    stage.deliver();
  }
  Stage stage;
};

TEST_F(Promotion, ChainsInOneRunWhereNoGateWaits) {
  EXPECT_EQ(stage.stands("cart@staging"), "v1 setting=a image=1");
  EXPECT_EQ(stage.stands("cart@production"), "v1 setting=a image=1");
  stage.push("cart", "v2", "develop");
  stage.deliver();
  EXPECT_EQ(stage.stands("cart@production"), "v2 setting=a image=1");
}

TEST_F(Promotion, AChangeOfStagingsDeclarationAloneBringsNoBundleBack) {
  stage.push("cart", "v2", "develop");
  stage.deliver();
  stage.git_revert("production");
  stage.edit([](FleetSpec& fleet) { fleet.services["cart"].settings["staging"] = "b"; });
  for (int i = 0; i < 3; ++i) stage.deliver();
  EXPECT_EQ(stage.stands("cart@staging"), "v2 setting=b image=1");
  EXPECT_EQ(stage.stands("cart@production"), "v1 setting=a image=1");
}

TEST_F(Promotion, StagingRevertedWhileProductionIsAheadLeavesProduction) {
  stage.push("cart", "v2", "develop");
  stage.deliver();
  stage.git_revert("staging");
  for (int i = 0; i < 3; ++i) stage.deliver();
  EXPECT_EQ(stage.stands("cart@staging"), "v1 setting=a image=1");
  EXPECT_EQ(stage.stands("cart@production"), "v2 setting=a image=1");
  stage.push("cart", "v3", "develop");
  stage.deliver();
  EXPECT_EQ(stage.stands("cart@production"), "v3 setting=a image=1");
}

TEST_F(Promotion, ABundleThatHoldsSomethingTakenBackHereIsHeldUntilItIsPutAgain) {
  stage.push("cart", "v2", "develop");
  stage.deliver();
  stage.git_revert("production");
  stage.edit([](FleetSpec& fleet) { fleet.services["cart"].image = "2"; });  // The next bundle still has v2's trees.
  stage.deliver();
  EXPECT_EQ(stage.stands("cart@staging"), "v2 setting=a image=2");
  EXPECT_EQ(stage.stands("cart@production"), "v1 setting=a image=1");
  EXPECT_EQ(stage.why("cart@production"), "bundle-taken-back");
  stage.push("cart", "v1", "develop");
  stage.deliver();
  stage.push("cart", "v2", "develop");
  stage.deliver();
  EXPECT_EQ(stage.stands("cart@production"), "v2 setting=a image=2");
}

TEST(Sequences, ACiCloneOneFleetCommitBehindTheDaemonTakesNothingBack) {
  Stage stage;
  stage.fed_by("production", "main");
  stage.service("cart").image = "1";
  stage.push("cart", "v1");
  stage.deliver();
  stage.edit([](FleetSpec& fleet) {
    fleet.services["cart"].setting = "b";
    fleet.services["cart"].image = "2";
    fleet.services["orders"].repository = "orders";
  });
  stage.push("orders", "v1");
  stage.deliver();
  stage.deliver_as(stage.fleet_before(1));
  EXPECT_EQ(stage.stands("cart@production"), "v1 setting=b image=2");
  EXPECT_EQ(stage.why("cart@production"), "older-fleet, older-fleet");
  EXPECT_EQ(stage.stands("orders@production"), "v1 setting=a") << "an older fleet removes nothing";
  EXPECT_EQ(stage.why("orders@production"), "older-fleet");
  EXPECT_EQ(stage.last().report.exit_code(), 4);
  const std::string tip = stage.tip("production");
  stage.deliver();
  EXPECT_EQ(stage.tip("production"), tip);
}

TEST(Sequences, AnApprovalForASupersededBundleDoesNotCountForTheNextOne) {
  Stage stage;
  stage.fed_by("staging", "develop");
  stage.follows("production", "staging");
  stage.service("cart");
  stage.edit([](FleetSpec& fleet) { fleet.environments["production"].gate.approvals.push_back({{}, 1}); });
  stage.push("cart", "v1", "develop");
  stage.deliver();
  EXPECT_EQ(stage.why("cart@production"), "approval, approval") << "of the bundle and of the declaration";
  ASSERT_TRUE(
      approve(stage.deliverer(), stage.fleet(), stage.revision(), {"production", {"cart"}, false, false, {}, "", false}, stage.ann, {})
          .ok());
  stage.deliver();
  EXPECT_EQ(stage.stands("cart@production"), "v1 setting=a");
  stage.push("cart", "v2", "develop");
  stage.deliver();
  ASSERT_TRUE(
      approve(stage.deliverer(), stage.fleet(), stage.revision(), {"production", {"cart"}, false, false, {}, "", false}, stage.ann, {})
          .ok());
  stage.push("cart", "v3", "develop");
  const auto promoted = promote(stage.deliverer(), stage.fleet(), stage.revision(), {"production", {"cart"}, "", false}, stage.ann, {});
  ASSERT_TRUE(promoted.ok());
  stage.deliver();
  EXPECT_EQ(stage.stands("cart@staging"), "v3 setting=a");
  EXPECT_EQ(stage.stands("cart@production"), "v2 setting=a") << "v2 is approved and may pass; v3 is not";
  EXPECT_EQ(stage.why("cart@production"), "approval");
  const auto again = promote(stage.deliverer(), stage.fleet(), stage.revision(), {"production", {"cart"}, "", false}, stage.ann, {});
  ASSERT_TRUE(again.ok());
  EXPECT_FALSE(again->commit);
  EXPECT_EQ(stage.stands("cart@production"), "v2 setting=a");
}

TEST(Sequences, ADaemonThatSleptAWeekTakesTheNewestBundleThatMayPass) {
  Stage stage;
  stage.fed_by("staging", "develop");
  stage.follows("production", "staging");
  stage.service("cart");
  stage.push("cart", "v1", "develop");
  stage.deliver();
  stage.edit([](FleetSpec& fleet) { fleet.environments["production"].gate.soak.push_back({"staging", std::chrono::hours(24)}); });
  Request staging;
  staging.environments = {"staging"};
  for (int day = 2; day <= 7; ++day) {
    stage.push("cart", "v" + std::to_string(day), "develop");
    stage.deliver(staging);
    stage.note_health("cart@staging");
    stage.clock.advance(std::chrono::hours(20));
  }
  stage.deliver();
  EXPECT_EQ(stage.stands("cart@staging"), "v7 setting=a");
  EXPECT_EQ(stage.stands("cart@production"), "v6 setting=a") << "v7 soaks for 20 h, v6 for 40 h";
  EXPECT_EQ(stage.why("cart@production"), "soak");
  stage.clock.advance(std::chrono::hours(5));
  stage.deliver();
  EXPECT_EQ(stage.stands("cart@production"), "v7 setting=a");
}

}  // namespace
}  // namespace muster::deliver::test
