#include "http/url.hpp"

#include <curl/curl.h>
#include <fmt/core.h>

#include <algorithm>
#include <memory>
#include <optional>

#include "muster/base/text.hpp"
#include "muster/http/client.hpp"

namespace muster::http {
namespace {

struct Cleanup {
  void operator()(CURLU* url) const { curl_url_cleanup(url); }
  void operator()(char* text) const { curl_free(text); }
};
using Handle = std::unique_ptr<CURLU, Cleanup>;

std::string part(const Handle& url, CURLUPart what, unsigned flags = 0) {
  char* text = nullptr;
  if (curl_url_get(url.get(), what, &text, flags) != CURLUE_OK) return {};
  const std::unique_ptr<char, Cleanup> owner(text);
  return text;
}

bool has_control_bytes(std::string_view text) {
  return std::any_of(text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) <= 0x20U || c == 0x7F; });
}

/// What comes before an `@` may be a secret, wherever the parser stopped.
std::string shown(std::string_view url) {
  const auto at = url.rfind('@');
  return escape_for_terminal(at == std::string_view::npos ? url.substr(0, 200) : url.substr(at + 1, 200));
}

Failure refused(std::string_view url, std::string_view why) {
  return stalled(Reason::invalid, fmt::format("the URL '{}' is refused: {}", shown(url), why));
}

Result<Url> taken_apart(const Handle& url, std::string_view text) {
  const std::string scheme = part(url, CURLUPART_SCHEME);
  if (scheme != "https" && scheme != "http") return refused(text, "it is neither https nor http");
  if (!part(url, CURLUPART_PASSWORD).empty()) return refused(text, "it holds a password; give credentials by reference");
  curl_url_set(url.get(), CURLUPART_USER, nullptr, 0);
  curl_url_set(url.get(), CURLUPART_FRAGMENT, nullptr, 0);
  Url out;
  out.is_tls = scheme == "https";
  out.whole = part(url, CURLUPART_URL);
  const std::string host = to_lower(part(url, CURLUPART_HOST));
  const std::string port = part(url, CURLUPART_PORT, CURLU_DEFAULT_PORT);
  out.origin = fmt::format("{}://{}:{}", scheme, host, port);
  out.host = port == (out.is_tls ? "443" : "80") ? host : host + ":" + port;
  out.countable = out.whole.substr(0, out.whole.find('?'));
  return out;
}

}  // namespace

Result<Url> parse_url(std::string_view url) {
  if (has_control_bytes(url)) return stalled(Reason::invalid, "a URL is refused: it holds spaces or control bytes");
  const Handle handle(curl_url());
  if (curl_url_set(handle.get(), CURLUPART_URL, std::string(url).c_str(), CURLU_NON_SUPPORT_SCHEME) != CURLUE_OK) {
    return refused(url, "it is no URL");
  }
  return taken_apart(handle, url);
}

Result<Url> resolve(const Url& from, std::string_view location) {
  if (has_control_bytes(location)) return stalled(Reason::invalid, from.host + " redirects to a place with control bytes");
  const Handle handle(curl_url());
  const bool known = curl_url_set(handle.get(), CURLUPART_URL, from.whole.c_str(), 0) == CURLUE_OK;
  if (!known || curl_url_set(handle.get(), CURLUPART_URL, std::string(location).c_str(), CURLU_NON_SUPPORT_SCHEME) != CURLUE_OK) {
    return refused(location, from.host + " redirects to it, and it is no URL");
  }
  return with_context(taken_apart(handle, location), from.host + " redirects");
}

std::optional<std::string> origin_of(std::string_view url) {
  auto parsed = parse_url(url);
  return parsed.ok() ? std::optional(parsed->origin) : std::nullopt;
}

std::optional<std::string> resolve_url(std::string_view base, std::string_view reference) {
  const auto from = parse_url(base);
  if (!from.ok()) return std::nullopt;
  auto resolved = resolve(*from, reference);
  return resolved.ok() ? std::optional(resolved->whole) : std::nullopt;
}

}  // namespace muster::http
