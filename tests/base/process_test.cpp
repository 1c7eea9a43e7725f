#include "muster/base/process.hpp"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <thread>

#include "support/temporary.hpp"

namespace muster {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

constexpr std::string_view kPath = "/usr/local/bin:/usr/bin:/bin";

Command shell(std::string script) {
  Command command;
  command.argv = {"sh", "-c", std::move(script)};
  command.environment["PATH"] = kPath;
  return command;
}

Result<ProcessOutput> run(const Command& command) { return system_processes().run(command, {}); }

TEST(Processes, GivesOutputErrorAndExitCodeApart) {
  const ProcessOutput output = run(shell("echo out; echo err >&2; exit 7")).value();
  EXPECT_EQ(output.out, "out\n");
  EXPECT_EQ(output.error, "err\n");
  EXPECT_EQ(output.exit_code, 7);
}

TEST(Processes, GivesTheSignalThatEndedIt) { EXPECT_EQ(run(shell("kill -TERM $$")).value().exit_code, 128 + SIGTERM); }

TEST(Processes, PassesOnlyTheGivenEnvironmentAndFolder) {
  Command command = shell("pwd; env | sort");
  command.environment = {{"PATH", std::string(kPath)}, {"GREETING", "hello world"}};
  command.directory = "/usr";
  const std::string out = run(command).value().out;
  EXPECT_THAT(out, testing::StartsWith("/usr\n"));
  EXPECT_THAT(out, HasSubstr("GREETING=hello world\n"));
  EXPECT_THAT(out, testing::Not(HasSubstr("HOME=")));
}

TEST(Processes, StandsAtTheRootFolderUnlessToldOtherwise) { EXPECT_EQ(run(shell("pwd")).value().out, "/\n"); }

TEST(Processes, FeedsMoreInputThanAPipeHoldsWhileReadingTheAnswer) {
  Command command = shell("cat");
  command.input = std::string(1'000'000, 'x');
  EXPECT_EQ(run(command).value().out, command.input);
}

TEST(Processes, IsNotEndedByAChildThatDoesNotReadItsInput) {
  Command command = shell("exec 0<&-; echo done");
  command.input = std::string(1'000'000, 'x');
  EXPECT_EQ(run(command).value().out, "done\n");
}

TEST(Processes, SaysThatAProgramIsAbsent) {
  Command command = shell("");
  command.argv = {"no-such-program"};
  const Result<ProcessOutput> result = run(command);
  EXPECT_EQ(result.failure().reason, Reason::absent);
  EXPECT_EQ(result.failure().text, "there is no program 'no-such-program' on PATH (/usr/local/bin:/usr/bin:/bin)");
  command.argv = {"/no/such/program"};
  EXPECT_EQ(run(command).failure().reason, Reason::absent);
  command.argv = {};
  EXPECT_EQ(run(command).failure().reason, Reason::invalid);
}

TEST(Processes, SaysThatAFolderIsAbsent) {
  Command command = shell("true");
  command.directory = "/no/such/folder";
  EXPECT_EQ(run(command).failure().text, "entering '/no/such/folder': No such file or directory");
}

TEST(Processes, LooksTheProgramUpOnThePathOfTheChild) {
  const test::TemporaryFolder folder;
  chmod(folder.write("bin/greet", "#!/bin/sh\necho greetings\n").c_str(), 0755);
  folder.write("first/greet", "not executable");
  Command command;
  command.argv = {"greet"};
  command.environment["PATH"] = ":relative:" + (folder.path() / "first").native() + ":" + (folder.path() / "bin").native();
  EXPECT_EQ(run(command).value().out, "greetings\n");
}

TEST(Processes, EndsWhatTakesTooLong) {
  Command command = shell("echo begun; sleep 1000");
  command.limits.time = 50ms;
  const Result<ProcessOutput> result = run(command);
  EXPECT_EQ(result.failure().reason, Reason::timeout);
  EXPECT_EQ(result.failure().kind, FailureKind::retry);
  EXPECT_EQ(result.failure().text, "sh took longer than 50ms");
}

TEST(Processes, EndsWhatWritesTooMuch) {
  Command command = shell("yes");
  command.limits.output_bytes = 100'000;
  EXPECT_EQ(run(command).failure().reason, Reason::limit);
  command = shell("yes >&2");
  command.limits.output_bytes = 100'000;
  EXPECT_EQ(run(command).failure().reason, Reason::limit);
}

TEST(Processes, BoundsMemory) {
  Command command = shell("ulimit -v");
  command.limits.memory_bytes = std::size_t{512} << 20U;
  EXPECT_EQ(run(command).value().out, "524288\n");
}

TEST(Processes, EndsWhenTheCallerStops) {
  std::stop_source source;
  std::jthread stopper([&] { source.request_stop(); });
  EXPECT_EQ(system_processes().run(shell("sleep 1000"), source.get_token()).failure().reason, Reason::cancelled);
}

/// A FIFO is at its end for the reader only when every process that could write has ended.
TEST(Processes, KillsGrandchildrenToo) {
  const test::TemporaryFolder folder;
  const std::string pipe = (folder.path() / "alive").native();
  ASSERT_EQ(mkfifo(pipe.c_str(), 0600), 0);
  const int reader = open(pipe.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC);
  Command command = shell("exec 3>'" + pipe + "'; echo x >&3; (sleep 1000 & sleep 1000) & sleep 1000");
  command.limits.time = 300ms;
  EXPECT_EQ(run(command).failure().reason, Reason::timeout);
  ASSERT_EQ(fcntl(reader, F_SETFL, 0), 0);
  char byte = 0;
  EXPECT_EQ(read(reader, &byte, 1), 1);
  EXPECT_EQ(read(reader, &byte, 1), 1);
  EXPECT_EQ(read(reader, &byte, 1), 0) << "blocks for ever when a grandchild lives";
  close(reader);
}

TEST(Processes, DoesNotWaitForAGrandchildThatKeepsThePipes) {
  const ProcessOutput output = run(shell("sleep 1000 & echo parent")).value();
  EXPECT_EQ(output.out, "parent\n");
  EXPECT_EQ(output.exit_code, 0);
}

TEST(Processes, PassesNoOtherOpenFileOn) {
  const int leaked = open("/dev/null", O_RDONLY);  // NOLINT(android-cloexec-open): that is the point.
  EXPECT_EQ(run(shell("ls /proc/self/fd | wc -l")).value().out, "4\n") << "0, 1, 2 and the folder itself";
  close(leaked);
}

TEST(Processes, ManyRunAtOnceWithoutHoldingEachOthersPipes) {
  std::vector<std::jthread> threads;
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([i] {
      for (int k = 0; k < 10; ++k) {
        Command command = shell("cat");
        command.input = std::to_string(i);
        EXPECT_EQ(run(command).value().out, command.input);
      }
    });
  }
}

struct Followed {
  Result<int> ended;
  std::string output;
};

Followed follow(const Command& command, const std::stop_token& stop = {}) {
  std::string output;
  const TakeOutput take = [&](std::string_view bytes) {
    output += bytes;
    return Result<void>();
  };
  Result<int> ended = system_processes().follow(command, take, stop);
  return {std::move(ended), std::move(output)};
}

TEST(Eviction, EndsDaemonsThatLeftTheirGroupAndNobodyElse) {
  const test::TemporaryFolder folder;
  const test::TemporaryFolder other;
  const auto daemon_of = [](const test::TemporaryFolder& home) {
    Command command = shell("setsid sh -c 'echo $$ > pid.new; mv pid.new pid; exec sleep 1000' & while [ ! -e pid ]; do sleep 0.01; done");
    command.directory = home.path();
    command.environment["HOME"] = (home.path() / "home").string();
    EXPECT_EQ(run(command).value().exit_code, 0);
    return static_cast<pid_t>(std::stol(home.read("pid")));
  };
  const pid_t left = daemon_of(folder);
  const pid_t stranger = daemon_of(other);
  ASSERT_EQ(::kill(left, 0), 0) << "it outlived its group";
  system_processes().evict(folder.path());
  const auto is_gone = [](pid_t process) {
    const auto status = system_files().read("/proc/" + std::to_string(process) + "/stat", 4096);
    return !status.ok() || status->find(") Z ") != std::string::npos;
  };
  for (int i = 0; i < 1000 && !is_gone(left); ++i) std::this_thread::sleep_for(10ms);
  EXPECT_TRUE(is_gone(left));
  EXPECT_FALSE(is_gone(stranger));
  ::kill(stranger, SIGKILL);
}

TEST(Eviction, DetachesWhatWasMountedBelow) {
  const test::TemporaryFolder folder;
  const std::string place = (folder.path() / "a b/c").string();
  if (run(shell("mkdir -p '" + place + "' && mount -t tmpfs none '" + place + "'")).value().exit_code != 0)
    GTEST_SKIP() << "only root mounts";
  ASSERT_EQ(run(shell("mountpoint -q '" + place + "'")).value().exit_code, 0);
  system_processes().evict(folder.path());
  EXPECT_NE(run(shell("mountpoint -q '" + place + "'")).value().exit_code, 0);
}

TEST(FollowedProcesses, GiveOutputAndErrorInTheOrderInWhichTheyWereWritten) {
  const Followed followed = follow(shell("echo one; echo two >&2; echo three; exit 4"));
  EXPECT_EQ(followed.output, "one\ntwo\nthree\n");
  EXPECT_EQ(followed.ended.value(), 4);
}

TEST(FollowedProcesses, LoseNothingOfALongOutput) {
  Command command = shell("head -c 5000000 /dev/zero | tr '\\0' x; echo end");
  const Followed followed = follow(command);
  EXPECT_EQ(followed.output, std::string(5'000'000, 'x') + "end\n");
  command.limits.output_bytes = 1'000'000;
  const Followed capped = follow(command);
  EXPECT_EQ(capped.ended.failure().reason, Reason::limit);
  EXPECT_EQ(capped.output, std::string(1'000'000, 'x'));
}

TEST(FollowedProcesses, AreSeenWhileTheyRun) {
  const test::TemporaryFolder folder;
  const std::string seen = (folder.path() / "seen").native();
  const Command command = shell("echo first; while [ ! -e '" + seen + "' ]; do sleep 0.01; done; echo second");
  std::string output;
  const TakeOutput take = [&](std::string_view bytes) {
    output += bytes;
    if (output == "first\n") folder.write("seen", "");
    return Result<void>();
  };
  EXPECT_EQ(system_processes().follow(command, take, {}).value(), 0);
  EXPECT_EQ(output, "first\nsecond\n");
}

TEST(FollowedProcesses, EndWhenTimeIsUpWhateverTheyWriteMeanwhile) {
  Command command = shell("yes");
  command.limits.time = 100ms;
  command.limits.output_bytes = SIZE_MAX;
  EXPECT_EQ(system_processes().follow(command, [](std::string_view) { return Result<void>(); }, {}).failure().reason, Reason::timeout);
}

TEST(FollowedProcesses, EndWhenTheirOutputCannotBeTaken) {
  const TakeOutput take = [](std::string_view) -> Result<void> { return retry(Reason::exhausted, "the disk is full"); };
  EXPECT_EQ(system_processes().follow(shell("echo x; sleep 1000"), take, {}).failure().text, "the disk is full");
}

TEST(FollowedProcesses, EndWhenTheCallerStops) {
  std::stop_source source;
  std::jthread stopper([&] { source.request_stop(); });
  EXPECT_EQ(follow(shell("sleep 1000"), source.get_token()).ended.failure().reason, Reason::cancelled);
}

TEST(FollowedProcesses, AreBoundInPrivateMemory) {
  Command command = shell("ulimit -d");
  command.limits.data_bytes = std::size_t{512} << 20U;
  EXPECT_EQ(follow(command).output, "524288\n");
}

/// The FIFO ends for its reader when the last process that could write has ended.
TEST(FollowedProcesses, DieWithAllTheirChildrenWhenMusterIsKilled) {
  const test::TemporaryFolder folder;
  const std::string pipe = (folder.path() / "alive").native();
  ASSERT_EQ(mkfifo(pipe.c_str(), 0600), 0);
  const int reader = open(pipe.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC);
  const pid_t muster = fork();
  if (muster == 0) {
    follow(shell("exec 3>'" + pipe + "'; (echo x >&3; sleep 1000 & sleep 1000) & sleep 1000"));
    _exit(0);
  }
  ASSERT_EQ(fcntl(reader, F_SETFL, 0), 0);
  char byte = 0;
  while (read(reader, &byte, 1) != 1) {  // 0 until the first writer has opened it.
  }
  EXPECT_EQ(read(reader, &byte, 1), 1);
  kill(muster, SIGKILL);
  EXPECT_EQ(read(reader, &byte, 1), 0) << "blocks for ever when one of them lives";
  waitpid(muster, nullptr, 0);
  close(reader);
}

class ProcessStreamTest : public testing::Test {
 protected:
  static std::unique_ptr<ProcessStream> open(const Command& command, const std::stop_token& stop = {}) {
    return std::move(system_processes().open(command, stop)).value();
  }
  static std::string read_all(ProcessStream& stream) {
    std::string out;
    std::array<char, 4096> buffer{};
    while (const std::size_t size = stream.read(buffer.data(), buffer.size()).value()) out.append(buffer.data(), size);
    return out;
  }
};

TEST_F(ProcessStreamTest, TalksBackAndForth) {
  const auto stream = open(shell("read a; echo got $a; read b; echo and $b; echo said >&2; exit 3"));
  std::array<char, 100> buffer{};
  ASSERT_TRUE(stream->write("one\n").ok());
  ASSERT_EQ(stream->read(buffer.data(), buffer.size()).value(), 8U);
  EXPECT_EQ(std::string_view(buffer.data(), 8), "got one\n");
  ASSERT_TRUE(stream->write("two\n").ok());
  EXPECT_EQ(read_all(*stream), "and two\n");
  EXPECT_EQ(stream->wait().value(), 3);
  EXPECT_EQ(stream->error_text(), "said\n");
}

TEST_F(ProcessStreamTest, TakesInAnswersWhileWritingMoreThanThePipesHold) {
  const auto stream = open(shell("cat"));
  const std::string sent(1'000'000, 'y');
  ASSERT_TRUE(stream->write(sent).ok());
  std::string back(sent.size(), ' ');
  for (std::size_t at = 0; at < back.size();) {
    const auto size = stream->read(back.data() + at, back.size() - at);
    ASSERT_TRUE(size.ok() && *size > 0);
    at += *size;
  }
  EXPECT_EQ(back, sent);
  EXPECT_EQ(stream->wait().value(), 0);
}

TEST_F(ProcessStreamTest, SaysWhenTheOtherSideIsSilentTooLong) {
  Command command = shell("sleep 1000");
  command.limits.time = 50ms;
  const auto stream = open(command);
  char byte = 0;
  EXPECT_EQ(stream->read(&byte, 1).failure().reason, Reason::timeout);
}

TEST_F(ProcessStreamTest, EndsAReadWhenTheCallerStops) {
  std::stop_source source;
  const auto stream = open(shell("sleep 1000"), source.get_token());
  std::jthread stopper([&] { source.request_stop(); });
  char byte = 0;
  EXPECT_EQ(stream->read(&byte, 1).failure().reason, Reason::cancelled);
}

TEST_F(ProcessStreamTest, SaysThatTheOtherSideNoLongerReads) {
  const auto stream = open(shell("exit 1"));
  EXPECT_EQ(stream->wait().value(), 1);
  const Result<void> written = stream->write(std::string(1'000'000, 'x'));
  EXPECT_EQ(written.failure().reason, Reason::unreachable);
}

TEST_F(ProcessStreamTest, KeepsTheBeginningOfALongComplaint) {
  const auto stream = open(shell("echo first >&2; head -c 1000000 /dev/zero | tr '\\0' z >&2; echo out"));
  EXPECT_EQ(read_all(*stream), "out\n");
  EXPECT_EQ(stream->wait().value(), 0);
  EXPECT_THAT(stream->error_text(), testing::StartsWith("first\nz"));
  EXPECT_LE(stream->error_text().size(), std::size_t{1} << 17U);
}

TEST_F(ProcessStreamTest, EndsItsOutputWithTheChildAlthoughAGrandchildKeepsThePipe) {
  const auto stream = open(shell("sleep 1000 & echo parent"));
  EXPECT_EQ(read_all(*stream), "parent\n");
}

}  // namespace
}  // namespace muster
