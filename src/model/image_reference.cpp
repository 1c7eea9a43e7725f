#include <fmt/format.h>

#include <algorithm>

#include "muster/base/text.hpp"
#include "muster/model/image.hpp"

namespace muster::model {
namespace {

/// Of host and repository together, as registries and the distribution specification ask for.
constexpr std::size_t kLongestName = 255;
constexpr std::size_t kLongestTag = 128;
constexpr std::size_t kDigestDigits = 64;
constexpr std::string_view kDigestAlgorithm = "sha256:";
constexpr std::string_view kDocker = "docker.io";

bool is_lower(char c) { return c >= 'a' && c <= 'z'; }
bool is_upper(char c) { return c >= 'A' && c <= 'Z'; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_hex(char c) { return is_digit(c) || (c >= 'a' && c <= 'f'); }
bool is_alphanumeric(char c) { return is_lower(c) || is_upper(c) || is_digit(c); }

Failure wrong(std::string text) { return stalled(Reason::invalid, std::move(text)); }

/// What is wrong with a text before it is taken apart: these mistakes would otherwise be told as something else.
std::optional<std::string> first_look(std::string_view text) {
  if (text.empty()) return "an image reference is empty; one looks like `ghcr.io/shop/cart:1.4.2`";
  if (const std::size_t scheme = text.find("://"); scheme != std::string_view::npos) {
    return fmt::format("an image reference begins with its host: leave `{}` away", escape_for_terminal(text.substr(0, scheme + 3)));
  }
  for (const char c : text) {
    if (static_cast<unsigned char>(c) > ' ' && static_cast<unsigned char>(c) < 0x7f) continue;
    const bool foreign = static_cast<unsigned char>(c) > 0x7f;
    const std::string_view what = c == ' ' ? "a space" : foreign ? "a byte that is not ASCII" : "a control byte";
    return fmt::format("`{}` is no image reference: there is {} in it", escape_for_terminal(text.substr(0, kLongestName)), what);
  }
  return std::nullopt;
}

/// Docker's rule for what stands before the first slash: it is a host if it has a dot, a port, or is `localhost`.
bool is_host(std::string_view first) { return first.find_first_of(".:[") != std::string_view::npos || first == "localhost"; }

bool is_port(std::string_view text) {
  if (text.empty() || text.size() > 5 || !std::all_of(text.begin(), text.end(), is_digit)) return false;
  std::uint32_t port = 0;
  for (const char c : text) port = port * 10 + static_cast<std::uint32_t>(c - '0');
  return port >= 1 && port <= 65535;
}

bool is_host_label(std::string_view label) {
  return !label.empty() && label.front() != '-' && label.back() != '-' &&
         std::all_of(label.begin(), label.end(), [](char c) { return is_alphanumeric(c) || c == '-'; });
}

std::optional<std::string> host_mistake(std::string_view host) {
  std::string_view name = host;
  if (host.starts_with('[')) {
    const std::size_t close = host.find(']');
    if (close == std::string_view::npos) return fmt::format("the host `{}` lacks its `]`", host);
    const std::string_view address = host.substr(1, close - 1);
    const auto fits = [](char c) { return is_digit(c) || is_lower(c) || is_upper(c) || c == ':' || c == '.'; };
    if (address.empty() || !std::all_of(address.begin(), address.end(), fits)) return fmt::format("`{}` is no IPv6 address", host);
    name = host.substr(close + 1);
    if (name.empty() || (name.starts_with(':') && is_port(name.substr(1)))) return std::nullopt;
    return fmt::format("the port of `{}` is not a number from 1 to 65535", host);
  }
  if (const std::size_t colon = name.rfind(':'); colon != std::string_view::npos) {
    if (!is_port(name.substr(colon + 1))) return fmt::format("the port of `{}` is not a number from 1 to 65535", host);
    name = name.substr(0, colon);
  }
  const std::vector<std::string_view> labels = split(name, '.');
  if (std::all_of(labels.begin(), labels.end(), is_host_label)) return std::nullopt;
  return fmt::format("`{}` is no name of a host", host);
}

/// The end of one separator inside a path component (`.`, `_`, `__`, any run of `-`), or `at` where there is none.
std::size_t separator_end(std::string_view text, std::size_t at) {
  if (text[at] == '.') return at + 1;
  if (text[at] == '_') return at + (text.substr(at).starts_with("__") ? 2 : 1);
  std::size_t end = at;
  while (end < text.size() && text[end] == '-') ++end;
  return end;
}

bool is_component(std::string_view text) {
  const auto ends = [&](std::size_t at) { return at >= text.size() || !(is_lower(text[at]) || is_digit(text[at])); };
  std::size_t at = 0;
  while (!ends(at)) {
    while (!ends(at)) ++at;
    if (at == text.size()) return true;
    const std::size_t after = separator_end(text, at);
    if (after == at) return false;
    at = after;
  }
  return false;
}

std::optional<std::string> repository_mistake(std::string_view repository) {
  if (repository.empty()) return "the name of a repository is missing; a reference looks like `ghcr.io/shop/cart:1.4.2`";
  if (std::any_of(repository.begin(), repository.end(), is_upper))
    return fmt::format("repositories are written in lower case: `{}`", to_lower(repository));
  for (const std::string_view component : split(repository, '/')) {
    if (component.empty()) return fmt::format("a name is missing beside a slash in `{}`", repository);
    if (!is_component(component)) {
      return fmt::format("`{}` is no name of a repository: lower-case letters and digits, with single `.` `_` `-` between them", component);
    }
  }
  return std::nullopt;
}

std::optional<std::string> digest_mistake(std::string_view digest) {
  if (!digest.starts_with(kDigestAlgorithm)) return fmt::format("a digest begins with `sha256:`, not with `{}`", digest.substr(0, 16));
  const std::string_view digits = digest.substr(kDigestAlgorithm.size());
  if (digits.size() == kDigestDigits && std::all_of(digits.begin(), digits.end(), is_hex)) return std::nullopt;
  return fmt::format("a digest is `sha256:` and 64 lower-case hexadecimal digits; this one has {}", digits.size());
}

std::optional<std::string> tag_mistake(std::string_view tag) {
  if (tag.empty()) return "a tag is missing after the colon";
  if (tag.size() > kLongestTag) return fmt::format("a tag has at most {} characters, this one {}", kLongestTag, tag.size());
  if (is_tag(tag)) return std::nullopt;
  return fmt::format("`{}` is no tag: letters, digits, `_` `.` `-`, and neither `.` nor `-` first", tag);
}

/// Host and repository, with what Docker leaves away put back.
void split_name(std::string_view name, ImageReference& out) {
  const std::size_t slash = name.find('/');
  const std::string_view first = name.substr(0, slash);
  if (slash == std::string_view::npos || !is_host(first)) {
    out.host = kDocker;
    out.repository = name;
  } else {
    out.host = to_lower(first);
    out.repository = name.substr(slash + 1);
  }
  if (out.host == "index.docker.io") out.host = kDocker;
  if (out.host == kDocker && !out.repository.empty() && out.repository.find('/') == std::string::npos) out.repository.insert(0, "library/");
}

}  // namespace

bool is_tag(std::string_view text) {
  const auto fits = [](char c) { return is_alphanumeric(c) || c == '_' || c == '.' || c == '-'; };
  return !text.empty() && text.size() <= kLongestTag && text.front() != '.' && text.front() != '-' &&
         std::all_of(text.begin(), text.end(), fits);
}

std::string ImageReference::text() const {
  std::string out = where();
  if (!tag.empty()) out.append(":").append(tag);
  if (!digest.empty()) out.append("@").append(digest);
  return out;
}

Result<ImageReference> parse_image_reference(std::string_view text) {
  if (auto mistake = first_look(text)) return wrong(std::move(*mistake));
  ImageReference out;
  std::string_view name = text;
  if (const std::size_t at = name.find('@'); at != std::string_view::npos) {
    out.digest = name.substr(at + 1);
    name = name.substr(0, at);
    if (auto mistake = digest_mistake(out.digest)) return wrong(std::move(*mistake));
  }
  // A colon behind the last slash begins a tag; one before it belongs to the host's port.
  const std::size_t slash = name.rfind('/');
  const std::size_t colon = name.find(':', slash == std::string_view::npos ? 0 : slash);
  if (colon != std::string_view::npos) {
    out.tag = name.substr(colon + 1);
    name = name.substr(0, colon);
    if (auto mistake = tag_mistake(out.tag)) return wrong(std::move(*mistake));
  }
  split_name(name, out);
  if (auto mistake = repository_mistake(out.repository)) return wrong(std::move(*mistake));
  if (auto mistake = host_mistake(out.host)) return wrong(std::move(*mistake));
  if (out.where().size() > kLongestName)
    return wrong(fmt::format("host and repository have at most {} characters together, these {}", kLongestName, out.where().size()));
  return out;
}

}  // namespace muster::model
