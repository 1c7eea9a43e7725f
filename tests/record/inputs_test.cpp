#include "muster/record/inputs.hpp"

#include <gtest/gtest.h>

#include "record/play.hpp"

namespace muster::record::test {
namespace {

TEST(Inputs, OfASourceAreEqualByTheirTrees) {
  SourceValue a = source("v1");
  SourceValue b = source("v1");
  b.commit = source("v2").commit;
  EXPECT_TRUE(same_content(a, b));
  b.tree = source("v2").tree;
  EXPECT_FALSE(same_content(a, b));
}

TEST(Inputs, OfAnImageAreEqualByDigestAndAsTextWhereOneWasNeverResolved) {
  ImageValue tag = image("1");
  ImageValue resolved = tag;
  resolved.digest = "sha256:1";
  EXPECT_TRUE(same_content(tag, resolved)) << "resolving a literal tag later is no move by itself";
  ImageValue moved = resolved;
  moved.digest = "sha256:2";
  EXPECT_FALSE(same_content(resolved, moved));
  EXPECT_FALSE(same_content(tag, image("2")));
}

TEST(Inputs, NeverTakeAnImageOfThatNameForAbsence) {
  ImageValue odd;
  odd.reference = "absent";
  const auto read = decode("image.main", encode(odd));
  ASSERT_TRUE(read);
  EXPECT_EQ(*read, InputValue(odd));
  EXPECT_EQ(decode("image.main", "absent"), InputValue(Absent{}));
}

TEST(Inputs, OfUnknownNamesOrShapesAreNotGuessed) {
  EXPECT_FALSE(decode("volume", "x"));
  EXPECT_FALSE(decode("source", "x"));
  EXPECT_FALSE(decode("image.", "x"));
  EXPECT_FALSE(decode("image.main", "x;later=1"));
  EXPECT_FALSE(decode("from", "staging/abc/sha256:1"));
}

TEST(Inputs, MakeABundleOfSourcesAndImagesNeverOfDeclarations) {
  const Inputs inputs{{"source", source("v1")}, {"image.main", image("1")}, {"declaration", declaration("a")}};
  Inputs other = inputs;
  other["declaration"] = declaration("b");
  EXPECT_EQ(bundle_of(inputs), bundle_of(other));
  other["source"] = source("v2");
  EXPECT_NE(bundle_of(inputs).digest(), bundle_of(other).digest());
}

TEST(Versions, AreComparedAsNumbers) {
  EXPECT_EQ(compare_versions("0.10.0", "0.9.9"), 1);
  EXPECT_EQ(compare_versions("1.0", "1.0.0"), 0);
  EXPECT_EQ(compare_versions("", "0.1.0"), -1);
}

TEST(Inputs, DescribeAMoveWithoutSayingAWordTwice) {
  SourceValue before;
  before.branch = "main";
  SourceValue after = before;
  after.branch = "release";
  EXPECT_EQ(describe_move("source", before, after), "source 0000000000 (main) → 0000000000 (release)");
  EXPECT_EQ(describe_move("source", std::nullopt, after), "source 0000000000 (release)");
  EXPECT_EQ(describe_move("source", after, after), "source 0000000000 (release)");
  EXPECT_EQ(describe_move("declaration", std::nullopt, DeclarationValue{}).find("declaration declaration"), std::string::npos);
  EXPECT_EQ(describe_move("declaration", Absent{}, DeclarationValue{}).find("→ declaration"), std::string::npos);
}

}  // namespace
}  // namespace muster::record::test
