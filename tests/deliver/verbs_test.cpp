// hold, resume, promote, rollback, retire.
#include "muster/deliver/verbs.hpp"

#include <fmt/core.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "deliver/stage.hpp"
#include "muster/base/text.hpp"
#include "muster/record/standing.hpp"
#include "support/map_secrets.hpp"
#include "support/watched_files.hpp"

namespace muster::deliver::test {
namespace {

using std::chrono::hours;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class Verbs : public ::testing::Test {
 protected:
  Verbs() {
    stage.fed_by("production", "main");
    for (const char* name : {"cart", "orders"}) {
      stage.service(name);
      stage.push(name, "v1");
    }
    stage.deliver();
  }
  Result<VerbResult> hold_cart() { return stage.hold({"production", {"cart"}, "looks slow", false, false}); }
  Result<VerbResult> resume_all() {
    return resume(stage.deliverer(), stage.fleet(), stage.revision(), {"production", {"*"}, false}, stage.ann, {});
  }
  Result<VerbResult> roll_back(RollbackRequest request) {
    const auto fleet = stage.fleet();
    request.environment = "production";
    return rollback(stage.deliverer(), stage.deliverer().records(fleet), &fleet, stage.revision(), request, stage.ann, {});
  }
  RollbackRequest of(std::vector<std::string> services, bool hold = true) {
    RollbackRequest request;
    request.services = std::move(services);
    request.hold = hold;
    return request;
  }
  Stage stage;
};

TEST_F(Verbs, AHoldIsACommitThatStopsNewRecords) {
  const auto held = hold_cart();
  ASSERT_TRUE(held.ok()) << held.failure().text;
  EXPECT_EQ(stage.show("production:.holds/cart.yaml"),
            "service: cart\nsince: \"2026-05-04T10:00:01Z\"\nby: Ann <ann@shop.example>\nreason: looks slow");
  stage.push("cart", "v2");
  stage.push("orders", "v2");
  stage.deliver();
  EXPECT_EQ(stage.why("cart@production"), "held-by-person");
  EXPECT_THAT(stage.outcome("cart@production").obstacles.at(0).text, HasSubstr("looks slow"));
  EXPECT_EQ(stage.stands("cart@production"), "v1 setting=a");
  EXPECT_EQ(stage.stands("orders@production"), "v2 setting=a");
  EXPECT_EQ(stage.last().report.exit_code(), 0) << "a person's hold is normal";
  ASSERT_TRUE(hold_cart().ok());
  EXPECT_FALSE(hold_cart()->commit) << "it is held already";
}

TEST_F(Verbs, AHoldIsLiftedByPlainGit) {
  ASSERT_TRUE(hold_cart().ok());
  stage.push("cart", "v2");
  stage.git_revert("production");
  stage.deliver();
  EXPECT_EQ(stage.stands("cart@production"), "v2 setting=a");
}

TEST_F(Verbs, AGitRevertOfAHeldServiceIsObeyed) {
  stage.push("cart", "v2");
  stage.deliver();
  ASSERT_TRUE(hold_cart().ok());
  stage.git_revert("production", "HEAD~1");
  stage.deliver();
  EXPECT_EQ(stage.stands("cart@production"), "v1 setting=a");
}

TEST_F(Verbs, ResumeTakesGlobsLiftsHoldsAndProposesWhatWasTakenBack) {
  stage.push("cart", "v2");
  stage.deliver();
  stage.git_revert("production");
  ASSERT_TRUE(hold_cart().ok());
  const auto resumed = resume_all();
  ASSERT_TRUE(resumed.ok()) << resumed.failure().text;
  EXPECT_THAT(resumed->services, ElementsAre("cart")) << "nothing holds orders";
  stage.restart();
  stage.deliver();
  EXPECT_EQ(stage.stands("cart@production"), "v2 setting=a");
  stage.git_revert("production");  // Taken back again: the resume is used up.
  for (int i = 0; i < 3; ++i) stage.deliver();
  EXPECT_EQ(stage.stands("cart@production"), "v1 setting=a");
}

TEST_F(Verbs, ResumeCommitsNothingWhereNothingIsHeldAndNothingIsRecordedAfterIt) {
  stage.push("cart", "v2");
  stage.deliver();
  const auto tip = stage.tip("production");
  const auto resumed = resume_all();
  ASSERT_TRUE(resumed.ok()) << resumed.failure().text;
  EXPECT_FALSE(resumed->commit);
  EXPECT_THAT(resumed->services, IsEmpty());
  EXPECT_EQ(stage.tip("production"), tip);
  ASSERT_TRUE(hold_cart().ok());
  ASSERT_TRUE(resume_all().ok());
  const auto lifted = stage.tip("production");
  for (int i = 0; i < 2; ++i) stage.deliver();
  EXPECT_EQ(stage.tip("production"), lifted) << "what stands is what was recorded, and is not recorded again";
}

TEST_F(Verbs, AResumeWaitsForAFreezeAndIsNotForgotten) {
  stage.push("cart", "v2");
  stage.deliver();
  stage.git_revert("production");
  stage.edit([](FleetSpec& fleet) {
    model::Freeze freeze;
    freeze.name = "fair";
    freeze.applies_to = {"production"};
    freeze.timezone = "UTC";
    freeze.to = "2026-05-05";
    fleet.freezes = {freeze};
  });
  ASSERT_TRUE(resume_all().ok());
  stage.deliver();
  EXPECT_EQ(stage.why("cart@production"), "freeze");
  stage.clock.advance(hours(24));
  stage.deliver();
  EXPECT_EQ(stage.stands("cart@production"), "v2 setting=a");
}

TEST_F(Verbs, NamesThatMeanNothingAreRefused) {
  const auto held = stage.hold({"production", {"crat"}, "", false, false});
  ASSERT_FALSE(held.ok());
  EXPECT_THAT(held.failure().text, HasSubstr("there is no service `crat` in production"));
}

TEST_F(Verbs, RollbackMakesTheRevertHoldsTheServiceAndMovesNoLedger) {
  stage.push("cart", "v2");
  stage.deliver();
  const auto rolled = roll_back(of({"cart"}));
  ASSERT_TRUE(rolled.ok()) << rolled.failure().text;
  ASSERT_EQ(rolled->proposals.size(), 1U);
  EXPECT_EQ(stage.stands("cart@production"), "v1 setting=a");
  stage.push("cart", "v3");
  stage.deliver();
  EXPECT_EQ(stage.why("cart@production"), "held-by-person");
  ASSERT_TRUE(resume_all().ok());
  stage.deliver();
  EXPECT_EQ(stage.stands("cart@production"), "v3 setting=a");
}

TEST_F(Verbs, RollbackWithoutAHoldStaysUntilSomethingNewer) {
  stage.push("cart", "v2");
  stage.deliver();
  ASSERT_TRUE(roll_back(of({"cart"}, false)).ok());
  for (int i = 0; i < 3; ++i) stage.deliver();
  EXPECT_EQ(stage.stands("cart@production"), "v1 setting=a");
  stage.push("cart", "v3");
  stage.deliver();
  EXPECT_EQ(stage.stands("cart@production"), "v3 setting=a");
}

TEST_F(Verbs, ASecondRollbackGoesFurtherBack) {
  stage.push("cart", "v2");
  stage.deliver();
  stage.push("cart", "v3");
  stage.deliver();
  ASSERT_TRUE(roll_back(of({"cart"}, false)).ok());
  EXPECT_EQ(stage.stands("cart@production"), "v2 setting=a");
  ASSERT_TRUE(roll_back(of({"cart"}, false)).ok());
  EXPECT_EQ(stage.stands("cart@production"), "v1 setting=a");
  const auto last = roll_back(of({"cart"}, false));
  ASSERT_TRUE(last.ok());
  EXPECT_FALSE(last->commit);
  EXPECT_THAT(last->notes.at(0), HasSubstr("no earlier release"));
}

TEST_F(Verbs, RollbackToATimeTouchesWhatExistedThenAndNow) {
  const Instant then = stage.clock.now();
  stage.clock.advance(hours(1));
  stage.push("cart", "v2");
  stage.edit([](FleetSpec& fleet) {
    fleet.services["born"].repository = "born";
    fleet.services.erase("orders");
  });
  stage.push("born", "v1");
  stage.deliver();
  RollbackRequest request = of({}, false);
  request.to = then;
  const auto rolled = roll_back(request);
  ASSERT_TRUE(rolled.ok()) << rolled.failure().text;
  EXPECT_THAT(rolled->services, ElementsAre("cart"));
  EXPECT_EQ(rolled->notes.size(), 2U);
  EXPECT_EQ(stage.stands("cart@production"), "v1 setting=a");
  EXPECT_EQ(stage.stands("born@production"), "v1 setting=a");
  EXPECT_EQ(stage.stands("orders@production"), "nothing");
  request.services = {"orders", "born"};
  ASSERT_TRUE(roll_back(request).ok());
  EXPECT_EQ(stage.stands("born@production"), "nothing");
  EXPECT_EQ(stage.stands("orders@production"), "v1 setting=a");
}

TEST_F(Verbs, RollbackOfOneInputLeavesTheOthers) {
  stage.edit([](FleetSpec& fleet) { fleet.services["cart"].image = "1"; });
  stage.push("cart", "v2");
  stage.deliver();
  stage.edit([](FleetSpec& fleet) { fleet.services["cart"].image = "2"; });
  stage.deliver();
  stage.push("cart", "v3");
  stage.deliver();
  EXPECT_EQ(stage.stands("cart@production"), "v3 setting=a image=2");
  RollbackRequest request = of({"cart"}, false);
  request.input = "image.registry.example/cart";
  const auto rolled = roll_back(request);
  ASSERT_TRUE(rolled.ok()) << rolled.failure().text;
  EXPECT_EQ(stage.stands("cart@production"), "v3 setting=a image=1");
  for (int i = 0; i < 3; ++i) stage.deliver();
  EXPECT_EQ(stage.stands("cart@production"), "v3 setting=a image=1");
}

TEST_F(Verbs, RollbackNeedsNoFleet) {
  stage.push("cart", "v2");
  stage.deliver();
  RollbackRequest request = of({"cart"});
  request.environment = "production";
  const auto rolled = rollback(stage.deliverer(), stage.deliverer().records(stage.fleet()), nullptr, {}, request, stage.ann, {});
  ASSERT_TRUE(rolled.ok()) << rolled.failure().text;
  EXPECT_EQ(stage.stands("cart@production"), "v1 setting=a");
}

TEST_F(Verbs, BoundServicesAreRolledBackTogether) {
  stage.edit([](FleetSpec& fleet) { fleet.services["cart"].together = {"orders"}; });
  stage.push("cart", "v2");
  stage.push("orders", "v2");
  stage.deliver();
  const auto rolled = roll_back(of({"cart"}));
  ASSERT_TRUE(rolled.ok());
  EXPECT_THAT(rolled->services, ElementsAre("cart", "orders"));
  EXPECT_EQ(stage.stands("orders@production"), "v1 setting=a");
}

TEST_F(Verbs, ADryVerbWritesNothing) {
  stage.push("cart", "v2");
  stage.deliver();
  const std::string tip = stage.tip("production");
  RollbackRequest request = of({"cart"});
  request.dry = true;
  const auto rolled = roll_back(request);
  ASSERT_TRUE(rolled.ok());
  EXPECT_EQ(rolled->proposals.size(), 1U);
  EXPECT_EQ(stage.tip("production"), tip);
}

TEST_F(Verbs, PromoteIntoAnEnvironmentFedByABranchMovesNoLedger) {
  stage.edit([](FleetSpec& fleet) {
    model::Environment staging;
    staging.name = "staging";
    staging.branch = "develop";
    fleet.environments["staging"] = staging;
  });
  stage.push("cart", "next", "develop");
  stage.push("orders", "v1", "develop");
  stage.deliver();
  const auto promoted =
      promote(stage.deliverer(), stage.fleet(), stage.revision(), {"production", {"cart"}, "staging", false}, stage.ann, {});
  ASSERT_TRUE(promoted.ok()) << promoted.failure().text;
  EXPECT_EQ(stage.stands("cart@production"), "next setting=a");
  EXPECT_THAT(stage.git({"log", "-1", "--format=%B", "production"}), HasSubstr(" manual\n"));
  for (int i = 0; i < 3; ++i) stage.deliver();
  EXPECT_EQ(stage.stands("cart@production"), "next setting=a");
  stage.push("cart", "v2");
  stage.deliver();
  EXPECT_EQ(stage.stands("cart@production"), "v2 setting=a");
}

TEST_F(Verbs, PromoteSkipsOrderAndTakeBacks) {
  Stage chain;
  chain.fed_by("staging", "develop");
  chain.follows("production", "staging");
  chain.service("cart");
  chain.push("cart", "v1", "develop");
  chain.deliver();
  chain.push("cart", "v2", "develop");
  chain.deliver();
  chain.git_revert("production");
  chain.deliver();
  EXPECT_EQ(chain.stands("cart@production"), "v1 setting=a");
  const auto promoted = promote(chain.deliverer(), chain.fleet(), chain.revision(), {"production", {"cart"}, "", false}, chain.ann, {});
  ASSERT_TRUE(promoted.ok()) << promoted.failure().text;
  EXPECT_TRUE(promoted->commit);
  EXPECT_EQ(chain.stands("cart@production"), "v2 setting=a");
  chain.git_revert("staging");  // Staging goes back; production may be brought back to that by hand …
  const auto back = promote(chain.deliverer(), chain.fleet(), chain.revision(), {"production", {"cart"}, "", false}, chain.ann, {});
  ASSERT_TRUE(back.ok());
  EXPECT_EQ(chain.stands("cart@production"), "v1 setting=a");
  for (int i = 0; i < 3; ++i) chain.deliver();
  EXPECT_EQ(chain.stands("cart@production"), "v1 setting=a") << "… and automation goes only to what is later than v2";
  chain.push("cart", "v3", "develop");
  chain.deliver();
  EXPECT_EQ(chain.stands("cart@production"), "v3 setting=a");
}

TEST_F(Verbs, AnEnvironmentThatIsNoLongerDeclaredIsLeftAloneUntilItIsRetired) {
  stage.edit([](FleetSpec& fleet) {
    fleet.environments.clear();
    model::Environment other;
    other.name = "other";
    other.branch = "main";
    fleet.environments["other"] = other;
  });
  stage.deliver();
  EXPECT_EQ(stage.stands("cart@production"), "v1 setting=a");
  const auto fleet = stage.fleet();
  auto& records = stage.deliverer().records(fleet);
  EXPECT_FALSE(retire(stage.deliverer(), records, &fleet, {"production", false, false}, stage.ann, {}).ok()) << "services still stand";
  ASSERT_TRUE(retire(stage.deliverer(), records, &fleet, {"production", true, false}, stage.ann, {}).ok());
  EXPECT_EQ(stage.stands("cart@production"), "nothing");
  ASSERT_TRUE(retire(stage.deliverer(), records, &fleet, {"production", false, false}, stage.ann, {}).ok());
  EXPECT_EQ(stage.commits("production"), 0U);
  EXPECT_FALSE(retire(stage.deliverer(), records, &fleet, {"other", true, false}, stage.ann, {}).ok()) << "that one is declared";
}

// ---- two machines on one branch ----

/// Another machine, with a state directory of its own, that acts each time this one is about to push to a branch.
class Race : public ::testing::Test {
 protected:
  Race() {
    stage.fed_by("staging", "main");
    stage.follows("production", "staging");
    stage.service("cart");
    stage.push("cart", "v1");
    stage.deliver();
    files.watch([this](std::string_view call, const Path& path) {
      const bool pushes = call == "lock" && path == stage.environment_repository() / "muster" / "refs.lock";
      if (pushes && !faster.empty()) {
        const auto next = std::move(faster.front());
        faster.erase(faster.begin());
        next();
      }
    });
    World world = *stage.world;
    const World watched{world.clock, files, world.processes, world.random};
    settings = stage.settings;
    settings.state = folder.path() / ".muster";
    remotes = git::make_remotes(watched, secrets, settings.state / "mirrors", git::TransferLimits{});
    slow.emplace(watched, *remotes, settings);
  }
  Delivery deliver_slowly() { return slow->deliver(stage.fleet(), stage.revision(), {}, {}); }
  Result<VerbResult> resume_cart() {
    return resume(stage.deliverer(), stage.fleet(), stage.revision(), {"production", {"cart"}, false}, stage.ann, {});
  }
  Result<VerbResult> roll_back_cart() {
    const auto fleet = stage.fleet();
    RollbackRequest request;
    request.environment = "production";
    request.services = {"cart"};
    return rollback(stage.deliverer(), stage.deliverer().records(fleet), &fleet, stage.revision(), request, stage.ann, {});
  }
  /// Records that leave the tree of their parent and list only what the ledger had already.
  [[nodiscard]] std::vector<std::string> empty_records(const std::string& environment) const {
    std::vector<std::string> out;
    std::string tree;
    std::map<std::string, std::string> ledger;
    const std::string log = stage.git({"log", "--first-parent", "--reverse", "--format=%H", environment});
    for (const auto commit : split(log, '\n')) {
      const std::string id(commit);
      const std::string now = stage.git({"rev-parse", id + "^{tree}"});
      const std::string body = stage.git({"log", "-1", "--format=%B", id});
      bool moved = now != tree;
      for (const auto line : split(body, '\n')) {
        if (!line.starts_with("Muster-Release: ")) continue;
        for (const auto word : split(line, ' ')) {
          const auto equals = word.find('=');
          if (equals == std::string_view::npos) continue;
          std::string& known = ledger[std::string(word.substr(0, equals))];
          moved = moved || known != word;
          known = word;
        }
      }
      if (!moved && body.find("Muster-Record:") != std::string::npos) out.push_back(body);
      tree = now;
    }
    return out;
  }

  Stage stage{Stage::Records::remote};
  muster::test::TemporaryFolder folder;
  muster::test::WatchedFiles files{system_files()};
  muster::test::MapSecrets secrets;
  std::unique_ptr<git::Remotes> remotes;
  Settings settings;
  std::optional<Deliverer> slow;
  std::vector<std::function<void()>> faster;
};

TEST_F(Race, WhoeverLosesItMakesNoRecordOfWhatTheOtherRecorded) {
  stage.push("cart", "v2");
  faster = {[&] { stage.deliver(); }};
  const auto delivery = deliver_slowly();
  EXPECT_EQ(delivery.report.exit_code(), 0);
  EXPECT_EQ(stage.stands("cart@production"), "v2 setting=a");
  EXPECT_EQ(stage.commits("staging"), 3U) << "begun, v1, v2";
  EXPECT_EQ(stage.commits("production"), 3U);
}

TEST_F(Race, NeitherRollbackHoldAndResumeNorBothTogetherLeaveARecordOfNothing) {
  stage.push("cart", "v2");
  stage.deliver();
  stage.push("cart", "v3");
  const auto roll_back = [&] { EXPECT_TRUE(roll_back_cart().ok()); };
  const auto resumed = [&] { EXPECT_TRUE(resume_cart().ok()); };
  const auto deliver = [&] { stage.deliver(); };
  faster = {deliver, roll_back, resumed,   deliver, [&] { EXPECT_TRUE(stage.hold({"production", {"cart"}, "x", false, false}).ok()); },
            resumed, deliver,   roll_back, resumed};
  for (int pass = 0; pass < 6; ++pass) {
    EXPECT_EQ(deliver_slowly().report.exit_code(), 0);
    stage.push("cart", fmt::format("v{}", 4 + pass));
  }
  EXPECT_THAT(faster, IsEmpty());
  EXPECT_THAT(empty_records("production"), IsEmpty());
  EXPECT_THAT(empty_records("staging"), IsEmpty());
}

}  // namespace
}  // namespace muster::deliver::test
