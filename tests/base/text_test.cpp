#include "muster/base/text.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

namespace muster {
namespace {

using testing::ElementsAre;

TEST(Text, ShowsEscapeSequencesInsteadOfRunningThem) {
  EXPECT_EQ(escape_for_terminal("\x1b[31mred\x07"), "\\x1b[31mred\\x07");
  EXPECT_EQ(escape_for_terminal("over\rwritten\x7f"), "over\\x0dwritten\\x7f");
  EXPECT_EQ(escape_for_terminal("\xc2\x9b"
                                "31m"),
            "\\u{009b}31m");
}

TEST(Text, ShowsCharactersThatReorderALine) {
  EXPECT_EQ(escape_for_terminal("a\xe2\x80\xae"
                                "b"),
            "a\\u{202e}b");
  EXPECT_EQ(escape_for_terminal("\xe2\x81\xa6x\xe2\x81\xa9"), "\\u{2066}x\\u{2069}");
}

TEST(Text, KeepsNewlineTabAndWhatPeopleWrite) { EXPECT_EQ(escape_for_terminal("größer\n\t木 🚢"), "größer\n\t木 🚢"); }

TEST(Text, ShowsInvalidUtf8ByteByByte) {
  EXPECT_EQ(escape_for_terminal("a\xff\xfe"
                                "b"),
            "a\\xff\\xfeb");
  EXPECT_EQ(escape_for_terminal("\xe2\x82"), "\\xe2\\x82");
}

TEST(Text, RefusesOverlongFormsSurrogatesAndWhatIsBeyondUnicode) {
  EXPECT_TRUE(is_valid_utf8("größer 🚢"));
  EXPECT_TRUE(is_valid_utf8(""));
  EXPECT_FALSE(is_valid_utf8("\xc0\x80"));
  EXPECT_FALSE(is_valid_utf8("\xe0\x80\xaf"));
  EXPECT_FALSE(is_valid_utf8("\xed\xa0\x80"));
  EXPECT_FALSE(is_valid_utf8("\xf4\x90\x80\x80"));
  EXPECT_FALSE(is_valid_utf8("\xf8\x88\x80\x80\x80"));
  EXPECT_FALSE(is_valid_utf8("\x80"));
}

RC_GTEST_PROP(Text, EscapedTextIsValidUtf8WithoutControlBytesAndIsItsOwnEscape, (const std::string& text)) {
  const std::string escaped = escape_for_terminal(text);
  RC_ASSERT(is_valid_utf8(escaped));
  for (const char c : escaped) RC_ASSERT(static_cast<unsigned char>(c) >= 0x20 || c == '\n' || c == '\t');
  RC_ASSERT(escape_for_terminal(escaped) == escaped);
}

TEST(Text, SplitsAtEverySeparator) {
  EXPECT_THAT(split("a,,b", ','), ElementsAre("a", "", "b"));
  EXPECT_THAT(split("", ','), ElementsAre(""));
  EXPECT_THAT(split("a,", ','), ElementsAre("a", ""));
}

RC_GTEST_PROP(Text, JoinTakesBackWhatSplitDid, (const std::string& text)) {
  std::vector<std::string> parts;
  for (const std::string_view part : split(text, ',')) parts.emplace_back(part);
  RC_ASSERT(join(parts, ",") == text);
}

TEST(Text, TrimsSpaceOnBothSidesOnly) {
  EXPECT_EQ(trim(" \t a b\r\n"), "a b");
  EXPECT_EQ(trim(" \n"), "");
}

TEST(Glob, MatchesTheWholeName) {
  EXPECT_TRUE(glob_matches("cart", "cart"));
  EXPECT_FALSE(glob_matches("cart", "carts"));
  EXPECT_TRUE(glob_matches("cart*", "carts"));
  EXPECT_TRUE(glob_matches("*@prod-??", "cart@prod-eu"));
  EXPECT_FALSE(glob_matches("?", ""));
  EXPECT_TRUE(glob_matches("*", ""));
  EXPECT_TRUE(glob_matches("a*b*c", "a-b-b-c"));
  EXPECT_FALSE(glob_matches("a*b*c", "a-b-b"));
}

TEST(Glob, TakesAQuestionMarkAsOneCharacterNotOneByte) {
  EXPECT_TRUE(glob_matches("gr?n", "grün"));
  EXPECT_FALSE(glob_matches("gr??n", "grün"));
}

TEST(Glob, DoesNotExplodeOnManyStars) { EXPECT_FALSE(glob_matches("a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*b", std::string(20'000, 'a'))); }

/// The definition, exponential and obvious.
bool matches_by_definition(std::string_view pattern, std::string_view text) {
  if (pattern.empty()) return text.empty();
  if (pattern.front() == '*') {
    return matches_by_definition(pattern.substr(1), text) || (!text.empty() && matches_by_definition(pattern, text.substr(1)));
  }
  if (text.empty() || (pattern.front() != '?' && pattern.front() != text.front())) return false;
  return matches_by_definition(pattern.substr(1), text.substr(1));
}

RC_GTEST_PROP(Glob, AgreesWithItsDefinition, ()) {
  const auto pattern = *rc::gen::resize(8, rc::gen::container<std::string>(rc::gen::element('a', 'b', '*', '?')));
  const auto text = *rc::gen::resize(8, rc::gen::container<std::string>(rc::gen::element('a', 'b')));
  RC_ASSERT(glob_matches(pattern, text) == matches_by_definition(pattern, text));
}

TEST(Text, CountsInWords) {
  EXPECT_EQ(count_of(1, "service"), "1 service");
  EXPECT_EQ(count_of(0, "service"), "0 services");
  EXPECT_EQ(count_of(3, "repository", "repositories"), "3 repositories");
}

}  // namespace
}  // namespace muster
