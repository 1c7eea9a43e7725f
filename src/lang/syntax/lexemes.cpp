#include "lang/syntax/lexemes.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>

#include "grammar/scan.hpp"

namespace muster::lang {
namespace {

using Piece = Builder::Piece;

std::string to_utf8(std::uint32_t code) {
  std::string result;
  const auto add = [&result](std::uint32_t byte) { result.push_back(static_cast<char>(byte)); };
  if (code < 0x80) {
    add(code);
  } else if (code < 0x800) {
    add(0xc0U | (code >> 6U));
    add(0x80U | (code & 0x3fU));
  } else if (code < 0x10000) {
    add(0xe0U | (code >> 12U));
    add(0x80U | ((code >> 6U) & 0x3fU));
    add(0x80U | (code & 0x3fU));
  } else {
    add(0xf0U | (code >> 18U));
    add(0x80U | ((code >> 12U) & 0x3fU));
    add(0x80U | ((code >> 6U) & 0x3fU));
    add(0x80U | (code & 0x3fU));
  }
  return result;
}

bool is_text_character(std::uint32_t code) {
  if (code == '\t' || code == '\n' || code == '\r') return true;
  if (code < 0x20 || (code >= 0x7f && code < 0xa0)) return false;
  return code <= 0x10ffff && (code < 0xd800 || code > 0xdfff);
}

unsigned number_at(std::string_view text, std::size_t at) {
  unsigned value = 0;
  if (at + 2 <= text.size()) std::from_chars(text.data() + at, text.data() + at + 2, value);
  return value;
}

bool is_leap(unsigned year) { return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0; }

bool is_valid_time(std::string_view time) {
  if (number_at(time, 1) > 23 || number_at(time, 4) > 59) return false;
  std::string_view rest = time.substr(6);
  if (rest.starts_with(':')) {
    if (number_at(rest, 1) > 59) return false;
    rest.remove_prefix(3);
  }
  return rest.empty() || rest == "Z" || (number_at(rest, 1) <= 14 && number_at(rest, 4) <= 59);
}

/// Cuts pieces into lines and takes `margin` off each.
class Margin {
 public:
  Margin(std::string_view source, std::string_view margin, std::uint32_t last) : source_(source), margin_(margin), last_(last) {}

  std::optional<LayoutError> take_off(const std::vector<Piece>& pieces) {
    for (const Piece& piece : pieces) {
      if (piece.kind == Piece::Kind::source) {
        source_piece(piece.text);
        continue;
      }
      if (at_line_start_ && !margin_.empty()) too_little({line_, line_ + 1});
      at_line_start_ = false;
      kept.push_back(piece);
    }
    return error_;
  }

  std::vector<Piece> kept;

 private:
  void keep(std::uint32_t begin, std::uint32_t end) {
    if (begin < end) kept.push_back({Piece::Kind::source, {begin, end}, syntax::kNoExpr});
  }

  void too_little(syntax::Range where) {
    if (!error_) error_ = LayoutError{where, "this line is indented less than the closing `\"\"\"`", "begins too far left"};
  }

  void source_piece(syntax::Range text) {
    std::uint32_t at = text.begin;
    while (at < text.end) {
      const auto newline = static_cast<std::uint32_t>(std::min<std::size_t>(source_.find('\n', at), text.end));
      line(at, newline);
      if (newline == text.end) return;
      if (newline != last_) keep(newline, newline + 1);
      at = newline + 1;
      line_ = at;
      at_line_start_ = true;
    }
  }

  /// The part of a line from `begin`; its `\r` goes with the newline.
  void line(std::uint32_t begin, std::uint32_t end) {
    if (begin < end && source_[end - 1] == '\r') --end;
    if (at_line_start_) {
      const std::string_view text = source_.substr(begin, end - begin);
      if (text.starts_with(margin_)) {
        begin += static_cast<std::uint32_t>(margin_.size());
      } else if (text.find_first_not_of(" \t") == std::string_view::npos) {
        begin = end;
      } else {
        too_little({begin, end});
      }
      at_line_start_ = begin == end && text.empty();
    }
    keep(begin, end);
  }

  std::string_view source_;
  std::string_view margin_;
  std::uint32_t last_;  ///< The newline before the closing quotes.
  std::uint32_t line_ = 0;
  bool at_line_start_ = true;
  std::optional<LayoutError> error_;
};

/// Bytes that a character which may not stand in a file begins with.
constexpr auto kSuspicious = [] {
  std::array<std::uint8_t, 256> table{};
  for (unsigned byte = 0; byte < 0x20; ++byte) table[byte] = byte == '\t' || byte == '\n' ? 0 : 1;
  table[0x7f] = table[0xc2] = table[0xe2] = 1;
  return table;
}();

/// Sixteen bytes at a time: this pass over every file is all that most files need.
bool any_suspicious(std::string_view text) {
  using Block = unsigned char __attribute__((vector_size(16)));
  Block any{};
  std::size_t at = 0;
  for (; at + sizeof(Block) <= text.size(); at += sizeof(Block)) {
    Block bytes;
    std::memcpy(&bytes, text.data() + at, sizeof(Block));
    any |= Block(((bytes < 0x20) & (bytes != '\t') & (bytes != '\n')) | (bytes == 0x7f) | (bytes == 0xc2) | (bytes == 0xe2));
  }
  unsigned char suspicious = 0;
  for (std::size_t i = 0; i < sizeof(Block); ++i) suspicious |= any[i];
  for (; at < text.size(); ++at) suspicious |= kSuspicious[static_cast<unsigned char>(text[at])];
  return suspicious != 0;
}

}  // namespace

std::optional<std::string> decode_escape(std::string_view escape) {
  static constexpr std::array<std::pair<char, char>, 5> kPlain = {{{'n', '\n'}, {'t', '\t'}, {'r', '\r'}, {'"', '"'}, {'\\', '\\'}}};
  for (const auto& [name, meaning] : kPlain) {
    if (escape.size() == 2 && escape[1] == name) return std::string(1, meaning);
  }
  std::uint32_t code = 0;
  const char* const end = escape.data() + escape.size() - 1;
  const auto parsed = std::from_chars(escape.data() + 3, end, code, 16);
  if (parsed.ec != std::errc() || parsed.ptr != end || !is_text_character(code)) return std::nullopt;
  return to_utf8(code);
}

bool is_valid_date(std::string_view text) {
  static constexpr std::array<unsigned, 12> kDays = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  const unsigned year = number_at(text, 0) * 100 + number_at(text, 2);
  const unsigned month = number_at(text, 5);
  const unsigned day = number_at(text, 8);
  if (month < 1 || month > 12 || day < 1) return false;
  if (day > kDays.at(month - 1) + (month == 2 && is_leap(year) ? 1 : 0)) return false;
  return text.size() == 10 || is_valid_time(text.substr(10));
}

std::optional<LayoutError> strip_indentation(std::string_view source, std::uint32_t begin, std::uint32_t end, std::vector<Piece>& pieces) {
  const std::uint32_t content = begin + 3;
  const std::uint32_t close = end - 3;
  const char* const first = grammar::skip_blanks(source.data() + content, source.data() + close);
  const auto opening = static_cast<std::uint32_t>(first - source.data());
  if (opening >= close || !grammar::is_newline(source[opening])) {
    return LayoutError{
        {begin, std::min(close, begin + 3)}, "the text begins on the line after `\"\"\"`", "a line end was expected behind these quotes"};
  }
  const std::size_t last = source.rfind('\n', close - 1);
  const std::string_view margin = source.substr(last + 1, close - last - 1);
  if (margin.find_first_not_of(" \t") != std::string_view::npos) {
    return LayoutError{{close, end}, "the closing `\"\"\"` stands on a line of its own", "other text stands before it"};
  }
  // The line of the opening quotes and the indentation of the closing ones are not part of the text.
  const std::uint32_t text_begin = static_cast<std::uint32_t>(source.find('\n', opening)) + 1;
  std::vector<Piece> between;
  for (Piece piece : pieces) {
    if (piece.kind == Piece::Kind::source) {
      piece.text.begin = std::max(piece.text.begin, text_begin);
      piece.text.end = std::min(piece.text.end, static_cast<std::uint32_t>(last + 1));
      if (piece.text.begin >= piece.text.end) continue;
    }
    between.push_back(piece);
  }
  Margin lines(source, margin, static_cast<std::uint32_t>(last));
  const std::optional<LayoutError> error = lines.take_off(between);
  pieces = std::move(lines.kept);
  return error;
}

std::vector<ForbiddenCharacter> forbidden_characters(std::string_view text, std::size_t most) {
  std::vector<ForbiddenCharacter> found;
  const auto byte_at = [text](std::size_t i) { return i < text.size() ? static_cast<unsigned char>(text[i]) : 0U; };
  if (!any_suspicious(text)) return found;
  for (std::size_t i = 0; i < text.size() && found.size() < most; ++i) {
    const unsigned byte = byte_at(i);
    if (kSuspicious[byte] == 0 || (byte == '\r' && byte_at(i + 1) == '\n')) continue;
    std::uint32_t code = byte;
    std::uint32_t size = 1;
    if (byte == 0xc2) {
      code = byte_at(i + 1);
      size = 2;
      if (code < 0x80 || code >= 0xa0) continue;
    } else if (byte == 0xe2) {
      code = 0x2000U + ((byte_at(i + 1) - 0x80U) << 6U) + (byte_at(i + 2) - 0x80U);
      size = 3;
      const bool reorders =
          (code >= 0x202a && code <= 0x202e) || (code >= 0x2066 && code <= 0x2069) || code == 0x200b || code == 0x200e || code == 0x200f;
      if (!reorders && code != 0x2028 && code != 0x2029) continue;
    }
    const auto begin = static_cast<std::uint32_t>(i);
    found.push_back({{begin, begin + size}, code});
  }
  return found;
}

}  // namespace muster::lang
