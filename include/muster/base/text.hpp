// Text shown to people and text from strangers. Pure functions.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace muster {

/// Control bytes, escape sequences, bidirectional overrides and invalid UTF-8 become visible `\xNN` / `\u{NNNN}`;
/// newline and tab stay. For commit messages, names and server errors on their way to a terminal or log.
std::string escape_for_terminal(std::string_view text);
[[nodiscard]] bool is_valid_utf8(std::string_view text);
/// Splits at every `separator`; "a,,b" gives three parts, "" gives one empty part.
std::vector<std::string_view> split(std::string_view text, char separator);
std::string_view trim(std::string_view text);
/// ASCII letters; everything else stays.
std::string to_lower(std::string_view text);
std::string join(const std::vector<std::string>& parts, std::string_view separator);
/// Shell-style glob over a whole name: `*` any run, `?` one character; no classes. At most length times length steps.
[[nodiscard]] bool glob_matches(std::string_view pattern, std::string_view text);
/// RFC 4648, with padding.
std::string to_base64(std::string_view bytes);
/// "1 service", "3 services".
std::string count_of(std::size_t count, std::string_view singular, std::string_view plural = {});

}  // namespace muster
