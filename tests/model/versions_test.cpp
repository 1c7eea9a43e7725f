#include <gmock/gmock.h>
// gtest first: RapidCheck's printing of GoogleTest values looks for it.
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include "muster/model/image.hpp"

namespace muster::model {
namespace {

using testing::HasSubstr;

Version version(std::string_view text) {
  const std::optional<Version> out = parse_version(text);
  if (!out) throw std::invalid_argument(std::string(text));
  return *out;
}

bool accepts(std::string_view range, std::string_view text) { return parse_version_range(range).value().accepts(version(text)); }

std::string mistake(std::string_view range) {
  const Result<VersionRange> out = parse_version_range(range);
  if (out.ok()) return "taken as " + out->text;
  EXPECT_EQ(out.failure().reason, Reason::invalid);
  return out.failure().text;
}

// semver.org, item 11: the example of every rule.
TEST(Versions, AreOrderedAsTheSpecificationsExamples) {
  const std::vector<std::string> rising = {"0.0.0-0",     "0.0.0",         "0.9.9",
                                           "1.0.0-1",     "1.0.0-2",       "1.0.0-10",
                                           "1.0.0-alpha", "1.0.0-alpha.1", "1.0.0-alpha.beta",
                                           "1.0.0-beta",  "1.0.0-beta.2",  "1.0.0-beta.11",
                                           "1.0.0-rc.1",  "1.0.0",         "2.0.0",
                                           "2.1.0",       "2.1.1",         "2.11.0"};
  for (std::size_t i = 0; i < rising.size(); ++i)
    for (std::size_t j = 0; j < rising.size(); ++j)
      EXPECT_EQ(compare(version(rising[i]), version(rising[j])), i < j ? -1 : i > j ? 1 : 0) << rising[i] << " and " << rising[j];
}

TEST(Versions, IgnoreBuildMetadata) { EXPECT_EQ(compare(version("1.0.0+a.1"), version("1.0.0+b")), 0); }

TEST(Versions, CompareNumbersInPreReleasesThatNoMachineWordHolds) {
  EXPECT_EQ(compare(version("1.0.0-99999999999999999999"), version("1.0.0-100000000000000000000")), -1);
}

TEST(Versions, AreThreeNumbersAndNothingLess) {
  for (const std::string_view bad : {"", "1", "1.4", "v1.4.2", "1.4.2.3", "01.4.2", "1.4.x", "1.4.2-", "1.4.2-rc..1", "1.4.2-01", "1.4.2+",
                                     "-1.0.0", " 1.0.0", "1.0.0 ", "1.0.0-r_c", "99999999999999999999.0.0", "1..2", "1.4.2-\xc3\xa4"})
    EXPECT_FALSE(parse_version(bad)) << bad;
  EXPECT_TRUE(parse_version("1.4.2-0a.-.x-y+001"));
}

struct Case {
  std::string_view range;
  std::vector<std::string_view> in;
  std::vector<std::string_view> out;
};

// The examples that npm (node-semver, "Advanced Range Syntax") and Cargo ("Specifying Dependencies") document.
TEST(VersionRanges, AcceptWhatTheDocumentedExamplesOfNpmAndCargoSay) {
  const Case cases[] = {
      {"^1.2.3", {"1.2.3", "1.2.4", "1.9.9"}, {"1.2.2", "2.0.0", "2.0.0-rc.1", "1.3.0-rc.1"}},
      {"^1.2", {"1.2.0", "1.9.9"}, {"1.1.9", "2.0.0"}},
      {"^1", {"1.0.0", "1.9.9"}, {"0.9.9", "2.0.0"}},
      {"^0.2.3", {"0.2.3", "0.2.9"}, {"0.3.0", "0.2.2"}},
      {"^0.0.3", {"0.0.3"}, {"0.0.4", "0.0.2"}},
      {"^0.0", {"0.0.0", "0.0.9"}, {"0.1.0"}},
      {"^0", {"0.0.0", "0.9.9"}, {"1.0.0"}},
      {"^1.2.3-beta.2", {"1.2.3-beta.2", "1.2.3-beta.4", "1.2.3", "1.9.0"}, {"1.2.3-beta.1", "1.2.4-beta.2", "2.0.0"}},
      {"^0.0.3-beta", {"0.0.3-beta", "0.0.3-pr.2", "0.0.3"}, {"0.0.4"}},
      {"~1.2.3", {"1.2.3", "1.2.9"}, {"1.3.0", "1.2.2"}},
      {"~1.2", {"1.2.0", "1.2.9"}, {"1.3.0", "1.1.9"}},
      {"~1", {"1.0.0", "1.9.9"}, {"2.0.0"}},
      {"~0.2.3", {"0.2.3"}, {"0.3.0"}},
      {"~0", {"0.9.9"}, {"1.0.0"}},
      {"~1.2.3-beta.2", {"1.2.3-beta.4", "1.2.9"}, {"1.2.4-beta.2", "1.3.0"}},
      {"1.4", {"1.4.0", "1.4.9"}, {"1.5.0", "1.3.9", "1.4.1-rc.1", "1.5.0-rc.1"}},
      {"=1", {"1.0.0", "1.9.9"}, {"2.0.0", "0.9.9"}},
      {"1.4.2", {"1.4.2"}, {"1.4.1", "1.4.3", "1.4.2-rc.1"}},
      {"=1.4.2-rc.1", {"1.4.2-rc.1"}, {"1.4.2", "1.4.2-rc.2"}},
      {">=1.2.7 <1.3.0", {"1.2.7", "1.2.8", "1.2.99"}, {"1.2.6", "1.3.0", "1.1.0"}},
      {"1.2.7 || >=1.2.9 <2.0.0", {"1.2.7", "1.2.9", "1.4.6"}, {"1.2.8", "2.0.0"}},
      {">1.2.3-alpha.3", {"1.2.3-alpha.7", "1.2.3", "3.4.5"}, {"3.4.5-alpha.9", "1.2.3-alpha.3"}},
      {">1.4", {"1.5.0", "2.0.0"}, {"1.4.0", "1.4.9"}},
      {">=1.4", {"1.4.0", "9.0.0"}, {"1.3.9", "2.0.0-rc.1"}},
      {"<=1.4", {"1.4.9", "0.0.0"}, {"1.5.0"}},
      {"<1.4", {"1.3.9"}, {"1.4.0", "1.4.0-rc.1"}},
      {">=1.2.3 <=1.2.3", {"1.2.3"}, {"1.2.4"}},
  };
  for (const Case& one : cases) {
    for (const std::string_view text : one.in) EXPECT_TRUE(accepts(one.range, text)) << one.range << " lacks " << text;
    for (const std::string_view text : one.out) EXPECT_FALSE(accepts(one.range, text)) << one.range << " has " << text;
  }
}

TEST(VersionRanges, NeverReachThePreReleasesOfTheVersionThatTheyStopAt) {
  EXPECT_FALSE(accepts("^1.4 || 2.0.0-rc.1", "2.0.0-alpha"));
  EXPECT_TRUE(accepts("^1.4 || 2.0.0-rc.1", "2.0.0-rc.1"));
  EXPECT_EQ(mistake("^1.4 >=2.0.0-rc.1"), "no version is in `^1.4 >=2.0.0-rc.1`");
}

TEST(VersionRanges, KeepTheirTextWithSingleSpaces) {
  EXPECT_EQ(parse_version_range("  >= 1.2   <2||^3 ").value().text, ">=1.2 <2 || ^3");
  EXPECT_EQ(parse_version_range("^1.4").value().text, "^1.4");
}

TEST(VersionRanges, SayWhatIsWrongAndWhatIsMeant) {
  EXPECT_EQ(mistake(""), "a version is missing");
  EXPECT_EQ(mistake("^1.4 ||"), "a version is missing");
  EXPECT_EQ(mistake(">="), "a version is missing");
  EXPECT_EQ(mistake("*"), "`*` is no version; any release is `>=0`");
  EXPECT_EQ(mistake("1.x"), "`1.x` is written `1`");
  EXPECT_EQ(mistake("1.4.*"), "`1.4.*` is written `1.4`");
  EXPECT_EQ(mistake("1.2 - 1.4"), "`A - B` is written `>=A <=B`");
  EXPECT_EQ(mistake("^1.4, <1.9"), "conditions are separated by a space, not by a comma");
  EXPECT_THAT(mistake("^v1.4"), HasSubstr("write `1.4`, and where tags begin so say `tags = \"v{version}\"`"));
  EXPECT_THAT(mistake("^1.4-rc.1"), HasSubstr("a pre-release stands behind three numbers"));
  EXPECT_THAT(mistake("latest"), HasSubstr("`latest` is no version: one to three numbers"));
  EXPECT_THAT(mistake("1.2.3.4"), HasSubstr("is no version"));
  EXPECT_THAT(mistake("^1.4\n"), HasSubstr("is no version"));
  EXPECT_THAT(mistake("^18446744073709551615"), HasSubstr("is no version"));
  EXPECT_THAT(mistake(std::string(600, '1')), HasSubstr("at most 512"));
}

TEST(VersionRanges, RefuseWhatNoVersionCanBeIn) {
  for (const std::string_view empty : {">2 <1", ">1.2.3 <1.2.4", "<0.0.0", "=1 =2", ">=1.4.0 <1.4.0-rc.5", "^1 ^2"})
    EXPECT_THAT(mistake(empty), HasSubstr("no version is in")) << empty;
  EXPECT_TRUE(accepts(">1.2.3 <1.2.4-rc.3", "1.2.4-rc.1"));
  EXPECT_TRUE(accepts("<=0", "0.7.0"));
}

rc::Gen<std::string> any_version() {
  const auto number = rc::gen::map(rc::gen::inRange(0, 4), [](int n) { return std::to_string(n); });
  const auto identifier = rc::gen::element<std::string>("0", "1", "10", "a", "b", "rc", "-", "0a");
  return rc::gen::apply(
      [](const std::string& a, const std::string& b, const std::string& c, const std::vector<std::string>& pre) {
        std::string out = a + "." + b + "." + c;
        for (std::size_t i = 0; i < std::min<std::size_t>(pre.size(), 3); ++i) out += (i == 0 ? "-" : ".") + pre[i];
        return out;
      },
      number, number, number, rc::gen::resize(3, rc::gen::container<std::vector<std::string>>(identifier)));
}

RC_GTEST_PROP(VersionProperties, TheOrderIsTotal, ()) {
  const Version a = version(*any_version());
  const Version b = version(*any_version());
  const Version c = version(*any_version());
  RC_ASSERT(compare(a, a) == 0);
  RC_ASSERT(compare(a, b) == -compare(b, a));
  if (compare(a, b) <= 0 && compare(b, c) <= 0) RC_ASSERT(compare(a, c) <= 0);
  if (compare(a, b) == 0 && compare(b, c) == 0) RC_ASSERT(compare(a, c) == 0);
}

rc::Gen<std::string> any_condition() {
  return rc::gen::apply(
      [](const std::string& sign, const std::string& text, int numbers) {
        std::string written = text;
        if (numbers < 3) {
          written = written.substr(0, written.find('-'));
          for (int drop = 3; drop > numbers; --drop) written = written.substr(0, written.rfind('.'));
        }
        return sign + written;
      },
      rc::gen::element<std::string>("", "=", ">", ">=", "<", "<=", "^", "~"), any_version(), rc::gen::inRange(1, 4));
}

RC_GTEST_PROP(VersionProperties, ARangeIsRefusedAsEmptyOnlyIfNoVersionIsInIt, ()) {
  const std::string text = *any_condition() + " " + *any_condition();
  const Result<VersionRange> range = parse_version_range(text);
  const Version one = version(*any_version());
  const Result<VersionRange> first = parse_version_range(text.substr(0, text.find(' ')));
  const Result<VersionRange> second = parse_version_range(text.substr(text.find(' ') + 1));
  if (range.ok() || !first.ok() || !second.ok()) return;
  RC_ASSERT(!(first->accepts(one) && second->accepts(one)));
}

RC_GTEST_PROP(VersionProperties, ACaretAndATildeTakeWhatTheyNameAndNothingLower, ()) {
  const std::string base = *any_version();
  const Version other = version(*any_version());
  for (const std::string sign : {"^", "~"}) {
    const VersionRange range = parse_version_range(sign + base).value();
    RC_ASSERT(range.accepts(version(base)));
    if (range.accepts(other)) {
      RC_ASSERT(compare(other, version(base)) >= 0);
      RC_ASSERT(other.major == version(base).major);
      if (sign == "~") RC_ASSERT(other.minor == version(base).minor);
    }
  }
}

RC_GTEST_PROP(VersionProperties, ARangesTextMeansTheSame, ()) {
  const Result<VersionRange> range = parse_version_range(*any_condition() + "||" + *any_condition());
  if (!range.ok()) return;
  const VersionRange again = parse_version_range(range->text).value();
  RC_ASSERT(again.text == range->text);
  const Version one = version(*any_version());
  RC_ASSERT(again.accepts(one) == range->accepts(one));
}

}  // namespace
}  // namespace muster::model
