#include "registry/answers.hpp"

#include <algorithm>
#include <map>

#include "muster/base/text.hpp"

namespace muster::registry {
namespace {

bool is_token_byte(char c) {
  const bool is_letter = (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
  return is_letter || std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos;
}

/// Walks through the lists of a header: tokens, quoted strings, separators.
class Walker {
 public:
  explicit Walker(std::string_view text) : rest_(text) {}
  [[nodiscard]] bool at_end() const { return rest_.empty(); }
  void skip(std::string_view bytes) {
    while (!rest_.empty() && bytes.find(rest_.front()) != std::string_view::npos) rest_.remove_prefix(1);
  }
  bool take(char byte) {
    if (rest_.empty() || rest_.front() != byte) return false;
    rest_.remove_prefix(1);
    return true;
  }
  std::string token() {
    std::size_t size = 0;
    while (size < rest_.size() && is_token_byte(rest_[size])) ++size;
    return taken(size);
  }
  /// Up to `end`, which is taken too.
  std::string until(char end) {
    std::string out = taken(std::min(rest_.find(end), rest_.size()));
    take(end);
    return out;
  }
  /// A token, a token68 or a quoted string.
  std::string value() {
    if (!take('"')) {
      std::size_t size = 0;
      while (size < rest_.size() && std::string_view(",; \t").find(rest_[size]) == std::string_view::npos) ++size;
      return taken(size);
    }
    std::string out;
    while (!rest_.empty() && !take('"')) {
      take('\\');
      out += taken(1);
    }
    return out;
  }

 private:
  std::string taken(std::size_t size) {
    std::string out(rest_.substr(0, size));
    rest_.remove_prefix(std::min(size, rest_.size()));
    return out;
  }
  std::string_view rest_;
};

using Parameters = std::map<std::string, std::string>;

std::optional<Challenge> challenge_from(const std::string& scheme, const Parameters& parameters) {
  Challenge out;
  if (scheme != "basic" && scheme != "bearer") return std::nullopt;
  if (scheme == "basic") return out;  // Its realm is a name for people.
  out.scheme = Challenge::Scheme::bearer;
  if (const auto realm = parameters.find("realm"); realm != parameters.end()) out.realm = realm->second;
  if (const auto service = parameters.find("service"); service != parameters.end()) out.service = service->second;
  return out;
}

void read_challenges(std::string_view text, std::vector<Challenge>& out) {
  Walker walker(text);
  std::string scheme;
  Parameters parameters;
  const auto finish = [&] {
    if (const auto challenge = challenge_from(scheme, parameters)) out.push_back(*challenge);
    parameters.clear();
  };
  while (true) {
    walker.skip(" \t,");
    if (walker.at_end()) break;
    const std::string word = to_lower(walker.token());
    if (word.empty()) break;
    walker.skip(" \t");
    if (walker.take('=')) {
      walker.skip(" \t");
      parameters[word] = walker.value();
      continue;
    }
    finish();
    scheme = word;
  }
  finish();
}

bool is_next(std::string_view relations) {
  const auto words = split(relations, ' ');
  return std::any_of(words.begin(), words.end(), [](std::string_view word) { return to_lower(word) == "next"; });
}

std::optional<std::string> next_in(std::string_view text) {
  Walker walker(text);
  while (true) {
    walker.skip(" \t,");
    if (!walker.take('<')) return std::nullopt;
    std::string target = walker.until('>');
    bool found = false;
    for (walker.skip(" \t"); walker.take(';'); walker.skip(" \t")) {
      walker.skip(" \t");
      const std::string name = to_lower(walker.token());
      walker.skip(" \t");
      const std::string value = walker.take('=') ? walker.value() : std::string();
      found = found || (name == "rel" && is_next(value));
    }
    if (found) return target;
  }
}

}  // namespace

std::vector<Challenge> challenges_of(std::span<const http::Header> headers) {
  std::vector<Challenge> out;
  for (const http::Header& header : headers) {
    if (to_lower(header.name) == "www-authenticate") read_challenges(header.value, out);
  }
  return out;
}

std::optional<std::string> next_link_of(std::span<const http::Header> headers) {
  for (const http::Header& header : headers) {
    if (to_lower(header.name) != "link") continue;
    if (auto target = next_in(header.value)) return target;
  }
  return std::nullopt;
}

}  // namespace muster::registry
