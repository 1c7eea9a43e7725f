#include <gmock/gmock.h>

#include "git/fixture.hpp"
#include "support/git_server.hpp"

namespace muster::git {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class SshRemote : public GitTest {
 protected:
  void SetUp() override {
    MUSTER_NEED_SERVER(test::SshServer);
    source = std::make_unique<test::GitRepository>(folder("cart with space.git"));
    remotes = make();
  }
  void serve(bool protocol_2 = true) { server = std::make_unique<test::SshServer>(test::SshServer::Options{protocol_2}); }
  [[nodiscard]] Remote remote() const {
    Remote out;
    out.url = server->url(source->path());
    out.auth = Remote::Auth::ssh_key;
    out.secret = "file:" + server->key_file().string();
    out.known_hosts = server->known_hosts();
    return out;
  }
  std::unique_ptr<test::GitRepository> source;
  std::unique_ptr<test::SshServer> server;
  std::unique_ptr<Remotes> remotes;
};

TEST_F(SshRemote, ListsFetchesAndPushes) {
  for (const bool protocol_2 : {true, false}) {
    serve(protocol_2);
    const Oid first = id(source->commit({{"a", protocol_2 ? "1" : "2"}}));
    const auto listing = remotes->list_refs(remote(), main_only, {});
    ASSERT_TRUE(listing.ok()) << listing.failure().text;
    EXPECT_THAT(listing->refs, ElementsAre(Ref{"refs/heads/main", first}));
    EXPECT_EQ(listing->head, "refs/heads/main");
    const auto mirror = remotes->fetch(remote(), main_only, {});
    ASSERT_TRUE(mirror.ok()) << mirror.failure().text;
    const Oid second = write(**mirror, {{"b", protocol_2 ? "1" : "2"}}, first);
    const std::vector<Push> push = {{"refs/heads/main", second, first}};
    const auto pushed = remotes->push(remote(), **mirror, push, {});
    ASSERT_TRUE(pushed.ok()) << pushed.failure().text;
    EXPECT_EQ(source->tip(), second.text());
    const std::vector<Push> late = {{"refs/heads/main", write(**mirror, {{"c", "3"}}, first), first}};
    EXPECT_EQ(remotes->push(remote(), **mirror, late, {}).failure().reason, Reason::conflict);
  }
}

TEST_F(SshRemote, OfAnEmptyRepositoryListsNothing) {
  for (const bool protocol_2 : {true, false}) {
    serve(protocol_2);
    const auto listing = remotes->list_refs(remote(), {}, {});
    ASSERT_TRUE(listing.ok()) << listing.failure().text;
    EXPECT_TRUE(listing->refs.empty());
  }
}

TEST_F(SshRemote, RefusesAnUnknownHost) {
  serve();
  Remote unknown = remote();
  unknown.known_hosts = temporary.write("empty", "");
  const auto refused = remotes->list_refs(unknown, main_only, {});
  EXPECT_EQ(refused.failure().reason, Reason::denied);
  EXPECT_EQ(refused.failure().kind, FailureKind::stalled);
  EXPECT_THAT(refused.failure().text, HasSubstr("Host key verification failed"));
}

TEST_F(SshRemote, SaysThatAKeyIsRefused) {
  serve();
  Remote stranger = remote();
  stranger.secret = "file:" + server->stranger_key_file().string();
  const auto refused = remotes->list_refs(stranger, main_only, {});
  EXPECT_EQ(refused.failure().reason, Reason::denied);
  EXPECT_THAT(refused.failure().text, HasSubstr("Permission denied"));
}

TEST_F(SshRemote, SaysWhereThereIsNoRepository) {
  serve();
  Remote nowhere = remote();
  nowhere.url = server->url("/nowhere'$(touch x).git");
  const auto refused = remotes->list_refs(nowhere, main_only, {});
  EXPECT_EQ(refused.failure().kind, FailureKind::stalled);
  EXPECT_THAT(refused.failure().text, HasSubstr("does not appear to be a git repository"));
}

TEST_F(SshRemote, ReportsAHostThatDoesNotListen) {
  serve();
  Remote closed = remote();
  server.reset();
  const auto refused = remotes->list_refs(closed, main_only, {});
  EXPECT_EQ(refused.failure().reason, Reason::unreachable);
  EXPECT_EQ(refused.failure().kind, FailureKind::retry);
}

TEST_F(SshRemote, StopsWhenCancelled) {
  serve();
  std::stop_source stop;
  stop.request_stop();
  EXPECT_EQ(remotes->list_refs(remote(), main_only, stop.get_token()).failure().reason, Reason::cancelled);
}

}  // namespace
}  // namespace muster::git
