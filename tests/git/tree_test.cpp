#include <fmt/core.h>
#include <gmock/gmock.h>

#include "git/fixture.hpp"
#include "git/object_text.hpp"

namespace muster::git {
namespace {

using ::testing::HasSubstr;

class Trees : public GitTest {
 protected:
  Trees() : remotes(make()), repository(remotes->open_local(folder("records.git")).value()) {}
  Oid make_tree(const std::map<std::string, std::string>& files) {
    return edit_tree(*repository, std::nullopt, edits_of(*repository, files)).value();
  }
  std::vector<std::string> paths(const Oid& tree) {
    std::vector<std::string> out;
    for (const TreeChange& change : compare_trees(*repository, std::nullopt, tree).value()) out.push_back(change.path);
    return out;
  }
  std::unique_ptr<Remotes> remotes;
  std::shared_ptr<Repository> repository;
};

TEST_F(Trees, SortFoldersAsIfTheirNamesEndedInASlash) {
  const Oid tree = make_tree({{"foo.bar", "1"}, {"foo/x", "2"}, {"foo0", "3"}});
  std::vector<std::string> names;
  for (const TreeEntry& entry : repository->tree(tree).value()) names.push_back(entry.name);
  EXPECT_EQ(names, (std::vector<std::string>{"foo.bar", "foo", "foo0"}));
}

TEST_F(Trees, SetAndRemoveFilesAndLetEmptyFoldersVanish) {
  const Oid base = make_tree({{"cart/a", "1"}, {"cart/b", "2"}, {"deep/er/x", "3"}});
  std::map<std::string, TreeEdit> edits = edits_of(*repository, {{"cart/c", "4"}});
  edits["cart/a"] = {};
  edits["deep/er/x"] = {};
  edits["never/there"] = {};
  const Oid after = edit_tree(*repository, base, edits).value();
  EXPECT_EQ(paths(after), (std::vector<std::string>{"cart/b", "cart/c"}));
  EXPECT_EQ(edit_tree(*repository, base, {}).value(), base);
}

TEST_F(Trees, ReplaceAWholeFolderByATree) {
  const Oid base = make_tree({{"cart/a", "1"}, {"other", "2"}});
  const Oid cart = make_tree({{"z", "9"}});
  const Oid after = edit_tree(*repository, base, {{"cart", {TreeEntry{{}, Mode::tree, cart}}}}).value();
  EXPECT_EQ(paths(after), (std::vector<std::string>{"cart/z", "other"}));
}

TEST_F(Trees, RefuseToPutAFileBelowAFile) {
  const Oid base = make_tree({{"cart", "a file"}});
  const auto refused = edit_tree(*repository, base, edits_of(*repository, {{"cart/a", "1"}}));
  EXPECT_EQ(refused.failure().reason, Reason::conflict);
  EXPECT_THAT(refused.failure().text, HasSubstr("'cart' is a file"));
}

TEST_F(Trees, RefuseEveryNameOfGitsOwnFolder) {
  for (const char* name : {".git", ".GIT", ".giT", "git~1", "GIT~1", ".git.", ".git ", ".git. .", ".git::$INDEX_ALLOCATION", ".git\\x",
                           ".g\xE2\x80\x8Cit", "\xEF\xBB\xBF.git", "..", ".", "", "a\nb", "a\x01", "a\x7f"}) {
    EXPECT_FALSE(is_safe_name(name)) << name;
    const auto refused = edit_tree(*repository, std::nullopt, edits_of(*repository, {{std::string("x/") + name, "1"}}));
    EXPECT_EQ(refused.failure().reason, Reason::invalid) << name;
  }
  for (const char* name : {".gitignore", ".gitattributes", "git", "git~2", "...", "a b", "é", ".github"})
    EXPECT_TRUE(is_safe_name(name)) << name;
}

TEST_F(Trees, CompareWithoutReadingEqualFolders) {
  const Oid before = make_tree({{"a/x", "1"}, {"b/x", "1"}, {"gone", "2"}, {"kind", "3"}});
  const Oid after = make_tree({{"a/x", "1"}, {"b/x", "other"}, {"kind/file", "3"}, {"new", "4"}});
  const auto changes = compare_trees(*repository, before, after).value();
  std::vector<std::string> seen;
  for (const TreeChange& change : changes)
    seen.push_back(fmt::format("{}{}{}", change.before ? "-" : "", change.after ? "+" : "", change.path));
  EXPECT_EQ(seen, (std::vector<std::string>{"-+b/x", "-gone", "-kind", "+kind/file", "+new"}));
}

TEST_F(Trees, FindEntriesByPath) {
  const Oid tree = make_tree({{"a/b/c", "1"}});
  EXPECT_EQ(find_entry(*repository, tree, "a/b").value()->mode, Mode::tree);
  EXPECT_EQ(find_entry(*repository, tree, "").value()->id, tree);
  EXPECT_EQ(find_entry(*repository, tree, "a/b/c/d").value(), std::nullopt);
  EXPECT_EQ(find_entry(*repository, tree, "a/x").value(), std::nullopt);
}

TEST_F(Trees, BoundABombOfFoldersThatNameEachOther) {
  Oid tree = repository->write_tree({{"leaf", Mode::file, repository->write_blob("x").value()}}).value();
  for (int level = 0; level < 12; ++level) {
    std::vector<TreeEntry> entries;
    for (int i = 0; i < 10; ++i) entries.push_back({std::to_string(i), Mode::tree, tree});
    tree = repository->write_tree(entries).value();
  }
  EXPECT_EQ(compare_trees(*repository, std::nullopt, tree).failure().reason, Reason::limit);
}

TEST_F(Trees, BoundTheDepthOfFolders) {
  Oid tree = repository->write_tree({{"leaf", Mode::file, repository->write_blob("x").value()}}).value();
  for (int level = 0; level < 1000; ++level) tree = repository->write_tree({{"d", Mode::tree, tree}}).value();
  EXPECT_EQ(compare_trees(*repository, std::nullopt, tree).failure().reason, Reason::limit);
}

TEST(ObjectText, ReadsCommitsOfAnyAge) {
  const std::string head = "tree " + std::string(40, 'a') + "\nparent " + std::string(40, 'b') + "\n";
  const Commit plain =
      parse_commit({}, head + "author A B <a@b> 1700000000 -0330\ncommitter C <c> 99999999999999 +0000\ngpgsig -----\n x\n\nhello\n")
          .value();
  EXPECT_EQ(plain.author.name, "A B");
  EXPECT_EQ(plain.author.email, "a@b");
  EXPECT_EQ(plain.author.offset_minutes, -210);
  EXPECT_EQ(format_instant(plain.committer.at), "9999-12-31T23:59:59Z");
  EXPECT_EQ(plain.message, "hello\n");
  EXPECT_EQ(parse_commit({}, head + "author nobody\ncommitter <> -5 x\n").value().author.name, "nobody");
  EXPECT_EQ(parse_commit({}, head + "author nobody\n").failure().reason, Reason::corrupt);
  EXPECT_EQ(parse_commit({}, "tree x\n").failure().reason, Reason::corrupt);
}

TEST(ObjectText, RefusesPeopleThatGitCannotStore) {
  NewCommit commit;
  commit.author.name = "evil\nparent 0";
  EXPECT_EQ(commit_text(commit).failure().reason, Reason::invalid);
}

TEST(ObjectText, StopsAtDamagedTrees) {
  using namespace std::string_view_literals;
  for (const auto bytes : {"100644 a"sv, "100644 a\0short"sv, "xyz a\0aaaaaaaaaaaaaaaaaaaa"sv, "1000000000644 a\0aaaaaaaaaaaaaaaaaaaa"sv}) {
    EXPECT_EQ(parse_tree(bytes).failure().reason, Reason::corrupt);
  }
}

TEST(ObjectText, RefusesTreesWhoseNamesLeadOutOfThem) {
  for (const std::string name : {"", ".", "..", "a/b", "/etc", "../x"}) {
    EXPECT_EQ(parse_tree("100644 " + name + std::string(1, '\0') + std::string(20, 'a')).failure().reason, Reason::corrupt) << name;
  }
}

}  // namespace
}  // namespace muster::git
