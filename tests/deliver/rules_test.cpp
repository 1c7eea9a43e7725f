// The rules of deliver, sentence by sentence, on real repositories.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "deliver/stage.hpp"
#include "muster/record/layout.hpp"
#include "support/map_secrets.hpp"

namespace muster::deliver::test {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

/// cart and orders in production, fed by main; both stand at v1.
class Shop : public ::testing::Test {
 protected:
  Shop() {
    stage.fed_by("production", "main");
    for (const char* name : {"cart", "orders"}) {
      stage.service(name);
      stage.push(name, "v1");
    }
    stage.deliver();
  }
  Stage stage;
};

// ---- unknown is not moved ----

TEST_F(Shop, ARepositoryThatCannotBeReachedMovesNothingAndStopsNobodyElse) {
  stage.push("orders", "v2");
  stage.unplug("cart");
  stage.deliver();
  EXPECT_EQ(stage.why("cart@production"), "source-unreachable");
  EXPECT_EQ(stage.stands("cart@production"), "v1 setting=a");
  EXPECT_EQ(stage.stands("orders@production"), "v2 setting=a");
  EXPECT_EQ(stage.last().report.exit_code(), 1);
  stage.plug("cart");
  stage.push("cart", "v2");
  stage.deliver();
  EXPECT_EQ(stage.stands("cart@production"), "v2 setting=a") << "it heals by itself";
}

TEST_F(Shop, AnObstacleSaysSinceWhenEvenAfterARestart) {
  stage.unplug("cart");
  stage.deliver();
  const auto since = stage.outcome("cart@production").obstacles.at(0).since;
  stage.clock.advance(std::chrono::hours(5));
  stage.restart();
  stage.deliver();
  EXPECT_EQ(stage.outcome("cart@production").obstacles.at(0).since, since);
}

TEST_F(Shop, ADeletedBranchHolds) {
  stage.push("cart", "v9", "other");
  stage.delete_branch("cart");
  stage.deliver();
  EXPECT_EQ(stage.why("cart@production"), "branch-deleted");
  EXPECT_EQ(stage.stands("cart@production"), "v1 setting=a");
  EXPECT_EQ(stage.last().report.exit_code(), 4);
}

TEST_F(Shop, AnEmptyListingSaysNothing) {
  stage.delete_branch("cart");
  stage.deliver();
  EXPECT_EQ(stage.why("cart@production"), "source-unreachable");
  EXPECT_EQ(stage.stands("cart@production"), "v1 setting=a");
}

TEST_F(Shop, ARewoundBranchIsHeldUntilItIsPutRight) {
  const std::string v1 = stage.repository("cart").tip();
  const std::string v2 = stage.push("cart", "v2");
  stage.deliver();
  stage.set_branch("cart", v1);
  stage.deliver();
  EXPECT_EQ(stage.why("cart@production"), "rewound");
  EXPECT_EQ(stage.stands("cart@production"), "v2 setting=a");
  stage.set_branch("cart", v2);
  stage.deliver();
  EXPECT_EQ(stage.why("cart@production"), "");
}

TEST_F(Shop, ARewoundBranchIsTakenAsItIsAfterResume) {
  const std::string v1 = stage.repository("cart").tip();
  stage.push("cart", "v2");
  stage.deliver();
  stage.set_branch("cart", v1);
  stage.deliver();
  const auto resumed = resume(stage.deliverer(), stage.fleet(), stage.revision(), {"production", {"cart"}, false}, stage.ann, {});
  ASSERT_TRUE(resumed.ok()) << resumed.failure().text;
  ASSERT_EQ(resumed->proposals.size(), 1U) << "it lists what it proposes";
  stage.restart();
  stage.deliver();
  EXPECT_EQ(stage.stands("cart@production"), "v1 setting=a");
  EXPECT_EQ(stage.why("cart@production"), "");
  stage.push("cart", "v3");
  stage.deliver();
  EXPECT_EQ(stage.stands("cart@production"), "v3 setting=a");
}

TEST_F(Shop, ANewServiceWaitsUntilAllItsInputsAreKnown) {
  stage.edit([](FleetSpec& fleet) {
    fleet.services["search"].repository = "search";
    fleet.services["search"].image = "";
  });
  stage.push("search", "v1", "elsewhere");
  stage.deliver();
  EXPECT_EQ(stage.stands("search@production"), "nothing");
  EXPECT_THAT(stage.why("search@production"), HasSubstr("branch-missing"));
  EXPECT_THAT(stage.why("search@production"), HasSubstr("image-missing"));
  EXPECT_EQ(stage.last().report.exit_code(), 0) << "waiting is normal";
  stage.push("search", "v1");
  Request built;
  built.images = {{"search", "registry.example/search", "registry.example/search:7", ""}};
  stage.deliver(built);
  EXPECT_EQ(stage.stands("search@production"), "v1 setting=a image=7");
}

// ---- images ----

TEST_F(Shop, ALiteralImageRefusesDeliverImage) {
  stage.edit([](FleetSpec& fleet) { fleet.services["cart"].image = "1"; });
  stage.push("cart", "v2");
  Request built;
  built.images = {{"cart", "registry.example/cart", "registry.example/cart:9", ""}};
  stage.deliver(built);
  EXPECT_EQ(stage.stands("cart@production"), "v2 setting=a image=1");
  EXPECT_EQ(stage.why("cart@production"), "image-refused");
}

TEST_F(Shop, ABuildOfACommitOlderThanTheRecordedOneIsNothingToDo) {
  stage.edit([](FleetSpec& fleet) { fleet.services["cart"].image = ""; });
  const std::string first = stage.push("cart", "v2");
  const std::string second = stage.push("cart", "v3");
  const auto deliver_built = [&](const std::string& tag, const std::string& commit) {
    Request built;
    built.images = {{"cart", "registry.example/cart", "registry.example/cart:" + tag, commit}};
    stage.deliver(built);
  };
  deliver_built("second", second);
  EXPECT_EQ(stage.stands("cart@production"), "v3 setting=a image=second");
  deliver_built("first", first);
  EXPECT_EQ(stage.stands("cart@production"), "v3 setting=a image=second");
  EXPECT_EQ(stage.last().report.exit_code(), 0);
  stage.deliver();
  EXPECT_EQ(stage.stands("cart@production"), "v3 setting=a image=second") << "CI is its only source";
}

// ---- what is proposed ----

TEST_F(Shop, APushThatLeavesEveryObjectMovesTheLedgerAlone) {
  const std::string before = stage.tip("production");
  stage.push_files("cart", {{"README.md", "words"}});
  stage.deliver();
  EXPECT_NE(stage.tip("production"), before);
  EXPECT_EQ(stage.git({"diff", "--name-only", before, "production"}), "cart/release.yaml");
}

TEST_F(Shop, ADeclarationThatWasTakenBackHoldsOtherInputs) {
  stage.edit([](FleetSpec& fleet) { fleet.services["cart"].setting = "b"; });
  stage.deliver();
  stage.git_revert("production");
  stage.push("cart", "v2");
  stage.deliver();
  EXPECT_EQ(stage.why("cart@production"), "declaration-taken-back");
  EXPECT_EQ(stage.stands("cart@production"), "v1 setting=a");
  stage.edit([](FleetSpec& fleet) { fleet.services["cart"].setting = "c"; });
  stage.deliver();
  EXPECT_EQ(stage.stands("cart@production"), "v2 setting=c");
}

TEST_F(Shop, ADeclarationThatWasTakenBackHoldsNothingWhereObjectsComeWhollyFromTheSource) {
  stage.edit([](FleetSpec& fleet) { fleet.services["cart"].evaluated = false; });
  stage.deliver();
  stage.edit([](FleetSpec& fleet) { fleet.services["cart"].setting = "b"; });
  stage.deliver();
  stage.git_revert("production");
  stage.push("cart", "v2");
  stage.deliver();
  EXPECT_EQ(stage.stands("cart@production"), "v2");
}

TEST_F(Shop, AHandEditIsKeptAndHoldsTheServicesRecords) {
  stage.git_edit("production",
                 {{"cart/shop/configmap-cart-source.yaml",
                   "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: cart-source\n  namespace: shop\ndata:\n  version: by-hand\n"}});
  stage.push("cart", "v2");
  stage.deliver();
  EXPECT_EQ(stage.why("cart@production"), "edited");
  EXPECT_EQ(stage.stands("cart@production"), "by-hand setting=a");
  EXPECT_EQ(stage.last().report.exit_code(), 4);
  stage.git_revert("production");  // The edit is taken back.
  stage.deliver();
  EXPECT_EQ(stage.stands("cart@production"), "v2 setting=a");
}

TEST_F(Shop, ResumeReplacesAHandEdit) {
  stage.git_edit("production",
                 {{"cart/shop/configmap-extra.yaml",
                   "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: extra\n  namespace: shop\ndata:\n  version: extra\n"}});
  stage.deliver();
  ASSERT_TRUE(resume(stage.deliverer(), stage.fleet(), stage.revision(), {"production", {"cart"}, false}, stage.ann, {}).ok());
  stage.deliver();
  EXPECT_EQ(stage.stands("cart@production"), "v1 setting=a");
}

TEST_F(Shop, WhatPeopleWriteBesideTheObjectsStays) {
  stage.git_edit("production", {{"cart/README.md", "ask Ann"}});
  stage.push("cart", "v2");
  stage.deliver();
  EXPECT_EQ(stage.stands("cart@production"), "v2 setting=a");
  EXPECT_EQ(stage.show("production:cart/README.md"), "ask Ann");
}

// ---- removal ----

TEST_F(Shop, AServiceThatIsNoLongerDeclaredIsRemoved) {
  stage.edit([](FleetSpec& fleet) { fleet.services.erase("cart"); });
  stage.deliver();
  EXPECT_EQ(stage.stands("cart@production"), "nothing");
  EXPECT_TRUE(stage.outcome("cart@production").removed);
  EXPECT_THAT(stage.git({"log", "-1", "--format=%B", "production"}),
              HasSubstr("Muster-Release: cart absent fleet declaration=absent source=absent"));
}

TEST_F(Shop, NothingIsRemovedWhileTheFleetHasAnError) {
  stage.edit([](FleetSpec& fleet) {
    fleet.services.erase("cart");
    fleet.poisoned = {"orders"};
  });
  stage.deliver();
  EXPECT_EQ(stage.stands("cart@production"), "v1 setting=a");
  EXPECT_EQ(stage.why("cart@production"), "removal-held");
  EXPECT_EQ(stage.stands("orders@production"), "v1 setting=a");
  EXPECT_EQ(stage.why("orders@production"), "poisoned");
}

TEST_F(Shop, NothingIsDeliveredBehindABarrier) {
  stage.push("cart", "v2");
  stage.edit([](FleetSpec& fleet) { fleet.barrier = true; });
  const std::string tip = stage.tip("production");
  stage.deliver();
  EXPECT_EQ(stage.tip("production"), tip);
  EXPECT_EQ(stage.last().report.exit_code(), 4);
}

TEST_F(Shop, WhatNoRecordPutThereIsLeftAlone) {
  stage.git_edit("production",
                 {{"legacy/shop/configmap-legacy.yaml",
                   "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: legacy\n  namespace: shop\ndata:\n  version: old\n"}});
  for (int i = 0; i < 3; ++i) stage.deliver();
  EXPECT_EQ(stage.stands("legacy@production"), "old");
  EXPECT_EQ(stage.why("legacy@production"), "undeclared");
  EXPECT_EQ(stage.last().report.exit_code(), 0);
}

TEST_F(Shop, AServiceTakenOffByHandReturnsWholeWithItsNextPushNotByADeclaration) {
  stage.git_remove("production", "cart");
  stage.edit([](FleetSpec& fleet) { fleet.services["cart"].setting = "b"; });
  stage.deliver();
  EXPECT_EQ(stage.why("cart@production"), "taken-off");
  EXPECT_EQ(stage.stands("cart@production"), "nothing");
  stage.push("cart", "v2");
  stage.deliver();
  EXPECT_EQ(stage.stands("cart@production"), "v2 setting=b");
}

// ---- renames ----

TEST_F(Shop, ARenameKeepsLedgerHoldAndObjects) {
  stage.push("cart", "v2");
  stage.deliver();
  stage.git_revert("production");  // v2 was taken back, and stays so through the rename.
  ASSERT_TRUE(stage.hold({"production", {"cart"}, "quiet", false, false}).ok());
  stage.edit([](FleetSpec& fleet) {
    ServiceSpec basket = fleet.services["cart"];
    basket.renamed_from = {"cart"};
    basket.object_name = "cart";
    basket.repository = "cart";
    fleet.services.erase("cart");
    fleet.services["basket"] = basket;
  });
  stage.deliver();
  EXPECT_EQ(stage.why("basket@production"), "held-by-person") << "the hold under its old name counts";
  stage.git_remove("production", ".holds/cart.yaml");
  stage.deliver();
  EXPECT_EQ(stage.stands("cart@production"), "nothing");
  EXPECT_EQ(stage.stands("basket@production"), "v1 setting=a") << "the ledger says that v2 was delivered: it stays away";
  EXPECT_THAT(stage.git({"log", "-1", "--format=%B", "production"}), HasSubstr("Muster-Renamed: cart basket"));
  const std::string tip = stage.tip("production");
  stage.deliver();
  EXPECT_EQ(stage.tip("production"), tip);
  stage.push_files("cart", {{"app.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: cart-source\ndata:\n  version: v3\n"}});
  stage.deliver();
  EXPECT_EQ(stage.stands("basket@production"), "v3 setting=a");
}

TEST_F(Shop, NothingIsRenamedWhileTheFleetHasAnError) {
  stage.edit([](FleetSpec& fleet) {
    fleet.services["basket"] = fleet.services["cart"];
    fleet.services["basket"].renamed_from = {"cart"};
    fleet.services.erase("cart");
    fleet.whole = false;
  });
  stage.deliver();
  EXPECT_EQ(stage.stands("cart@production"), "v1 setting=a");
  EXPECT_EQ(stage.stands("basket@production"), "nothing");
}

TEST_F(Shop, AnEnvironmentIsRenamedWithItsWholeHistoryAndTheOldBranchStays) {
  stage.push("cart", "v2");
  stage.deliver();
  stage.git_revert("production");
  stage.edit([](FleetSpec& fleet) {
    model::Environment renamed = fleet.environments["production"];
    renamed.name = "prod-eu";
    renamed.renamed_from = {"production"};
    fleet.environments.erase("production");
    fleet.environments["prod-eu"] = renamed;
  });
  stage.deliver();
  EXPECT_EQ(stage.stands("cart@prod-eu"), "v1 setting=a") << "taken back under the old name, and not forgotten";
  EXPECT_EQ(stage.stands("cart@production"), "v1 setting=a") << "the old branch stays";
  stage.deliver_as(stage.fleet_before(1));  // A clone that still calls it production.
  EXPECT_THAT(stage.last().report.environments.at(0).obstacle->text, HasSubstr("goes on as prod-eu"));
  EXPECT_EQ(stage.last().report.exit_code(), 4);
  stage.push("cart", "v3");
  stage.deliver();
  EXPECT_EQ(stage.stands("cart@prod-eu"), "v3 setting=a");
}

// ---- together ----

TEST_F(Shop, BoundServicesMoveTogetherOrNotAtAll) {
  stage.edit([](FleetSpec& fleet) { fleet.services["cart"].together = {"orders"}; });
  ASSERT_TRUE(stage.hold({"production", {"orders"}, "", false, false}).ok());
  stage.push("cart", "v2");
  stage.push("orders", "v2");
  stage.deliver();
  EXPECT_EQ(stage.stands("cart@production"), "v1 setting=a");
  EXPECT_EQ(stage.why("cart@production"), "together");
  ASSERT_TRUE(resume(stage.deliverer(), stage.fleet(), stage.revision(), {"production", {"orders"}, false}, stage.ann, {}).ok());
  const std::size_t before = stage.commits("production");
  stage.deliver();
  EXPECT_EQ(stage.stands("cart@production"), "v2 setting=a");
  EXPECT_EQ(stage.stands("orders@production"), "v2 setting=a");
  EXPECT_EQ(stage.commits("production"), before + 1);
}

// ---- one broken part ----

TEST_F(Shop, AServiceThatCannotBeRenderedIsHeldAndTheRestGoesOn) {
  stage.push_files("cart", {{"app.yaml", "kind: ["}});
  stage.push("orders", "v2");
  stage.deliver();
  EXPECT_EQ(stage.why("cart@production"), "render-failed");
  EXPECT_EQ(stage.stands("cart@production"), "v1 setting=a");
  EXPECT_EQ(stage.stands("orders@production"), "v2 setting=a");
  EXPECT_EQ(stage.last().report.exit_code(), 1);
}

TEST_F(Shop, TwoServicesThatWantOneObjectAreBothRefusedAndItsOwnerKeepsIt) {
  stage.edit([](FleetSpec& fleet) {
    fleet.services["search"].repository = "search";
    fleet.services["search"].object_name = "cart";  // cart has that object.
  });
  stage.push("search", "v1");
  stage.deliver();
  EXPECT_EQ(stage.why("search@production"), "claimed");
  EXPECT_THAT(stage.outcome("search@production").obstacles.at(0).text, HasSubstr("cart"));
  EXPECT_EQ(stage.stands("search@production"), "nothing");
  EXPECT_EQ(stage.stands("cart@production"), "v1 setting=a");
}

// ---- the fleet's revision ----

TEST_F(Shop, ADirtyWorkTreeIsNotDeliveredToASharedEnvironmentRepository) {
  Stage shared(Stage::Records::remote);
  shared.fed_by("production", "main");
  shared.service("cart");
  shared.push("cart", "v1");
  shared.deliver();
  shared.edit([](FleetSpec& fleet) { fleet.services["cart"].setting = "b"; });
  FleetRevision dirty = shared.revision();
  dirty.dirty = true;
  shared.push("cart", "v2");
  shared.deliver_as({shared.fleet(), dirty});
  EXPECT_THAT(shared.why("cart@production"), HasSubstr("dirty-fleet"));
  EXPECT_EQ(shared.stands("cart@production"), "v1 setting=a");
  shared.deliver();
  EXPECT_EQ(shared.stands("cart@production"), "v2 setting=b");
}

TEST_F(Shop, AFolderWithoutGitIsEnoughForTheEmbeddedOne) {
  Stage plain;
  plain.fed_by("production", "main");
  plain.service("cart");
  plain.push("cart", "v1");
  plain.deliver_as({plain.fleet(), FleetRevision{}});
  plain.edit([](FleetSpec& fleet) { fleet.services["cart"].setting = "b"; });
  plain.deliver_as({plain.fleet(), FleetRevision{}});
  EXPECT_EQ(plain.stands("cart@production"), "v1 setting=b");
}

TEST_F(Shop, AnOlderMusterTakesNothingBack) {
  stage.settings.version = "0.2.0";
  stage.restart();
  stage.edit([](FleetSpec& fleet) { fleet.services["cart"].setting = "b"; });
  stage.deliver();
  stage.settings.version = "0.1.9";
  stage.restart();
  stage.edit([](FleetSpec& fleet) { fleet.services["cart"].setting = "c"; });
  stage.deliver();
  EXPECT_EQ(stage.why("cart@production"), "older-muster");
  EXPECT_EQ(stage.stands("cart@production"), "v1 setting=b");
}

TEST_F(Shop, AnUpgradeRendersNothingAnewByItself) {
  const std::string tip = stage.tip("production");
  stage.settings.version = "0.9.0";
  stage.restart();
  stage.deliver();
  EXPECT_EQ(stage.tip("production"), tip);
  Request rerender;
  rerender.rerender = true;
  stage.deliver(rerender);
  EXPECT_EQ(stage.tip("production"), tip) << "what renders the same is not recorded";
}

// ---- the embedded and the remote repository, caches, races ----

TEST(Records, BehaveTheSameInARemoteEnvironmentRepository) {
  Stage stage(Stage::Records::remote);
  stage.fed_by("staging", "develop");
  stage.follows("production", "staging");
  stage.service("cart");
  stage.push("cart", "v1", "develop");
  stage.deliver();
  EXPECT_EQ(stage.stands("cart@production"), "v1 setting=a");
  stage.git_revert("production");
  stage.restart();
  stage.deliver();
  EXPECT_EQ(stage.stands("cart@production"), "nothing");
  stage.push("cart", "v2", "develop");
  stage.deliver();
  EXPECT_EQ(stage.stands("cart@production"), "v2 setting=a");
}

TEST(Records, AreDecidedTheSameWithoutAnyCacheAtEveryStep) {
  Stage kept;
  Stage bare;
  for (Stage* stage : {&kept, &bare}) {
    stage->fed_by("staging", "develop");
    stage->follows("production", "staging");
    stage->service("cart");
    stage->push("cart", "v1", "develop");
    const auto pass = [&] {
      if (stage == &bare) stage->delete_caches();
      stage->deliver();
    };
    pass();
    stage->push("cart", "v2", "develop");
    pass();
    stage->git_revert("production");
    pass();
    stage->edit([](FleetSpec& fleet) { fleet.services["cart"].settings["staging"] = "b"; });
    pass();
    stage->push("cart", "v3", "develop");
    pass();
    stage->git_revert("staging");
    pass();
  }
  for (const char* instance : {"cart@staging", "cart@production"}) EXPECT_EQ(kept.stands(instance), bare.stands(instance));
  for (const char* environment : {"staging", "production"}) EXPECT_EQ(kept.commits(environment), bare.commits(environment));
}

TEST(Records, AreMadeOnceHoweverManyWriteAtOnce) {
  Stage stage(Stage::Records::remote);
  stage.fed_by("production", "main");
  stage.service("cart");
  stage.push("cart", "v1");
  stage.deliver();
  stage.push("cart", "v2");
  // Somebody else recorded the same push in between: this one decides again and finds nothing left to do.
  Settings other = stage.settings;
  other.state = stage.settings.state.parent_path() / "other";
  muster::test::MapSecrets none;
  auto remotes = git::make_remotes(*stage.world, none, other.state / "mirrors", git::TransferLimits{});
  Deliverer second(*stage.world, *remotes, other);
  (void)second.deliver(stage.fleet(), stage.revision(), {}, {});
  stage.deliver();
  EXPECT_EQ(stage.commits("production"), 3U);
}

TEST(Records, OfADeadEnvironmentRepositoryAreStaleAndHealByThemselves) {
  Stage stage(Stage::Records::remote);
  stage.fed_by("production", "main");
  stage.service("cart");
  stage.push("cart", "v1");
  stage.deliver();
  const auto path = stage.environment_repository();
  std::filesystem::rename(path, path.string() + ".gone");
  stage.push("cart", "v2");
  stage.deliver();
  ASSERT_TRUE(stage.last().report.environments.at(0).obstacle);
  EXPECT_EQ(stage.last().report.environments.at(0).obstacle->why, Why::records_unreachable);
  EXPECT_EQ(stage.last().report.exit_code(), 1);
  std::filesystem::rename(path.string() + ".gone", path);
  stage.deliver();
  EXPECT_EQ(stage.stands("cart@production"), "v2 setting=a");
}

TEST(Records, OfARewrittenBranchHoldTheEnvironmentUntilAPersonLooks) {
  Stage stage(Stage::Records::remote);
  stage.fed_by("production", "main");
  stage.service("cart");
  stage.push("cart", "v1");
  stage.deliver();
  stage.push("cart", "v2");
  stage.deliver();
  stage.git({"update-ref", "refs/heads/production", "refs/heads/production~1"});
  stage.restart();
  stage.deliver();
  ASSERT_TRUE(stage.last().report.environments.at(0).obstacle);
  EXPECT_EQ(stage.last().report.environments.at(0).obstacle->why, Why::environment);
  EXPECT_EQ(stage.last().report.exit_code(), 4);
  ASSERT_TRUE(resume(stage.deliverer(), stage.fleet(), stage.revision(), {"production", {}, false}, stage.ann, {}).ok());
  stage.deliver();
  EXPECT_EQ(stage.stands("cart@production"), "v2 setting=a");
}

TEST(Plan, OfANewFleetShowsEverythingAndWritesNothing) {
  Stage stage;
  stage.fed_by("production", "main");
  stage.service("cart");
  stage.push("cart", "v1");
  Request dry;
  dry.dry = true;
  const auto plan = stage.deliver(dry);
  ASSERT_EQ(plan.proposals.size(), 1U);
  EXPECT_EQ(plan.proposals[0].objects.size(), 2U);
  EXPECT_EQ(stage.commits("production"), 0U);
}

TEST(Plan, IsAppliedExactlyOrRefusedAsAWhole) {
  Stage stage;
  stage.fed_by("production", "main");
  for (const char* name : {"cart", "orders"}) {
    stage.service(name);
    stage.push(name, "v1");
  }
  stage.deliver();
  stage.push("cart", "v2");
  Request dry;
  dry.dry = true;
  Request apply;
  for (const auto& proposal : stage.deliver(dry).proposals) apply.exactly.push_back(planned(proposal));
  ASSERT_EQ(apply.exactly.size(), 1U);
  stage.push("orders", "v2");  // Not in the plan: ignored.
  const auto round_trip = planned_from(to_value(apply.exactly[0]));
  ASSERT_TRUE(round_trip.ok());
  EXPECT_EQ(*round_trip, apply.exactly[0]);
  stage.push("cart", "v3");  // What the plan names moved.
  stage.deliver(apply);
  EXPECT_EQ(stage.why("cart@production"), "moved-since-plan");
  EXPECT_EQ(stage.stands("cart@production"), "v1 setting=a");
  apply.exactly.clear();
  for (const auto& proposal : stage.deliver(dry).proposals) {
    if (proposal.service == "cart") apply.exactly.push_back(planned(proposal));
  }
  stage.deliver(apply);
  EXPECT_EQ(stage.stands("cart@production"), "v3 setting=a");
  EXPECT_EQ(stage.stands("orders@production"), "v1 setting=a") << "others are ignored";
}

}  // namespace
}  // namespace muster::deliver::test
