#include "muster/base/digest.hpp"

#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

namespace muster {
namespace {

TEST(Digest, IsSha256AsEverybodyElseComputesIt) {
  EXPECT_EQ(sha256("").text(), "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(sha256("abc").text(), "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(sha256("abc").short_text(), "ba7816bf8f01");
}

RC_GTEST_PROP(Digest, ReadsBackWhatItPrints, (const std::string& bytes)) {
  RC_ASSERT(Digest::parse(sha256(bytes).text()) == sha256(bytes));
}

TEST(Digest, RefusesAnyOtherText) {
  const std::string text = sha256("abc").text();
  EXPECT_FALSE(Digest::parse(text.substr(7)));
  EXPECT_FALSE(Digest::parse(text.substr(0, 70)));
  EXPECT_FALSE(Digest::parse(text + "0"));
  EXPECT_FALSE(Digest::parse("sha256:BA7816BF8F01CFEA414140DE5DAE2223B00361A396177A9CB410FF61F20015AD"));
}

TEST(Hasher, TellsWhereOnePartEndsAndTheNextBegins) {
  Hasher one;
  Hasher other;
  EXPECT_NE(one.add("ab").add("c").finish(), other.add("a").add("bc").finish());
}

TEST(Base64, IsReadWithAndWithoutPadding) {
  EXPECT_EQ(from_base64(""), "");
  EXPECT_EQ(from_base64("YQ=="), "a");
  EXPECT_EQ(from_base64("YQ"), "a");
  EXPECT_EQ(from_base64("YWE="), "aa");
  EXPECT_EQ(from_base64("YWFh"), "aaa");
  EXPECT_EQ(from_base64("+/+/"), "\xfb\xff\xbf");
}

TEST(Base64, IsRefusedWithOtherCharactersOrLeftOverBits) {
  for (const char* text : {"Y", "YR==", "Y===", "YW=h", "Y Q=", "YQ==YQ==", "-_-_", "===="}) EXPECT_FALSE(from_base64(text)) << text;
}

RC_GTEST_PROP(Hexadecimal, SurvivesARoundTrip, (const std::string& bytes)) { RC_ASSERT(from_hex(to_hex(bytes)) == bytes); }

TEST(Hexadecimal, RefusesOddLengthsAndOtherCharacters) {
  EXPECT_FALSE(from_hex("abc"));
  EXPECT_FALSE(from_hex("0g"));
}

}  // namespace
}  // namespace muster
