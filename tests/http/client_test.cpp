#include "muster/http/client.hpp"

#include <fmt/core.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>

#include "support/scripted_server.hpp"
#include "support/temporary.hpp"
#include "support/tls_front.hpp"

namespace muster::http {
namespace {

using test::ScriptedServer;
using ::testing::HasSubstr;
using ::testing::Not;

/// With connections of their own, and over shared ones.
class HttpClient : public ::testing::TestWithParam<bool> {
 protected:
  static Options quick() {
    Options out;
    out.multiplexed = GetParam();
    out.retry = {1, Duration(1), Duration(50)};
    return out;
  }
  std::unique_ptr<Client> client = make_client(system_world(), quick());
  static Request get(std::string url) {
    Request out;
    out.url = std::move(url);
    return out;
  }
};

bool echo(const ScriptedServer::Request& request, ScriptedServer::Conversation& out) {
  const auto authorization = request.headers.find("authorization");
  out.answer(200, request.method + " " + request.target + " " + (authorization == request.headers.end() ? "-" : authorization->second) +
                      " " + request.body);
  return true;
}

TEST_P(HttpClient, KeepsOneConnectionForManyRequests) {
  ScriptedServer server(echo);
  for (int i = 0; i < 20; ++i) EXPECT_EQ(client->send(get(server.url("/x")), {}).value().body, "GET /x - ");
  EXPECT_EQ(server.connections(), 1);
  EXPECT_EQ(client->traffic().at(server.url("/x")).requests, 20U);
}

TEST_P(HttpClient, SendsBodiesAndMethods) {
  ScriptedServer server(echo);
  for (const char* method : {"POST", "PUT", "PATCH", "DELETE"}) {
    Request request = get(server.url("/y"));
    request.method = method;
    request.body = "bytes";
    EXPECT_EQ(client->send(request, {}).value().body, std::string(method) + " /y - bytes");
  }
}

TEST_P(HttpClient, StreamsInBothDirections) {
  ScriptedServer server(echo);
  Request request = get(server.url("/s"));
  request.method = "POST";
  int parts = 0;
  request.source = [&](char* buffer, std::size_t) -> Result<std::size_t> {
    if (++parts > 3) return std::size_t{0};
    std::fill(buffer, buffer + 1000, 'x');
    return std::size_t{1000};
  };
  std::string seen;
  request.sink = [&](std::string_view bytes) {
    seen.append(bytes);
    return Result<void>();
  };
  const Answer answer = client->send(request, {}).value();
  EXPECT_TRUE(answer.body.empty());
  EXPECT_EQ(seen, "POST /s - " + std::string(3000, 'x'));
}

TEST_P(HttpClient, ReturnsTheFailureOfASinkOrSource) {
  ScriptedServer server(echo);
  Request request = get(server.url());
  request.sink = [](std::string_view) -> Result<void> { return stalled(Reason::corrupt, "not a pack"); };
  EXPECT_EQ(client->send(request, {}).failure().text, "not a pack");
  request.method = "POST";
  request.source = [](char*, std::size_t) -> Result<std::size_t> { return stalled(Reason::exhausted, "disk"); };
  EXPECT_EQ(client->send(request, {}).failure().text, "disk");
}

TEST_P(HttpClient, GivesCredentialsToTheirOriginOnly) {
  ScriptedServer other(echo);
  ScriptedServer server([&](const auto& request, auto& out) {
    if (request.target == "/away") out.answer(302, "", "Location: " + other.url("/there") + "\r\n");
    if (request.target == "/within") out.answer(307, "", "Location: /here\r\n");
    if (request.target == "/here") return echo(request, out);
    return true;
  });
  Request request = get(server.url("/within"));
  request.credentials = {Credentials::Kind::basic, "ada", "hunter2"};
  EXPECT_EQ(client->send(request, {}).value().body, "GET /here Basic YWRhOmh1bnRlcjI= ");
  request.url = server.url("/away");
  request.credentials = {Credentials::Kind::bearer, "", "hunter2"};
  EXPECT_EQ(client->send(request, {}).value().body, "GET /there - ");
}

TEST_P(HttpClient, SaysWhyARedirectedRequestWasRefused) {
  ScriptedServer other([](const auto&, auto& out) {
    out.answer(401);
    return true;
  });
  ScriptedServer server([&](const auto&, auto& out) {
    out.answer(302, "", "Location: " + other.url() + "\r\n");
    return true;
  });
  Request request = get(server.url());
  request.credentials = {Credentials::Kind::bearer, "", "hunter2"};
  const auto refused = client->send(request, {});
  EXPECT_EQ(refused.failure().reason, Reason::denied);
  EXPECT_THAT(refused.failure().text, HasSubstr("redirects to 127.0.0.1"));
  EXPECT_THAT(refused.failure().text, Not(HasSubstr("hunter2")));
}

TEST_P(HttpClient, KeepsTheMethodAcrossRedirectsButNotAfterSeeOther) {
  ScriptedServer server([](const auto& request, auto& out) {
    if (request.target == "/same") out.answer(301, "", "Location: /end\r\n");
    if (request.target == "/other") out.answer(303, "", "Location: /end\r\n");
    return request.target == "/end" ? echo(request, out) : true;
  });
  Request request = get(server.url("/same"));
  request.method = "POST";
  request.body = "b";
  EXPECT_EQ(client->send(request, {}).value().body, "POST /end - b");
  request.url = server.url("/other");
  EXPECT_EQ(client->send(request, {}).value().body, "GET /end - ");
}

TEST_P(HttpClient, EndsRedirectsThatGoOnOrLeaveHttp) {
  ScriptedServer server([](const auto& request, auto& out) {
    out.answer(302, "", request.target == "/file" ? "Location: file:///etc/passwd\r\n" : "Location: /again\r\n");
    return true;
  });
  EXPECT_EQ(client->send(get(server.url("/loop")), {}).failure().reason, Reason::limit);
  EXPECT_EQ(client->send(get(server.url("/file")), {}).failure().reason, Reason::invalid);
}

TEST_P(HttpClient, AsksBeforeItFollowsARedirect) {
  ScriptedServer server([](const ScriptedServer::Request& request, ScriptedServer::Conversation& out) {
    if (request.target == "/moved") out.answer(302, "", "Location: inner/place\r\n");
    if (request.target != "/moved") out.answer(200, request.target);
    return true;
  });
  std::vector<std::string> asked;
  Request request = get(server.url("/moved"));
  request.may_follow = [&](std::string_view url) -> Result<void> {
    asked.emplace_back(url);
    if (asked.size() > 1) return stalled(Reason::denied, "not there");
    return {};
  };
  EXPECT_EQ(client->send(request, {}).value().body, "/inner/place");
  EXPECT_EQ(client->send(request, {}).failure().text, "not there");
  EXPECT_THAT(asked, testing::ElementsAre(server.url("/inner/place"), server.url("/inner/place")));
  EXPECT_EQ(server.requests(), 3);
}

TEST_P(HttpClient, TriesAgainWhereItMayHelp) {
  std::atomic<int> asked = 0;
  ScriptedServer server([&](const auto& request, auto& out) {
    if (++asked % 2 == 1) {
      out.answer(503);
      return true;
    }
    return echo(request, out);
  });
  EXPECT_EQ(client->send(get(server.url()), {}).value().status, 200);
  Request once = get(server.url());
  once.repeatable = false;
  EXPECT_EQ(client->send(once, {}).value().status, 503);
}

TEST_P(HttpClient, LeavesABusyUrlAloneAndGoesOnWithTheOthersOfItsHost) {
  ScriptedServer server([](const auto& request, auto& out) {
    if (request.target != "/limited") return echo(request, out);
    out.answer(429, "slow down", "Retry-After: 30\r\nContent-Type: text/plain\r\n");
    return true;
  });
  for (int i = 0; i < 4; ++i) {
    const auto limited = client->send(get(server.url("/limited")), {});
    EXPECT_EQ(limited.ok(), i == 0) << "asked once";
    EXPECT_EQ(client->send(get(server.url("/other" + std::to_string(i))), {}).value().status, 200);
  }
  EXPECT_THAT(client->send(get(server.url("/limited")), {}).failure().text, HasSubstr("/limited asked to be left alone for"));
  EXPECT_EQ(server.requests(), 5);
}

TEST_P(HttpClient, LeavesAHostAloneThatRefusesWhateverItIsAsked) {
  ScriptedServer server([](const auto&, auto& out) {
    out.answer(429, "slow down", "Retry-After: 30\r\nContent-Type: text/plain\r\n");
    return true;
  });
  const Answer answer = client->send(get(server.url()), {}).value();
  const Failure failure = failure_of(answer, system_clock());
  EXPECT_EQ(failure.kind, FailureKind::retry);
  EXPECT_EQ(failure.after, std::chrono::seconds(30));
  EXPECT_THAT(failure.text, HasSubstr("429 Too Many Requests: slow down"));
  for (const char* path : {"/b", "/c"}) EXPECT_EQ(client->send(get(server.url(path)), {}).value().status, 429);
  const auto next = client->send(get(server.url("/d")), {});
  ASSERT_FALSE(next.ok());
  EXPECT_GT(next.failure().after.value(), std::chrono::seconds(20));
  EXPECT_EQ(server.requests(), 3);
}

TEST_P(HttpClient, GoesOnWithAHostWhoseRedirectsLeadToABusyOne) {
  ScriptedServer storage([](const auto&, auto& out) {
    out.answer(429, "", "Retry-After: 30\r\n");
    return true;
  });
  ScriptedServer server([&](const auto& request, auto& out) {
    if (request.target.starts_with("/other")) return echo(request, out);
    out.answer(302, "", "Location: " + storage.url("/") + "\r\n");
    return true;
  });
  for (const char* path : {"/a", "/b", "/c", "/d"}) EXPECT_EQ(client->send(get(server.url(path)), {}).value().status, 429);
  EXPECT_EQ(client->send(get(server.url("/other")), {}).value().status, 200);
}

TEST_P(HttpClient, DoesNotRepeatWhatItsGuardRefusesForNow) {
  ScriptedServer server([](const auto& request, auto& out) {
    if (request.target != "/moved") return echo(request, out);
    out.answer(302, "", "Location: /place\r\n");
    return true;
  });
  Request request = get(server.url("/moved"));
  request.may_follow = [](std::string_view) -> Result<void> { return retry(Reason::unreachable, "not now"); };
  EXPECT_EQ(client->send(request, {}).failure().text, "not now");
  EXPECT_EQ(server.requests(), 1);
}

TEST(HttpAnswer, TellsEachStatusByItsMeaning) {
  const auto failure = [](int status) {
    Answer answer;
    answer.status = status;
    answer.url = "https://host/x";
    return failure_of(answer, system_clock());
  };
  EXPECT_EQ(failure(401).reason, Reason::denied);
  EXPECT_EQ(failure(403).reason, Reason::denied);
  EXPECT_EQ(failure(404).reason, Reason::absent);
  EXPECT_EQ(failure(500).reason, Reason::unreachable);
  EXPECT_EQ(failure(500).kind, FailureKind::retry);
  EXPECT_EQ(failure(400).reason, Reason::invalid);
  EXPECT_EQ(failure(403).text, "host answered 403 Forbidden");
}

TEST(HttpAnswer, ReadsRetryAfterAsADate) {
  Answer answer;
  answer.status = 503;
  answer.url = "https://host/";
  answer.headers = {{"Retry-After", "Fri, 31 Dec 2100 23:59:59 GMT"}};
  EXPECT_EQ(failure_of(answer, system_clock()).after, std::chrono::hours(24));
  answer.headers = {{"Retry-After", "Fri, 31 Dec 1999 23:59:59 GMT"}};
  EXPECT_EQ(failure_of(answer, system_clock()).after, Duration(0));
  answer.headers = {{"Retry-After", "soon"}};
  EXPECT_EQ(failure_of(answer, system_clock()).after, std::nullopt);
}

TEST_P(HttpClient, ReportsAHostThatDoesNotListen) {
  const auto refused = client->send(get("http://127.0.0.1:" + std::to_string(test::free_port()) + "/"), {});
  EXPECT_EQ(refused.failure().reason, Reason::unreachable);
  EXPECT_EQ(refused.failure().kind, FailureKind::retry);
  EXPECT_EQ(client->send(get("http://no-such-host.invalid/"), {}).failure().reason, Reason::unreachable);
}

TEST_P(HttpClient, CutsOffASilentServer) {
  ScriptedServer server([](const auto&, auto& out) {
    out.stay_silent();
    return false;
  });
  Request request = get(server.url());
  request.limits.silence = Duration(200);
  EXPECT_EQ(client->send(request, {}).failure().reason, Reason::timeout);
}

TEST_P(HttpClient, CutsOffAServerThatDripsForEver) {
  ScriptedServer server([](const auto&, auto& out) {
    out.send("HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n");
    for (int i = 0; i < 400; ++i) {
      out.send("x");
      std::this_thread::sleep_for(Duration(5));
    }
    return false;
  });
  Request request = get(server.url());
  request.limits.time = Duration(300);
  EXPECT_EQ(client->send(request, {}).failure().reason, Reason::timeout);
}

TEST_P(HttpClient, StopsAtOnceWhenCancelled) {
  ScriptedServer server([](const auto&, auto& out) {
    out.stay_silent();
    return false;
  });
  std::stop_source stop;
  std::jthread canceller([&] {
    while (server.requests() == 0) std::this_thread::yield();
    stop.request_stop();
  });
  EXPECT_EQ(client->send(get(server.url()), stop.get_token()).failure().reason, Reason::cancelled);
}

TEST_P(HttpClient, CapsAnswersHeadersAndErrorBodies) {
  ScriptedServer server([](const auto& request, auto& out) {
    if (request.target == "/big") out.answer(200, std::string(100'000, 'x'));
    if (request.target == "/error") out.answer(500, std::string(100'000, 'x'));
    if (request.target == "/headers") {
      out.send("HTTP/1.1 200 OK\r\n");
      for (int i = 0; i < 100; ++i) out.send("X: " + std::string(10'000, 'y') + "\r\n");
      return false;
    }
    return true;
  });
  Request request = get(server.url("/big"));
  request.limits.answer_bytes = 99'999;
  EXPECT_EQ(client->send(request, {}).failure().reason, Reason::limit);
  request.url = server.url("/error");
  EXPECT_EQ(client->send(request, {}).value().body.size(), 64U << 10U);
  request.url = server.url("/headers");
  EXPECT_FALSE(client->send(request, {}).ok());
}

TEST_P(HttpClient, ReportsAnAnswerThatWasCutShort) {
  ScriptedServer server([](const auto&, auto& out) {
    out.send("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf");
    return false;
  });
  EXPECT_EQ(client->send(get(server.url()), {}).failure().reason, Reason::unreachable);
}

TEST_P(HttpClient, RefusesUrlsAndHeadersThatSmuggle) {
  for (const char* url : {"ftp://host/", "file:///etc/passwd", "https://ada:hunter2@host/", "https://host/\r\nX: y", "host", ""}) {
    const auto refused = client->send(get(url), {});
    ASSERT_FALSE(refused.ok()) << url;
    EXPECT_EQ(refused.failure().reason, Reason::invalid) << url;
    EXPECT_THAT(refused.failure().text, Not(HasSubstr("hunter2")));
  }
  Request request = get("http://127.0.0.1:1/");
  request.headers = {{"X", "a\r\nY: b"}};
  EXPECT_EQ(client->send(request, {}).failure().reason, Reason::invalid);
}

TEST_P(HttpClient, GoesThroughAProxyWhenToldTo) {
  ScriptedServer proxy(echo);
  Options options = quick();
  options.proxy = proxy.url();
  EXPECT_THAT(make_client(system_world(), options)->send(get("http://repository.example/x"), {}).value().body,
              HasSubstr("http://repository.example/x"));
}

TEST_P(HttpClient, HoldsToItsConnectionsPerHost) {
  std::atomic<int> now = 0;
  std::atomic<int> most = 0;
  ScriptedServer server([&](const auto& request, auto& out) {
    const int running = ++now;
    int seen = most;
    while (running > seen && !most.compare_exchange_weak(seen, running)) {}
    std::this_thread::sleep_for(Duration(2));
    --now;
    return echo(request, out);
  });
  Options options = quick();
  options.connections = 3;
  const auto bounded = make_client(system_world(), options);
  std::vector<std::jthread> threads;
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([&] {
      for (int k = 0; k < 10; ++k) EXPECT_TRUE(bounded->send(get(server.url()), {}).ok());
    });
  }
  threads.clear();
  EXPECT_LE(most, 3);
  EXPECT_LE(server.connections(), 3);
}

TEST_P(HttpClient, CarriesOnWhileOtherExchangesHang) {
  ScriptedServer server([&](const auto& request, auto& out) {
    if (request.target != "/hang") return echo(request, out);
    out.stay_silent();
    return false;
  });
  std::stop_source stop;
  std::jthread hanging([&] { EXPECT_EQ(client->send(get(server.url("/hang")), stop.get_token()).failure().reason, Reason::cancelled); });
  while (server.requests() == 0) std::this_thread::yield();
  for (int i = 0; i < 10; ++i) EXPECT_TRUE(client->send(get(server.url("/x")), {}).ok());
  stop.request_stop();
}

INSTANTIATE_TEST_SUITE_P(Alone, HttpClient, testing::Values(false));
INSTANTIATE_TEST_SUITE_P(Multiplexed, HttpClient, testing::Values(true));

TEST(HttpMultiplexed, SendsTheExchangesOfManyThreadsOverOneConnection) {
  if (const auto missing = test::TlsFront::missing()) GTEST_SKIP() << *missing;
  ScriptedServer server(echo);
  const test::TlsFront front(server.port());
  Options options;
  options.multiplexed = true;
  const auto client = make_client(system_world(), options);
  std::vector<std::jthread> threads;
  for (int thread = 0; thread < 16; ++thread) {
    threads.emplace_back([&, thread] {
      for (int i = 0; i < 20; ++i) {
        Request request;
        request.method = "PATCH";
        request.url = fmt::format("https://127.0.0.1:{}/{}/{}", front.port(), thread, i);
        request.tls.ca_file = front.ca_file().string();
        const std::string body(static_cast<std::size_t>(1000 * i), static_cast<char>('a' + thread));
        request.body = body;
        const auto answer = client->send(request, {});
        ASSERT_TRUE(answer.ok()) << answer.failure().text;
        EXPECT_EQ(answer->body, fmt::format("PATCH /{}/{} - {}", thread, i, body));
      }
    });
  }
  threads.clear();
  EXPECT_THAT(front.connections(), testing::ElementsAre(testing::HasSubstr("HTTP/2.0")));
}

TEST(Origin, IsSchemeHostAndPort) {
  EXPECT_EQ(origin_of("https://Host/x?y"), "https://host:443");
  EXPECT_EQ(origin_of("http://host:8080"), "http://host:8080");
  EXPECT_EQ(origin_of("ssh://host/x"), std::nullopt);
  EXPECT_EQ(resolve_url("https://host/a/b?c", "d?e"), "https://host/a/d?e");
  EXPECT_EQ(resolve_url("https://host/a/b", "//other/x"), "https://other/x");
  EXPECT_EQ(resolve_url("https://host/a/b", "file:///x"), std::nullopt);
  EXPECT_EQ(resolve_url("https://host/a/b", "a b"), std::nullopt);
}

}  // namespace
}  // namespace muster::http
