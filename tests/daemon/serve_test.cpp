// The daemon's loop, told by a clock that only pauses move on.
#include "muster/daemon/serve.hpp"

#include <gmock/gmock.h>

#include <thread>

#include "desk.hpp"

namespace muster::daemon {
namespace {

using test::Desk;
using test::shop_fleet;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Pair;
using Kind = ServeEvent::Kind;

/// Serves until `on` has said enough; the events' kinds and texts.
std::vector<std::pair<Kind, std::string>> serve(Desk& desk, ServeOptions options, const std::function<bool(const ServeEvent&)>& on) {
  std::vector<std::pair<Kind, std::string>> events;
  std::stop_source stop;
  Server server(*desk.engine, options);
  server.run(stop.get_token(), [&](const ServeEvent& event) {
    events.emplace_back(event.kind, event.text);
    if (!on(event) || events.size() > 200) stop.request_stop();
  });
  return events;
}

TEST(Serve, KeepsTargetsMatchedUntilItIsToldToStop) {
  Desk desk;
  desk.fleet(shop_fleet({"cart"}));
  desk.app("cart", "one");
  int passes = 0;
  const auto events = serve(desk, {}, [&](const ServeEvent& event) {
    if (event.kind != Kind::reconciled) return true;
    ++passes;
    if (passes == 1) {
      EXPECT_EQ(desk.contents("prod").at("cart"), "one");
    }
    if (passes == 1) desk.app("cart", "two");
    if (passes == 2) {
      EXPECT_EQ(desk.contents("prod").at("cart"), "two");
    }
    if (passes == 2) desk.targets.memory.at("prod").edit(desk.targets.memory.at("prod").objects().begin()->first, std::nullopt);
    return passes < 3;
  });
  EXPECT_EQ(desk.contents("prod").at("cart"), "two");
  EXPECT_EQ(events.front().first, Kind::fleet_loaded);
  EXPECT_EQ(events.back().first, Kind::stopped);
}

TEST(Serve, BeatsWithJitterAndNeverFasterThanItsInterval) {
  Desk desk;
  desk.fleet(shop_fleet({"cart"}));
  desk.app("cart", "one");
  std::vector<Duration> at;
  serve(desk, {}, [&](const ServeEvent& event) {
    if (event.kind == Kind::delivered) at.push_back(desk.clock.elapsed());
    return at.size() < 8;
  });
  for (std::size_t i = 1; i < at.size(); ++i) {
    EXPECT_GE(at[i] - at[i - 1], std::chrono::seconds(42));
    EXPECT_LE(at[i] - at[i - 1], std::chrono::seconds(61));
  }
}

TEST(Serve, AnInvalidFleetKeepsTheLastGoodOneAndSaysSoOnce) {
  Desk desk;
  desk.fleet(shop_fleet({"cart"}));
  desk.app("cart", "one");
  int passes = 0;
  const auto events = serve(desk, {}, [&](const ServeEvent& event) {
    if (event.kind != Kind::reconciled) return true;
    ++passes;
    if (passes == 1) desk.fleet("fleet shop {\n");
    if (passes == 1) desk.app("cart", "two");
    if (passes == 4) desk.fleet(shop_fleet({"cart"}));
    return passes < 6;
  });
  EXPECT_EQ(desk.contents("prod").at("cart"), "two");
  EXPECT_EQ(std::count_if(events.begin(), events.end(), [](const auto& event) { return event.first == Kind::fleet_invalid; }), 1);
  EXPECT_THAT(events, Contains(Pair(Kind::fleet_invalid, HasSubstr("last good fleet"))));
}

TEST(Serve, ReconcilesFromTheBranchesThoughItsFleetWasNeverValid) {
  Desk desk;
  desk.fleet(shop_fleet({"cart"}));
  desk.app("cart", "one");
  desk.apply();
  desk.restart();
  desk.fleet("fleet shop {\n");
  desk.targets.memory.at("prod").edit(desk.targets.memory.at("prod").objects().begin()->first, std::nullopt);
  serve(desk, {}, [&](const ServeEvent& event) { return event.kind != Kind::reconciled; });
  EXPECT_EQ(desk.contents("prod").at("cart"), "one");
}

TEST(Serve, AReloadPassesAtOnce) {
  Desk desk;
  desk.fleet(shop_fleet({"cart"}));
  desk.app("cart", "one");
  std::stop_source stop;
  Server server(*desk.engine, {std::chrono::hours(10)});
  std::vector<Duration> at;
  server.run(stop.get_token(), [&](const ServeEvent& event) {
    if (event.kind != Kind::delivered) return;
    at.push_back(desk.clock.elapsed());
    if (at.size() == 1) server.request_reload();  // Arrives during the pass.
    if (at.size() == 2) stop.request_stop();
  });
  ASSERT_EQ(at.size(), 2U);
  EXPECT_LT(at[1] - at[0], std::chrono::hours(1));
}

TEST(Serve, AnEnvironmentThatCannotBeReachedDoesNotSlowTheOthersAndHealsAlone) {
  Desk desk;
  desk.fleet(shop_fleet({"cart"}));
  desk.app("cart", "one", "main");
  desk.app("cart", "one", "develop");
  desk.apply();
  desk.targets.dead.emplace("prod", retry(Reason::unreachable, "no route to host"));
  const auto started = desk.clock.elapsed();
  Duration healed{};
  int passes = 0;
  serve(desk, {}, [&](const ServeEvent& event) {
    if (event.kind != Kind::reconciled) return true;
    ++passes;
    const auto round = std::to_string(passes);
    if (passes > 1 && passes <= 5) {
      EXPECT_EQ(desk.contents("stage").at("cart"), std::to_string(passes - 1));
    }
    if (passes <= 5) {
      desk.app("cart", round, "develop");
      desk.app("cart", round, "main");
    }
    if (passes == 5) desk.targets.dead.clear();
    if (passes == 5) healed = desk.clock.elapsed();
    return passes < 7;
  });
  EXPECT_EQ(desk.contents("prod").at("cart"), "5");
  EXPECT_LE(desk.clock.elapsed() - healed, std::chrono::minutes(3));
  EXPECT_LE(healed - started, std::chrono::minutes(6));
}

TEST(Serve, LooksAgainSoonWhileSomethingSettlesWithoutAskingSources) {
  Desk desk;
  desk.fleet(shop_fleet({"cart"}));
  desk.app("cart", "one");
  const manifest::ObjectId id{"shop", "", "ConfigMap", "cart"};
  desk.targets.memory.at("prod").set_health(id, {target::Health::State::progressing, "starting"});
  int deliveries = 0;
  int looks = 0;
  serve(desk, {}, [&](const ServeEvent& event) {
    deliveries += event.kind == Kind::delivered ? 1 : 0;
    if (event.kind != Kind::reconciled) return true;
    if (++looks == 4) desk.targets.memory.at("prod").set_health(id, {target::Health::State::healthy, ""});
    return looks < 5;
  });
  EXPECT_EQ(deliveries, 1);
}

TEST(Serve, StopsInTheMiddleOfAWaitAndSaysSo) {
  Desk desk;
  desk.fleet(shop_fleet({"cart"}));
  desk.app("cart", "one");
  desk.targets.memory.at("prod").set_health({"shop", "", "ConfigMap", "cart"}, {target::Health::State::progressing, "starting"});
  std::stop_source stop;
  desk.targets.memory.at("prod").fail_after([&](const test::TargetCall& call) -> std::optional<Failure> {
    if (call.text().starts_with("apply")) stop.request_stop();
    return std::nullopt;
  });
  Server server(*desk.engine, {});
  Kind last{};
  server.run(stop.get_token(), [&](const ServeEvent& event) { last = event.kind; });
  EXPECT_EQ(last, Kind::stopped);
  EXPECT_EQ(desk.contents("prod").at("cart"), "one");
}

}  // namespace
}  // namespace muster::daemon
