#include "registry/exchange.hpp"

#include <fmt/core.h>

#include <algorithm>

#include "registry/hosts.hpp"

namespace muster::registry {
namespace {

constexpr Duration kPatience = std::chrono::seconds(5);
constexpr Duration kLongPatience = std::chrono::minutes(10);
constexpr Duration kProbe = std::chrono::seconds(3);

bool is_condition(const http::Header& header) { return header.name == "If-None-Match"; }

bool is_answer(const Question& question, const http::Answer& answer) {
  const bool had_condition = std::any_of(question.headers.begin(), question.headers.end(), is_condition);
  return answer.status == 200 || (answer.status == 304 && had_condition);
}

http::Request request_for(const Asking& asking, const Question& question) {
  http::Request out;
  out.method = question.method;
  out.url = question.url.empty() ? asking.origin + question.path : question.url;
  out.headers = question.headers;
  out.tls.ca_file = asking.access.ca_file;
  out.limits = asking.limits;
  out.limits.answer_bytes = question.bytes;
  out.repeatable = asking.access.requests == 0;  // A budget counts every request, and the client's own repeats are not counted.
  out.may_follow = [registry = name_of(asking.origin)](std::string_view url) -> Result<void> {
    const std::string name = name_of(url);
    if (may_lead_to(name, registry)) return {};
    return stalled(Reason::denied,
                   fmt::format("{} redirects to {}, an address of a private network, which is not followed", registry, name));
  };
  return out;
}

Failure failure_for(const Wire& wire, const http::Answer& answer) {
  Failure out = wire.failure_of(answer);
  if (answer.status == 401 || answer.status == 403) out.text += ": the credentials are refused, or may not read it";
  // Only 200 is an answer; another success would be one to a question that was not asked.
  if (answer.ok()) return stalled(Reason::corrupt, std::move(out.text));
  return out;
}

}  // namespace

Result<http::Answer> Exchange::ask(const Access& access, const model::ImageReference& repository, const Question& question,
                                   const std::stop_token& stop) {
  MUSTER_TRY(std::string origin, with_context(origin_for(access, repository, stop), question.subject));
  const Asking asking{access, repository, std::move(origin), settings_.limits, stop};
  const bool is_elsewhere = !question.url.empty() && http::origin_of(question.url) != http::origin_of(asking.origin);
  auto answer = is_elsewhere ? send(asking, question, {}) : ask_authorised(asking, question);
  if (!answer.ok()) {
    // A host that only wants to be left alone is still there, and is left alone.
    if (answer.failure().reason == Reason::unreachable && !answer.failure().after) forget_origin(repository);
    return std::move(answer).failure().with_context(question.subject);
  }
  if (!is_answer(question, *answer)) return failure_for(wire_, *answer).with_context(question.subject);
  return answer;
}

Result<http::Answer> Exchange::ask_authorised(const Asking& asking, const Question& question) {
  MUSTER_TRY(const http::Credentials credentials, tokens_.credentials(asking));
  MUSTER_TRY(http::Answer answer, send(asking, question, credentials));
  if (answer.status != 401) return answer;
  if (credentials.kind == http::Credentials::Kind::basic) logins_.forget(asking.repository);
  MUSTER_TRY(const http::Credentials renewed, tokens_.credentials_after(asking, answer));
  // The same again would be refused again, and count towards the lock of an account.
  if (renewed == credentials) return answer;
  return send(asking, question, renewed);
}

Result<http::Answer> Exchange::send(const Asking& asking, const Question& question, const http::Credentials& credentials) {
  http::Request request = request_for(asking, question);
  request.credentials = credentials;
  return wire_.send(request, {asking.access.requests, question.is_continuation ? kLongPatience : kPatience}, asking.stop);
}

Result<std::string> Exchange::origin_for(const Access& access, const model::ImageReference& repository, const std::stop_token& stop) {
  const std::string host = api_host_of(repository.host);
  if (access.plain_http) return "http://" + host;
  if (!may_be_plain(access, repository)) return "https://" + host;
  {
    const std::lock_guard lock(mutex_);
    const auto known = loopback_origins_.find(host);
    if (known != loopback_origins_.end()) return known->second;
  }
  MUSTER_TRY(std::string origin, probed_origin(access, host, stop));
  const std::lock_guard lock(mutex_);
  loopback_origins_[host] = origin;
  return origin;
}

/// A registry on loopback may speak either, as docker has it; TLS is tried first, without credentials.
Result<std::string> Exchange::probed_origin(const Access& access, const std::string& host, const std::stop_token& stop) {
  http::Request request;
  request.limits = settings_.limits;
  request.limits.time = std::min(kProbe, settings_.limits.time);
  request.limits.redirects = 0;
  request.limits.answer_bytes = std::uint64_t{1} << 20U;
  request.repeatable = false;
  request.url = "https://" + host + "/v2/";
  const auto secure = wire_.send(request, {access.requests, kPatience}, stop);
  if (secure.ok()) return "https://" + host;
  // With a time for the next try it was not TLS that failed.
  if (secure.failure().after || (secure.failure().reason != Reason::unreachable && secure.failure().reason != Reason::timeout))
    return secure.failure();
  request.url = "http://" + host + "/v2/";
  auto plain = wire_.send(request, {access.requests, kPatience}, stop);
  if (!plain.ok()) return std::move(plain).failure();
  // What a TLS server says to those who come without: its own failure says more.
  if (plain->status == 400) return secure.failure();
  return "http://" + host;
}

/// What speaks TLS is never asked without it again; what did not may have learnt it.
void Exchange::forget_origin(const model::ImageReference& repository) {
  const std::lock_guard lock(mutex_);
  const auto known = loopback_origins_.find(api_host_of(repository.host));
  if (known != loopback_origins_.end() && known->second.starts_with("http:")) loopback_origins_.erase(known);
}

}  // namespace muster::registry
