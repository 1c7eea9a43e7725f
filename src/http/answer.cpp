#include <curl/curl.h>
#include <fmt/core.h>

#include <algorithm>
#include <charconv>

#include "http/retry_after.hpp"
#include "http/url.hpp"
#include "muster/base/text.hpp"
#include "muster/http/client.hpp"

namespace muster::http {
namespace {

struct StatusMeaning {
  int first;
  int last;
  FailureKind kind;
  Reason reason;
};
constexpr StatusMeaning kMeanings[] = {
    {401, 401, FailureKind::stalled, Reason::denied},    {403, 403, FailureKind::stalled, Reason::denied},
    {407, 407, FailureKind::stalled, Reason::denied},    {404, 404, FailureKind::stalled, Reason::absent},
    {410, 410, FailureKind::stalled, Reason::absent},    {408, 408, FailureKind::retry, Reason::unreachable},
    {429, 429, FailureKind::retry, Reason::unreachable}, {409, 409, FailureKind::retry, Reason::conflict},
    {412, 412, FailureKind::retry, Reason::conflict},    {413, 413, FailureKind::stalled, Reason::limit},
    {500, 599, FailureKind::retry, Reason::unreachable},
};

struct StatusName {
  int status;
  std::string_view name;
};
constexpr StatusName kNames[] = {
    {400, "Bad Request"},
    {401, "Unauthorized"},
    {403, "Forbidden"},
    {404, "Not Found"},
    {405, "Method Not Allowed"},
    {407, "Proxy Authentication Required"},
    {408, "Request Timeout"},
    {409, "Conflict"},
    {410, "Gone"},
    {413, "Content Too Large"},
    {415, "Unsupported Media Type"},
    {422, "Unprocessable Content"},
    {429, "Too Many Requests"},
    {500, "Internal Server Error"},
    {502, "Bad Gateway"},
    {503, "Service Unavailable"},
    {504, "Gateway Timeout"},
};

bool same_name(std::string_view a, std::string_view b) {
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; };
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [&](char x, char y) { return lower(x) == lower(y); });
}

/// The first line of a plain text body: forges explain there what they refuse.
std::string words_of(const Answer& answer) {
  if (!answer.header("content-type").starts_with("text/plain")) return {};
  const std::string_view body = trim(answer.body);
  const std::string_view line = body.substr(0, std::min<std::size_t>(body.find('\n'), 200));
  return line.empty() ? std::string() : ": " + escape_for_terminal(line);
}

}  // namespace

std::string_view Answer::header(std::string_view name) const {
  const auto found = std::find_if(headers.begin(), headers.end(), [&](const Header& header) { return same_name(header.name, name); });
  return found == headers.end() ? std::string_view() : std::string_view(found->value);
}

std::optional<Duration> retry_after(const Answer& answer, const Clock& clock) {
  const std::string value(answer.header("retry-after"));
  if (value.empty()) return std::nullopt;
  std::int64_t seconds = 0;
  const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), seconds);
  if (error != std::errc() || end != value.data() + value.size()) {
    const time_t at = curl_getdate(value.c_str(), nullptr);
    if (at < 0) return std::nullopt;
    seconds = at - std::chrono::floor<std::chrono::seconds>(clock.now()).time_since_epoch().count();
  }
  constexpr std::int64_t kDay = 86'400;
  return std::chrono::seconds(std::clamp<std::int64_t>(seconds, 0, kDay));
}

Failure failure_of(const Answer& answer, const Clock& clock) {
  const auto meaning = std::find_if(std::begin(kMeanings), std::end(kMeanings),
                                    [&](const StatusMeaning& m) { return m.first <= answer.status && answer.status <= m.last; });
  const auto name = std::find_if(std::begin(kNames), std::end(kNames), [&](const StatusName& n) { return n.status == answer.status; });
  const auto url = parse_url(answer.url);
  Failure out = stalled(Reason::invalid,
                        fmt::format("{} answered {}{}{}{}", url.ok() ? url->host : "the server", answer.status,
                                    name == std::end(kNames) ? "" : " ", name == std::end(kNames) ? "" : name->name, words_of(answer)));
  if (meaning == std::end(kMeanings)) return out;
  out.kind = meaning->kind;
  out.reason = meaning->reason;
  if (out.kind == FailureKind::retry) out.after = retry_after(answer, clock);
  return out;
}

}  // namespace muster::http
