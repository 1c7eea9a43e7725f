// Answers of git servers: the first byte says to which question. Nothing crashes, and nothing that is listed has a name
// or an id that could lead anywhere.
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

#include "git/answers.hpp"

namespace {

namespace git = muster::git;

void require(bool holds, const char* what) {
  if (holds) return;
  std::fprintf(stderr, "%s\n", what);
  std::abort();
}

void require_plain(std::string_view text, const char* what) {
  for (const char c : text) require(static_cast<unsigned char>(c) >= 0x20U || c == '\n' || c == '\t', what);
}

bool feed(git::PacketSink& sink, std::string_view bytes) {
  git::PacketParser parser(sink);
  const auto fed = parser.feed(bytes);
  if (!fed.ok()) require_plain(fed.failure().text, "a failure's text has control bytes");
  return fed.ok() && parser.complete();
}

void check_refs(const std::vector<git::Ref>& refs) {
  for (const git::Ref& ref : refs) {
    require(ref.name.starts_with("refs/"), "a ref outside refs/");
    require_plain(ref.name, "a ref's name has control bytes");
  }
}

void check_refs_answer(std::string_view bytes) {
  git::RefsAnswer answer;
  feed(answer, bytes);
  check_refs(answer.refs);
}

void check_greeting(std::string_view bytes, bool names_service) {
  git::Greeting greeting(names_service);
  feed(greeting, bytes);
  check_refs(greeting.refs);
  (void)greeting.can("report-status");
}

void check_fetch(std::string_view bytes, int version) {
  std::size_t pack = 0;
  git::FetchAnswer answer(version, [&](std::string_view part) {
    pack += part.size();
    return muster::Result<void>();
  });
  feed(answer, bytes);
  require(pack <= bytes.size(), "more pack than bytes");
}

void check_push(std::string_view bytes, bool in_bands) {
  git::PushReport report(in_bands);
  feed(report, bytes);
  const std::vector<git::Push> updates = {{"refs/heads/main", git::Oid{}, std::nullopt}};
  const auto outcome = report.outcome(updates);
  if (!outcome.ok()) require_plain(outcome.failure().text, "a refusal's text has control bytes");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  switch (data[0] % 7) {
    case 0: check_refs_answer(bytes); break;
    case 1: check_greeting(bytes, true); break;
    case 2: check_greeting(bytes, false); break;
    case 3: check_fetch(bytes, 2); break;
    case 4: check_fetch(bytes, 0); break;
    case 5: check_push(bytes, true); break;
    default: check_push(bytes, false); break;
  }
  return 0;
}
