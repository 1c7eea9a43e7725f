#include <gmock/gmock.h>

#include "git/fixture.hpp"

namespace muster::git {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class FileRemote : public GitTest {
 protected:
  FileRemote() : source(folder("source.git")), remotes(make()) {}
  test::GitRepository source;
  std::unique_ptr<Remotes> remotes;
};

TEST_F(FileRemote, ListsRefsUnderPrefixesAndHead) {
  const Oid tip = id(source.commit({{"a", "1"}}));
  source.git({"branch", "other", "main"});
  source.git({"tag", "v1", "main"});
  const RefListing listing = remotes->list_refs(at(source), main_only, {}).value();
  EXPECT_THAT(listing.refs, ElementsAre(Ref{"refs/heads/main", tip}));
  EXPECT_EQ(listing.head, "refs/heads/main");
  EXPECT_EQ(remotes->list_refs(at(source), {}, {}).value().refs.size(), 3U);
}

TEST_F(FileRemote, FindsAnEmptyRepositoryEmpty) {
  const RefListing listing = remotes->list_refs(at(source), {}, {}).value();
  EXPECT_TRUE(listing.refs.empty());
  EXPECT_EQ(listing.head, "refs/heads/main");
  const auto fetched = remotes->fetch(at(source), main_only, {});
  EXPECT_EQ(fetched.failure().reason, Reason::absent);
  EXPECT_EQ(fetched.failure().kind, FailureKind::wait);
}

TEST_F(FileRemote, BringsExactlyTheNamedRefs) {
  const Oid tip = id(source.commit({{"dir/a", "1"}}));
  source.commit({{"b", "1"}}, "side", "side");
  const auto mirror = remotes->fetch(at(source), main_only, {}).value();
  EXPECT_THAT(mirror->refs("refs/").value(), ElementsAre(Ref{"refs/heads/main", tip}));
  const auto entry = find_entry(*mirror, mirror->commit(tip).value().tree, "dir/a").value();
  EXPECT_EQ(mirror->blob(entry->id, 10).value(), "1");
  EXPECT_FALSE(mirror->has(id(source.tip("refs/heads/side"))).value());
}

TEST_F(FileRemote, FollowsNewCommitsRewindsAndTags) {
  const Oid first = id(source.commit({{"a", "1"}}));
  ASSERT_TRUE(remotes->fetch(at(source), main_only, {}).ok());
  const Oid second = id(source.commit({{"a", "2"}}));
  source.git({"tag", "-a", "-m", "one", "v1", "main"});
  const std::vector<std::string> names = {"refs/heads/main", "refs/tags/v1"};
  auto mirror = remotes->fetch(at(source), names, {}).value();
  EXPECT_EQ(mirror->ref("refs/heads/main").value(), second);
  EXPECT_EQ(mirror->commit(mirror->ref("refs/tags/v1").value().value()).value().id, second);
  source.git({"update-ref", "refs/heads/main", first.text()});
  mirror = remotes->fetch(at(source), main_only, {}).value();
  EXPECT_EQ(mirror->ref("refs/heads/main").value(), first);
  EXPECT_TRUE(mirror->has(second).value());
}

TEST_F(FileRemote, IsRefusedUnlessTheFleetNamesIt) {
  Remote remote = at(source);
  remote.allow_file = false;
  EXPECT_EQ(remotes->list_refs(remote, {}, {}).failure().reason, Reason::denied);
  EXPECT_EQ(remotes->mirror(remote).failure().reason, Reason::denied);
}

TEST_F(FileRemote, SaysWhenThereIsNoRepository) {
  Remote remote;
  remote.url = "file://" + folder("nowhere").string();
  remote.allow_file = true;
  const auto listing = remotes->list_refs(remote, {}, {});
  EXPECT_EQ(listing.failure().kind, FailureKind::stalled);
  EXPECT_THAT(listing.failure().text, HasSubstr("nowhere"));
}

TEST_F(FileRemote, TakesAPushOnlyFromTheExpectedValue) {
  const Oid first = id(source.commit({{"a", "1"}}));
  const auto mirror = remotes->fetch(at(source), main_only, {}).value();
  const Oid second = write(*mirror, {{"b", "2"}}, first);
  const std::vector<Push> push = {{"refs/heads/main", second, first}};
  ASSERT_TRUE(remotes->push(at(source), *mirror, push, {}).ok());
  EXPECT_EQ(source.tip(), second.text());
  EXPECT_EQ(source.git({"fsck", "--full", "--strict"}), "");
  const Oid third = write(*mirror, {{"c", "3"}}, first);
  const std::vector<Push> late = {{"refs/heads/main", third, first}};
  EXPECT_EQ(remotes->push(at(source), *mirror, late, {}).failure().reason, Reason::conflict);
  EXPECT_EQ(source.tip(), second.text());
}

TEST_F(FileRemote, NeverTakesARewind) {
  const Oid first = id(source.commit({{"a", "1"}}));
  const Oid second = id(source.commit({{"a", "2"}}));
  const auto mirror = remotes->fetch(at(source), main_only, {}).value();
  const std::vector<Push> back = {{"refs/heads/main", first, second}};
  const auto refused = remotes->push(at(source), *mirror, back, {});
  EXPECT_EQ(refused.failure().reason, Reason::invalid);
  EXPECT_THAT(refused.failure().text, HasSubstr("never forces"));
}

TEST_F(FileRemote, TakesAllUpdatesOfAPushOrNone) {
  const Oid first = id(source.commit({{"a", "1"}}));
  const auto mirror = remotes->fetch(at(source), main_only, {}).value();
  const Oid second = write(*mirror, {{"b", "2"}}, first);
  const std::vector<Push> push = {{"refs/heads/new", second, std::nullopt}, {"refs/heads/main", second, second}};
  EXPECT_EQ(remotes->push(at(source), *mirror, push, {}).failure().reason, Reason::conflict);
  EXPECT_EQ(source.git({"for-each-ref", "--format=%(refname)"}), "refs/heads/main");
}

TEST_F(FileRemote, KeepsABranchThatIsCheckedOut) {
  test::GitRepository work(folder("work"), test::GitRepository::Kind::work_tree);
  const Oid first = id(work.commit({{"a", "1"}}));
  const auto mirror = remotes->fetch(at(work), main_only, {}).value();
  const Oid second = write(*mirror, {{"b", "2"}}, first);
  const std::vector<Push> push = {{"refs/heads/main", second, first}};
  EXPECT_EQ(remotes->push(at(work), *mirror, push, {}).failure().reason, Reason::denied);
}

TEST_F(FileRemote, HearsItsHooks) {
  const Oid first = id(source.commit({{"a", "1"}}));
  const auto hook =
      temporary.write("source.git/hooks/update", "#!/bin/sh\n[ \"$1\" = refs/heads/main ] || exit 0\necho main is protected >&2\nexit 1\n");
  std::filesystem::permissions(hook, std::filesystem::perms::owner_all);
  const auto mirror = remotes->fetch(at(source), main_only, {}).value();
  const Oid second = write(*mirror, {{"b", "2"}}, first);
  const std::vector<Push> push = {{"refs/heads/main", second, first}};
  const auto refused = remotes->push(at(source), *mirror, push, {});
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.failure().reason, Reason::denied);
  EXPECT_THAT(refused.failure().text, HasSubstr("main is protected"));
  const std::vector<Push> other = {{"refs/heads/other", second, std::nullopt}};
  const auto taken = remotes->push(at(source), *mirror, other, {});
  EXPECT_TRUE(taken.ok()) << taken.failure().text;
}

TEST_F(FileRemote, CancelsOnRequest) {
  source.commit_many(2000);
  std::stop_source stop;
  stop.request_stop();
  EXPECT_EQ(remotes->fetch(at(source), main_only, stop.get_token()).failure().reason, Reason::cancelled);
  EXPECT_TRUE(remotes->fetch(at(source), main_only, {}).ok());
}

TEST_F(FileRemote, HoldsTransfersToTheirLimits) {
  source.commit_many(200);
  TransferLimits few_objects;
  few_objects.objects = 100;
  EXPECT_EQ(make(few_objects, "one")->fetch(at(source), main_only, {}).failure().reason, Reason::limit);
  TransferLimits few_bytes;
  few_bytes.bytes = 1000;
  EXPECT_EQ(make(few_bytes, "two")->fetch(at(source), main_only, {}).failure().reason, Reason::limit);
  EXPECT_TRUE(std::filesystem::is_empty(only_mirror("two") / "objects/pack"));
}

TEST_F(FileRemote, CarriesSubmodulesAndLinksAsPlainEntries) {
  const std::string tip = source.commit({{"a", "1"}});
  source.import(
      "commit refs/heads/main\ncommitter A <a@b> 1700000100 +0000\ndata 1\nx\nfrom refs/heads/main^0\n"
      "M 120000 inline link\ndata 11\n/etc/passwd\nM 160000 " +
      tip + " sub\n");
  const auto mirror = remotes->fetch(at(source), main_only, {}).value();
  const Oid tree = mirror->commit(mirror->ref("refs/heads/main").value().value()).value().tree;
  EXPECT_EQ(find_entry(*mirror, tree, "link").value()->mode, Mode::symlink);
  EXPECT_EQ(find_entry(*mirror, tree, "sub").value()->mode, Mode::submodule);
  EXPECT_EQ(find_entry(*mirror, tree, "sub/a").value(), std::nullopt);
  EXPECT_EQ(find_entry(*mirror, tree, "link/x").value(), std::nullopt);
}

}  // namespace
}  // namespace muster::git
