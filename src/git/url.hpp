// The parts of a git URL, once checked. Private to the room.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "muster/base/result.hpp"

namespace muster::git {

enum class Scheme : std::uint8_t { https, http, ssh, file };

struct Url {
  Scheme scheme = Scheme::file;
  std::string user;
  std::string host;  ///< Lower case; IPv6 without brackets.
  std::string port;  ///< Empty: the scheme's own.
  std::string path;  ///< As the server shall see it: with a leading `/`, but for scp-like URLs and `~`.
};

/// Reason::invalid or denied says what is wrong, without any password.
Result<Url> parse_url(std::string_view url, bool allow_file);

/// `text` with the user part of every URL in it removed: for all that is shown or logged.
std::string without_userinfo(std::string_view text);

}  // namespace muster::git
