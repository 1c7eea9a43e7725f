// What the characters of a literal mean: escapes, dates, the indentation of """ blocks, characters that may not be written.
// Pure functions.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "lang/syntax/build.hpp"

namespace muster::lang {

/// The text of an escape such as `\n` or `\u{e9}`; nothing for a character that no text may hold (surrogates, controls
/// other than tab and line ends: lowering keeps placeholders in \u{2} and \u{3}).
std::optional<std::string> decode_escape(std::string_view escape);

/// True for a day and time that exist: "2026-02-28", "2026-12-18T18:00", with seconds, "Z", "+02:00".
bool is_valid_date(std::string_view text);

struct LayoutError {
  syntax::Range where;
  std::string_view message;
  std::string_view label;
};

/// Takes the indentation of the closing quotes off each line of a """ block, and the newlines next to both quotes.
/// `pieces` are what stands between the quotes; `begin` and `end` the block's offsets with its quotes.
std::optional<LayoutError> strip_indentation(std::string_view source, std::uint32_t begin, std::uint32_t end,
                                             std::vector<Builder::Piece>& pieces);

struct ForbiddenCharacter {
  syntax::Range where;
  std::uint32_t code_point;
};

/// Control characters other than tab and line ends (`\n`, `\r\n`), and those that reorder text on the screen; in order,
/// at most `most`.
std::vector<ForbiddenCharacter> forbidden_characters(std::string_view text, std::size_t most);

}  // namespace muster::lang
