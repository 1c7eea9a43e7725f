// Gates, freezes, approvals, holds and budgets on real repositories.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "deliver/stage.hpp"

namespace muster::deliver::test {
namespace {

using std::chrono::hours;
using ::testing::HasSubstr;

ApproveRequest approve_cart(std::vector<std::string> skip = {}, std::string team = {}) {
  return {"production", {"cart"}, false, false, std::move(skip), std::move(team), false};
}

/// staging is fed by develop, production by main; a release enters production after 24 h in staging.
class Soak : public ::testing::Test {
 protected:
  Soak() {
    stage.fed_by("staging", "develop");
    stage.fed_by("production", "main");
    stage.service("cart");
    push_both("v1");
    stage.deliver();
    stage.edit([](FleetSpec& fleet) { fleet.environments["production"].gate.soak.push_back({"staging", hours(24)}); });
  }
  /// The same trees on both branches.
  void push_both(const std::string& version) {
    stage.push("cart", version, "develop");
    stage.push("cart", version, "main");
  }
  Stage stage;
};

TEST_F(Soak, RunsFromTheFirstHealthNoteAndMatchesByTrees) {
  push_both("v2");
  stage.deliver();
  EXPECT_EQ(stage.stands("cart@staging"), "v2 setting=a");
  EXPECT_EQ(stage.why("cart@production"), "soak");
  EXPECT_FALSE(stage.outcome("cart@production").obstacles.at(0).until) << "it has not begun";
  stage.clock.advance(hours(30));
  stage.deliver();
  EXPECT_EQ(stage.why("cart@production"), "soak") << "nobody saw it healthy";
  stage.note_health("cart@staging");
  stage.clock.advance(hours(23));
  stage.deliver();
  EXPECT_EQ(stage.why("cart@production"), "soak");
  ASSERT_TRUE(stage.outcome("cart@production").obstacles.at(0).until);
  EXPECT_EQ(stage.last().report.exit_code(), 0);
  stage.clock.advance(hours(1));
  stage.deliver();
  EXPECT_EQ(stage.stands("cart@production"), "v2 setting=a");
}

TEST(FollowedSoak, OfANewerBundleMakesNoRecordOfTheOneThatStandsAfterAResume) {
  Stage stage;
  stage.fed_by("staging", "main");
  stage.follows("production", "staging");
  stage.service("cart");
  stage.push("cart", "v1");
  stage.edit([](FleetSpec& fleet) { fleet.environments["production"].gate.soak.push_back({"staging", hours(24)}); });
  stage.deliver();
  stage.note_health("cart@staging");
  stage.clock.advance(hours(25));
  stage.deliver();
  ASSERT_EQ(stage.stands("cart@production"), "v1 setting=a");
  ASSERT_TRUE(stage.hold({"production", {"cart"}, "wait", false, false}).ok());
  ASSERT_TRUE(resume(stage.deliverer(), stage.fleet(), stage.revision(), {"production", {"cart"}, false}, stage.ann, {}).ok());
  const auto commits = stage.commits("production");
  stage.push("cart", "v2");
  for (int pass = 0; pass < 3; ++pass) {
    stage.deliver();
    EXPECT_EQ(stage.why("cart@production"), "soak");
    EXPECT_EQ(stage.commits("production"), commits) << stage.git({"log", "-1", "--format=%B", "production"});
  }
  stage.note_health("cart@staging");
  stage.clock.advance(hours(24));
  stage.deliver();
  EXPECT_EQ(stage.stands("cart@production"), "v2 setting=a");
}

TEST_F(Soak, IsNotStoppedByNewerContentThere) {
  push_both("v2");
  stage.deliver();
  stage.note_health("cart@staging");
  stage.push("cart", "v3", "develop");
  stage.clock.advance(hours(24));
  stage.deliver();
  EXPECT_EQ(stage.stands("cart@production"), "v2 setting=a");
}

TEST_F(Soak, IsVoidedByBeingTakenBackThere) {
  push_both("v2");
  stage.deliver();
  stage.note_health("cart@staging");
  stage.git_revert("staging");
  stage.clock.advance(hours(48));
  stage.deliver();
  EXPECT_EQ(stage.why("cart@production"), "soak");
  EXPECT_EQ(stage.stands("cart@production"), "v1 setting=a");
}

TEST_F(Soak, BeginsAnewAfterItWasUnhealthy) {
  push_both("v2");
  stage.deliver();
  stage.note_health("cart@staging");
  stage.clock.advance(hours(23));
  stage.note_health("cart@staging", false);
  stage.clock.advance(hours(2));
  stage.deliver();
  EXPECT_EQ(stage.why("cart@production"), "soak");
  stage.note_health("cart@staging");
  stage.clock.advance(hours(25));
  stage.deliver();
  EXPECT_EQ(stage.stands("cart@production"), "v2 setting=a");
}

TEST_F(Soak, WithATimeInTheFutureHasNotBegun) {
  push_both("v2");
  stage.deliver();
  const Instant now = stage.clock.now();
  stage.clock.advance(hours(100));
  stage.note_health("cart@staging");
  stage.clock.set(format_instant(now));
  stage.deliver();
  EXPECT_THAT(stage.outcome("cart@production").obstacles.at(0).text, HasSubstr("in the future"));
}

TEST_F(Soak, OfWhatNeverStoodThereSaysHowToGoOn) {
  stage.push("cart", "hotfix", "main");
  stage.deliver();
  EXPECT_EQ(stage.why("cart@production"), "soak");
  EXPECT_THAT(stage.outcome("cart@production").obstacles.at(0).lift, HasSubstr("--skip soak"));
  ASSERT_TRUE(approve(stage.deliverer(), stage.fleet(), stage.revision(), approve_cart({"soak"}), stage.ann, {}).ok());
  stage.deliver();
  EXPECT_EQ(stage.stands("cart@production"), "hotfix setting=a");
}

TEST_F(Soak, OfADeclarationIsWantedWhereTheFleetMovedItThereToo) {
  stage.note_health("cart@staging");
  stage.edit([](FleetSpec& fleet) { fleet.services["cart"].setting = "b"; });
  stage.deliver();
  EXPECT_EQ(stage.stands("cart@staging"), "v1 setting=b");
  EXPECT_EQ(stage.why("cart@production"), "soak");
  stage.edit([](FleetSpec&) {});  // Another commit of the fleet does not let it slip.
  stage.deliver();
  EXPECT_EQ(stage.why("cart@production"), "soak");
  stage.note_health("cart@staging");
  stage.clock.advance(hours(24));
  stage.deliver();
  EXPECT_EQ(stage.stands("cart@production"), "v1 setting=b");
}

TEST_F(Soak, OfADeclarationIsNotWantedWhereItMovedHereAlone) {
  stage.edit([](FleetSpec& fleet) { fleet.services["cart"].settings["production"] = "b"; });
  stage.deliver();
  EXPECT_EQ(stage.stands("cart@production"), "v1 setting=b");
}

TEST_F(Soak, HoldsTheInputThatWaitsAndLetsTheOtherGo) {
  stage.edit([](FleetSpec& fleet) { fleet.services["cart"].settings["production"] = "b"; });
  stage.push("cart", "v2", "main");  // Never stood in staging.
  stage.deliver();
  EXPECT_EQ(stage.stands("cart@production"), "v1 setting=b");
  EXPECT_EQ(stage.why("cart@production"), "soak");
}

TEST_F(Soak, OfADeclarationLetsASourceGoWithTheDeclarationThatStandsWhereThatFleetIsAtHand) {
  stage.settings.past_fleet = [&](const std::string& revision) -> Result<std::shared_ptr<const model::Fleet>> {
    for (std::size_t back = 0; back < 9; ++back) {
      auto [fleet, at] = stage.fleet_before(back);
      if (at.commit == revision) return std::shared_ptr<const model::Fleet>(std::make_shared<model::Fleet>(std::move(fleet)));
    }
    return stalled(Reason::absent, revision);
  };
  stage.restart();
  push_both("v2");
  stage.deliver();
  stage.note_health("cart@staging");
  stage.clock.advance(hours(24));
  stage.edit([](FleetSpec& fleet) { fleet.services["cart"].setting = "b"; });
  stage.deliver();
  EXPECT_EQ(stage.stands("cart@staging"), "v2 setting=b");
  EXPECT_EQ(stage.stands("cart@production"), "v2 setting=a");
  EXPECT_EQ(stage.why("cart@production"), "soak");
}

TEST_F(Soak, OfADeclarationKeepsTheSourceWaitingWhereTheOldDeclarationIsNotAtHand) {
  push_both("v2");
  stage.deliver();
  stage.note_health("cart@staging");
  stage.clock.advance(hours(24));
  stage.edit([](FleetSpec& fleet) { fleet.services["cart"].setting = "b"; });
  stage.deliver();
  EXPECT_EQ(stage.stands("cart@production"), "v1 setting=a");
  EXPECT_EQ(stage.why("cart@production"), "soak, past-declaration");
  EXPECT_EQ(stage.last().report.exit_code(), 0);
}

/// production is fed by main and wants approvals.
class Approvals : public ::testing::Test {
 protected:
  Approvals() {
    stage.fed_by("production", "main");
    stage.service("cart");
    stage.push("cart", "v1");
    stage.deliver();
  }
  void want(model::Gate::Approval approval) {
    stage.edit([&](FleetSpec& fleet) { fleet.environments["production"].gate.approvals = {approval}; });
  }
  Result<VerbResult> say_yes(const Person& by, const std::string& team = {}) {
    return approve(stage.deliverer(), stage.fleet(), stage.revision(), approve_cart({}, team), by, {});
  }
  Stage stage;
};

TEST_F(Approvals, NameExactValuesAndDieWithThem) {
  want({{}, 1});
  stage.push("cart", "v2");
  stage.deliver();
  EXPECT_EQ(stage.why("cart@production"), "approval");
  ASSERT_TRUE(say_yes(stage.ann).ok());
  stage.push("cart", "v3");
  stage.deliver();
  EXPECT_EQ(stage.stands("cart@production"), "v1 setting=a") << "v2 was approved, v3 is what moved";
  ASSERT_TRUE(say_yes(stage.ann).ok());
  stage.deliver();
  EXPECT_EQ(stage.stands("cart@production"), "v3 setting=a");
  stage.push("cart", "v4");
  stage.deliver();
  EXPECT_EQ(stage.why("cart@production"), "approval");
}

TEST_F(Approvals, CountDifferentPeople) {
  want({{}, 2});
  stage.push("cart", "v2");
  ASSERT_TRUE(say_yes(stage.ann).ok());
  ASSERT_TRUE(say_yes(stage.ann).ok());
  stage.deliver();
  EXPECT_EQ(stage.why("cart@production"), "approval");
  ASSERT_TRUE(say_yes({"Bob", "bob@shop.example"}).ok());
  stage.deliver();
  EXPECT_EQ(stage.stands("cart@production"), "v2 setting=a");
}

TEST_F(Approvals, AreUndoneByPlainGit) {
  want({{}, 1});
  stage.push("cart", "v2");
  ASSERT_TRUE(say_yes(stage.ann).ok());
  stage.git_revert("production");
  stage.deliver();
  EXPECT_EQ(stage.why("cart@production"), "approval");
}

TEST_F(Approvals, OfATeamWithKeysCountWhenSignedByAMember) {
  stage.edit([](FleetSpec& fleet) {
    model::Team team;
    team.name = "platform";
    team.keys = {"ssh-ed25519 AAAA ann"};
    fleet.teams = {team};
    fleet.environments["production"].gate.approvals = {{{"platform"}, 1}};
  });
  stage.push("cart", "v2");
  ASSERT_TRUE(say_yes(stage.ann, "platform").ok());
  stage.deliver();
  EXPECT_EQ(stage.why("cart@production"), "approval") << "not signed";
  stage.settings.verify = [](const std::string&, std::span<const std::string>) -> Result<std::optional<std::string>> {
    return stalled(Reason::denied, "ssh-keygen is not installed");
  };
  stage.restart();
  stage.deliver();
  EXPECT_THAT(stage.outcome("cart@production").obstacles.front().text, HasSubstr("could not be looked at: ssh-keygen is not installed"));
  stage.settings.verify = [](const std::string& raw, std::span<const std::string> keys) -> Result<std::optional<std::string>> {
    return raw.find("Approve cart") == std::string::npos ? std::nullopt : std::optional(keys[0]);
  };
  stage.restart();
  stage.deliver();
  EXPECT_EQ(stage.stands("cart@production"), "v2 setting=a");
}

TEST_F(Approvals, OfATeamWithoutKeysTrustWhoeverMayPush) {
  stage.edit([](FleetSpec& fleet) {
    model::Team team;
    team.name = "platform";
    fleet.teams = {team};
    fleet.environments["production"].gate.approvals = {{{"platform"}, 1}};
  });
  stage.push("cart", "v2");
  ASSERT_TRUE(say_yes(stage.ann).ok());
  stage.deliver();
  EXPECT_EQ(stage.stands("cart@production"), "v2 setting=a");
}

TEST_F(Approvals, DoNotBindForeignCommits) {
  want({{}, 1});
  stage.push("cart", "v2");
  stage.git_edit("production", {{"orders/shop/configmap-orders.yaml",
                                 "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: orders\n  namespace: shop\ndata:\n  version: x\n"}});
  stage.deliver();
  EXPECT_EQ(stage.stands("orders@production"), "x");
}

TEST_F(Approvals, AreNotWantedForWhatLeavesEveryObject) {
  want({{}, 1});
  stage.push_files("cart", {{"README.md", "words"}});
  const std::string before = stage.tip("production");
  stage.deliver();
  EXPECT_NE(stage.tip("production"), before);
  EXPECT_EQ(stage.why("cart@production"), "");
}

TEST_F(Approvals, OfAServiceAddToThoseOfItsEnvironment) {
  stage.edit([](FleetSpec& fleet) {
    model::Gate gate;
    gate.owner = "service cart";
    gate.approvals = {{{}, 1}};
    fleet.services["cart"].gates = {gate};
  });
  stage.push("cart", "v2");
  stage.deliver();
  EXPECT_EQ(stage.why("cart@production"), "approval");
}

TEST_F(Approvals, ACheckCommandSaysYesOrNo) {
  const auto check = [&](const std::string& script) {
    stage.edit([&](FleetSpec& fleet) {
      fleet.environments["production"].gate.owner = "environment production";
      fleet.environments["production"].gate.checks = {{{"sh", "-c", script}, std::chrono::seconds(60)}};
    });
  };
  check("grep -q 'service: cart' && echo \"$MUSTER_SERVICE is too slow\" >&2 && exit 3");
  stage.push("cart", "v2");
  stage.deliver();
  EXPECT_EQ(stage.why("cart@production"), "check");
  EXPECT_THAT(stage.outcome("cart@production").obstacles.at(0).text, HasSubstr("cart is too slow"));
  EXPECT_EQ(stage.last().report.exit_code(), 0);
  check("test \"$MUSTER_ENVIRONMENT\" = production && test -z \"$HOME\"");
  stage.deliver();
  EXPECT_EQ(stage.stands("cart@production"), "v2 setting=a");
}

// ---- freezes ----

TEST_F(Approvals, AFreezeHoldsEveryCauseThatItDoesNotAllow) {
  stage.edit([](FleetSpec& fleet) {
    model::Freeze freeze;
    freeze.name = "weekends";
    freeze.applies_to = {"production"};
    freeze.timezone = "UTC";
    freeze.weekdays = {6, 7};
    freeze.allow = {"fleet"};
    fleet.freezes = {freeze};
  });
  stage.clock.set("2026-05-09T12:00:00Z");  // A Saturday.
  stage.push("cart", "v2");
  stage.edit([](FleetSpec& fleet) { fleet.services["cart"].setting = "b"; });
  stage.deliver();
  EXPECT_EQ(stage.stands("cart@production"), "v1 setting=b") << "the fleet's changes are allowed";
  EXPECT_EQ(stage.why("cart@production"), "freeze");
  EXPECT_EQ(stage.outcome("cart@production").obstacles.at(0).until, parse_instant("2026-05-11T00:00:00Z"));
  EXPECT_FALSE(rollback(stage.deliverer(), stage.deliverer().records(stage.fleet()), nullptr, {},
                        {"production", {"orders"}, {}, "", true, "", false}, stage.ann, {})
                   .ok());
  const auto fleet = stage.fleet();
  const auto refused = rollback(stage.deliverer(), stage.deliverer().records(fleet), &fleet, stage.revision(),
                                {"production", {"cart"}, {}, "", true, "", false}, stage.ann, {});
  ASSERT_FALSE(refused.ok());
  EXPECT_THAT(refused.failure().text, HasSubstr("does not allow rollbacks"));
  stage.clock.set("2026-05-11T00:00:01Z");
  stage.deliver();
  EXPECT_EQ(stage.stands("cart@production"), "v2 setting=b");
}

// ---- budgets ----

/// Fifteen services that have stood for two days.
class Budgets : public ::testing::Test {
 protected:
  Budgets() {
    stage.fed_by("production", "main");
    for (int i = 0; i < 15; ++i) {
      stage.service(name(i)).repository = "mono";
      stage.service(name(i)).path = name(i);
    }
    muster::test::GitRepository::Files files;
    for (int i = 0; i < 15; ++i)
      files.emplace(name(i) + "/app.yaml",
                    "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: " + name(i) + "-source\ndata:\n  version: v1\n");
    stage.push_files(name(0), files);
    stage.deliver();
    stage.clock.advance(hours(48));
  }
  static std::string name(int i) { return "s" + std::to_string(10 + i); }
  std::size_t standing() {
    std::size_t count = 0;
    for (int i = 0; i < 15; ++i) count += stage.stands(name(i) + "@production") == "nothing" ? 0 : 1;
    return count;
  }
  Stage stage;
};

TEST_F(Budgets, HoldDeletionsOverThemAndNothingElse) {
  stage.edit([](FleetSpec& fleet) {
    for (int i = 0; i < 6; ++i) fleet.services.erase(name(i));
  });
  stage.push(name(9), "v2");
  stage.deliver();
  EXPECT_EQ(standing(), 15U);
  EXPECT_EQ(stage.why(name(0) + "@production"), "deletions-over-budget");
  EXPECT_EQ(stage.stands(name(9) + "@production"), "v2 setting=a");
  EXPECT_EQ(stage.last().report.exit_code(), 4);
  const auto approved =
      approve(stage.deliverer(), stage.fleet(), stage.revision(), {"production", {}, true, false, {}, "", false}, stage.ann, {});
  ASSERT_TRUE(approved.ok()) << approved.failure().text;
  ASSERT_EQ(approved->notes.size(), 1U);
  EXPECT_TRUE(approved->notes.front().starts_with("the deletion of 12 objects: "))
      << "an approval names what it is of: " << approved->notes.front();
  stage.edit([](FleetSpec& fleet) { fleet.services.erase(name(6)); });
  stage.deliver();
  EXPECT_EQ(standing(), 15U) << "one more needs a new approval";
  stage.deliver_as(stage.fleet_before(1));
  EXPECT_EQ(standing(), 9U) << "exactly what was approved";
  stage.deliver();
  EXPECT_EQ(standing(), 9U) << "the day's budget is used up";
  ASSERT_TRUE(
      approve(stage.deliverer(), stage.fleet(), stage.revision(), {"production", {}, true, false, {}, "", false}, stage.ann, {}).ok());
  stage.deliver();
  EXPECT_EQ(standing(), 8U);
}

TEST_F(Budgets, CountManySmallDeletionsAsOneLargeOne) {
  std::size_t gone = 0;
  for (int i = 0; i < 6; ++i) {
    stage.edit([&](FleetSpec& fleet) { fleet.services.erase(name(i)); });
    stage.deliver();
    stage.clock.advance(std::chrono::minutes(10));
    gone = 15 - standing();
  }
  EXPECT_EQ(gone, 2U) << "five objects a day; a service has two";
  stage.clock.advance(hours(25));
  stage.deliver();
  EXPECT_EQ(stage.why(name(5) + "@production"), "deletions-over-budget") << "four services at once are still too many";
}

TEST_F(Budgets, HoldASourceThatShrank) {
  muster::test::GitRepository::Files files;
  for (int i = 0; i < 15; ++i)
    files.emplace(name(i) + "/more.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: " + name(i) + "-more\n");
  stage.push_files(name(0), files);
  stage.deliver();
  stage.clock.advance(hours(48));
  for (auto& [path, content] : files) content.reset();
  stage.push_files(name(0), files);
  stage.deliver();
  EXPECT_EQ(stage.why(name(0) + "@production"), "deletions-over-budget");
  EXPECT_THAT(stage.git({"ls-tree", "-r", "--name-only", "production", "--", name(0) + "/"}), HasSubstr("-more.yaml"));
}

TEST_F(Budgets, BoundHowManyStandingInstancesMoveByDeclaration) {
  stage.edit([](FleetSpec& fleet) {
    for (auto& [name, service] : fleet.services) service.setting = "b";
  });
  stage.push(name(3), "v2");
  stage.deliver();
  EXPECT_EQ(stage.why(name(0) + "@production"), "changes-over-budget");
  EXPECT_EQ(stage.stands(name(0) + "@production"), "v1 setting=a");
  EXPECT_EQ(stage.last().report.exit_code(), 4);
  ASSERT_TRUE(
      approve(stage.deliverer(), stage.fleet(), stage.revision(), {"production", {}, false, true, {}, "", false}, stage.ann, {}).ok());
  stage.deliver();
  EXPECT_EQ(stage.stands(name(0) + "@production"), "v1 setting=b");
  EXPECT_EQ(stage.stands(name(3) + "@production"), "v2 setting=b");
}

TEST_F(Budgets, LetTenInstancesMoveAndNewServicesDoNotCount) {
  stage.edit([](FleetSpec& fleet) {
    int count = 0;
    for (auto& [name, service] : fleet.services) service.setting = count++ < 10 ? "b" : "a";
    for (int i = 0; i < 5; ++i) {
      ServiceSpec fresh = fleet.services[name(14)];
      fresh.object_name = "fresh" + std::to_string(i);
      fresh.path = "fresh" + std::to_string(i);
      fleet.services["fresh" + std::to_string(i)] = fresh;
    }
  });
  muster::test::GitRepository::Files files;
  for (int i = 0; i < 5; ++i) {
    const std::string fresh = "fresh" + std::to_string(i);
    files.emplace(fresh + "/app.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: " + fresh + "-source\ndata:\n  version: v1\n");
  }
  stage.push_files(name(0), files);
  stage.deliver();
  EXPECT_EQ(stage.stands(name(0) + "@production"), "v1 setting=b");
  EXPECT_EQ(stage.stands("fresh0@production"), "v1 setting=a");
}

TEST_F(Budgets, RenderOnlyWhatMovedInAMonorepo) {
  stage.push(name(7), "v2");
  stage.deliver();
  EXPECT_EQ(stage.last().proposals.size(), 1U);
  EXPECT_EQ(stage.last().report.count(Verdict::unchanged), 14U);
}

}  // namespace
}  // namespace muster::deliver::test
