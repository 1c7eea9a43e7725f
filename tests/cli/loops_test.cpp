// apply, deliver, reconcile and what git alone does to an environment branch.
#include "cli/muster.hpp"
#include "support/registry_server.hpp"

namespace muster::test {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

TEST_F(Muster, AppliesAFleetAndFindsNothingTheSecondTime) {
  two_services();
  const Ran first = muster({"apply"});
  EXPECT_THAT(first, EndsWith(0));
  EXPECT_THAT(first.out, HasSubstr("staging: recorded 2 services as "));
  EXPECT_LT(first.out.find("staging: wrote 2 instances"), first.out.find("production: wrote 2 instances")) << "upstream first";
  EXPECT_EQ(stands("cart", "staging"), "one");
  EXPECT_EQ(stands("cart", "production"), "one");
  const Ran second = muster({"apply"});
  EXPECT_THAT(second, EndsWith(0));
  EXPECT_THAT(second.out, HasSubstr("staging: nothing to record, 2 unchanged"));
  EXPECT_THAT(second.out, HasSubstr("production: nothing to record, 2 unchanged"));
  EXPECT_THAT(second.out, HasSubstr("staging: target matches, 2 instances"));
  EXPECT_THAT(second.out, Not(HasSubstr("wrote")));
  EXPECT_THAT(second.error, IsEmpty());
}

TEST_F(Muster, ObeysAPlainGitRevertOverManyPassesUntilSomethingNewerAppears) {
  two_services();
  ASSERT_THAT(muster({"apply"}), EndsWith(0));
  change("cart", "two");
  ASSERT_THAT(muster({"apply"}), EndsWith(0));
  ASSERT_EQ(stands("cart", "staging"), "two");
  revert_with_git("staging");
  for (int pass = 0; pass < 3; ++pass) {
    EXPECT_THAT(muster({"apply", "--in", "staging"}), EndsWith(0));
    EXPECT_EQ(stands("cart", "staging"), "one") << pass;
  }
  EXPECT_THAT(muster({"status"}).out, HasSubstr("taken back"));
  change("cart", "three");
  EXPECT_THAT(muster({"apply", "--in", "staging"}), EndsWith(0));
  EXPECT_EQ(stands("cart", "staging"), "three");
}

TEST_F(Muster, TakesFromCIWhatItBuiltForAServiceWhoseImageNobodyNames) {
  if (const auto missing = RegistryServer::missing()) GTEST_SKIP() << *missing;
  RegistryServer registry;
  const std::string web = registry.host() + "/web";
  const std::string first = registry.push("web", "1", "one");
  const std::string second = registry.push("web", "2", "two");
  two_services();
  write("fleet/web.fleet", "service web : std.web { repo = \"../code/web.git\" }\n");
  change("web", "one");
  EXPECT_THAT(muster({"check"}).out, HasSubstr("note: web: no image is named, so it waits for CI: `muster deliver web --image REF`\n"));
  EXPECT_THAT(muster({"deliver", "web@staging"}).out, HasSubstr("`muster deliver web --image main=REFERENCE` after the build"));
  EXPECT_THAT(muster({"deliver", "web@staging", "--image", "main=" + web + ":1", "--commit", "4f2c9d1"}).out,
              HasSubstr("image.main " + web + ":1 (" + first.substr(0, 19) + ") (image)"));
  ASSERT_THAT(muster({"apply"}), EndsWith(0));
  EXPECT_THAT(read("out/production/shop/deployment.apps-web.yaml"), HasSubstr("image: " + web + "@" + first));
  ASSERT_THAT(muster({"apply", "web@staging", "--image", web + ":2"}), EndsWith(2)) << "apply takes none";
  ASSERT_THAT(muster({"deliver", "web@staging", "--image", web + ":2"}), EndsWith(0));
  ASSERT_THAT(muster({"apply"}), EndsWith(0));
  EXPECT_THAT(read("out/staging/shop/deployment.apps-web.yaml"), HasSubstr("image: " + web + "@" + second));

  EXPECT_THAT(muster({"deliver", "--image", web + ":2"}).error, HasSubstr("--image is for one service"));
  EXPECT_THAT(muster({"deliver", "web@production", "--image", web + ":2"}).error, HasSubstr("no branch feeds web in production"));
  EXPECT_THAT(muster({"deliver", "cart", "--image", web + ":2"}).error, HasSubstr("cart has no image of its own"));
  EXPECT_THAT(muster({"deliver", "web", "--image", "side=" + web + ":2"}).error, HasSubstr("web has no image `side`; it has main"));
  EXPECT_THAT(muster({"deliver", "web", "--commit", "4f2c9d1"}).error, HasSubstr("give --image too"));
  ASSERT_THAT(muster({"hold", "web@staging", "--reason", "audit"}), EndsWith(0));
  EXPECT_THAT(muster({"deliver", "web@staging", "--image", web + ":3"}).error, HasSubstr("web@staging did not take `" + web + ":3`"));
}

TEST_F(Muster, RecordsNoImageFromCIThatItsRegistryDoesNotHave) {
  if (const auto missing = RegistryServer::missing()) GTEST_SKIP() << *missing;
  RegistryServer registry;
  registry.push("web", "1", "one");
  two_services();
  write("fleet/web.fleet", "service web : std.web { repo = \"../code/web.git\" }\n");
  change("web", "one");
  for (const std::string& image : {registry.host() + "/web:typo", registry.host() + "/web@sha256:" + std::string(64, 'a'),
                                   "https://" + registry.host() + "/web:1", std::string("-web:1")}) {
    const Ran ran = muster({"deliver", "web@staging", "--image", image});
    EXPECT_THAT(ran.out, HasSubstr("staging: nothing to record")) << image;
    EXPECT_NE(ran.code, 0) << image;
    EXPECT_THAT(ran.error, HasSubstr("web@staging did not take")) << image;
  }
  EXPECT_FALSE(exists("out"));
}

TEST_F(Muster, DeliversWithoutTouchingTargetsAndReconcilesOneEnvironmentAlone) {
  two_services();
  const Ran delivered = muster({"deliver"});
  EXPECT_THAT(delivered, EndsWith(0));
  EXPECT_THAT(delivered.out, HasSubstr("staging: recorded 2 services"));
  EXPECT_FALSE(exists("out"));
  const Ran reconciled = muster({"reconcile", "--in", "staging"});
  EXPECT_THAT(reconciled, EndsWith(0));
  EXPECT_THAT(reconciled.out, Not(HasSubstr("production")));
  EXPECT_EQ(stands("cart", "staging"), "one");
  EXPECT_EQ(stands("cart", "production"), "");
}

}  // namespace
}  // namespace muster::test
