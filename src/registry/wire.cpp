#include "registry/wire.hpp"

#include <fmt/core.h>

#include <algorithm>

#include "muster/base/text.hpp"
#include "muster/manifest/yaml.hpp"

namespace muster::registry {
namespace {

/// " DENIED" from the body that the distribution specification describes; empty for any other.
std::string code_of(const http::Answer& answer) {
  const auto body = manifest::parse_json(answer.body, "answer");
  const Value* errors = body.ok() ? body->find("errors") : nullptr;
  const Array* list = errors == nullptr ? nullptr : errors->if_array();
  if (list == nullptr || list->empty()) return {};
  const std::string_view code = list->front().string_at("code");
  const auto is_fit = [](char c) { return (c >= 'A' && c <= 'Z') || c == '_'; };
  if (code.empty() || code.size() > 40 || !std::all_of(code.begin(), code.end(), is_fit)) return {};
  return " " + std::string(code);
}

bool is_busy(const http::Answer& answer) { return answer.status == 429 || (answer.status == 503 && !answer.header("retry-after").empty()); }

/// "host:port" of a URL, for texts and budgets.
std::string host_in(std::string_view url) {
  const auto scheme = url.find("://");
  if (scheme != std::string_view::npos) url.remove_prefix(scheme + 3);
  return to_lower(url.substr(0, url.find_first_of("/?#")));
}

}  // namespace

Result<http::Answer> Wire::send(const http::Request& request, const Turn& turn, const std::stop_token& stop) {
  const std::string host = host_in(request.url);
  MUSTER_CHECK(budgets_.admit(host, turn.a_minute, request.method + request.url, turn.patience, stop));
  // A redirect leads past admit(), to a host that may want to be left alone while this one does not.
  http::Request guarded = request;
  guarded.may_follow = [&](std::string_view url) -> Result<void> {
    if (request.may_follow) MUSTER_CHECK(request.may_follow(url));
    return budgets_.refuse_while_barred(host_in(url));
  };
  MUSTER_TRY(http::Answer answer, client_.send(guarded, stop));
  const std::string answering = host_in(answer.url);
  if (answering != host) budgets_.clear(host);  // It has answered: with a redirect.
  if (!is_busy(answer)) {
    budgets_.clear(answering);
    return answer;
  }
  Failure out = failure_of(answer);
  out.after = budgets_.bar(answering, out.after);
  return out;
}

Failure Wire::failure_of(const http::Answer& answer) const {
  Failure out = http::failure_of(answer, clock_);
  out.text = fmt::format("{} answers {}{}", host_in(answer.url), answer.status, code_of(answer));
  return out;
}

}  // namespace muster::registry
