#include <fmt/format.h>

#include <algorithm>

#include "lang/syntax/habits.hpp"

namespace muster::lang {

Found unfinished_text(const Look& look, Offset begin) {
  return syntax_error(look.span(begin, look.at()), "F0101", "this string never ends", "opened here; strings end on the same line")
      .fix(look.span(0), "\"", "add `\"` at the end of the line");
}

Found unfinished_raw_text(const Look& look, Offset begin) {
  if (look.peek() != '"') return unfinished_text(look, begin);
  return syntax_error(look.span(1), "F0101", "a raw text stands on one line and holds no quote", "a second quote")
      .help("text of several lines stands between `\"\"\"` and `\"\"\"`");
}

Found unfinished_block_text(const Look& look, Offset begin) {
  return syntax_error(look.span(begin, begin + 3), "F0101", "this string never ends", "opened here; no `\"\"\"` closes it");
}

Found unfinished_interpolation(const Look& look, Offset begin) {
  if (!look.at_line_end() && look.peek() != '"') {
    if (Found habit = behind_value_habit(look)) return habit;
    return syntax_error(look.span(look.token().size()), "F0131", fmt::format("expected `)` to close `\\(`, found {}", described(look)),
                        "one value stands in `\\( )`");
  }
  return syntax_error(look.span(begin, look.at()), "F0131", "this `\\(` is not closed in its text", "the text opened here")
      .help("write `\"\\(name)\"`; for the two characters themselves, `\"\\\\(\"`");
}

Found unfinished_number(const Look& look, Offset begin) {
  std::size_t behind = 0;
  while (grammar::is_word_rest(look.peek(behind)) || is_any(look.moved(behind).rest().substr(0, 1), {".", "-", "%", ":"})) ++behind;
  const std::size_t size = look.at() - begin + behind;
  const std::string_view whole(look.here() - (look.at() - begin), size);
  const diag::Span span = look.span(begin, begin + static_cast<Offset>(size));
  if (look.peek() == '-' && whole.size() >= 6 && whole.find('-') == 4 && grammar::is_digit(look.peek(1))) {
    return syntax_error(span, "F0118", "a date is written with two digits for month and day", "not a date yet")
        .help("like `2026-01-05`, or `2026-01-05T18:00`");
  }
  if (look.peek() == '-') {
    return syntax_error(look.span(1), "F0119", "a minus between two values has a space on both sides", "touches a number")
        .help("write `5 - 3`");
  }
  if (std::count(whole.begin(), whole.end(), '.') > 1) {
    return syntax_error(span, "F0117", fmt::format("`{}` is no number", whole), "several points")
        .fix(span, fmt::format("\"{}\"", whole), fmt::format("`\"{}\"`, a text", whole));
  }
  if (whole.find('_') != std::string_view::npos) {
    std::string plain(whole);
    std::erase(plain, '_');
    return syntax_error(span, "F0117", "numbers hold no `_`", "write the digits alone").fix(span, plain, fmt::format("`{}`", plain));
  }
  if (whole.find('%') != std::string_view::npos) {
    return syntax_error(span, "F0117", "a `%` that touches a number is percent, and ends it", "not a number")
        .help("write `5 % 2` for the remainder, `50%` for a share");
  }
  return syntax_error(span, "F0117", fmt::format("`{}` is no number", whole), "one number has one unit")
      .help("like `250m`, `90min`, `256Mi`, `50%`; anything else is a text, `\"…\"`");
}

}  // namespace muster::lang
