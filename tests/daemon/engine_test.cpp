// The engine over a real fleet: fleet files, git repositories, branches, targets.
#include "muster/daemon/engine.hpp"

#include <gmock/gmock.h>

#include <atomic>
#include <filesystem>

#include "desk.hpp"
#include "muster/daemon/view.hpp"

namespace muster::daemon {
namespace {

using reconcile::InstanceKey;
using reconcile::State;
using test::Desk;
using test::shop_fleet;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Pair;

/// One service on the branches of both environments.
void stock(Desk& desk) {
  desk.fleet(shop_fleet({"cart"}));
  desk.app("cart", "one", "main");
  desk.app("cart", "next", "develop");
}

TEST(Engine, DeliversAndReconcilesAndASecondRunDoesNoWork) {
  Desk desk;
  stock(desk);
  EXPECT_EQ(desk.apply().exit_code(), 0);
  EXPECT_THAT(desk.contents("prod"), ElementsAre(Pair("cart", "one")));
  EXPECT_THAT(desk.contents("stage"), ElementsAre(Pair("cart", "next")));
  desk.targets.memory.at("prod").forget_calls();
  const auto tip = desk.records().branch("production")->tip;
  desk.restart();
  EXPECT_EQ(desk.apply().exit_code(), 0);
  EXPECT_THAT(desk.targets.memory.at("prod").writes(), IsEmpty());
  EXPECT_EQ(desk.records().branch("production").ok() ? desk.records().branch("production")->tip : git::Oid(), tip);
}

TEST(Engine, ReconcilesFromTheBranchesWhereTheFleetIsInvalid) {
  Desk desk;
  stock(desk);
  desk.apply();
  desk.restart();
  desk.fleet("fleet shop {\n");
  const auto loaded = desk.load();
  ASSERT_TRUE(loaded.fleet().barrier);
  desk.targets.memory.at("prod").edit(desk.targets.memory.at("prod").objects().begin()->first, std::nullopt);
  const auto records = desk.engine->records(&loaded);
  ASSERT_TRUE(records.ok()) << records.failure().text;
  const auto report = desk.engine->reconcile(**records, {}, {});
  ASSERT_TRUE(report.ok());
  EXPECT_EQ(report->exit_code(), 0);
  EXPECT_THAT(desk.contents("prod"), ElementsAre(Pair("cart", "one")));
}

TEST(Engine, SaysWhatIsMissingWhereNoFleetWasEverUsable) {
  Desk desk;
  desk.fleet("fleet shop {\n");
  const auto loaded = desk.load();
  const auto records = desk.engine->records(&loaded);
  ASSERT_FALSE(records.ok());
  EXPECT_EQ(records.failure().reason, Reason::invalid);
  EXPECT_THAT(records.failure().text, HasSubstr("muster check"));
}

TEST(Engine, NamesWhoHoldsAnEnvironmentOrGoesOnWithoutIt) {
  Desk desk;
  stock(desk);
  desk.apply();
  desk.app("cart", "two", "main");
  desk.app("cart", "later", "develop");
  const auto loaded = desk.load();
  desk.engine->deliver(loaded, {}, {});
  auto& records = desk.records();
  const auto taken =
      record::lock_environment(desk.world.files, desk.folder.path() / ".muster", "production.target", "muster apply (process 4711)");
  ASSERT_TRUE(taken.ok());
  ReconcileRequest request;
  request.lock_patience = Duration();
  auto report = desk.engine->reconcile(records, request, {});
  ASSERT_FALSE(report.ok());
  EXPECT_THAT(report.failure().text, HasSubstr("process 4711"));
  request.skip_busy = true;
  report = desk.engine->reconcile(records, request, {});
  ASSERT_TRUE(report.ok());
  EXPECT_EQ(desk.contents("prod").at("cart"), "one");
  EXPECT_EQ(desk.contents("stage").at("cart"), "later");
  EXPECT_THAT(report->environments.front().hold->text, HasSubstr("process 4711"));
  EXPECT_EQ(report->exit_code(), 0);
}

TEST(Engine, OnlyTheEnvironmentsThatAreAskedForAreTouched) {
  Desk desk;
  stock(desk);
  const auto loaded = desk.load();
  desk.engine->deliver(loaded, {}, {});
  ReconcileRequest request;
  request.environments = {"staging"};
  const auto report = desk.engine->reconcile(desk.records(), request, {});
  ASSERT_TRUE(report.ok());
  EXPECT_EQ(report->find({"production", "cart"})->state, State::unselected);
  EXPECT_THAT(desk.contents("prod"), IsEmpty());
  EXPECT_THAT(desk.contents("stage"), ElementsAre(Pair("cart", "next")));
}

TEST(Engine, ANewerCommitDuringAPassIsFollowedAtOnce) {
  Desk desk;
  desk.fleet(shop_fleet({"cart", "search"}));
  desk.app("cart", "one");
  desk.app("search", "one");
  const auto loaded = desk.load();
  desk.engine->deliver(loaded, {}, {});
  bool done = false;
  desk.targets.memory.at("prod").fail_before([&](const test::TargetCall& call) -> std::optional<Failure> {
    if (!call.text().starts_with("apply") || done) return std::nullopt;
    done = true;  // While the first object is written, a newer release of both is recorded.
    desk.app("cart", "two");
    desk.app("search", "two");
    test::Desk* self = &desk;
    daemon::Settings settings = self->engine->settings();
    Engine other(desk.world, *desk.remotes, desk.targets, settings);
    other.deliver(loaded, {}, {});
    return std::nullopt;
  });
  const auto report = desk.engine->reconcile(desk.records(), {}, {});
  ASSERT_TRUE(report.ok());
  EXPECT_FALSE(report->superseded());
  EXPECT_EQ(report->exit_code(), 0);
  EXPECT_THAT(desk.contents("prod"), ElementsAre(Pair("cart", "two"), Pair("search", "two")));
}

/// Has another machine go through with its own pass just before this one writes its first object.
class Overtaken : public reconcile::Observer {
 public:
  explicit Overtaken(Desk& desk) : desk_(desk) {}
  void on(const reconcile::Event& event) override {
    if (event.kind != reconcile::Event::Kind::started || done_.exchange(true)) return;
    daemon::Settings settings = desk_.engine->settings();
    const Path state = desk_.folder.path() / "another-machine";
    std::filesystem::copy(settings.state, state, std::filesystem::copy_options::recursive);
    settings.state = state;
    Engine other(desk_.world, *desk_.remotes, desk_.targets, settings);
    const auto loaded = other.load();
    const auto records = other.records(&*loaded);
    const auto report = other.reconcile(**records, {}, {});
    EXPECT_EQ(report->exit_code(), 0);
  }
  [[nodiscard]] bool done() const { return done_; }

 private:
  Desk& desk_;
  std::atomic<bool> done_ = false;
};

TEST(Engine, LooksAgainWhenAnotherMachineWroteIntoTheTargetMeanwhile) {
  Desk desk;
  stock(desk);
  desk.engine->deliver(desk.load(), {}, {});
  Overtaken observer(desk);
  ReconcileRequest request;
  request.observer = &observer;
  const auto report = desk.engine->reconcile(desk.records(), request, {});
  ASSERT_TRUE(report.ok());
  EXPECT_TRUE(observer.done());
  EXPECT_EQ(report->exit_code(), 0) << report->find({"production", "cart"})->text;
  EXPECT_THAT(desk.contents("prod"), ElementsAre(Pair("cart", "one")));
}

TEST(Engine, GivesUpARaceIntoATargetThatItKeepsLosing) {
  Desk desk;
  stock(desk);
  desk.engine->deliver(desk.load(), {}, {});
  int tries = 0;
  desk.targets.memory.at("prod").fail_before([&](const test::TargetCall& call) -> std::optional<Failure> {
    if (call.method != "write_inventory") return std::nullopt;
    ++tries;
    return retry(Reason::conflict, "the inventory of cart changed since it was read");
  });
  const auto report = desk.engine->reconcile(desk.records(), {}, {});
  ASSERT_TRUE(report.ok());
  EXPECT_GT(tries, 5);
  EXPECT_EQ(report->find({"production", "cart"})->state, State::failed);
  EXPECT_EQ(report->exit_code(), 1);
}

TEST(Engine, LooksAheadOverWhatWouldBeRecordedAndPushesNothing) {
  Desk desk;
  stock(desk);
  desk.apply();
  const auto tip = desk.records().branch("production");
  desk.app("cart", "two", "main");
  const auto loaded = desk.load();
  deliver::Request dry;
  dry.dry = true;
  const auto delivery = desk.engine->deliver(loaded, dry, {});
  auto& records = desk.records();
  ASSERT_TRUE(records.look(std::nullopt, {}).ok());
  const auto looked = desk.engine->look_after(records, delivery, {}, {});
  ASSERT_TRUE(looked.ok()) << looked.failure().text;
  const auto* cart = looked->plan.find({"production", "cart"});
  ASSERT_NE(cart, nullptr);
  EXPECT_EQ(cart->move, reconcile::Move::forward);
  EXPECT_EQ(cart->count(reconcile::Action::change), 1U);
  EXPECT_EQ(desk.contents("prod").at("cart"), "one");
  ASSERT_TRUE(records.look(std::nullopt, {}).ok());
  EXPECT_EQ(records.branch("production")->tip, tip->tip);
}

TEST(Engine, LooksAheadOverAnEnvironmentThatHasNoBranchYet) {
  Desk desk;
  stock(desk);
  const auto loaded = desk.load();
  deliver::Request dry;
  dry.dry = true;
  const auto delivery = desk.engine->deliver(loaded, dry, {});
  auto& records = desk.records();
  ASSERT_TRUE(records.look(std::nullopt, {}).ok());
  const auto looked = desk.engine->look_after(records, delivery, {}, {});
  ASSERT_TRUE(looked.ok()) << looked.failure().text;
  const auto* cart = looked->plan.find({"production", "cart"});
  ASSERT_NE(cart, nullptr) << dump(looked->plan);
  EXPECT_EQ(cart->count(reconcile::Action::create), 1U);
  EXPECT_FALSE(cart->obstacle);
}

TEST(Engine, ADeadEnvironmentRepositoryIsShownAsLastSeenAndItsAgeMakesItUnknown) {
  Desk desk;
  desk.fleet(shop_fleet({"cart"}));
  desk.folder.write("shop.fleet", [&] {
    auto text = desk.folder.read("shop.fleet");
    return text.replace(text.find("language = \"1.0\""), 16, "language = \"1.0\", records = \"./records\"");
  }());
  desk.commit();
  test::GitRepository remote(desk.folder.path() / "records");
  desk.app("cart", "one", "main");
  desk.app("cart", "next", "develop");
  EXPECT_EQ(desk.apply().exit_code(), 0);
  std::filesystem::rename(remote.path(), desk.folder.path() / "gone");
  desk.clock.advance(std::chrono::hours(3));
  desk.restart();
  auto& records = desk.records();
  EXPECT_FALSE(desk.engine->reconcile(records, {}, {}).ok());
  const auto looked = desk.engine->look(records, {}, {});
  ASSERT_TRUE(looked.ok()) << looked.failure().text;
  const auto view =
      make_view(nullptr, looked->observation, looked->plan, {"production", "staging"}, desk.clock.now(), std::chrono::hours(2));
  ASSERT_NE(view.find("cart", "production"), nullptr);
  EXPECT_EQ(view.find("cart", "production")->condition, Condition::unknown);
  EXPECT_THAT(view.environments.front().trouble, HasSubstr("as last seen"));
  EXPECT_EQ(view.exit_code(), 1);
  std::filesystem::rename(desk.folder.path() / "gone", remote.path());
  EXPECT_EQ(desk.apply().exit_code(), 0);
}

}  // namespace
}  // namespace muster::daemon
