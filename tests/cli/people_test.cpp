// What people ask of environments, and what they ask about them.
#include "cli/muster.hpp"

namespace muster::test {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

TEST_F(Muster, RollsBackAndHoldsUntilAPersonResumes) {
  two_services();
  ASSERT_THAT(muster({"apply"}), EndsWith(0));
  change("cart", "two");
  ASSERT_THAT(muster({"apply"}), EndsWith(0));
  const Ran dry = muster({"rollback", "cart@staging", "--dry-run"});
  EXPECT_THAT(dry, EndsWith(0));
  EXPECT_THAT(dry.out, AllOf(HasSubstr("~ data.text: two → one"), HasSubstr("staging: would be rolled back: cart")));
  const Ran ran = muster({"rollback", "cart@staging", "--reason", "checkout is slow"});
  EXPECT_THAT(ran, EndsWith(0));
  EXPECT_THAT(ran.out, AllOf(HasSubstr("staging: rolled back: cart ("), HasSubstr("`muster reconcile`")));
  EXPECT_THAT(muster({"reconcile", "--in", "staging"}), EndsWith(0));
  EXPECT_EQ(stands("cart", "staging"), "one");

  change("cart", "three");
  const Ran held = muster({"apply", "--in", "staging"});
  EXPECT_THAT(held, EndsWith(0)) << "a person's hold is normal";
  EXPECT_THAT(held.out, AllOf(HasSubstr("cart  waiting  held by Ada <ada@example.org>: rolled back: checkout is slow"),
                              HasSubstr("`muster resume cart@staging`")));
  EXPECT_EQ(stands("cart", "staging"), "one");
  EXPECT_THAT(muster({"resume", "cart@staging"}).out, HasSubstr("staging: resumed: cart"));
  EXPECT_THAT(muster({"apply", "--in", "staging"}), EndsWith(0));
  EXPECT_EQ(stands("cart", "staging"), "three");
}

TEST_F(Muster, HoldsWithAReasonThatStatusShows) {
  two_services();
  ASSERT_THAT(muster({"apply"}), EndsWith(0));
  const Ran without = muster({"hold", "cart@production"});
  EXPECT_THAT(without, EndsWith(2));
  EXPECT_THAT(without.error, HasSubstr("say why with --reason TEXT"));
  EXPECT_THAT(muster({"hold", "cart@production", "--reason", "audit \x1b]0;week\x07"}), EndsWith(0));
  const Ran status = muster({"status"});
  EXPECT_THAT(status, EndsWith(0));
  EXPECT_THAT(status.out, AllOf(HasSubstr("cart@production: waiting: held by Ada <ada@example.org>: audit"), Not(HasSubstr("\x1b"))));
  change("cart", "two");
  EXPECT_THAT(muster({"apply"}), EndsWith(0));
  EXPECT_EQ(stands("cart", "staging"), "two");
  EXPECT_EQ(stands("cart", "production"), "one");
}

TEST_F(Muster, PromotesThroughASoakThatAPersonSkips) {
  two_services();
  std::string fleet_text = read("fleet/shop.fleet");
  fleet_text.replace(fleet_text.find("from = staging,"), 15, "from = staging, gate { soak = { staging = 1h } },");
  write("fleet/shop.fleet", fleet_text);
  EXPECT_THAT(muster({"apply"}), EndsWith(0)) << "waiting for a gate is normal";
  EXPECT_EQ(stands("cart", "production"), "");
  const Ran waiting = muster({"promote", "cart", "--to", "production"});
  EXPECT_THAT(waiting, EndsWith(0));
  EXPECT_THAT(waiting.out, AllOf(HasSubstr("healthy in staging since"), HasSubstr("`muster approve cart@production --skip soak`")));
  EXPECT_THAT(muster({"approve", "cart@production", "--skip", "soak"}).out, HasSubstr("production: approved: cart"));
  const Ran promoted = muster({"promote", "cart", "--to", "production"});
  EXPECT_THAT(promoted, EndsWith(0));
  EXPECT_THAT(promoted.out, AllOf(HasSubstr("create ConfigMap shop/cart"), HasSubstr("production: promoted: cart (")));
  EXPECT_THAT(muster({"reconcile"}), EndsWith(0));
  EXPECT_EQ(stands("cart", "production"), "one");
  EXPECT_EQ(stands("payments", "production"), "");
}

TEST_F(Muster, TellsTheChainOfCausesAndTheHistory) {
  two_services();
  ASSERT_THAT(muster({"apply"}), EndsWith(0));
  const std::string two = change("cart", "two");
  ASSERT_THAT(muster({"apply"}), EndsWith(0));
  const Ran why = muster({"why", "cart@staging"});
  EXPECT_THAT(why, EndsWith(0));
  EXPECT_THAT(why.out, AllOf(HasSubstr("commit " + two + " on main"), HasSubstr("in the target: healthy")));
  const Ran history = muster({"history", "cart@staging"});
  EXPECT_THAT(history, EndsWith(0));
  EXPECT_THAT(history.out, AllOf(HasSubstr("cart, payments: push, fleet"), HasSubstr("cart: push\n")));
  EXPECT_THAT(muster({"history", "staging", "--at", "2001-01-01"}).out, HasSubstr("staging had no branch yet at 2001-01-01T00:00:00Z"));
}

TEST_F(Muster, ShowsDifferencesBetweenEnvironmentsAndBetweenBranchAndTarget) {
  two_services();
  ASSERT_THAT(muster({"apply"}), EndsWith(0));
  EXPECT_THAT(muster({"diff", "staging", "production"}).out, HasSubstr("staging and production have the same objects"));
  change("cart", "two");
  ASSERT_THAT(muster({"deliver", "--in", "staging"}), EndsWith(0));
  EXPECT_THAT(muster({"diff", "staging", "production"}).out, HasSubstr("~ data.text: two → one"));
  EXPECT_THAT(muster({"diff", "--in", "staging"}).out,
              AllOf(HasSubstr("from the target to the branch:"), HasSubstr("~ data.text: one → two")));
}

TEST_F(Muster, ShowsAndPutsBackDrift) {
  two_services();
  ASSERT_THAT(muster({"apply"}), EndsWith(0));
  std::filesystem::remove(root() / "out/staging/shop/configmap-cart.yaml");
  EXPECT_THAT(muster({"status"}).out, HasSubstr("drifted"));
  EXPECT_THAT(muster({"reconcile"}).out, HasSubstr("1 of them drift put back"));
  EXPECT_EQ(stands("cart", "staging"), "one");
}

TEST_F(Muster, ListsWhatIsDeclaredAndStandsNowhereEvenOffline) {
  two_services();
  const Ran ran = muster({"status", "--offline"});
  EXPECT_THAT(ran, EndsWith(0));
  EXPECT_THAT(ran.out, AllOf(HasSubstr("cart"), HasSubstr("payments")));
}

TEST_F(Muster, SaysWhatWasRolledBackBeforeAnotherEnvironmentFailed) {
  two_services();
  ASSERT_THAT(muster({"apply"}), EndsWith(0));
  change("cart", "two");
  ASSERT_THAT(muster({"apply"}), EndsWith(0));
  ASSERT_THAT(shell("git --git-dir .muster/records.git update-ref -d refs/heads/staging"), EndsWith(0));
  const Ran ran = muster({"rollback", "cart@production", "cart@staging"});
  EXPECT_THAT(ran.out, HasSubstr("production: rolled back: cart"));
  EXPECT_THAT(ran.error, HasSubstr("staging"));
  EXPECT_NE(ran.code, 0);
}

TEST_F(Muster, TellsOfAHandEditOnTheBranchAndReplacesItWhenResumed) {
  two_services();
  ASSERT_THAT(muster({"apply"}), EndsWith(0));
  ASSERT_THAT(
      shell("git clone -q -b staging .muster/records.git ../edit && cd ../edit && sed -i 's/text: one/text: mine/' cart/*/*.yaml && "
            "git commit -qam 'Try it' && git push -q origin staging"),
      EndsWith(0));
  ASSERT_THAT(muster({"apply"}), EndsWith(0));
  EXPECT_EQ(stands("cart", "staging"), "mine");
  EXPECT_THAT(muster({"why", "cart@staging"}).out,
              AllOf(HasSubstr("  edited by hand ("), HasSubstr("`muster resume cart@staging` replaces it")));
  EXPECT_THAT(muster({"resume", "cart@staging"}).out, HasSubstr("staging: resumed: cart ("));
  ASSERT_THAT(muster({"apply"}), EndsWith(0));
  EXPECT_EQ(stands("cart", "staging"), "one");
  EXPECT_THAT(muster({"why", "cart@staging"}).out, Not(HasSubstr("edited by hand")));
}

TEST_F(Muster, ResumesOnlyWhereSomethingIsHeld) {
  two_services();
  ASSERT_THAT(muster({"apply"}), EndsWith(0));
  ASSERT_THAT(muster({"hold", "cart@production", "--reason", "audit"}), EndsWith(0));
  const Ran resumed = muster({"resume", "cart"});
  EXPECT_THAT(resumed.out, AllOf(HasSubstr("production: resumed: cart ("), HasSubstr("staging: nothing holds cart\n")));
  EXPECT_THAT(muster({"history", "cart@staging"}).out, Not(HasSubstr("Resume")));
  EXPECT_THAT(muster({"apply"}).out,
              AllOf(HasSubstr("production: nothing to record, 2 unchanged"), HasSubstr("staging: nothing to record, 2 unchanged")));
}

TEST_F(Muster, SaysOnceThatAPersonPausedAnInstance) {
  two_services();
  ASSERT_THAT(muster({"apply"}), EndsWith(0));
  ASSERT_THAT(muster({"hold", "cart@production", "--target", "--reason", "audit"}), EndsWith(0));
  const Ran status = muster({"status"});
  EXPECT_THAT(status.out, AllOf(HasSubstr("cart@production: paused by Ada <ada@example.org>: audit → `muster resume cart@production`\n"),
                                Not(HasSubstr("held by"))));
}

TEST_F(Muster, ShowsHoldsOfWhatWasSeenLastToo) {
  two_services();
  ASSERT_THAT(muster({"apply"}), EndsWith(0));
  ASSERT_THAT(muster({"hold", "cart@production", "--reason", "audit"}), EndsWith(0));
  const auto said = AllOf(HasSubstr("cart@production: waiting: held by Ada <ada@example.org>: audit"),
                          HasSubstr(" → `muster resume cart@production`"));  // On a slow machine with ", for 1s" between them.
  EXPECT_THAT(muster({"status"}).out, said);
  EXPECT_THAT(muster({"status", "--offline"}).out, said);
}

TEST_F(Muster, TakesApprovalsOnlyOfTeamsThatThereAre) {
  two_services();
  std::string text = read("fleet/shop.fleet");
  text.replace(text.find("from = staging,"), 15, "from = staging, gate { approval { from = [ops] } },");
  write("fleet/shop.fleet", text + "team ops {}\nteam web {}\n");
  EXPECT_THAT(muster({"check"}).out,
              HasSubstr("note: ops: without `keys`, whoever may push to the environment repository may approve for it\n"));
  ASSERT_THAT(muster({"apply"}), EndsWith(0));
  EXPECT_THAT(muster({"approve", "cart@production", "--team", "opps"}).error, HasSubstr("there is no team `opps`; did you mean `ops`?"));
  EXPECT_THAT(muster({"approve", "cart@production", "--team", "web"}).out, HasSubstr("no gate of cart asks web, so this counts for none"));
  EXPECT_THAT(muster({"approve", "cart@production", "--team", "ops"}).out, Not(HasSubstr("counts for none")));
}

TEST_F(Muster, SaysWhatWasDoneBeforeAnEnvironmentFailsAsJsonToo) {
  two_services();
  ASSERT_THAT(muster({"apply"}), EndsWith(0));
  change("cart", "two");
  ASSERT_THAT(muster({"apply"}), EndsWith(0));
  ASSERT_THAT(shell("git --git-dir .muster/records.git update-ref -d refs/heads/staging"), EndsWith(0));
  const Ran ran = muster({"rollback", "cart@production", "cart@staging", "--json"});
  EXPECT_NE(ran.code, 0);
  EXPECT_THAT(ran.out, AllOf(HasSubstr("\"results\": ["), HasSubstr("\"environment\": \"production\""), HasSubstr("\"error\": {")));
}

TEST_F(Muster, AnswersAMisuseAsJsonWhereThatIsAskedFor) {
  two_services();
  const Ran ran = muster({"hold", "cart", "--json"});
  EXPECT_THAT(ran, EndsWith(2));
  EXPECT_THAT(ran.out, HasSubstr("\"text\": \"say why with --reason TEXT"));
  EXPECT_THAT(muster({"aply", "--json"}).out, HasSubstr("did you mean `apply`?"));
}

TEST_F(Muster, AsksWhereWhenNoEnvironmentIsNamed) {
  two_services();
  ASSERT_THAT(muster({"apply"}), EndsWith(0));
  EXPECT_THAT(muster({"why", "cart"}).error, HasSubstr("say in which environment: `cart@production`, `cart@staging`"));
  EXPECT_THAT(muster({"why", "staging"}).error, HasSubstr("`staging` is an environment; `muster status --in staging`"));
  EXPECT_THAT(muster({"eval", "cart.name"}).error, HasSubstr("in which environment is `cart` read? say it with `--in ENV`"));
  EXPECT_THAT(muster({"rollback", "cart"}).error, HasSubstr("say which: cart@production, cart@staging"));
}

TEST_F(Muster, RetiresAnEnvironmentOnlyWhenTheFleetNoLongerDeclaresIt) {
  two_services();
  ASSERT_THAT(muster({"apply"}), EndsWith(0));
  const Ran declared = muster({"retire", "production"});
  EXPECT_THAT(declared, EndsWith(2));
  EXPECT_THAT(declared.error, HasSubstr("the fleet still declares production; remove it there first"));
}

TEST_F(Muster, RetiresNothingUnconfirmedAndAllOfItInOneCommandWhenConfirmed) {
  two_services();
  ASSERT_THAT(muster({"apply"}), EndsWith(0));
  std::string fleet_text = read("fleet/shop.fleet");
  fleet_text.erase(fleet_text.find("environment production"),
                   fleet_text.find('\n', fleet_text.find("environment production")) - fleet_text.find("environment production"));
  write("fleet/shop.fleet", fleet_text);
  ASSERT_THAT(muster({"check"}), EndsWith(0)) << fleet_text;
  EXPECT_THAT(muster({"status"}).out,
              AllOf(HasSubstr("healthy, undeclared"),
                    HasSubstr("production: the fleet does not declare it, so it is left as it stands → `muster retire production`")));
  const Ran asked = muster({"retire", "production"});
  EXPECT_THAT(asked, EndsWith(2));
  EXPECT_THAT(asked.error, HasSubstr("production still has 2 services: cart, payments; say `--confirm` to delete what they own"));
  EXPECT_EQ(stands("cart", "production"), "one") << "a question deletes nothing";
  EXPECT_THAT(muster({"retire", "production", "--dry-run"}).out, HasSubstr("production: would be retired: cart, payments"));
  EXPECT_EQ(stands("cart", "production"), "one");
  const Ran retired = muster({"retire", "production", "--confirm"});
  EXPECT_THAT(retired, EndsWith(0));
  EXPECT_THAT(retired.out, AllOf(HasSubstr("production: retired: cart, payments ("), HasSubstr("2 objects deleted from the target"),
                                 HasSubstr("the branch production is gone")));
  EXPECT_EQ(stands("cart", "production"), "");
  EXPECT_EQ(stands("cart", "staging"), "one");
  EXPECT_THAT(muster({"apply"}), EndsWith(0));
  EXPECT_THAT(muster({"retire", "production", "--confirm"}).error, HasSubstr("there is no branch production"));
}

}  // namespace
}  // namespace muster::test
