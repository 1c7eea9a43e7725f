// The files of an environment branch: what is written is read back, what is wrong names its place.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "muster/record/environment_file.hpp"
#include "muster/record/layout.hpp"
#include "muster/record/statements.hpp"
#include "record/play.hpp"

namespace muster::record::test {
namespace {

using ::testing::HasSubstr;

EnvironmentFile environment_file() {
  EnvironmentFile file;
  file.fleet = "shop";
  file.environment = "production";
  file.id = "0123456789abcdef0123456789abcdef";
  file.target = {"prod", "directory", "out/production", Object{{"mode", "0644"}}};
  file.budget.deletions = 5;
  file.repair_drift = false;
  file.renamed_from = {"prod"};
  file.written_by = {std::string(40, 'a'), "0.1.0", "1.0"};
  return file;
}

TEST(EnvironmentFile, IsReadBack) {
  const auto read = parse_environment_file(print(environment_file()), "muster.yaml");
  ASSERT_TRUE(read.ok()) << read.failure().text;
  EXPECT_EQ(print(*read), print(environment_file()));
  EXPECT_TRUE(read->answers_to("prod"));
  EXPECT_FALSE(read->repair_drift);
}

TEST(EnvironmentFile, OfANewerMusterIsRefusedByName) {
  const auto read = parse_environment_file("format: 2\nfleet: shop\n", "muster.yaml");
  ASSERT_FALSE(read.ok());
  EXPECT_EQ(read.failure().reason, Reason::unsupported);
  EXPECT_THAT(read.failure().text, HasSubstr("newer muster"));
}

TEST(EnvironmentFile, SaysWhatIsMissingAndWhere) {
  const auto read = parse_environment_file("format: 1\nfleet: shop\nenvironment: production\nid: x\ntarget: {name: a}\n", "muster.yaml");
  ASSERT_FALSE(read.ok());
  EXPECT_EQ(read.failure().text, "muster.yaml: target: `kind` is missing");
}

Release release() {
  Release out;
  out.service = "cart";
  out.environment = "production";
  out.fleet = "shop";
  out.made_by = {std::string(40, 'a'), "0.1.0", "1.0"};
  out.inputs = {{"source", {source("v1"), Cause::push}},
                {"image.main", {image("1.4.2"), Cause::image}},
                {"declaration", {declaration("a"), Cause::fleet}},
                {"from", {FromValue{"staging", source("x").commit, sha256("b")}, Cause::promotion}}};
  out.release = release_digest(out.values());
  out.objects = sha256("objects");
  out.kinds = {"std.web", "std.workload"};
  out.renderer = "manifests/1";
  out.namespace_name = "shop";
  out.needs = {{"payments", "production"}, {"idp", "prod-eu"}};
  out.together = {"schema"};
  out.renamed_from = {"basket"};
  out.job = ReleaseJob{true, sha256("run")};
  out.identities = {{"shop", "", "Service", "cart"}, {"shop", "apps", "Deployment", "cart"}};
  return out;
}

TEST(Release, IsReadBackWithEveryInputAndItsOrigin) {
  const auto read = parse_release(print(release()), "cart/release.yaml");
  ASSERT_TRUE(read.ok()) << read.failure().text;
  EXPECT_EQ(*read, release());
}

TEST(Release, NamesNeedsOfOtherEnvironmentsWithThem) { EXPECT_THAT(print(release()), HasSubstr("needs:\n- payments\n- idp@prod-eu\n")); }

TEST(Release, HasADigestOverContentNeverOverCommits) {
  Inputs inputs = release().values();
  SourceValue again = source("v1");
  again.commit = source("later").commit;
  inputs["source"] = again;
  EXPECT_EQ(release_digest(inputs), release().release);
  inputs["declaration"] = declaration("b");
  EXPECT_NE(release_digest(inputs), release().release);
}

TEST(Release, SaysWhatIsWrongAndWhere) {
  std::string text = print(release());
  text.replace(text.find("cause: push"), 11, "cause: luck");
  const auto read = parse_release(text, "cart/release.yaml");
  ASSERT_FALSE(read.ok());
  EXPECT_THAT(read.failure().text, HasSubstr("cart/release.yaml: inputs.source: `cause` is `luck`"));
  EXPECT_FALSE(parse_release("[]", "x").ok());
  EXPECT_FALSE(parse_release("", "x").ok());
  EXPECT_FALSE(parse_release("format: 1\n", "x").ok());
}

TEST(Hold, IsReadBackAndMayBeWrittenInHaste) {
  const Hold hold{"cart", *parse_instant("2026-05-04T10:00:00Z"), "Ann <ann@shop.example>", "looks: slow", true};
  const auto read = parse_hold(print(hold), hold_path("cart"));
  ASSERT_TRUE(read.ok()) << read.failure().text;
  EXPECT_EQ(*read, hold);
  EXPECT_TRUE(parse_hold("service: cart\n", "x").ok());
}

TEST(Approval, IsReadBackWhateverItApproves) {
  Approval release;
  release.service = "cart";
  release.inputs = {{"from", FromValue{"staging", source("x").commit, sha256("b")}}, {"declaration", declaration("a")}};
  release.skip = {"soak"};
  release.team = "platform";
  Approval deletions;
  deletions.what = Approval::What::deletions;
  deletions.objects = {{"shop", "", "Service", "cart"}};
  Approval changes;
  changes.what = Approval::What::changes;
  changes.declarations = {{"cart", sha256("a")}};
  for (Approval approval : {release, deletions, changes}) {
    approval.by = "Ann";
    approval.since = *parse_instant("2026-05-04T10:00:00Z");
    const auto read = parse_approval(print(approval), "x");
    ASSERT_TRUE(read.ok()) << read.failure().text;
    EXPECT_EQ(*read, approval);
  }
  EXPECT_FALSE(parse_approval("approves: everything\n", "x").ok());
  EXPECT_FALSE(parse_approval("approves: release\nservice: cart\n", "x").ok()) << "an approval names exact values";
}

TEST(Approval, HasAFileOfItsOwnForEachPersonAndValue) {
  Approval approval;
  approval.service = "cart";
  approval.inputs = {{"declaration", declaration("a")}};
  approval.by = "Ann";
  const std::string path = approval_path(approval);
  EXPECT_TRUE(path.starts_with(".approvals/cart-"));
  approval.since += std::chrono::hours(1);
  EXPECT_EQ(approval_path(approval), path);
  approval.by = "Bob";
  EXPECT_NE(approval_path(approval), path);
}

}  // namespace
}  // namespace muster::record::test
