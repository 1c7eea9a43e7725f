#include "lang/syntax/habits.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace muster::lang {

using diag::Diagnostic;

Found name_habit(const Look& look) {
  const std::string_view word = look.word();
  if (grammar::is_reserved(word)) {
    return syntax_error(look.span(word.size()), "F0115", fmt::format("`{}` is a word of the language, nothing can be called that", word),
                        "a name was expected")
        .help(fmt::format("`{}_` or any longer name will do", word));
  }
  if (look.peek() == '"') {
    const char* const quote = grammar::closing_quote(look.here(), look.end());
    const std::size_t size = quote == nullptr ? 1 : static_cast<std::size_t>(quote + 1 - look.here());
    Diagnostic result = syntax_error(look.span(size), "F0125", "names are written without quotes", "a name was expected");
    const std::string_view inner = size > 2 ? look.rest().substr(1, size - 2) : std::string_view();
    if (!inner.empty() && grammar::word_at(inner.data(), inner.data() + inner.size()) == inner) {
      result.fix(look.span(size), std::string(inner), fmt::format("`{}`", inner));
    }
    return result;
  }
  if (grammar::is_digit(look.peek())) {
    return syntax_error(look.span(look.token().size()), "F0125", "a name begins with a letter", "begins with a digit");
  }
  if (static_cast<unsigned char>(look.peek()) >= 0x80U) {
    return syntax_error(look.span(look.character()), "F0125", "names are made of the letters a to z, digits, `_` and single `-`",
                        "another character");
  }
  if (look.at_line_end()) return syntax_error(look.last_span(), "F0125", "a name is missing", "expected here");
  return {};
}

Found environment_habit(const Look& look) {
  if (look.word() == "if" || look.peek() == '(' || look.peek() == '[') {
    return syntax_error(look.span(std::max<std::size_t>(1, look.word().size())), "F0134",
                        "`in` names environments or groups, never an expression", "a name was expected")
        .help("write `in production, staging { … }`");
  }
  return name_habit(look);
}

Found body_habit(const Look& look, Offset begin) {
  if (grammar::is_newline(look.peek()) || look.at_end() || look.peek() == '#') {
    const char* const next = grammar::skip_lines(look.here(), look.end(), [](const char*) {});
    Diagnostic result = syntax_error(look.last_span(), "F0130", "the body `{ … }` is missing", "`{` was expected here");
    if (next != look.end() && *next == '{') result.help("the `{` stands on the same line");
    return result;
  }
  if (static_cast<unsigned char>(look.peek()) >= 0x80U) return name_habit(look);
  const std::string_view token = look.token();
  if (!look.word().empty() && look.line().find('{') != std::string_view::npos && grammar::is_blank(look.before())) {
    return syntax_error(look.span(look.word().size()), "F0130", fmt::format("expected `{{`, found {}", described(look)),
                        "is this its kind?")
        .fix(look.span(0), ": ", fmt::format("`: {}`, where it is the kind", look.word()));
  }
  if (is_any(token, {"==", "=", "!", "."}) && begin != look.at()) {
    return syntax_error(look.span(token.size()), "F0134", "`in` names environments or groups, never an expression", "`{` was expected")
        .help("write `in production, staging { … }`");
  }
  if (token == ":" || token == "=") {
    return syntax_error(look.span(token.size()), "F0130", fmt::format("a body follows without `{}`", token), "not needed")
        .fix(look.span(token.size()), "", "leave it out");
  }
  return {};
}

Found type_habit(const Look& look) {
  if (look.peek() != '{') return name_habit(look);
  return syntax_error(look.span(1), "F0126", "a type is written by its name", "a record has none here")
      .help("a record is declared: `type Probe { path: string }`");
}

Found member_habit(const Look& look) { return look.peek() == '.' ? behind_value_habit(look.one_back()) : name_habit(look); }

Found colon_habit(const Look& look) {
  if (!grammar::is_word_start(look.peek())) return {};
  const Offset last = look.behind_last();
  return syntax_error(look.span(look.word().size()), "F0129", fmt::format("expected `:`, found {}", described(look)), "its type?")
      .fix(look.span(last, last), ":", "add `:` before it");
}

}  // namespace muster::lang
