// When an input moves, as pure decisions.
#include "deliver/moved.hpp"

#include <gtest/gtest.h>

namespace muster::deliver::test {
namespace {

using record::ImageValue;
using record::SourceValue;
using Verdict = Judged::Verdict;

git::Oid oid(char digit) { return *git::Oid::parse(std::string(40, digit)); }

SourceValue source(char commit, char tree, std::string branch = "main") {
  return {oid(commit), oid(tree), std::move(branch), "", "example.org/app"};
}

/// Commits named 1 < 2 < 3 … on one line; letters are on no line.
const Descends kLine = [](const git::Oid& a, const git::Oid& b) -> Result<bool> {
  const char x = a.text()[0];
  const char y = b.text()[0];
  return x == y || (x < y && y <= '9');
};
const FleetOrder kNewer = [](const record::FleetStamp&) { return std::nullopt; };
const FleetOrder kOlder = [](const record::FleetStamp&) { return std::optional(Obstacle{Why::older_fleet, "", "older", "", {}, {}}); };

Base base(const record::InputValue& value) { return {&value, {}}; }

Verdict judged(const Result<Judged>& result) { return result.value().verdict; }

TEST(Source, WithTheSameTreesHasNotMovedWhateverItsCommit) {
  const record::InputValue ledger = source('5', 'a');
  EXPECT_EQ(judged(judge_source(base(ledger), source('3', 'a'), kLine, kNewer)), Verdict::same);
  EXPECT_EQ(judged(judge_source(base(ledger), source('9', 'a'), kLine, kNewer)), Verdict::same);
}

TEST(Source, ThatDescendsFromTheLedgersHasMoved) {
  const record::InputValue ledger = source('5', 'a');
  EXPECT_EQ(judged(judge_source(base(ledger), source('6', 'b'), kLine, kNewer)), Verdict::moved);
}

TEST(Source, ThatWasRewoundIsHeldWithBothCommitsShown) {
  const record::InputValue ledger = source('5', 'a');
  const auto result = judge_source(base(ledger), source('4', 'b'), kLine, kNewer);
  EXPECT_EQ(judged(result), Verdict::held);
  EXPECT_EQ(result->obstacle.why, Why::rewound);
  EXPECT_NE(result->obstacle.text.find(oid('5').short_text()), std::string::npos);
  EXPECT_NE(result->obstacle.text.find(oid('4').short_text()), std::string::npos);
}

TEST(Source, OfAnotherBranchHasMovedUnlessTheFleetThatSaysSoIsOlder) {
  const record::InputValue ledger = source('5', 'a');
  EXPECT_EQ(judged(judge_source(base(ledger), source('1', 'b', "release"), kLine, kNewer)), Verdict::moved);
  EXPECT_EQ(judged(judge_source(base(ledger), source('1', 'b', "release"), kLine, kOlder)), Verdict::held);
}

TEST(Source, ThatWasNeverRecordedHasMoved) { EXPECT_EQ(judged(judge_source({}, source('1', 'a'), kLine, kOlder)), Verdict::moved); }

ImageValue watched(const std::string& tag, const std::string& digest, const std::string& rule = "^1.4") {
  ImageValue value;
  value.digest = "sha256:" + digest + std::string(64 - digest.size(), '0');
  value.reference = "ghcr.io/shop/x@" + value.digest;
  value.tag = tag;
  value.rule = rule;
  return value;
}

Verdict image(const ImageValue& ledger, const ImageValue& observed, const FleetOrder& order = kNewer) {
  const record::InputValue value = ledger;
  const auto range = model::parse_version_range(observed.rule);
  model::ImagePolicy policy;
  policy.repository = *model::parse_image_reference("ghcr.io/shop/x");
  if (range.ok()) policy.versions = *range;
  return judged(judge_image("image.main", base(value), observed, range.ok() ? &policy : nullptr, kLine, order));
}

TEST(WatchedImage, WithTheSameDigestHasNotMoved) { EXPECT_EQ(image(watched("1.4.2", "d1"), watched("1.4.9", "d1")), Verdict::same); }
TEST(WatchedImage, MovesToANewDigestOfItsTag) { EXPECT_EQ(image(watched("1.4.2", "d1"), watched("1.4.2", "d2")), Verdict::moved); }
TEST(WatchedImage, MovesToAHigherTag) { EXPECT_EQ(image(watched("1.4.2", "d1"), watched("1.4.10", "d2")), Verdict::moved); }

TEST(WatchedImage, IsHeldAtALowerTagBecauseTheListShrank) {
  EXPECT_EQ(image(watched("1.4.10", "d2"), watched("1.4.2", "d1")), Verdict::held);
}

TEST(WatchedImage, UnderAChangedRuleIsComparedByDigestSoThatWhatWasTakenBackStaysAway) {
  // 1.5.0 (d5) was delivered under ^1.4 and taken back on the branch; then the rule becomes ^1.5 and selects it again.
  EXPECT_EQ(image(watched("1.5.0", "d5", "^1.4"), watched("1.5.0", "d5", "^1.5")), Verdict::same);
  EXPECT_EQ(image(watched("1.5.0", "d5", "^1.4"), watched("1.4.9", "d4", "~1.4")), Verdict::moved)
      << "a rule that asks for something lower gets it";
}

ImageValue built(const std::string& reference, const std::string& commit = {}) {
  ImageValue value;
  value.reference = reference;
  value.commit = commit;
  return value;
}

TEST(BuiltImage, OfACommitOlderThanTheRecordedOneHasNothingToSay) {
  EXPECT_EQ(image(built("x:2", oid('5').text()), built("x:1", oid('4').text())), Verdict::same);
  EXPECT_EQ(image(built("x:2", oid('5').text()), built("x:3", oid('6').text())), Verdict::moved);
  EXPECT_EQ(image(built("x:2", oid('5').text()), built("x:3", oid('5').text())), Verdict::moved) << "the same commit, built again";
  EXPECT_EQ(image(built("x:2"), built("x:3")), Verdict::moved);
}

TEST(LiteralImage, MovesForwardWithTheFleetOnly) {
  ImageValue one = built("x:1");
  ImageValue two = built("x:2");
  one.literal = two.literal = true;
  EXPECT_EQ(image(one, two), Verdict::moved);
  EXPECT_EQ(image(one, two, kOlder), Verdict::held);
}

TEST(Declaration, MovesByItsDigestAndInTheFleetsDirection) {
  const record::InputValue ledger = record::DeclarationValue{sha256("a")};
  EXPECT_EQ(judge_declaration(base(ledger), {sha256("a")}, kOlder).verdict, Verdict::same);
  EXPECT_EQ(judge_declaration(base(ledger), {sha256("b")}, kNewer).verdict, Verdict::moved);
  EXPECT_EQ(judge_declaration(base(ledger), {sha256("b")}, kOlder).verdict, Verdict::held);
}

TEST(Declaration, OfARemovedServiceIsNotBroughtBackByAnOlderFleet) {
  EXPECT_EQ(judge_declaration({}, {sha256("a")}, kOlder).verdict, Verdict::held);
}

}  // namespace
}  // namespace muster::deliver::test
