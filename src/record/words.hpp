// Words: parts of trailers as text without spaces, reversibly. Pure functions.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace muster::record {

/// Everything outside printable ASCII, and ` ; % = ,`, is written `%xx`. Never empty: "" is written `%`.
std::string escape_word(std::string_view text);
/// nullopt for what escape_word never writes.
std::optional<std::string> unescape_word(std::string_view word);

}  // namespace muster::record
