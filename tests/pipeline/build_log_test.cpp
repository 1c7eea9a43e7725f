#include "pipeline/build_log.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "support/temporary.hpp"

namespace muster::pipeline {
namespace {

using testing::ElementsAre;

std::string masked(const std::vector<std::string>& secrets, const std::vector<std::string>& pieces) {
  Masker masker(secrets);
  std::string out;
  for (const std::string& piece : pieces) out += masker.mask(piece);
  return out + masker.rest();
}

TEST(Masker, ReplacesASecretThatComesInPieces) {
  EXPECT_EQ(masked({"hush"}, {"say hu", "s", "h now\n"}), "say *** now\n");
  EXPECT_EQ(masked({"hush", "hushhush"}, {"hush", "hush", "hus"}), "***hus");
  EXPECT_EQ(masked({}, {"all ", "of it"}), "all of it");
}

TEST(Masker, ReplacesTheLinesOfAKey) {
  EXPECT_EQ(masked({"{\n  \"key\": \"abcdef\"\n}"}, {"first { then \"key\": \"abcdef\" then }"}), "first { then *** then }");
}

TEST(Masker, ShowsWhatItCanBeforeTheEnd) {
  Masker masker({"hush"});
  EXPECT_EQ(masker.mask("0123456789"), "0123456");
  EXPECT_EQ(masker.rest(), "789");
}

RC_GTEST_PROP(Masker, NeverShowsASecretHoweverTheOutputIsCut, ()) {
  const auto letter = rc::gen::element('a', 'b');
  const auto secret = *rc::gen::nonEmpty(rc::gen::container<std::string>(letter));
  const auto output = *rc::gen::container<std::string>(letter);
  std::vector<std::string> pieces;
  for (std::size_t at = 0; at < output.size();) {
    const auto size = *rc::gen::inRange<std::size_t>(1, 5);
    pieces.push_back(output.substr(at, size));
    at += size;
  }
  const std::string shown = masked({secret}, pieces);
  RC_ASSERT(shown.find(secret) == std::string::npos);
  RC_ASSERT(shown == masked({secret}, {output}));
}

class BuildLogTest : public testing::Test {
 protected:
  BuildLog make(BuildLog::Caps caps, BuildLog::Line newest = {}, BuildLog::Line every = {}) {
    return {system_files(), folder.path() / "log", {"hush"}, std::move(newest), std::move(every), caps};
  }
  test::TemporaryFolder folder;
};

TEST_F(BuildLogTest, KeepsTheBeginningAndTheEnd) {
  BuildLog log = make({10, 10});
  ASSERT_TRUE(log.begin("# title").ok());
  for (int i = 0; i < 1000; ++i) ASSERT_TRUE(log.take("0123456789").ok());
  ASSERT_TRUE(log.take("hush\n").ok());
  ASSERT_TRUE(log.finish().ok());
  const std::string text = folder.read("log");
  EXPECT_THAT(text, testing::StartsWith("# title\n0123456789\n[muster: "));
  EXPECT_THAT(text, testing::HasSubstr(" bytes of output are not kept]\n"));
  EXPECT_THAT(text, testing::EndsWith("789***\n"));
  EXPECT_LT(text.size(), 200U);
}

TEST_F(BuildLogTest, TellsTheNewestLineAndTheLastTen) {
  std::string newest;
  std::vector<std::string> every;
  BuildLog log = make(
      {1000, 10}, [&](std::string_view line) { newest = line; }, [&](std::string_view line) { every.emplace_back(line); });
  ASSERT_TRUE(log.begin("").ok());
  ASSERT_TRUE(log.take("one\n\ntwo\rthr").ok());
  ASSERT_TRUE(log.take("ee\x1b[2J hush\nfour").ok());
  EXPECT_EQ(newest, "three\\x1b[2J ***");
  ASSERT_TRUE(log.finish().ok());
  EXPECT_THAT(every, ElementsAre("one", "two", "three\\x1b[2J ***", "four"));
  EXPECT_EQ(log.last_lines(), every);
  for (int i = 0; i < 20; ++i) ASSERT_TRUE(log.take("line\n").ok());
  ASSERT_TRUE(log.finish().ok());
  EXPECT_EQ(log.last_lines().size(), 10U);
}

TEST_F(BuildLogTest, ReplacesAnEarlierLog) {
  folder.write("log", "of yesterday");
  BuildLog log = make({1000, 10});
  ASSERT_TRUE(log.begin("# today").ok());
  EXPECT_EQ(folder.read("log"), "# today\n");
}

}  // namespace
}  // namespace muster::pipeline
