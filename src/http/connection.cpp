#include "http/connection.hpp"

#include <curl/curl.h>
#include <fmt/core.h>

#include <algorithm>
#include <atomic>
#include <mutex>
#include <optional>

#include "http/multiplexer.hpp"
#include "muster/base/text.hpp"

namespace muster::http {
namespace {

constexpr std::size_t kErrorBody = std::size_t{64} << 10U;
constexpr std::size_t kHeaderBytes = std::size_t{256} << 10U;
constexpr std::uint64_t kUnwantedBody = std::uint64_t{1} << 20U;  ///< Of an error or redirect, before it is cut off.
constexpr Duration kLook = std::chrono::seconds(1);               ///< libcurl wants to be called now and then for its own timers.

struct Cause {
  CURLcode code;
  FailureKind kind;
  Reason reason;
};
constexpr Cause kCauses[] = {
    {CURLE_OPERATION_TIMEDOUT, FailureKind::retry, Reason::timeout},     {CURLE_URL_MALFORMAT, FailureKind::stalled, Reason::invalid},
    {CURLE_UNSUPPORTED_PROTOCOL, FailureKind::stalled, Reason::invalid}, {CURLE_SSL_CACERT_BADFILE, FailureKind::stalled, Reason::invalid},
    {CURLE_SSL_CERTPROBLEM, FailureKind::stalled, Reason::invalid},      {CURLE_OUT_OF_MEMORY, FailureKind::retry, Reason::exhausted},
    {CURLE_BAD_CONTENT_ENCODING, FailureKind::stalled, Reason::corrupt}, {CURLE_FILESIZE_EXCEEDED, FailureKind::stalled, Reason::limit},
};

struct TextList {
  TextList() = default;
  TextList(const TextList&) = delete;
  TextList& operator=(const TextList&) = delete;
  ~TextList() { curl_slist_free_all(list); }
  void add(const std::string& line) { list = curl_slist_append(list, line.c_str()); }
  curl_slist* list = nullptr;
};

bool is_plain(std::string_view text) {
  return std::none_of(text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) < 0x20U && c != '\t') || c == 0x7F; });
}

/// What the callbacks of one exchange share.
struct Running {
  const Exchange& exchange;
  const Clock& clock;
  CURL* easy;
  Answer answer;
  std::size_t header_bytes = 0;
  std::optional<Failure> failure;  ///< Why a callback ended it.
  bool delivered = false;
  bool is_refused = false;
  std::uint64_t sent = 0;
  std::uint64_t received = 0;
  std::atomic<Duration> last_byte{};  ///< Another thread may be driving.

  void heard() { last_byte = clock.elapsed(); }
  void take_header(std::string_view line);
  Result<void> check_type() const;
  Result<void> take_body(std::string_view bytes);
};

void Running::take_header(std::string_view line) {
  if (line.starts_with("HTTP/")) {
    answer.headers.clear();  // Of an informational answer before this one.
    return;
  }
  const auto colon = line.find(':');
  if (colon == std::string_view::npos) return;
  answer.headers.push_back({std::string(line.substr(0, colon)), std::string(trim(line.substr(colon + 1)))});
}

Result<void> Running::check_type() const {
  const std::string_view type = answer.header("content-type");
  const std::string& expected = exchange.request.expected_type;
  if (expected.empty() || trim(type.substr(0, type.find(';'))) == expected) return {};
  const std::string said = type.empty() ? "no type" : "'" + escape_for_terminal(type.substr(0, 80)) + "'";
  return stalled(Reason::corrupt, fmt::format("{} answers with {}, not with '{}'", exchange.url.host, said, expected));
}

Result<void> Running::take_body(std::string_view bytes) {
  long status = 0;
  curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
  const Request& request = exchange.request;
  if (status < 200 || status > 299) {
    if (received > kUnwantedBody)
      return stalled(Reason::limit, fmt::format("{} answers {} with an endless body", exchange.url.host, status));
    answer.body.append(bytes.substr(0, kErrorBody - std::min(kErrorBody, answer.body.size())));
    return {};
  }
  if (received == bytes.size()) MUSTER_CHECK(check_type());
  if (received > request.limits.answer_bytes) {
    return stalled(Reason::limit, fmt::format("{} answers with more than {} bytes", exchange.url.host, request.limits.answer_bytes));
  }
  if (!request.sink) {
    answer.body.append(bytes);
    return {};
  }
  delivered = true;
  return request.sink(bytes);
}

std::size_t on_header(char* bytes, std::size_t size, std::size_t count, void* self) {
  auto& running = *static_cast<Running*>(self);
  running.heard();
  running.header_bytes += size * count;
  if (running.header_bytes > kHeaderBytes) {
    running.failure = stalled(Reason::limit, running.exchange.url.host + " answers with endless headers");
    return 0;
  }
  running.take_header(trim({bytes, size * count}));
  return size * count;
}

std::size_t on_body(char* bytes, std::size_t size, std::size_t count, void* self) {
  auto& running = *static_cast<Running*>(self);
  running.heard();
  running.received += size * count;
  auto taken = running.take_body({bytes, size * count});
  if (taken.ok()) return size * count;
  running.failure = std::move(taken).failure();
  return 0;
}

std::size_t on_read(char* buffer, std::size_t size, std::size_t count, void* self) {
  auto& running = *static_cast<Running*>(self);
  running.heard();
  auto filled = running.exchange.request.source(buffer, size * count);
  if (!filled.ok()) {
    running.failure = std::move(filled).failure();
    return CURL_READFUNC_ABORT;
  }
  return *filled;
}

/// libcurl may wish to send a body again, to a connection that the server had closed; a source cannot.
int on_seek(void*, curl_off_t, int) { return CURL_SEEKFUNC_CANTSEEK; }

int on_progress(void* self, curl_off_t, curl_off_t, curl_off_t, curl_off_t sent) {
  auto& running = *static_cast<Running*>(self);
  if (static_cast<std::uint64_t>(sent) != running.sent) running.heard();
  running.sent = static_cast<std::uint64_t>(sent);
  return 0;
}

}  // namespace

void start_library() {
  static std::once_flag once;
  std::call_once(once, [] { curl_global_init(CURL_GLOBAL_DEFAULT); });
}

struct Connection::State {
  State(const Options& its_options, Multiplexer* its_shared)
      : options(its_options), shared(its_shared), multi(curl_multi_init()), easy(curl_easy_init()) {}

  const Options& options;
  Multiplexer* shared;
  CURLM* multi;  ///< This handle's own.
  CURL* easy;
  char error[CURL_ERROR_SIZE] = {};

  /// A source may wait for its bytes, and would let all others wait.
  [[nodiscard]] bool is_shared(const Running& running) const { return shared != nullptr && !running.exchange.request.source; }
  Result<void> prepare(Running& running, TextList& headers, TextList& places);
  void prepare_body(Running& running, TextList& headers);
  void prepare_tls(const Exchange& exchange);
  void set_pem(CURLoption blob, const std::string& text, CURLoption file, const std::string& path);
  Result<void> run(Running& running, const std::stop_token& stop);
  Result<CURLcode> run_alone(Running& running, Duration start, const std::stop_token& stop);
  /// How long nothing need be looked at; a failure where a limit is reached.
  Result<Duration> look(const Running& running, Duration start, const std::stop_token& stop) const;
  [[nodiscard]] Failure failure_of_code(CURLcode code, const Running& running) const;

  template <typename T>
  void set(CURLoption option, T value) {
    curl_easy_setopt(easy, option, value);
  }
};

Connection::Connection(const Options& options, Multiplexer* shared) {
  start_library();
  state_ = std::make_unique<State>(options, shared);
}

Connection::~Connection() {
  curl_easy_cleanup(state_->easy);
  curl_multi_cleanup(state_->multi);
}

Result<void> Connection::State::prepare(Running& running, TextList& headers, TextList& places) {
  const Exchange& exchange = running.exchange;
  curl_easy_reset(easy);
  error[0] = '\0';
  set(CURLOPT_ERRORBUFFER, &error[0]);
  set(CURLOPT_URL, exchange.url.whole.c_str());
  set(CURLOPT_PROTOCOLS_STR, "http,https");
  set(CURLOPT_NOSIGNAL, 1L);
  set(CURLOPT_TCP_KEEPALIVE, 1L);
  set(CURLOPT_HTTP_VERSION, long{CURL_HTTP_VERSION_2TLS});
  set(CURLOPT_BUFFERSIZE, 128L << 10);
  // For the connection that is being opened, rather than open one more. Without TLS libcurl would wait for its first answer.
  if (is_shared(running) && exchange.url.is_tls) set(CURLOPT_PIPEWAIT, 1L);
  set(CURLOPT_USERAGENT, options.user_agent.c_str());
  set(CURLOPT_PROXY, options.proxy.c_str());  // An empty one keeps libcurl from reading the environment.
  set(CURLOPT_NOPROXY, options.no_proxy.c_str());
  set(CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
  set(CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(exchange.request.limits.connect.count()));
  set(CURLOPT_HEADERFUNCTION, on_header);
  set(CURLOPT_HEADERDATA, &running);
  set(CURLOPT_WRITEFUNCTION, on_body);
  set(CURLOPT_WRITEDATA, &running);
  set(CURLOPT_NOPROGRESS, 0L);
  set(CURLOPT_XFERINFOFUNCTION, on_progress);
  set(CURLOPT_XFERINFODATA, &running);
  if (exchange.request.compressed) set(CURLOPT_ACCEPT_ENCODING, "gzip");
  prepare_tls(exchange);
  for (const Header& header : exchange.request.headers) {
    if (!is_plain(header.name) || !is_plain(header.value)) return stalled(Reason::invalid, "a header holds control bytes");
    headers.add(header.value.empty() ? header.name + ";" : header.name + ": " + header.value);
  }
  if (exchange.to_own_origin && exchange.request.credentials.kind != Credentials::Kind::none) {
    const std::string line = "Authorization: " + authorization_of(exchange.request.credentials);
    if (!is_plain(line)) return stalled(Reason::invalid, "a token holds control bytes");
    headers.add(line);
  }
  if (exchange.to_own_origin && !exchange.request.connect_to.empty()) {
    places.add("::" + exchange.request.connect_to);
    set(CURLOPT_CONNECT_TO, places.list);
  }
  prepare_body(running, headers);
  set(CURLOPT_HTTPHEADER, headers.list);
  return {};
}

/// Text, or else a file; libcurl copies both.
void Connection::State::set_pem(CURLoption blob, const std::string& text, CURLoption file, const std::string& path) {
  if (!text.empty()) {
    curl_blob bytes{const_cast<char*>(text.data()), text.size(), CURL_BLOB_COPY};  // NOLINT(cppcoreguidelines-pro-type-const-cast)
    set(blob, &bytes);
  } else if (!path.empty()) {
    set(file, path.c_str());
  }
}

void Connection::State::prepare_tls(const Exchange& exchange) {
  const Tls& tls = exchange.request.tls;
  set(CURLOPT_SSLVERSION, long{CURL_SSLVERSION_TLSv1_2});
  if (!tls.ca_file.empty() || !tls.authority.empty()) {
    set_pem(CURLOPT_CAINFO_BLOB, tls.authority, CURLOPT_CAINFO, tls.ca_file);
    set(CURLOPT_CAPATH, static_cast<char*>(nullptr));
  }
  if (tls.unverified) {
    set(CURLOPT_SSL_VERIFYPEER, 0L);
    set(CURLOPT_SSL_VERIFYHOST, 0L);
  }
  if (!exchange.to_own_origin) return;
  set_pem(CURLOPT_SSLCERT_BLOB, tls.certificate, CURLOPT_SSLCERT, tls.certificate_file);
  set_pem(CURLOPT_SSLKEY_BLOB, tls.key, CURLOPT_SSLKEY, tls.key_file);
}

void Connection::State::prepare_body(Running& running, TextList& headers) {
  const Request& request = running.exchange.request;
  const std::string& method = running.exchange.method;
  const bool has_body = request.source || !request.body.empty() || method == "POST" || method == "PUT" || method == "PATCH";
  headers.add("Expect:");  // Waiting a second for "100 Continue" gains nothing.
  if (method == "HEAD") {
    set(CURLOPT_NOBODY, 1L);
  } else if (!has_body || method == "GET") {
    set(CURLOPT_HTTPGET, 1L);
  } else {
    set(CURLOPT_POST, 1L);
    if (request.source) {
      headers.add("Transfer-Encoding: chunked");
      set(CURLOPT_READFUNCTION, on_read);
      set(CURLOPT_READDATA, &running);
      set(CURLOPT_SEEKFUNCTION, on_seek);
    } else {
      set(CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request.body.size()));
      set(CURLOPT_POSTFIELDS, request.body.empty() ? "" : request.body.data());
    }
  }
  if (method != "HEAD" && method != "GET" && method != "POST") set(CURLOPT_CUSTOMREQUEST, method.c_str());
}

Result<Duration> Connection::State::look(const Running& running, Duration start, const std::stop_token& stop) const {
  const Limits& limits = running.exchange.request.limits;
  const Duration now = running.clock.elapsed();
  const Duration silent = now - running.last_byte.load();
  const std::string& host = running.exchange.url.host;
  if (stop.stop_requested()) return retry(Reason::cancelled, "cancelled");
  if (limits.time.count() > 0 && now - start > limits.time) {
    return retry(Reason::timeout, fmt::format("{} did not finish within {}", host, format_duration(limits.time)));
  }
  if (limits.silence.count() > 0 && silent > limits.silence) {
    return retry(Reason::timeout, fmt::format("{} was silent for {}", host, format_duration(limits.silence)));
  }
  Duration pause = kLook;
  if (limits.time.count() > 0) pause = std::min(pause, start + limits.time - now + Duration(1));
  if (limits.silence.count() > 0) pause = std::min(pause, limits.silence - silent + Duration(1));
  return std::max(pause, Duration(1));
}

Failure Connection::State::failure_of_code(CURLcode code, const Running& running) const {
  const std::string words = escape_for_terminal(error[0] != '\0' ? std::string_view(error) : std::string_view(curl_easy_strerror(code)));
  std::string text = fmt::format("{}: {}", running.exchange.url.host, words);
  for (const Cause& cause : kCauses) {
    if (cause.code == code) return {cause.kind, cause.reason, std::move(text), std::nullopt};
  }
  return retry(Reason::unreachable, std::move(text));
}

Result<CURLcode> Connection::State::run_alone(Running& running, Duration start, const std::stop_token& stop) {
  const std::stop_callback wake(stop, [this] { curl_multi_wakeup(multi); });
  while (true) {
    int active = 0;
    const CURLMcode performed = curl_multi_perform(multi, &active);
    if (running.failure) return *running.failure;
    if (performed != CURLM_OK) return stalled(Reason::internal, fmt::format("HTTP: {}", curl_multi_strerror(performed)));
    if (active == 0) break;
    MUSTER_TRY(const Duration pause, look(running, start, stop));
    curl_multi_poll(multi, nullptr, 0, static_cast<int>(pause.count()), nullptr);
  }
  int left = 0;
  const CURLMsg* message = curl_multi_info_read(multi, &left);
  if (message == nullptr) return stalled(Reason::internal, "HTTP: an exchange ended without a result");
  return message->data.result;
}

Result<void> Connection::State::run(Running& running, const std::stop_token& stop) {
  const Duration start = running.clock.elapsed();
  running.last_byte = start;
  Result<CURLcode> ended = CURLE_OK;
  if (is_shared(running)) {
    ended = shared->run(
        easy, [&] { return look(running, start, stop); }, stop);
  } else {
    curl_multi_add_handle(multi, easy);
    ended = run_alone(running, start, stop);
    curl_multi_remove_handle(multi, easy);
  }
  if (running.failure) return *running.failure;
  if (!ended.ok()) return std::move(ended).failure();
  running.is_refused = *ended == CURLE_PEER_FAILED_VERIFICATION;
  if (*ended != CURLE_OK) return failure_of_code(*ended, running);
  return {};
}

ExchangeResult Connection::perform(const Exchange& exchange, const Clock& clock, const std::stop_token& stop) {
  Running running{exchange, clock, state_->easy, {}, 0, {}, false, false, 0, 0, {}};
  TextList headers;
  TextList places;
  Result<void> done = state_->prepare(running, headers, places);
  if (done.ok()) done = state_->run(running, stop);
  ExchangeResult out{Answer{}, running.delivered, running.is_refused, running.sent, running.received};
  if (!done.ok()) {
    out.answer = std::move(done).failure();
    return out;
  }
  long status = 0;
  curl_easy_getinfo(state_->easy, CURLINFO_RESPONSE_CODE, &status);
  running.answer.status = static_cast<int>(status);
  running.answer.url = exchange.url.whole;
  out.answer = std::move(running.answer);
  return out;
}

}  // namespace muster::http
