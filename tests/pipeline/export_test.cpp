#include "pipeline/export.hpp"

#include <sys/stat.h>

#include <fstream>
#include <iterator>

#include "pipeline/fixture.hpp"

namespace muster::pipeline {
namespace {

using testing::HasSubstr;

class ExportTest : public PipelineTest {
 protected:
  Result<void> put(const source::Tree& tree, const ExportLimits& limits = {}) {
    return export_tree(world.files, tree, folder.path() / "out", limits, {});
  }
  [[nodiscard]] unsigned bits(std::string_view name) const {
    struct stat status {};
    return lstat((folder.path() / "out" / name).c_str(), &status) == 0 ? status.st_mode & 0777U : 0U;
  }
  [[nodiscard]] std::string bytes(std::string_view name) const { return folder.read("out/" + std::string(name)); }
};

TEST_F(ExportTest, WritesTheFilesOfTheServicesFolderAndNothingElse) {
  const auto tree = commit({{"cart/Containerfile", "FROM scratch\n"}, {"cart/src/a/b.c", "int b;"}, {"other/secret", "x"}}, "cart");
  ASSERT_TRUE(put(*tree).ok());
  EXPECT_EQ(bytes("Containerfile"), "FROM scratch\n");
  EXPECT_EQ(bytes("src/a/b.c"), "int b;");
  EXPECT_FALSE(std::filesystem::exists(folder.path() / "out" / ".git"));
  EXPECT_FALSE(std::filesystem::exists(folder.path() / "out" / "secret"));
}

TEST_F(ExportTest, GivesPermissionsThatDependOnNoUmask) {
  const auto tree = commit({{"run.sh", "", "100755"}, {"folder/plain", ""}});
  const mode_t before = umask(0077);
  const auto exported = put(*tree);
  umask(before);
  ASSERT_TRUE(exported.ok());
  EXPECT_EQ(bits("run.sh"), 0755U);
  EXPECT_EQ(bits("folder/plain"), 0644U);
  EXPECT_EQ(bits("folder"), 0755U);
}

TEST_F(ExportTest, FollowsLinksInsideTheRepository) {
  const auto tree = commit({{"cart/link", "../shared/text", "120000"}, {"shared/text", "shared"}}, "cart");
  ASSERT_TRUE(put(*tree).ok());
  EXPECT_EQ(bytes("link"), "shared");
}

TEST_F(ExportTest, FollowsLinksToFoldersAndGoesNoRounds) {
  const auto tree = commit({{"cart/vendor", "../shared", "120000"},
                            {"cart/src/here", ".", "120000"},
                            {"cart/src/up", "..", "120000"},
                            {"cart/src/a.c", "int a;"},
                            {"shared/deep/text", "shared"},
                            {"shared/back", "../cart", "120000"}},
                           "cart");
  ASSERT_TRUE(put(*tree).ok());
  EXPECT_EQ(bytes("vendor/deep/text"), "shared");
  EXPECT_EQ(bytes("src/a.c"), "int a;");
  EXPECT_FALSE(std::filesystem::exists(folder.path() / "out/vendor/back"));
  EXPECT_FALSE(std::filesystem::exists(folder.path() / "out/src/up"));
}

/// Names that only a hand-made tree can have.
TEST_F(ExportTest, RefusesNamesThatWouldClimbOutOrHideARepository) {
  for (const std::string name : {"..", ".git", ".GIT"}) {
    const auto tree = commit_raw("100644", name, "hooks");
    ASSERT_TRUE(tree.ok()) << tree.failure().text;
    const auto exported = put(**tree);
    ASSERT_FALSE(exported.ok()) << name;
    EXPECT_THAT(exported.failure().reason, testing::AnyOf(Reason::invalid, Reason::corrupt));
    std::filesystem::remove_all(folder.path() / "out");
  }
}

TEST_F(ExportTest, RefusesLinksThatLeadOut) {
  for (const std::string target : {"../../../etc/passwd", "/etc/passwd", "nowhere"}) {
    const auto exported = put(*commit({{"cart/passwd", target, "120000"}}, "cart"));
    ASSERT_FALSE(exported.ok()) << target;
    EXPECT_THAT(exported.failure().text, HasSubstr("passwd"));
    std::filesystem::remove_all(folder.path() / "out");
  }
}

TEST_F(ExportTest, RefusesMoreBytesThanTheLimit) {
  const auto tree = commit({{"a", std::string(600, 'a')}, {"b", std::string(600, 'b')}});
  EXPECT_THAT(put(*tree, {1024, 1024}).failure().text, HasSubstr("the files of shop/cart are more than"));
  std::filesystem::remove_all(folder.path() / "out");
  EXPECT_EQ(put(*tree, {4096, 500}).failure().reason, Reason::limit);
}

TEST(ContentTag, ChangesWithTheTreeAndWithTheDeclarationAlone) {
  model::Build build;
  build.declaration = "one";
  const git::Oid tree = git::Oid::parse(std::string(40, 'a')).value();
  const std::string tag = content_tag(build, tree);
  EXPECT_THAT(tag, testing::MatchesRegex("muster-[0-9a-f]{32}"));
  build.timeout = std::chrono::hours(9);
  EXPECT_EQ(content_tag(build, tree), tag);
  EXPECT_NE(content_tag(build, git::Oid::parse(std::string(40, 'b')).value()), tag);
  build.declaration = "two";
  EXPECT_NE(content_tag(build, tree), tag);
}

}  // namespace
}  // namespace muster::pipeline
