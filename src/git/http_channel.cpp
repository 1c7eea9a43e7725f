// git over http(s): every question is a request of its own. Format: git's documentation, gitprotocol-http.
#include <fmt/core.h>

#include <algorithm>

#include "git/channel.hpp"

namespace muster::git {
namespace {

std::string_view name_of(Service service) { return service == Service::upload_pack ? "git-upload-pack" : "git-receive-pack"; }

/// Feeds packets to the sink, if the answer is git's and no web page.
class Body {
 public:
  Body(PacketSink& sink, const Deadline& deadline) : parser_(sink), deadline_(deadline) {}
  Result<void> take(std::string_view bytes) {
    MUSTER_CHECK(deadline_.check());
    // Bytes after a complete answer have no reader.
    return parser_.complete() ? Result<void>() : parser_.feed(bytes);
  }
  [[nodiscard]] bool complete() const { return parser_.complete(); }

 private:
  PacketParser parser_;
  const Deadline& deadline_;
};

class HttpChannel final : public Channel {
 public:
  HttpChannel(HttpRoute route, std::string url, Service service, Whereabouts& whereabouts, const TransferLimits& limits,
              const Deadline& deadline)
      : route_(std::move(route)), url_(std::move(url)), service_(service), whereabouts_(whereabouts), limits_(limits), deadline_(deadline) {
    while (url_.ends_with('/')) url_.pop_back();
  }

  [[nodiscard]] bool greets_first() const override { return service_ == Service::receive_pack; }
  [[nodiscard]] bool names_service() const override { return true; }

  Result<void> greet(PacketSink& greeting) override {
    http::Request request = make_request(fmt::format("{}/info/refs?service={}", url_, name_of(service_)));
    request.limits.answer_bytes = limits_.answer_bytes;
    if (service_ == Service::upload_pack) request.headers.push_back({"Git-Protocol", "version=2"});
    MUSTER_TRY(const std::string where, exchange(request, greeting, fmt::format("application/x-{}-advertisement", name_of(service_))));
    const auto end = where.rfind("/info/refs");
    whereabouts_.base = end == std::string::npos ? std::string() : where.substr(0, end);
    return {};
  }

  Result<void> ask(std::string_view body, PacketSink& answer, std::uint64_t limit) override {
    http::Request request = make_request(fmt::format("{}/{}", whereabouts_.base.empty() ? url_ : whereabouts_.base, name_of(service_)));
    request.method = "POST";
    request.body = body;
    request.repeatable = service_ == Service::upload_pack;
    request.limits.answer_bytes = limit;
    request.headers.push_back({"Content-Type", fmt::format("application/x-{}-request", name_of(service_))});
    if (service_ == Service::upload_pack && !whereabouts_.is_old) request.headers.push_back({"Git-Protocol", "version=2"});
    MUSTER_TRY(const std::string where, exchange(request, answer, fmt::format("application/x-{}-result", name_of(service_))));
    static_cast<void>(where);
    return {};
  }

  [[nodiscard]] bool may_be_older() const override { return was_answered_; }

 private:
  http::Request make_request(std::string url) const {
    http::Request out;
    out.url = std::move(url);
    out.headers.push_back({"Accept", "*/*"});
    out.credentials = http::origin_of(out.url) == http::origin_of(url_) ? route_.credentials : http::Credentials{};
    out.tls.ca_file = route_.ca_file;
    out.limits.time = std::max(Duration(1), deadline_.end - deadline_.clock.elapsed());
    out.limits.silence = limits_.silence;
    return out;
  }

  /// The URL that answered.
  Result<std::string> exchange(http::Request& request, PacketSink& sink, const std::string& type) {
    Body body(sink, deadline_);
    was_answered_ = false;
    request.expected_type = type;
    request.sink = [&](std::string_view bytes) {
      was_answered_ = true;
      return body.take(bytes);
    };
    auto answer = route_.client.send(request, deadline_.stop);
    if (!answer.ok()) {
      const Reason reason = answer.failure().reason;
      was_answered_ = reason == Reason::corrupt ||
                      (was_answered_ && reason != Reason::limit && reason != Reason::timeout && reason != Reason::cancelled);
      return std::move(answer).failure();
    }
    if (!answer->ok()) {
      was_answered_ = !is_final(answer->status);
      return http::failure_of(*answer, deadline_.clock);
    }
    was_answered_ = true;
    if (!body.complete()) return retry(Reason::unreachable, "the answer ends in its middle");
    return answer->url;
  }

  /// Statuses that have nothing to do with how the question was put.
  static bool is_final(int status) {
    return status == 401 || status == 403 || status == 407 || status == 429 || (status >= 502 && status <= 504);
  }

  HttpRoute route_;
  std::string url_;
  Service service_;
  Whereabouts& whereabouts_;
  const TransferLimits& limits_;
  const Deadline& deadline_;
  bool was_answered_ = false;
};

}  // namespace

std::unique_ptr<Channel> open_http_channel(HttpRoute route, const std::string& url, Service service, Whereabouts& whereabouts,
                                           const TransferLimits& limits, const Deadline& deadline) {
  return std::make_unique<HttpChannel>(std::move(route), url, service, whereabouts, limits, deadline);
}

}  // namespace muster::git
