#include <gmock/gmock.h>
// gtest first: RapidCheck's printing of GoogleTest values looks for it.
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include "muster/model/image.hpp"

namespace muster::model {
namespace {

using testing::HasSubstr;
using testing::Pair;
using testing::UnorderedElementsAre;

TagTemplate tags(std::string_view text) { return parse_tag_template(text).value(); }

std::string mistake(std::string_view text) {
  const Result<TagTemplate> out = parse_tag_template(text);
  if (out.ok()) return "taken";
  EXPECT_EQ(out.failure().reason, Reason::invalid);
  return out.failure().text;
}

ImagePolicy by_versions(std::string_view range, std::string_view pattern = "") {
  ImagePolicy out;
  out.repository = parse_image_reference("ghcr.io/shop/cart").value();
  out.versions = parse_version_range(range).value();
  if (!pattern.empty()) out.tags = tags(pattern);
  return out;
}

ImagePolicy by_newest(std::string_view pattern, std::vector<std::string> newest) {
  ImagePolicy out;
  out.tags = tags(pattern);
  out.newest = std::move(newest);
  return out;
}

TEST(TagTemplates, CaptureByTypeAndMatchTheWholeTag) {
  const TagTemplate main = tags("main-{build:int}-{sha:hex}");
  EXPECT_THAT(main.match("main-12-0fa3").value(), UnorderedElementsAre(Pair("build", "12"), Pair("sha", "0fa3")));
  for (const std::string_view other :
       {"", "main-12-", "main--0fa3", "main-12-0fg3", "amain-12-0fa3", "main-12-0fa3-x", "main-x-0fa3", "dev-12-0fa3"})
    EXPECT_FALSE(main.match(other)) << other;
}

TEST(TagTemplates, NeedNoTypeForACaptureNamedAsOne) {
  EXPECT_THAT(tags("v{version}").match("v1.4.2-rc.1").value(), UnorderedElementsAre(Pair("version", "1.4.2-rc.1")));
  EXPECT_FALSE(tags("v{version}").match("v1.4"));
  EXPECT_FALSE(tags("v{version}").match("1.4.2"));
  EXPECT_EQ(tags("v{version}").version()->name, "version");
  EXPECT_EQ(tags("{a:version}_{b:version}").version(), nullptr) << "which of the two is meant?";
}

TEST(TagTemplates, TakeOnlyDaysThatTheCalendarHas) {
  const TagTemplate day = tags("{day:date}-{n:int}");
  for (const std::string_view good : {"20261123-1", "2026-11-23-1", "20240229-7", "20000229-7"}) EXPECT_TRUE(day.match(good)) << good;
  for (const std::string_view bad : {"20261323-1", "20261131-1", "20230229-1", "19000229-1", "20261100-1", "2026-1-23-1", "202611230-1"})
    EXPECT_FALSE(day.match(bad)) << bad;
}

TEST(TagTemplates, GiveTheFirstCaptureAllThatItCanHave) {
  EXPECT_THAT(tags("{a:text}-{b:text}").match("x-y-z").value(), UnorderedElementsAre(Pair("a", "x-y"), Pair("b", "z")));
  EXPECT_THAT(tags("{a:text}-{b:int}").match("x-1-2").value(), UnorderedElementsAre(Pair("a", "x-1"), Pair("b", "2")));
}

TEST(TagTemplates, EndSoonWhateverTheTagIs) {
  std::string pattern = "{a0:text}";
  for (int i = 1; i < 20; ++i) pattern += "-{a" + std::to_string(i) + ":text}";
  EXPECT_TRUE(tags(pattern).match(std::string(128, '-')));
  EXPECT_FALSE(tags(pattern + "-y").match(std::string(127, '-') + "x"));
  EXPECT_FALSE(tags("{a:text}").match(std::string(129, 'x'))) << "no registry has such a tag";
}

TEST(TagTemplates, SayWhatIsWrong) {
  EXPECT_EQ(mistake("main-{build}"),
            "the capture `build` has no type: write `{build:int}`, or another of `version`, `int`, `date`, `hex` or `text`");
  EXPECT_EQ(mistake("main-{build:number}"), "a capture is of type `version`, `int`, `date`, `hex` or `text`, not `number`");
  EXPECT_EQ(mistake("stable"), "the template `stable` captures nothing: it is one tag, followed by `tag = \"stable\"`");
  EXPECT_EQ(mistake("v{version"), "a `{` has no `}`");
  EXPECT_EQ(mistake("{a:int}{b:hex}"), "nothing stands between `{a}` and `{b}` to tell where one ends");
  EXPECT_EQ(mistake("{a:int}-{a:hex}"), "two captures are named `a`");
  EXPECT_THAT(mistake("{1:int}"), HasSubstr("`1` cannot name a capture"));
  EXPECT_THAT(mistake("{}"), HasSubstr("cannot name a capture"));
  EXPECT_THAT(mistake("v*"), HasSubstr("write a capture"));
  EXPECT_THAT(mistake("v+{version}"), HasSubstr("`+` can be in no tag"));
  EXPECT_THAT(mistake("v}{version}"), HasSubstr("`}` can be in no tag"));
  EXPECT_THAT(mistake(std::string(300, 'a')), HasSubstr("at most 256"));
}

TEST(ImagePolicies, AreOneLineInRecords) {
  EXPECT_EQ(by_versions("^1.4").rule(), "^1.4");
  EXPECT_EQ(by_versions("^1.4", "v{version}").rule(), "v{version} ^1.4");
  EXPECT_EQ(by_newest("main-{build:int}-{sha:hex}", {"build"}).rule(), "main-{build:int}-{sha:hex} newest build");
  EXPECT_EQ(by_newest("{day:date}-{n:int}", {"day", "n"}).rule(), "{day:date}-{n:int} newest day, n");
  ImagePolicy moving;
  moving.tag = "stable";
  EXPECT_EQ(moving.rule(), "tag stable");
}

TEST(ImagePolicies, SayWhyATagIsNotConsidered) {
  const ImagePolicy cart = by_versions("^1.4");
  EXPECT_EQ(cart.refusal("1.4.2"), std::nullopt);
  EXPECT_EQ(cart.refusal("2.0.0"), "2.0.0 is not in ^1.4");
  EXPECT_EQ(cart.refusal("latest"), "latest is no version");
  EXPECT_EQ(cart.refusal("v1.4.2"), "v1.4.2 is no version");
  EXPECT_EQ(cart.refusal("1.5.0-rc.1"), "1.5.0-rc.1 is a pre-release, and ^1.4 names none of 1.5.0");
  EXPECT_EQ(by_versions("^1.4", "v{version}").refusal("1.4.2"), "1.4.2 does not match v{version}");
  EXPECT_EQ(by_versions("^1.4", "v{version}-alpine").refusal("v1.4.2-alpine"), std::nullopt);
  EXPECT_EQ(by_newest("main-{build:int}", {"build"}).refusal("main-x"), "main-x does not match main-{build:int}");
  ImagePolicy moving;
  moving.tag = "stable";
  EXPECT_EQ(moving.refusal("stable"), std::nullopt);
  EXPECT_EQ(moving.refusal("latest"), "latest is not the tag stable");
  EXPECT_EQ(cart.refusal("\x1b[31m").value().find('\x1b'), std::string::npos);
}

TEST(ImagePolicies, ChooseTheNewestByWhatTheyLookAt) {
  const ImagePolicy cart = by_versions(">=1");
  EXPECT_EQ(cart.order("1.10.0", "1.9.0"), 1);
  EXPECT_EQ(cart.order("1.9.0", "1.10.0"), -1);
  EXPECT_EQ(cart.order("1.9.0", "1.9.0"), 0);
  const ImagePolicy builds = by_newest("main-{build:int}-{sha:hex}", {"build"});
  EXPECT_EQ(builds.order("main-100-aa", "main-99-ff"), 1);
  EXPECT_EQ(builds.order("main-0100-aa", "main-99999999999999999999999-ff"), -1);
  EXPECT_EQ(builds.order("main-7-aa", "main-7-ab"), -1) << "equal builds: the text decides, the same way every time";
  const ImagePolicy days = by_newest("{day:date}-{n:int}", {"day", "n"});
  EXPECT_EQ(days.order("20261123-2", "2026-11-22-9"), 1);
  EXPECT_EQ(days.order("20261123-2", "2026-11-23-10"), -1);
}

RC_GTEST_PROP(ImagePolicyProperties, TheOrderOfConsideredTagsIsTotal, ()) {
  const auto number = [] { return std::to_string(*rc::gen::inRange(0, 12)); };
  const auto tag = [&] { return (*rc::gen::arbitrary<bool>() ? "0" : "") + number() + "-" + number() + ".0." + number(); };
  const ImagePolicy policy = *rc::gen::arbitrary<bool>() ? by_newest("{n:int}-{version}", {"n"}) : by_versions(">=0", "{n:int}-{version}");
  const std::string a = tag();
  const std::string b = tag();
  const std::string c = tag();
  RC_ASSERT(!policy.refusal(a));
  RC_ASSERT((policy.order(a, b) == 0) == (a == b));
  RC_ASSERT(policy.order(a, b) == -policy.order(b, a));
  if (policy.order(a, b) < 0 && policy.order(b, c) < 0) RC_ASSERT(policy.order(a, c) < 0);
}

RC_GTEST_PROP(ImagePolicyProperties, ATemplateMatchesWhatItIsFilledInWith, (std::uint32_t build, std::uint32_t sha)) {
  char hex[16];
  std::snprintf(hex, sizeof hex, "%x", sha);
  const auto captures = tags("main-{build:int}-{sha:hex}").match("main-" + std::to_string(build) + "-" + hex);
  RC_ASSERT(captures.has_value());
  RC_ASSERT(captures->at("build") == std::to_string(build));
  RC_ASSERT(captures->at("sha") == hex);
}

}  // namespace
}  // namespace muster::model
