// Real images by the real buildah, pushed to a real registry.
#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <random>
#include <set>
#include <thread>

#include "muster/base/text.hpp"
#include "muster/manifest/yaml.hpp"
#include "pipeline/fixture.hpp"

namespace muster::pipeline {
namespace {

using namespace std::chrono_literals;
using State = Progress::State;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

std::string told(const Progress& progress) {
  return (progress.failure ? progress.failure->text : "no failure") + "\n" + testing::PrintToString(progress.last_lines);
}

bool is_anywhere_in(const std::filesystem::path& root, std::string_view text) {
  for (const auto& entry : std::filesystem::recursive_directory_iterator(root)) {
    if (!entry.is_regular_file()) continue;
    const auto bytes = system_files().read(entry.path(), std::size_t{1} << 30U);
    if (!bytes.ok() || bytes->find(text) != std::string::npos) return true;
  }
  return false;
}

TEST_F(BuildahTest, BuildsAndPushesAnImageThatTheRegistryKnowsByItsDigest) {
  const Order order = this->order(commit_image("RUN print building\nENTRYPOINT [\"/bin/sh\"]\n"));
  const Progress progress = settle(*make(), order);
  ASSERT_EQ(progress.state, State::done) << told(progress);
  EXPECT_EQ(progress.digest, in_registry(order));
  EXPECT_EQ(progress.reference, registry().host() + "/shop/cart@" + progress.digest);
  EXPECT_FALSE(progress.reused);
  EXPECT_THAT(log_of(progress), HasSubstr("building\n"));
  EXPECT_THAT(scratch(), IsEmpty());
}

TEST_F(BuildahTest, PassesItsArguments) {
  Order order = this->order(commit_image("ARG WHAT=nothing\nRUN show WHAT\nRUN fail\n"));
  order.build.arguments["WHAT"] = "something";
  EXPECT_THAT(log_of(build(order)), HasSubstr("\nsomething\n"));
}

TEST_F(BuildahTest, BuildsTheSameContentOnceWhoeverAsksAndWherever) {
  const Order order = this->order(commit_image("RUN print building\n"));
  const std::string digest = settle(*make(), order).digest;
  settings.state = folder.path() / "another machine";
  const Progress progress = settle(*make(), order);
  EXPECT_TRUE(progress.reused);
  EXPECT_EQ(progress.digest, digest);
}

TEST_F(BuildahTest, MakesTheSameImageOfTheSameTreeWheneverItBuilds) {
  const Order order = this->order(commit_image("COPY more /folder/more\n", "text"));
  Order elsewhere = order;
  elsewhere.build.push.repository = "shop/twin";
  EXPECT_EQ(build(order).digest, build(elsewhere).digest);
}

TEST_F(BuildahTest, FailsWithTheExitCodeAndTheLastLines) {
  const Order order = this->order(commit_image("RUN print building\nRUN fail\n"));
  const Progress progress = settle(*make(), order);
  ASSERT_EQ(progress.state, State::failed);
  EXPECT_EQ(progress.failure->text, "buildah ended with exit code 7");
  EXPECT_THAT(progress.last_lines, testing::Contains("it cannot be built"));
  EXPECT_FALSE(progress.again_at);
  const auto result = manifest::parse_json(folder.read("state/builds/cart/" + progress.tag + ".json"), "result").value();
  EXPECT_EQ(*result.find("exit_code")->if_int(), 7);
  EXPECT_EQ(result.string_at("log"), progress.log.string());
  EXPECT_EQ(in_registry(order), "");
  EXPECT_THAT(scratch(), IsEmpty());
}

TEST_F(BuildahTest, SaysThatThereIsNoContainerfile) {
  Order order = this->order(commit({{"main.c", "int main() {}"}}));
  EXPECT_EQ(build(order).failure->text, "there is no `Containerfile` in shop/cart");
}

TEST_F(BuildahTest, EndsWhatTakesTooLong) {
  Order order = this->order(commit_image("RUN hang\n"));
  order.build.timeout = 3s;
  const Progress progress = settle(*make(), order);
  EXPECT_EQ(progress.failure->text, "the build took longer than 3s");
  EXPECT_FALSE(progress.again_at);
  EXPECT_THAT(scratch(), IsEmpty());
}

TEST_F(BuildahTest, KeepsTheLogOfAFloodSmallAndBuildsOn) {
  const Order order = this->order(commit_image("RUN flood\n"));
  const Progress progress = settle(*make(), order);
  ASSERT_EQ(progress.state, State::done) << told(progress);
  EXPECT_LT(std::filesystem::file_size(progress.log), 64U << 20U);
  const std::string log = log_of(progress);
  EXPECT_THAT(log.substr(log.size() - 100'000), HasSubstr("the end\n"));
  EXPECT_NE(log.find(" bytes of output are not kept]"), std::string::npos);
}

TEST_F(BuildahTest, GivesASecretToTheBuildAndToNobodyElse) {
  secrets.values["env:TOKEN"] = "canary";
  Order order = this->order(commit_image("RUN --mount=type=secret,id=token secret token\n"));
  order.build.secrets["token"] = {"env:TOKEN", {}};
  const Progress progress = settle(*make(), order);
  ASSERT_EQ(progress.state, State::done) << told(progress);
  EXPECT_THAT(log_of(progress), HasSubstr("it is ***.\n"));
  EXPECT_THAT(log_of(progress), Not(HasSubstr("canary")));
  EXPECT_FALSE(is_anywhere_in(folder.path(), "canary"));
}

TEST_F(BuildahTest, IsCancelledByANewerCommit) {
  settings.jobs = 1;
  const auto builds = make();
  const Order older = order(commit_image("RUN hang\n"));
  builds->ask(older, {});
  const std::map<std::string, std::string> begun = {{"cart main", "begun"}};
  ASSERT_TRUE(test::eventually([&] { return builds->lines() == begun; }));
  const Order newer = order(commit_image("RUN print newer\n"));
  const Progress progress = settle(*builds, newer);
  EXPECT_EQ(progress.state, State::done) << told(progress);
  EXPECT_EQ(in_registry(older), "");
  EXPECT_THAT(scratch(), IsEmpty());
}

TEST_F(BuildahTest, IsBoundInMemory) {
  Order order = this->order(commit_image("RUN eat\n"));
  order.build.memory = std::uint64_t{512} << 20U;
  const Progress progress = build(order);
  EXPECT_EQ(progress.failure->text, "buildah ended with exit code 9");
  EXPECT_THAT(progress.last_lines, testing::Contains("no memory"));
}

TEST_F(BuildahTest, KeepsAnImageHereWhenNothingIsToBePushed) {
  const Order order = this->order(commit_image("RUN print building\n"));
  std::vector<std::string> lines;
  const auto line = [&](std::string_view text) { lines.emplace_back(text); };
  const Progress progress = build_now(world, registries(), secrets, settings, order, true, line, {});
  ASSERT_EQ(progress.state, State::done) << told(progress);
  EXPECT_THAT(progress.reference, testing::StartsWith("oci-archive:"));
  EXPECT_TRUE(std::filesystem::is_regular_file(progress.reference.substr(std::string("oci-archive:").size())));
  EXPECT_THAT(lines, testing::Contains("building"));
  EXPECT_EQ(in_registry(order), "");
}

TEST_F(BuildahTest, KeepsTheNewestImagesThatStayHereAlone) {
  std::size_t kept = 0;
  for (int i = 0; i < 5; ++i) build(order(commit_image("", std::to_string(i))), true);
  for (const DirectoryEntry& entry : world.files.list(settings.state / "builds" / "cart").value())
    kept += entry.name.ends_with(".oci.tar") ? 1U : 0U;
  EXPECT_EQ(kept, 3U);
}

TEST_F(BuildahTest, UsesABaseImageOfTheSameRegistry) {
  Order base = order(commit_image("RUN print base\n"));
  base.build.push.repository = "shop/base";
  const std::string reference = build(base).reference;
  const Order order = this->order(commit({{"Containerfile", "FROM " + reference + "\nRUN print derived\n"}}));
  const Progress progress = build(order);
  EXPECT_EQ(progress.state, State::done) << told(progress);
}

/// A clock by which it happens while somebody waits.
class ClockOfReturn final : public test::TestClock {
 public:
  explicit ClockOfReturn(test::RegistryServer& away) : away_(away) {}
  bool sleep(Duration pause, const std::stop_token& stop) override {
    if (!returned.exchange(true)) away_.start_again();
    return TestClock::sleep(pause, stop);
  }
  std::atomic<bool> returned = false;

 private:
  test::RegistryServer& away_;
};

TEST_F(BuildahTest, PushesAgainWhenTheRegistryComesBack) {
  const Order order = this->order(commit_image("RUN print building\n"));
  ClockOfReturn returning(registry());
  const World timed{returning, world.files, world.processes, world.random};
  const auto builds = make_builds(timed, registries(), secrets, settings);
  builds->ask(order, {});
  ASSERT_TRUE(test::eventually([&] { return std::filesystem::exists(log_path(order)); }));
  registry().stop();
  EXPECT_TRUE(builds->wait({}));
  EXPECT_TRUE(returning.returned);
  const Progress progress = builds->ask(order, {});
  EXPECT_EQ(progress.state, State::done) << told(progress);
  EXPECT_EQ(progress.digest, in_registry(order));
}

/// The registry takes nothing more than the beginning of a blob and dies.
TEST_F(BuildahTest, LeavesNoImageBehindAPushThatWasCutOff) {
  std::string random;  // Nothing that could be compressed.
  std::mt19937 generator(1);
  for (int i = 0; i < 8'000'000; ++i) random += static_cast<char>(generator());
  const Order order = this->order(commit_image("COPY more /more\n", random));
  const auto builds = make_timed();
  builds->ask(order, {});
  ASSERT_TRUE(test::eventually([&] { return registry().requests("PATCH") > 0; }));
  registry().stop();
  EXPECT_TRUE(builds->wait({}));
  const Progress cut_off = builds->ask(order, {});
  ASSERT_EQ(cut_off.state, State::failed);
  ASSERT_TRUE(cut_off.again_at) << told(cut_off);
  EXPECT_THAT(scratch(), IsEmpty());
  registry().start_again();
  EXPECT_EQ(in_registry(order), "");
  EXPECT_EQ(builds->ask(order, {}).state, State::failed) << "not before its time";
  clock.advance(1min);
  const Progress progress = settle(*builds, order);
  EXPECT_EQ(progress.state, State::done) << told(progress);
  EXPECT_EQ(progress.digest, in_registry(order));
}

/// Two machines that do not know of each other, and four builds on each.
TEST_F(BuildahTest, OnTwoMachinesAtOnceMakesOneImage) {
  const Order order = this->order(commit_image("RUN print building\n"));
  std::vector<Progress> made(4);
  {
    std::vector<std::jthread> threads;
    registries();
    for (std::size_t i = 0; i < made.size(); ++i) {
      threads.emplace_back([&, i] {
        Settings own = settings;
        own.state = folder.path() / (i % 2 == 0 ? "one" : "two");
        made[i] = build_now(world, registries(), secrets, own, order, false, {}, {});
      });
    }
  }
  for (const Progress& progress : made) {
    ASSERT_EQ(progress.state, State::done) << told(progress);
    EXPECT_EQ(progress.digest, made[0].digest);
  }
  EXPECT_EQ(in_registry(order), made[0].digest);
}

/// A program of the build's may say anything.
TEST_F(BuildahTest, IsNotBelievedThatTheDiskIsFull) {
  const Progress progress = settle(*make(), order(commit_image("RUN full\n")));
  ASSERT_EQ(progress.state, State::failed);
  EXPECT_EQ(progress.failure->text, "buildah ended with exit code 1");
  EXPECT_FALSE(progress.again_at);
}

class GuardedRegistry : public BuildahTest {
 protected:
  Order order_with(model::Credentials::Method method) {
    Order out = order(commit_image("RUN print building\n"));
    out.build.push.host = guarded().host();
    out.access.auth.method = method;
    return out;
  }
  test::RegistryServer& guarded() {
    if (!guarded_)
      guarded_ = std::make_unique<test::RegistryServer>(test::RegistryServer::Options{.tls = true, .user = "ada", .password = "canary"});
    return *guarded_;
  }

 private:
  std::unique_ptr<test::RegistryServer> guarded_;
};

TEST_F(GuardedRegistry, TakesAPasswordOverAPrivateAuthority) {
  Order order = order_with(model::Credentials::Method::basic);
  order.access.auth.user = "ada";
  order.access.auth.secret = model::SecretRef{"env:REGISTRY", {}};
  order.access.ca_file = guarded().ca_file();
  secrets.values["env:REGISTRY"] = "canary";
  const Progress progress = build(order);
  ASSERT_EQ(progress.state, State::done) << told(progress);
  EXPECT_THAT(log_of(progress), Not(HasSubstr("canary")));
  EXPECT_FALSE(is_anywhere_in(settings.state, "canary"));
}

TEST_F(GuardedRegistry, TakesWhatDockerLoginWrote) {
  Order order = order_with(model::Credentials::Method::docker_config);
  order.access.ca_file = guarded().ca_file();
  settings.docker_config =
      folder.write("config.json", R"({"auths": {")" + guarded().host() + R"(": {"auth": ")" + to_base64("ada:canary") + R"("}}})");
  const Progress progress = build(order);
  ASSERT_EQ(progress.state, State::done) << told(progress);
  EXPECT_FALSE(is_anywhere_in(settings.state, to_base64("ada:canary")));
}

TEST_F(GuardedRegistry, AsksTheHelperOfDockersConfiguration) {
  Order order = order_with(model::Credentials::Method::docker_config);
  order.access.ca_file = guarded().ca_file();
  settings.docker_config = folder.write("config.json", R"({"credsStore": "test"})");
  const auto helper =
      folder.write("bin/docker-credential-test", "#!/bin/sh\nread server\necho '{\"Username\": \"ada\", \"Secret\": \"canary\"}'\n");
  std::filesystem::permissions(helper, std::filesystem::perms::owner_all);
  settings.environment["PATH"] = (folder.path() / "bin").string() + ":" + settings.environment["PATH"];
  const Progress progress = build(order);
  EXPECT_EQ(progress.state, State::done) << told(progress);
}

TEST_F(GuardedRegistry, RefusesAWrongPasswordWithoutABuildBeingBlamed) {
  Order order = order_with(model::Credentials::Method::basic);
  order.access.auth.user = "ada";
  order.access.auth.secret = model::SecretRef{"env:REGISTRY", {}};
  order.access.ca_file = guarded().ca_file();
  secrets.values["env:REGISTRY"] = "wrong";
  const auto builds = make();
  const Progress progress = builds->ask(order, {});
  ASSERT_EQ(progress.state, State::failed);
  EXPECT_EQ(progress.failure->reason, Reason::denied);
  EXPECT_TRUE(progress.again_at);
}

/// kill -9 at a line that a build says, by a process that owns nothing else.
TEST_F(BuildahTest, LeavesOneImageAndNoScratchFolderAfterAKill) {
  const Order order = this->order(commit_image("RUN print building\nRUN print more\n"));
  registry();
  for (const std::string_view stage : {"STEP 1/4", "STEP 3/4", "building", "COMMIT", "Copying blob"}) {
    const pid_t muster = fork();
    if (muster == 0) {
      // Of its own: connections and threads are not inherited.
      const auto client = http::make_client(world);
      const auto own = registry::make_registries(world, *client, secrets, registry::Settings{});
      const auto die = [&](std::string_view line) {
        if (line.find(stage) != std::string_view::npos) kill(getpid(), SIGKILL);
      };
      build_now(world, *own, secrets, settings, order, false, die, {});
      _exit(0);
    }
    int status = 0;
    ASSERT_EQ(waitpid(muster, &status, 0), muster);
    ASSERT_TRUE(WIFSIGNALED(status)) << "nothing said " << stage;
  }
  EXPECT_EQ(in_registry(order), "");
  const Progress progress = settle(*make(), order);
  EXPECT_EQ(progress.state, State::done) << told(progress);
  EXPECT_EQ(progress.digest, in_registry(order));
  EXPECT_THAT(scratch(), IsEmpty());
}

}  // namespace
}  // namespace muster::pipeline
