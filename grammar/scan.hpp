// Characters of the fleet language: words, gaps, and where a declaration begins. The grammar's terminals and the
// parser's recovery share these, so both agree on what a line is. Pure functions over [at, end).
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <string_view>

namespace muster::grammar {

namespace detail {

enum : std::uint8_t { kStart = 1, kRest = 2, kDigit = 4, kBlank = 8, kOperator = 16 };

constexpr std::array<std::uint8_t, 256> classes() {
  std::array<std::uint8_t, 256> table{};
  for (unsigned c = 'a'; c <= 'z'; ++c) table[c] = kStart | kRest;
  for (unsigned c = 'A'; c <= 'Z'; ++c) table[c] = kStart | kRest;
  for (unsigned c = '0'; c <= '9'; ++c) table[c] = kRest | kDigit;
  table['_'] = kStart | kRest;
  for (const char c : {'o', 'a', '=', '!', '<', '>', '?', '+', '-', '*', '/', '%', '&', '|'})
    table[static_cast<unsigned char>(c)] |= kOperator;
  table[' '] = kBlank;
  table['\t'] = kBlank;
  return table;
}

inline constexpr std::array<std::uint8_t, 256> kClasses = classes();

constexpr bool has(char c, std::uint8_t kind) { return (kClasses[static_cast<unsigned char>(c)] & kind) != 0; }

}  // namespace detail

constexpr bool is_word_start(char c) { return detail::has(c, detail::kStart); }
constexpr bool is_word_rest(char c) { return detail::has(c, detail::kRest); }
constexpr bool is_digit(char c) { return detail::has(c, detail::kDigit); }
constexpr bool is_blank(char c) { return detail::has(c, detail::kBlank); }

/// The first character of a binary operator, foreign ones too.
constexpr bool could_be_operator(char c) { return detail::has(c, detail::kOperator); }

/// `\n` or `\r\n`; a lone `\r` never gets this far, the parser refuses it.
constexpr bool is_newline(char c) { return c == '\n' || c == '\r'; }

/// True where a word would go on: a letter, digit, `_`, or one hyphen before such.
constexpr bool word_goes_on(const char* at, const char* end) {
  if (at == end) return false;
  return is_word_rest(*at) || (*at == '-' && at + 1 != end && is_word_rest(at[1]));
}

/// The end of the word that begins at `at`; `at` itself where none does. Words hold single hyphens.
constexpr const char* word_end(const char* at, const char* end) {
  if (at == end || !is_word_start(*at)) return at;
  do {
    ++at;
    while (at != end && is_word_rest(*at)) ++at;
  } while (word_goes_on(at, end));
  return at;
}

constexpr std::string_view word_at(const char* at, const char* end) { return {at, static_cast<std::size_t>(word_end(at, end) - at)}; }

constexpr const char* skip_blanks(const char* at, const char* end) {
  while (at != end && is_blank(*at)) ++at;
  return at;
}

/// The `\n` (or `\r\n`) that ends the line, or `end`.
constexpr const char* line_end(const char* at, const char* end) {
  while (at != end && !is_newline(*at)) ++at;
  return at;
}

constexpr const char* next_line(const char* at, const char* end) {
  while (at != end && *at != '\n') ++at;
  return at == end ? at : at + 1;
}

// ---- words that mean something ----

inline constexpr std::array<std::string_view, 12> kReservedWords = {"in",  "for", "if",   "then",  "else", "or",
                                                                    "and", "not", "true", "false", "none", "null"};

constexpr bool is_reserved(std::string_view word) {
  // Asked of every name: most are told apart by their length or first letter.
  if (word.size() < 2 || word.size() > 5) return false;
  const char c = word[0];
  if (c != 'i' && c != 'f' && c != 't' && c != 'e' && c != 'o' && c != 'a' && c != 'n') return false;
  return std::find(kReservedWords.begin(), kReservedWords.end(), word) != kReservedWords.end();
}

/// The reserved words that are values.
constexpr bool is_literal_word(std::string_view word) { return word == "true" || word == "false" || word == "none" || word == "null"; }

/// In the order of syntax::EntityWord.
inline constexpr std::array<std::string_view, 13> kEntityWordTexts = {
    "fleet", "environment", "group", "target", "team", "forge", "registry", "repository", "service", "image", "freeze", "notify", "rule"};

inline constexpr std::array<std::string_view, 9> kDeclarationWords = {"import", "const",    "fn",    "type", "enum",
                                                                      "kind",   "defaults", "waive", "test"};

/// The index in kEntityWordTexts, or -1.
constexpr int entity_word(std::string_view word) {
  const auto* const found = std::find(kEntityWordTexts.begin(), kEntityWordTexts.end(), word);
  return found == kEntityWordTexts.end() ? -1 : static_cast<int>(found - kEntityWordTexts.begin());
}

constexpr bool is_declaration_word(std::string_view word) {
  return entity_word(word) >= 0 || std::find(kDeclarationWords.begin(), kDeclarationWords.end(), word) != kDeclarationWords.end();
}

/// True where a declaration has its shape: its word, then a name or a text (`service x`, `import "…"`). `at` must be the
/// start of a line, since declarations stand in column 1.
constexpr bool starts_declaration(const char* at, const char* end) {
  if (at == end || *at < 'c' || *at > 'w') return false;
  const std::string_view word = word_at(at, end);
  if (!is_declaration_word(word)) return false;
  const char* const after = at + word.size();
  const char* const next = skip_blanks(after, end);
  if (next == after || next == end) return false;
  if (*next == '"') return word == "import" || word == "test";
  return is_word_start(*next) && !is_reserved(word_at(next, end));
}

/// The next line at or after `at` (itself a line's start) that starts a declaration, or `end`.
constexpr const char* next_declaration(const char* at, const char* end) {
  while (at != end && !starts_declaration(at, end)) at = next_line(at, end);
  return at;
}

// ---- gaps ----

/// Skips blanks, newlines and comments, but no newline before a declaration: an unclosed bracket cannot swallow it.
/// `saw_documentation(at)` is called at every `##`.
template <typename Saw>
constexpr const char* skip_lines(const char* at, const char* end, Saw&& saw_documentation) {
  while (at != end) {
    if (is_blank(*at)) {
      ++at;
    } else if (is_newline(*at)) {
      const char* const next = next_line(at, end);
      if (starts_declaration(next, end)) return at;
      at = next;
    } else if (*at == '#') {
      if (at + 1 != end && at[1] == '#') saw_documentation(at);
      at = line_end(at, end);
    } else {
      return at;
    }
  }
  return at;
}

/// True where a value goes on after a line's end: `then else or and ?? .`.
constexpr bool continues_value(const char* at, const char* end) {
  if (at == end) return false;
  if (*at == '.') return at + 1 != end && is_word_start(at[1]);
  if (*at == '?') return at + 1 != end && at[1] == '?';
  if (*at != 't' && *at != 'e' && *at != 'o' && *at != 'a') return false;
  const std::string_view word = word_at(at, end);
  return word == "then" || word == "else" || word == "or" || word == "and";
}

/// The closing quote of the simple text that opens at `at` ("…" on one line, escapes skipped), or nullptr.
constexpr const char* closing_quote(const char* at, const char* end) {
  for (++at; at != end && !is_newline(*at); ++at) {
    if (*at == '"') return at;
    if (*at == '\\' && at + 1 != end && !is_newline(at[1])) ++at;
  }
  return nullptr;
}

/// True where a field, a block or a `:` of another language begins: a key, then `= += -= == : {`, or `.` or `[` at once.
constexpr bool starts_keyed(const char* at, const char* end) {
  const char* after = word_end(at, end);
  if (after == at) {
    if (at == end || *at != '"') return false;
    const char* const quote = closing_quote(at, end);
    if (quote == nullptr) return false;
    after = quote + 1;
  }
  if (after == end) return false;
  if (*after == '.' || *after == '[') return true;
  const char* const next = skip_blanks(after, end);
  if (next == end) return false;
  if (*next == '=' || *next == '{' || *next == ':') return true;
  return (*next == '+' || *next == '-') && next + 1 != end && next[1] == '=';
}

/// True where a field begins that cannot be the head of a declaration: a key and `= += -= == :`, no `{`.
constexpr bool starts_field(const char* at, const char* end) {
  const char* const after = word_end(at, end);
  if (after == at) return at != end && *at == '"' && starts_keyed(at, end);
  const char* const next = skip_blanks(after, end);
  if (next == end || *next == '{' || !starts_keyed(at, end)) return false;
  // `service : std.web {` has lost its name.
  return *next != ':' || !is_declaration_word({at, static_cast<std::size_t>(after - at)}) ||
         std::find(next, line_end(next, end), '{') == line_end(next, end);
}

/// True where a whole key stands before `= += -=` or `{`: a new field or block, in a place where none may begin.
constexpr bool starts_assignment(const char* at, const char* end) {
  if (at == end || !is_word_start(*at)) return false;
  for (;;) {
    at = word_end(at, end);
    if (at == end || *at != '.' || at + 1 == end || !is_word_start(at[1])) break;
    ++at;
  }
  at = skip_blanks(at, end);
  if (at == end) return false;
  if (*at == '{') return true;
  if (*at == '=') return at + 1 == end || at[1] != '=';
  return (*at == '+' || *at == '-') && at + 1 != end && at[1] == '=';
}

/// True where `name =` (or another language's `name:`) begins: a named argument.
constexpr bool starts_named(const char* at, const char* end) {
  const char* const after = word_end(at, end);
  if (after == at) return false;
  const char* const next = skip_blanks(after, end);
  if (next == end) return false;
  return (*next == '=' && !(next + 1 != end && next[1] == '=')) || *next == ':';
}

/// True where an operand could begin.
constexpr bool starts_operand(const char* at, const char* end) {
  if (at == end) return false;
  if (is_digit(*at) || *at == '"' || *at == '[' || *at == '{' || *at == '(' || *at == '\'') return true;
  if (!is_word_start(*at)) return false;
  const std::string_view word = word_at(at, end);
  return !is_reserved(word) || is_literal_word(word) || word == "not" || word == "if";
}

}  // namespace muster::grammar
