#include "diag/shown_line.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <utility>

#include "muster/base/text.hpp"

namespace muster::diag {
namespace {

constexpr std::size_t kTab = 4;

using CodeRange = std::pair<std::uint32_t, std::uint32_t>;

/// Two columns on a terminal (Unicode 15, East Asian Width W and F, in coarse blocks).
constexpr std::array<CodeRange, 15> kWide = {{{0x1100, 0x115f},
                                              {0x2e80, 0x303e},
                                              {0x3041, 0x33ff},
                                              {0x3400, 0x4dbf},
                                              {0x4e00, 0x9fff},
                                              {0xa000, 0xa4cf},
                                              {0xa960, 0xa97c},
                                              {0xac00, 0xd7a3},
                                              {0xf900, 0xfaff},
                                              {0xfe30, 0xfe6f},
                                              {0xff01, 0xff60},
                                              {0xffe0, 0xffe6},
                                              {0x1f300, 0x1f64f},
                                              {0x1f900, 0x1f9ff},
                                              {0x20000, 0x3fffd}}};
/// No column: they join the character before.
constexpr std::array<CodeRange, 6> kCombining = {
    {{0x0300, 0x036f}, {0x1ab0, 0x1aff}, {0x200c, 0x200d}, {0x20d0, 0x20ff}, {0xfe00, 0xfe0f}, {0xfe20, 0xfe2f}}};

template <std::size_t Count>
bool is_in(const std::array<CodeRange, Count>& ranges, std::uint32_t code) {
  return std::any_of(ranges.begin(), ranges.end(), [code](const CodeRange& range) { return code >= range.first && code <= range.second; });
}

std::size_t size_of_character(std::string_view text) {
  std::size_t size = 1;
  while (size < text.size() && size < 4 && (static_cast<unsigned char>(text[size]) & 0xc0U) == 0x80U) ++size;
  return size;
}

std::uint32_t code_of(std::string_view character) {
  if (character.size() == 1) return static_cast<unsigned char>(character[0]);
  std::uint32_t code = static_cast<unsigned char>(character[0]) & (0x7fU >> character.size());
  for (const char c : character.substr(1)) code = (code << 6U) | (static_cast<unsigned char>(c) & 0x3fU);
  return code;
}

/// A password that stands in a URL is refused (F0421), and what is said of it goes to the log of a pipeline: `*` for each of its bytes.
std::string without_passwords(std::string_view line) {
  static constexpr std::string_view kScheme = "://";
  std::string out(line);
  for (std::size_t at = out.find(kScheme); at != std::string::npos; at = out.find(kScheme, at)) {
    at += kScheme.size();
    const std::size_t end = std::min(out.find_first_of("/\"' \t", at), out.size());
    const std::size_t host = out.rfind('@', end);
    const std::size_t colon = out.find(':', at);
    if (host != std::string::npos && host >= at && colon < host)
      std::fill(out.begin() + static_cast<std::ptrdiff_t>(colon) + 1, out.begin() + static_cast<std::ptrdiff_t>(host), '*');
  }
  return out;
}

}  // namespace

ShownLine::ShownLine(std::string_view source) {
  const std::string line_without_passwords = without_passwords(source);
  const std::string_view line = line_without_passwords;
  std::size_t column = 0;
  for (std::size_t at = 0; at < line.size();) {
    const std::string_view character = line.substr(at, size_of_character(line.substr(at)));
    columns_.insert(columns_.end(), character.size(), column);
    bytes_.insert(bytes_.end(), character.size(), text_.size());
    at += character.size();
    if (character == "\t") {
      const std::size_t spaces = kTab - column % kTab;
      text_.append(spaces, ' ');
      column += spaces;
      continue;
    }
    const std::string shown = escape_for_terminal(character);
    text_.append(shown);
    if (shown != character) {
      column += shown.size();
    } else if (const std::uint32_t code = code_of(character); is_in(kWide, code)) {
      column += 2;
    } else if (!is_in(kCombining, code)) {
      column += 1;
    }
  }
  columns_.push_back(column);
  bytes_.push_back(text_.size());
}

std::string ShownLine::window(std::size_t begin, std::size_t end) const {
  const auto byte_of = [this](std::size_t column) {
    const auto at = std::lower_bound(columns_.begin(), columns_.end(), column) - columns_.begin();
    return bytes_[std::min<std::size_t>(static_cast<std::size_t>(at), bytes_.size() - 1)];
  };
  const std::size_t from = byte_of(begin);
  const std::size_t to = end >= width() ? text_.size() : byte_of(end);
  std::string result = begin == 0 ? "" : "…";
  result.append(text_, from, to - from);
  return end >= width() ? result : result + "…";
}

}  // namespace muster::diag
