#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <regex>

#include "muster/base/text.hpp"
#include "sources.hpp"
#include "support/golden.hpp"
#include "table.hpp"

namespace muster::layering {
namespace {

const std::vector<SourceFile>& sources() {
  static const std::vector<SourceFile> files = read_sources({"include", "src", "grammar", "tests"});
  return files;
}

TEST(Hygiene, TheTopLevelIsTheArchitectureAndNothingElse) {
  for (const auto& entry : std::filesystem::directory_iterator(root())) {
    const std::string name = entry.path().filename().string();
    EXPECT_THAT(kTopLevel, testing::Contains(name)) << "what is " << name << "?";
  }
}

TEST(Hygiene, HeadersAreIncludedOnceAndPublicOnesOpenWithTheirRole) {
  for (const SourceFile& file : sources()) {
    if (!file.has_extension(".hpp")) continue;
    EXPECT_NE(file.text.find("#pragma once\n"), std::string::npos) << file.path;
    EXPECT_TRUE(!file.is_public || file.text.starts_with("// ")) << file.path << " does not say what it is for";
  }
}

/// In characters, not bytes.
std::size_t columns_of(std::string_view line) {
  return static_cast<std::size_t>(
      std::count_if(line.begin(), line.end(), [](char byte) { return (static_cast<unsigned char>(byte) & 0xC0U) != 0x80U; }));
}

TEST(Hygiene, LinesFitAScreen) {
  constexpr std::size_t kColumns = 140;  // As .clang-format has it.
  for (const SourceFile& file : sources()) {
    const std::vector<std::string_view> lines = split(file.text, '\n');
    for (std::size_t i = 0; i < lines.size(); ++i) {
      EXPECT_TRUE(lines[i].find("R\"") != std::string_view::npos || columns_of(lines[i]) <= kColumns) << file.at(i + 1) << " is too long";
    }
  }
}

TEST(Hygiene, LinesEndClean) {
  for (const SourceFile& file : sources()) {
    EXPECT_TRUE(file.text.empty() || file.text.ends_with('\n')) << file.path << " does not end with a newline";
    const std::vector<std::string_view> lines = split(file.text, '\n');
    for (std::size_t i = 0; i < lines.size(); ++i) {
      EXPECT_FALSE(lines[i].ends_with(' ') || lines[i].ends_with('\r')) << file.at(i + 1) << " ends with a space";
      EXPECT_EQ(lines[i].find('\t'), std::string_view::npos) << file.at(i + 1) << " has a tab";
    }
  }
}

TEST(Hygiene, NothingIsLeftForLater) {
  static const std::regex kLater(R"(\b(TODO|FIXME|XXX|HACK)\b|not yet implemented|unimplemented)");
  for (const SourceFile& file : sources()) {
    if (file.path.starts_with("tests/layering/")) continue;
    std::smatch found;
    EXPECT_FALSE(std::regex_search(file.text, found, kLater)) << file.path << ": " << found.str();
  }
}

TEST(Hygiene, NamesSayTheStep) {
  static const std::regex kEmptyWord(R"(\b(?:class|struct|enum class)\s+\w*(?:Manager|Helper|Util|Utils|Data|Handler)\b)");
  for (const SourceFile& file : sources()) {
    std::smatch found;
    EXPECT_FALSE(std::regex_search(file.code, found, kEmptyWord)) << file.path << ": " << found.str();
  }
}

TEST(Hygiene, EveryPackageOfTheListHasAGroupAndAReasonOnce) {
  std::vector<std::string> names;
  const std::string text = test::read_file(root() / "src/build/packages");
  for (const std::string_view line : split(text, '\n')) {
    if (line.empty() || line.starts_with('#')) continue;
    static const std::regex kLine(R"(^(build|example|test|optional) +([a-z0-9.+-]+) +\S.*$)");
    const std::string copy(line);
    std::smatch parts;
    ASSERT_TRUE(std::regex_match(copy, parts, kLine)) << line;
    names.push_back(parts[2]);
  }
  std::sort(names.begin(), names.end());
  EXPECT_EQ(std::adjacent_find(names.begin(), names.end()), names.end());
}

}  // namespace
}  // namespace muster::layering
