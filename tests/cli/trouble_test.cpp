// The world in trouble: dead remotes, broken fleets, lost and unwritable folders, interruptions. Nothing is deleted, what can
// go on goes on, and the message says what to do.
#include "cli/muster.hpp"

namespace muster::test {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

namespace fs = std::filesystem;

TEST_F(Muster, FailsForADeadRepositoryDeletesNothingAndFinishesTheRest) {
  two_services();
  ASSERT_THAT(muster({"apply"}), EndsWith(0));
  change("payments", "two");
  fs::rename(root() / "code/cart.git", root() / "code/away.git");
  const Ran ran = muster({"apply"});
  EXPECT_THAT(ran, EndsWith(1));
  EXPECT_THAT(ran.out,
              AllOf(HasSubstr("cart      failed  source: "), HasSubstr("there is no folder " + (root() / "code/cart.git").string()),
                    HasSubstr("it goes on by itself when the repository answers"), Not(HasSubstr("any more"))));
  EXPECT_EQ(stands("cart", "staging"), "one");
  EXPECT_EQ(stands("payments", "staging"), "two");
  fs::rename(root() / "code/away.git", root() / "code/cart.git");
  EXPECT_THAT(muster({"apply"}), EndsWith(0));
}

TEST_F(Muster, HoldsADeletedBranch) {
  two_services();
  ASSERT_THAT(muster({"apply"}), EndsWith(0));
  repository("cart").git({"update-ref", "refs/heads/other", "refs/heads/main"});
  repository("cart").git({"update-ref", "-d", "refs/heads/main"});
  const Ran ran = muster({"apply"});
  EXPECT_THAT(ran, EndsWith(4));
  EXPECT_THAT(ran.out, AllOf(HasSubstr("has no branch `main` any more"), HasSubstr("push the branch again")));
  EXPECT_EQ(stands("cart", "staging"), "one");
}

TEST_F(Muster, ReconcilesFromTheBranchesWhileTheFleetIsInvalid) {
  two_services();
  ASSERT_THAT(muster({"apply"}), EndsWith(0));
  fs::remove(root() / "out/staging/shop/configmap-cart.yaml");
  write("fleet/broken.fleet", "environment {\n");
  const Ran ran = muster({"apply"});
  EXPECT_THAT(ran, EndsWith(2));
  EXPECT_THAT(ran.error,
              AllOf(HasSubstr("broken.fleet:1:"), HasSubstr("nothing of this fleet is delivered; what is recorded stays as it is")));
  EXPECT_EQ(stands("cart", "staging"), "one") << "drift is repaired all the same";
  EXPECT_THAT(muster({"reconcile"}), EndsWith(0));
  EXPECT_THAT(muster({"deliver"}), EndsWith(2));
  EXPECT_THAT(muster({"rollback", "cart@staging", "--dry-run"}), EndsWith(0)) << "recovery needs no fleet";
}

TEST_F(Muster, HoldsInAnEmergencyWhileTheFleetIsInvalid) {
  two_services();
  ASSERT_THAT(muster({"apply"}), EndsWith(0));
  write("fleet/broken.fleet", "environment {\n");
  EXPECT_THAT(muster({"hold", "cart@staging", "--target", "--reason", "stop the bleeding"}).out, HasSubstr("staging: held: cart ("));
  fs::remove(root() / "out/staging/shop/configmap-cart.yaml");
  EXPECT_THAT(muster({"reconcile"}).out, HasSubstr("paused"));
  EXPECT_EQ(stands("cart", "staging"), "") << "nothing is written to a paused instance, valid fleet or not";
}

TEST_F(Muster, EndsWith2WhereTheVeryFirstFleetIsInvalid) {
  write("fleet/shop.fleet", "environment {\n");
  for (const char* verb : {"plan", "apply", "status", "deliver"}) EXPECT_THAT(muster({verb}), EndsWith(2)) << verb;
}

TEST_F(Muster, StopsABrokenServiceAloneAndRemovesNothingMeanwhile) {
  two_services();
  ASSERT_THAT(muster({"apply"}), EndsWith(0));
  std::string text = read("fleet/shop.fleet");
  text.replace(text.find("service cart"), std::string::npos, "service broken : std.manifests { repo = 7 }\n");
  write("fleet/shop.fleet", text);
  change("payments", "two");
  EXPECT_THAT(muster({"apply"}), Not(EndsWith(0)));
  EXPECT_EQ(stands("payments", "staging"), "two");
  EXPECT_EQ(stands("cart", "staging"), "one") << "absence from a fleet with errors says nothing";
}

TEST_F(Muster, PrunesAServiceThatIsNoLongerDeclared) {
  two_services();
  ASSERT_THAT(muster({"apply"}), EndsWith(0));
  std::string text = read("fleet/shop.fleet");
  text.erase(text.find("service cart"));
  write("fleet/shop.fleet", text);
  const Ran plan = muster({"plan"});
  EXPECT_THAT(plan.out, AllOf(HasSubstr("cart  no longer declared"), HasSubstr("prune ConfigMap shop/cart"),
                              Not(HasSubstr("declaration declaration"))));
  EXPECT_THAT(muster({"apply"}), EndsWith(0));
  EXPECT_EQ(stands("cart", "staging"), "");
  EXPECT_EQ(stands("payments", "staging"), "one");
}

TEST_F(Muster, HoldsALostEnvironmentRepositoryInsteadOfEmptyingTargets) {
  two_services();
  ASSERT_THAT(muster({"apply"}), EndsWith(0));
  fs::remove_all(fleet() / ".muster/records.git");
  const Ran ran = muster({"apply"});
  EXPECT_THAT(ran, EndsWith(4));
  EXPECT_THAT(ran.out, HasSubstr("the branch staging is gone; it was at "));
  EXPECT_EQ(ran.out.find("the branch staging is gone"), ran.out.rfind("the branch staging is gone"))
      << "both loops are held by it, and it is said once";
  EXPECT_THAT(muster({"reconcile"}).out, HasSubstr("the branch staging is gone; it was at "));
  EXPECT_EQ(stands("cart", "staging"), "one");
}

TEST_F(Muster, TakesARewoundEnvironmentBranchOnlyWhenAPersonSaysSo) {
  two_services();
  ASSERT_THAT(muster({"apply"}), EndsWith(0));
  change("cart", "two");
  ASSERT_THAT(muster({"apply"}), EndsWith(0));
  const fs::path records = fleet() / ".muster/records.git";
  run_program({"git", "-C", records.string(), "update-ref", "refs/heads/staging", "refs/heads/staging~1"});
  for (int pass = 0; pass < 2; ++pass) {
    const Ran ran = muster({"apply"});
    EXPECT_THAT(ran, EndsWith(4));
    EXPECT_THAT(ran.out, AllOf(HasSubstr("staging: held: the branch staging was rewritten or is older than before"),
                               HasSubstr("`muster resume --in staging`"), Not(HasSubstr("staging: nothing to record"))));
    EXPECT_EQ(stands("cart", "staging"), "two");
  }
  EXPECT_THAT(muster({"plan"}), EndsWith(4));
  const Ran status = muster({"status"});
  EXPECT_THAT(status, EndsWith(4));
  EXPECT_THAT(status.out, AllOf(HasSubstr("staging (held)"), HasSubstr("unknown"), HasSubstr("`muster resume --in staging`"),
                                Not(HasSubstr("absent"))));
  EXPECT_THAT(muster({"resume", "--in", "staging"}), EndsWith(0));
  for (int pass = 0; pass < 2; ++pass) EXPECT_THAT(muster({"apply"}), EndsWith(0)) << pass;
  EXPECT_EQ(stands("cart", "staging"), "two") << "the newest release was proposed again";
}

TEST_F(Muster, BeginsAnEnvironmentAnewWhenAPersonGivesItsBranchUp) {
  two_services();
  ASSERT_THAT(muster({"apply"}), EndsWith(0));
  run_program({"git", "-C", (fleet() / ".muster/records.git").string(), "update-ref", "-d", "refs/heads/staging"});
  EXPECT_THAT(muster({"apply"}), EndsWith(4));
  EXPECT_THAT(muster({"resume", "--in", "staging"}).out, HasSubstr("staging: it has no branch any more, and that is taken as it is"));
  const Ran anew = muster({"apply"});
  EXPECT_THAT(anew, EndsWith(4)) << "the target is another matter";
  EXPECT_THAT(anew.out,
              AllOf(HasSubstr("staging: recorded 2 services"), HasSubstr("under another id"), HasSubstr("`muster resume --in staging`")));
  EXPECT_EQ(stands("cart", "staging"), "one");
  EXPECT_THAT(muster({"resume", "--in", "staging"}), EndsWith(0));
  EXPECT_THAT(muster({"apply"}), EndsWith(0));
  EXPECT_THAT(muster({"apply"}).out, HasSubstr("staging: target matches, 2 instances"));
}

TEST_F(Muster, TellsWhatWasLastSeenWhileTheEnvironmentRepositoryIsAway) {
  two_services();
  const GitRepository shared(root() / "code/environments.git");
  std::string text = read("fleet/shop.fleet");
  text.replace(text.find("language = \"1.0\""), 16, "language = \"1.0\", records = \"../code/environments.git\"");
  write("fleet/shop.fleet", text);
  write("fleet/.gitignore", ".muster/\n");
  ASSERT_THAT(shell("git init -q -b main && git add -A && git commit -q -m Begin && muster apply"), EndsWith(0));
  fs::rename(shared.path(), root() / "code/away.git");
  EXPECT_THAT(muster({"apply"}), EndsWith(1));
  for (const std::vector<std::string>& words :
       {std::vector<std::string>{"history", "production"}, {"why", "cart@production"}, {"diff", "staging", "production"}}) {
    const Ran ran = muster(words);
    EXPECT_THAT(ran, EndsWith(1)) << words[0];
    EXPECT_THAT(ran.error, AllOf(HasSubstr("told as last seen"), HasSubstr("environments.git"))) << words[0];
    EXPECT_NE(ran.out, "") << words[0];
  }
  EXPECT_THAT(muster({"history", "production"}).out, HasSubstr("cart, payments: promotion, fleet"));
  EXPECT_EQ(stands("cart", "production"), "one");
  fs::rename(root() / "code/away.git", shared.path());
  EXPECT_THAT(muster({"apply"}), EndsWith(0));
}

TEST_F(Muster, TakesOnlyCommittedFleetFilesToASharedEnvironmentRepository) {
  two_services();
  GitRepository shared(root() / "code/environments.git");
  std::string text = read("fleet/shop.fleet");
  text.replace(text.find("language = \"1.0\""), 16, "language = \"1.0\", records = \"../code/environments.git\"");
  write("fleet/shop.fleet", text);
  write("fleet/.gitignore", ".muster/\n");
  const Ran outside = muster({"apply"});
  EXPECT_THAT(outside, EndsWith(4));
  EXPECT_THAT(outside.out, AllOf(HasSubstr("staging: held: the fleet files are in no commit"), HasSubstr("→ commit the fleet files")));
  EXPECT_EQ(shared.git({"for-each-ref"}), "") << "nothing is pushed";
  const auto git = [&](std::vector<std::string> words) {
    words.insert(words.begin(), {"git", "-C", fleet().string()});
    run_program(words);
  };
  git({"init", "-q", "-b", "main"});
  EXPECT_THAT(muster({"apply"}), EndsWith(4));
  git({"add", "-A"});
  git({"commit", "-q", "-m", "Begin"});
  EXPECT_THAT(muster({"apply"}), EndsWith(0));
  EXPECT_EQ(stands("cart", "production"), "one");

  text.replace(text.find("needs = [payments]"), 18, "needs = []");
  write("fleet/shop.fleet", text);
  change("payments", "two");
  const Ran dirty = muster({"apply"});
  EXPECT_THAT(dirty, EndsWith(4));
  EXPECT_THAT(dirty.out, AllOf(HasSubstr("the fleet files differ from their commit"), HasSubstr("→ commit the fleet files")));
  EXPECT_EQ(stands("payments", "staging"), "two") << "what does not come from the fleet files goes on";
  git({"commit", "-q", "-a", "-m", "Cart needs nothing"});
  EXPECT_THAT(muster({"apply"}), EndsWith(0));
}

TEST_F(Muster, SaysThatTheStateDirectoryCannotBeWritten) {
  two_services();
  write("file", "");
  const Ran ran = muster({"--state", "../file", "status"});
  EXPECT_THAT(ran, Not(EndsWith(0)));
  EXPECT_THAT(ran.error, AllOf(HasSubstr("the state directory cannot be written"), HasSubstr((root() / "file").string())));
}

TEST_F(Muster, ContinuesAfterAnInterruption) {
  two_services();
  for (int i = 0; i < 3; ++i) {
    // Sent as soon as it can be: before, between or after the records.
    const Ran ran = shell(
        "set -m; muster apply & pid=$!; while ! [ -e .muster/records.git/refs ] && kill -0 $pid 2>/dev/null; do :; done; kill -INT $pid; "
        "wait $pid");
    EXPECT_TRUE(ran.code == 0 || ran.code == 1 || ran.code == 130) << ran.code << ran.out << ran.error;
    EXPECT_TRUE(ran.code != 1 || ran.error.find("run it again to continue") != std::string::npos) << ran.error;
    change("cart", std::to_string(i));
  }
  EXPECT_THAT(muster({"apply"}), EndsWith(0));
  EXPECT_EQ(stands("cart", "production"), "2");
  EXPECT_EQ(stands("payments", "production"), "one");
}

}  // namespace
}  // namespace muster::test
