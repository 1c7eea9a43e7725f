// Reconcile over real environment branches and targets in memory: what is applied, kept, put back and pruned.
#include "muster/reconcile/pass.hpp"

#include <gmock/gmock.h>

#include "muster/record/layout.hpp"
#include "shop.hpp"

namespace muster::reconcile {
namespace {

using test::config;
using test::config_id;
using test::Shop;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Pair;
using testing::UnorderedElementsAre;

const InstanceKey kCart{"production", "cart"};

State state_of(const Report& report, const std::string& service, const std::string& environment = "production") {
  const auto* outcome = report.find({environment, service});
  return outcome == nullptr ? State::failed : outcome->state;
}

std::string text_of(const Report& report, const std::string& service, const std::string& environment = "production") {
  const auto* outcome = report.find({environment, service});
  return outcome == nullptr ? "there is no such instance" : outcome->text;
}

TEST(Reconcile, AppliesWhatTheDescriptorsSayAndThenDoesNothing) {
  Shop shop;
  shop.begin("production");
  shop.record("production", {{"cart", {config("cart", "one"), test::deployment("cart", 2)}}, {"search", {config("search", "x")}}});
  const auto report = shop.pass();
  EXPECT_EQ(report.exit_code(), 0);
  EXPECT_EQ(state_of(report, "cart"), State::applied);
  EXPECT_EQ(report.find(kCart)->created, 2U);
  EXPECT_EQ(shop.target().objects().size(), 3U);

  shop.target().forget_calls();
  const auto second = shop.pass();
  EXPECT_EQ(state_of(second, "cart"), State::matched);
  EXPECT_THAT(shop.target().writes(), IsEmpty());
  EXPECT_TRUE(second.plan.empty());
}

TEST(Reconcile, WritesOnlyTheObjectThatARecordChanges) {
  Shop shop;
  shop.begin("production");
  shop.record("production", {{"cart", {config("cart", "one"), config("other", "same")}}});
  shop.pass();
  shop.record("production", {{"cart", {config("cart", "two"), config("other", "same")}, "v2"}});
  shop.target().forget_calls();
  const auto report = shop.pass();
  EXPECT_EQ(report.find(kCart)->changed, 1U);
  EXPECT_EQ(shop.contents().at("cart"), "two");
  std::size_t applied = 0;
  for (const auto& call : shop.target().writes()) applied += call.starts_with("apply") ? 1U : 0U;
  EXPECT_EQ(applied, 1U);
}

TEST(Reconcile, SwapsTheStampBeforeTheFirstWriteAndStatesIntentBeforeItCreates) {
  Shop shop;
  shop.begin("production");
  shop.record("production", {{"cart", {config("cart", "one")}}});
  shop.target().forget_calls();
  shop.pass();
  EXPECT_THAT(shop.target().writes(), ElementsAre("swap_stamp " + shop.id("production"), "write_inventory cart",
                                                  "apply ConfigMap shop/cart", "write_inventory cart"));
  EXPECT_EQ(shop.target().stamp(shop.id("production"))->value().record, shop.tip("production"));
}

TEST(Reconcile, PutsDriftBackEditedAndDeletedAlike) {
  Shop shop;
  shop.begin("production");
  shop.record("production", {{"cart", {config("cart", "one"), config("other", "same")}}});
  shop.pass();
  shop.target().edit(config_id("cart"), config("cart", "by hand"));
  shop.target().edit(config_id("other"), std::nullopt);
  const auto report = shop.pass();
  EXPECT_EQ(report.find(kCart)->move, Move::repair);
  EXPECT_EQ(report.find(kCart)->repaired, 2U);
  EXPECT_THAT(shop.contents(), UnorderedElementsAre(Pair("cart", "one"), Pair("other", "same")));
}

TEST(Reconcile, ShowsDriftAndLeavesItWhereThePolicySaysSo) {
  Shop shop;
  shop.begin("production", "prod", false);
  shop.record("production", {{"cart", {config("cart", "one")}}});
  shop.pass();
  shop.target().edit(config_id("cart"), config("cart", "by hand"));
  const auto report = shop.pass();
  EXPECT_EQ(shop.contents().at("cart"), "by hand");
  EXPECT_EQ(report.exit_code(), 0);
  EXPECT_THAT(report.find(kCart)->remarks, ElementsAre(HasSubstr("left")));
  shop.record("production", {{"cart", {config("cart", "two")}, "v2"}});
  shop.pass();
  EXPECT_EQ(shop.contents().at("cart"), "two");
}

TEST(Reconcile, PrunesWhatNoDescriptorNamesAndForgetsTheServiceWithItsLastObject) {
  Shop shop;
  shop.begin("production");
  shop.record("production", {{"cart", {config("cart", "one"), config("extra", "x")}}, {"search", {config("search", "x")}}});
  shop.pass();
  shop.record("production", {{"cart", {config("cart", "one")}, "v2"}}, {"search"});
  const auto report = shop.pass();
  EXPECT_EQ(report.find(kCart)->pruned, 1U);
  EXPECT_EQ(report.find({"production", "search"})->move, Move::remove);
  EXPECT_THAT(shop.contents(), ElementsAre(Pair("cart", "one")));
  EXPECT_EQ(shop.target().inventories(shop.id("production"))->size(), 1U);
  EXPECT_EQ(shop.pass().find({"production", "search"}), nullptr);
}

TEST(Reconcile, NeverPrunesWhatAnotherEnvironmentOfTheTargetNames) {
  Shop shop;
  shop.begin("production");
  shop.begin("staging");
  shop.record("production", {{"cart", {config("cart", "one"), config("shared", "x")}}});
  shop.pass();
  shop.record("production", {{"cart", {config("cart", "one")}, "v2"}});
  shop.record("staging", {{"search", {config("shared", "x")}}});
  shop.pass();
  EXPECT_TRUE(shop.contents().contains("shared"));
  shop.pass();
  EXPECT_TRUE(shop.contents().contains("shared"));
  EXPECT_TRUE(shop.plan().empty());
}

TEST(Reconcile, HoldsPrunesWhileAnEnvironmentThatMayNameTheObjectCannotBeRead) {
  Shop shop;
  shop.begin("production");
  shop.begin("staging");
  shop.record("production", {{"cart", {config("cart", "one"), config("extra", "x")}}});
  const auto first = shop.record("staging", {{"search", {config("search", "x")}}});
  shop.record("staging", {{"search", {config("search", "y")}, "v2"}});
  shop.pass();
  shop.force("staging", first);
  shop.record("production", {{"cart", {config("cart", "one")}, "v2"}});
  const auto report = shop.pass();
  EXPECT_TRUE(shop.contents().contains("extra"));
  EXPECT_EQ(state_of(report, "cart"), State::held);
  EXPECT_THAT(text_of(report, "cart"), HasSubstr("staging"));
  EXPECT_EQ(report.exit_code(), 4);
}

TEST(Reconcile, RefusesTheSecondClaimantByNameAndBothWhereBothAreNew) {
  Shop shop;
  shop.begin("production");
  shop.record("production", {{"cart", {config("mine", "cart")}}});
  shop.pass();
  shop.record("production", {{"search", {config("mine", "search"), config("search", "x")}}});
  auto report = shop.pass();
  EXPECT_EQ(shop.contents().at("mine"), "cart");
  EXPECT_FALSE(shop.contents().contains("search"));
  EXPECT_THAT(text_of(report, "search"), HasSubstr("cart@production"));
  EXPECT_EQ(state_of(report, "cart"), State::matched);

  shop.record("production", {{"a", {config("both", "a")}}, {"b", {config("both", "b")}}});
  report = shop.pass();
  EXPECT_FALSE(shop.contents().contains("both"));
  EXPECT_THAT(text_of(report, "a"), HasSubstr("b@production"));
  EXPECT_THAT(text_of(report, "b"), HasSubstr("a@production"));
}

TEST(Reconcile, TakesAForeignObjectForAConflictAndNeverTouchesIt) {
  Shop shop;
  shop.begin("production");
  shop.target().edit(config_id("cart"), config("cart", "a stranger's"));
  shop.record("production", {{"cart", {config("cart", "one"), config("other", "x")}}});
  const auto report = shop.pass();
  EXPECT_EQ(state_of(report, "cart"), State::failed);
  EXPECT_EQ(report.plan.find(kCart)->obstacle->kind, Obstacle::Kind::conflict);
  EXPECT_THAT(shop.contents(), ElementsAre(Pair("cart", "a stranger's")));
}

TEST(Reconcile, KeepsTheInventoryOfARenamedServiceAndPrunesNothing) {
  Shop shop;
  shop.begin("production");
  shop.record("production", {{"basket", {config("cart", "one"), config("other", "x")}}});
  shop.pass();
  shop.record("production", {{"cart", {config("cart", "one"), config("other", "y")}, "v2", {}, {"basket"}}});
  shop.target().forget_calls();
  const auto report = shop.pass();
  EXPECT_EQ(report.count(State::failed), 0U);
  EXPECT_EQ(report.find(kCart)->adopted, 2U);
  EXPECT_THAT(shop.target().writes(), testing::Not(testing::Contains(HasSubstr("remove ConfigMap"))));
  EXPECT_EQ(shop.contents().at("other"), "y");
  EXPECT_EQ(shop.target().inventories(shop.id("production"))->size(), 1U);
  EXPECT_TRUE(shop.plan().empty());
}

TEST(Reconcile, MovesAnObjectBetweenServicesWithoutDeletingIt) {
  Shop shop;
  shop.begin("production");
  shop.record("production", {{"a", {config("a", "x"), config("moving", "x")}}, {"b", {config("b", "x")}}});
  shop.pass();
  shop.record("production", {{"a", {config("a", "x")}, "v2"}, {"b", {config("b", "x"), config("moving", "x")}, "v2"}});
  shop.target().forget_calls();
  shop.pass();
  EXPECT_TRUE(shop.contents().contains("moving"));
  EXPECT_THAT(shop.target().writes(), testing::Not(testing::Contains(HasSubstr("remove ConfigMap"))));
  EXPECT_TRUE(shop.plan().empty());
}

TEST(Reconcile, HoldsOnlyTheDeletionsThatAreOverTheBudgetUntilAPersonConfirms) {
  Shop shop;
  shop.begin("production", "prod", true, 1);
  shop.record("production", {{"cart", {config("cart", "1"), config("a", "x"), config("b", "x"), config("c", "x")}}});
  shop.clock.advance(std::chrono::hours(48));
  shop.pass();
  shop.write("production", {{"cart/shop/configmap-a.yaml", std::nullopt}, {"cart/shop/configmap-b.yaml", std::nullopt}});
  shop.record("production", {{"search", {config("search", "x")}}});
  auto report = shop.pass();
  EXPECT_EQ(report.exit_code(), 4);
  EXPECT_EQ(state_of(report, "cart"), State::held);
  EXPECT_EQ(state_of(report, "search"), State::applied);
  EXPECT_TRUE(shop.contents().contains("a"));

  record::Approval approval;
  approval.what = record::Approval::What::deletions;
  approval.objects = {config_id("a"), config_id("b")};
  approval.by = "Jane <jane@shop.example>";
  approval.since = shop.clock.now();
  shop.write("production", {{record::approval_path(approval), record::print(approval)}});
  report = shop.pass();
  EXPECT_EQ(report.exit_code(), 0) << text_of(report, "cart");
  EXPECT_FALSE(shop.contents().contains("a"));
}

TEST(Reconcile, ReportsAFightAfterFiveRepairsAndStopsWriting) {
  Shop shop;
  shop.begin("production");
  shop.record("production", {{"cart", {config("cart", "one")}}});
  shop.pass();
  std::size_t writes = 0;
  Report report;
  for (int round = 0; round < 20; ++round) {
    shop.target().edit(config_id("cart"), config("cart", "theirs " + std::to_string(round)));
    shop.clock.advance(std::chrono::seconds(20));
    report = shop.pass();
    writes += report.find(kCart)->changed;
  }
  EXPECT_EQ(writes, kRepairs);
  EXPECT_EQ(state_of(report, "cart"), State::held);
  EXPECT_THAT(text_of(report, "cart"), HasSubstr("something else writes it"));
  shop.record("production", {{"cart", {config("cart", "two")}, "v2"}});
  shop.pass();
  EXPECT_EQ(shop.contents().at("cart"), "two");
}

TEST(Reconcile, LeavesOneBrokenDescriptorToItselfAndNeverPrunesWhatItMayName) {
  Shop shop;
  shop.begin("production");
  shop.record("production", {{"cart", {config("cart", "one")}}, {"search", {config("search", "x")}}});
  shop.pass();
  shop.write("production", {{"cart/shop/configmap-cart.yaml", "a: [b"},
                            {"cart/shop/configmap-search.yaml", "]"},
                            {"search/shop/configmap-search.yaml", std::nullopt}});
  const auto report = shop.pass();
  EXPECT_EQ(state_of(report, "cart"), State::failed);
  EXPECT_THAT(text_of(report, "cart"), HasSubstr("configmap-cart.yaml"));
  EXPECT_THAT(shop.contents(), UnorderedElementsAre(Pair("cart", "one"), Pair("search", "x")));
}

TEST(Reconcile, AppliesADescriptorEditedByHandLikeAnyOther) {
  Shop shop;
  shop.begin("production");
  shop.record("production", {{"cart", {config("cart", "one")}}});
  shop.pass();
  shop.write("production", {{"cart/shop/configmap-cart.yaml",
                             "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: cart, namespace: shop}\ndata: {text: edited}\n"},
                            {"cart/shop/configmap-more.yaml",
                             "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: more, namespace: shop}\ndata: {text: added}\n"}});
  shop.pass();
  EXPECT_THAT(shop.contents(), UnorderedElementsAre(Pair("cart", "edited"), Pair("more", "added")));
  EXPECT_TRUE(shop.plan().empty());
  shop.pass();
  EXPECT_TRUE(shop.contents().contains("more"));
}

}  // namespace
}  // namespace muster::reconcile
