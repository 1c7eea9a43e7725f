// The environment repository: one code path, remote or embedded.
#include "muster/record/branch.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "muster/record/health.hpp"
#include "muster/record/standing.hpp"
#include "record/play.hpp"
#include "support/git_repository.hpp"
#include "support/scripted_server.hpp"
#include "support/watched_files.hpp"

namespace muster::record::test {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

const std::vector<std::string> kProduction{"production"};

TEST(EmbeddedRepository, IsABareRepositoryThatPlainGitReads) {
  Play play;
  play.begin();
  play.record("cart", {{"source", source("v1")}});
  const auto path = play.folder.path() / ".muster" / "records.git";
  const std::string log = muster::test::run_program({"git", "-C", path.string(), "log", "--format=%s", "production"});
  EXPECT_EQ(log, "cart\nBegin the environment production\n");
  muster::test::run_program({"git", "-C", path.string(), "fsck", "--strict"});
}

/// The same with a remote: a bare repository that somebody else pushes to as well.
class RemoteRepository : public ::testing::Test {
 protected:
  RemoteRepository() : server(folder.path() / "environments.git") {}
  git::Remote remote() const {
    git::Remote out;
    out.url = server.url();
    out.allow_file = true;
    return out;
  }
  muster::test::TemporaryFolder folder;
  muster::test::GitRepository server;
};

TEST_F(RemoteRepository, GetsItsCommitsByPush) {
  Play play(remote());
  play.begin();
  play.record("cart", {{"source", source("v1")}});
  EXPECT_EQ(server.tip("refs/heads/production"), play.branch.tip.text());
}

TEST_F(RemoteRepository, RefusesACommitOnATipThatMovedAndUpdateDecidesAgain) {
  Play mine(remote());
  mine.begin();
  Play theirs(remote());
  must(theirs.records->look(kProduction, {}));
  theirs.branch = must(theirs.records->branch("production"));
  theirs.record("orders", {{"source", source("v1")}});
  const auto lost = mine.records->commit(mine.branch, {{{"x/y", mine.edit("z")}}, "x\n", mine.person()}, {});
  ASSERT_FALSE(lost.ok());
  EXPECT_EQ(lost.failure().reason, Reason::conflict);
  int decisions = 0;
  const auto done =
      mine.records->update("production",
                           [&](const Branch& on) -> Result<std::optional<BranchChange>> {
                             if (++decisions == 1) theirs.record("orders", {{"source", source("v2")}});
                             return std::optional(BranchChange{{{"x/y", mine.edit("z")}}, "on " + on.tip.text() + "\n", mine.person()});
                           },
                           {});
  ASSERT_TRUE(done.ok()) << done.failure().text;
  EXPECT_EQ(decisions, 2);
  EXPECT_THAT(server.git({"log", "--format=%s", "production"}), HasSubstr("on "));
  EXPECT_EQ(server.git({"rev-list", "--count", "production"}), "4") << "nobody's commit is lost";
}

TEST_F(RemoteRepository, HoldsABranchThatWasRewritten) {
  Play play(remote());
  play.begin();
  play.record("cart", {{"source", source("v1")}});
  server.git({"update-ref", "refs/heads/production", "refs/heads/production~1"});
  must(play.records->look(kProduction, {}));
  const auto branch = play.records->branch("production");
  ASSERT_FALSE(branch.ok());
  EXPECT_EQ(branch.failure().kind, FailureKind::stalled);
  EXPECT_THAT(branch.failure().text, HasSubstr("rewritten or is older than before"));
  must(play.records->accept_rewritten("production"));
  must(play.records->look(kProduction, {}));
  EXPECT_TRUE(play.records->branch("production").ok());
}

TEST_F(RemoteRepository, TakesNoBranchForRewrittenThatAnotherProcessPushedOnDuringTheLook) {
  Play play(remote());
  play.begin();
  muster::test::WatchedFiles files(system_files());
  const World world{play.clock, files, system_processes(), system_random()};
  const auto remotes = git::make_remotes(world, play.secrets, play.folder.path() / "mirrors", git::TransferLimits{});
  EnvironmentRepository slow(world, *remotes, {remote(), "shop", play.folder.path() / ".muster"});
  bool done = false;
  files.watch([&](std::string_view, const Path& path) {
    if (done || path.parent_path().filename() != "tips") return;
    done = true;  // The listing is done, and what was seen before is about to be read.
    play.record("cart", {{"source", source("v1")}});
  });
  must(slow.look(kProduction, {}));
  EXPECT_TRUE(done);
  const auto branch = slow.branch("production");
  ASSERT_TRUE(branch.ok()) << branch.failure().text;
  EXPECT_EQ(branch->tip, play.branch.tip);
}

TEST_F(RemoteRepository, TakesNoFileThatIsBeingWrittenForABranchThatIsGone) {
  Play play(remote());
  play.begin();
  play.folder.write(".muster/cache/tips/.production.new", "");
  must(play.records->look(std::nullopt, {}));
  EXPECT_THAT(play.records->known(), ElementsAre("production"));
}

TEST_F(RemoteRepository, HoldsAnEnvironmentWhoseBranchIsGoneOrWasMadeAnew) {
  Play play(remote());
  play.begin();
  server.git({"update-ref", "-d", "refs/heads/production"});
  must(play.records->look(kProduction, {}));
  EXPECT_EQ(play.records->branch("production").failure().reason, Reason::conflict) << "gone is not the same as never there";
  must(play.records->look(std::nullopt, {}));
  EXPECT_EQ(play.records->branch("production").failure().reason, Reason::conflict);
  Play other(remote());
  other.begin();
  must(play.records->look(kProduction, {}));
  EXPECT_THAT(play.records->branch("production").failure().text, HasSubstr("another environment"));
}

TEST_F(RemoteRepository, RefusesABranchOfAnotherFleet) {
  Play play(remote());
  play.begin();
  EnvironmentRepository other(play.world, *play.remotes, {remote(), "bank", play.folder.path() / "other"});
  must(other.look(kProduction, {}));
  EXPECT_THAT(other.branch("production").failure().text, HasSubstr("belongs to the fleet `shop`"));
}

TEST_F(RemoteRepository, SaysThatNothingIsKnownWhileItCannotBeReached) {
  Play play(remote());
  play.begin();
  const auto path = server.path();
  std::filesystem::rename(path, path.string() + ".gone");
  EXPECT_FALSE(play.records->look(kProduction, {}).ok());
  ASSERT_FALSE(play.records->branch("production").ok());
  EXPECT_NE(play.records->branch("production").failure().reason, Reason::absent);
  std::filesystem::rename(path.string() + ".gone", path);
  must(play.records->look(kProduction, {}));
  EXPECT_TRUE(play.records->branch("production").ok());
}

TEST_F(RemoteRepository, LearnsNothingOfItsBranchesFromAWebPageInItsPlace) {
  muster::test::ScriptedServer portal([](const auto&, auto& out) {
    out.answer(200, "<!DOCTYPE html>Please log in", "Content-Type: text/html\r\n");
    return true;
  });
  git::Remote there = remote();
  there.url = portal.url("/environments.git");
  Play play(there);
  EXPECT_FALSE(play.records->look(kProduction, {}).ok());
  ASSERT_FALSE(play.records->branch("production").ok());
  EXPECT_EQ(play.records->branch("production").failure().reason, Reason::unreachable) << play.records->branch("production").failure().text;
}

TEST_F(RemoteRepository, ListsTheEnvironmentsOfTheFleetAndPassesOverOtherBranches) {
  Play play(remote());
  play.begin("production");
  play.begin("staging");
  server.commit({{"README.md", "notes"}}, "notes", "notes");
  must(play.records->look(std::nullopt, {}));
  EXPECT_THAT(play.records->environments(), ElementsAre("production", "staging"));
}

TEST_F(RemoteRepository, IsNotTakenFromAShallowClone) {
  Play play(remote());
  play.begin();
  play.record("cart", {{"source", source("v1")}});
  const auto shallow = folder.path() / "shallow" / "records.git";
  muster::test::run_program({"git", "clone", "-q", "--bare", "--depth=1", "-b", "production", server.url(), shallow.string()});
  EnvironmentRepository records(play.world, *play.remotes, {std::nullopt, "shop", folder.path() / "shallow"});
  must(records.look(kProduction, {}));
  EXPECT_FALSE(records.branch("production").ok());
}

TEST(EnvironmentRename, GoesOnUnderTheNewNameWithTheSameId) {
  Play play;
  play.begin("prod");
  play.record("cart", {{"source", source("v1")}});
  const Branch old = play.branch;
  const auto renamed = must(play.records->rename(old, play.file("production"), play.person(), {}));
  EXPECT_EQ(renamed.file.id, old.file.id);
  EXPECT_EQ(must(play.records->ledger(renamed))->service("cart")->input("source")->value, InputValue(source("v1")));
  must(play.records->look(std::nullopt, {}));
  EXPECT_THAT(play.records->environments(), ElementsAre("production"));
  EXPECT_THAT(play.records->branch("prod").failure().text, HasSubstr("goes on as production"));
}

TEST(Health, IsANoteThatPlainGitShows) {
  Play play;
  play.begin();
  const auto record = play.record("cart", {{"source", source("v1")}});
  const Digest bundle = bundle_of({{"source", source("v1")}}).digest();
  const HealthNote note{true, "cart", bundle, play.clock.now()};
  const auto notes = must(add_health_notes(*play.records->repository(), std::nullopt, {{record.tip, note}}, play.person()));
  ASSERT_TRUE(notes);
  const auto published = must(play.records->publish_notes(record, *notes, {}));
  const auto path = play.folder.path() / ".muster" / "records.git";
  EXPECT_EQ(muster::test::run_program({"git", "-C", path.string(), "notes", "--ref=muster/production", "show", record.tip.text()}),
            "healthy cart " + bundle.text() + " " + format_instant(play.clock.now()) + "\n");
  EXPECT_FALSE(must(add_health_notes(*play.records->repository(), published.notes, {{record.tip, note}}, play.person()))) << "written once";
}

TEST(Health, BeginsAnewAfterUnhealthy) {
  const Digest bundle = sha256("b");
  const Instant start = *parse_instant("2026-05-04T10:00:00Z");
  const auto at = [&](int hours) { return start + std::chrono::hours(hours); };
  std::vector<HealthNote> notes{{true, "cart", bundle, at(0)}};
  EXPECT_EQ(healthy_since(notes, "cart", bundle), at(0));
  EXPECT_FALSE(healthy_since(notes, "orders", bundle));
  EXPECT_FALSE(healthy_since(notes, "cart", sha256("c")));
  notes.push_back({false, "cart", bundle, at(1)});
  EXPECT_FALSE(healthy_since(notes, "cart", bundle));
  notes.push_back({true, "cart", bundle, at(2)});
  EXPECT_EQ(healthy_since(notes, "cart", bundle), at(2));
  EXPECT_EQ(parse_health_notes("somebody's own words\n" + print(notes)), notes);
}

TEST(Health, ReadsNotesThatGitFannedOut) {
  Play play;
  play.begin();
  const auto record = play.record("cart", {{"source", source("v1")}});
  git::Repository& repository = *play.records->repository();
  const std::string id = record.tip.text();
  const HealthNote note{true, "cart", sha256("b"), play.clock.now()};
  const auto blob = must(repository.write_blob(print(std::vector{note})));
  const auto tree =
      must(git::edit_tree(repository, std::nullopt, {{id.substr(0, 2) + "/" + id.substr(2), {git::TreeEntry{"", git::Mode::file, blob}}}}));
  const auto notes = must(repository.write_commit({tree, {}, play.person(), play.person(), "notes\n"}));
  EXPECT_THAT(must(health_notes(repository, notes, record.tip)), ElementsAre(note));
}

TEST(LockEnvironment, NamesItsHolder) {
  Play play;
  const auto state = play.folder.path() / ".muster";
  const auto held = lock_environment(play.world.files, state, "production", "muster serve (pid 7)");
  ASSERT_TRUE(held.ok());
  const auto second = lock_environment(play.world.files, state, "production", "me", std::chrono::milliseconds(1));
  ASSERT_FALSE(second.ok());
  EXPECT_THAT(second.failure().text, HasSubstr("muster serve (pid 7)"));
}

}  // namespace
}  // namespace muster::record::test
