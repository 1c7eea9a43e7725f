// What stands at a commit, what was edited, what is gone.
#include "muster/record/standing.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "muster/manifest/yaml.hpp"
#include "muster/record/deletions.hpp"
#include "muster/record/history.hpp"
#include "muster/record/layout.hpp"
#include "record/play.hpp"

namespace muster::record::test {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

std::string object_path(const std::string& service, const manifest::ObjectId& id) { return service + "/" + id.descriptor_path(); }

/// Puts a service with these objects on the branch as a record would.
Branch put(Play& play, const std::string& service, const std::vector<std::string>& names, const std::string& version = "v1",
           const std::vector<std::string>& renamed_from = {}) {
  std::vector<manifest::Object> objects;
  std::map<std::string, git::TreeEdit> edits;
  for (const auto& name : names) {
    objects.push_back(Play::object_of(name, version));
    edits.emplace(object_path(service, objects.back().id), play.edit(manifest::print_object(objects.back().content)));
  }
  Release release = Play::release_of(service, {{"source", source(version)}});
  release.objects = manifest::digest(objects);
  release.renamed_from = renamed_from;
  for (const auto& object : objects) release.identities.push_back(object.id);
  edits.emplace(release_path(service), play.edit(print(release)));
  Trailers trailers = play.bound();
  trailers.releases.push_back({service, release.release, {Cause::push}, {{"source", source(version)}}});
  return play.commit(print_message(service, "", trailers), std::move(edits));
}

Standing standing_of(Play& play) { return {play.records->repository(), play.branch.tip}; }

TEST(Standing, GivesTheObjectsOfAServiceInTheOrderInWhichTheyAreApplied) {
  Play play;
  play.begin();
  put(play, "cart", {"b", "a"});
  Standing standing = standing_of(play);
  EXPECT_THAT(must(standing.services()), ElementsAre("cart"));
  const auto objects = must(standing.objects("cart"));
  ASSERT_EQ(objects.objects.size(), 2U);
  EXPECT_EQ(objects.objects[0].id.name, "a");
  EXPECT_EQ(objects.digest, must(standing.descriptor("cart"))->release->objects);
  EXPECT_EQ(must(standing.edited("cart")), "");
}

TEST(Standing, SeesAnObjectThatWasEditedByHand) {
  Play play;
  play.begin();
  put(play, "cart", {"a"});
  play.foreign(object_path("cart", Play::object_of("a", "x").id), manifest::print_object(Play::object_of("a", "by hand").content));
  EXPECT_THAT(must(standing_of(play).edited("cart")), HasSubstr("objects of cart differ"));
}

TEST(Standing, SeesAnObjectThatWasAddedRemovedOrBroken) {
  for (const int what : {0, 1, 2}) {
    Play play;
    play.begin();
    put(play, "cart", {"a", "b"});
    const std::string path = object_path("cart", Play::object_of("a", "x").id);
    if (what == 0) play.foreign("cart/shop/configmap-c.yaml", manifest::print_object(Play::object_of("c", "x").content));
    if (what == 1) play.foreign_removal(path);
    if (what == 2) play.foreign(path, "kind: [");
    EXPECT_NE(must(standing_of(play).edited("cart")), "") << what;
  }
}

TEST(Standing, TakesALinkForNoRemoval) {
  for (const std::string path : {"cart/shop/configmap-a.yaml", "cart/notes", "cart"}) {
    Play play;
    play.begin();
    put(play, "cart", {"a", "b"});
    const git::Oid target = must(play.records->repository()->write_blob("/etc/passwd"));
    play.commit("by hand", {{path, git::TreeEdit{git::TreeEntry{"", git::Mode::symlink, target}}}});
    Standing standing = standing_of(play);
    EXPECT_THAT(must(standing.services()), ElementsAre("cart")) << path;
    const auto objects = standing.objects("cart");
    ASSERT_FALSE(objects.ok()) << path;
    EXPECT_EQ(objects.failure().reason, Reason::invalid);
    EXPECT_THAT(objects.failure().text, HasSubstr(path + " is a link"));
    EXPECT_THAT(must(standing.edited("cart")), HasSubstr("is a link"));
  }
}

TEST(Standing, SeesAReleaseThatWasEditedOrLost) {
  Play play;
  play.begin();
  put(play, "cart", {"a"});
  Release release = *must(standing_of(play).descriptor("cart"))->release;
  release.inputs["source"].value = source("v9");
  play.foreign("cart/release.yaml", print(release));
  EXPECT_THAT(must(standing_of(play).edited("cart")), HasSubstr("release.yaml was edited"));
  play.foreign_removal("cart/release.yaml");
  EXPECT_THAT(must(standing_of(play).edited("cart")), HasSubstr("release.yaml is not there"));
}

TEST(Standing, TakesAReleaseThatCannotBeReadForTheTroubleOfItsServiceAlone) {
  Play play;
  play.begin();
  put(play, "cart", {"a"});
  play.foreign("cart/release.yaml", std::string(manifest::kMaxFileBytes + 1, 'a'));
  EXPECT_THAT(must(standing_of(play).descriptor("cart"))->trouble,
              AllOf(HasSubstr("cart/release.yaml: "), HasSubstr("at most 5242880 are read")));
  EXPECT_THAT(must(standing_of(play).edited("cart")), HasSubstr("cart/release.yaml: "));
  play.foreign_removal("cart/release.yaml");
  play.foreign("cart/release.yaml/oops", "a");
  EXPECT_THAT(must(standing_of(play).descriptor("cart"))->trouble, HasSubstr("is a tree, not a blob"));
}

TEST(Standing, PassesOverWhatPeopleWriteBesideTheObjects) {
  Play play;
  play.begin();
  put(play, "cart", {"a"});
  play.foreign("cart/README.md", "# cart");
  EXPECT_EQ(must(standing_of(play).edited("cart")), "");
}

TEST(Standing, HoldsByTheNameOfTheFileEvenIfItCannotBeRead) {
  Play play;
  play.begin();
  play.foreign(".holds/cart.yaml", "hands off: [");
  const auto holds = must(standing_of(play).holds());
  ASSERT_TRUE(holds.contains("cart"));
  EXPECT_NE(holds.at("cart").reason, "");
}

// ---- deletions ----

Deletions count(Play& play, const model::Budget& budget = {}) {
  Standing standing = standing_of(play);
  const auto commit = must(play.records->repository()->commit(play.branch.tip));
  return must(
      count_deletions(play.records->repository(), play.ledger(), budget, commit.tree, must(standing.approvals()), play.clock.now()));
}

/// An environment that has stood for two days with ten services of two objects each.
class DeletionBudget : public ::testing::Test {
 protected:
  DeletionBudget() {
    play.begin();
    for (int i = 0; i < 10; ++i) {
      const std::string name = "s" + std::to_string(i);
      put(play, name, {name + "-a", name + "-b"});
    }
    play.clock.advance(std::chrono::hours(48));
  }
  Play play;
};

TEST_F(DeletionBudget, IsTheLargerOfFiveAndATenth) {
  EXPECT_EQ(count(play).allowed, 5U);
  model::Budget declared;
  declared.deletions = 2;
  EXPECT_EQ(count(play, declared).allowed, 2U);
}

TEST_F(DeletionBudget, AddsUpManySmallRuns) {
  for (int i = 0; i < 3; ++i) {
    play.foreign_removal("s" + std::to_string(i));
    play.clock.advance(std::chrono::hours(1));
  }
  EXPECT_EQ(count(play).objects.size(), 6U);
  EXPECT_TRUE(count(play).over());
  play.clock.advance(std::chrono::hours(30));
  EXPECT_THAT(count(play).objects, IsEmpty()) << "a day later it starts anew";
}

TEST_F(DeletionBudget, CountsNoRenamesAndNoMoves) {
  play.foreign_removal("s0");
  put(play, "new", {"s0-a", "s0-b"});  // The same objects, in another service.
  EXPECT_THAT(count(play).objects, IsEmpty());
  play.foreign_removal("s1");
  put(play, "s1-renamed", {"other-a", "other-b"}, "v1", {"s1"});
  EXPECT_THAT(count(play).objects, IsEmpty());
}

TEST_F(DeletionBudget, IsLiftedForExactlyWhatWasConfirmed) {
  for (int i = 0; i < 3; ++i) play.foreign_removal("s" + std::to_string(i));
  Approval approval;
  approval.what = Approval::What::deletions;
  approval.objects = count(play).objects;
  play.foreign(approval_path(approval), print(approval));
  EXPECT_FALSE(count(play).over());
  for (int i = 3; i < 6; ++i) play.foreign_removal("s" + std::to_string(i));
  EXPECT_EQ(count(play).objects.size(), 6U) << "counted from the confirmation";
  EXPECT_TRUE(count(play).over());
}

TEST_F(DeletionBudget, TakesADescriptorThatCannotBeReadForPresent) {
  for (int i = 0; i < 4; ++i) play.foreign("s" + std::to_string(i) + "/shop/configmap-s" + std::to_string(i) + "-a.yaml", "broken: [");
  EXPECT_FALSE(count(play).over());
}

TEST_F(DeletionBudget, IsNotEvadedByACommitWithADateOfLongAgo) {
  const Instant now = play.clock.now();
  for (int i = 0; i < 3; ++i) play.foreign_removal("s" + std::to_string(i));
  play.clock.set(*parse_instant("2001-01-01T00:00:00Z"));
  play.foreign("note.txt", "by a machine whose clock is wrong");
  play.clock.set(now + std::chrono::hours(1));
  EXPECT_TRUE(count(play).over());
}

// ---- history ----

TEST(History, OfAServiceIsWhatTouchedIt) {
  Play play;
  play.begin();
  put(play, "cart", {"a"});
  put(play, "orders", {"b"});
  play.foreign(".holds/cart.yaml", "service: cart\n");
  Chain chain(play.records->repository(), play.branch.file, play.branch.tip);
  const auto entries = must(read_history(chain, "cart", 10));
  ASSERT_EQ(entries.size(), 2U);
  EXPECT_EQ(entries[0].subject, "by hand");
  EXPECT_EQ(entries[1].subject, "cart");
  EXPECT_EQ(must(read_history(chain, "", 10)).size(), 4U);
}

TEST(History, AtATimeIsTheLastCommitAtOrBeforeIt) {
  Play play;
  play.begin();
  const auto first = put(play, "cart", {"a"});
  const Instant then = play.clock.now();
  play.clock.advance(std::chrono::hours(1));
  put(play, "cart", {"a"}, "v2");
  EXPECT_EQ(must(commit_at(*play.records->repository(), play.branch.tip, then)), first.tip);
  EXPECT_EQ(must(commit_at(*play.records->repository(), play.branch.tip, play.clock.now())), play.branch.tip);
  EXPECT_FALSE(must(commit_at(*play.records->repository(), play.branch.tip, then - std::chrono::hours(9))));
}

TEST(Chain, IsReadOnlyAsFarAsItIsAskedAndAdvances) {
  Play play;
  play.begin();
  for (int i = 0; i < 5; ++i) put(play, "cart", {"a"}, "v" + std::to_string(i));
  Chain chain(play.records->repository(), play.branch.file, play.branch.tip);
  const git::Oid old = play.branch.tip;
  EXPECT_EQ(must(chain.step(0))->commit, old);
  put(play, "orders", {"b"});
  must(chain.advance(play.branch.tip));
  EXPECT_EQ(must(chain.step(0))->commit, play.branch.tip);
  EXPECT_EQ(must(chain.position(old)), 1U);
  EXPECT_EQ(must(chain.step(6))->touched, std::vector<std::string>{});
  EXPECT_EQ(must(chain.step(7)), nullptr);
  EXPECT_FALSE(must(chain.position(source("x").commit)));
  EXPECT_FALSE(chain.advance(old).ok());
}

}  // namespace
}  // namespace muster::record::test
