#include "git/url.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <optional>

#include "muster/base/text.hpp"
#include "muster/git/repository.hpp"

namespace muster::git {
namespace {

struct SchemeName {
  std::string_view prefix;
  Scheme scheme;
  std::string_view port;
};
constexpr std::array kSchemes = {
    SchemeName{"https://", Scheme::https, "443"}, SchemeName{"http://", Scheme::http, "80"},   SchemeName{"ssh://", Scheme::ssh, "22"},
    SchemeName{"git+ssh://", Scheme::ssh, "22"},  SchemeName{"ssh+git://", Scheme::ssh, "22"}, SchemeName{"file://", Scheme::file, ""},
};

/// A malformed URL may have its password anywhere, so everything up to the last `@` goes.
std::string shown(std::string_view url) {
  const auto scheme = url.find("://");
  const auto start = scheme == std::string_view::npos ? 0 : scheme + 3;
  const auto at = url.rfind('@');
  if (at == std::string_view::npos || at < start) return std::string(url.substr(0, 200));
  return std::string(url.substr(0, start)) + std::string(url.substr(at + 1, 200));
}

Failure refused(std::string_view url, std::string_view why) {
  return stalled(Reason::invalid, fmt::format("the git URL '{}' is refused: {}", shown(url), why));
}

bool has_control_bytes(std::string_view text) {
  return std::any_of(text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) < 0x20U || c == 0x7F; });
}

bool is_host(std::string_view host) {
  const auto allowed = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '-' || c == '_' || c == ':' || c == '%';
  };
  return !host.empty() && host[0] != '-' && std::all_of(host.begin(), host.end(), allowed);
}

bool is_user(std::string_view user) {
  return user.empty() || (user[0] != '-' && user.find_first_of(" '\"\\$`@:/") == std::string_view::npos);
}

/// `[user@]host[:port]` into its parts; false where the port is none.
bool parse_authority(std::string_view authority, Url& out) {
  if (const auto at = authority.rfind('@'); at != std::string_view::npos) {
    out.user = authority.substr(0, at);
    authority.remove_prefix(at + 1);
  }
  if (authority.starts_with('[')) {
    const auto close = authority.find(']');
    if (close == std::string_view::npos) return false;
    out.host = to_lower(authority.substr(1, close - 1));
    authority.remove_prefix(close + 1);
    if (authority.empty()) return true;
    if (authority[0] != ':') return false;
    out.port = authority.substr(1);
  } else {
    const auto colon = authority.find(':');
    out.host = to_lower(authority.substr(0, colon));
    if (colon == std::string_view::npos) return out.host.find(':') == std::string::npos;
    out.port = authority.substr(colon + 1);
  }
  return !out.port.empty() && out.port.size() <= 5 &&
         std::all_of(out.port.begin(), out.port.end(), [](char c) { return c >= '0' && c <= '9'; });
}

Result<Url> checked(std::string_view url, Url parts) {
  if (parts.user.find(':') != std::string::npos) return refused(url, "it holds a password; name a credential by reference instead");
  if (!is_user(parts.user)) return refused(url, "its user name holds what no user name does");
  if (!is_host(parts.host)) return refused(url, "it names no host");
  if (parts.path.empty() || parts.path == "/") return refused(url, "it names no repository on the host");
  if (parts.path[0] == '-') return refused(url, "its path begins with '-'");
  return parts;
}

Result<Url> file_url(std::string_view url, std::string_view path, bool allow_file) {
  if (!allow_file) {
    return stalled(Reason::denied, fmt::format("'{}' is a path on this machine; only the fleet files may name one", url.substr(0, 200)));
  }
  if (!path.starts_with('/')) return refused(url, "a path must be absolute");
  Url out;
  out.path = path;
  return out;
}

Result<Url> scp_like(std::string_view url, std::size_t colon) {
  Url out;
  out.scheme = Scheme::ssh;
  if (!parse_authority(url.substr(0, colon), out) || !out.port.empty()) return refused(url, "it names no host");
  out.path = url.substr(colon + 1);
  return checked(url, std::move(out));
}

std::string_view default_port(Scheme scheme) {
  return std::find_if(kSchemes.begin(), kSchemes.end(), [&](const SchemeName& name) { return name.scheme == scheme; })->port;
}

}  // namespace

Result<Url> parse_url(std::string_view url, bool allow_file) {
  if (url.empty()) return refused(url, "it is empty");
  if (has_control_bytes(url)) return stalled(Reason::invalid, "a git URL is refused: it holds control bytes");
  if (url[0] == '-') return refused(url, "it begins with '-'");
  if (url.size() > 2048) return refused(url, "it is longer than 2048 bytes");
  for (const SchemeName& name : kSchemes) {
    if (to_lower(url.substr(0, name.prefix.size())) != name.prefix) continue;
    const std::string_view rest = url.substr(name.prefix.size());
    if (name.scheme == Scheme::file) return file_url(url, rest, allow_file);
    const auto slash = std::min(rest.find('/'), rest.size());
    Url out;
    out.scheme = name.scheme;
    const bool parsed = parse_authority(rest.substr(0, slash), out);
    out.path = rest.substr(slash);
    if (out.scheme == Scheme::ssh && out.path.starts_with("/~")) out.path.erase(0, 1);
    if (!parsed) return refused(url, "it names no host, or its port is no number");
    if (name.scheme != Scheme::ssh && out.path.find_first_of("?#") != std::string::npos) return refused(url, "it holds a query");
    return checked(url, std::move(out));
  }
  const auto colon = url.find(':');
  const auto slash = url.find('/');
  if (url.find("://") != std::string_view::npos) return refused(url, "muster knows https, http, ssh and file");
  const bool is_bracketed = url.find('[') < colon;
  if (!is_bracketed && colon != std::string_view::npos && url.substr(colon, 2) == "::") return refused(url, "remote helpers are not run");
  // An IPv6 host in brackets has its colon after the bracket.
  const auto bracket = url.find("]:");
  if (bracket != std::string_view::npos && (slash == std::string_view::npos || bracket < slash)) return scp_like(url, bracket + 1);
  if (colon != std::string_view::npos && (slash == std::string_view::npos || colon < slash)) return scp_like(url, colon);
  return file_url(url, url, allow_file);
}

Result<void> check_url(std::string_view url, bool allow_file) {
  MUSTER_TRY(const Url parts, parse_url(url, allow_file));
  static_cast<void>(parts);
  return {};
}

std::string url_key(std::string_view url) {
  const auto parsed = parse_url(url, true);
  if (!parsed.ok()) return without_userinfo(url);
  std::string path = parsed->path;
  while (path.size() > 1 && path.back() == '/') path.pop_back();
  if (path.size() > 4 && path.ends_with(".git") && path[path.size() - 5] != '/') path.resize(path.size() - 4);
  if (parsed->scheme == Scheme::file) return path;
  path.erase(0, std::min(path.find_first_not_of('/'), path.size()));
  const bool own_port = !parsed->port.empty() && parsed->port != default_port(parsed->scheme);
  return parsed->host + (own_port ? ":" + parsed->port : "") + "/" + path;
}

std::string without_userinfo(std::string_view text) {
  std::string out;
  std::size_t from = 0;
  while (true) {
    const auto scheme = text.find("://", from);
    if (scheme == std::string_view::npos) return out.append(text.substr(from));
    const auto authority = scheme + 3;
    const auto end = std::min(text.find_first_of("/ \t\r\n\"'<>", authority), text.size());
    const auto at = text.substr(authority, end - authority).rfind('@');
    out.append(text.substr(from, authority - from));
    from = at == std::string_view::npos ? authority : authority + at + 1;
  }
}

}  // namespace muster::git
