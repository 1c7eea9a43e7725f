// The way to health: limits, notes written once, and jobs that run once a bundle.
#include <gmock/gmock.h>

#include "muster/reconcile/pass.hpp"
#include "shop.hpp"

namespace muster::reconcile {
namespace {

using test::config;
using test::config_id;
using test::Shop;
using testing::Contains;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

const InstanceKey kCart{"production", "cart"};
const target::Health kProgressing{target::Health::State::progressing, "0 of 2 ready"};
const target::Health kUnhealthy{target::Health::State::unhealthy, "crashes"};
const target::Health kHealthy{target::Health::State::healthy, ""};

TEST(Health, NotesAreWrittenOnceWhenAnInstanceIsHealthyAtItsBundle) {
  Shop shop;
  shop.begin("production");
  shop.record("production", {{"cart", {config("cart", "1")}}, {"search", {config("search", "1")}}});
  shop.pass();
  EXPECT_EQ(shop.health_notes("production"), "healthy cart\nhealthy search\n");
  shop.pass();
  shop.target().edit(config_id("cart"), config("cart", "by hand"));
  shop.pass();
  EXPECT_EQ(shop.health_notes("production"), "healthy cart\nhealthy search\n");
  shop.record("production", {{"cart", {config("cart", "2")}, "v2"}});
  shop.pass();
  EXPECT_EQ(shop.health_notes("production"), "healthy cart\nhealthy cart\nhealthy search\n");
}

TEST(Health, AnInstanceThatTurnsUnhealthyIsNotedAndReported) {
  Shop shop;
  shop.begin("production");
  shop.record("production", {{"cart", {config("cart", "1")}}});
  shop.pass();
  shop.target().set_health(config_id("cart"), kUnhealthy);
  auto report = shop.pass();
  EXPECT_EQ(report.find(kCart)->state, State::unhealthy);
  EXPECT_EQ(report.exit_code(), 1);
  shop.pass();
  EXPECT_EQ(shop.health_notes("production"), "healthy cart\nunhealthy cart\n");
  shop.target().set_health(config_id("cart"), kHealthy);
  EXPECT_EQ(shop.pass().exit_code(), 0);
  EXPECT_EQ(shop.health_notes("production"), "healthy cart\nunhealthy cart\nhealthy cart\n");
}

TEST(Health, AnInstanceThatDoesNotBecomeHealthyInTimeIsUnhealthy) {
  Shop shop;
  shop.begin("production");
  shop.record("production", {{"cart", {config("cart", "1")}}, {"web", {config("web", "1")}, "v1", {"cart"}}});
  shop.target().set_health(config_id("cart"), kProgressing);
  const auto report = shop.pass();
  EXPECT_EQ(report.find(kCart)->state, State::unhealthy);
  EXPECT_THAT(report.find(kCart)->text, HasSubstr("not healthy within 10min"));
  EXPECT_EQ(report.find({"production", "web"})->state, State::blocked);
  EXPECT_EQ(report.exit_code(), 1);
}

TEST(Health, APassOfLittlePatienceEndsAndTheTimeLimitSpansPasses) {
  Shop shop;
  Settling settling;
  const auto impatient = [&](PassOptions& options) {
    options.patience = std::chrono::seconds(5);
    options.settling = &settling;
  };
  shop.begin("production");
  shop.record("production", {{"cart", {config("cart", "1")}}});
  shop.target().set_health(config_id("cart"), kProgressing);
  auto report = shop.pass(impatient);
  EXPECT_EQ(report.find(kCart)->state, State::waiting);
  EXPECT_EQ(report.exit_code(), 0);
  shop.clock.advance(std::chrono::minutes(11));
  report = shop.pass(impatient);
  EXPECT_EQ(report.find(kCart)->state, State::unhealthy);
}

TEST(Health, ANeedThatWasAppliedAndNotYetSeenHealthyIsWaitedForAfterARestart) {
  Shop shop;
  shop.begin("production");
  shop.record("production", {{"cart", {config("cart", "1")}, "v1", {"db"}}, {"db", {config("db", "1")}}});
  shop.target().set_health(config_id("db"), kProgressing);
  const auto impatient = [](PassOptions& options) { options.patience = Duration(); };
  shop.pass(impatient);
  const auto report = shop.pass(impatient);
  EXPECT_EQ(report.find(kCart)->state, State::waiting);
  EXPECT_FALSE(shop.contents().contains("cart"));
  shop.target().set_health(config_id("db"), kHealthy);
  shop.pass();
  EXPECT_TRUE(shop.contents().contains("cart"));
}

// ---- jobs, in a target where they run ----

test::Written schema(const std::string& image, bool always = false) {
  return {"schema", {test::job_object("schema", image), config("schema", image)}, image, {}, {}, record::ReleaseJob{always, {}}};
}

const manifest::ObjectId kJob = test::id_of(test::job_object("schema", ""));
const InstanceKey kSchema{"production", "schema"};

std::size_t runs(Shop& shop) {
  std::size_t count = 0;
  for (const auto& call : shop.target().writes()) count += call == "apply " + kJob.text() ? 1U : 0U;
  return count;
}

TEST(Jobs, RunOnceABundleThoughTheirObjectIsCleanedAway) {
  Shop shop(true);
  shop.begin("production");
  shop.record("production", {schema("v1"), {"cart", {config("cart", "1")}, "v1", {"schema"}}});
  EXPECT_EQ(shop.pass().exit_code(), 0);
  EXPECT_EQ(runs(shop), 1U);
  shop.target().edit(kJob, std::nullopt);
  const auto report = shop.pass();
  EXPECT_EQ(report.find(kSchema)->state, State::matched) << report.find(kSchema)->text;
  EXPECT_EQ(runs(shop), 1U);
  EXPECT_TRUE(shop.plan().empty()) << dump(shop.plan());
}

TEST(Jobs, ANewBundleRunsAndARevertToOneThatRanDoesNot) {
  Shop shop(true);
  shop.begin("production");
  shop.record("production", {schema("v1")});
  shop.pass();
  const auto second = shop.record("production", {schema("v2")});
  shop.pass();
  EXPECT_EQ(runs(shop), 2U);
  shop.revert("production", second);
  const auto report = shop.pass();
  EXPECT_EQ(report.exit_code(), 0);
  EXPECT_EQ(runs(shop), 2U);
  EXPECT_EQ(shop.contents().at("schema"), R"({"image":"v2"})");
}

TEST(Jobs, AFailedOneIsNotRetriedByItselfAndItsDependentsStay) {
  Shop shop(true);
  shop.begin("production");
  shop.target().set_health(kJob, kUnhealthy);
  shop.record("production", {schema("v1"), {"cart", {config("cart", "1")}, "v1", {"schema"}}});
  auto report = shop.pass();
  EXPECT_EQ(report.find(kSchema)->state, State::unhealthy);
  EXPECT_THAT(report.find(kSchema)->text, HasSubstr("muster resume schema@production"));
  EXPECT_EQ(report.find(kCart)->state, State::blocked);
  report = shop.pass();
  EXPECT_EQ(runs(shop), 1U);
  EXPECT_EQ(report.find(kCart)->state, State::blocked);
  EXPECT_EQ(report.exit_code(), 1);

  shop.target().set_health(kJob, kHealthy);
  shop.resume("production", "schema");
  EXPECT_EQ(shop.pass().exit_code(), 0);
  EXPECT_EQ(runs(shop), 2U);
  EXPECT_TRUE(shop.contents().contains("cart"));
}

TEST(Jobs, ANewerRecordNeverStartsOneWhileAnOlderRunLasts) {
  Shop shop(true);
  shop.begin("production");
  shop.target().set_health(kJob, kProgressing);
  shop.record("production", {schema("v1")});
  const auto impatient = [](PassOptions& options) { options.patience = Duration(); };
  shop.pass(impatient);
  shop.record("production", {schema("v2")});
  auto report = shop.pass(impatient);
  EXPECT_EQ(report.find(kSchema)->state, State::waiting);
  EXPECT_EQ(runs(shop), 1U);
  shop.target().set_health(kJob, kHealthy);
  shop.pass();
  EXPECT_EQ(runs(shop), 2U);
}

TEST(Jobs, RerunAlwaysOptsOut) {
  Shop shop(true);
  shop.begin("production");
  shop.record("production", {schema("v1", true)});
  shop.pass();
  shop.record("production",
              {{"schema", {test::job_object("schema", "v1"), config("schema", "more")}, "v1", {}, {}, record::ReleaseJob{true, {}}}});
  shop.pass();
  EXPECT_EQ(runs(shop), 2U);
  shop.pass();
  EXPECT_EQ(runs(shop), 2U);
}

TEST(Jobs, OneThatWasIntendedAndNeverCreatedRunsAfterTheCrash) {
  Shop shop(true);
  shop.begin("production");
  shop.record("production", {schema("v1")});
  shop.target().fail_before([](const test::TargetCall& call) -> std::optional<Failure> {
    if (call.text() == "apply " + kJob.text()) return retry(Reason::cancelled, "the process is gone");
    return std::nullopt;
  });
  shop.pass();
  shop.target().fail_before({});
  EXPECT_EQ(shop.pass().exit_code(), 0);
  EXPECT_TRUE(shop.target().objects().contains(kJob));
}

TEST(Jobs, KeepTheirHistoryThroughARename) {
  Shop shop(true);
  shop.begin("production");
  shop.record("production", {schema("v1")});
  shop.pass();
  shop.record(
      "production",
      {{"migrate", {test::job_object("migrate", "v1"), config("schema", "v1")}, "v1", {}, {"schema"}, record::ReleaseJob{false, {}}}});
  EXPECT_EQ(shop.pass().exit_code(), 0);
  EXPECT_FALSE(shop.target().objects().contains(test::id_of(test::job_object("migrate", ""))));
  shop.pass();
  EXPECT_FALSE(shop.target().objects().contains(test::id_of(test::job_object("migrate", ""))));
}

TEST(Jobs, InADirectoryNothingRunsAndTheFileIsKeptAsTheDescriptorSays) {
  Shop shop;
  shop.begin("production");
  shop.record("production", {schema("v1")});
  shop.pass();
  shop.target().edit(kJob, std::nullopt);
  shop.pass();
  EXPECT_TRUE(shop.target().objects().contains(kJob));
}

// ---- steady state ----

TEST(SteadyState, OfAThousandInstancesAsksForInventoriesAndObjectsAndWritesNothing) {
  Shop shop;
  shop.begin("production");
  std::vector<test::Written> written;
  for (int i = 0; i < 1000; ++i) written.push_back({"s" + std::to_string(i), {config("s" + std::to_string(i), "1")}});
  shop.record("production", written);
  EXPECT_EQ(shop.pass().exit_code(), 0);
  shop.target().forget_calls();
  const auto notes = shop.health_notes("production");
  EXPECT_EQ(shop.pass().exit_code(), 0);
  std::map<std::string, std::size_t> methods;
  for (const auto& call : shop.target().calls()) ++methods[call.method];
  EXPECT_THAT(methods, testing::UnorderedElementsAre(testing::Pair("stamps", 1U), testing::Pair("inventories", 1U),
                                                     testing::Pair("observe", 1U), testing::Pair("health", 1000U)));
  EXPECT_EQ(shop.health_notes("production"), notes);
}

}  // namespace
}  // namespace muster::reconcile
