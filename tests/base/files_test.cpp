#include "muster/base/files.hpp"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <functional>
#include <thread>

#include "support/temporary.hpp"

namespace muster {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::Field;
using testing::HasSubstr;

class FilesTest : public testing::Test {
 protected:
  [[nodiscard]] Path path(std::string_view relative) const { return folder_.path() / relative; }
  [[nodiscard]] std::vector<std::string> names(const Path& folder) const {
    std::vector<std::string> out;
    for (const DirectoryEntry& entry : files_.list(folder).value()) out.push_back(entry.name);
    return out;
  }
  test::TemporaryFolder folder_;
  Files& files_ = system_files();
};

TEST_F(FilesTest, ReadsBackWhatItWroteAndMakesTheFolders) {
  ASSERT_TRUE(files_.write_atomic(path("a/b/c.txt"), "one").ok());
  ASSERT_TRUE(files_.write_atomic(path("a/b/c.txt"), std::string(300'000, 'x')).ok());
  EXPECT_EQ(files_.read(path("a/b/c.txt"), 300'000).value(), std::string(300'000, 'x'));
  EXPECT_THAT(names(path("a/b")), ElementsAre("c.txt")) << "no temporary stays behind";
}

TEST_F(FilesTest, AppendsAndMakesTheFolders) {
  ASSERT_TRUE(files_.append(path("a/b/log"), "one").ok());
  ASSERT_TRUE(files_.append(path("a/b/log"), "two").ok());
  EXPECT_EQ(folder_.read("a/b/log"), "onetwo");
  folder_.write("elsewhere", "untouched");
  std::filesystem::create_symlink(path("elsewhere"), path("link"));
  EXPECT_FALSE(files_.append(path("link"), "x").ok());
  EXPECT_EQ(folder_.read("elsewhere"), "untouched");
}

TEST_F(FilesTest, SetsPermissionsOfFilesAndFoldersAndFollowsNoLink) {
  const auto bits = [&](std::string_view name) {
    struct stat status {};
    return lstat(path(name).c_str(), &status) == 0 ? status.st_mode & 07777U : 0U;
  };
  folder_.write("folder/file", "");
  ASSERT_TRUE(files_.set_permissions(path("folder/file"), 0751).ok());
  ASSERT_TRUE(files_.set_permissions(path("folder"), 0700).ok());
  EXPECT_EQ(bits("folder/file"), 0751U);
  EXPECT_EQ(bits("folder"), 0700U);
  std::filesystem::create_symlink(path("folder/file"), path("link"));
  EXPECT_FALSE(files_.set_permissions(path("link"), 0777).ok());
  EXPECT_EQ(bits("folder/file"), 0751U);
  EXPECT_EQ(files_.set_permissions(path("nothing"), 0600).failure().reason, Reason::absent);
}

TEST_F(FilesTest, RefusesAFileOverTheLimit) {
  folder_.write("a", "12345");
  EXPECT_EQ(files_.read(path("a"), 5).value(), "12345");
  EXPECT_EQ(files_.read(path("a"), 4).failure().reason, Reason::limit);
  EXPECT_EQ(files_.read("/dev/zero", 4).failure().reason, Reason::invalid);
  EXPECT_EQ(files_.read(path(""), 4).failure().reason, Reason::invalid);
}

TEST_F(FilesTest, ReadsAFileWhoseSizeTheSystemDoesNotTell) {
  EXPECT_THAT(files_.read("/proc/self/status", 1U << 20U).value(), HasSubstr("Pid:"));
}

TEST_F(FilesTest, DoesNotWaitForAWriterOfAFifo) {
  ASSERT_EQ(mkfifo(path("pipe").c_str(), 0600), 0);
  EXPECT_EQ(files_.read(path("pipe"), 10).failure().reason, Reason::invalid);
}

TEST_F(FilesTest, SaysWhatIsAbsentAndWhere) {
  const Result<std::string> missing = files_.read(path("no/such"), 10);
  EXPECT_EQ(missing.failure().reason, Reason::absent);
  EXPECT_EQ(missing.failure().text, fmt::format("reading '{}': No such file or directory", path("no/such").native()));
  EXPECT_EQ(files_.list(path("no")).failure().reason, Reason::absent);
  EXPECT_EQ(files_.stat(path("no")).failure().reason, Reason::absent);
}

TEST_F(FilesTest, SaysWhatIsDenied) {
  if (geteuid() == 0) GTEST_SKIP() << "root may read everything";
  chmod(folder_.write("secret", "x").c_str(), 0);
  EXPECT_EQ(files_.read(path("secret"), 10).failure().reason, Reason::denied);
}

/// Runs `body` in a process of its own that may write files of at most `bytes`: the one way without root to make a write
/// fail half-way.
bool holds_with_little_space(rlim_t bytes, const std::function<bool()>& body) {
  const pid_t child = fork();
  if (child == 0) {
    std::signal(SIGXFSZ, SIG_IGN);
    const rlimit limit = {bytes, bytes};
    _exit(setrlimit(RLIMIT_FSIZE, &limit) == 0 && body() ? 0 : 1);
  }
  int status = 0;
  return waitpid(child, &status, 0) == child && status == 0;
}

TEST_F(FilesTest, AWriteThatFailsHalfWayIsRetriedAndLeavesTheOldFile) {
  folder_.write("a", "old");
  EXPECT_TRUE(holds_with_little_space(1'000, [&] {
    const Result<void> written = files_.write_atomic(path("a"), std::string(5'000, 'x'));
    return !written.ok() && written.failure().reason == Reason::exhausted && written.failure().kind == FailureKind::retry;
  }));
  EXPECT_EQ(folder_.read("a"), "old");
  EXPECT_THAT(names(folder_.path()), ElementsAre("a"));
}

TEST_F(FilesTest, ReplacesALinkAndNeverWritesThroughOne) {
  folder_.write("victim", "kept");
  ASSERT_EQ(symlink("victim", path("a").c_str()), 0);
  ASSERT_TRUE(files_.write_atomic(path("a"), "new").ok());
  EXPECT_EQ(files_.stat(path("a")).value().kind, FileKind::file);
  ASSERT_EQ(symlink("victim", path(".b.new").c_str()), 0);
  EXPECT_EQ(files_.write_atomic(path("b"), "new").failure().reason, Reason::invalid);
  EXPECT_EQ(folder_.read("victim"), "kept");
}

TEST_F(FilesTest, ListsSortedWithKindsAndWithoutFollowingLinks) {
  folder_.write("b", "12");
  folder_.write("a/x", "");
  ASSERT_EQ(symlink("b", path("c").c_str()), 0);
  EXPECT_THAT(files_.list(folder_.path()).value(),
              ElementsAre(Field(&DirectoryEntry::kind, FileKind::directory), Field(&DirectoryEntry::size, 2U),
                          Field(&DirectoryEntry::kind, FileKind::symlink)));
  EXPECT_THAT(names(folder_.path()), ElementsAre("a", "b", "c"));
  EXPECT_EQ(files_.stat(path("c")).value().kind, FileKind::symlink);
}

TEST_F(FilesTest, GivesNoStampToAFileThatChangedJustNow) {
  folder_.write("a", "1");
  EXPECT_EQ(files_.stat(path("a")).value().stamp, 0);
}

TEST_F(FilesTest, StampsDifferAfterAChangeOfTheSameSize) {
  const auto settled_stamp = [&] {
    std::int64_t stamp = 0;
    while (stamp == 0) stamp = files_.stat(path("a")).value().stamp;
    return stamp;
  };
  folder_.write("a", "1");
  const std::int64_t before = settled_stamp();
  EXPECT_EQ(settled_stamp(), before);
  folder_.write("a", "2");
  EXPECT_NE(settled_stamp(), before);
}

TEST_F(FilesTest, RemovingWhatIsNotThereIsSuccess) {
  folder_.write("a/b", "");
  EXPECT_TRUE(files_.remove(path("a/b")).ok());
  EXPECT_TRUE(files_.remove(path("a/b")).ok());
  EXPECT_TRUE(files_.remove(path("a/b/c/d")).ok());
  EXPECT_TRUE(files_.remove_all(path("x")).ok());
  EXPECT_TRUE(files_.remove_if_empty(path("x")).ok());
}

TEST_F(FilesTest, RemovesATreeButNotWhatItsLinksPointTo) {
  folder_.write("kept/file", "x");
  folder_.write("tree/deep/file", "y");
  ASSERT_EQ(symlink(path("kept").c_str(), path("tree/link").c_str()), 0);
  EXPECT_TRUE(files_.remove_all(path("tree")).ok());
  EXPECT_THAT(names(folder_.path()), ElementsAre("kept"));
  EXPECT_EQ(folder_.read("kept/file"), "x");
}

TEST_F(FilesTest, RemovesAFolderOnlyWhenItIsEmpty) {
  folder_.write("a/b", "");
  EXPECT_TRUE(files_.remove_if_empty(path("a")).ok());
  EXPECT_THAT(names(folder_.path()), ElementsAre("a"));
  EXPECT_TRUE(files_.remove(path("a/b")).ok());
  EXPECT_TRUE(files_.remove_if_empty(path("a")).ok());
  EXPECT_THAT(names(folder_.path()), ElementsAre());
}

TEST_F(FilesTest, MakesFoldersOnceAndRefusesAFileInTheirPlace) {
  EXPECT_TRUE(files_.make_directories(path("a/b/c")).ok());
  EXPECT_TRUE(files_.make_directories(path("a/b/c/")).ok());
  folder_.write("f", "");
  EXPECT_EQ(files_.make_directories(path("f")).failure().reason, Reason::invalid);
  EXPECT_EQ(files_.make_directories(path("f/g")).failure().reason, Reason::absent);
}

TEST_F(FilesTest, TakesOverTheTemporaryThatACrashLeft) {
  folder_.write(".a.new", "half of it, and longer than what comes");
  ASSERT_TRUE(files_.write_atomic(path("a"), "new").ok());
  EXPECT_EQ(folder_.read("a"), "new");
  EXPECT_THAT(names(folder_.path()), ElementsAre("a"));
}

TEST_F(FilesTest, WritesAFileWhoseNameIsAsLongAsTheSystemAllows) {
  const std::string name(255, 'n');
  ASSERT_TRUE(files_.write_atomic(path(name), "x").ok());
  EXPECT_THAT(names(folder_.path()), ElementsAre(name));
}

TEST_F(FilesTest, ReadersSeeOneOfTheWritesWholeWhileManyWrite) {
  std::atomic<bool> done = false;
  const auto whole = [](char c) { return std::string(20'000, c); };
  ASSERT_TRUE(files_.write_atomic(path("a"), whole('0')).ok());
  std::jthread reader([&] {
    while (!done) {
      const std::string bytes = files_.read(path("a"), 1U << 20U).value();
      ASSERT_EQ(bytes, whole(bytes.front()));
    }
  });
  {
    std::vector<std::jthread> writers;
    for (const char c : {'1', '2', '3', '4'}) {
      writers.emplace_back([&, c] {
        for (int i = 0; i < 25; ++i) EXPECT_TRUE(files_.write_atomic(path("a"), whole(c)).ok());
      });
    }
  }
  done = true;
  reader.join();
  EXPECT_THAT(names(folder_.path()), ElementsAre("a"));
}

TEST_F(FilesTest, ALockNamesItsOwnerUntilItIsReleased) {
  {
    const auto held = files_.lock(path("state/lock"), "muster apply, process 1", 0ms);
    ASSERT_TRUE(held.ok());
    const auto refused = files_.lock(path("state/lock"), "muster serve", 30ms);
    ASSERT_FALSE(refused.ok());
    EXPECT_EQ(refused.failure().reason, Reason::conflict);
    EXPECT_EQ(refused.failure().kind, FailureKind::retry);
    EXPECT_EQ(refused.failure().text, "muster apply, process 1");
  }
  EXPECT_TRUE(files_.lock(path("state/lock"), "next", 0ms).ok());
  EXPECT_EQ(folder_.read("state/lock"), "");
}

TEST_F(FilesTest, ALockIsWaitedFor) {
  auto held = files_.lock(path("lock"), "first", 0ms);
  std::jthread second([&] { EXPECT_TRUE(files_.lock(path("lock"), "second", 1h).ok()); });
  held.value().reset();
}

TEST_F(FilesTest, ALockLeavesWithItsProcess) {
  const pid_t child = fork();
  if (child == 0) {
    const auto held = files_.lock(path("lock"), "child", 0ms);
    _exit(held.ok() ? 0 : 1);  // Without running the destructor, as a killed process.
  }
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  ASSERT_EQ(status, 0);
  EXPECT_TRUE(files_.lock(path("lock"), "next", 0ms).ok());
}

TEST_F(FilesTest, SaysHowToRaiseTheLimitOfOpenFiles) {
  ASSERT_TRUE(files_.write_atomic(path("file"), "text").ok());
  rlimit limit{};
  ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &limit), 0);
  const rlimit none{0, limit.rlim_max};
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &none), 0);
  const auto read = files_.read(path("file"), 10);
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &limit), 0);
  ASSERT_FALSE(read.ok());
  EXPECT_EQ(read.failure().reason, Reason::exhausted);
  EXPECT_THAT(read.failure().text, HasSubstr("(`ulimit -n`)"));
}

}  // namespace
}  // namespace muster
