#include "lang/syntax/habits.hpp"

#include <fmt/format.h>

#include <array>

namespace muster::lang {

using diag::Diagnostic;

namespace {

Found block_text(const Look& look) {
  const bool yaml = (look.peek() == '|' || look.peek() == '>') && look.moved(1).past_blanks().at_line_end();
  if (!yaml && !look.starts("<<")) return {};
  return syntax_error(look.span(yaml ? 1 : 2), "F0124", "there is no value here", "text of several lines is written otherwise")
      .help("put `\"\"\"` here, then the lines, then `\"\"\"` on a line of its own");
}

Found reserved_value(const Look& look) {
  const std::string_view word = look.word();
  if (!grammar::is_reserved(word)) return {};
  Diagnostic result = syntax_error(look.span(word.size()), "F0115",
                                   fmt::format("`{}` is a word of the language, it cannot stand for a value", word), "expected a value");
  if (word == "if") result.help("put an `if` inside a larger expression in parentheses: `(if a then b else c)`");
  if (word == "for") result.help("a comprehension stands in brackets: `[for x in xs: x]`");
  return result;
}

Found bare_fraction(const Look& look) {
  if (look.peek() != '.' || !grammar::is_digit(look.peek(1))) return {};
  const std::string number(look.moved(1).token());
  return syntax_error(look.span(1 + number.size()), "F0117", "a number begins with a digit", "no digit before the point")
      .fix(look.span(0), "0", fmt::format("`0.{}`", number));
}

Found missing_value(const Look& look) {
  if (!look.at_line_end() && !is_any(look.rest().substr(0, 1), {",", "}", ")", "]"})) return {};
  return syntax_error(look.last_span(), "F0124", "there is no value here", "a value was expected");
}

}  // namespace

Found quotes_habit(const Look& look) {
  struct Quote {
    std::string_view open;
    std::string_view close;
    std::string_view called;
  };
  static constexpr std::array<Quote, 4> kQuotes = {
      {{"'", "'", "single quotes"}, {"`", "`", "backquotes"}, {"“", "”", "curly quotes"}, {"‘", "’", "curly quotes"}}};
  for (const Quote& quote : kQuotes) {
    if (!look.starts(quote.open)) continue;
    const std::string_view line = look.line();
    const std::size_t close = line.find(quote.close, quote.open.size());
    const std::size_t size = close == std::string_view::npos ? quote.open.size() : close + quote.close.size();
    Diagnostic result =
        syntax_error(look.span(size), "F0111", fmt::format("texts stand in double quotes, not in {}", quote.called), "write \"…\"");
    if (close != std::string_view::npos) {
      const std::string content(line.substr(quote.open.size(), close - quote.open.size()));
      if (content.find_first_of("\"\\") == std::string::npos)
        result.fix(look.span(size), "\"" + content + "\"", fmt::format("`\"{}\"`", content));
    }
    return result;
  }
  return {};
}

Found yaml_list_habit(const Look& look) {
  if (look.peek() != '-' || !(grammar::is_blank(look.peek(1)) || grammar::is_newline(look.peek(1)))) return {};
  return syntax_error(look.span(1), "F0114", "a list is written in brackets, not with `-`", "an item of a YAML list")
      .help("write `[first, second]`; lines inside brackets are free");
}

Found dollar_habit(const Look& look) {
  if (look.peek() != '$' && !look.starts("{{")) return {};
  const std::size_t open = look.peek() == '$' ? (look.peek(1) == '{' ? 2 : 1) : 2;
  const std::string name(look.moved(open).past_blanks().word());
  Diagnostic result =
      syntax_error(look.span(open + name.size()), "F0112", "names are written as they are, without `$` or braces", "not needed here");
  if (!name.empty()) result.help(fmt::format("write `{0}` as a value, and `\\({0})` inside a text", name));
  return result;
}

Found value_habit(const Look& look) {
  for (const auto& habit : {quotes_habit, yaml_list_habit, block_text, dollar_habit, reserved_value, bare_fraction}) {
    if (Found found = habit(look)) return found;
  }
  return missing_value(look);
}

}  // namespace muster::lang
