#include "muster/diag/suggest.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>

namespace muster::diag {
namespace {

const std::vector<std::string_view> kFields = {"replicas", "memory", "cpu", "image", "images", "needs", "namespace", "node_selector"};

TEST(DidYouMean, FindsASlipOfTheFingers) {
  EXPECT_EQ(nearest("replcias", kFields), "replicas") << "two letters swapped";
  EXPECT_EQ(nearest("replica", kFields), "replicas") << "one left out";
  EXPECT_EQ(nearest("memmory", kFields), "memory");
  EXPECT_EQ(nearest("Memory", kFields), "memory") << "case is a slip too";
  EXPECT_EQ(nearest("node-selector", kFields), "node_selector");
  EXPECT_EQ(nearest("cpi", kFields), "cpu");
}

TEST(DidYouMean, SaysNothingWhereNothingIsNear) {
  EXPECT_EQ(nearest("colour", kFields), "");
  EXPECT_EQ(nearest("gpu_count", kFields), "");
  EXPECT_EQ(nearest("x", {"a", "b"}), "") << "one letter has nothing in common with another";
  EXPECT_EQ(nearest("replicas", {}), "");
  EXPECT_EQ(did_you_mean("colour", kFields), "");
}

TEST(DidYouMean, NeverSuggestsTheOpposite) {
  EXPECT_EQ(nearest("extrnal", {"internal", "partner", "public"}), "") << "`external` was meant, not `internal`";
  EXPECT_EQ(nearest("disable", {"enable"}), "");
  EXPECT_EQ(nearest("disabel_probe", {"enable_probe"}), "");
  EXPECT_EQ(nearest("exclude", {"include"}), "");
  EXPECT_EQ(nearest("insecure", {"secure"}), "");
  EXPECT_EQ(nearest("internl", {"internal", "partner", "public"}), "internal");
  EXPECT_EQ(nearest("enabel", {"enable", "disable"}), "enable");
}

TEST(DidYouMean, DoesNotDependOnTheOrderOfCandidates) {
  std::vector<std::string_view> candidates = {"staging", "stagings", "staging2", "stage"};
  std::sort(candidates.begin(), candidates.end());
  const std::string first(nearest("stagin", candidates));
  do {
    ASSERT_EQ(nearest("stagin", candidates), first);
  } while (std::next_permutation(candidates.begin(), candidates.end()));
}

TEST(DidYouMean, SpeaksAsAQuestion) { EXPECT_EQ(did_you_mean("replcias", kFields), "did you mean `replicas`?"); }

TEST(ForeignWords, AreTranslated) {
  EXPECT_EQ(foreign_word("nil"), "none");
  EXPECT_EQ(foreign_word("True"), "true");
  EXPECT_EQ(foreign_word("cart"), "");
}

RC_GTEST_PROP(EditDistance, IsSymmetricAndZeroOnlyForEqualTexts, (const std::string& a, const std::string& b)) {
  const std::size_t limit = std::max(a.size(), b.size());
  RC_ASSERT(edit_distance(a, b, limit) == edit_distance(b, a, limit));
  RC_ASSERT((edit_distance(a, b, limit) == 0) == (a == b));
}

RC_GTEST_PROP(EditDistance, StopsAtItsLimitWithTheSameAnswer, (const std::string& a, const std::string& b)) {
  const std::size_t exact = edit_distance(a, b, std::max(a.size(), b.size()));
  const std::size_t limit = *rc::gen::inRange<std::size_t>(0, 8);
  RC_ASSERT(edit_distance(a, b, limit) == std::min(exact, limit + 1));
}

}  // namespace
}  // namespace muster::diag
