#include "muster/http/client.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <mutex>
#include <set>

#include "http/pool.hpp"
#include "http/retry_after.hpp"

namespace muster::http {
namespace {

constexpr std::size_t kCountedUrls = 20'000;
constexpr Duration kDeadHost = std::chrono::seconds(5);     ///< A host that did not answer gets one try only, this long.
constexpr Duration kLongestBusy = std::chrono::minutes(5);  ///< A 429 bars nobody longer than this.
constexpr std::size_t kRefusals = 3;  ///< So many URLs of a host that answer 429, with no other answer between, speak for the host.
constexpr std::size_t kBusyUrls = 1000;

bool is_redirect(int status) { return status == 301 || status == 302 || status == 303 || status == 307 || status == 308; }
bool is_busy(int status) { return status == 429 || status == 502 || status == 503 || status == 504; }

class CurlClient final : public Client {
 public:
  CurlClient(const World& world, Options options) : world_(world), options_(std::move(options)), pool_(options_) {}

  Result<Answer> send(const Request& request, const std::stop_token& stop) override {
    MUSTER_TRY(const Url url, parse_url(request.url));
    const RetryPolicy& policy = policy_for(url);
    const bool may_repeat = request.repeatable && !request.source && !is_dead(url);
    for (int tried = 0;; ++tried) {
      MUSTER_CHECK(refuse_while_busy(url));
      bool is_final = false;
      Result<Answer> answer = follow(request, url, is_final, stop);
      note_outcome(url, answer, tried >= policy.retries && !is_final);
      if (!passes(answer) || !may_repeat || is_final || tried >= policy.retries) return answer;
      const auto pause = pause_before(tried, policy, answer);
      if (!pause || !world_.clock.sleep(*pause, stop)) return answer;
    }
  }

  [[nodiscard]] std::map<std::string, Traffic> traffic() const override {
    const std::lock_guard lock(mutex_);
    return traffic_;
  }

 private:
  struct HostState {
    Duration busy_until{};
    Duration dead_until{};
    std::map<std::string, Duration> busy_urls;  ///< One repository may be limited, and the others of its forge not.
    std::set<std::string> refusing;             ///< URLs that answered 429 since the host last answered anything else.
  };

  /// One try: the request and its redirects.
  Result<Answer> follow(const Request& request, const Url& start, bool& is_final, const std::stop_token& stop) {
    Url at = start;
    std::string method = request.method;
    for (int hops = 0;; ++hops) {
      const Exchange exchange{request, at, at.origin == start.origin, method};
      MUSTER_TRY(const Pool::Lease connection, pool_.borrow(key_of(exchange), stop));
      ExchangeResult result = (*connection).perform(exchange, world_.clock, stop);
      is_final = is_final || result.delivered || result.is_refused;
      count(at, result);
      if (!result.answer.ok() || !is_redirect(result.answer->status)) return explained(std::move(result.answer), start, at);
      const std::string_view location = result.answer->header("location");
      if (location.empty()) return std::move(result.answer);
      if (hops >= request.limits.redirects)
        return stalled(Reason::limit, fmt::format("{} redirects more than {} times", start.host, request.limits.redirects));
      if (request.source) return stalled(Reason::unsupported, fmt::format("{} redirects an upload; name the place it leads to", at.host));
      MUSTER_TRY(Url next, resolve(at, location));
      if (at.is_tls && !next.is_tls)
        return stalled(Reason::denied, fmt::format("{} redirects from https to http, which is not followed", at.host));
      if (request.may_follow) {
        is_final = true;  // Who is not led there now is not led there a moment later.
        MUSTER_CHECK(request.may_follow(next.whole));
        is_final = false;
      }
      if (result.answer->status == 303) method = "GET";
      at = std::move(next);
    }
  }

  /// A refusal behind a redirect is about credentials that were kept back on purpose.
  static Result<Answer> explained(Result<Answer> answer, const Url& start, const Url& at) {
    const bool refused = answer.ok() && (answer->status == 401 || answer->status == 403);
    if (!refused || start.origin == at.origin) return answer;
    return stalled(Reason::denied,
                   fmt::format("{} redirects to {}, which wants credentials; they are sent to {} only", start.host, at.host, start.host));
  }

  /// Who may use a connection that somebody else opened: those with the same trust and the same certificate.
  [[nodiscard]] std::string key_of(const Exchange& exchange) const {
    const Tls& tls = exchange.request.tls;
    std::string trust = fmt::format("{}|{}|{}|{}", exchange.url.origin, tls.ca_file, tls.authority, tls.unverified);
    if (!exchange.to_own_origin) return trust;
    return fmt::format("{}|{}|{}|{}|{}|{}", trust, exchange.request.connect_to, tls.certificate_file, tls.key_file, tls.certificate,
                       tls.key);
  }

  [[nodiscard]] const RetryPolicy& policy_for(const Url& url) const {
    const auto found = options_.retry_of.find(url.host);
    return found == options_.retry_of.end() ? options_.retry : found->second;
  }

  /// True where the same request may do better soon.
  static bool passes(const Result<Answer>& answer) {
    if (answer.ok()) return is_busy(answer->status);
    return answer.failure().kind == FailureKind::retry && answer.failure().reason == Reason::unreachable;
  }

  std::optional<Duration> pause_before(int tried, const RetryPolicy& policy, const Result<Answer>& answer) {
    const Duration doubled = std::min<Duration>(policy.first_pause * (1LL << std::min(tried, 16)), policy.longest_pause);
    const Duration jittered =
        doubled / 2 + Duration(static_cast<std::int64_t>(world_.random.next() % static_cast<std::uint64_t>(doubled.count() / 2 + 1)));
    const auto asked = answer.ok() ? retry_after(*answer, world_.clock) : std::nullopt;
    if (asked && *asked > policy.longest_pause) return std::nullopt;
    return std::max(jittered, asked.value_or(Duration(0)));
  }

  Result<void> refuse_while_busy(const Url& url) {
    const std::lock_guard lock(mutex_);
    const HostState& host = hosts_[url.host];
    const Duration now = world_.clock.elapsed();
    const auto busy = host.busy_urls.find(url.countable);
    const Duration left = std::max(host.busy_until, busy == host.busy_urls.end() ? Duration{} : busy->second) - now;
    if (left.count() <= 0) return {};
    const bool is_host = host.busy_until > now;
    Failure out = retry(Reason::unreachable,
                        fmt::format("{} asked to be left alone for {}", is_host ? url.host : url.countable, format_duration(left)));
    out.after = left;
    return out;
  }

  bool is_dead(const Url& url) {
    const std::lock_guard lock(mutex_);
    return world_.clock.elapsed() < hosts_[url.host].dead_until;
  }

  void note_outcome(const Url& url, const Result<Answer>& answer, bool was_last) {
    const auto asked = answer.ok() && answer->status == 429 ? retry_after(*answer, world_.clock) : std::nullopt;
    const std::lock_guard lock(mutex_);
    HostState& host = hosts_[url.host];
    const Duration now = world_.clock.elapsed();
    // Behind a redirect it is another host that is busy: this one has answered.
    const bool is_own = answer.ok() && host_of(answer->url) == url.host;
    if (asked) note_busy(host, url, is_own, now, now + std::min(*asked, kLongestBusy));
    if (answer.ok() && (answer->status != 429 || !is_own)) host.refusing.clear();
    if (answer.ok()) host.dead_until = {};
    if (!answer.ok() && was_last && passes(answer)) host.dead_until = now + kDeadHost;
  }

  static std::string host_of(const std::string& url) {
    const auto parsed = parse_url(url);
    return parsed.ok() ? parsed->host : std::string();
  }

  static void note_busy(HostState& host, const Url& url, bool is_own, Duration now, Duration until) {
    if (host.busy_urls.size() >= kBusyUrls) std::erase_if(host.busy_urls, [&](const auto& busy) { return busy.second <= now; });
    if (host.busy_urls.size() < kBusyUrls) host.busy_urls[url.countable] = until;
    if (!is_own) return;
    host.refusing.insert(url.countable);
    if (host.refusing.size() < kRefusals) return;
    host.busy_until = std::max(host.busy_until, until);
    host.refusing.clear();
  }

  void count(const Url& url, const ExchangeResult& result) {
    const std::lock_guard lock(mutex_);
    // A client of a cluster sees more URLs than are worth remembering one by one.
    const bool is_known = traffic_.contains(url.countable) || traffic_.size() < kCountedUrls;
    Traffic& traffic = traffic_[is_known ? url.countable : url.origin];
    ++traffic.requests;
    traffic.sent += result.sent;
    traffic.received += result.received;
  }

  World world_;
  Options options_;
  Pool pool_;
  mutable std::mutex mutex_;
  std::map<std::string, Traffic> traffic_;
  std::map<std::string, HostState> hosts_;
};

}  // namespace

std::unique_ptr<Client> make_client(const World& world, Options options) { return std::make_unique<CurlClient>(world, std::move(options)); }

}  // namespace muster::http
