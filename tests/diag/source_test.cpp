#include "muster/diag/source.hpp"

#include <gtest/gtest.h>

#include <filesystem>

#include "muster/diag/diagnostic.hpp"
#include "support/temporary.hpp"

namespace muster::diag {
namespace {

TEST(Sources, CountColumnsInCharactersAndLinesFromOne) {
  Sources sources;
  const SourceId id = sources.add("a.fleet", "x = \"é\" # ü\ny = 2\n");
  EXPECT_EQ(sources.position(id, 0).line, 1U);
  EXPECT_EQ(sources.position(id, 0).column, 1U);
  EXPECT_EQ(sources.position(id, 7).column, 7U) << "é is two bytes and one column";
  EXPECT_EQ(sources.position(id, 14).line, 2U);
  EXPECT_EQ(sources.position(id, 14).column, 1U);
  EXPECT_EQ(sources.place({id, 18, 19}), "a.fleet:2:5");
  EXPECT_EQ(sources.text(Span{id, 18, 19}), "2");
}

TEST(Sources, GiveTheWholeLineWithoutItsEnd) {
  Sources sources;
  const SourceId id = sources.add("a.fleet", "one\r\ntwo");
  EXPECT_EQ(sources.line_at(id, 1), "one");
  EXPECT_EQ(sources.line_at(id, 5), "two");
  EXPECT_EQ(sources.line_at(id, 8), "two") << "the end of the text belongs to its last line";
  EXPECT_EQ(sources.line_at(id, 800), "two");
}

TEST(Sources, HaveNoPlaceForAnUnknownSpan) {
  const Sources sources;
  EXPECT_EQ(sources.place({}), "");
  EXPECT_EQ(sources.text(Span{}), "");
}

TEST(Sources, KeepTextsWhereTheyAreWhileMoreAreAdded) {
  Sources sources;
  const SourceId first = sources.add("a", "short");
  const char* const before = sources.text(first).data();
  for (int i = 0; i < 1000; ++i) sources.add("b" + std::to_string(i), "x");
  EXPECT_EQ(sources.text(first).data(), before);
}

TEST(ReadingFleetFiles, TakesEveryFleetFileBelowTheRootSortedByPath) {
  const test::TemporaryFolder folder;
  folder.write("b.fleet", "b");
  folder.write("a/z.fleet", "z");
  folder.write("a-b.fleet", "ab");
  folder.write("a/deep/er/y.fleet", "y");
  folder.write("notes.txt", "no");
  folder.write(".muster/state.fleet", "no");
  folder.write("_drafts/x.fleet", "no");
  folder.write(".hidden.fleet", "no");
  const auto texts = read_fleet_files(system_files(), folder.path());
  ASSERT_TRUE(texts.ok()) << texts.failure().text;
  std::vector<std::string> paths;
  for (const FleetText& text : *texts) paths.push_back(text.path);
  EXPECT_EQ(paths, (std::vector<std::string>{"a-b.fleet", "a/deep/er/y.fleet", "a/z.fleet", "b.fleet"}));
  EXPECT_EQ(texts->back().text, "b");
}

TEST(ReadingFleetFiles, DoesNotFollowLinks) {
  const test::TemporaryFolder folder;
  folder.write("real/a.fleet", "a");
  std::filesystem::create_directory_symlink(folder.path(), folder.path() / "loop");
  std::filesystem::create_symlink(folder.path() / "real/a.fleet", folder.path() / "linked.fleet");
  const auto texts = read_fleet_files(system_files(), folder.path());
  ASSERT_TRUE(texts.ok()) << texts.failure().text;
  EXPECT_EQ(texts->size(), 1U);
}

TEST(ReadingFleetFiles, RefusesWhatIsNotUtf8AndNamesTheFile) {
  const test::TemporaryFolder folder;
  folder.write("teams/bad.fleet", "fleet \xff\xfe");
  const auto texts = read_fleet_files(system_files(), folder.path());
  ASSERT_FALSE(texts.ok());
  EXPECT_EQ(texts.failure().reason, Reason::invalid);
  EXPECT_NE(texts.failure().text.find("teams/bad.fleet"), std::string::npos);
}

TEST(ReadingFleetFiles, RefusesAFileOverFourMebibytes) {
  const test::TemporaryFolder folder;
  folder.write("large.fleet", std::string((std::size_t{4} << 20U) + 1, '#'));
  const auto texts = read_fleet_files(system_files(), folder.path());
  ASSERT_FALSE(texts.ok());
  EXPECT_EQ(texts.failure().reason, Reason::invalid);
  EXPECT_NE(texts.failure().text.find("large.fleet"), std::string::npos);
}

TEST(TheFleetsRoot, IsTheNearestFolderThatDeclaresTheFleet) {
  const test::TemporaryFolder folder;
  folder.write("fleet.fleet", "# ours\nfleet shop { language = \"1.0\" }\n");
  folder.write("teams/ledger/team.fleet", "team ledger { contact = \"#ledger\" }\n");
  const auto root = find_fleet_root(system_files(), folder.path() / "teams/ledger");
  ASSERT_TRUE(root.ok()) << root.failure().text;
  EXPECT_EQ(*root, folder.path());
}

TEST(TheFleetsRoot, IsTheTopmostFolderWithFleetFilesWhereNoneDeclaresIt) {
  const test::TemporaryFolder folder;
  folder.write("a.fleet", "service a { }\n");
  folder.write("b/c/d.fleet", "# fleet x\n");
  const auto root = find_fleet_root(system_files(), folder.path() / "b/c");
  ASSERT_TRUE(root.ok()) << root.failure().text;
  EXPECT_EQ(*root, folder.path());
}

TEST(TheFleetsRoot, SaysHowToBeginWhereThereIsNone) {
  const test::TemporaryFolder folder;
  const auto root = find_fleet_root(system_files(), folder.path());
  ASSERT_FALSE(root.ok());
  EXPECT_EQ(root.failure().reason, Reason::absent);
  EXPECT_NE(root.failure().text.find("muster init"), std::string::npos);
}

TEST(Diagnostics, AreSortedByPlaceAndSaidOnce) {
  Sources sources;
  const SourceId a = sources.add("a.fleet", "0123456789");
  const SourceId b = sources.add("b.fleet", "0123456789");
  Diagnostics late;
  late.error({b, 1, 2}, "F0101", "third");
  Diagnostics all;
  all.error({a, 5, 6}, "F0102", "second");
  all.error({a, 1, 2}, "F0101", "first");
  all.error({a, 5, 6}, "F0102", "second");
  all.warning({b, 4, 5}, "W0101", "fourth");
  all.append(std::move(late));
  all.sort();
  std::vector<std::string> messages;
  for (const Diagnostic& diagnostic : all.all()) messages.push_back(diagnostic.message);
  EXPECT_EQ(messages, (std::vector<std::string>{"first", "second", "third", "fourth"}));
  EXPECT_EQ(all.errors(), 3U);
}

}  // namespace
}  // namespace muster::diag
