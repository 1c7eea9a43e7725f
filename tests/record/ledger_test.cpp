#include "muster/record/ledger.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

#include "record/play.hpp"

namespace muster::record::test {
namespace {

const InputValue& value_of(const Ledger& ledger, const std::string& service, const std::string& input) {
  return ledger.service(service)->input(input)->value;
}

TEST(Ledger, IsTheValueInTheNewestRecordThatListsIt) {
  Play play;
  play.begin();
  play.record("cart", {{"source", source("v1")}, {"declaration", declaration("a")}});
  const auto newest = play.record("cart", {{"source", source("v2")}});
  const Ledger ledger = play.ledger();
  EXPECT_EQ(value_of(ledger, "cart", "source"), InputValue(source("v2")));
  EXPECT_EQ(value_of(ledger, "cart", "declaration"), InputValue(declaration("a")));
  EXPECT_EQ(ledger.service("cart")->input("source")->record, newest.tip);
}

TEST(Ledger, IgnoresForeignCommits) {
  Play play;
  play.begin();
  play.record("cart", {{"source", source("v1")}});
  const auto foreign = play.foreign("cart/release.yaml", "anything");
  const Ledger ledger = play.ledger();
  EXPECT_EQ(value_of(ledger, "cart", "source"), InputValue(source("v1")));
  EXPECT_EQ(ledger.service("cart")->since, foreign.tip);
  EXPECT_FALSE(ledger.service("cart")->since_record);
}

TEST(Ledger, IgnoresRecordsThatWereCherryPicked) {
  Play play;
  play.begin();
  play.record("cart", {{"source", source("v1")}});
  const auto picked = must(play.records->repository()->commit(play.record("cart", {{"source", source("v2")}}).tip));
  play.record("cart", {{"source", source("v3")}});
  play.commit(picked.message, {{"cart/release.yaml", play.edit("as v2")}});  // Its trailer names another parent.
  EXPECT_EQ(value_of(play.ledger(), "cart", "source"), InputValue(source("v3")));
}

TEST(Ledger, KnowsThatAServiceWasRemoved) {
  Play play;
  play.begin();
  play.record("cart", {{"declaration", declaration("a")}});
  EXPECT_FALSE(play.ledger().service("cart")->removed());
  play.remove("cart");
  EXPECT_TRUE(play.ledger().service("cart")->removed());
  play.record("cart", {{"declaration", declaration("b")}});
  EXPECT_FALSE(play.ledger().service("cart")->removed());
}

TEST(Ledger, FollowsARename) {
  Play play;
  play.begin();
  play.record("basket", {{"source", source("v1")}});
  const auto renamed = play.rename("basket", "cart");
  Ledger ledger = play.ledger();
  EXPECT_EQ(value_of(ledger, "cart", "source"), InputValue(source("v1")));
  EXPECT_EQ(ledger.service("cart")->since, renamed.tip);
  EXPECT_TRUE(ledger.service("basket") == nullptr || ledger.service("basket")->never_recorded());
  play.record("basket", {{"source", source("other")}});  // Somebody new takes the old name.
  ledger = play.ledger();
  EXPECT_EQ(value_of(ledger, "cart", "source"), InputValue(source("v1")));
  EXPECT_EQ(value_of(ledger, "basket", "source"), InputValue(source("other")));
}

TEST(Ledger, KeepsAResumeUntilACommitTouchesTheService) {
  Play play;
  play.begin();
  play.record("cart", {{"source", source("v1")}});
  const auto resume = play.verb("resume", {{"cart", {{"source", source("v0")}}}});
  Ledger ledger = play.ledger();
  ASSERT_TRUE(ledger.service("cart")->resume);
  EXPECT_EQ(ledger.service("cart")->resume->commit, resume.tip);
  play.record("orders", {{"source", source("v1")}});
  EXPECT_TRUE(play.ledger().service("cart")->resume) << "another service's record leaves it";
  play.foreign("cart/release.yaml", "touched");
  EXPECT_FALSE(play.ledger().service("cart")->resume);
}

TEST(Ledger, KnowsWhichCommitLastChangedAStatement) {
  Play play;
  play.begin();
  play.foreign(".holds/cart.yaml", "a");
  const auto changed = play.foreign(".holds/cart.yaml", "b");
  play.record("cart", {{"source", source("v1")}});
  EXPECT_EQ(play.ledger().statements.at(".holds/cart.yaml"), changed.tip);
  const auto gone = play.foreign_removal(".holds/cart.yaml");
  EXPECT_EQ(play.ledger().statements.at(".holds/cart.yaml"), gone.tip);
}

TEST(Ledger, KeepsWhatWasFollowedBackToTheNewestAutomaticOne) {
  const auto from = [](const std::string& text) { return FromValue{"staging", source(text).commit, sha256(text)}; };
  Play play;
  play.begin();
  play.record("cart", {{"from", from("x1")}}, {Cause::promotion});
  play.record("cart", {{"from", from("x3")}}, {Cause::promotion});
  play.record("cart", {{"from", from("x2")}}, {Cause::manual});
  const Ledger ledger = play.ledger();
  EXPECT_EQ(value_of(ledger, "cart", "from"), InputValue(from("x2")));
  EXPECT_THAT(ledger.service("cart")->followed, ::testing::ElementsAre(from("x2"), from("x3")));
}

TEST(Ledger, MakesDatesMonotone) {
  Play play;
  play.begin();
  const Instant start = play.clock.now();
  play.clock.set(start + std::chrono::hours(5));
  play.record("cart", {{"source", source("v1")}});
  play.clock.set(start + std::chrono::hours(1));  // A clock that went back.
  play.record("cart", {{"source", source("v2")}});
  const Ledger ledger = play.ledger();
  ASSERT_GE(ledger.recent.size(), 2U);
  EXPECT_EQ(ledger.recent.back().at, ledger.recent[ledger.recent.size() - 2].at);
}

TEST(Ledger, IsRebuiltWhereTheCachesTipIsNotInTheChain) {
  Play play;
  play.begin();
  play.record("cart", {{"source", source("v1")}});
  Ledger stranger = play.ledger();
  stranger.tip = source("elsewhere").commit;
  stranger.services["cart"].inputs.clear();
  EXPECT_EQ(play.ledger(&stranger), play.ledger());
}

TEST(LedgerCache, GivesBackWhatWasKept) {
  Play play;
  play.begin();
  play.record("cart", {{"source", source("v1")}, {"image.main", image("1")}, {"declaration", declaration("a")}});
  play.verb("resume", {{"cart", {{"source", source("v0")}}}});
  play.foreign(".holds/cart.yaml", "a");
  const Ledger ledger = play.ledger();
  const Path cache = play.folder.path() / "cache";
  must(save_ledger(play.world.files, cache, play.branch.file, ledger));
  const auto loaded = load_ledger(play.world.files, cache, play.branch.file);
  ASSERT_TRUE(loaded);
  EXPECT_EQ(*loaded, ledger);
}

TEST(LedgerCache, OfAnotherEnvironmentOrDamagedIsNone) {
  Play play;
  play.begin();
  play.record("cart", {{"source", source("v1")}});
  const Path cache = play.folder.path() / "cache";
  must(save_ledger(play.world.files, cache, play.branch.file, play.ledger()));
  EnvironmentFile other = play.branch.file;
  other.id = "another";
  EXPECT_FALSE(load_ledger(play.world.files, cache, other));
  const Path path = cache / "ledger" / "production.json";
  std::string bytes = must(play.world.files.read(path, 1U << 20U));
  bytes[bytes.size() / 2] ^= 1;
  must(play.world.files.write_atomic(path, bytes));
  EXPECT_FALSE(load_ledger(play.world.files, cache, play.branch.file));
  must(play.world.files.write_atomic(path, ""));
  EXPECT_FALSE(load_ledger(play.world.files, cache, play.branch.file));
}

/// One commit of a random history.
void play_one(Play& play, int what, int who, int version) {
  const std::string service = std::string("s") + std::to_string(who);
  const std::string text = std::to_string(version);
  const FromValue from{"staging", source(text).commit, sha256(text)};
  switch (what) {
    case 0: play.record(service, {{"source", source(text)}}); break;
    case 1: play.record(service, {{"declaration", declaration(text)}, {"image.main", image(text)}}); break;
    case 2: play.remove(service); break;
    case 3: play.foreign(service + "/release.yaml", text); break;
    case 4: play.foreign(".holds/" + service + ".yaml", text); break;
    case 5: play.verb("resume", {{service, {{"source", source(text)}}}}); break;
    case 6: play.rename(service, "t" + std::to_string(version % 3)); break;
    case 7: play.record(service, {{"from", from}}, {version % 2 == 0 ? Cause::manual : Cause::promotion}); break;
    case 8: play.clock.advance(std::chrono::hours(version) - std::chrono::hours(10)); break;
    default: play.foreign_removal(service); break;
  }
}

TEST(Ledger, IsTheSameWithACacheAndWithoutAtEveryStep) {
  for (unsigned seed = 1; seed <= 12; ++seed) {
    std::mt19937 random(seed);
    const auto below = [&](unsigned limit) { return static_cast<int>(random() % limit); };
    Play play;
    play.begin();
    Ledger kept = play.ledger();
    for (int step = 0; step < 15; ++step) {
      const int version = below(30);
      play_one(play, below(10), below(3), version);
      if (version % 3 != 0) kept = play.ledger(&kept);  // Sometimes it lags behind by a few commits.
      ASSERT_EQ(play.ledger(&kept), play.ledger()) << "seed " << seed << ", step " << step;
    }
  }
}

}  // namespace
}  // namespace muster::record::test
