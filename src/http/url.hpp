// URLs of the client, taken apart by libcurl's own parser so that what is checked is what is asked. Private to the room.
#pragma once

#include <string>
#include <string_view>

#include "muster/base/result.hpp"

namespace muster::http {

struct Url {
  std::string whole;      ///< Without user, password and fragment.
  std::string origin;     ///< "https://host:443"
  std::string host;       ///< "host", or "host:8443" where the port is not the scheme's own.
  std::string countable;  ///< `whole` without its query.
  bool is_tls = false;
};

/// Reason::invalid for other schemes, control bytes and passwords.
Result<Url> parse_url(std::string_view url);
/// Where a `Location` leads from `from`.
Result<Url> resolve(const Url& from, std::string_view location);

}  // namespace muster::http
