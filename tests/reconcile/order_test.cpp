// Who waits for whom: needs that this tip changes, reverts that go dependents first, failures that block only dependents.
#include <gmock/gmock.h>

#include <algorithm>

#include "muster/reconcile/pass.hpp"
#include "shop.hpp"

namespace muster::reconcile {
namespace {

using test::config;
using test::config_id;
using test::Shop;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

InstanceKey production(const std::string& service) { return {"production", service}; }

/// The objects that were applied, by name, in order.
std::vector<std::string> applied(Shop& shop, const std::string& target = "prod") {
  std::vector<std::string> names;
  for (const auto& call : shop.target(target).calls()) {
    if (call.method == "apply" || call.method == "remove") names.push_back(call.subject.substr(call.subject.find('/') + 1));
  }
  return names;
}

test::Written service(const std::string& name, const std::string& version, std::vector<std::string> needs = {}) {
  return {name, {config(name, version)}, version, std::move(needs)};
}

const target::Health kProgressing{target::Health::State::progressing, "0 of 2 ready"};
const target::Health kUnhealthy{target::Health::State::unhealthy, "crashes"};
const target::Health kHealthy{target::Health::State::healthy, ""};

TEST(Order, AnInstanceWaitsForNeedsThatThisTipChangesUntilTheyAreHealthy) {
  Shop shop;
  shop.begin("production");
  shop.record("production", {service("aa", "1", {"zz"}), service("zz", "1")});
  shop.target().set_health(config_id("zz"), kProgressing);
  std::size_t polls = 0;
  const auto report = shop.pass([&](PassOptions& options) {
    options.moved = [&](std::string_view) {
      if (++polls == 8) shop.target().set_health(config_id("zz"), kHealthy);
      return false;
    };
  });
  EXPECT_EQ(report.exit_code(), 0);
  EXPECT_THAT(applied(shop), ElementsAre("zz", "aa"));
}

TEST(Order, AnInstanceDoesNotWaitForNeedsThatThisTipLeavesAlone) {
  Shop shop;
  shop.begin("production");
  shop.record("production", {service("aa", "1", {"zz"}), service("zz", "1")});
  shop.pass();
  shop.target().set_health(config_id("zz"), kProgressing);
  shop.record("production", {service("aa", "2", {"zz"})});
  shop.target().forget_calls();
  const auto report = shop.pass([](PassOptions& options) { options.patience = Duration(); });
  EXPECT_EQ(report.find(production("aa"))->state, State::applied);
  EXPECT_THAT(applied(shop), ElementsAre("aa"));
}

TEST(Order, ANeedThatIsUnhealthyButUnchangedBlocksForwardMovesOnly) {
  Shop shop;
  shop.begin("production");
  shop.record("production",
              {service("forward", "1", {"zz"}), service("drifted", "1", {"zz"}), service("reverted", "1", {"zz"}), service("zz", "1")});
  const auto second = shop.record("production", {service("reverted", "2", {"zz"})});
  shop.pass();
  shop.target().set_health(config_id("zz"), kUnhealthy);
  shop.target().edit(config_id("drifted"), config("drifted", "by hand"));
  shop.revert("production", second);
  shop.record("production", {service("forward", "2", {"zz"})});
  const auto report = shop.pass();
  EXPECT_EQ(report.find(production("forward"))->state, State::blocked);
  EXPECT_THAT(report.find(production("forward"))->path, ElementsAre(production("zz")));
  EXPECT_THAT(report.find(production("forward"))->text, HasSubstr("zz@production"));
  const auto contents = shop.contents();
  EXPECT_EQ(contents.at("forward"), "1");
  EXPECT_EQ(contents.at("drifted"), "1");
  EXPECT_EQ(contents.at("reverted"), "1");
  EXPECT_EQ(report.find(production("reverted"))->move, Move::back);
  EXPECT_EQ(report.exit_code(), 1);
}

TEST(Order, DriftRepairWaitsForNobody) {
  Shop shop;
  shop.begin("production");
  shop.record("production", {{"aa", {config("aa", "1"), config("still", "x")}, "1", {"zz"}}, service("zz", "1")});
  shop.pass();
  shop.target().edit(config_id("still"), config("still", "by hand"));
  shop.target().set_health(config_id("zz"), kProgressing);
  shop.record("production", {{"aa", {config("aa", "2"), config("still", "x")}, "2", {"zz"}}, service("zz", "2")});
  const auto report = shop.pass([](PassOptions& options) { options.patience = Duration(); });
  EXPECT_EQ(report.find(production("aa"))->state, State::waiting);
  EXPECT_EQ(shop.contents().at("still"), "x");
  EXPECT_EQ(shop.contents().at("aa"), "1");
}

TEST(Order, RevertsGoDependentsFirstAndDoNotWaitForHealth) {
  Shop shop;
  shop.begin("production");
  shop.record("production", {service("aa", "1"), service("bb", "1", {"aa"}), service("cc", "1", {"bb"})});
  const auto second = shop.record("production", {service("aa", "2"), service("bb", "2", {"aa"}), service("cc", "2", {"bb"})});
  shop.pass();
  shop.revert("production", second);
  for (const auto* name : {"aa", "bb", "cc"}) shop.target().set_health(config_id(name), kProgressing);
  shop.target().forget_calls();
  shop.pass([](PassOptions& options) { options.patience = Duration(); });
  EXPECT_THAT(applied(shop), ElementsAre("cc", "bb", "aa"));
}

TEST(Order, AFailedInstanceBlocksOnlyItsDependentsWhichReportThePathToTheCause) {
  Shop shop;
  shop.begin("production");
  shop.record("production",
              {service("cart", "1", {"payments"}), service("payments", "1", {"schema"}), service("schema", "1"), service("search", "1")});
  shop.target().fail_before([](const test::TargetCall& call) -> std::optional<Failure> {
    if (call.text() == "apply ConfigMap shop/schema") return retry(Reason::exhausted, "the disk is full");
    return std::nullopt;
  });
  const auto report = shop.pass();
  EXPECT_EQ(report.find(production("schema"))->state, State::failed);
  EXPECT_EQ(report.find(production("payments"))->state, State::blocked);
  EXPECT_THAT(report.find(production("cart"))->path, ElementsAre(production("payments"), production("schema")));
  EXPECT_EQ(report.find(production("cart"))->text, "needs payments@production → schema@production: failed")
      << "the cause says itself what is wrong";
  EXPECT_EQ(report.find(production("payments"))->text, "needs schema@production: failed");
  EXPECT_THAT(report.find(production("schema"))->text, HasSubstr("the disk is full"));
  EXPECT_EQ(report.find(production("search"))->state, State::applied);
  EXPECT_EQ(report.exit_code(), 1);
  shop.target().fail_before({});
  EXPECT_EQ(shop.pass().exit_code(), 0);
  EXPECT_EQ(shop.contents().size(), 4U);
}

TEST(Order, WorksAcrossEnvironmentsAndTargets) {
  Shop shop;
  shop.begin("production", "prod");
  shop.begin("staging", "stage");
  shop.record("production", {service("aa", "1", {"idp@staging"})});
  shop.record("staging", {service("idp", "1"), service("other", "1")});
  shop.target("stage").fail_before([](const test::TargetCall& call) -> std::optional<Failure> {
    if (call.text() == "apply ConfigMap shop/idp") return retry(Reason::unreachable, "no answer");
    return std::nullopt;
  });
  auto report = shop.pass();
  EXPECT_EQ(report.find(production("aa"))->state, State::blocked);
  EXPECT_THAT(report.find(production("aa"))->path, ElementsAre(InstanceKey{"staging", "idp"}));
  EXPECT_EQ(report.find({"staging", "other"})->state, State::applied);
  shop.target("stage").fail_before({});
  report = shop.pass();
  EXPECT_EQ(report.exit_code(), 0);
  EXPECT_EQ(shop.contents("prod").size(), 1U);
}

TEST(Order, WhatIsRemovedGoesAfterWhatNeededItAndStaysWhereThatDoesNotMove) {
  Shop shop;
  shop.begin("production");
  shop.record("production", {service("cart", "1", {"old"}), service("old", "1")});
  shop.pass();
  shop.record("production", {service("cart", "2")}, {"old"});
  shop.target().fail_before([](const test::TargetCall& call) -> std::optional<Failure> {
    if (call.text() == "apply ConfigMap shop/cart") return retry(Reason::unreachable, "no answer");
    return std::nullopt;
  });
  auto report = shop.pass();
  EXPECT_EQ(report.find(production("old"))->state, State::blocked);
  EXPECT_TRUE(shop.contents().contains("old"));
  shop.target().fail_before({});
  shop.target().forget_calls();
  report = shop.pass();
  EXPECT_EQ(report.exit_code(), 0);
  EXPECT_THAT(applied(shop), ElementsAre("cart", "old"));
  EXPECT_FALSE(shop.contents().contains("old"));
}

TEST(Order, RemovedServicesGoDependentsFirst) {
  Shop shop;
  shop.begin("production");
  shop.record("production", {service("aa", "1"), service("bb", "1", {"aa"}), service("cc", "1", {"bb"})});
  shop.pass();
  shop.record("production", {}, {"aa", "bb", "cc"});
  shop.target().forget_calls();
  shop.pass();
  EXPECT_THAT(applied(shop), ElementsAre("cc", "bb", "aa"));
}

TEST(Order, InstancesThatNeedEachOtherInACircleAreNamedAndHeldAndTheRestGoesOn) {
  Shop shop;
  shop.begin("production");
  shop.record("production", {service("aa", "1", {"bb"}), service("bb", "1", {"cc"}), service("cc", "1", {"aa"}), service("dd", "1")});
  const auto report = shop.pass();
  EXPECT_EQ(report.find(production("dd"))->state, State::applied);
  EXPECT_EQ(report.find(production("bb"))->text, "aa@production needs bb@production needs cc@production needs aa@production");
  EXPECT_EQ(shop.contents().size(), 1U);
}

TEST(Order, AnUnselectedNeedThatWouldMoveKeepsItsDependentsAndAnUnmovedOneDoesNot) {
  Shop shop;
  shop.begin("production");
  shop.record("production", {service("cart", "1", {"payments"}), service("payments", "1")});
  const auto only_cart = [](PassOptions& options) { options.selection = std::set<InstanceKey>{{"production", "cart"}}; };
  auto report = shop.pass(only_cart);
  EXPECT_THAT(shop.contents(), IsEmpty());
  EXPECT_EQ(report.find(production("payments"))->state, State::unselected);
  EXPECT_EQ(report.find(production("cart"))->state, State::waiting);
  shop.pass();
  shop.record("production", {service("cart", "2", {"payments"})});
  report = shop.pass(only_cart);
  EXPECT_EQ(shop.contents().at("cart"), "2");
}

TEST(Order, NewerCommitsCancelTheWaitForOlderOnes) {
  Shop shop;
  shop.begin("production");
  shop.record("production", {service("aa", "1", {"zz"}), service("zz", "1")});
  shop.target().set_health(config_id("zz"), kProgressing);
  std::size_t asked = 0;
  auto report = shop.pass([&](PassOptions& options) { options.moved = [&](std::string_view) { return ++asked > 20; }; });
  EXPECT_TRUE(report.superseded());
  EXPECT_EQ(report.find(production("aa"))->state, State::superseded);
  EXPECT_EQ(report.exit_code(), 0);
  shop.target().set_health(config_id("zz"), kHealthy);
  report = shop.pass();
  EXPECT_EQ(shop.contents().at("aa"), "1");
}

TEST(Order, AHoldOnTheTargetStopsBeforeTheNextObject) {
  Shop shop;
  shop.begin("production");
  shop.record("production", {{"cart", {config("a", "1"), config("b", "1"), config("c", "1")}}, service("needs-cart", "1", {"cart"})});
  const auto report = shop.pass([&](PassOptions& options) {
    options.moved = [&, held = false](std::string_view) mutable {
      if (!held && shop.target().objects().size() == 1) {
        shop.hold("production", "cart", true);
        held = true;
      }
      return held;
    };
  });
  EXPECT_TRUE(report.superseded());
  EXPECT_EQ(shop.contents().size(), 1U);
  const auto paused = shop.pass();
  EXPECT_EQ(paused.find(production("cart"))->state, State::paused);
  EXPECT_THAT(paused.find(production("cart"))->text, HasSubstr("Jane"));
  EXPECT_EQ(paused.find(production("needs-cart"))->state, State::waiting);
  EXPECT_EQ(paused.exit_code(), 0);
  EXPECT_EQ(shop.contents().size(), 1U);
  shop.write("production", {{".holds/cart.yaml", std::nullopt}});
  EXPECT_EQ(shop.pass().exit_code(), 0);
  EXPECT_EQ(shop.contents().size(), 4U);
}

TEST(Order, AHoldWithoutTargetKeepsMatchingTheBranch) {
  Shop shop;
  shop.begin("production");
  shop.record("production", {service("cart", "1")});
  shop.pass();
  shop.hold("production", "cart", false);
  shop.target().edit(config_id("cart"), config("cart", "by hand"));
  shop.pass();
  EXPECT_EQ(shop.contents().at("cart"), "1");
}

TEST(Order, GivesTheSameBytesWithOneAndEightThreads) {
  std::vector<std::string> texts;
  for (const unsigned jobs : {1U, 8U}) {
    Shop shop;
    shop.jobs = jobs;
    shop.begin("production");
    shop.begin("staging", "stage");
    std::vector<test::Written> written;
    for (int i = 0; i < 40; ++i) {
      const auto name = "s" + std::to_string(i);
      written.push_back(service(name, "1", i % 3 == 0 ? std::vector<std::string>{} : std::vector{"s" + std::to_string(i / 2)}));
    }
    for (const auto* environment : {"production", "staging"}) shop.record(environment, written);
    shop.target("stage").fail_before([](const test::TargetCall& call) -> std::optional<Failure> {
      if (call.text() == "apply ConfigMap shop/s3") return retry(Reason::unreachable, "no answer");
      return std::nullopt;
    });
    const auto report = shop.pass();
    std::string text = dump(report.plan);
    for (const auto& outcome : report.outcomes) {
      text += outcome.key.text() + " " + std::string(to_string(outcome.state)) + " " + outcome.text + "\n";
    }
    for (const auto* target : {"prod", "stage"}) {
      for (const auto& [name, content] : shop.contents(target)) text += name + " " + content + "\n";
    }
    texts.push_back(text);
  }
  EXPECT_EQ(texts[0], texts[1]);
}

}  // namespace
}  // namespace muster::reconcile
