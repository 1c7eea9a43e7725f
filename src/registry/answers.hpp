// What registries say in headers: challenges (RFC 9110, 11.6.1) and links (RFC 8288). Private to the room. Pure.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "muster/http/client.hpp"

namespace muster::registry {

struct Challenge {
  enum class Scheme : std::uint8_t { basic, bearer } scheme = Scheme::basic;
  std::string realm;    ///< bearer: the URL that gives tokens; may be empty.
  std::string service;  ///< bearer.
  friend bool operator==(const Challenge&, const Challenge&) = default;
};
/// The schemes of `WWW-Authenticate` that are known here, as they stand; what cannot be read is left out.
std::vector<Challenge> challenges_of(std::span<const http::Header> headers);
/// The target of `Link: <…>; rel="next"`, as written.
std::optional<std::string> next_link_of(std::span<const http::Header> headers);

}  // namespace muster::registry
