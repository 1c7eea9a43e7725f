#include "muster/diag/catalogue.hpp"

#include <gtest/gtest.h>

#include <regex>

#include "muster/base/text.hpp"

namespace muster::diag {
namespace {

TEST(Catalogue, HasAPageForEachCodeWithATitleThatNamesIt) {
  ASSERT_FALSE(pages().empty());
  std::string before;
  for (const Page& page : pages()) {
    EXPECT_TRUE(std::regex_match(std::string(page.code), std::regex("[FW][0-9]{4}"))) << page.code;
    EXPECT_TRUE(page.text.starts_with("# " + std::string(page.code) + ": " + std::string(page.title))) << page.code;
    EXPECT_FALSE(page.title.empty()) << page.code;
    EXPECT_FALSE(page.title.ends_with('.')) << page.code << ": a title has no full stop";
    EXPECT_LT(before, page.code) << "sorted, each once";
    before = page.code;
  }
}

TEST(Catalogue, ShowsAWrongAndARightExampleOnEachPage) {
  for (const Page& page : pages()) {
    EXPECT_FALSE(wrong_example(page).empty()) << page.code;
    EXPECT_FALSE(right_example(page).empty()) << page.code;
    for (const Example& example : wrong_example(page)) EXPECT_TRUE(example.path.ends_with(".fleet")) << page.code << " " << example.path;
  }
}

TEST(Catalogue, KeepsItsLinesShortEnoughForATerminal) {
  for (const Page& page : pages()) {
    const std::string_view prose = page.text.substr(0, page.text.find("## Wrong"));
    for (const std::string_view line : split(prose, '\n')) EXPECT_LE(line.size(), 140U) << page.code << ": " << line;
  }
}

TEST(Catalogue, FindsPagesInAnyCaseAndNoOthers) {
  ASSERT_NE(find_page("f0101"), nullptr);
  EXPECT_EQ(find_page("f0101"), find_page("F0101"));
  EXPECT_EQ(find_page("F9999"), nullptr);
  EXPECT_EQ(find_page(""), nullptr);
}

TEST(Catalogue, ReadsSeveralFilesOfOneExample) {
  const Page page{
      "F0000", "t",
      "# F0000: t\n\ntext\n\n## Wrong\n```fleet\na\n```\nwords\n```fleet teams/b.fleet\nb\nc\n```\n\n## Right\n```fleet\nd\n```\n"};
  const std::vector<Example> wrong = wrong_example(page);
  ASSERT_EQ(wrong.size(), 2U);
  EXPECT_EQ(wrong[0].path, "main.fleet");
  EXPECT_EQ(wrong[0].text, "a\n");
  EXPECT_EQ(wrong[1].path, "teams/b.fleet");
  EXPECT_EQ(wrong[1].text, "b\nc\n");
  ASSERT_EQ(right_example(page).size(), 1U);
  EXPECT_EQ(right_example(page)[0].text, "d\n");
}

}  // namespace
}  // namespace muster::diag
