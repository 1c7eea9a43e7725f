// What is asked of the fleet files alone: check, init, eval, graph, dump, why of a value, explain, plan --against.
#include "cli/muster.hpp"

namespace muster::test {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::StartsWith;

TEST_F(Muster, ChecksAFleetWithoutMistakes) {
  two_services();
  const Ran ran = muster({"check"});
  EXPECT_THAT(ran, EndsWith(0));
  EXPECT_EQ(ran.out, "fleet shop: 2 services, 2 environments, 4 instances: no mistakes\n");
  EXPECT_FALSE(exists("fleet/.muster")) << "check writes nothing";
}

TEST_F(Muster, ReportsAllMistakesAtOnceWithPlaceAndFixAndExit2) {
  two_services();
  write("fleet/more.fleet", "service web : std.web {\n  repo = \"../code/web.git\"\n  imgae = \"web:1\"\n  replicas = \"two\"\n}\n");
  const Ran ran = muster({"check"});
  EXPECT_THAT(ran, EndsWith(2));
  EXPECT_THAT(ran.error, AllOf(HasSubstr("more.fleet:3:3"), HasSubstr("fix: `image`"), HasSubstr("more.fleet:4:"), HasSubstr("errors")));
  const Ran json = muster({"check", "--json"});
  EXPECT_THAT(json, EndsWith(2));
  EXPECT_EQ(*json.json().find("exit_code")->if_int(), 2);
  EXPECT_GE(json.json().find("diagnostics")->if_array()->size(), 2U);
}

TEST_F(Muster, TellsMistakesToCodeScanningAsSarif) {
  two_services();
  write("fleet/more.fleet", "service web : std.web {\n  imgae = \"web:1\"\n}\n");
  const Ran ran = muster({"check", "--sarif"});
  EXPECT_THAT(ran, EndsWith(2));
  EXPECT_THAT(ran.out, AllOf(StartsWith("{"), HasSubstr("\"version\": \"2.1.0\""), HasSubstr("\"uri\": \"more.fleet\""),
                             HasSubstr("\"startLine\": 2")));
  EXPECT_THAT(muster({"check", "--sarif", "--json"}), EndsWith(2));
}

TEST_F(Muster, TellsTheLongestChainOfNeeds) {
  two_services();
  write("fleet/more.fleet", "service web : std.manifests {\n  repo = \"../code/cart.git\"\n  needs = [cart]\n}\n");
  EXPECT_THAT(muster({"graph", "--in", "staging"}).out, HasSubstr("longest chain: payments@staging → cart@staging → web@staging\n"));
}

TEST_F(Muster, FindsTheFleetFromAFolderBelowAndFromAnywhereWithC) {
  two_services();
  std::filesystem::create_directories(fleet() / "teams/checkout");
  EXPECT_THAT(muster_in(fleet() / "teams/checkout", {"check"}), EndsWith(0));
  EXPECT_THAT(muster_in(root(), {"-C", "fleet", "check"}), EndsWith(0));
}

TEST_F(Muster, SaysWhereNoFleetIsFoundAndHowToBegin) {
  for (const char* verb : {"check", "status", "apply", "reconcile"}) {
    const Ran ran = muster({verb});
    EXPECT_THAT(ran, EndsWith(2)) << verb;
    EXPECT_THAT(ran.error,
                AllOf(HasSubstr("no *.fleet file in " + fleet().string() + " or any folder above it"), HasSubstr("muster init")));
    EXPECT_EQ(*muster({verb, "--json"}).json().find("exit_code")->if_int(), 2) << verb;
  }
}

TEST_F(Muster, InitWritesAFleetThatChecksFromTheRepositoriesBelow) {
  GitRepository shop(fleet() / "Web_Shop", GitRepository::Kind::work_tree);
  write("fleet/Web_Shop/deploy/all.yaml", config_map("web-shop", "one"));
  shop.git({"add", "-A"});
  shop.git({"commit", "-q", "-m", "Begin"});
  const Ran ran = muster({"init", "--name", "shop"});
  EXPECT_THAT(ran, EndsWith(0));
  EXPECT_THAT(ran.out, AllOf(HasSubstr("wrote fleet.fleet: fleet shop with 1 service"), HasSubstr("next: `muster check`")));
  EXPECT_THAT(read("fleet/fleet.fleet"), AllOf(HasSubstr("service web-shop : std.manifests"), HasSubstr("path = \"deploy\"")));
  EXPECT_THAT(muster({"check"}), EndsWith(0));
  EXPECT_THAT(muster({"apply"}), EndsWith(0));
  EXPECT_TRUE(exists("fleet/out/staging"));
  const Ran again = muster({"init"});
  EXPECT_THAT(again, EndsWith(2));
  EXPECT_THAT(again.error, HasSubstr("fleet.fleet is already here"));
}

TEST_F(Muster, InitLooksBesideTheFolderWhereNothingIsBelow) {
  GitRepository(root() / "cart", GitRepository::Kind::work_tree);
  EXPECT_THAT(muster({"init"}).out, HasSubstr("fleet my-fleet with 1 service"));
  EXPECT_THAT(read("fleet/fleet.fleet"), HasSubstr("repo = \"../cart\""));
}

TEST_F(Muster, ServesAnEmptyFleetToo) {
  EXPECT_THAT(muster({"init"}), EndsWith(0));
  for (const char* verb : {"check", "plan", "apply", "apply", "status", "graph", "history"})
    EXPECT_THAT(muster({verb}), EndsWith(0)) << verb;
}

TEST_F(Muster, EvaluatesAnExpression) {
  two_services();
  const Ran ran = muster({"eval", "1 + 2"});
  EXPECT_THAT(ran, EndsWith(0));
  EXPECT_EQ(ran.out, "3\n");
  const Ran wrong = muster({"eval", "1 +"});
  EXPECT_THAT(wrong, EndsWith(2));
  EXPECT_THAT(wrong.error, HasSubstr("1 | 1 +"));
}

TEST_F(Muster, DrawsWhoNeedsWhomAndWhoIsHit) {
  two_services();
  EXPECT_THAT(muster({"graph"}).out, HasSubstr("cart@staging"));
  const Ran reverse = muster({"graph", "--reverse", "payments"});
  EXPECT_THAT(reverse, EndsWith(0));
  EXPECT_THAT(reverse.out, HasSubstr("payments@staging\n└─ cart@staging"));
}

TEST_F(Muster, DumpsEachStage) {
  two_services();
  for (const char* stage : {"syntax", "model", "graph", "objects", "plan"}) EXPECT_THAT(muster({"dump", stage}), EndsWith(0)) << stage;
  const Ran unknown = muster({"dump", "modle"});
  EXPECT_THAT(unknown, EndsWith(2));
  EXPECT_THAT(unknown.error, HasSubstr("syntax, model, graph, objects or plan"));
}

TEST_F(Muster, SaysWhereAValueComesFrom) {
  two_services();
  const Ran ran = muster({"why", "cart.path@staging"});
  EXPECT_THAT(ran, EndsWith(0));
  EXPECT_THAT(ran.out, AllOf(HasSubstr("\"deploy\"  shop.fleet:7:"), HasSubstr("wins")));
  EXPECT_THAT(muster({"why", "cart.paht@staging"}), EndsWith(2));
}

TEST_F(Muster, ExplainsACode) {
  const Ran ran = muster({"explain", "F0101"});
  EXPECT_THAT(ran, EndsWith(0));
  EXPECT_THAT(ran.out, HasSubstr("F0101"));
  const Ran unknown = muster({"explain", "F9999"});
  EXPECT_THAT(unknown, EndsWith(2));
  EXPECT_THAT(unknown.error, HasSubstr("there is no code `F9999`"));
}

TEST_F(Muster, ComparesTheFleetWithARevisionForAPullRequest) {
  two_services();
  run_program({"git", "-C", fleet().string(), "init", "-q", "-b", "main"});
  run_program({"git", "-C", fleet().string(), "add", "-A"});
  run_program({"git", "-C", fleet().string(), "commit", "-q", "-m", "Begin"});
  EXPECT_THAT(muster({"plan", "--against", "HEAD"}).out, HasSubstr("no instance differs from HEAD"));
  write("fleet/more.fleet", "service web : std.manifests { repo = \"../code/web.git\", path = \"deploy\", needs = [cart] }\n");
  const Ran ran = muster({"plan", "--against", "main", "--exit-code"});
  EXPECT_THAT(ran, EndsWith(3));
  EXPECT_THAT(ran.out,
              AllOf(HasSubstr("+ web@staging"), HasSubstr("+ web@production"), HasSubstr("since main: 2 added, 0 removed, 0 changed")));
  EXPECT_THAT(muster({"plan", "--against", "nothing-like-it"}), Not(EndsWith(0)));
}

TEST_F(Muster, ShowsARenameToAPullRequestAsOne) {
  two_services();
  ASSERT_THAT(shell("git init -q -b main && git add . && git commit -qm 'The fleet'"), EndsWith(0));
  std::string text = read("fleet/shop.fleet");
  text.replace(text.find("service cart : std.manifests {"), 30, "service basket : std.manifests { renamed_from = [cart],");
  write("fleet/shop.fleet", text);
  const Ran ran = muster({"plan", "--against", "HEAD"});
  EXPECT_THAT(ran, EndsWith(0));
  EXPECT_THAT(ran.out, AllOf(HasSubstr("~ cart@staging → basket@staging\n"), HasSubstr("~ cart@production → basket@production\n"),
                             HasSubstr("since HEAD: 0 added, 0 removed, 2 renamed, ")));
}

TEST_F(Muster, NotesTargetsThatThisVersionDoesNotApplyTo) {
  two_services();
  std::string text = read("fleet/shop.fleet");
  text.replace(text.find("target prod-out : directory { path = \"../out/production\" }"), 58,
               "target prod-out : kubernetes { context = \"prod\" }");
  write("fleet/shop.fleet", text);
  EXPECT_THAT(muster({"check"}).out, HasSubstr("note: prod-out: this version applies to a `directory` only"));
}

TEST_F(Muster, SaysWhereAPullRequestIsPromotedTo) {
  two_services();
  write("fleet/web.fleet", "service web : std.web { repo = \"../code/web.git\", image = \"registry.example/web:1\" }\n");
  ASSERT_THAT(shell("git init -q -b main && git add . && git commit -qm 'The fleet'"), EndsWith(0));
  write("fleet/web.fleet", "service web : std.web { repo = \"../code/web.git\", image = \"registry.example/web:2\" }\n");
  EXPECT_THAT(muster({"plan", "--against", "HEAD"}).out,
              AllOf(HasSubstr("~ web@staging\n"), HasSubstr("then promoted, as far as the gates let them: web@production\n")));
}

TEST_F(Muster, EndsWith2ForAFleetFileThatIsNoTextOrTooLarge) {
  two_services();
  write("fleet/binary.fleet",
        "\x7f"
        "ELF\xff\xfe");
  for (const char* verb : {"check", "plan", "apply"}) {
    const Ran ran = muster({verb});
    EXPECT_THAT(ran, EndsWith(2)) << verb;
    EXPECT_THAT(ran.error, HasSubstr("binary.fleet is not valid UTF-8"));
  }
  write("fleet/binary.fleet", std::string(std::size_t{5} << 20U, '#'));
  const Ran ran = muster({"check"});
  EXPECT_THAT(ran, EndsWith(2));
  EXPECT_THAT(ran.error, HasSubstr("binary.fleet is larger than 4 MiB"));
}

TEST_F(Muster, RunsTheCommandOfACheckInTheFolderOfTheFleet) {
  two_services();
  std::string text = read("fleet/shop.fleet");
  text.replace(text.find("from = staging,"), 15, "from = staging, gate { check { command = [\"./checks/ask.sh\"] } },");
  write("fleet/shop.fleet", text);
  write("fleet/checks/ask.sh", "#!/bin/sh\necho asked >> asked.txt\n");
  std::filesystem::permissions(root() / "fleet/checks/ask.sh", std::filesystem::perms::owner_all);
  EXPECT_THAT(muster_in(root() / "fleet/checks", {"apply"}), EndsWith(0));
  EXPECT_TRUE(exists("fleet/asked.txt"));
  EXPECT_EQ(stands("cart", "production"), "one");
}

}  // namespace
}  // namespace muster::test
