#include <fmt/core.h>
#include <gmock/gmock.h>

#include <atomic>
#include <filesystem>
#include <thread>

#include "git/fixture.hpp"
#include "git/refs.hpp"

namespace muster::git {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class LocalRepository : public GitTest {
 protected:
  LocalRepository() : remotes(make()), repository(remotes->open_local(folder("records.git")).value()) {}
  std::string git(const std::vector<std::string>& arguments) const {
    std::vector<std::string> argv = {"git", "-C", folder("records.git").string()};
    argv.insert(argv.end(), arguments.begin(), arguments.end());
    return test::run_program(argv);
  }
  std::unique_ptr<Remotes> remotes;
  std::shared_ptr<Repository> repository;
};

TEST_F(LocalRepository, WritesCommitsThatPlainGitReads) {
  const Oid first = write(*repository, {{"cart/release.yaml", "one\n"}, {"muster.yaml", "x\n"}}, std::nullopt, "first\n");
  ASSERT_TRUE(repository->update_ref("refs/heads/production", first, std::nullopt).ok());
  EXPECT_EQ(git({"rev-parse", "production"}), first.text() + "\n");
  EXPECT_EQ(git({"show", "production:cart/release.yaml"}), "one\n");
  EXPECT_EQ(git({"log", "-1", "--format=%an <%ae> %ai|%s", "production"}), "muster <muster@example.org> 2023-11-14 23:13:20 +0100|first\n");
  EXPECT_EQ(git({"fsck", "--strict", "--full"}), "");
}

TEST_F(LocalRepository, StoresObjectsOfAllSizesInPacksThatPlainGitVerifies) {
  std::map<std::string, std::string> files;
  std::uint32_t noise = 1;
  for (const std::size_t size : {0U, 1U, 15U, 16U, 2047U, 2048U, 262'143U, 262'144U}) {
    std::string& text = files[fmt::format("f{}", size)];
    while (text.size() < size) text.push_back(static_cast<char>((noise = noise * 1'664'525 + 1'013'904'223) >> 24U));
  }
  const Oid first = write(*repository, files, std::nullopt, "sizes\n");
  ASSERT_TRUE(repository->update_ref("refs/heads/production", first, std::nullopt).ok());
  std::size_t packs = 0;
  for (const auto& entry : std::filesystem::directory_iterator(folder("records.git") / "objects" / "pack")) {
    if (entry.path().extension() != ".idx") continue;
    ++packs;
    EXPECT_EQ(git({"verify-pack", entry.path().string()}), "");
    EXPECT_THAT(git({"index-pack", "--strict", std::filesystem::path(entry.path()).replace_extension(".pack").string()}),
                HasSubstr(entry.path().stem().string().substr(5)));
  }
  EXPECT_EQ(packs, 1U);
  for (const auto& [name, text] : files) EXPECT_EQ(git({"cat-file", "blob", "production:" + name}), text) << name;
}

TEST_F(LocalRepository, ReadsItsOwnWritesBeforeTheyAreStored) {
  const Oid blob = repository->write_blob("text").value();
  EXPECT_EQ(repository->blob(blob, 10).value(), "text");
  const Oid commit = write(*repository, {{"a", "1"}}, std::nullopt, "staged");
  EXPECT_EQ(repository->commit(commit).value().message, "staged");
  const auto again = remotes->open_local(folder("records.git")).value();
  EXPECT_EQ(again->commit(commit).value().message, "staged");
}

TEST_F(LocalRepository, SwapsARefOnlyFromTheExpectedValue) {
  const Oid first = write(*repository, {{"a", "1"}}, std::nullopt);
  const Oid second = write(*repository, {{"a", "2"}}, first);
  ASSERT_TRUE(repository->update_ref("refs/heads/main", first, std::nullopt).ok());
  const auto lost = repository->update_ref("refs/heads/main", second, std::nullopt);
  EXPECT_EQ(lost.failure().reason, Reason::conflict);
  EXPECT_THAT(lost.failure().text, HasSubstr("refs/heads/main is at " + first.short_text()));
  EXPECT_TRUE(repository->update_ref("refs/heads/main", second, first).ok());
  EXPECT_EQ(repository->update_ref("refs/heads/main", std::nullopt, first).failure().reason, Reason::conflict);
  EXPECT_TRUE(repository->update_ref("refs/heads/main", std::nullopt, second).ok());
  EXPECT_EQ(repository->ref("refs/heads/main").value(), std::nullopt);
}

TEST_F(LocalRepository, RefusesToNameAnObjectThatIsNotThere) {
  EXPECT_EQ(repository->update_ref("refs/heads/main", id(std::string(40, 'a')), std::nullopt).failure().reason, Reason::absent);
  EXPECT_EQ(repository->update_ref("HEAD", id(std::string(40, 'a')), std::nullopt).failure().reason, Reason::absent);
}

TEST_F(LocalRepository, RefusesRefNamesThatLeaveRefs) {
  const Oid first = write(*repository, {{"a", "1"}}, std::nullopt);
  for (const char* name :
       {"HEAD", "refs/../config", "refs/heads/a..b", "refs/heads/x.lock", "refs/heads/ space", "heads/main", "refs/heads/"}) {
    EXPECT_EQ(repository->update_ref(name, first, std::nullopt).failure().reason, Reason::invalid) << name;
  }
}

TEST_F(LocalRepository, ListsRefsByNameBelowAPrefix) {
  const Oid first = write(*repository, {{"a", "1"}}, std::nullopt);
  for (const char* name : {"refs/heads/b", "refs/heads/a", "refs/tags/v1", "refs/heads/team/x"})
    ASSERT_TRUE(repository->update_ref(name, first, std::nullopt).ok());
  EXPECT_THAT(repository->refs("refs/heads/").value(),
              ElementsAre(Ref{"refs/heads/a", first}, Ref{"refs/heads/b", first}, Ref{"refs/heads/team/x", first}));
}

TEST_F(LocalRepository, SetsARefWhereADeletedOneLeftItsFolder) {
  const Oid first = write(*repository, {{"a", "1"}}, std::nullopt);
  ASSERT_TRUE(repository->update_ref("refs/heads/team/x", first, std::nullopt).ok());
  ASSERT_TRUE(repository->update_ref("refs/heads/team/x", std::nullopt, first).ok());
  std::filesystem::create_directories(folder("records.git") / "refs/heads/team");
  EXPECT_TRUE(repository->update_ref("refs/heads/team", first, std::nullopt).ok());
}

TEST_F(LocalRepository, ClearsTheLockOfAKilledWriterButNotOneOfGit) {
  const Oid first = write(*repository, {{"a", "1"}}, std::nullopt);
  ASSERT_TRUE(repository->update_ref("refs/heads/main", first, std::nullopt).ok());
  // As a kill between link and rename leaves it.
  const auto store = folder("records.git");
  temporary.write("records.git/muster/pending/refs%2Fheads%2Fmain", first.text() + "\n");
  std::filesystem::create_hard_link(store / "muster/pending/refs%2Fheads%2Fmain", store / "refs/heads/main.lock");
  const Oid second = write(*repository, {{"a", "2"}}, first);
  EXPECT_TRUE(repository->update_ref("refs/heads/main", second, first).ok());
  temporary.write("records.git/refs/heads/main.lock", "");
  EXPECT_EQ(repository->update_ref("refs/heads/main", first, second).failure().reason, Reason::conflict);
  EXPECT_TRUE(std::filesystem::exists(store / "refs/heads/main.lock"));
}

TEST_F(LocalRepository, FinishesAnInterruptedMaking) {
  std::filesystem::create_directories(folder("half.git") / "objects");
  const auto half = remotes->open_local(folder("half.git"));
  ASSERT_TRUE(half.ok()) << half.failure().text;
  EXPECT_TRUE(half.value()->refs("refs/").value().empty());
}

TEST_F(LocalRepository, GivesEachOfManyThreadsItsTurnAtARef) {
  constexpr int kThreads = 8;
  constexpr int kEach = 10;
  std::vector<std::thread> threads;
  std::atomic<int> landed = 0;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < kEach;) {
        const auto tip = repository->ref("refs/heads/main").value();
        const Oid next = write(*repository, {{std::to_string(t), std::to_string(i)}}, tip, std::to_string(t * 100 + i));
        const auto done = repository->update_ref("refs/heads/main", next, tip);
        if (done.ok()) {
          ++landed;
          ++i;
        } else {
          EXPECT_EQ(done.failure().reason, Reason::conflict) << done.failure().text;
        }
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(landed, kThreads * kEach);
  EXPECT_EQ(git({"rev-list", "--count", "main"}), "80\n");
  EXPECT_EQ(git({"ls-tree", "--name-only", "main"}), "0\n1\n2\n3\n4\n5\n6\n7\n");
}

TEST_F(LocalRepository, SeesWhatPlainGitCommits) {
  const Oid first = write(*repository, {{"a", "1"}}, std::nullopt);
  ASSERT_TRUE(repository->update_ref("refs/heads/main", first, std::nullopt).ok());
  test::run_program({"git", "clone", "-q", folder("records.git").string(), folder("clone").string()});
  test::run_program({"git", "-C", folder("clone").string(), "revert", "--no-edit", "HEAD"});
  test::run_program({"git", "-C", folder("clone").string(), "push", "-q", "origin", "main"});
  const Oid tip = repository->ref("refs/heads/main").value().value();
  EXPECT_EQ(repository->commit(tip).value().parents, std::vector<Oid>{first});
  EXPECT_TRUE(repository->tree(repository->commit(tip).value().tree).value().empty());
}

TEST_F(LocalRepository, WalksFirstParentsAndKnowsAncestors) {
  const Oid root = write(*repository, {{"a", "1"}}, std::nullopt, "root");
  const Oid side = write(*repository, {{"b", "1"}}, root, "side");
  const Oid second = write(*repository, {{"a", "2"}}, root, "second");
  NewCommit merge{repository->commit(second).value().tree, {second, side}, {}, {}, "merge"};
  const Oid tip = repository->write_commit(merge).value();
  std::vector<std::string> seen;
  ASSERT_TRUE(repository
                  ->walk_first_parents(tip,
                                       [&](const Commit& commit) {
                                         seen.push_back(commit.message);
                                         return true;
                                       })
                  .ok());
  EXPECT_THAT(seen, ElementsAre("merge", "second", "root"));
  EXPECT_TRUE(repository->is_ancestor(side, tip).value());
  EXPECT_TRUE(repository->is_ancestor(tip, tip).value());
  EXPECT_FALSE(repository->is_ancestor(second, side).value());
  EXPECT_EQ(repository->is_ancestor(id(std::string(40, 'b')), side).failure().reason, Reason::absent);
}

TEST_F(LocalRepository, FindsAnObjectByTheFirstDigitsOfItsId) {
  const Oid root = write(*repository, {{"a", "1"}}, std::nullopt, "root");
  EXPECT_EQ(repository->find(root.text()).value(), root);
  EXPECT_EQ(repository->find(root.text().substr(0, 7)).value(), root);
  EXPECT_EQ(repository->find(std::string(40, 'b')).failure().reason, Reason::absent);
  EXPECT_EQ(repository->find("bbbbbbb").failure().reason, Reason::absent);
  for (const char* digits : {"", "abc", "no digits", "-1234567"})
    EXPECT_EQ(repository->find(digits).failure().reason, Reason::invalid) << digits;
}

TEST_F(LocalRepository, SaysWhereAShallowHistoryEnds) {
  test::GitRepository full(folder("full.git"));
  full.commit_many(5);
  test::run_program({"git", "clone", "-q", "--bare", "--depth=2", full.url(), folder("shallow.git").string()});
  const auto shallow = remotes->open_local(folder("shallow.git")).value();
  EXPECT_TRUE(shallow->is_shallow());
  int seen = 0;
  const auto walked = shallow->walk_first_parents(id(full.tip()), [&](const Commit&) {
    ++seen;
    return true;
  });
  EXPECT_EQ(walked.failure().reason, Reason::corrupt);
  EXPECT_EQ(seen, 2);
}

TEST_F(LocalRepository, ReadsATagAsItsCommit) {
  test::GitRepository source(folder("source.git"));
  const std::string tip = source.commit({{"a", "1"}});
  source.git({"tag", "-a", "-m", "one", "v1", "main"});
  const auto opened = remotes->open_local(folder("source.git")).value();
  EXPECT_EQ(opened->commit(opened->ref("refs/tags/v1").value().value()).value().id.text(), tip);
}

TEST_F(LocalRepository, RefusesASha256Repository) {
  test::run_program({"git", "init", "-q", "--bare", "--object-format=sha256", folder("new.git").string()});
  const auto opened = remotes->open_local(folder("new.git"));
  ASSERT_FALSE(opened.ok());
  EXPECT_EQ(opened.failure().reason, Reason::unsupported);
  EXPECT_THAT(opened.failure().text, HasSubstr("SHA-256"));
}

TEST_F(LocalRepository, ReadsNoMoreOfABlobThanAllowed) {
  const Oid blob = repository->write_blob(std::string(1000, 'x')).value();
  EXPECT_EQ(repository->blob(blob, 999).failure().reason, Reason::limit);
  EXPECT_EQ(repository->blob(blob, 1000).value().size(), 1000U);
  EXPECT_EQ(repository->blob(id(std::string(40, 'c')), 10).failure().reason, Reason::absent);
  EXPECT_EQ(repository->tree(blob).failure().reason, Reason::corrupt);
}

TEST_F(LocalRepository, ReportsDamagedObjectsAsCorrupt) {
  const Oid first = write(*repository, {{"a", std::string(5000, 'a')}}, std::nullopt);
  ASSERT_TRUE(repository->update_ref("refs/heads/main", first, std::nullopt).ok());
  for (const auto& entry : std::filesystem::directory_iterator(folder("records.git") / "objects/pack")) {
    if (entry.path().extension() != ".pack") continue;
    std::filesystem::permissions(entry.path(), std::filesystem::perms::owner_all);
    std::filesystem::resize_file(entry.path(), 20);
  }
  const auto other = make({}, "other");
  const auto damaged = other->open_local(folder("records.git"));
  ASSERT_TRUE(damaged.ok());
  const auto read = damaged.value()->commit(first);
  ASSERT_FALSE(read.ok());
  EXPECT_TRUE(read.failure().reason == Reason::corrupt || read.failure().reason == Reason::absent) << read.failure().text;
}

}  // namespace
}  // namespace muster::git
