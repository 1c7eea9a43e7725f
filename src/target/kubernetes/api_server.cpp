#include "target/kubernetes/api_server.hpp"

#include <fmt/core.h>

#include <array>

#include "muster/base/text.hpp"
#include "muster/manifest/yaml.hpp"

namespace muster::target::kubernetes {
namespace {

constexpr std::size_t kAtOnce = 64;         ///< Beside watches; the server announces 100 streams a connection.
constexpr std::size_t kConnections = 1000;  ///< Exchanges at once, watches among them; libcurl keeps to the announced streams.
constexpr std::size_t kMaxAnswer = std::size_t{512} << 20U;  ///< Of a list; servers cap single objects at a few MiB.
constexpr std::size_t kMaxLine = std::size_t{16} << 20U;     ///< Of a watch: one object.
constexpr std::size_t kMaxWords = 1000;

http::Options options_for(const Endpoint& endpoint) {
  http::Options out;
  out.proxy = endpoint.proxy;
  out.connections = kConnections;
  out.multiplexed = true;
  out.retry = {4, Duration(200), std::chrono::seconds(10)};
  return out;
}

struct Meaning {
  int status;
  FailureKind kind;
  Reason reason;
};
constexpr std::array kMeanings = {
    Meaning{400, FailureKind::stalled, Reason::invalid}, Meaning{401, FailureKind::stalled, Reason::denied},
    Meaning{403, FailureKind::stalled, Reason::denied},  Meaning{404, FailureKind::retry, Reason::unreachable},
    Meaning{405, FailureKind::stalled, Reason::invalid}, Meaning{406, FailureKind::stalled, Reason::unsupported},
    Meaning{409, FailureKind::retry, Reason::conflict},  Meaning{410, FailureKind::retry, Reason::conflict},
    Meaning{413, FailureKind::stalled, Reason::limit},   Meaning{415, FailureKind::stalled, Reason::unsupported},
    Meaning{422, FailureKind::stalled, Reason::invalid},
};

/// The server says of this very object that it is not there, rather than that it does not know such a path: an API group that is
/// gone must not read as the absence of its objects.
bool is_absence(const Value& status) {
  const Value* details = status.find("details");
  return status.string_at("reason") == "NotFound" && details != nullptr && !details->string_at("name").empty();
}

}  // namespace

Failure failure_of_status(int status, std::string_view body, std::string_view path) {
  const auto parsed = manifest::parse_json(body, "the server's answer");
  const bool is_status = parsed.ok() && parsed->string_at("kind") == "Status";
  const std::string_view words = is_status ? parsed->string_at("message") : trim(body);
  std::string text = fmt::format("{} ({})", escape_for_terminal(words.substr(0, kMaxWords)), status);
  if (words.empty()) text = fmt::format("the server answered {} for {}", status, path.substr(0, path.find('?')));
  if (status == 404 && is_status && is_absence(*parsed)) return stalled(Reason::absent, std::move(text));
  for (const Meaning& meaning : kMeanings) {
    if (meaning.status == status) return {meaning.kind, meaning.reason, std::move(text), std::nullopt};
  }
  return retry(Reason::unreachable, std::move(text));
}

ApiServer::ApiServer(const World& world, Endpoint endpoint, std::map<std::string, std::string> environment)
    : world_(world),
      endpoint_(std::move(endpoint)),
      client_(http::make_client(world, options_for(endpoint_))),
      account_(world, endpoint_.identity, endpoint_.cluster, std::move(environment)),
      throttle_(kAtOnce) {}

Result<http::Request> ApiServer::request_for(const Call& call) const {
  http::Request request;
  request.method = call.method;
  request.url = endpoint_.server + call.path;
  request.connect_to = endpoint_.connect_to;
  request.body = call.body;
  request.compressed = true;
  request.limits.redirects = 0;
  request.limits.answer_bytes = kMaxAnswer;
  request.headers = {{"Accept", call.accept}};
  if (!call.body.empty()) request.headers.push_back({"Content-Type", call.content_type});
  if (!call.etag.empty()) request.headers.push_back({"If-None-Match", call.etag});
  request.tls.authority = endpoint_.authority.text;
  request.tls.ca_file = endpoint_.authority.file.string();
  request.tls.unverified = endpoint_.unverified;
  return request;
}

/// Signed; once more where the server no longer takes what was taken.
Result<http::Answer> ApiServer::exchange(const http::Request& request, const std::stop_token& stop) {
  for (bool is_second = false;; is_second = true) {
    http::Request signed_request = request;
    MUSTER_CHECK(account_.sign(signed_request, stop));
    auto answer = client_->send(signed_request, stop);
    if (answer.ok() && answer->status == 429) throttle_.slow_down();
    if (answer.ok() && answer->status < 429) throttle_.answered();
    if (!answer.ok() || answer->status != 401 || is_second || !account_.refused()) return answer;
  }
}

Result<Reply> ApiServer::send(const Call& call, const std::stop_token& stop) {
  MUSTER_TRY(http::Request request, request_for(call));
  // Reads, and writes that name what they expect to find, mean the same when they are sent twice; a created object does not.
  request.repeatable = call.method != "POST";
  MUSTER_TRY(const Throttle::Place place, throttle_.enter(stop));
  MUSTER_TRY(http::Answer answer, exchange(request, stop));
  Reply out{answer.status, {}, std::string(answer.header("etag"))};
  if (answer.status == 304) return out;
  if (!answer.ok()) {
    Failure failure = failure_of_status(answer.status, answer.body, call.path);
    failure.after = http::failure_of(answer, world_.clock).after;
    return failure;
  }
  MUSTER_TRY(out.body, manifest::parse_json(answer.body, call.path));
  return out;
}

Result<void> ApiServer::follow(const Call& call, const std::function<Result<void>(std::string_view line)>& take,
                               const std::stop_token& stop) {
  MUSTER_TRY(http::Request request, request_for(call));
  request.limits.time = Duration(0);
  request.limits.silence = Duration(0);  // Quiet for minutes is normal; bookmarks and the server's own time-out end it.
  request.limits.answer_bytes = std::numeric_limits<std::uint64_t>::max();
  request.repeatable = false;
  std::string line;
  request.sink = [&](std::string_view bytes) -> Result<void> {
    while (!bytes.empty()) {
      const std::size_t end = bytes.find('\n');
      line.append(bytes.substr(0, end));
      if (line.size() > kMaxLine) return stalled(Reason::limit, "the server's watch sends a line without an end");
      if (end == std::string_view::npos) return {};
      if (!line.empty()) MUSTER_CHECK(take(line));
      line.clear();
      bytes.remove_prefix(end + 1);
    }
    return {};
  };
  MUSTER_TRY(const http::Answer answer, exchange(request, stop));
  if (!answer.ok()) return failure_of_status(answer.status, answer.body, call.path);
  return {};
}

}  // namespace muster::target::kubernetes
