// plan, plan --out and apply PLAN: exactly that, or nothing.
#include "cli/muster.hpp"

namespace muster::test {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

TEST_F(Muster, PlansAFreshFleetWithoutWritingAnything) {
  two_services();
  const Ran ran = muster({"plan", "--exit-code"});
  EXPECT_THAT(ran, EndsWith(3));
  EXPECT_THAT(ran.out, AllOf(HasSubstr("create ConfigMap shop/cart"),
                             HasSubstr("cart, payments follow what is recorded upstream, in the same `muster apply`"),
                             HasSubstr("2 instances would change: 2 to create, 0 to change, 0 to prune"), Not(HasSubstr("no branch yet"))));
  EXPECT_FALSE(exists("out"));
  EXPECT_THAT(muster({"status"}).out, HasSubstr("no branch yet"));
}

TEST_F(Muster, ShowsTheFieldsThatChange) {
  two_services();
  ASSERT_THAT(muster({"apply"}), EndsWith(0));
  change("cart", "two");
  const Ran ran = muster({"plan", "--objects"});
  EXPECT_THAT(ran, EndsWith(0));
  EXPECT_THAT(ran.out,
              AllOf(HasSubstr("change ConfigMap shop/cart"), HasSubstr("~ data.text: one → two"), HasSubstr("1 instance would change")));
  EXPECT_EQ(stands("cart", "staging"), "one");
}

TEST_F(Muster, NamesWhoFollowsWhatAPlanRecordsUpstream) {
  two_services();
  ASSERT_THAT(muster({"apply"}), EndsWith(0));
  change("cart", "two");
  EXPECT_THAT(muster({"plan"}).out, HasSubstr("production:\n  cart follows what is recorded upstream, in the same `muster apply`"));
  EXPECT_THAT(muster({"plan", "--out", "plan.json"}).out, HasSubstr("cart follows what is recorded upstream, in the next `muster apply`"));
  ASSERT_THAT(muster({"apply"}), EndsWith(0));
  EXPECT_EQ(stands("cart", "production"), "two");
  EXPECT_THAT(muster({"plan"}).out, HasSubstr("everything matches"));
}

TEST_F(Muster, SaysARenameInPlanAndApply) {
  two_services();
  ASSERT_THAT(muster({"apply"}), EndsWith(0));
  std::string text = read("fleet/shop.fleet");
  text.replace(text.find("service cart : std.manifests {"), 30, "service basket : std.manifests { renamed_from = [cart],");
  write("fleet/shop.fleet", text);
  EXPECT_THAT(muster({"plan"}).out, AllOf(HasSubstr("basket  renamed from cart"), HasSubstr("0 to prune")));
  const Ran ran = muster({"apply"});
  EXPECT_THAT(ran, EndsWith(0));
  EXPECT_THAT(ran.out, AllOf(HasSubstr("staging: recorded 1 service as "), HasSubstr("basket  moved  renamed from cart"),
                             Not(HasSubstr("is left to"))));
  EXPECT_EQ(stands("cart", "staging"), "one") << "the object keeps its name";
}

TEST_F(Muster, SaysOnceWhatManyServicesWaitFor) {
  two_services();
  write("fleet/web.fleet", "service web : std.manifests { repo = \"../code/web.git\", path = \"deploy\" }\n");
  change("web", "one");
  const Ran status = muster({"status"});
  EXPECT_THAT(
      status.out,
      HasSubstr("production: cart, payments, web: waiting, from: staging has no branch yet → it begins when staging has a first release"));
  EXPECT_THAT(status.out, Not(HasSubstr("cart@production: ")));
  EXPECT_THAT(status.out, Not(HasSubstr("never seen")));
}

TEST_F(Muster, SaysOnceWhatManyServicesWaitForEachUnderItsOwnName) {
  two_services();
  write("fleet/web.fleet", "service web : std.manifests { repo = \"../code/web.git\", path = \"deploy\" }\n");
  change("web", "one");
  std::string text = read("fleet/shop.fleet");
  text.replace(text.find("from = staging,"), 15, "from = staging, gate { soak = { staging = 1h } },");
  write("fleet/shop.fleet", text);
  ASSERT_THAT(muster({"apply"}), EndsWith(0));
  const Ran status = muster({"status"});
  EXPECT_THAT(status.out, AllOf(HasSubstr("production: cart, payments, web: waiting, declaration, from: healthy in staging since "),
                                HasSubstr("it goes on by itself; or `muster approve SERVICE@production --skip soak`")));
  EXPECT_THAT(status.out, Not(HasSubstr("cart@production: ")));
  EXPECT_THAT(muster({"apply"}).out, HasSubstr("  cart, payments, web: waiting, declaration, from: healthy in staging since "));
  EXPECT_THAT(muster({"status", "cart"}).out, HasSubstr("`muster approve cart@production --skip soak`"));
}

TEST_F(Muster, SpeaksInAPlanOnlyOfWhatItWasAskedFor) {
  two_services();
  const Ran one = muster({"plan", "cart@staging"});
  EXPECT_THAT(one.out, AllOf(HasSubstr("staging:\n  cart  declaration"), Not(HasSubstr("unselected")), Not(HasSubstr("payments"))));
  ASSERT_THAT(muster({"apply"}), EndsWith(0));
  EXPECT_EQ(muster({"plan", "--in", "production"}).out, "production:\n  nothing would change\neverything matches\n");
}

TEST_F(Muster, SaysWhereANewReleaseChangesNoObject) {
  two_services();
  ASSERT_THAT(muster({"apply"}), EndsWith(0));
  repository("payments").commit({{"deploy/all.yaml", config_map("payments", "one") + "# said better\n"}}, "Say it better", "main");
  const Ran plan = muster({"plan", "--in", "staging"});
  EXPECT_THAT(plan.out, AllOf(HasSubstr("(push)\n    no object changes\n"), Not(HasSubstr("blast radius"))));
}

TEST_F(Muster, AppliesExactlyAWrittenPlan) {
  two_services();
  ASSERT_THAT(muster({"apply"}), EndsWith(0));
  change("cart", "two");
  const Ran plan = muster({"plan", "--out", "plan.json"});
  EXPECT_THAT(plan, EndsWith(0));
  EXPECT_THAT(plan.out, HasSubstr("written to plan.json; `muster apply plan.json` does exactly this, or refuses"));
  change("payments", "two");  // Moves too, and is none of the plan's business.
  EXPECT_THAT(muster({"apply", "plan.json"}), EndsWith(0));
  EXPECT_EQ(stands("cart", "staging"), "two");
  EXPECT_EQ(stands("payments", "staging"), "one");
}

TEST_F(Muster, SaysOfAPlanThatWasCarriedOutThatNothingOfItIsLeft) {
  two_services();
  ASSERT_THAT(muster({"apply"}), EndsWith(0));
  change("cart", "two");
  ASSERT_THAT(muster({"plan", "--out", "plan.json"}), EndsWith(0));
  ASSERT_THAT(muster({"deliver", "cart@staging"}), EndsWith(0));
  EXPECT_THAT(muster({"apply", "plan.json"}).out, HasSubstr("staging: wrote 1 instance")) << "interrupted half-way, it goes on";
  change("cart", "three");
  for (int again = 0; again < 2; ++again) {
    const Ran ran = muster({"apply", "plan.json"});
    EXPECT_THAT(ran, EndsWith(0));
    EXPECT_THAT(ran.out, HasSubstr("nothing of plan.json is left to do: everything stands as it says"));
  }
  EXPECT_EQ(stands("cart", "staging"), "two");
  ASSERT_THAT(muster({"apply"}), EndsWith(0));
  EXPECT_THAT(muster({"apply", "plan.json"}), EndsWith(4)) << "going back is no plan's business";
  EXPECT_EQ(stands("cart", "staging"), "three");
}

TEST_F(Muster, RefusesAWrittenPlanAsAWholeWhenTheWorldMoved) {
  two_services();
  ASSERT_THAT(muster({"apply"}), EndsWith(0));
  change("cart", "two");
  change("payments", "two");
  ASSERT_THAT(muster({"plan", "--out", "plan.json"}), EndsWith(0));
  change("cart", "three");
  const Ran ran = muster({"apply", "plan.json"});
  EXPECT_THAT(ran, EndsWith(4));
  EXPECT_THAT(ran.error, AllOf(HasSubstr("plan.json is not applied: the world has moved since it was made"), HasSubstr("cart@staging"),
                               Not(HasSubstr("payments@staging")), HasSubstr("muster plan --out plan.json")));
  EXPECT_EQ(stands("payments", "staging"), "one") << "nothing of it is applied";
}

TEST_F(Muster, RefusesAPlanThatIsNone) {
  two_services();
  const Ran missing = muster({"apply", "plan.json"});
  EXPECT_THAT(missing, EndsWith(2));
  EXPECT_THAT(missing.error, HasSubstr("`muster plan --out plan.json` makes one"));
  write("fleet/plan.json", "{}");
  EXPECT_THAT(muster({"apply", "plan.json"}), EndsWith(2));
  EXPECT_THAT(muster({"plan", "--out", "plan.txt"}), EndsWith(2));
}

TEST_F(Muster, DoesNotCallAHeldFleetMatching) {
  two_services();
  repository("cart").commit({{"deploy/all.yaml", config_map("payments", "one")}});
  const Ran ran = muster({"plan"});
  EXPECT_THAT(ran, EndsWith(4));
  EXPECT_THAT(ran.out, AllOf(HasSubstr("held: ConfigMap shop/payments belongs to payments as well"),
                             HasSubstr("nothing would change; 2 held, 2 waiting"), Not(HasSubstr("everything matches"))));
}

}  // namespace
}  // namespace muster::test
