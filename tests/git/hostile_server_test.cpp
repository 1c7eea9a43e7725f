// Servers that are away, broken, lying or hostile. Real servers cannot be asked for this, so one is scripted; the packs
// are real or built byte by byte.
#include <fmt/core.h>
#include <gmock/gmock.h>
#include <zlib.h>

#include "git/fixture.hpp"
#include "git/packet.hpp"
#include "support/scripted_server.hpp"

namespace muster::git {
namespace {

using test::ScriptedServer;
using ::testing::HasSubstr;
using ::testing::Not;
using namespace std::string_literals;

constexpr const char* kResult = "Content-Type: application/x-git-upload-pack-result\r\n";

std::string in_bands(std::string_view pack) {
  std::string out;
  append_packet(out, "packfile\n");
  while (!pack.empty()) {
    append_packet(out, "\x01"s + std::string(pack.substr(0, 60'000)));
    pack.remove_prefix(std::min<std::size_t>(pack.size(), 60'000));
  }
  append_flush(out);
  return out;
}

std::string listing_of(std::string_view line) {
  std::string out;
  append_packet(out, line);
  append_flush(out);
  return out;
}

class HostileServer : public GitTest {
 protected:
  HostileServer() {
    limits.silence = Duration(300);
    limits.time = std::chrono::seconds(5);
  }
  /// Answers ls-refs and fetch with these bytes.
  void serve(std::string refs, std::string pack) {
    serve([refs = std::move(refs), pack = std::move(pack)](const ScriptedServer::Request& request, ScriptedServer::Conversation& out) {
      const bool is_listing = request.body.find("command=ls-refs") != std::string::npos;
      if (request.method == "POST") out.answer(200, is_listing ? refs : pack, kResult);
      if (request.method == "GET") out.answer(404);
      return true;
    });
  }
  void serve(ScriptedServer::Script script) {
    server = std::make_unique<ScriptedServer>(std::move(script));
    http::Options options;
    options.retry = {1, Duration(1), Duration(20)};
    client = http::make_client(world, options);
    RemoteOptions remote_options;
    remote_options.limits = limits;
    remote_options.http = client.get();
    remotes = make_remotes(world, secrets, folder("mirrors"), remote_options);
  }
  [[nodiscard]] Remote remote() const {
    Remote out;
    out.url = server->url("/cart.git");
    return out;
  }
  Failure fetch_failure() {
    auto fetched = remotes->fetch(remote(), main_only, {});
    EXPECT_FALSE(fetched.ok());
    EXPECT_EQ(remotes->mirror(remote()).value()->ref("refs/heads/main").value(), std::nullopt);
    return fetched.ok() ? Failure{} : fetched.failure();
  }
  std::string real_pack(test::GitRepository& repository, const std::vector<std::string>& objects) {
    std::string list;
    for (const std::string& object : objects) list += object + "\n";
    return test::run_program({"git", "-C", repository.path().string(), "pack-objects", "-q", "--stdout"}, list);
  }
  static std::string checksummed(std::string bytes);

  TransferLimits limits;
  std::unique_ptr<ScriptedServer> server;
  std::unique_ptr<http::Client> client;
  std::unique_ptr<Remotes> remotes;
};

TEST_F(HostileServer, EachRefusalKeepsItsMeaning) {
  struct Case {
    int status;
    FailureKind kind;
    Reason reason;
  };
  for (const Case& one : {Case{401, FailureKind::stalled, Reason::denied}, Case{403, FailureKind::stalled, Reason::denied},
                          Case{429, FailureKind::retry, Reason::unreachable}, Case{500, FailureKind::retry, Reason::unreachable},
                          Case{503, FailureKind::retry, Reason::unreachable}}) {
    serve([&](const auto&, auto& out) {
      out.answer(one.status);
      return true;
    });
    const auto listing = remotes->list_refs(remote(), main_only, {});
    ASSERT_FALSE(listing.ok());
    EXPECT_EQ(listing.failure().kind, one.kind) << one.status;
    EXPECT_EQ(listing.failure().reason, one.reason) << one.status;
    EXPECT_THAT(listing.failure().text, HasSubstr(std::to_string(one.status)));
  }
}

TEST_F(HostileServer, AMissingRepositoryIsNoEmptyListing) {
  serve([](const auto&, auto& out) {
    out.answer(404);
    return true;
  });
  const auto listing = remotes->list_refs(remote(), main_only, {});
  ASSERT_FALSE(listing.ok());
  EXPECT_EQ(listing.failure().kind, FailureKind::stalled);
}

TEST_F(HostileServer, AnEmptyAnswerIsNoEmptyListing) {
  serve("", "");
  EXPECT_EQ(remotes->list_refs(remote(), main_only, {}).failure().kind, FailureKind::stalled) << "no flush came, then 404";
  serve([](const auto& request, auto& out) {
    out.answer(200, "", request.method == "POST" ? kResult : "Content-Type: application/x-git-upload-pack-advertisement\r\n");
    return true;
  });
  EXPECT_EQ(remotes->list_refs(remote(), main_only, {}).failure().reason, Reason::unreachable);
}

TEST_F(HostileServer, AWebPageIsNoRepository) {
  serve([](const auto&, auto& out) {
    out.answer(200, "<!DOCTYPE html>", "Content-Type: text/html\r\n");
    return true;
  });
  const auto listing = remotes->list_refs(remote(), main_only, {});
  EXPECT_EQ(listing.failure().reason, Reason::corrupt);
  EXPECT_THAT(listing.failure().text, HasSubstr("text/html"));
}

TEST_F(HostileServer, SilenceIsCutOff) {
  serve([](const auto&, auto& out) {
    out.stay_silent();
    return false;
  });
  EXPECT_EQ(remotes->list_refs(remote(), main_only, {}).failure().reason, Reason::timeout);
}

TEST_F(HostileServer, SilenceInTheMiddleOfAPackIsCutOff) {
  test::GitRepository source(folder("source.git"));
  const std::string tip = source.commit({{"a", "1"}});
  const std::string refs = listing_of(tip + " refs/heads/main\n");
  const std::string pack = in_bands(real_pack(source, {tip}));
  serve([=](const auto& request, auto& out) {
    if (request.body.find("ls-refs") != std::string::npos) {
      out.answer(200, refs, kResult);
      return true;
    }
    out.send(fmt::format("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n{}\r\n{}", pack.size(), kResult, pack.substr(0, pack.size() / 2)));
    out.stay_silent();
    return false;
  });
  EXPECT_EQ(fetch_failure().reason, Reason::timeout);
  const auto packs = only_mirror("mirrors") / "objects/pack";
  EXPECT_TRUE(std::filesystem::is_empty(packs)) << "an interrupted fetch leaves nothing";
}

TEST_F(HostileServer, EndlessListingsAreCutOff) {
  limits.answer_bytes = 100'000;
  std::string refs;
  for (int i = 0; i < 10'000; ++i) append_packet(refs, fmt::format("{} refs/heads/{}\n", std::string(40, 'a'), i));
  append_flush(refs);
  serve(refs, "");
  EXPECT_EQ(remotes->list_refs(remote(), {}, {}).failure().reason, Reason::limit);
}

TEST_F(HostileServer, ListingsThatLieAreRefused) {
  for (const std::string& line :
       {std::string(64, 'a') + " refs/heads/main\n", std::string(40, 'a') + " ../../etc\n", std::string(40, 'a') + " refs/heads/\x1b[2J\n",
        std::string(39, 'a') + " refs/heads/main\n", "nonsense"s, ""s}) {
    serve(listing_of(line), "");
    EXPECT_FALSE(remotes->list_refs(remote(), {}, {}).ok()) << line;
  }
  serve(listing_of(std::string(64, 'a') + " refs/heads/main\n"), "");
  EXPECT_THAT(remotes->list_refs(remote(), {}, {}).failure().text, Not(HasSubstr("\x1b")));
}

TEST_F(HostileServer, TruncatedEmptyForeignAndIncompletePacksAreRefused) {
  test::GitRepository source(folder("source.git"));
  const std::string tip = source.commit({{"dir/a", std::string(3000, 'a')}});
  test::GitRepository other(folder("other.git"));
  const std::string foreign = other.commit({{"b", "2"}});
  const std::string all = real_pack(source, {tip, source.tip("main^{tree}"), source.tip("main:dir"), source.tip("main:dir/a")});
  const std::string refs = listing_of(tip + " refs/heads/main\n");
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"truncated", all.substr(0, all.size() - 30)},
      {"flipped",
       [&] {
         std::string bad = all;
         bad[bad.size() / 2] ^= 1;
         return bad;
       }()},
      {"empty", real_pack(source, {})},
      {"nothing", ""},
      {"no pack", "this is not a pack at all, is it?"},
      {"without its blob", real_pack(source, {tip, source.tip("main^{tree}"), source.tip("main:dir")})},
      {"without its tree", real_pack(source, {tip})},
      {"another repository's", real_pack(other, {foreign, other.tip("main^{tree}"), other.tip("main:b")})},
  };
  for (const auto& [name, pack] : cases) {
    serve(refs, in_bands(pack));
    const Failure failure = fetch_failure();
    EXPECT_TRUE(failure.reason == Reason::corrupt || failure.reason == Reason::unreachable) << name << ": " << failure.text;
    EXPECT_FALSE(remotes->mirror(remote()).value()->has(id(tip)).value()) << name;
  }
  serve(refs, in_bands(all));
  EXPECT_TRUE(remotes->fetch(remote(), main_only, {}).ok());
}

TEST_F(HostileServer, ErrorsInAnswersArePassedOnEscaped) {
  std::string refused;
  append_packet(refused, "ERR access denied or \x1b[31mrepository not exported: /cart.git\n");
  serve(refused, "");
  const Failure failure = remotes->list_refs(remote(), {}, {}).failure();
  EXPECT_THAT(failure.text, Not(HasSubstr("\x1b")));
}

TEST_F(HostileServer, NeverHearsCredentialsOfAnotherHost) {
  std::string seen;
  ScriptedServer other([&](const auto& request, auto& out) {
    for (const auto& [name, value] : request.headers) seen += name + ": " + value + "\n";
    out.answer(401, "", "WWW-Authenticate: Basic realm=x\r\n");
    return true;
  });
  serve([&](const auto& request, auto& out) {
    out.answer(302, "", "Location: " + other.url(request.target) + "\r\n");
    return true;
  });
  secrets.values["env:PW"] = "canary-hunter2";
  Remote with_password = remote();
  with_password.auth = Remote::Auth::token;
  with_password.secret = "env:PW";
  const auto refused = remotes->list_refs(with_password, main_only, {});
  EXPECT_EQ(refused.failure().reason, Reason::denied);
  EXPECT_FALSE(seen.empty());
  EXPECT_THAT(seen, Not(HasSubstr("authorization")));
  EXPECT_THAT(refused.failure().text, Not(HasSubstr("canary")));
}

TEST_F(HostileServer, CannotMakeUsShowTheCredentialsItGot) {
  serve([](const auto& request, auto& out) {
    const auto authorization = request.headers.find("authorization");
    const std::string value = authorization == request.headers.end() ? "" : authorization->second;
    out.answer(403, "you sent " + value + " and canary-hunter2", "Content-Type: text/plain\r\n");
    return true;
  });
  secrets.values["env:PW"] = "canary-hunter2";
  Remote with_password = remote();
  with_password.auth = Remote::Auth::token;
  with_password.secret = "env:PW";
  const std::string text = remotes->list_refs(with_password, main_only, {}).failure().text;
  EXPECT_THAT(text, HasSubstr("you sent"));
  EXPECT_THAT(text, Not(HasSubstr("canary")));
  EXPECT_THAT(text, Not(HasSubstr("eC1hY2Nlc3M")));  // base64 of x-access…
}

// Packs built byte by byte.

std::string deflated(std::string_view bytes) {
  std::string out(compressBound(bytes.size()), '\0');
  uLongf size = out.size();
  compress2(reinterpret_cast<Bytef*>(out.data()), &size, reinterpret_cast<const Bytef*>(bytes.data()), bytes.size(), 9);
  out.resize(size);
  return out;
}

std::string entry_head(int type, std::uint64_t size) {
  std::string out;
  auto byte = static_cast<std::uint8_t>((static_cast<unsigned>(type) << 4U) | (size & 15U));
  size >>= 4U;
  while (size != 0) {
    out += static_cast<char>(byte | 0x80U);
    byte = size & 0x7FU;
    size >>= 7U;
  }
  return out + static_cast<char>(byte);
}

std::string size_in_delta(std::uint64_t size) {
  std::string out;
  while (size >= 0x80) {
    out += static_cast<char>((size & 0x7FU) | 0x80U);
    size >>= 7U;
  }
  return out + static_cast<char>(size);
}

std::string pack_head(std::uint32_t objects) {
  std::string out = "PACK"s + "\0\0\0\x02"s;
  for (const unsigned shift : {24U, 16U, 8U, 0U}) out += static_cast<char>(objects >> shift);
  return out;
}

std::string HostileServer::checksummed(std::string bytes) {
  test::TemporaryFolder temporary_folder;
  const auto file = temporary_folder.write("pack", bytes);
  const std::string hash = test::run_program({"sha1sum", file.string()}).substr(0, 40);
  const Oid sum = Oid::parse(hash).value();
  return bytes.append(reinterpret_cast<const char*>(sum.bytes.data()), sum.bytes.size());
}

/// An offset in git's base-128: a one is added for each byte but the last.
std::string offset_back(std::uint64_t back) {
  std::string out(1, static_cast<char>(back & 0x7FU));
  while ((back >>= 7U) != 0) out.insert(out.begin(), static_cast<char>(0x80U | (--back & 0x7FU)));
  return out;
}

/// A blob of a MiB, and a delta that claims to make `result` bytes of it by copying it again and again.
std::string delta_bomb(std::uint64_t result, std::uint64_t copies) {
  const std::string base(std::size_t{1} << 20U, 'x');
  const std::string first = entry_head(3, base.size()) + deflated(base);
  std::string delta = size_in_delta(base.size()) + size_in_delta(result);
  for (std::uint64_t i = 0; i < copies; ++i) delta += "\xF0\xFF\xFF\x0F"s;  // Copy 0x0FFFFF bytes from offset 0.
  std::string out = pack_head(2) + first;
  return out + entry_head(6, delta.size()) + offset_back(first.size()) + deflated(delta);
}

TEST_F(HostileServer, PackBombsAreRefusedInBoundedMemory) {
  const std::string refs = listing_of(std::string(40, 'a') + " refs/heads/main\n");
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"a delta of 2 GiB", checksummed(delta_bomb(std::uint64_t{2} << 30U, 2048))},
      {"a delta that claims 2^60 bytes", checksummed(delta_bomb(std::uint64_t{1} << 60U, 1))},
      {"an entry that claims 2^62 bytes", checksummed(pack_head(1) + entry_head(3, std::uint64_t{1} << 62U) + deflated("x"))},
      {"four billion objects", checksummed(pack_head(0xFFFFFFFFU) + entry_head(3, 1) + deflated("x"))},
      {"a delta on itself", checksummed(pack_head(1) + entry_head(6, 4) + "\0"s + deflated("\x01\x01\x90\x01"s))},
      {"a tree of rubbish", checksummed(pack_head(1) + entry_head(2, 5) + deflated("\xFF\xFF\xFF\xFF\xFF"))},
  };
  for (const auto& [name, pack] : cases) {
    serve(refs, in_bands(pack));
    const Failure failure = fetch_failure();
    EXPECT_TRUE(failure.reason == Reason::corrupt || failure.reason == Reason::limit) << name << ": " << failure.text;
  }
}

TEST_F(HostileServer, ManyDeltasOfALargeObjectAreCutOff) {
  // Three thousand deltas of some thirty bytes that each make 64 MiB of one MiB: 190 GiB of work.
  constexpr std::uint32_t kDeltas = 3000;
  const std::string base(std::size_t{1} << 20U, 'x');
  const std::string first = entry_head(3, base.size()) + deflated(base);
  std::string delta = size_in_delta(base.size()) + size_in_delta(std::uint64_t{0x0FFFFF} * 64);
  for (int i = 0; i < 64; ++i) delta += "\xF0\xFF\xFF\x0F"s;
  const std::string body = deflated(delta);
  std::string pack = pack_head(kDeltas + 1) + first;
  for (std::uint32_t i = 0; i < kDeltas; ++i) pack += entry_head(6, delta.size()) + offset_back(pack.size() - 12) + body;
  serve(listing_of(std::string(40, 'a') + " refs/heads/main\n"), in_bands(checksummed(std::move(pack))));
  limits.time = std::chrono::minutes(10);
  EXPECT_EQ(fetch_failure().reason, Reason::limit);
}

TEST_F(HostileServer, ABlobThatInflatesToGibibytesIsCutOffByItsReader) {
  // Stored as it streams, never held: the mirror takes it, reading it is refused.
  constexpr std::uint64_t kSize = std::uint64_t{110} << 20U;
  const std::string blob(kSize, '\0');
  const std::string pack = checksummed(pack_head(1) + entry_head(3, kSize) + deflated(blob));
  const std::string oid = test::run_program({"git", "hash-object", "--stdin"}, blob).substr(0, 40);
  serve(listing_of(oid + " refs/heads/main\n"), in_bands(pack));
  const auto mirror = remotes->fetch(remote(), main_only, {});
  ASSERT_TRUE(mirror.ok()) << mirror.failure().text;
  EXPECT_EQ((*mirror)->blob(id(oid), 1000).failure().reason, Reason::limit);
  EXPECT_EQ((*mirror)->blob(id(oid), std::size_t{1} << 40U).failure().reason, Reason::limit);
  EXPECT_EQ((*mirror)->commit(id(oid)).failure().reason, Reason::corrupt);
}

}  // namespace
}  // namespace muster::git
