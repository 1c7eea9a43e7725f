// Registries that trick, lie, or never end (P22). Real ones cannot be asked for this, so one is scripted; it speaks plain
// HTTP, so the fleet says so, but where TLS is the question.
#include <fmt/core.h>
#include <gmock/gmock.h>

#include <atomic>
#include <mutex>

#include "muster/base/digest.hpp"
#include "registry/fixture.hpp"
#include "support/certificate.hpp"

namespace muster::registry {
namespace {

using test::ScriptedServer;
using ::testing::AnyOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

constexpr const char* kCanary = "canary-5f1e";
constexpr const char* kManifest = R"({"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","config":{},"layers":[]})";
constexpr const char* kManifestType = "Content-Type: application/vnd.oci.image.manifest.v1+json\r\n";

class HostileRegistry : public RegistryTest {
 protected:
  using Request = ScriptedServer::Request;
  using Conversation = ScriptedServer::Conversation;
  using Answer = std::function<void(const Request&, Conversation&)>;

  /// Whatever it is asked, with what it was shown.
  void serve(Answer answer) {
    server = std::make_unique<ScriptedServer>([this, answer = std::move(answer)](const Request& request, Conversation& out) {
      note(request);
      answer(request, out);
      return true;
    });
    access.plain_http = true;
  }
  void note(const Request& request) {
    const std::lock_guard lock(mutex);
    targets.push_back(request.target);
    if (request.headers.contains("authorization")) authorizations.push_back(request.headers.at("authorization"));
    everything += request.target + request.body;
    for (const auto& [name, value] : request.headers) everything += name + value;
  }
  void give_password() {
    access = with_secret(Method::basic, "ada", kCanary);
    access.plain_http = true;
  }
  [[nodiscard]] model::ImageReference cart(const std::string& tag = "", const std::string& digest = "") const {
    return image(fmt::format("127.0.0.1:{}", server->port()), "shop/cart", tag, digest);
  }
  Failure tags_failure() {
    auto tags = registries().tags(access, cart(), {});
    EXPECT_FALSE(tags.ok());
    return tags.ok() ? Failure{} : tags.failure();
  }
  Failure digest_failure(const std::string& tag = "1", const std::string& digest = "") {
    auto got = registries().digest(access, cart(tag, digest), {});
    EXPECT_FALSE(got.ok());
    return got.ok() ? Failure{} : got.failure();
  }
  Failure manifest_failure(const std::string& body, const std::string& headers = kManifestType) {
    serve([=](const Request&, Conversation& out) { out.answer(200, body, headers); });
    auto got = registries().manifest(access, cart("1"), {});
    EXPECT_FALSE(got.ok());
    return got.ok() ? Failure{} : got.failure();
  }

  std::unique_ptr<ScriptedServer> server;
  Access access;
  std::mutex mutex;
  std::vector<std::string> targets;
  std::vector<std::string> authorizations;
  std::string everything;
};

TEST_F(HostileRegistry, GetsNothingForARealmThatIsNotItsOwn) {
  for (const std::string realm : {"https://evil.example/token", "http://localhost:1/token", "http://169.254.169.254/latest/meta-data",
                                  "http://10.0.0.1/token", "https://auth.docker.io/token", "http://[::1]:1/", "http://127.0.0.2/token"}) {
    serve([realm](const Request&, Conversation& out) {
      out.answer(401, "", fmt::format("WWW-Authenticate: Bearer realm=\"{}\",service=\"s\"\r\n", realm));
    });
    give_password();
    const Failure failure = tags_failure();
    EXPECT_EQ(failure.reason, Reason::denied) << realm;
    EXPECT_THAT(failure.text, HasSubstr("which is not known to belong to it"));
    EXPECT_THAT(failure.text, Not(HasSubstr(kCanary)));
    EXPECT_THAT(authorizations, IsEmpty());
  }
}

TEST_F(HostileRegistry, GetsNothingForARealmThatIsNoUrl) {
  for (const std::string realm :
       {"token", "file:///etc/passwd", "gopher://127.0.0.1/", "http://ada:secret@127.0.0.1/", "ht\xff\xfetp://x"}) {
    serve([realm](const Request&, Conversation& out) {
      out.answer(401, "", fmt::format("WWW-Authenticate: Bearer realm=\"{}\",service=\"s\"\r\n", realm));
    });
    give_password();
    EXPECT_THAT(tags_failure().reason, AnyOf(Reason::corrupt, Reason::denied)) << realm;
    EXPECT_THAT(authorizations, IsEmpty());
  }
}

TEST_F(HostileRegistry, MayUseTheRealmThatTheFleetNames) {
  ScriptedServer realm([this](const Request& request, Conversation& out) {
    note(request);
    out.answer(200, R"({"token":"t0"})");
    return true;
  });
  serve([&](const Request& request, Conversation& out) {
    if (request.headers.contains("authorization")) return out.answer(200, R"({"tags":["1"]})");
    out.answer(401, "", fmt::format("WWW-Authenticate: Bearer realm=\"http://localhost:{}/token\"\r\n", realm.port()));
  });
  give_password();
  EXPECT_EQ(tags_failure().reason, Reason::denied);
  EXPECT_EQ(realm.requests(), 0);
  access.realm = "localhost";
  EXPECT_THAT(registries().tags(access, cart(), {}).value(), ElementsAre("1"));
  EXPECT_THAT(authorizations, ElementsAre(::testing::StartsWith("Basic "), "Bearer t0"));
}

TEST_F(HostileRegistry, GetsNoCredentialsAcrossARedirectOfItsRealm) {
  ScriptedServer other([](const Request&, Conversation& out) {
    out.answer(200, R"({"token":"t0"})");
    return true;
  });
  for (const int status : {301, 302, 303, 307, 308}) {
    serve([&, status](const Request& request, Conversation& out) {
      if (request.target.starts_with("/token")) return out.answer(status, "", "Location: " + other.url("/steal") + "\r\n");
      out.answer(401, "", fmt::format("WWW-Authenticate: Bearer realm=\"http://127.0.0.1:{}/token\"\r\n", server->port()));
    });
    temporary.write("config.json", fmt::format(R"({{"auths":{{"127.0.0.1:{}":{{"identitytoken":"{}"}}}}}})", server->port(), kCanary));
    access.auth = {};
    access.auth.method = Method::docker_config;
    EXPECT_EQ(tags_failure().reason, Reason::denied);
    EXPECT_EQ(other.requests(), 0);
  }
}

TEST_F(HostileRegistry, IsFollowedToItsStorageWithoutCredentials) {
  std::string seen;
  ScriptedServer storage([&](const Request& request, Conversation& out) {
    for (const auto& [name, value] : request.headers) seen += name + ":" + value + "\n";
    out.answer(200, "content");
    return true;
  });
  serve([&](const Request& request, Conversation& out) {
    if (!request.headers.contains("authorization")) return out.answer(401, "", "WWW-Authenticate: Basic realm=\"r\"\r\n");
    out.answer(307, "", "Location: " + storage.url("/bucket?signature=1") + "\r\n");
  });
  give_password();
  EXPECT_EQ(registries().blob(access, cart(), sha256("content").text(), 100, {}).value(), "content");
  EXPECT_EQ(authorizations.size(), 1U);
  EXPECT_THAT(seen, Not(HasSubstr("authorization")));
}

TEST_F(HostileRegistry, IsNotFollowedToCloudMetadata) {
  serve([](const Request&, Conversation& out) { out.answer(307, "", "Location: http://169.254.169.254/latest/meta-data/\r\n"); });
  const auto blob = registries().blob(access, cart(), sha256("x").text(), 100, {});
  ASSERT_FALSE(blob.ok());
  EXPECT_EQ(blob.failure().reason, Reason::denied);
  EXPECT_THAT(blob.failure().text, HasSubstr("an address of a private network"));
}

TEST_F(HostileRegistry, EndsARedirectThatNeverEnds) {
  serve([](const Request&, Conversation& out) { out.answer(302, "", "Location: /v2/again\r\n"); });
  EXPECT_EQ(tags_failure().reason, Reason::limit);
  EXPECT_LE(targets.size(), 10U);
}

TEST_F(HostileRegistry, ReadsPagesUntilTheLast) {
  // A relative link is one beside the page that it stands on.
  serve([](const Request& request, Conversation& out) {
    if (request.target.find("last=b") != std::string::npos) return out.answer(200, R"({"tags":["c"]})");
    if (request.target.find("last=a") != std::string::npos)
      return out.answer(200, R"({"tags":["b","a"]})", "Link: <list?last=b>; rel=\"next\"\r\n");
    out.answer(200, R"({"tags":["a"]})",
               "Link: </v2/other?x>; rel=prev, </v2/shop/cart/tags/list?n=1000&last=a>; title=\"a, b\"; rel=\"last next\"\r\n");
  });
  EXPECT_THAT(registries().tags(access, cart(), {}).value(), ElementsAre("a", "b", "c"));
  EXPECT_THAT(targets,
              ElementsAre("/v2/shop/cart/tags/list?n=1000", "/v2/shop/cart/tags/list?n=1000&last=a", "/v2/shop/cart/tags/list?last=b"));
}

TEST_F(HostileRegistry, DoesNotSendTheListingElsewhere) {
  ScriptedServer other([](const Request&, Conversation& out) {
    out.answer(200, R"({"tags":["evil"]})");
    return true;
  });
  serve([&](const Request& request, Conversation& out) {
    if (!request.headers.contains("authorization")) return out.answer(401, "", "WWW-Authenticate: Basic realm=\"r\"\r\n");
    out.answer(200, R"({"tags":["1"]})", "Link: <" + other.url("/v2/shop/cart/tags/list?last=1") + ">; rel=\"next\"\r\n");
  });
  give_password();
  EXPECT_EQ(tags_failure().reason, Reason::denied);
  EXPECT_EQ(other.requests(), 0);
}

TEST_F(HostileRegistry, EndsPagesThatGoRoundInACircle) {
  serve([](const Request& request, Conversation& out) {
    const bool is_even = request.target.find("last=a") == std::string::npos;
    out.answer(200, R"({"tags":["a"]})", fmt::format("Link: </v2/shop/cart/tags/list?last={}>; rel=\"next\"\r\n", is_even ? "a" : "b"));
  });
  const Failure failure = tags_failure();
  EXPECT_EQ(failure.reason, Reason::corrupt);
  EXPECT_LE(targets.size(), 4U);
}

TEST_F(HostileRegistry, EndsPagesThatNeverEnd) {
  std::atomic<int> page = 0;
  serve([&](const Request&, Conversation& out) {
    const int number = ++page;
    out.answer(200, fmt::format(R"({{"tags":["t{}"]}})", number),
               fmt::format("Link: </v2/shop/cart/tags/list?last={}>; rel=\"next\"\r\n", number));
  });
  EXPECT_EQ(tags_failure().reason, Reason::limit);
  EXPECT_EQ(targets.size(), kMaxPages);
}

TEST_F(HostileRegistry, AnswersAnEmptyListOnlyWhereItSaysSo) {
  const std::pair<const char*, bool> bodies[] = {{R"({"name":"shop/cart","tags":[]})", true},
                                                 {R"({"tags":null})", true},
                                                 {"", false},
                                                 {"{}", false},
                                                 {"[]", false},
                                                 {"null", false},
                                                 {R"({"tags":{}})", false},
                                                 {R"({"tags":["1",2]})", false},
                                                 {R"({"tags":["../../x"]})", false},
                                                 {R"({"tags":[""]})", false},
                                                 {"{\"tags\":[\"\xff\xfe\"]}", false},
                                                 {R"({"tags":["1"]} trailing)", false},
                                                 {R"({"tags":["1"],"tags":[]})", false}};
  for (const auto& [body, is_list] : bodies) {
    serve([body = std::string(body)](const Request&, Conversation& out) { out.answer(200, body); });
    const auto tags = registries().tags(access, cart(), {});
    EXPECT_EQ(tags.ok(), is_list) << body;
    if (!tags.ok()) {
      EXPECT_EQ(tags.failure().reason, Reason::corrupt) << body << ": " << tags.failure().text;
    }
  }
}

TEST_F(HostileRegistry, EndsGiantAndDeepAnswers) {
  serve([](const Request&, Conversation& out) {
    out.send("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n{\"tags\":[");
    for (int i = 0; i < 200; ++i) out.send(std::string(100'000, ' '));
    out.stay_silent();
  });
  EXPECT_EQ(tags_failure().reason, Reason::limit);
  serve([](const Request&, Conversation& out) { out.answer(200, R"({"tags":)" + std::string(100'000, '[')); });
  EXPECT_EQ(tags_failure().reason, Reason::corrupt);
  EXPECT_THAT(manifest_failure(std::string(100'000, '[')).reason, Reason::corrupt);
}

TEST_F(HostileRegistry, CannotNameAnotherImagesDigest) {
  const std::string other = sha256("other").text();
  serve([&](const Request&, Conversation& out) {
    out.answer(200, kManifest, kManifestType + fmt::format("Docker-Content-Digest: {}\r\n", other));
  });
  // By digest: whatever it says, what comes is hashed.
  const std::string wanted = sha256("wanted").text();
  EXPECT_EQ(digest_failure("", wanted).reason, Reason::corrupt);
  EXPECT_EQ(registries().manifest(access, cart("", wanted), {}).failure().reason, Reason::corrupt);
  // By tag: what it says and what it sends must be one.
  EXPECT_EQ(registries().manifest(access, cart("1"), {}).failure().reason, Reason::corrupt);
}

TEST_F(HostileRegistry, CannotSendAnotherContent) {
  serve([](const Request&, Conversation& out) { out.answer(200, "other"); });
  const auto blob = registries().blob(access, cart(), sha256("content").text(), 100, {});
  ASSERT_FALSE(blob.ok());
  EXPECT_EQ(blob.failure().reason, Reason::corrupt);
}

TEST_F(HostileRegistry, IsReadWholeWhereItsDigestIsMissingOrMalformed) {
  for (const std::string digest :
       {"", "Docker-Content-Digest: latest\r\n", "Docker-Content-Digest: sha256:XYZ\r\n", "Docker-Content-Digest: sha512:00\r\n"}) {
    serve([digest](const Request& request, Conversation& out) {
      if (request.method == "HEAD")
        return out.send(fmt::format("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n{}{}\r\n", kManifestType, digest));
      out.answer(200, kManifest, kManifestType + digest);
    });
    EXPECT_EQ(registries().digest(access, cart("1"), {}).value(), sha256(kManifest).text()) << digest;
  }
}

TEST_F(HostileRegistry, IsReadWholeWhereItDoesNotAnswerHead) {
  serve([](const Request& request, Conversation& out) {
    if (request.method == "HEAD") return out.send("HTTP/1.1 405 No\r\nContent-Length: 0\r\n\r\n");
    out.answer(200, kManifest, kManifestType);
  });
  EXPECT_EQ(registries().digest(access, cart("1"), {}).value(), sha256(kManifest).text());
}

TEST_F(HostileRegistry, CannotPassOffOneThingAsAnother) {
  const std::string both = R"({"schemaVersion":2,"manifests":[],"layers":[]})";
  EXPECT_EQ(manifest_failure(both).reason, Reason::corrupt);
  EXPECT_EQ(manifest_failure(R"({"schemaVersion":2,"manifests":[]})").reason, Reason::corrupt);
  EXPECT_EQ(manifest_failure(R"({"mediaType":"application/vnd.oci.image.index.v1+json","layers":[]})").reason, Reason::corrupt);
  EXPECT_EQ(manifest_failure("<html>", "Content-Type: text/html\r\n").reason, Reason::corrupt);
  EXPECT_EQ(manifest_failure(R"({"schemaVersion":1,"fsLayers":[]})",
                             "Content-Type: application/vnd.docker.distribution.manifest.v1+prettyjws\r\n")
                .reason,
            Reason::unsupported);
}

TEST_F(HostileRegistry, RepeatsNoSecretIntoAFailure) {
  for (const int status : {400, 401, 403, 404, 418, 500}) {
    serve([status](const Request& request, Conversation& out) {
      if (!request.headers.contains("authorization")) return out.answer(401, "", "WWW-Authenticate: Basic realm=\"r\"\r\n");
      const std::string shown = request.headers.at("authorization") + kCanary;
      out.answer(status, fmt::format(R"({{"errors":[{{"code":"{0}","message":"{0}"}}]}})", shown),
                 fmt::format("Content-Type: text/plain\r\nWWW-Authenticate: Basic realm=\"{}\"\r\n", shown));
    });
    give_password();
    const std::string text = tags_failure().text;
    EXPECT_THAT(text, Not(HasSubstr(kCanary)));
    EXPECT_THAT(text, Not(HasSubstr("YWRhOmNhbmFyeS01ZjFl")));  // ada and the canary, as Basic has them.
  }
}

TEST_F(HostileRegistry, IsAskedOnceMoreAfterARefusalAndNeverAgain) {
  serve([&](const Request& request, Conversation& out) {
    if (request.target.starts_with("/token")) return out.answer(200, R"({"token":"t0","expires_in":300})");
    out.answer(401, "", fmt::format("WWW-Authenticate: Bearer realm=\"http://127.0.0.1:{}/token\"\r\n", server->port()));
  });
  const Failure failure = tags_failure();
  EXPECT_EQ(failure.reason, Reason::denied);
  EXPECT_EQ(targets.size(), 3U);
}

TEST_F(HostileRegistry, IsShownARefusedPasswordOnceAPass) {
  serve([](const Request&, Conversation& out) { out.answer(401, "", "WWW-Authenticate: Basic realm=\"r\"\r\n"); });
  give_password();
  for (int pass = 0; pass < 3; ++pass) EXPECT_THAT(tags_failure().text, HasSubstr("the credentials are refused"));
  EXPECT_EQ(authorizations.size(), 3U) << "accounts are locked after a number of tries";
}

TEST_F(HostileRegistry, IsShownARefusedTokenOfDockersFileOnceAPass) {
  serve([&](const Request&, Conversation& out) {
    out.answer(401, "", fmt::format("WWW-Authenticate: Bearer realm=\"http://127.0.0.1:{}/token\"\r\n", server->port()));
  });
  temporary.write("config.json", fmt::format(R"({{"auths": {{"127.0.0.1:{}": {{"registrytoken": "{}"}}}}}})", server->port(), kCanary));
  access.auth.method = Method::docker_config;
  for (int pass = 0; pass < 3; ++pass) EXPECT_EQ(tags_failure().reason, Reason::denied);
  EXPECT_EQ(authorizations.size(), 3U);
}

TEST_F(HostileRegistry, MayKeepOneRepositoryToItselfAndShowAnother) {
  serve([](const Request& request, Conversation& out) {
    if (request.target.find("/secret/") != std::string::npos) return out.answer(401, "", "WWW-Authenticate: Basic realm=\"r\"\r\n");
    out.answer(200, R"({"tags":["1"]})");
  });
  EXPECT_EQ(registries().tags(access, image(cart().host, "shop/secret"), {}).failure().reason, Reason::denied);
  EXPECT_THAT(registries().tags(access, cart(), {}).value(), ElementsAre("1"));
}

TEST_F(HostileRegistry, TakesNoTokenThatIsNone) {
  for (const std::string answer : {"", "{}", "[]", R"({"token":""})", R"({"token":5})", "{\"token\":\"a\\nb\"}", R"({"token":"a b"})"}) {
    serve([&, answer](const Request& request, Conversation& out) {
      if (request.target.starts_with("/token")) return out.answer(200, answer);
      out.answer(401, "", fmt::format("WWW-Authenticate: Bearer realm=\"http://127.0.0.1:{}/token\"\r\n", server->port()));
    });
    EXPECT_EQ(tags_failure().reason, Reason::corrupt) << answer;
  }
}

TEST_F(HostileRegistry, IsLeftAloneAsLongAsItAsks) {
  time_stands_still = true;
  serve([](const Request&, Conversation& out) { out.answer(429, "", "Retry-After: 120\r\n"); });
  for (int i = 0; i < 20; ++i) {
    const Failure failure = i % 2 == 0 ? tags_failure() : digest_failure();
    EXPECT_EQ(failure.kind, FailureKind::retry);
    EXPECT_EQ(failure.after, std::chrono::minutes(2));
  }
  EXPECT_EQ(targets.size(), 1U);
}

TEST_F(HostileRegistry, IsLeftAloneFromTheFirstLookWhetherItSpeaksTls) {
  time_stands_still = true;
  serve([](const Request&, Conversation& out) { out.answer(429, "", "Retry-After: 120\r\n"); });
  access.plain_http = false;
  for (int i = 0; i < 3; ++i) EXPECT_EQ(tags_failure().after, std::chrono::minutes(2));
  EXPECT_THAT(targets, ElementsAre("/v2/"));
}

TEST_F(HostileRegistry, IsLookedAtWithinItsBudget) {
  time_stands_still = true;
  serve([](const Request&, Conversation& out) { out.answer(200, R"({"tags":["1"]})"); });
  access.plain_http = false;
  access.requests = 3;
  EXPECT_TRUE(registries().tags(access, cart(), {}).ok()) << "TLS, plain, the tags";
  EXPECT_EQ(tags_failure().after, std::chrono::minutes(1));
  EXPECT_THAT(targets, ElementsAre("/v2/", "/v2/shop/cart/tags/list?n=1000"));
}

TEST_F(HostileRegistry, IsStillAskedWhereItsStorageWantsToBeLeftAlone) {
  time_stands_still = true;
  ScriptedServer storage([](const Request&, Conversation& out) {
    out.answer(429, "", "Retry-After: 120\r\n");
    return true;
  });
  serve([&](const Request& request, Conversation& out) {
    if (request.target.find("/blobs/") == std::string::npos) return out.answer(200, R"({"tags":["1"]})");
    out.answer(307, "", "Location: " + storage.url("/bucket" + request.target) + "\r\n");
  });
  for (const char* content : {"a", "b", "c", "d", "e"}) {
    const auto blob = registries().blob(access, cart(), sha256(content).text(), 100, {});
    ASSERT_FALSE(blob.ok());
    EXPECT_EQ(blob.failure().after, std::chrono::minutes(2));
    EXPECT_THAT(blob.failure().text, HasSubstr(fmt::format("127.0.0.1:{}", storage.port())));
  }
  EXPECT_EQ(storage.requests(), 1);
  EXPECT_EQ(targets.size(), 5U) << "each question once";
  EXPECT_TRUE(registries().tags(access, cart(), {}).ok());
}

TEST_F(HostileRegistry, IsLeftAloneWhereItIsBusyWithoutSayingHowLong) {
  time_stands_still = true;
  serve([](const Request&, Conversation& out) { out.answer(429); });
  for (int i = 0; i < 20; ++i) EXPECT_TRUE(tags_failure().after.has_value());
  EXPECT_LE(targets.size(), 2U) << "the client's own repeat, and none of the nineteen others";
}

TEST_F(HostileRegistry, IsAskedNoMoreOftenThanTheFleetSays) {
  serve([](const Request&, Conversation& out) { out.answer(503); });
  access.requests = 3;
  for (int i = 0; i < 3; ++i) EXPECT_FALSE(tags_failure().after.has_value());
  const Failure held = tags_failure();
  EXPECT_EQ(held.kind, FailureKind::retry);
  ASSERT_TRUE(held.after.has_value());
  EXPECT_THAT(held.text, HasSubstr("has had its 3 requests a minute"));
  EXPECT_EQ(targets.size(), 3U) << "failures are not repeated behind the budget's back";
}

TEST_F(HostileRegistry, IsGivenUpWhenItIsSlow) {
  settings.limits.silence = Duration(200);
  serve([](const Request&, Conversation& out) {
    out.send("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{");
    out.stay_silent();
  });
  const Failure failure = tags_failure();
  EXPECT_EQ(failure.reason, Reason::timeout);
  EXPECT_EQ(failure.kind, FailureKind::retry);
}

TEST_F(HostileRegistry, IsNotAskedAgainWhatHasNotChanged) {
  std::atomic<int> answered = 0;
  serve([&](const Request& request, Conversation& out) {
    if (request.headers.contains("if-none-match")) {
      EXPECT_EQ(request.headers.at("if-none-match"), "\"v1\"");
      return out.send("HTTP/1.1 304 Not Modified\r\nETag: \"v1\"\r\n\r\n");
    }
    ++answered;
    out.answer(200, R"({"tags":["1","2"]})", "ETag: \"v1\"\r\n");
  });
  for (int i = 0; i < 3; ++i) EXPECT_THAT(registries().tags(access, cart(), {}).value(), ElementsAre("1", "2"));
  EXPECT_EQ(answered, 1);
  EXPECT_EQ(targets.size(), 3U);
}

TEST_F(HostileRegistry, CannotSayThatNothingChangedWhenNobodyAskedThat) {
  serve([](const Request&, Conversation& out) { out.send("HTTP/1.1 304 Not Modified\r\n\r\n"); });
  EXPECT_FALSE(registries().tags(access, cart(), {}).ok());
}

TEST_F(HostileRegistry, IsNeverAskedForNamesThatNoneCanHave) {
  serve([](const Request&, Conversation& out) { out.answer(200, R"({"tags":[]})"); });
  const std::string host = cart().host;
  for (const char* name : {"", "../../etc", "a//b", "a/..", "A", "a b", "a?b", "a#b", "a%2f", "/a", "a/"}) {
    EXPECT_EQ(registries().tags(access, image(host, name), {}).failure().reason, Reason::invalid) << name;
  }
  for (const char* tag : {"../x", "a/b", "a b", ".a", "a?n=1"}) {
    EXPECT_EQ(registries().digest(access, image(host, "a", tag), {}).failure().reason, Reason::invalid) << tag;
  }
  EXPECT_EQ(registries().digest(access, image(host, "a", "", "sha256:../../x"), {}).failure().reason, Reason::invalid);
  EXPECT_FALSE(registries().blob(access, image(host, "a"), "sha256:00/../..", 10, {}).ok());
  EXPECT_THAT(targets, IsEmpty());
}

}  // namespace
}  // namespace muster::registry
