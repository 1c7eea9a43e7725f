#include "muster/record/trailers.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "record/play.hpp"

namespace muster::record::test {
namespace {

Trailers example() {
  Trailers trailers;
  trailers.fleet = "shop";
  trailers.environment = "production";
  trailers.parent = std::string(40, 'a');
  trailers.made_by = {"", "0.1.0", "1.0"};
  trailers.releases.push_back(
      {"cart", sha256("x"), {Cause::push, Cause::image}, {{"source", source("v1")}, {"image.main", image("1.4.2")}}});
  trailers.releases.push_back({"old", std::nullopt, {Cause::fleet}, {{"declaration", Absent{}}}});
  trailers.renames.push_back({"basket", "cart"});
  return trailers;
}

git::Commit commit_with(const std::string& message, const std::string& parent) {
  git::Commit commit;
  commit.message = message;
  commit.parents.push_back(*git::Oid::parse(parent));
  return commit;
}

EnvironmentFile file() {
  EnvironmentFile out;
  out.fleet = "shop";
  out.environment = "production";
  return out;
}

TEST(Trailers, AreReadBackAsTheyWereWritten) {
  const auto read = parse_trailers(print_message("cart: push", "why\n\nmore", example()));
  ASSERT_TRUE(read);
  EXPECT_EQ(*read, example());
}

TEST(Trailers, LookAsTheRulesSay) {
  EXPECT_EQ(print_message("cart: push", "", example()),
            "cart: push\n\n"
            "Muster-Record: shop production aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\n"
            "Muster-Fleet: - 0.1.0 1.0\n"
            "Muster-Release: cart " +
                sha256("x").text() + " push,image image.main=registry.example/app:1.4.2;literal source=" + source("v1").commit.text() +
                "/" + source("v1").tree.text() +
                ";main;%;example.org/app\n"
                "Muster-Release: old absent fleet declaration=absent\n"
                "Muster-Renamed: basket cart\n");
}

TEST(Trailers, OfARevertAreNone) {
  const std::string message = "Revert \"cart: push\"\n\nThis reverts commit " + std::string(40, 'b') + ".\n";
  EXPECT_FALSE(parse_trailers(message));
}

TEST(Trailers, QuotedInABodyAreText) {
  const std::string quoted = print_message("cart: push", "", example());
  EXPECT_FALSE(parse_trailers("look at this\n\n" + quoted.substr(quoted.find("Muster-Record")) + "\nand say something\n"));
}

TEST(Trailers, SurviveASignOffAndWindowsLineEnds) {
  std::string message = print_message("cart: push", "", example()) + "Signed-off-by: Ann <ann@shop.example>\n";
  EXPECT_TRUE(parse_trailers(message));
  std::string windows;
  for (const char c : message) windows += c == '\n' ? std::string("\r\n") : std::string(1, c);
  const auto unix_again = parse_trailers(message);
  ASSERT_TRUE(unix_again);
  EXPECT_EQ(unix_again->releases.size(), 2U);
}

TEST(Trailers, OfACopiedCommitNameAnotherParent) {
  const std::string message = print_message("cart: push", "", example());
  const auto trailers = parse_trailers(message);
  ASSERT_TRUE(trailers);
  EXPECT_TRUE(is_record(*trailers, commit_with(message, std::string(40, 'a')), file()));
  EXPECT_FALSE(is_record(*trailers, commit_with(message, std::string(40, 'b')), file())) << "cherry-picked or rebased";
}

TEST(Trailers, OfAnotherBranchOrFleetAreForeign) {
  const std::string message = print_message("cart: push", "", example());
  const auto trailers = parse_trailers(message);
  EnvironmentFile other = file();
  other.environment = "staging";
  EXPECT_FALSE(is_record(*trailers, commit_with(message, std::string(40, 'a')), other));
  other = file();
  other.fleet = "bank";
  EXPECT_FALSE(is_record(*trailers, commit_with(message, std::string(40, 'a')), other));
}

TEST(Trailers, OfAFormerNameOfTheEnvironmentCount) {
  const std::string message = print_message("cart: push", "", example());
  EnvironmentFile renamed = file();
  renamed.environment = "prod-eu";
  renamed.renamed_from = {"production"};
  EXPECT_TRUE(is_record(*parse_trailers(message), commit_with(message, std::string(40, 'a')), renamed));
}

TEST(Trailers, ThatCannotBeReadMakeACommitForeign) {
  const std::string good = print_message("x", "", example());
  for (const char* bad : {"Muster-Release: cart", "Muster-Release: cart sha256:zz push", "Muster-Release: cart absent because",
                          "Muster-Release: cart absent push source=nothing", "Muster-Record: shop production", "Muster-Renamed: one"}) {
    EXPECT_FALSE(parse_trailers(good + bad + "\n")) << bad;
  }
}

TEST(Trailers, OfAVerbAreNoRecord) {
  Trailers trailers = example();
  trailers.verb = "resume";
  trailers.releases.clear();
  trailers.renames.clear();
  trailers.resumes.push_back({"cart", {{"source", source("v1")}}});
  trailers.made_by = {};
  const std::string message = print_message("Resume cart", "", trailers);
  const auto read = parse_trailers(message);
  ASSERT_TRUE(read);
  EXPECT_EQ(*read, trailers);
  EXPECT_FALSE(is_record(*read, commit_with(message, std::string(40, 'a')), file()));
  EXPECT_TRUE(is_verb(*read, commit_with(message, std::string(40, 'a')), file()));
  EXPECT_FALSE(is_verb(*read, commit_with(message, std::string(40, 'b')), file()));
}

RC_GTEST_PROP(Trailers, KeepAnyText,
              (const std::string& service, const std::string& branch, const std::string& path, const std::string& reference)) {
  RC_PRE(!service.empty());
  Trailers trailers;
  trailers.fleet = "shop";
  trailers.environment = "production";
  trailers.parent = std::string(40, 'a');
  SourceValue value = source("v");
  value.branch = branch;
  value.path = path;
  ImageValue built = image("1");
  built.reference = reference;
  trailers.releases.push_back({service, sha256("x"), {Cause::push}, {{"source", value}, {"image." + service, built}}});
  const auto read = parse_trailers(print_message("subject", "", trailers));
  RC_ASSERT(read.has_value());
  RC_ASSERT(*read == trailers);
}

RC_GTEST_PROP(Trailers, NeverCrashOnAnyMessage, (const std::string& text)) {
  (void)parse_trailers(text);
  (void)parse_trailers("x\n\nMuster-Record: a b c\nMuster-Release: " + text);
}

}  // namespace
}  // namespace muster::record::test
