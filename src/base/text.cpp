#include "muster/base/text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <iterator>
#include <optional>

namespace muster {
namespace {

struct CodePoint {
  std::uint32_t value = 0;
  std::size_t size = 0;
};

/// The well-formed code point at the front of `text` (Unicode table 3-7: no overlong form, no surrogate, at most U+10FFFF).
std::optional<CodePoint> first_code_point(std::string_view text) {
  struct Form {
    std::uint32_t lead_mask, lead, least;
    std::size_t size;
  };
  static constexpr std::array<Form, 4> kForms = {
      {{0x80, 0x00, 0, 1}, {0xe0, 0xc0, 0x80, 2}, {0xf0, 0xe0, 0x800, 3}, {0xf8, 0xf0, 0x10000, 4}}};
  if (text.empty()) return std::nullopt;
  const auto lead = static_cast<unsigned char>(text.front());
  for (const Form& form : kForms) {
    if ((lead & form.lead_mask) != form.lead) continue;
    if (text.size() < form.size) return std::nullopt;
    std::uint32_t value = lead & ~form.lead_mask;
    for (std::size_t i = 1; i < form.size; ++i) {
      const auto next = static_cast<unsigned char>(text[i]);
      if ((next & 0xc0U) != 0x80) return std::nullopt;
      value = (value << 6U) | (next & 0x3fU);
    }
    if (value < form.least || value > 0x10ffff || (value >= 0xd800 && value <= 0xdfff)) return std::nullopt;
    return CodePoint{value, form.size};
  }
  return std::nullopt;
}

/// Characters that steer a terminal or change the order in which text is read, without being seen.
bool steers_display(std::uint32_t c) {
  struct Range {
    std::uint32_t first, last;
  };
  static constexpr std::array<Range, 8> kRanges = {{{0x00, 0x1f},
                                                    {0x7f, 0x9f},
                                                    {0x61c, 0x61c},
                                                    {0x200e, 0x200f},
                                                    {0x2028, 0x202e},
                                                    {0x2066, 0x2069},
                                                    {0xfeff, 0xfeff},
                                                    {0xe0000, 0xe007f}}};
  if (c == '\n' || c == '\t') return false;
  for (const Range& range : kRanges) {
    if (c >= range.first && c <= range.last) return true;
  }
  return false;
}

/// Bytes of the character at the front; a stray byte counts as one, so that any text can be walked.
std::size_t step(std::string_view text) {
  const std::optional<CodePoint> point = first_code_point(text);
  return point ? point->size : 1;
}

}  // namespace

std::string escape_for_terminal(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    const std::optional<CodePoint> point = first_code_point(text);
    const std::size_t size = point ? point->size : 1;
    if (!point || (size == 1 && steers_display(point->value))) {
      fmt::format_to(std::back_inserter(out), "\\x{:02x}", static_cast<unsigned char>(text.front()));
    } else if (steers_display(point->value)) {
      fmt::format_to(std::back_inserter(out), "\\u{{{:04x}}}", point->value);
    } else {
      out.append(text, 0, size);
    }
    text.remove_prefix(size);
  }
  return out;
}

bool is_valid_utf8(std::string_view text) {
  while (!text.empty()) {
    if (static_cast<unsigned char>(text.front()) < 0x80) {
      text.remove_prefix(1);
      continue;
    }
    const std::optional<CodePoint> point = first_code_point(text);
    if (!point) return false;
    text.remove_prefix(point->size);
  }
  return true;
}

std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  std::size_t begin = 0;
  for (std::size_t end = text.find(separator); end != std::string_view::npos; end = text.find(separator, begin)) {
    parts.push_back(text.substr(begin, end - begin));
    begin = end + 1;
  }
  parts.push_back(text.substr(begin));
  return parts;
}

std::string to_lower(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(), [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  return out;
}

std::string_view trim(std::string_view text) {
  static constexpr std::string_view kSpace = " \t\r\n\f\v";
  const std::size_t first = text.find_first_not_of(kSpace);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kSpace) - first + 1);
}

std::string join(const std::vector<std::string>& parts, std::string_view separator) {
  std::string out;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    if (i != 0) out.append(separator);
    out.append(parts[i]);
  }
  return out;
}

bool glob_matches(std::string_view pattern, std::string_view text) {
  // Only the last star ever needs another try: what earlier stars took already lets the pattern before it match.
  std::size_t p = 0;
  std::size_t t = 0;
  std::optional<std::size_t> star;
  std::size_t star_text = 0;
  while (t < text.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      star_text = t;
    } else if (p < pattern.size() && pattern[p] == '?') {
      ++p;
      t += step(text.substr(t));
    } else if (p < pattern.size() && pattern[p] == text[t]) {
      ++p;
      ++t;
    } else if (star) {
      p = *star + 1;
      star_text += step(text.substr(star_text));
      t = star_text;
    } else {
      return false;
    }
  }
  return pattern.find_first_not_of('*', p) == std::string_view::npos;
}

std::string to_base64(std::string_view bytes) {
  static constexpr std::string_view kLetters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string out;
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    std::uint32_t group = 0;
    for (std::size_t k = 0; k < 3; ++k) group = (group << 8U) | (i + k < bytes.size() ? static_cast<unsigned char>(bytes[i + k]) : 0U);
    for (std::size_t k = 0; k < 4; ++k) out += i + k <= bytes.size() ? kLetters[(group >> (18U - 6U * k)) & 63U] : '=';
  }
  return out;
}

std::string count_of(std::size_t count, std::string_view singular, std::string_view plural) {
  if (count == 1) return fmt::format("1 {}", singular);
  if (plural.empty()) return fmt::format("{} {}s", count, singular);
  return fmt::format("{} {}", count, plural);
}

}  // namespace muster
