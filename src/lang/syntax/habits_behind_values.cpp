#include "lang/syntax/habits.hpp"

#include <fmt/format.h>

#include <array>

namespace muster::lang {

namespace {

struct Spelling {
  std::string_view text;
  std::string_view code;
  std::string_view message;
  std::string_view help;
};

/// Longer spellings first.
constexpr std::array<Spelling, 20> kBehindValue = {{
    {"=>", "F0112", "there is no `=>` here", "fields are written `name = value`; functions are declared with `fn`"},
    {"->", "F0112", "`->` stands in `fn` declarations only", "functions are declared: `fn host(name: string) -> string = …`"},
    {"++", "F0112", "there is no `++`", "lists and texts are joined with `+`"},
    {"--", "F0112", "there is no `--`", "comments begin with `#`"},
    {"**", "F0112", "there is no `**`", ""},
    {"..", "F0112", "there are no ranges", "a list names its elements: `[1, 2, 3]`"},
    {"//", "F0109", "comments begin with `#`", "write `#` instead of `//`"},
    {"/*", "F0109", "comments begin with `#`", "write `#` before each line of the comment"},
    {":=", "F0107", "a value is given with `=`", ""},
    {"?.", "F0112", "there is no `?.`", "`if x != none then x.y else none` reads a field of what may be none"},
    {"?", "F0112", "a choice is written with words", "write `if condition then this else that`"},
    {"|", "F0112", "there is no `|` between values", "`or` for conditions; functions are called `f(x)`"},
    {"&", "F0112", "there is no `&`", "`and` for conditions"},
    {"^", "F0112", "there is no `^`", ""},
    {";", "F0110", "nothing ends with `;`", "elements are separated by `,`, statements by a new line or `,`"},
    {"'", "F0111", "texts stand in double quotes, not in single quotes", ""},
    {"!", "F0112", "there is no `!` behind a value", ""},
    {"$", "F0112", "there is no `$` here", "inside a text write `\\(name)`"},
    {"%", "F0117", "a `%` belongs to the number that it touches", "write `5 % 2` for the remainder, `50%` for a share"},
    {"@", "F0112", "`@` touches the service that it belongs to", "write `idp@prod-eu`"},
}};

/// Words of other languages behind a value.
constexpr std::array<Spelling, 8> kWordsBehindValue = {{
    {"in", "F0112", "`in` is not an operator here", "ask the list: `xs.has(x)`"},
    {"not", "F0112", "`not` stands before its condition", "write `not xs.has(x)`, or `x != y`"},
    {"is", "F0112", "there is no `is`", "compare with `==`"},
    {"if", "F0112", "a choice begins with its condition", "write `if condition then this else that`"},
    {"unless", "F0112", "there is no `unless`", "write `if not condition then this else that`"},
    {"for", "F0112", "a comprehension begins with `for`", "write `[for x in xs: x.name]`"},
    {"mod", "F0112", "there is no `mod`", "the remainder is `a % b`"},
    {"div", "F0112", "there is no `div`", "division is `a / b`"},
}};

Found spaced_minus(const Look& look) {
  if (look.peek() != '-' || look.starts("--") || look.starts("->") || look.peek(1) == '=') return {};
  return syntax_error(look.span(1), "F0119", "a minus between two values has a space on both sides",
                      "names may hold a `-`, so this one is in doubt")
      .help("write `a - b`");
}

Found spaced_bracket(const Look& look) {
  if ((look.peek() != '(' && look.peek() != '[') || !grammar::is_blank(look.before())) return {};
  const bool call = look.peek() == '(';
  Offset gap = look.at();
  while (gap > 0 && grammar::is_blank(*(look.here() - (look.at() - gap) - 1))) --gap;
  return syntax_error(look.span(1), "F0128", fmt::format("a `{}` touches what it belongs to", look.peek()),
                      call ? "a call, or a forgotten comma?" : "an index, or a forgotten comma?")
      .fix(look.span(gap, look.at()), "", call ? "`name(…)`" : "`name[…]`");
}

}  // namespace

Found behind_value_habit(const Look& look) {
  if (Found found = spaced_minus(look)) return found;
  const std::string_view word = look.word();
  for (const Spelling& spelling : kWordsBehindValue) {
    if (word == spelling.text)
      return syntax_error(look.span(word.size()), spelling.code, std::string(spelling.message)).help(std::string(spelling.help));
  }
  if (!word.empty()) return {};
  for (const Spelling& spelling : kBehindValue) {
    if (look.starts(spelling.text))
      return syntax_error(look.span(spelling.text.size()), spelling.code, std::string(spelling.message)).help(std::string(spelling.help));
  }
  if (Found found = spaced_bracket(look)) return found;
  if (is_any(look.rest().substr(0, 1), {")", "]"})) {
    return syntax_error(look.span(1), "F0129", fmt::format("this `{}` closes nothing", look.peek()), "has no partner");
  }
  if (look.peek() == '"' && look.before() == '"') {
    return syntax_error(look.span(1), "F0101", "a text ended just before this quote", "what is this one?")
        .help("a quote inside a text is written `\\\"`");
  }
  if (look.peek() == '"') {
    return syntax_error(look.span(1), "F0128", "two values stand side by side", "a second one")
        .help("join texts inside one: `\"\\(a) and \\(b)\"`, or with `+`");
  }
  return {};
}

}  // namespace muster::lang
