// The command line itself: help, reference pages, mistakes with their way out, output that goes nowhere.
#include "cli/muster.hpp"

namespace muster::test {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

struct Mistake {
  std::vector<std::string> words;
  std::string says;
};

TEST_F(Muster, AnswersMistakesOfTheCommandLineWithTheWayOutAndExit2) {
  two_services();
  const Mistake mistakes[] = {
      {{"stauts"}, "there is no verb `stauts`; did you mean `status`?"},
      {{"check", "--jsno"}, "there is no option `--jsno`; did you mean `--json`?"},
      {{"status", "--in"}, "--in needs a value: --in ENV"},
      {{"apply", "--jobs", "x"}, "--jobs takes a number from 1 to 1024, not `x`"},
      {{"--jobs", "0", "check"}, "--jobs takes a number from 1 to 1024, not `0`"},
      {{"check", "cart"}, "takes no operand, and got `cart`"},
      {{"status", "--in", "stagin"}, "there is no environment `stagin`; did you mean `staging`?"},
      {{"apply", "--in", "prod"}, "there is no environment `prod`; there is production, staging"},
      {{"reconcile", "--in", "nowhere"}, "there is no environment `nowhere`"},
      {{"status", "crat"}, "there is no service `crat`; did you mean `cart`?"},
      {{"plan", "cart@stagin"}, "there is no environment `stagin`; did you mean `staging`?"},
      {{"status", "staging"}, "`staging` is an environment, not a service: say `--in staging`"},
      {{"deliver", "team:nobody"}, "no service belongs to a team `nobody`"},
      {{"apply", "--timeout", "soon"}, "--timeout takes a duration, as in `15min`"},
      {{"serve", "--interval", "often"}, "--interval takes a duration"},
      {{"why", "cart"}, "say in which environment: `cart@production`, `cart@staging`"},
      {{"promote", "cart"}, "say where to: --to ENV"},
      {{"rollback"}, "name the instances, as in `muster rollback cart@production`"},
      {{"rollback", "staging"}, "a whole environment goes back to a time"},
      {{"history", "--at", "yesterday"}, "--at takes a time as in 2026-05-04T10:00"},
      {{"status", "\x1b]0;evil\x07"}, "there is no service `\\x1b]0;evil\\x07`"},
  };
  for (const Mistake& mistake : mistakes) {
    const Ran ran = muster(mistake.words);
    EXPECT_THAT(ran, EndsWith(2)) << testing::PrintToString(mistake.words);
    EXPECT_THAT(ran.error, AllOf(HasSubstr(mistake.says), Not(HasSubstr("\x1b"))));
    EXPECT_THAT(ran.out, IsEmpty());
  }
}

TEST_F(Muster, ExplainsEveryVerbWithAnExampleAndNamesItsOptions) {
  const Ran overview = muster({"--help"});
  EXPECT_THAT(overview, EndsWith(0));
  for (const char* verb :
       {"init",    "check",  "plan",   "apply", "deliver", "reconcile", "serve", "promote", "rollback", "hold",    "resume",
        "approve", "retire", "status", "why",   "history", "diff",      "graph", "eval",    "dump",     "explain", "version"}) {
    EXPECT_THAT(overview.out, HasSubstr(std::string("\n  ") + verb + " "));
    const Ran ran = muster({verb, "--help"});
    EXPECT_THAT(ran, EndsWith(0));
    EXPECT_THAT(ran.out, AllOf(HasSubstr(std::string("usage: muster ") + verb), HasSubstr("\nexample:\n  $ muster"), HasSubstr("--json")));
    EXPECT_EQ(muster({"help", verb}).out, ran.out);
  }
  EXPECT_THAT(muster({"plan", "--help"}).out, AllOf(HasSubstr("--against REV"), HasSubstr("--out FILE.json"), HasSubstr("--exit-code")));
  EXPECT_THAT(muster({"rollback", "--help"}).out, AllOf(HasSubstr("--to TIME"), HasSubstr("--no-hold")));
  EXPECT_THAT(muster({}), EndsWith(2)) << "without a verb nothing was asked";
}

TEST_F(Muster, PrintsItsManualAndCompletions) {
  EXPECT_THAT(muster({"reference", "man"}).out, AllOf(HasSubstr(".TH MUSTER 1"), HasSubstr(".SS rollback")));
  EXPECT_THAT(muster({"reference", "zsh"}).out, HasSubstr("#compdef muster"));
  EXPECT_THAT(muster({"reference", "fish"}).out, HasSubstr("complete -c muster"));
  EXPECT_THAT(muster({"reference", "tcsh"}), EndsWith(2));
  const Ran completed = shell(
      "muster reference bash > completion && . ./completion && COMP_WORDS=(muster roll) COMP_CWORD=1 && _muster && echo "
      "\"${COMPREPLY[@]}\"");
  EXPECT_THAT(completed, EndsWith(0));
  EXPECT_EQ(completed.out, "rollback\n");
}

TEST_F(Muster, SaysItsVersion) {
  EXPECT_THAT(muster({"version"}).out, HasSubstr("(language 1.0)"));
  EXPECT_EQ(muster({"--version"}).out, muster({"version"}).out);
}

TEST_F(Muster, IsQuietWhenItsReaderHasSeenEnough) {
  two_services();
  const Ran ran = shell("set -o pipefail; muster explain | head -1");
  EXPECT_THAT(ran, EndsWith(0));
  EXPECT_THAT(ran.error, IsEmpty());
}

TEST_F(Muster, FailsWhereItsOutputIsLost) {
  two_services();
  for (const char* line : {"muster check > /dev/full", "muster check >&-", "muster --help > /dev/full"})
    EXPECT_THAT(shell(line), EndsWith(1)) << line;
  EXPECT_THAT(shell("muster check > /dev/full").error, HasSubstr("standard output could not be written"));
}

TEST_F(Muster, PrintsOneJsonObjectALineForLongWorkAndTheResultLast) {
  two_services();
  const Ran ran = muster({"apply", "--json"});
  EXPECT_THAT(ran, EndsWith(0));
  EXPECT_THAT(ran.out, HasSubstr("\"event\":\"finished\""));
  const Value result = ran.json();
  EXPECT_EQ(result.string_at("event"), "result");
  EXPECT_EQ(*result.find("exit_code")->if_int(), 0);
  EXPECT_EQ(result.find("deliver")->find("environments")->if_array()->size(), 2U);
}

}  // namespace
}  // namespace muster::test
