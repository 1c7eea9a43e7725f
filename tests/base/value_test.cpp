#include "muster/base/value.hpp"

#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include <limits>

namespace muster {
namespace {

TEST(CanonicalJson, SortsKeysBytewiseAndWritesNoSpace) {
  const Value value = Object{{"b", Array{1, Value(), true}}, {"a", Object{{"z", 1}, {"Z", 2}}}, {"", ""}};
  EXPECT_EQ(to_canonical_json(value), R"({"":"","a":{"Z":2,"z":1},"b":[1,null,true]})");
}

TEST(CanonicalJson, DoesNotDependOnTheOrderOfMembers) {
  const Value one = Object{{"a", 1}, {"b", 2}};
  const Value other = Object{{"b", 2}, {"a", 1}};
  EXPECT_EQ(one, other);
  EXPECT_EQ(to_canonical_json(one), to_canonical_json(other));
}

TEST(CanonicalJson, WritesTheShortestNumberThatReadsBack) {
  EXPECT_EQ(to_canonical_json(0.1), "0.1");
  EXPECT_EQ(to_canonical_json(1e21), "1e+21");
  EXPECT_EQ(to_canonical_json(std::numeric_limits<std::int64_t>::min()), "-9223372036854775808");
  EXPECT_EQ(to_canonical_json(std::numeric_limits<std::uint64_t>::max()), "18446744073709551615");
}

TEST(CanonicalJson, WritesNoTextThatJsonCannotHold) {
  EXPECT_EQ(to_canonical_json(std::numeric_limits<double>::infinity()), "null");
  EXPECT_EQ(to_canonical_json(std::numeric_limits<double>::quiet_NaN()), "null");
}

TEST(CanonicalJson, EscapesQuotesBackslashesAndControlBytesAlone) {
  EXPECT_EQ(to_canonical_json("a\"b\\c\n\t\r\x01\x7f/ü"), "\"a\\\"b\\\\c\\n\\t\\r\\u0001\\u007f/ü\"");
}

TEST(CanonicalJson, KeepsAnIntegerApartFromADouble) {
  EXPECT_NE(Value(1), Value(1.0));
  EXPECT_EQ(Value(std::uint64_t{7}), Value(7)) << "an unsigned number that fits is the same integer";
}

RC_GTEST_PROP(CanonicalJson, StringsAreOneLineOfPrintableBytes, (const std::string& text)) {
  std::string out;
  append_json_string(out, text);
  for (const char c : out) RC_ASSERT(static_cast<unsigned char>(c) >= 0x20 && c != 0x7f);
  RC_ASSERT(out.front() == '"' && out.back() == '"');
}

TEST(PrettyJson, KeepsTheOrderOfMembersAndEndsWithANewline) {
  const Value value = Object{{"b", Array{1, 2}}, {"a", Object{}}, {"c", Array{}}};
  EXPECT_EQ(to_pretty_json(value), "{\n  \"b\": [\n    1,\n    2\n  ],\n  \"a\": {},\n  \"c\": []\n}\n");
}

TEST(Object, AppendsReplacesAndErasesByKey) {
  Object object;
  object["a"] = 1;
  object.set("a", 2);
  object["b"];
  EXPECT_EQ(object.size(), 2U);
  EXPECT_EQ(*object.find("a"), Value(2));
  EXPECT_TRUE(object.find("b")->is_null());
  EXPECT_TRUE(object.erase("a"));
  EXPECT_FALSE(object.erase("a"));
  EXPECT_FALSE(object.contains("a"));
}

TEST(Value, FindsNothingInWhatIsNoObject) {
  EXPECT_EQ(Value("text").find("a"), nullptr);
  EXPECT_EQ(Value(Object{{"a", "b"}}).string_at("a"), "b");
  EXPECT_EQ(Value(Object{{"a", 1}}).string_at("a", "other"), "other");
  EXPECT_EQ(Value(Array{}).type_name(), "array");
}

}  // namespace
}  // namespace muster
