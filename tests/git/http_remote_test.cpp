#include <fmt/core.h>
#include <gmock/gmock.h>

#include <atomic>
#include <thread>

#include "git/fixture.hpp"
#include "support/git_server.hpp"

namespace muster::git {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

class HttpRemote : public GitTest {
 protected:
  void SetUp() override {
    MUSTER_NEED_SERVER(test::GitHttpServer);
    std::filesystem::create_directories(folder("root"));
    source = std::make_unique<test::GitRepository>(folder("root/cart.git"));
    remotes = make();
  }
  test::GitHttpServer& serve(bool tls = false, const std::string& password = {}) {
    server =
        std::make_unique<test::GitHttpServer>(test::GitHttpServer::Options{folder("root"), tls, password.empty() ? "" : "ada", password});
    return *server;
  }
  [[nodiscard]] Remote remote(const std::string& name = "cart.git") const {
    Remote out;
    out.url = server->url(name);
    out.ca_file = server->ca_file();
    if (!std::filesystem::exists(out.ca_file)) out.ca_file.clear();
    return out;
  }
  Remote with_password(const std::string& reference) {
    Remote out = remote();
    out.auth = Remote::Auth::basic;
    out.user = "ada";
    out.secret = reference;
    return out;
  }
  std::unique_ptr<test::GitRepository> source;
  std::unique_ptr<test::GitHttpServer> server;
  std::unique_ptr<Remotes> remotes;
};

TEST_F(HttpRemote, IsPolledWithOneRequest) {
  const Oid tip = id(source->commit({{"a", "1"}}));
  source->git({"branch", "other", "main"});
  serve();
  const RefListing listing = remotes->list_refs(remote(), main_only, {}).value();
  EXPECT_THAT(listing.refs, ElementsAre(Ref{"refs/heads/main", tip}));
  EXPECT_EQ(listing.head, "refs/heads/main");
  EXPECT_THAT(server->access_log(1), StartsWith("POST /cart.git/git-upload-pack 200 HTTP/1.1 "));
  EXPECT_EQ(remotes->requests().at(url_key(remote().url)), 1U);
}

TEST_F(HttpRemote, ThatSpeaksAnOldProtocolOnlyIsServedToo) {
  const Oid first = id(source->commit({{"a", "1"}}));
  source->git({"branch", "other", "main"});
  server = std::make_unique<test::GitHttpServer>(test::GitHttpServer::Options{folder("root"), false, "", "", 4, false});
  const RefListing listing = remotes->list_refs(remote(), main_only, {}).value();
  EXPECT_THAT(listing.refs, ElementsAre(Ref{"refs/heads/main", first}));
  EXPECT_EQ(listing.head, "refs/heads/main");
  auto mirror = remotes->fetch(remote(), main_only, {});
  ASSERT_TRUE(mirror.ok()) << mirror.failure().text;
  const Oid second = id(source->commit({{"a", "2"}}));
  mirror = remotes->fetch(remote(), main_only, {});
  ASSERT_TRUE(mirror.ok()) << mirror.failure().text;
  EXPECT_EQ((*mirror)->ref("refs/heads/main").value(), second);
  const std::uint64_t before = remotes->requests().at(url_key(remote().url));
  ASSERT_TRUE(remotes->list_refs(remote(), main_only, {}).ok());
  EXPECT_EQ(remotes->requests().at(url_key(remote().url)), before + 1) << "what it speaks is remembered";
}

TEST_F(HttpRemote, OfAnEmptyRepositoryListsNothing) {
  serve();
  EXPECT_TRUE(remotes->list_refs(remote(), {}, {}).value().refs.empty());
  EXPECT_EQ(remotes->fetch(remote(), main_only, {}).failure().reason, Reason::absent);
}

TEST_F(HttpRemote, BringsCommitsOverTlsFromAPrivateAuthority) {
  const Oid first = id(source->commit({{"dir/a", "1"}, {"b", std::string(100'000, 'b')}}));
  serve(true, "hunter2");
  secrets.values["env:PW"] = "hunter2";
  auto mirror = remotes->fetch(with_password("env:PW"), main_only, {});
  ASSERT_TRUE(mirror.ok()) << mirror.failure().text;
  EXPECT_EQ((*mirror)->ref("refs/heads/main").value(), first);
  const Oid second = id(source->commit({{"dir/a", "2"}}));
  mirror = remotes->fetch(with_password("env:PW"), main_only, {});
  ASSERT_TRUE(mirror.ok()) << mirror.failure().text;
  EXPECT_TRUE((*mirror)->is_ancestor(first, second).value());
  EXPECT_THAT(server->access_log(4), HasSubstr("HTTP/2.0"));
}

TEST_F(HttpRemote, RefusesAnAuthorityItDoesNotKnow) {
  source->commit({{"a", "1"}});
  serve(true);
  Remote unknown = remote();
  unknown.ca_file.clear();
  const auto refused = remotes->list_refs(unknown, main_only, {});
  EXPECT_EQ(refused.failure().reason, Reason::unreachable);
  EXPECT_THAT(refused.failure().text, HasSubstr("certificate"));
}

TEST_F(HttpRemote, SaysThatCredentialsAreRefusedWithoutShowingThem) {
  source->commit({{"a", "1"}});
  serve(false, "hunter2");
  secrets.values["env:BAD"] = "wrong-canary";
  for (const Remote& refused : {remote(), with_password("env:BAD")}) {
    const auto listing = remotes->list_refs(refused, main_only, {});
    EXPECT_EQ(listing.failure().reason, Reason::denied);
    EXPECT_EQ(listing.failure().kind, FailureKind::stalled);
    EXPECT_THAT(listing.failure().text, Not(HasSubstr("canary")));
  }
  EXPECT_EQ(remotes->list_refs(with_password("env:NONE"), main_only, {}).failure().reason, Reason::denied);
}

TEST_F(HttpRemote, SaysWhereThereIsNoRepository) {
  serve();
  const auto listing = remotes->list_refs(remote("nowhere.git"), main_only, {});
  EXPECT_EQ(listing.failure().kind, FailureKind::stalled);
  EXPECT_THAT(listing.failure().text, HasSubstr("nowhere.git"));
}

TEST_F(HttpRemote, FetchesAThinPackAfterARewind) {
  const Oid first = id(source->commit_many(50).c_str());
  serve();
  ASSERT_TRUE(remotes->fetch(remote(), main_only, {}).ok());
  source->git({"update-ref", "refs/heads/main", "main~20"});
  const Oid other = id(source->commit({{"a", "new"}}));
  const auto mirror = remotes->fetch(remote(), main_only, {}).value();
  EXPECT_EQ(mirror->ref("refs/heads/main").value(), other);
  EXPECT_FALSE(mirror->is_ancestor(first, other).value());
}

TEST_F(HttpRemote, TakesAPushOnlyFromTheExpectedValue) {
  const Oid first = id(source->commit({{"a", "1"}}));
  serve(true, "hunter2");
  secrets.values["env:PW"] = "hunter2";
  const Remote there = with_password("env:PW");
  const auto mirror = remotes->fetch(there, main_only, {}).value();
  const Oid second = write(*mirror, {{"b", "2"}}, first);
  const std::vector<Push> push = {{"refs/heads/main", second, first}};
  const auto pushed = remotes->push(there, *mirror, push, {});
  ASSERT_TRUE(pushed.ok()) << pushed.failure().text;
  EXPECT_EQ(source->tip(), second.text());
  EXPECT_EQ(source->git({"fsck", "--full", "--strict"}), "");
  EXPECT_TRUE(remotes->push(there, *mirror, push, {}).ok()) << "what landed already is done";
  const Oid third = write(*mirror, {{"c", "3"}}, first);
  const std::vector<Push> late = {{"refs/heads/main", third, first}};
  EXPECT_EQ(remotes->push(there, *mirror, late, {}).failure().reason, Reason::conflict);
}

TEST_F(HttpRemote, TakesNewBranchesDeletionsAndManyUpdatesAtOnce) {
  const Oid first = id(source->commit({{"a", "1"}}));
  serve();
  const auto mirror = remotes->fetch(remote(), main_only, {}).value();
  const Oid root = write(*mirror, {{"fresh", "1"}}, std::nullopt);
  const std::vector<Push> make_two = {{"refs/heads/same", first, std::nullopt}, {"refs/heads/fresh", root, std::nullopt}};
  auto pushed = remotes->push(remote(), *mirror, make_two, {});
  ASSERT_TRUE(pushed.ok()) << pushed.failure().text;
  EXPECT_EQ(source->tip("refs/heads/fresh"), root.text());
  const std::vector<Push> bare_name = {{"refs/heads/again", first, std::nullopt}};
  pushed = remotes->push(remote(), *mirror, bare_name, {});
  ASSERT_TRUE(pushed.ok()) << pushed.failure().text;
  const std::vector<Push> remove = {{"refs/heads/same", std::nullopt, first}};
  pushed = remotes->push(remote(), *mirror, remove, {});
  ASSERT_TRUE(pushed.ok()) << pushed.failure().text;
  EXPECT_EQ(source->git({"for-each-ref", "--format=%(refname)"}), "refs/heads/again\nrefs/heads/fresh\nrefs/heads/main");
}

TEST_F(HttpRemote, PassesOnWhatAHookSays) {
  const Oid first = id(source->commit({{"a", "1"}}));
  const auto hook = temporary.write("root/cart.git/hooks/pre-receive", "#!/bin/sh\necho 'production is protected' >&2\nexit 1\n");
  std::filesystem::permissions(hook, std::filesystem::perms::owner_all);
  serve();
  const auto mirror = remotes->fetch(remote(), main_only, {}).value();
  const std::vector<Push> push = {{"refs/heads/main", write(*mirror, {{"b", "2"}}, first), first}};
  const auto refused = remotes->push(remote(), *mirror, push, {});
  EXPECT_EQ(refused.failure().reason, Reason::denied);
  EXPECT_EQ(refused.failure().kind, FailureKind::stalled);
  EXPECT_THAT(refused.failure().text, HasSubstr("hook declined"));
  EXPECT_THAT(refused.failure().text, HasSubstr("production is protected"));
}

TEST_F(HttpRemote, LandsEachCommitOfEightWritersOnce) {
  source->commit({{"a", "1"}});
  serve();
  constexpr int kWriters = 8;
  constexpr int kEach = 3;
  std::vector<std::thread> threads;
  for (int t = 0; t < kWriters; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < kEach;) {
        const auto mirror = remotes->fetch(remote(), main_only, {});
        ASSERT_TRUE(mirror.ok()) << mirror.failure().text;
        const Oid tip = (*mirror)->ref("refs/heads/main").value().value();
        const std::vector<Push> push = {
            {"refs/heads/main", write(**mirror, {{fmt::format("{}-{}", t, i), "x"}}, tip, fmt::format("{} {}", t, i)), tip}};
        const auto done = remotes->push(remote(), **mirror, push, {});
        if (done.ok()) {
          ++i;
        } else {
          ASSERT_EQ(done.failure().reason, Reason::conflict) << done.failure().text;
        }
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(source->git({"rev-list", "--count", "main"}), std::to_string(kWriters * kEach + 1));
  const std::string subjects = source->git({"log", "--format=%s", "main"});
  for (int t = 0; t < kWriters; ++t) {
    for (int i = 0; i < kEach; ++i) EXPECT_THAT(subjects, HasSubstr(fmt::format("{} {}", t, i)));
  }
}

TEST_F(HttpRemote, SharesAMirrorWithAnotherProcessesRemotes) {
  source->commit_many(300);
  serve();
  std::vector<std::thread> threads;
  std::atomic<int> fetched = 0;
  std::vector<std::unique_ptr<Remotes>> all;
  for (int t = 0; t < 4; ++t) all.push_back(make());
  for (auto& one : all) threads.emplace_back([&] { fetched += one->fetch(remote(), main_only, {}).ok() ? 1 : 0; });
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(fetched, 4);
  std::uint64_t requests = 0;
  for (const auto& one : all) requests += one->requests().at(url_key(remote().url));
  EXPECT_EQ(requests, 5U) << "four listings and one pack";
}

TEST_F(HttpRemote, GoesOnAfterTheServerWasAway) {
  source->commit({{"a", "1"}});
  serve();
  ASSERT_TRUE(remotes->fetch(remote(), main_only, {}).ok());
  const Remote there = remote();
  server->stop();
  const auto away = remotes->fetch(there, main_only, {});
  EXPECT_EQ(away.failure().reason, Reason::unreachable);
  EXPECT_EQ(away.failure().kind, FailureKind::retry);
  EXPECT_TRUE(remotes->mirror(there).value()->ref("refs/heads/main").value().has_value());
}

}  // namespace
}  // namespace muster::git
