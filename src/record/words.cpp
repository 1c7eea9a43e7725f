#include "record/words.hpp"

#include <fmt/core.h>

#include "muster/base/digest.hpp"

namespace muster::record {

std::string escape_word(std::string_view text) {
  if (text.empty()) return "%";
  constexpr std::string_view kSpecial = ";%=,";
  std::string out;
  out.reserve(text.size());
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte <= 0x20 || byte >= 0x7f || kSpecial.find(c) != std::string_view::npos) {
      out += fmt::format("%{:02x}", byte);
    } else {
      out += c;
    }
  }
  return out;
}

std::optional<std::string> unescape_word(std::string_view word) {
  if (word == "%") return std::string();
  if (word.empty()) return std::nullopt;
  std::string out;
  out.reserve(word.size());
  for (std::size_t i = 0; i < word.size(); ++i) {
    if (word[i] != '%') {
      out += word[i];
      continue;
    }
    if (i + 2 >= word.size()) return std::nullopt;
    const auto byte = from_hex(word.substr(i + 1, 2));
    if (!byte) return std::nullopt;
    out += *byte;
    i += 2;
  }
  return out;
}

}  // namespace muster::record
