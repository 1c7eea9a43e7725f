// Client: the one HTTP client, for git, registries, clusters and webhooks out. Connections are kept and reused per host,
// HTTP/2 where the server offers it, every exchange bounded in time, silence and size.
//
// Ownership: a Client owns its connections and may be shared; Requests are the caller's and outlive the call.
// Thread-safety: send() from any thread, each call on a connection of its own unless Options::multiplexed.
// Failures: unreachable (name, connection, TLS, a connection cut short), timeout, limit, cancelled, invalid (URL, header,
// certificate file), and what a sink or body source returned. An answer with any status is no failure: failure_of() turns
// one into a failure. Credentials go to the scheme, host and port of Request::url and nowhere else, not across redirects
// either; no failure, log or counter holds one.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "muster/base/result.hpp"
#include "muster/base/time.hpp"
#include "muster/base/world.hpp"

namespace muster::http {

struct Header {
  std::string name;
  std::string value;
};

/// Values, fetched from Secrets for this request alone.
struct Credentials {
  enum class Kind : std::uint8_t { none, basic, bearer };
  Kind kind = Kind::none;
  std::string user;    ///< basic
  std::string secret;  ///< Password or token.
  friend bool operator==(const Credentials&, const Credentials&) = default;
};

struct Tls {
  std::string ca_file;           ///< PEM; trusted instead of the system's authorities. Empty: the system's.
  std::string certificate_file;  ///< Client certificate, PEM; sent to the request's own origin only.
  std::string key_file;
  std::string authority;  ///< PEM text in place of the files, where it is not empty.
  std::string certificate;
  std::string key;
  bool unverified = false;  ///< Whoever answers is trusted: only where people say so.
};

struct Limits {
  Duration connect = std::chrono::seconds(10);
  Duration time = std::chrono::minutes(2);                ///< The whole exchange; zero is no limit (a watch).
  Duration silence = std::chrono::seconds(30);            ///< Longest time without a byte in either direction; zero is no limit.
  std::uint64_t answer_bytes = std::uint64_t{64} << 20U;  ///< After decompression.
  int redirects = 5;
};

struct Request {
  /// Takes the answer's body as it comes; a failure ends the exchange and is what send() returns.
  using Sink = std::function<Result<void>(std::string_view)>;
  /// Fills up to `size` bytes; 0 is the end.
  using Source = std::function<Result<std::size_t>(char* buffer, std::size_t size)>;
  /// Asked before a redirect is followed, with the URL that it leads to; a failure ends the exchange, is what send() returns,
  /// and says nothing about the host that was asked.
  using Guard = std::function<Result<void>(std::string_view url)>;

  std::string method = "GET";
  std::string url;
  std::string connect_to;  ///< "host:port" to connect to in place of the URL's, whose name certificates must have. Empty: the URL's.
  std::vector<Header> headers;
  Credentials credentials;
  Tls tls;
  std::string_view body;      ///< Sent as it is; must live as long as the call.
  Source source;              ///< Instead of `body`; such a request is never sent twice.
  Sink sink;                  ///< For answers of 200-299; others are collected.
  std::string expected_type;  ///< Content-Type that answers of 200-299 must have, parameters aside: Reason::corrupt. Empty: any.
  Limits limits;
  bool repeatable = true;   ///< May be sent again after a failure that may pass: reading, or compare-and-swap.
  bool compressed = false;  ///< Accept gzip.
  Guard may_follow;         ///< Empty: any redirect is followed, never one from https to http.
};

struct Answer {
  int status = 0;
  std::vector<Header> headers;
  std::string body;  ///< Without a sink; of errors the first 64 KiB.
  std::string url;   ///< That answered, after redirects.

  /// The first header of this name in any case; empty if none.
  [[nodiscard]] std::string_view header(std::string_view name) const;
  [[nodiscard]] bool ok() const { return status >= 200 && status < 300; }
};

/// 401 403 407 denied · 404 410 absent · 408 429 5xx unreachable, retry, with Retry-After · other 4xx invalid.
/// Says host and status, and the server's words where they are plain text.
Failure failure_of(const Answer& answer, const Clock& clock);

/// How often and how soon a repeatable request is sent again.
struct RetryPolicy {
  int retries = 2;
  Duration first_pause = std::chrono::milliseconds(200);  ///< Doubled each time, with jitter.
  Duration longest_pause = std::chrono::seconds(5);       ///< A server that asks for more gets its answer passed on.
};

struct Options {
  std::string user_agent = "muster";
  std::string proxy;             ///< "http://proxy:3128"; empty is none: the environment is not read here.
  std::string no_proxy;          ///< Comma-separated hosts.
  std::size_t connections = 32;  ///< Exchanges at once with one host; more callers wait.
  /// Exchanges with a host share its connections, one with HTTP/2, but those with a `source`. Sinks are then called by a thread that
  /// serves all exchanges: they must not wait.
  bool multiplexed = false;
  RetryPolicy retry;
  std::map<std::string, RetryPolicy> retry_of;  ///< By host, "registry.example.org" or "host:port".
};

struct Traffic {
  std::uint64_t requests = 0;
  std::uint64_t sent = 0;  ///< Bytes of bodies.
  std::uint64_t received = 0;
};

class Client {
 public:
  virtual ~Client() = default;
  virtual Result<Answer> send(const Request& request, const std::stop_token& stop) = 0;
  /// Since it was made, by URL without user and query; after 20,000 of them by origin. Retries and redirects count.
  [[nodiscard]] virtual std::map<std::string, Traffic> traffic() const = 0;
};

/// "Basic …" or "Bearer …", for those who must keep it out of texts; empty for no credentials.
std::string authorization_of(const Credentials& credentials);

std::unique_ptr<Client> make_client(const World& world, Options options = {});

/// "https://host:443" of a URL, host in lower case: what credentials are bound to. nullopt for anything but http(s).
std::optional<std::string> origin_of(std::string_view url);
/// What a reference in an answer from `base` means (RFC 3986): "/next?n=2" is of the same origin. nullopt for anything but http(s).
std::optional<std::string> resolve_url(std::string_view base, std::string_view reference);

}  // namespace muster::http
