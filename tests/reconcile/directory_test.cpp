// Reconcile into real folders, as people feed them to other tools.
#include <gmock/gmock.h>

#include <algorithm>
#include <filesystem>

#include "muster/base/text.hpp"
#include "muster/reconcile/pass.hpp"
#include "shop.hpp"
#include "support/git_repository.hpp"

namespace muster::reconcile {
namespace {

namespace fs = std::filesystem;
using test::config;
using test::Shop;
using testing::HasSubstr;

const InstanceKey kCart{"production", "cart"};
constexpr const char* kCartFile = "out/prod/shop/configmap-cart.yaml";

/// Every file of the target with its bytes and times, muster's own included.
std::string listing(Shop& shop, const std::string& what = "%P %s %T@\\n") {
  const std::string found = test::run_program({"find", (shop.folder.path() / "out").string(), "-type", "f", "-printf", what});
  std::vector<std::string_view> lines = split(found, '\n');
  std::sort(lines.begin(), lines.end());
  return join({lines.begin(), lines.end()}, "\n");
}

struct Directory : Shop {
  Directory() {
    use_directories();
    begin("production");
    record("production", {{"cart", {config("cart", "one"), config("extra", "x")}}, {"web", {test::deployment("web", 2)}}});
  }
  [[nodiscard]] fs::path at(const std::string& relative) const { return folder.path() / relative; }
  [[nodiscard]] std::string text(const std::string& relative) const { return folder.read(relative); }
};

TEST(Directory, ASecondRunTouchesNoFile) {
  Directory shop;
  EXPECT_EQ(shop.pass().exit_code(), 0);
  EXPECT_THAT(shop.text(kCartFile), HasSubstr("text: one"));
  const auto before = listing(shop);
  EXPECT_EQ(shop.pass().exit_code(), 0);
  EXPECT_EQ(listing(shop), before);
}

TEST(Directory, HandEditsAndDeletedFilesArePutBackAndForeignFilesNeverTouched) {
  Directory shop;
  shop.pass();
  shop.folder.write(kCartFile, "something: else\n");
  shop.folder.write("out/prod/shop/notes.txt", "a person's");
  shop.folder.write("out/prod/shop/configmap-foreign.yaml", "theirs: true\n");
  fs::remove(shop.at("out/prod/shop/configmap-extra.yaml"));
  const auto report = shop.pass();
  EXPECT_EQ(report.find(kCart)->repaired, 2U);
  EXPECT_THAT(shop.text(kCartFile), HasSubstr("text: one"));
  EXPECT_TRUE(fs::exists(shop.at("out/prod/shop/configmap-extra.yaml")));
  shop.record("production", {}, {"cart", "web"});
  shop.pass();
  EXPECT_FALSE(fs::exists(shop.at(kCartFile)));
  EXPECT_EQ(shop.text("out/prod/shop/notes.txt"), "a person's");
  EXPECT_EQ(shop.text("out/prod/shop/configmap-foreign.yaml"), "theirs: true\n");
}

TEST(Directory, AForeignFileOfThatNameIsAConflictUntilItIsMovedAway) {
  Directory shop;
  shop.folder.write(kCartFile, "theirs: true\n");
  EXPECT_EQ(shop.pass().exit_code(), 1);
  EXPECT_EQ(shop.text(kCartFile), "theirs: true\n");
  EXPECT_TRUE(fs::exists(shop.at("out/prod/shop/deployment.apps-web.yaml")));
  fs::remove(shop.at(kCartFile));
  EXPECT_EQ(shop.pass().exit_code(), 0);
}

TEST(Directory, IsRebuiltWhereMustersOwnNotesInItAreDeleted) {
  Directory shop;
  shop.pass();
  shop.record("production", {{"cart", {config("cart", "two")}, "v2"}});
  fs::remove_all(shop.at("out/prod/.muster"));
  const auto report = shop.pass();
  EXPECT_EQ(report.exit_code(), 0) << report.find(kCart)->text;
  EXPECT_THAT(shop.text(kCartFile), HasSubstr("text: two"));
  EXPECT_TRUE(fs::exists(shop.at("out/prod/shop/configmap-extra.yaml")));  // A leftover: listed, never deleted.
  EXPECT_THAT(report.find(kCart)->remarks, testing::ElementsAre(HasSubstr("ConfigMap shop/extra")));
  EXPECT_EQ(shop.pass().exit_code(), 0);
  EXPECT_TRUE(shop.plan().empty());
}

TEST(Directory, ATruncatedInventoryIsLostAndRebuiltAndDeletesNothing) {
  Directory shop;
  shop.pass();
  const auto before = listing(shop, "%P\\n");
  for (const auto& file : fs::recursive_directory_iterator(shop.at("out/prod/.muster"))) {
    if (file.is_regular_file() && file.path().filename().string().starts_with("cart")) fs::resize_file(file.path(), 40);
  }
  const auto report = shop.pass();
  EXPECT_EQ(report.exit_code(), 0) << report.find(kCart)->text;
  EXPECT_TRUE(report.plan.find(kCart)->rebuild);
  EXPECT_EQ(listing(shop, "%P\\n"), before);
  EXPECT_TRUE(shop.plan().empty()) << dump(shop.plan());
}

TEST(Directory, ADamagedStampHoldsItsEnvironmentAndOnlyThat) {
  Directory shop;
  shop.begin("staging");
  shop.record("staging", {{"idp", {config("idp", "1")}}});
  shop.pass();
  for (const auto& file : fs::recursive_directory_iterator(shop.at("out/prod/.muster"))) {
    const bool stamp = file.is_regular_file() && file.path().parent_path().filename() == shop.id("production") &&
                       file.path().filename().string().find("stamp") != std::string::npos;
    if (stamp) fs::resize_file(file.path(), 10);
  }
  shop.record("production", {{"cart", {config("cart", "two")}, "v2"}});
  shop.record("staging", {{"idp", {config("idp", "2")}, "v2"}});
  const auto report = shop.pass();
  EXPECT_EQ(report.exit_code(), 4);
  EXPECT_THAT(shop.text(kCartFile), HasSubstr("text: one"));
  EXPECT_THAT(shop.text("out/prod/shop/configmap-idp.yaml"), HasSubstr("text: \"2\""));
}

TEST(Directory, ALinkInTheTargetIsNoFaultOfTheBranch) {
  Directory shop;
  shop.pass();
  fs::rename(shop.at("out/prod/shop"), shop.at("elsewhere"));
  fs::create_directory_symlink(shop.at("elsewhere"), shop.at("out/prod/shop"));
  const auto plan = shop.plan();
  const auto& hold = plan.environments.at(0).hold;
  ASSERT_TRUE(hold);
  EXPECT_THAT(hold->text, HasSubstr("move it away, muster follows no links inside a target"));
  EXPECT_EQ(hold->expected, "");
  EXPECT_EQ(hold->lift, "") << "nobody is to retire an environment for a link";
}

TEST(Directory, TwoTargetsOfOneFolderAreOneTarget) {
  Directory shop;
  record::EnvironmentFile file;
  file.fleet = "shop";
  file.environment = "staging";
  file.target = {"other", "directory", "./out/../out/prod", {}};
  ASSERT_TRUE(shop.records->create(file, {"muster", "m@shop.example", {}, 0}, {}).ok());
  shop.pass();
  shop.record("staging", {{"thief", {config("cart", "stolen")}}});
  const auto report = shop.pass();
  EXPECT_THAT(report.find({"staging", "thief"})->text, HasSubstr("cart@production"));
  EXPECT_THAT(shop.text(kCartFile), HasSubstr("text: one"));
}

TEST(Directory, RenamesAndMovesKeepTheirFiles) {
  Directory shop;
  shop.pass();
  const auto inode = [&] { return test::run_program({"stat", "-c", "%i %Y", shop.at(kCartFile).string()}); };
  const auto before = inode();
  shop.record("production",
              {{"basket", {config("cart", "one")}, "v2", {}, {"cart"}}, {"web", {test::deployment("web", 2), config("extra", "x")}, "v2"}});
  EXPECT_EQ(shop.pass().exit_code(), 0);
  EXPECT_EQ(inode(), before);
  EXPECT_TRUE(fs::exists(shop.at("out/prod/shop/configmap-extra.yaml")));
  EXPECT_TRUE(shop.plan().empty()) << dump(shop.plan());
}

TEST(Directory, GivesTheSameFilesWithOneAndEightThreads) {
  std::vector<std::string> trees;
  for (const unsigned jobs : {1U, 8U}) {
    Directory shop;
    shop.jobs = jobs;
    std::vector<test::Written> written;
    for (int i = 0; i < 60; ++i)
      written.push_back({"s" + std::to_string(i), {config("s" + std::to_string(i), "1"), config("t" + std::to_string(i), "1")}});
    shop.record("production", written);
    EXPECT_EQ(shop.pass().exit_code(), 0);
    std::vector<std::string> files;
    for (const auto& file : fs::recursive_directory_iterator(shop.at("out/prod/shop"))) {
      files.push_back(file.path().filename().string() + "\n" + shop.folder.read("out/prod/shop/" + file.path().filename().string()));
    }
    std::sort(files.begin(), files.end());
    trees.push_back(join(files, "\n"));
  }
  EXPECT_EQ(trees[0], trees[1]);
}

}  // namespace
}  // namespace muster::reconcile
