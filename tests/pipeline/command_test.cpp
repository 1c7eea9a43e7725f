// Builds by a command of the service's own, and the rules that hold for every builder.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <thread>

#include "muster/base/text.hpp"
#include "pipeline/fixture.hpp"

namespace muster::pipeline {
namespace {

using namespace std::chrono_literals;
using State = Progress::State;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

class CommandTest : public PipelineTest {
 protected:
  void SetUp() override {
    if (const auto missing = test::RegistryServer::missing()) GTEST_SKIP() << *missing;
  }
  std::string mark(std::string_view name) const { return (folder.path() / name).string(); }
  bool appears(std::string_view name) const {
    return test::eventually([&] { return std::filesystem::exists(mark(name)); });
  }
  /// The lines that a build appended to a file outside of its scratch folder.
  std::size_t times(std::string_view name) const {
    const auto text = world.files.read(folder.path() / name, 1U << 20U);
    return text.ok() ? static_cast<std::size_t>(std::count(text->begin(), text->end(), '\n')) : 0;
  }
};

TEST_F(CommandTest, GetsItsImagesNameAndWhatIsDeclaredAndNothingElse) {
  Order order = by_command("env | sort; pwd; exit 1\n");
  order.build.arguments["FLAVOUR"] = "sweet";
  settings.environment["MUSTERS_OWN"] = "x";
  const Progress progress = build(order);
  const std::string log = log_of(progress);
  EXPECT_THAT(log, HasSubstr("\nFLAVOUR=sweet\n"));
  EXPECT_THAT(log, HasSubstr("\nIMAGE=" + registry().host() + "/shop/cart:" + content_tag(order.build, order.tree->id()) + "\n"));
  EXPECT_THAT(log, HasSubstr("\nPATH=/usr/local/bin:/usr/bin:/bin\n"));
  EXPECT_THAT(log, HasSubstr("/state/scratch/"));
  EXPECT_THAT(log, Not(HasSubstr("MUSTERS_OWN")));
}

TEST_F(CommandTest, FailsWithItsExitCodeAndLastLinesAndIsNotTriedAgainByItself) {
  const Order order = by_command("echo once >> " + mark("runs") + "\nfor i in 1 2 3 4 5 6 7 8 9 10 11 12; do echo line $i; done; exit 7\n");
  const auto builds = make();
  const Progress progress = settle(*builds, order);
  ASSERT_EQ(progress.state, State::failed);
  EXPECT_EQ(progress.failure->text, "./build.sh ended with exit code 7");
  EXPECT_EQ(progress.last_lines.size(), 10U);
  EXPECT_EQ(progress.last_lines.back(), "line 12");
  EXPECT_FALSE(progress.again_at);
  EXPECT_THAT(log_of(progress), HasSubstr("line 1\n"));
  EXPECT_EQ(settle(*builds, order).state, State::failed);
  EXPECT_EQ(times("runs"), 1U);
  EXPECT_THAT(scratch(), IsEmpty());
}

TEST_F(CommandTest, IsRememberedAsFailedByLaterRunsUntilAPersonAsks) {
  const Order order = by_command("echo once >> " + mark("runs") + "\necho no good; exit 7\n");
  const Progress first = settle(*make(), order);
  const auto builds = make();
  const Progress second = builds->ask(order, {});
  EXPECT_EQ(second.state, State::failed);
  EXPECT_EQ(second.failure->text, first.failure->text);
  EXPECT_EQ(second.last_lines, first.last_lines);
  EXPECT_EQ(second.log, first.log);
  EXPECT_EQ(times("runs"), 1U);
  EXPECT_EQ(build(order).state, State::failed);
  EXPECT_EQ(times("runs"), 2U);
}

/// Nobody pushes a commit because a secret was missing: what is declared of a build are its inputs too.
TEST_F(CommandTest, IsTriedAgainAtOnceWhenWhatItIsGivenChanges) {
  secrets.values = {{"env:TOKEN", "canary"}};
  const Order failed = by_command("echo once >> " + mark("runs") + "\n[ \"$TOKEN\" ] && [ $(ulimit -d) = 1048576 ] && exit 8; exit 7\n");
  std::vector<Order> orders(6, failed);
  orders[1].build.secrets["TOKEN"] = {"env:TOKEN", {}};
  orders[2].build.memory = std::uint64_t{1} << 30U;
  orders[3].build.timeout = 2h;
  orders[4].access.plain_http = true;
  orders[5].build.secrets = orders[1].build.secrets;
  orders[5].build.memory = orders[2].build.memory;
  const auto builds = make();
  for (std::size_t i = 0; i < orders.size(); ++i) {
    const std::string text = i == 5 ? "./build.sh ended with exit code 8" : "./build.sh ended with exit code 7";
    EXPECT_EQ(settle(*builds, orders[i]).failure->text, text) << i;
    EXPECT_EQ(times("runs"), i + 1);
    EXPECT_EQ(settle(*builds, orders[i]).failure->text, text) << "remembered";
    EXPECT_EQ(settle(*make(), orders[i]).failure->text, text) << "remembered by later runs";
    EXPECT_EQ(times("runs"), i + 1);
  }
}

TEST_F(CommandTest, IsNotBelievedThatTheDiskIsFull) {
  const Order order = by_command("echo \"test_readonly: expected 'Read-only file system', got 'No space left on device'\"; exit 1\n");
  const Progress progress = settle(*make(), order);
  ASSERT_EQ(progress.state, State::failed);
  EXPECT_EQ(progress.failure->text, "./build.sh ended with exit code 1");
  EXPECT_FALSE(progress.again_at);
}

TEST_F(CommandTest, MustPushWhatItIsToldTo) {
  const Progress progress = settle(*make(), by_command("echo all is well\n"));
  ASSERT_EQ(progress.state, State::failed);
  EXPECT_THAT(progress.failure->text, HasSubstr("the command ended well without pushing"));
  EXPECT_FALSE(progress.again_at);
}

TEST_F(CommandTest, IsDoneWhenTheRegistryKnowsItsTag) {
  const Order order = by_command("touch " + mark("begun") + "; while [ ! -e " + mark("pushed") + " ]; do sleep 0.01; done\n");
  const auto builds = make();
  EXPECT_EQ(builds->ask(order, {}).state, State::waiting);
  ASSERT_TRUE(appears("begun"));
  EXPECT_EQ(builds->ask(order, {}).state, State::running);
  const std::string digest = registry().push("shop/cart", content_tag(order.build, order.tree->id()), "cart");
  folder.write("pushed", "");
  EXPECT_TRUE(builds->wait({}));
  const Progress progress = builds->ask(order, {});
  ASSERT_EQ(progress.state, State::done);
  EXPECT_EQ(progress.digest, digest);
  EXPECT_EQ(progress.reference, registry().host() + "/shop/cart@" + digest);
  EXPECT_FALSE(progress.reused);
  EXPECT_FALSE(builds->wait({})) << "nothing waits";
}

TEST_F(CommandTest, IsNotRunWhereTheRegistryHasTheImage) {
  const Order order = by_command("echo once >> " + mark("runs") + "\n");
  const std::string digest = registry().push("shop/cart", content_tag(order.build, order.tree->id()), "cart");
  const auto builds = make();
  const Progress progress = builds->ask(order, {});
  ASSERT_EQ(progress.state, State::done);
  EXPECT_TRUE(progress.reused);
  EXPECT_EQ(progress.digest, digest);
  EXPECT_EQ(times("runs"), 0U);
  const int requests = registry().requests("HEAD") + registry().requests("GET");
  EXPECT_EQ(builds->ask(order, {}).state, State::done);
  EXPECT_EQ(registry().requests("HEAD") + registry().requests("GET"), requests) << "what is known is not asked for again";
}

TEST_F(CommandTest, EndsWhenItsTimeIsUp) {
  Order order = by_command("echo begun; sleep 1000\n");
  order.build.timeout = 300ms;
  const Progress progress = settle(*make(), order);
  ASSERT_EQ(progress.state, State::failed);
  EXPECT_EQ(progress.failure->text, "the build took longer than 300ms");
  EXPECT_FALSE(progress.again_at);
}

TEST_F(CommandTest, ShowsNoSecretInItsLog) {
  Order order = by_command("echo it is $TOKEN; echo $KEY; cat $REGISTRY_AUTH_FILE; exit 3\n");
  secrets.values = {{"env:TOKEN", "canary-one"}, {"env:KEY", "canary two\ncanary three"}, {"env:REGISTRY", "canary-four"}};
  order.build.secrets["TOKEN"] = {"env:TOKEN", {}};
  order.build.secrets["KEY"] = {"env:KEY", {}};
  order.access.auth.method = model::Credentials::Method::basic;
  order.access.auth.user = "ada";
  order.access.auth.secret = model::SecretRef{"env:REGISTRY", {}};
  const Progress progress = settle(*make(), order);
  ASSERT_EQ(progress.state, State::failed);
  const std::string log =
      log_of(progress) + testing::PrintToString(progress.last_lines) + folder.read("state/builds/cart/" + progress.tag + ".json");
  EXPECT_THAT(log, HasSubstr("it is ***"));
  EXPECT_THAT(log, HasSubstr("\"auth\":\"***\""));
  EXPECT_THAT(log, Not(HasSubstr("canary")));
}

/// `auth` is the pair in base64: who decodes it has the password, and so has nobody who reads the log.
TEST_F(CommandTest, GetsItsRegistrysLoginOfDockersAloneAndShowsNoneOfIt) {
  Order order = by_command(
      "echo its host ${IMAGE%%/*}; cat $REGISTRY_AUTH_FILE; echo\n"
      "grep -o '\"auth\": *\"[^\"]*\"' $REGISTRY_AUTH_FILE | cut -d '\"' -f 4 |\n"
      "while read it; do echo $it | base64 -d; echo; done; exit 3\n");
  order.access.auth.method = model::Credentials::Method::docker_config;
  settings.docker_config =
      folder.write("config.json", R"({"auths": {")" + registry().host() + R"(": {"auth": ")" + to_base64("ada:canary7") +
                                      R"("}, "other.example": {"auth": ")" + to_base64("bob:sesame9") + R"("}}})");
  const Progress progress = settle(*make(), order);
  ASSERT_EQ(progress.state, State::failed);
  const std::string shown =
      log_of(progress) + testing::PrintToString(progress.last_lines) + folder.read("state/builds/cart/" + progress.tag + ".json");
  EXPECT_THAT(shown, HasSubstr("its host " + registry().host()));
  EXPECT_THAT(shown, HasSubstr("\n***\n"));
  for (const std::string secret : {"canary7", "sesame9", "bob"}) EXPECT_THAT(shown, Not(HasSubstr(secret)));
  EXPECT_THAT(shown, Not(HasSubstr("other.example")));
}

/// What a helper gives is found in no file: it is asked once, and its answer is the build's login.
TEST_F(CommandTest, GetsWhatDockersHelperKnowsOfItsRegistryAndShowsNoneOfIt) {
  Order order = by_command("grep -o '\"auth\":\"[^\"]*' $REGISTRY_AUTH_FILE | cut -d '\"' -f 4 | base64 -d; echo; exit 3\n");
  order.access.auth.method = model::Credentials::Method::docker_config;
  settings.docker_config = folder.write("config.json", R"({"credsStore": "test"})");
  const auto helper =
      folder.write("bin/docker-credential-test", "#!/bin/sh\nread server\necho '{\"Username\": \"ada\", \"Secret\": \"canary\"}'\n");
  std::filesystem::permissions(helper, std::filesystem::perms::owner_all);
  settings.environment["PATH"] = (folder.path() / "bin").string() + ":" + settings.environment["PATH"];
  const Progress progress = build(order);
  EXPECT_EQ(progress.failure->text, "./build.sh ended with exit code 3");
  EXPECT_THAT(progress.last_lines, ElementsAre("***"));
}

TEST_F(CommandTest, WaitsForASecretThatIsNotThere) {
  Order order = by_command("exit 0\n");
  order.build.secrets["TOKEN"] = {"env:TOKEN", {}};
  const Progress progress = settle(*make(), order);
  ASSERT_EQ(progress.state, State::failed);
  EXPECT_THAT(progress.failure->text, HasSubstr("env:TOKEN"));
  EXPECT_TRUE(progress.again_at) << "no fault of the inputs";
}

TEST_F(CommandTest, IsTriedAgainWithGrowingPausesWhileTheRegistryDoesNotAnswer) {
  const Order order = by_command("exit 0\n");
  registry().stop();
  const auto builds = make_timed();
  Progress progress = builds->ask(order, {});
  ASSERT_EQ(progress.state, State::failed);
  ASSERT_TRUE(progress.again_at);
  EXPECT_EQ(*progress.again_at - clock.now(), 30s);
  EXPECT_FALSE(builds->wait({}));
  const Instant first = *progress.again_at;
  EXPECT_EQ(*builds->ask(order, {}).again_at, first) << "not before its time";
  clock.advance(30s);
  EXPECT_EQ(*builds->ask(order, {}).again_at - clock.now(), 60s);
  clock.advance(60s);
  registry().start_again();
  registry().push("shop/cart", content_tag(order.build, order.tree->id()), "cart");
  EXPECT_EQ(builds->ask(order, {}).state, State::done);
}

TEST_F(CommandTest, IsNotBlamedForARegistryThatWentAway) {
  const Order order = by_command("touch " + mark("begun") + "; while [ ! -e " + mark("gone") + " ]; do sleep 0.01; done; exit 1\n");
  const auto builds = make();
  builds->ask(order, {});
  ASSERT_TRUE(appears("begun"));
  registry().stop();
  folder.write("gone", "");
  EXPECT_TRUE(builds->wait({}));
  EXPECT_TRUE(builds->ask(order, {}).again_at);
}

TEST_F(CommandTest, IsCancelledByANewerCommit) {
  settings.jobs = 1;
  const Order older = by_command("echo old >> " + mark("runs") + "; touch " + mark("begun") + "; sleep 1000\n");
  const Order newer = by_command("echo new >> " + mark("runs") + "; exit 1\n");
  const auto builds = make();
  builds->ask(older, {});
  ASSERT_TRUE(appears("begun"));
  EXPECT_EQ(settle(*builds, newer).failure->text, "./build.sh ended with exit code 1");
  EXPECT_EQ(folder.read("runs"), "old\nnew\n");
  EXPECT_THAT(scratch(), IsEmpty());
}

TEST_F(CommandTest, IsCancelledByAnEditOfItsBuild) {
  settings.jobs = 1;
  const Order older = by_command("touch " + mark("begun") + "; sleep 1000\n");
  Order newer = older;
  newer.build.command = {"false"};
  newer.build.declaration = "another";
  const auto builds = make();
  builds->ask(older, {});
  ASSERT_TRUE(appears("begun"));
  EXPECT_EQ(settle(*builds, newer).failure->text, "false ended with exit code 1");
}

TEST_F(CommandTest, GoesOnWhileAnotherEnvironmentWantsIt) {
  Order older = by_command("touch " + mark("begun") + "; while [ ! -e " + mark("asked") + " ]; do sleep 0.01; done; exit 7\n");
  const auto builds = make();
  builds->ask(older, {});
  older.environment = "production";
  builds->ask(older, {});
  ASSERT_TRUE(appears("begun"));
  builds->ask(by_command("exit 8\n"), {});
  folder.write("asked", "");
  EXPECT_EQ(settle(*builds, older).failure->text, "./build.sh ended with exit code 7");
}

TEST_F(CommandTest, KeepsNoTreeWhenItHasEnded) {
  const auto builds = make();
  Order order = by_command("exit 1\n");
  const std::weak_ptr<const source::Tree> tree = order.tree;
  settle(*builds, order);
  order.tree.reset();
  EXPECT_TRUE(tree.expired());
}

TEST_F(CommandTest, RunsBesideMoreWhenTheirNumberGrows) {
  settings.jobs = 1;
  const auto builds = make();
  builds->ask(by_command("touch " + mark("first") + "; sleep 1000\n"), {});
  ASSERT_TRUE(appears("first"));
  Order second = by_command("touch " + mark("second") + "; exit 7\n");
  second.service = "search";
  EXPECT_EQ(builds->ask(second, {}).state, State::waiting);
  builds->set_jobs(2);
  EXPECT_TRUE(appears("second"));
  EXPECT_TRUE(builds->wait({}));
  builds->set_jobs(1);
  Order third = by_command("exit 7\n");
  third.service = "search";
  EXPECT_EQ(builds->ask(third, {}).state, State::waiting);
  builds->set_jobs(2);
  EXPECT_TRUE(builds->wait({}));
  EXPECT_EQ(builds->ask(third, {}).state, State::failed);
}

TEST_F(CommandTest, OfAnotherEnvironmentRunsBesideIt) {
  Order one = by_command("touch " + mark("one") + "; while [ ! -e " + mark("two") + " ]; do sleep 0.01; done; exit 1\n");
  Order two = by_command("touch " + mark("two") + "; while [ ! -e " + mark("one") + " ]; do sleep 0.01; done; exit 2\n");
  two.environment = "production";
  const auto builds = make();
  builds->ask(one, {});
  builds->ask(two, {});
  while (builds->wait({})) {}
  EXPECT_EQ(builds->ask(one, {}).failure->text, "./build.sh ended with exit code 1");
  EXPECT_EQ(builds->ask(two, {}).failure->text, "./build.sh ended with exit code 2");
}

TEST_F(CommandTest, ShowsItsNewestLineWhileItRuns) {
  const Order order = by_command("echo compiling; while [ ! -e " + mark("seen") + " ]; do sleep 0.01; done; exit 1\n");
  const auto builds = make();
  builds->ask(order, {});
  const std::map<std::string, std::string> expected = {{"cart main", "compiling"}};
  ASSERT_TRUE(test::eventually([&] { return builds->lines() == expected; }));
  folder.write("seen", "");
  EXPECT_TRUE(builds->wait({}));
  EXPECT_THAT(builds->lines(), IsEmpty());
}

/// A FIFO is at its end for the reader only when every process that could write has ended.
TEST_F(CommandTest, DiesWithAllItStartedWhenNobodyWantsItAnyMore) {
  ASSERT_EQ(mkfifo(mark("alive").c_str(), 0600), 0);
  const int reader = open(mark("alive").c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC);
  auto builds = make();
  builds->ask(by_command("exec 3> " + mark("alive") + "; (echo x >&3; sleep 1000) & sleep 1000\n"), {});
  char byte = 0;
  int heard = 0;
  ASSERT_TRUE(test::eventually([&] { return read(reader, &byte, 1) == 1 && ++heard == 2; })) << "the x and its line's end";
  ASSERT_EQ(fcntl(reader, F_SETFL, 0), 0);
  builds.reset();
  EXPECT_EQ(read(reader, &byte, 1), 0) << "blocks for ever when one of them lives";
  EXPECT_THAT(scratch(), IsEmpty());
  close(reader);
}

TEST_F(CommandTest, LeavesNoFolderThatItsOwnerMayNotWriteTo) {
  const Progress progress =
      settle(*make(), by_command("mkdir -p $HOME/go/pkg && touch $HOME/go/pkg/mod && chmod 0500 $HOME/go/pkg; exit 1\n"));
  EXPECT_EQ(progress.state, State::failed);
  EXPECT_THAT(scratch(), IsEmpty());
}

TEST_F(CommandTest, KeepsTheNewestLogsOfAServiceAlone) {
  for (int i = 0; i < 23; ++i) {
    ASSERT_EQ(build(by_command("exit 1 # " + std::to_string(i) + "\n")).state, State::failed);
  }
  std::size_t logs = 0;
  for (const DirectoryEntry& entry : world.files.list(settings.state / "builds" / "cart").value())
    logs += entry.name.ends_with(".log") ? 1U : 0U;
  EXPECT_EQ(logs, 20U);
}

TEST_F(CommandTest, CannotStayOnThisMachine) {
  const Progress progress = build(by_command("exit 0\n"), true);
  ASSERT_EQ(progress.state, State::failed);
  EXPECT_THAT(progress.failure->text, HasSubstr("only what buildah builds can stay here"));
}

TEST_F(CommandTest, MayPrintAGigabyte) {
  Order order = by_command("yes a line of a gigabyte | head -c 1000000000; echo; echo the end; exit 4\n");
  order.build.secrets["TOKEN"] = {"env:TOKEN", {}};
  secrets.values["env:TOKEN"] = "canary";
  const Progress progress = build(order);
  EXPECT_EQ(progress.failure->text, "./build.sh ended with exit code 4");
  EXPECT_EQ(progress.last_lines.back(), "the end");
  EXPECT_LT(std::filesystem::file_size(progress.log), 64U << 20U);
}

TEST_F(CommandTest, IsBoundInMemory) {
  Order order = by_command("ulimit -d; exit 1\n");
  order.build.memory = std::uint64_t{1} << 30U;
  EXPECT_THAT(build(order).last_lines, ElementsAre("1048576"));
}

}  // namespace
}  // namespace muster::pipeline
