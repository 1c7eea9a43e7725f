// Mirrors are caches: damaged, interrupted, outgrown or deleted, they are made anew and nobody notices but by the time.
#include <fmt/core.h>
#include <gmock/gmock.h>
#include <unistd.h>

#include <atomic>
#include <fstream>
#include <thread>

#include "git/disk_repository.hpp"
#include "git/fixture.hpp"
#include "git/tidy.hpp"
#include "support/watched_files.hpp"

namespace muster::git {
namespace {

using ::testing::HasSubstr;

class MirrorTest : public GitTest {
 protected:
  MirrorTest() : source(folder("source.git")), remotes(make()) { source.commit({{"dir/a", std::string(5000, 'a')}, {"b", "1"}}); }
  [[nodiscard]] std::filesystem::path mirror_path() const { return only_mirror("mirrors"); }
  void damage_packs(const std::function<void(const std::filesystem::path&)>& damage) const {
    for (const auto& entry : std::filesystem::directory_iterator(mirror_path() / "objects/pack")) {
      if (entry.path().extension() != ".pack") continue;
      std::filesystem::permissions(entry.path(), std::filesystem::perms::owner_all);
      damage(entry.path());
    }
  }
  /// Everything at main can be read.
  void expect_whole(Repository& mirror) {
    const Oid tip = mirror.ref("refs/heads/main").value().value();
    EXPECT_EQ(tip.text(), source.tip());
    const auto changes = compare_trees(mirror, std::nullopt, mirror.commit(tip).value().tree);
    ASSERT_TRUE(changes.ok()) << changes.failure().text;
    for (const TreeChange& change : *changes) EXPECT_TRUE(mirror.blob(change.after->id, 1U << 20U).ok()) << change.path;
  }
  std::size_t packs(Repository& repository) { return list_packs(dynamic_cast<DiskRepository&>(repository)).value().size(); }

  test::GitRepository source;
  std::unique_ptr<Remotes> remotes;
};

TEST_F(MirrorTest, IsMadeAnewAfterItsPacksWereCutShort) {
  ASSERT_TRUE(remotes->fetch(at(source), main_only, {}).ok());
  damage_packs([](const auto& pack) { std::filesystem::resize_file(pack, 100); });
  remotes = make();
  auto mirror = remotes->mirror(at(source)).value();
  EXPECT_FALSE(mirror->commit(id(source.tip())).ok());
  const auto fetched = remotes->fetch(at(source), main_only, {});
  ASSERT_TRUE(fetched.ok()) << fetched.failure().text;
  expect_whole(**fetched);
}

TEST_F(MirrorTest, IsMadeAnewAfterAFlippedByte) {
  ASSERT_TRUE(remotes->fetch(at(source), main_only, {}).ok());
  damage_packs([](const auto& pack) {
    std::fstream file(pack, std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(static_cast<std::streamoff>(std::filesystem::file_size(pack)) - 40);
    file.put('\xFF').put('\xFF').put('\xFF');
  });
  remotes = make();
  auto mirror = remotes->mirror(at(source)).value();
  const auto changes = compare_trees(*mirror, std::nullopt, mirror->commit(id(source.tip())).value().tree);
  bool is_noticed = !changes.ok();
  if (changes.ok()) {
    for (const TreeChange& change : *changes) is_noticed |= !mirror->blob(change.after->id, 1U << 20U).ok();
  }
  EXPECT_TRUE(is_noticed);
  const auto fetched = remotes->fetch(at(source), main_only, {});
  ASSERT_TRUE(fetched.ok()) << fetched.failure().text;
  expect_whole(**fetched);
}

TEST_F(MirrorTest, IsMadeAnewAfterItsFilesWereDeleted) {
  for (const char* victim : {"HEAD", "objects", "refs", "config", ""}) {
    ASSERT_TRUE(remotes->fetch(at(source), main_only, {}).ok());
    std::filesystem::remove_all(*victim == '\0' ? mirror_path() : mirror_path() / victim);
    for (const bool is_new_process : {false, true}) {
      if (is_new_process) remotes = make();
      auto fetched = remotes->fetch(at(source), main_only, {});
      ASSERT_TRUE(fetched.ok()) << victim << ": " << fetched.failure().text;
      if (!(*fetched)->commit(id(source.tip())).ok()) fetched = remotes->fetch(at(source), main_only, {});
      ASSERT_TRUE(fetched.ok()) << victim << ": " << fetched.failure().text;
      expect_whole(**fetched);
    }
  }
}

TEST_F(MirrorTest, KeepsItsOtherRefsWhenItIsMadeAnew) {
  source.git({"branch", "other", "main"});
  const std::vector<std::string> both = {"refs/heads/main", "refs/heads/other"};
  ASSERT_TRUE(remotes->fetch(at(source), both, {}).ok());
  damage_packs([](const auto& pack) { std::filesystem::resize_file(pack, 100); });
  remotes = make();
  EXPECT_FALSE(remotes->mirror(at(source)).value()->commit(id(source.tip())).ok());
  const auto mirror = remotes->fetch(at(source), main_only, {}).value();
  EXPECT_EQ(mirror->refs("refs/").value().size(), 2U);
}

TEST_F(MirrorTest, SurvivesAKilledFetch) {
  ASSERT_TRUE(remotes->fetch(at(source), main_only, {}).ok());
  // As a kill leaves it: half a pack beside, a pending ref, a lock file.
  std::filesystem::create_directories(mirror_path() / "muster/incoming-abcdef");
  std::ofstream(mirror_path() / "muster/incoming-abcdef/pack_git2_x") << "PACK";
  std::ofstream(mirror_path() / "muster/pending" / "refs%2Fheads%2Fmain") << "half";
  std::filesystem::create_hard_link(mirror_path() / "muster/pending/refs%2Fheads%2Fmain", mirror_path() / "refs/heads/main.lock");
  source.commit({{"b", "2"}});
  const auto fetched = make()->fetch(at(source), main_only, {});
  ASSERT_TRUE(fetched.ok()) << fetched.failure().text;
  expect_whole(**fetched);
}

TEST_F(MirrorTest, NeverGoesBackWhenFetchesOverlap) {
  std::atomic<bool> over = false;
  std::vector<std::thread> fetchers;
  const auto mirror = remotes->fetch(at(source), main_only, {}).value();
  for (int t = 0; t < 4; ++t) {
    fetchers.emplace_back([&] {
      while (!over) EXPECT_TRUE(remotes->fetch(at(source), main_only, {}).ok());
    });
  }
  Oid last = mirror->ref("refs/heads/main").value().value();
  for (int i = 0; i < 30; ++i) {
    source.commit({{"b", std::to_string(i)}});
    const Oid now = mirror->ref("refs/heads/main").value().value();
    EXPECT_TRUE(mirror->is_ancestor(last, now).value());
    last = now;
  }
  over = true;
  for (std::thread& fetcher : fetchers) fetcher.join();
}

/// Fetches what `source` has while `meanwhile` sets the mirror's ref, as a push does, just before the fetch sets it.
class OvertakenFetch : public MirrorTest {
 protected:
  Result<std::shared_ptr<Repository>> fetch(const std::function<Oid(Repository& mirror)>& meanwhile) {
    const auto mirror = remotes->mirror(at(source)).value();
    const auto old = mirror->ref("refs/heads/main").value();
    bool done = false;
    files.watch([&](std::string_view call, const Path& path) {
      if (done || call != "lock" || path.filename() != "refs.lock") return;
      done = true;
      EXPECT_TRUE(mirror->update_ref("refs/heads/main", meanwhile(*mirror), old).ok());
    });
    auto fetched = make_remotes(watched, secrets, folder("mirrors"), TransferLimits{})->fetch(at(source), main_only, {});
    EXPECT_TRUE(done);
    return fetched;
  }
  test::WatchedFiles files{system_files()};
  World watched{world.clock, files, world.processes, world.random};
};

TEST_F(OvertakenFetch, KeepsWhatWasPushedSince) {
  ASSERT_TRUE(remotes->fetch(at(source), main_only, {}).ok());
  const Oid listed = id(source.commit({{"b", "listed"}}));
  Oid pushed;
  const auto fetched = fetch([&](Repository& mirror) { return pushed = write(mirror, {{"b", "pushed"}}, listed); });
  ASSERT_TRUE(fetched.ok()) << fetched.failure().text;
  EXPECT_EQ((*fetched)->ref("refs/heads/main").value(), pushed);
}

TEST_F(OvertakenFetch, SetsWhatItListedWhereThePushIsOlder) {
  ASSERT_TRUE(remotes->fetch(at(source), main_only, {}).ok());
  const Oid pushed = id(source.commit({{"b", "pushed"}}));
  const Oid listed = id(source.commit({{"b", "listed"}}));
  const auto fetched = fetch([&](Repository&) { return pushed; });
  ASSERT_TRUE(fetched.ok()) << fetched.failure().text;
  EXPECT_EQ((*fetched)->ref("refs/heads/main").value(), listed);
}

TEST_F(MirrorTest, MergesPacksWhileOthersRead) {
  auto mirror = remotes->fetch(at(source), main_only, {}).value();
  std::atomic<bool> over = false;
  std::vector<std::thread> readers;
  for (int t = 0; t < 2; ++t) {
    readers.emplace_back([&] {
      const auto own = make();
      const auto view = own->mirror(at(source)).value();
      while (!over) {
        const Oid tip = view->ref("refs/heads/main").value().value();
        int seen = 0;
        const auto walked = view->walk_first_parents(tip, [&](const Commit& commit) {
          EXPECT_TRUE(view->tree(commit.tree).ok());
          return ++seen < 50;
        });
        EXPECT_TRUE(walked.ok()) << walked.failure().text;
      }
    });
  }
  for (int i = 0; i < 45; ++i) {
    source.commit({{"b", std::to_string(i)}});
    mirror = remotes->fetch(at(source), main_only, {}).value();
  }
  over = true;
  for (std::thread& reader : readers) reader.join();
  EXPECT_LE(packs(*mirror), 33U);
  expect_whole(*mirror);
  EXPECT_EQ(test::run_program({"git", "-C", mirror_path().string(), "fsck", "--full", "--strict"}), "");
}

TEST_F(MirrorTest, KeepsTheEmbeddedRepositorySmallToo) {
  const auto records = remotes->open_local(folder("records.git")).value();
  std::optional<Oid> tip;
  for (int i = 0; i < 80; ++i) {
    const Oid next = write(*records, {{fmt::format("s{}/release.yaml", i % 20), std::to_string(i)}}, tip, std::to_string(i));
    ASSERT_TRUE(records->update_ref("refs/heads/production", next, tip).ok());
    tip = next;
  }
  EXPECT_LE(packs(*records), 48U);
  EXPECT_EQ(test::run_program({"git", "-C", folder("records.git").string(), "fsck", "--full", "--strict"}), "");
  EXPECT_EQ(test::run_program({"git", "-C", folder("records.git").string(), "rev-list", "--count", "production"}), "80\n");
}

TEST_F(MirrorTest, RemovesWhatADeadWriterLeftAndNothingOfALivingOne) {
  const auto records = remotes->open_local(folder("records.git")).value();
  const auto living = folder("records.git") / "objects/pack/pack_git2_living";
  const auto dead = folder("records.git") / "objects/pack/pack_git2_dead";
  std::optional<Oid> tip;
  for (int i = 0; i < 70; ++i) {
    std::ofstream(living) << i;
    std::ofstream(dead) << i;
    std::filesystem::last_write_time(dead, std::filesystem::file_time_type::clock::now() - std::chrono::hours(2));
    const Oid next = write(*records, {{"a", std::to_string(i)}}, tip, std::to_string(i));
    ASSERT_TRUE(records->update_ref("refs/heads/main", next, tip).ok());
    ASSERT_TRUE(std::filesystem::exists(living));
    tip = next;
    if (!std::filesystem::exists(dead)) return;
  }
  FAIL() << "nothing was ever tidied";
}

TEST_F(MirrorTest, WorksBesideGitsOwnHousekeeping) {
  const auto records = remotes->open_local(folder("records.git")).value();
  std::optional<Oid> tip;
  for (int i = 0; i < 60; ++i) {
    const Oid next = write(*records, {{"a", std::to_string(i)}}, tip, std::to_string(i));
    ASSERT_TRUE(records->update_ref("refs/heads/main", next, tip).ok());
    tip = next;
    if (i % 20 == 10) test::run_program({"git", "-C", folder("records.git").string(), "gc", "-q", "--prune=now"});
    if (i % 20 == 15) test::run_program({"git", "-C", folder("records.git").string(), "repack", "-adq", "--write-midx"});
    EXPECT_TRUE(records->commit(*tip).ok());
  }
  EXPECT_EQ(test::run_program({"git", "-C", folder("records.git").string(), "rev-list", "--count", "main"}), "60\n");
}

TEST_F(MirrorTest, SaysWhenTheDiskRefuses) {
  if (::geteuid() == 0) GTEST_SKIP() << "root may write anywhere";
  ASSERT_TRUE(remotes->fetch(at(source), main_only, {}).ok());
  std::filesystem::permissions(mirror_path() / "objects/pack", std::filesystem::perms::owner_read | std::filesystem::perms::owner_exec);
  source.commit({{"b", "2"}});
  EXPECT_EQ(remotes->fetch(at(source), main_only, {}).failure().reason, Reason::denied);
}

}  // namespace
}  // namespace muster::git
