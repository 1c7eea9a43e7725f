// What must never happen: deleting what is not ours, aging a target, orphaning an object; and what survives a crash.
#include <gmock/gmock.h>

#include "muster/base/parallel.hpp"
#include "muster/reconcile/pass.hpp"
#include "muster/record/layout.hpp"
#include "muster/target/targets.hpp"
#include "shop.hpp"
#include "support/watched_files.hpp"

namespace muster::reconcile {
namespace {

using test::config;
using test::config_id;
using test::Shop;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::Pair;
using testing::UnorderedElementsAre;

const InstanceKey kCart{"production", "cart"};

const EnvironmentReport& environment_of(const Report& report, const std::string& name) {
  for (const auto& environment : report.environments) {
    if (environment.name == name) return environment;
  }
  throw std::runtime_error("no environment " + name);
}

/// One service applied twice, and what its first record was.
std::string applied_twice(Shop& shop) {
  shop.begin("production");
  const auto first = shop.record("production", {{"cart", {config("cart", "one"), config("extra", "x")}}});
  shop.pass();
  shop.record("production", {{"cart", {config("cart", "two"), config("extra", "x")}, "v2"}});
  shop.pass();
  shop.target().forget_calls();
  return first;
}

// ---- stamps ----

TEST(Stamps, ATipThatIsOlderThanTheStampHoldsTheEnvironment) {
  Shop shop;
  const auto first = applied_twice(shop);
  const auto second = shop.tip("production");
  shop.force("production", first);
  std::filesystem::remove_all(shop.folder.path() / "state" / "cache");  // Another machine, which never saw the newer tip.
  const auto report = shop.pass();
  EXPECT_EQ(report.exit_code(), 4);
  const auto& hold = environment_of(report, "production").hold;
  ASSERT_TRUE(hold);
  EXPECT_THAT(hold->expected, HasSubstr(second));
  EXPECT_THAT(hold->found, HasSubstr(first));
  EXPECT_THAT(shop.target().writes(), IsEmpty());
  shop.force("production", second);
  EXPECT_EQ(shop.pass().exit_code(), 0);
}

TEST(Stamps, ATipThatAnotherMachineAppliedMeanwhileIsLookedAtAgainAndNotTakenForARewrittenBranch) {
  Shop shop;
  applied_twice(shop);
  shop.look();
  const auto seen = all_environments(*shop.records);
  auto& late = *shop.records;
  const auto other = std::move(shop.records);
  shop.look();
  shop.record("production", {{"cart", {config("cart", "three"), config("extra", "x")}, "v3"}});
  shop.pass();
  const auto report = run_pass(shop.world, late, shop.targets, seen, {});
  EXPECT_EQ(report.exit_code(), 0);
  EXPECT_EQ(shop.contents().at("cart"), "three");
}

TEST(Stamps, ARewrittenBranchIsHeldUntilAPersonTakesItAsItIs) {
  Shop shop;
  const auto first = applied_twice(shop);
  shop.force("production", first);
  std::filesystem::remove_all(shop.folder.path() / "state" / "cache");
  shop.look();
  shop.record("production", {{"cart", {config("cart", "three")}, "v3"}});
  EXPECT_EQ(shop.pass().exit_code(), 4);
  EXPECT_THAT(shop.target().writes(), IsEmpty());
  shop.look();
  ASSERT_TRUE(accept_branch(shop.targets, *shop.records->branch("production")).ok());
  EXPECT_EQ(shop.pass().exit_code(), 0);
  EXPECT_THAT(shop.contents(), ElementsAre(Pair("cart", "three")));
}

TEST(Stamps, AnUnknownStampHoldsTheEnvironment) {
  Shop shop;
  applied_twice(shop);
  shop.target().put_stamp({shop.id("production"), "shop", "production", std::string(40, 'a')});
  const auto report = shop.pass();
  EXPECT_EQ(report.exit_code(), 4);
  EXPECT_THAT(shop.target().writes(), IsEmpty());
}

TEST(Stamps, ABranchThatIsGoneHoldsTheEnvironment) {
  Shop shop;
  applied_twice(shop);
  shop.force("production", std::nullopt);
  for (const bool another_machine : {false, true}) {
    if (another_machine) std::filesystem::remove_all(shop.folder.path() / "state" / "cache");
    if (another_machine) shop.begin("staging");  // Somebody must name the target.
    const auto report = shop.pass();
    EXPECT_EQ(report.exit_code(), 4);
    const auto& hold = environment_of(report, "production").hold;
    ASSERT_TRUE(hold);
    EXPECT_EQ(hold->lift.find("`muster retire production`") != std::string::npos, another_machine) << hold->lift;
    EXPECT_EQ(shop.contents().size(), 2U);
  }
}

TEST(Stamps, ALostEnvironmentRepositoryNeverEmptiesATargetAndMayTakeItOverWhenAPersonSaysSo) {
  Shop shop;
  applied_twice(shop);
  std::filesystem::remove_all(shop.folder.path() / "state");
  shop.look();
  shop.begin("production");
  shop.record("production", {{"cart", {config("cart", "new")}}});
  const auto report = shop.pass();
  EXPECT_EQ(report.exit_code(), 4);
  EXPECT_THAT(environment_of(report, "production").hold->text, HasSubstr("another id"));
  EXPECT_THAT(environment_of(report, "production").hold->found, HasSubstr(shop.id("production")));
  EXPECT_THAT(shop.target().writes(), IsEmpty());

  ASSERT_TRUE(accept_branch(shop.targets, *shop.records->branch("production")).ok());
  EXPECT_EQ(shop.pass().exit_code(), 0);
  EXPECT_THAT(shop.contents(), ElementsAre(Pair("cart", "new")));
  EXPECT_EQ(shop.target().stamps()->size(), 1U);
}

TEST(Stamps, TakingABranchAsItIsMayBeInterruptedAnywhereAndAskedForAgain) {
  for (std::size_t k = 1; k <= 4; ++k) {
    Shop shop;
    applied_twice(shop);
    std::filesystem::remove_all(shop.folder.path() / "state");
    shop.look();
    shop.begin("production");
    shop.record("production", {{"cart", {config("cart", "new")}}});
    std::size_t writes = 0;
    shop.target().fail_before([&](const test::TargetCall& call) -> std::optional<Failure> {
      if (call.writes() && ++writes >= k) return retry(Reason::cancelled, "the process is gone");
      return std::nullopt;
    });
    EXPECT_FALSE(accept_branch(shop.targets, *shop.records->branch("production")).ok());
    shop.target().fail_before({});
    EXPECT_EQ(shop.pass().exit_code(), 4) << k;
    EXPECT_EQ(shop.contents().size(), 2U);
    ASSERT_TRUE(accept_branch(shop.targets, *shop.records->branch("production")).ok());
    EXPECT_EQ(shop.pass().exit_code(), 0);
    EXPECT_THAT(shop.contents(), ElementsAre(Pair("cart", "new")));
    EXPECT_EQ(shop.target().stamps()->size(), 1U);
  }
}

TEST(Stamps, TwoFleetsMayShareATargetAndNeitherTakesFromTheOther) {
  Shop shop;
  target::Stamp theirs{"another-id", "bank", "production", std::string(40, 'b')};
  shop.target().put_stamp(theirs);
  shop.target().edit(config_id("cart"), config("cart", "bank's"));
  target::Inventory inventory;
  inventory.service = "ledger";
  inventory.entries = {{config_id("cart"), "bank-uid", manifest::digest(config("cart", "bank's")), {}}};
  ASSERT_TRUE(shop.target().write_inventory(theirs, inventory).ok());
  shop.begin("production");
  shop.record("production", {{"cart", {config("cart", "one")}}, {"search", {config("search", "x")}}});
  const auto report = shop.pass();
  EXPECT_THAT(report.find(kCart)->text, HasSubstr("ledger@production of fleet bank"));
  EXPECT_THAT(shop.contents(), UnorderedElementsAre(Pair("cart", "bank's"), Pair("search", "x")));
}

TEST(Stamps, AStampThatMovedMeanwhileKeepsEverythingFromBeingWritten) {
  Shop shop;
  shop.begin("production");
  shop.record("production", {{"cart", {config("cart", "one")}}});
  shop.target().fail_before([&](const test::TargetCall& call) -> std::optional<Failure> {
    if (call.method == "swap_stamp") return retry(Reason::conflict, "the stamp is not what it was");
    return std::nullopt;
  });
  auto report = shop.pass();
  EXPECT_EQ(report.find(kCart)->state, State::superseded);
  EXPECT_TRUE(report.lost_races());
  EXPECT_THAT(shop.contents(), IsEmpty());
  report.fail_lost_races();
  EXPECT_EQ(report.exit_code(), 1) << "where nobody tries again it is a failure";
}

// ---- lost inventories ----

TEST(LostInventory, IsRebuiltFromFilesThatAreAsTheDescriptorSays) {
  Shop shop;
  applied_twice(shop);
  const auto before = shop.contents();
  shop.target().lose_inventory(shop.id("production"), "cart");
  const auto report = shop.pass();
  EXPECT_EQ(report.exit_code(), 0);
  EXPECT_EQ(report.find(kCart)->adopted, 2U);
  EXPECT_EQ(shop.contents(), before);
  EXPECT_TRUE(shop.plan().empty());
}

TEST(LostInventory, AFileEqualToAnEarlierVersionOfItsDescriptorIsOurs) {
  Shop shop;
  applied_twice(shop);
  shop.target().damage_inventory(shop.id("production"), "cart");
  shop.target().edit(config_id("cart"), config("cart", "one"));
  const auto report = shop.pass();
  EXPECT_EQ(report.exit_code(), 0);
  EXPECT_EQ(shop.contents().at("cart"), "two");
}

TEST(LostInventory, OtherObjectsOfThoseNamesAreConflicts) {
  Shop shop;
  applied_twice(shop);
  shop.target().damage_inventory(shop.id("production"), "cart");
  shop.target().edit(config_id("cart"), config("cart", "by hand"));
  const auto report = shop.pass();
  EXPECT_EQ(report.exit_code(), 1);
  EXPECT_EQ(shop.contents().at("cart"), "by hand");
  // What is ours is in the inventory all the same.
  EXPECT_EQ(shop.target().inventories(shop.id("production"))->front().entries.size(), 1U);
}

TEST(LostInventory, LeftoversAreListedAndNeverDeleted) {
  Shop shop;
  applied_twice(shop);
  shop.record("production", {{"cart", {config("cart", "two")}, "v3"}});
  shop.target().lose_inventory(shop.id("production"), "cart");
  const auto report = shop.pass();
  EXPECT_EQ(report.exit_code(), 0);
  EXPECT_THAT(report.find(kCart)->remarks, ElementsAre(HasSubstr("ConfigMap shop/extra")));
  EXPECT_TRUE(shop.contents().contains("extra"));
}

TEST(LostInventory, LeftoversStayListedUntilSomebodyDeletesThem) {
  Shop shop;
  applied_twice(shop);
  shop.record("production", {{"cart", {config("cart", "two")}, "v3"}});
  shop.target().lose_inventory(shop.id("production"), "cart");
  shop.pass();
  for (int i = 0; i < 2; ++i) {
    EXPECT_TRUE(shop.plan().empty());
    const auto report = shop.pass();
    EXPECT_EQ(report.exit_code(), 0);
    EXPECT_THAT(report.find(kCart)->remarks, ElementsAre(HasSubstr("ConfigMap shop/extra")));
    EXPECT_TRUE(shop.contents().contains("extra"));
  }
  shop.target().edit(config_id("extra"), std::nullopt);
  EXPECT_THAT(shop.pass().find(kCart)->remarks, IsEmpty());
  EXPECT_EQ(shop.target().inventories(shop.id("production"))->front().entries.size(), 1U);
}

TEST(LostInventory, LeftoversOfARemovedServiceStayListedWithoutWorkToDo) {
  for (const bool executes : {false, true}) {
    Shop shop(executes);
    applied_twice(shop);
    shop.record("production", {{"search", {config("search", "x")}}}, {"cart"});
    shop.target().damage_inventory(shop.id("production"), "cart");
    shop.pass();
    const auto report = shop.pass();
    EXPECT_EQ(report.exit_code(), 0);
    EXPECT_EQ(report.find(kCart)->move, Move::none);
    EXPECT_THAT(report.find(kCart)->remarks, UnorderedElementsAre(HasSubstr("ConfigMap shop/cart"), HasSubstr("ConfigMap shop/extra")));
    EXPECT_EQ(shop.contents().size(), 3U);
    EXPECT_TRUE(shop.plan().empty());
    shop.target().edit(config_id("cart"), std::nullopt);
    shop.target().edit(config_id("extra"), std::nullopt);
    shop.pass();
    EXPECT_EQ(shop.plan().find(kCart), nullptr);
  }
}

TEST(LostInventory, AnObjectThatWasEditedIsALeftoverTooWhenItsServiceWasRemoved) {
  Shop shop;
  applied_twice(shop);
  shop.record("production", {}, {"cart"});
  shop.target().damage_inventory(shop.id("production"), "cart");
  shop.target().edit(config_id("cart"), config("cart", "by hand"));
  for (int i = 0; i < 2; ++i) {
    EXPECT_THAT(shop.pass().find(kCart)->remarks,
                UnorderedElementsAre(HasSubstr("ConfigMap shop/cart"), HasSubstr("ConfigMap shop/extra")));
    EXPECT_EQ(shop.contents().at("cart"), "by hand");
  }
}

TEST(LostInventory, LeftoversAreNotForgottenWhereAConflictKeepsTheServiceFromMoving) {
  Shop shop;
  applied_twice(shop);
  shop.record("production", {{"cart", {config("cart", "two"), config("more", "m")}, "v3"}});
  shop.target().damage_inventory(shop.id("production"), "cart");
  shop.target().edit(config_id("more"), config("more", "a stranger's"));
  for (int i = 0; i < 3; ++i) {
    const auto report = shop.pass();
    EXPECT_EQ(report.exit_code(), 1);
    EXPECT_THAT(report.find(kCart)->remarks, ElementsAre(HasSubstr("ConfigMap shop/extra")));
  }
}

TEST(LostInventory, ALeftoverThatIsDeclaredAgainIsAdopted) {
  Shop shop;
  applied_twice(shop);
  shop.record("production", {{"cart", {config("cart", "two")}, "v3"}});
  shop.target().lose_inventory(shop.id("production"), "cart");
  shop.pass();
  shop.record("production", {{"cart", {config("cart", "two"), config("extra", "y")}, "v4"}});
  EXPECT_EQ(shop.pass().exit_code(), 0);
  EXPECT_EQ(shop.contents().at("extra"), "y");
  shop.record("production", {{"cart", {config("cart", "two")}, "v5"}});
  EXPECT_EQ(shop.pass().find(kCart)->pruned, 1U);
}

TEST(LostInventory, InAClusterWhatCarriesOurFieldManagerIsOurs) {
  Shop shop(true);
  applied_twice(shop);
  shop.target().lose_inventory(shop.id("production"), "cart");
  const auto report = shop.pass();
  EXPECT_EQ(report.exit_code(), 0);
  EXPECT_THAT(shop.target().writes(), Not(Contains(HasSubstr("apply"))));
}

// ---- uids ----

TEST(Uids, AnObjectOfThatNameWithAnotherUidIsNeverPruned) {
  Shop shop(true);
  applied_twice(shop);
  shop.target().edit(config_id("extra"), std::nullopt);
  shop.target().edit(config_id("extra"), config("extra", "x"));
  shop.record("production", {{"cart", {config("cart", "two")}, "v3"}});
  const auto report = shop.pass();
  EXPECT_TRUE(shop.contents().contains("extra"));
  EXPECT_THAT(report.find(kCart)->remarks, ElementsAre(HasSubstr("not the ConfigMap shop/extra that muster made")));
  EXPECT_TRUE(shop.plan().empty());
}

TEST(Uids, AnObjectOfThatNameWithAnotherUidIsAConflict) {
  Shop shop(true);
  applied_twice(shop);
  shop.target().edit(config_id("cart"), std::nullopt);
  shop.target().edit(config_id("cart"), config("cart", "a stranger's"));
  const auto report = shop.pass();
  EXPECT_EQ(report.exit_code(), 1);
  EXPECT_EQ(shop.contents().at("cart"), "a stranger's");
}

TEST(Uids, AnObjectThatChangedBetweenLookAndWriteIsWrittenWhereItIsStillTheSame) {
  Shop shop;
  applied_twice(shop);
  shop.record("production", {{"cart", {config("cart", "three"), config("extra", "x")}, "v3"}});
  bool edited = false;
  shop.target().fail_before([&](const test::TargetCall& call) -> std::optional<Failure> {
    if (call.text() != "apply ConfigMap shop/cart" || edited) return std::nullopt;
    edited = true;
    return retry(Reason::conflict, "it is not what it was");
  });
  EXPECT_EQ(shop.pass().exit_code(), 0);
  EXPECT_EQ(shop.contents().at("cart"), "three");
}

// ---- interrupted passes ----

/// Writes of one kind to one object fail from here on.
void refuse(Shop& shop, const std::string& write) {
  shop.target().fail_before([write](const test::TargetCall& call) -> std::optional<Failure> {
    if (call.text() == write) return retry(Reason::unreachable, "the disk is away");
    return std::nullopt;
  });
}

TEST(InterruptedPasses, AReleaseThatCameHalfwayAndWasTakenBackIsNotTakenForTheFormerOne) {
  Shop shop;
  shop.begin("production");
  shop.record("production", {{"cart", {config("cart", "one"), config("other", "same")}}});
  shop.pass();
  const auto second = shop.record("production", {{"cart", {config("cart", "two")}, "v2"}});
  refuse(shop, "remove ConfigMap shop/other");
  EXPECT_EQ(shop.pass().exit_code(), 1);
  shop.revert("production", second);
  refuse(shop, "apply ConfigMap shop/cart");
  EXPECT_EQ(shop.pass().exit_code(), 1);
  shop.target().fail_before({});
  EXPECT_EQ(shop.pass().find(kCart)->changed, 1U);
  EXPECT_THAT(shop.contents(), UnorderedElementsAre(Pair("cart", "one"), Pair("other", "same")));
}

/// The process dies when it has created an object and before it could say so; then somebody edits that object.
void die_after_creating(Shop& shop, const std::string& object) {
  bool dead = false;
  const Failure death = retry(Reason::cancelled, "the process is gone");
  shop.target().fail_before([&, death](const test::TargetCall&) { return dead ? std::optional(death) : std::nullopt; });
  shop.target().fail_after([&, death](const test::TargetCall& call) {
    dead = dead || call.text() == "apply ConfigMap shop/" + object;
    return dead ? std::optional(death) : std::nullopt;
  });
  shop.pass();
  shop.target().fail_before({});
  shop.target().fail_after({});
  shop.target().edit(config_id(object), config(object, "by hand"));
}

TEST(Interrupted, AnObjectThatWasEditedBeforeItWasConfirmedStaysListedWhenItsServiceIsRemoved) {
  Shop shop;
  applied_twice(shop);
  shop.record("production", {{"search", {config("search", "x")}}});
  die_after_creating(shop, "search");
  EXPECT_EQ(shop.pass().exit_code(), 1) << "nobody can tell whose it is: a conflict";
  shop.record("production", {}, {"search"});
  const InstanceKey search{"production", "search"};
  for (int i = 0; i < 3; ++i) {
    const auto report = shop.pass();
    EXPECT_EQ(report.exit_code(), 0);
    EXPECT_THAT(report.find(search)->remarks, ElementsAre(HasSubstr("muster was interrupted")));
    EXPECT_EQ(shop.contents().at("search"), "by hand");
    EXPECT_TRUE(shop.plan().empty());
  }
  shop.target().edit(config_id("search"), std::nullopt);
  shop.pass();
  EXPECT_EQ(shop.plan().find(search), nullptr);
}

TEST(Interrupted, AnObjectThatWasEditedBeforeItWasConfirmedStaysListedWhenItsServiceNamesItNoMore) {
  Shop shop;
  applied_twice(shop);
  shop.record("production", {{"cart", {config("cart", "two"), config("extra", "x"), config("more", "m")}, "v3"}});
  die_after_creating(shop, "more");
  shop.record("production", {{"cart", {config("cart", "two"), config("extra", "x")}, "v4"}});
  for (int i = 0; i < 3; ++i) {
    const auto report = shop.pass();
    EXPECT_EQ(report.exit_code(), 0);
    EXPECT_THAT(report.find(kCart)->remarks, ElementsAre(HasSubstr("ConfigMap shop/more")));
  }
  EXPECT_TRUE(shop.plan().empty());
  EXPECT_EQ(shop.contents().at("more"), "by hand");
}

TEST(Interrupted, AnObjectThatWasMadeAnewIsStillOursWhenItsServiceIsRemoved) {
  for (const bool executes : {false, true}) {
    Shop shop(executes);
    applied_twice(shop);
    shop.target().edit(config_id("extra"), std::nullopt);
    bool dead = false;
    const Failure death = retry(Reason::cancelled, "the process is gone");
    shop.target().fail_before([&](const test::TargetCall&) { return dead ? std::optional(death) : std::nullopt; });
    shop.target().fail_after([&](const test::TargetCall& call) {
      dead = dead || call.text() == "apply ConfigMap shop/extra";
      return dead ? std::optional(death) : std::nullopt;
    });
    shop.pass();
    shop.target().fail_before({});
    shop.target().fail_after({});
    EXPECT_TRUE(shop.contents().contains("extra"));
    shop.record("production", {{"search", {config("search", "x")}}}, {"cart"});
    EXPECT_EQ(shop.pass().exit_code(), 0);
    EXPECT_THAT(shop.contents(), ElementsAre(Pair("search", "x")));
  }
}

TEST(Interrupted, AnObjectThatAppearsWhileItsIntentIsForgottenStaysInTheInventory) {
  Shop shop;
  applied_twice(shop);
  shop.record("production", {{"cart", {config("cart", "two"), config("extra", "x"), config("more", "m")}, "v3"}});
  shop.target().fail_before([](const test::TargetCall& call) -> std::optional<Failure> {
    if (call.text() == "apply ConfigMap shop/more") return retry(Reason::cancelled, "the process is slow");
    return std::nullopt;
  });
  shop.pass();
  shop.target().fail_before({});
  shop.record("production", {{"cart", {config("cart", "two"), config("extra", "x")}, "v4"}});
  // The slow one made it after all, when the next one had looked already.
  EXPECT_EQ(shop.pass([&](PassOptions& options) {
                  options.moved = [&](std::string_view) {
                    shop.target().edit(config_id("more"), config("more", "m"));
                    return false;
                  };
                })
                .find(kCart)
                ->state,
            State::superseded)
      << "the next round sees it, and deletes it";
  EXPECT_TRUE(shop.contents().contains("more"));
  EXPECT_EQ(shop.pass().find(kCart)->pruned, 1U);
  EXPECT_FALSE(shop.contents().contains("more"));
}

// ---- two machines ----

/// A machine that has planned the tip, and is overtaken before its first write by another one that applies `newer`.
Report overtaken(Shop& shop, const std::function<void()>& newer) {
  shop.look();
  const auto seen = all_environments(*shop.records);
  const auto slow = std::move(shop.records);
  shop.look();
  bool done = false;
  PassOptions options;
  options.moved = [&](std::string_view) {
    if (done) return false;
    done = true;
    newer();
    shop.pass();
    return false;
  };
  return run_pass(shop.world, *slow, shop.targets, seen, options);
}

TEST(Overtaken, AMachineDoesNotReplaceWhatANewerRecordWrote) {
  Shop shop;
  applied_twice(shop);
  shop.record("production", {{"cart", {config("cart", "three"), config("extra", "x")}, "v3"}});
  const auto report = overtaken(shop, [&] { shop.record("production", {{"cart", {config("cart", "four"), config("extra", "x")}, "v4"}}); });
  EXPECT_EQ(report.find(kCart)->state, State::superseded);
  EXPECT_TRUE(report.superseded());
  EXPECT_EQ(shop.contents().at("cart"), "four");
  EXPECT_TRUE(shop.plan().empty());
}

TEST(Overtaken, AMachineDoesNotCreateWhatANewerRecordRemoved) {
  Shop shop;
  applied_twice(shop);
  shop.record("production", {{"search", {config("search", "x")}}});
  const auto report = overtaken(shop, [&] { shop.record("production", {}, {"search"}); });
  EXPECT_EQ(report.find({"production", "search"})->state, State::superseded);
  EXPECT_THAT(shop.contents(), UnorderedElementsAre(Pair("cart", "two"), Pair("extra", "x")));
  EXPECT_TRUE(shop.plan().empty());
}

TEST(Overtaken, AMachineDoesNotPruneWhatANewerRecordAsksFor) {
  Shop shop;
  applied_twice(shop);
  shop.record("production", {{"cart", {config("cart", "two")}, "v3"}});
  const auto report = overtaken(shop, [&] { shop.record("production", {{"cart", {config("cart", "two"), config("extra", "x")}, "v4"}}); });
  EXPECT_EQ(report.find(kCart)->state, State::superseded);
  EXPECT_TRUE(shop.contents().contains("extra"));
  EXPECT_TRUE(shop.plan().empty());
}

TEST(Overtaken, AMachineDoesNotPutBackWhatItTakesForDrift) {
  Shop shop;
  applied_twice(shop);
  shop.target().edit(config_id("cart"), config("cart", "by hand"));
  const auto report = overtaken(shop, [&] { shop.record("production", {{"cart", {config("cart", "four"), config("extra", "x")}, "v4"}}); });
  EXPECT_EQ(report.find(kCart)->state, State::superseded);
  EXPECT_EQ(shop.contents().at("cart"), "four");
}

TEST(Overtaken, AMachineThatIsOvertakenAtEveryLookTakesNothingForRewritten) {
  Shop shop;
  shop.use_directories();
  shop.begin("production");
  shop.record("production", {{"cart", {config("cart", "one")}}});
  shop.pass();
  test::WatchedFiles files(system_files());
  const World world{shop.clock, files, system_processes(), system_random()};
  const auto targets = target::open_targets(world, shop.folder.path());
  record::EnvironmentRepository records(world, *shop.remotes, {std::nullopt, "shop", shop.folder.path() / "state"});
  ASSERT_TRUE(records.look(std::nullopt, {}).ok());
  int newer = 0;
  files.watch([&](std::string_view, const Path& path) {
    if (path.filename() != "stamp" || newer == 3) return;
    shop.record("production", {{"cart", {config("cart", std::to_string(++newer))}, "v" + std::to_string(newer)}});
    shop.pass();
  });
  const auto report = run_pass(world, records, *targets, all_environments(records), {});
  EXPECT_EQ(newer, 3);
  EXPECT_EQ(report.exit_code(), 0) << report.find(kCart)->text;
  EXPECT_EQ(report.find(kCart)->state, State::matched);
}

// ---- prunes that fail ----

TEST(Prune, SurvivorsStayInTheInventoryUntilTheyAreGone) {
  Shop shop;
  applied_twice(shop);
  shop.record("production", {{"search", {config("search", "x")}}}, {"cart"});
  shop.target().fail_before([](const test::TargetCall& call) -> std::optional<Failure> {
    if (call.text() == "remove ConfigMap shop/extra") return retry(Reason::denied, "a webhook refuses");
    return std::nullopt;
  });
  auto report = shop.pass();
  EXPECT_EQ(report.find(kCart)->state, State::failed);
  EXPECT_THAT(report.find(kCart)->text, HasSubstr("a webhook refuses"));
  EXPECT_THAT(shop.contents(), UnorderedElementsAre(Pair("extra", "x"), Pair("search", "x")));
  EXPECT_EQ(shop.target().inventories(shop.id("production"))->front().entries.size(), 1U);
  shop.target().fail_before({});
  EXPECT_EQ(shop.pass().exit_code(), 0);
  EXPECT_THAT(shop.contents(), ElementsAre(Pair("search", "x")));
}

// ---- crashes ----

/// A story of records over two environments of one target: creation, change, move, rename, removal, drift.
void tell(Shop& shop, int chapter) {
  switch (chapter) {
    case 0:
      shop.begin("production");
      shop.begin("staging");
      shop.record("production", {{"cart", {config("cart", "1"), config("moving", "1")}, "1", {"db"}}, {"db", {config("db", "1")}}});
      shop.record("staging", {{"web", {config("web", "1"), config("gone", "1")}}});
      break;
    case 1:
      shop.record("production", {{"cart", {config("cart", "2")}, "2", {"db"}}, {"db", {config("db", "2"), config("moving", "2")}, "2"}});
      shop.target().edit(config_id("web"), config("web", "by hand"));
      break;
    case 2:
      shop.record("production", {{"basket", {config("cart", "3")}, "3", {"db"}, {"cart"}}});
      shop.record("staging", {{"web", {config("web", "2")}, "2"}});
      break;
    default:
      shop.record("production", {}, {"basket"});
      shop.target().edit(config_id("db"), std::nullopt);
      break;
  }
}

/// Everything that stands but versions and ids, which differ from run to run.
std::string world_of(Shop& shop) {
  std::string text;
  for (const auto& [name, content] : shop.contents()) text += name + " " + content + "\n";
  for (const auto* environment : {"production", "staging"}) {
    const auto inventories = shop.target().inventories(shop.id(environment));
    for (const auto& inventory : *inventories) {
      text += std::string(environment) + " " + inventory.service + ":";
      for (const auto& entry : inventory.entries)
        text += " " + entry.id.name + (entry.uid.empty() ? "?" : "") + "=" + entry.applied.short_text();
      text += "\n";
    }
  }
  return text;
}

std::string told_without_faults() {
  Shop shop;
  for (int chapter = 0; chapter < 4; ++chapter) {
    tell(shop, chapter);
    shop.pass();
  }
  return world_of(shop);
}

/// The process dies at its k-th call of the target that writes, before or after the effect; then another one starts.
/// What went wrong then, or nothing.
std::string tell_with_crashes(std::size_t k, bool after, const std::string& expected) {
  const std::string where = "k = " + std::to_string(k) + (after ? " after: " : " before: ");
  Shop shop;
  for (int chapter = 0; chapter < 4; ++chapter) {
    tell(shop, chapter);
    std::size_t writes = 0;
    bool dead = false;
    const Failure death = retry(Reason::cancelled, "the process is gone");
    shop.target().fail_before([&](const test::TargetCall& call) -> std::optional<Failure> {
      if (call.writes() && ++writes == k) dead = true;
      if (dead && !(after && writes == k && call.writes())) return death;
      return std::nullopt;
    });
    if (after) {
      shop.target().fail_after(
          [&](const test::TargetCall&) -> std::optional<Failure> { return dead ? std::optional(death) : std::nullopt; });
    }
    shop.pass();
    shop.target().fail_before({});
    shop.target().fail_after({});
    const auto report = shop.pass();
    if (report.exit_code() != 0) return where + dump(report.plan);
  }
  if (world_of(shop) != expected) return where + world_of(shop);
  return shop.plan().empty() ? std::string() : where + dump(shop.plan());
}

TEST(Crash, AtAnyWriteNeitherOrphansNorForgetsAndTheNextRunFinishesAlone) {
  const auto expected = told_without_faults();
  constexpr std::size_t kWrites = 14;  // No chapter has more.
  std::vector<std::string> troubles(2 * kWrites);
  for_each_index(troubles.size(), 8, [&](std::size_t i) { troubles[i] = tell_with_crashes(i / 2 + 1, i % 2 == 1, expected); });
  for (const auto& trouble : troubles) EXPECT_EQ(trouble, "");
}

TEST(Outage, OfTheTargetDeletesNothingAndLeavesTheOtherTargetAlone) {
  Shop shop;
  shop.begin("production", "prod");
  shop.begin("staging", "stage");
  shop.record("production", {{"cart", {config("cart", "1")}}});
  shop.record("staging", {{"cart", {config("cart", "1")}}});
  shop.pass();
  for (const std::string method : {"stamps", "inventories", "observe", "write_inventory", "apply", "swap_stamp"}) {
    shop.target("prod").fail_before([&](const test::TargetCall& call) -> std::optional<Failure> {
      if (call.method == method) return retry(Reason::unreachable, "no route to host");
      return std::nullopt;
    });
    shop.record("production", {{"cart", {config("cart", method)}, method}});
    shop.record("staging", {{"cart", {config("cart", method)}, method}});
    const auto report = shop.pass();
    EXPECT_EQ(report.exit_code(), 1) << method;
    EXPECT_EQ(shop.contents("stage").at("cart"), method);
    EXPECT_EQ(shop.contents("prod").size(), 1U);
    shop.target("prod").fail_before({});
    EXPECT_EQ(shop.pass().exit_code(), 0);
    EXPECT_EQ(shop.contents("prod").at("cart"), method);
  }
}

// ---- retire ----

TEST(Retire, DeletesWhatTheEnvironmentOwnsAndNothingThatAnotherNames) {
  Shop shop;
  shop.begin("production");
  shop.begin("staging");
  shop.record("production", {{"cart", {config("cart", "1")}}});
  shop.record("staging", {{"web", {config("web", "1"), config("kept", "1")}}});
  shop.pass();
  shop.target().edit(config_id("foreign"), config("foreign", "x"));
  shop.record("production", {{"cart", {config("cart", "1"), config("kept", "1")}, "2"}});
  shop.look();
  PassOptions options;
  const auto deleted = retire_environment(shop.world, *shop.records, shop.targets, all_environments(*shop.records), "staging", options);
  ASSERT_TRUE(deleted.ok()) << deleted.failure().text;
  EXPECT_EQ(*deleted, 1U);
  EXPECT_THAT(shop.contents(), UnorderedElementsAre(Pair("cart", "1"), Pair("kept", "1"), Pair("foreign", "x")));
  EXPECT_EQ(shop.target().stamps()->size(), 1U);
}

TEST(Retire, LeavesLeftoversWhereTheyAre) {
  Shop shop;
  applied_twice(shop);
  shop.record("production", {{"cart", {config("cart", "two")}, "v3"}});
  shop.target().lose_inventory(shop.id("production"), "cart");
  shop.pass();
  const auto deleted = retire_environment(shop.world, *shop.records, shop.targets, all_environments(*shop.records), "production", {});
  ASSERT_TRUE(deleted.ok()) << deleted.failure().text;
  EXPECT_THAT(shop.contents(), ElementsAre(Pair("extra", "x")));
}

}  // namespace
}  // namespace muster::reconcile
