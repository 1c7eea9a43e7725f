#include "lang/syntax/look.hpp"

#include <fmt/format.h>

#include <utility>

#include "muster/base/text.hpp"

namespace muster::lang {

Offset Look::behind_last() const {
  Offset at = at_;
  for (;;) {
    while (at > 0 && (grammar::is_blank(text_[at - 1]) || grammar::is_newline(text_[at - 1]))) --at;
    Offset line_begin = at;
    while (line_begin > 0 && text_[line_begin - 1] != '\n') --line_begin;
    const char* const first = grammar::skip_blanks(text_.data() + line_begin, text_.data() + at);
    if (at == 0 || *first != '#') return at;
    at = line_begin;
  }
}

std::size_t Look::character() const {
  std::size_t size = 1;
  while ((static_cast<unsigned char>(peek(size)) & 0xc0U) == 0x80U) ++size;
  return size;
}

std::string_view Look::token() const {
  std::size_t size = word().size();
  if (size == 0 && grammar::is_digit(peek())) {
    while (grammar::is_word_rest(peek(size)) || (peek(size) == '.' && grammar::is_digit(peek(size + 1)))) ++size;
  }
  return rest().substr(0, std::max(size, at_end() ? 0 : character()));
}

diag::Diagnostic syntax_error(diag::Span span, std::string_view code, std::string message, std::string label) {
  diag::Diagnostic result;
  result.code = code;
  result.severity = code.starts_with('W') ? diag::Severity::warning : diag::Severity::error;
  result.message = std::move(message);
  result.primary = {span, std::move(label)};
  return result;
}

bool is_any(std::string_view word, std::initializer_list<std::string_view> words) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

/// "`else`", "the end of the line", for messages.
std::string described(const Look& look) {
  if (look.at_end()) return "the end of the file";
  if (look.at_line_end()) return "the end of the line";
  return fmt::format("`{}`", escape_for_terminal(look.token()));
}

}  // namespace muster::lang
