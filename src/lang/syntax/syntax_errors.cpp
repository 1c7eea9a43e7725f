#include "lang/syntax/syntax_errors.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string>
#include <vector>

#include "grammar/scan.hpp"
#include "lang/syntax/habits.hpp"
#include "lang/syntax/look.hpp"
#include "muster/base/text.hpp"
#include "muster/diag/suggest.hpp"

namespace muster::lang {

using diag::Diagnostic;
using grammar::Expected;

namespace {

/// What is said where `expected` does not stand.
struct Expectation {
  Expected expected;
  std::string_view code;
  std::string_view what;                           ///< "expected …".
  Found (*habit)(const Look& look, Offset begin);  ///< Knows better words, at times; nullptr: there are none.
};

/// A habit that does not ask where things began.
template <Found (*habit)(const Look&)>
Found by(const Look& look, Offset /*begin*/) {
  return habit(look);
}

constexpr std::array<Expectation, 33> kExpectations = {{
    {Expected::value, "F0124", "a value", by<value_habit>},
    {Expected::name, "F0125", "a name", by<name_habit>},
    {Expected::entity_name, "F0125", "the name of what is declared", by<name_habit>},
    {Expected::entity_word, "F0104", "an entity word such as `service` or `environment`", nullptr},
    {Expected::path, "F0125", "the name of a kind", by<name_habit>},
    {Expected::type, "F0126", "a type", by<type_habit>},
    {Expected::member, "F0125", "the name of a field", by<member_habit>},
    {Expected::environment, "F0125", "the name of an environment or group", by<environment_habit>},
    {Expected::colon, "F0129", "`:`", by<colon_habit>},
    {Expected::assignment, "F0129", "`=`, `+=`, `-=` or `{`", nullptr},
    {Expected::equals, "F0129", "`=`", nullptr},
    {Expected::arrow, "F0129", "`->` and the type of the result", nullptr},
    {Expected::else_, "F0129", "`else`", by<behind_value_habit>},
    {Expected::then, "F0129", "`then`", by<behind_value_habit>},
    {Expected::in, "F0129", "`in`", nullptr},
    {Expected::for_, "F0129", "`for`", nullptr},
    {Expected::body, "F0130", "`{`", body_habit},
    {Expected::parameters, "F0129", "the parameters in parentheses", nullptr},
    {Expected::plain_text, "F0129", "a text in double quotes", by<quotes_habit>},
    {Expected::string_end, "F0101", "`\"`", unfinished_text},
    {Expected::raw_string_end, "F0101", "`\"`", unfinished_raw_text},
    {Expected::block_string_end, "F0101", "`\"\"\"`", unfinished_block_text},
    {Expected::interpolation_end, "F0131", "`)`", unfinished_interpolation},
    {Expected::end_of_value, "F0128", "the end of the value", by<behind_value_habit>},
    {Expected::end_of_declaration, "F0129", "the end of the declaration", by<end_of_declaration_habit>},
    {Expected::statement, "F0127", "a field, a block or `in …`", by<statement_habit>},
    {Expected::declaration, "F0104", "a declaration", by<declaration_habit>},
    {Expected::number_end, "F0117", "the end of the number", unfinished_number},
    {Expected::error_code, "F0129", "the code of an error, like `F0201`", nullptr},
    {Expected::enum_value, "F0125", "the name of a value", by<name_habit>},
    {Expected::type_field, "F0129", "a field with its type, like `port: int`", nullptr},
    {Expected::type_body, "F0129", "`= TYPE` or `{ fields }`", nullptr},
    {Expected::entry, "F0129", "an entry, like `name = value`", by<entry_habit>},
}};
static_assert(kExpectations.size() == static_cast<std::size_t>(Expected::entry) + 1);

constexpr bool are_in_order() {
  for (std::size_t i = 0; i < kExpectations.size(); ++i) {
    if (kExpectations[i].expected != static_cast<Expected>(i)) return false;
  }
  return true;
}
static_assert(are_in_order());

}  // namespace

std::uint32_t SyntaxErrors::behind_last(std::uint32_t at) const { return Look(source_, text_, at).behind_last(); }

Diagnostic SyntaxErrors::expected(Expected what, std::uint32_t at, std::uint32_t begin) const {
  const Look look(source_, text_, at);
  const Expectation& expectation = kExpectations.at(static_cast<std::size_t>(what));
  if (expectation.habit != nullptr) {
    if (Found found = expectation.habit(look, begin)) return *found;
  }
  const diag::Span span = look.at_line_end() ? look.last_span() : look.span(look.token().size());
  return syntax_error(span, expectation.code, fmt::format("expected {}, found {}", expectation.what, described(look)), "expected here");
}

bool SyntaxErrors::at_boundary(std::uint32_t at) const {
  if (at >= text_.size()) return true;
  const char* const here = text_.data() + at;
  const char* const end = text_.data() + text_.size();
  return grammar::is_newline(*here) && grammar::starts_declaration(grammar::next_line(here, end), end);
}

bool SyntaxErrors::cuts_short(std::uint32_t open, std::uint32_t at) const {
  if (at_boundary(at)) return true;
  const char here = text_[at];
  if (here == '}' || here == ']' || here == ')') return true;
  if (text_[open] == '{') return false;
  // Inside ( and [ a new line that begins with `key =` starts the next field.
  const std::string_view line_before = text_.substr(0, at);
  const std::size_t line = line_before.find_last_of('\n');
  const bool first =
      line != std::string_view::npos && line > open && line_before.find_first_not_of(" \t", line + 1) == std::string_view::npos;
  return first && grammar::starts_assignment(text_.data() + at, text_.data() + text_.size());
}

Diagnostic SyntaxErrors::unclosed(std::uint32_t open, std::uint32_t at) const {
  const char bracket = text_[open];
  const char partner = bracket == '{' ? '}' : bracket == '[' ? ']' : ')';
  const Look look(source_, text_, at);
  if (!cuts_short(open, at)) {
    if (Found habit = behind_value_habit(look)) return *habit;
    return syntax_error(look.span(std::max<std::size_t>(1, look.token().size())), "F0129",
                        fmt::format("expected `,` or `{}`, found {}", partner, described(look)), "does not belong here")
        .also(span(open, open + 1), "opened here");
  }
  Diagnostic result = syntax_error(span(open, open + 1), "F0102", fmt::format("this `{}` is never closed", bracket), "has no partner");
  if (at >= text_.size()) return result.help(fmt::format("add `{}`", partner));
  const char* const end = text_.data() + text_.size();
  const Offset next = at_boundary(at) ? static_cast<Offset>(grammar::next_line(look.here(), end) - text_.data()) : at;
  const Look there(source_, text_, next);
  const std::string_view why = at_boundary(at)        ? "a new declaration starts here, so `{}` belongs before it"
                               : there.word().empty() ? "something else is closed here, so `{}` belongs before it"
                                                      : "a new field starts here, so `{}` belongs before it";
  return result.also(there.span(std::max<std::size_t>(1, there.word().size())), fmt::format(fmt::runtime(why), partner));
}

Diagnostic SyntaxErrors::assignment(std::uint32_t begin, std::uint32_t end) const {
  const std::string_view written = text_.substr(begin, end - begin);
  if (written.starts_with(':'))
    return syntax_error(span(begin, end), "F0107", fmt::format("a value is given with `=`, not with `{}`", written), "write `=`")
        .fix(span(begin, end), written.size() == 1 && begin > 0 && !grammar::is_blank(text_[begin - 1]) ? " =" : "=", "`=`");
  return syntax_error(span(begin, end), "F0108",
                      written == "=>" ? "a value is given with `=`" : fmt::format("`{}` compares; a field is set with `=`", written),
                      written == "=>" ? "write `=`" : "comparison in field position")
      .fix(span(begin, end), "=", "`=`");
}

Diagnostic SyntaxErrors::foreign_operator(std::uint32_t begin, std::uint32_t end, std::string_view ours) const {
  return syntax_error(span(begin, end), "F0112", fmt::format("`{}` is written `{}`", text_.substr(begin, end - begin), ours),
                      fmt::format("write `{}`", ours))
      .fix(span(begin, end), ours == "not" ? "not " : std::string(ours), fmt::format("`{}`", ours));
}

Diagnostic SyntaxErrors::foreign_comment(std::uint32_t begin, std::uint32_t end) const {
  const std::string_view open = text_.substr(begin, 2);
  Diagnostic result =
      syntax_error(span(begin, end), "F0109", fmt::format("comments begin with `#`, not with `{}`", open), "meant as a comment?");
  return open == "//" ? result.fix(span(begin, begin + 2), "#", "`#`") : result.help("put `#` before each line of the comment");
}

Diagnostic SyntaxErrors::semicolon(std::uint32_t begin, std::uint32_t end) const {
  return syntax_error(span(begin, end), "F0110", "nothing ends with `;`", "not needed")
      .fix(span(begin, end), "", "leave it out; a new line or `,` separates");
}

Diagnostic SyntaxErrors::missing_comma(std::uint32_t at) const {
  const Offset last = behind_last(at);
  const Look look(source_, text_, at);
  return syntax_error(look.span(look.token().size()), "F0113", "there is a `,` between two elements", "a second element begins here")
      .fix(span(last, last), ",", "add `,` before it");
}

Diagnostic SyntaxErrors::missing_separator(std::uint32_t at) const {
  const Offset last = behind_last(at);
  const Look look(source_, text_, at);
  return syntax_error(look.span(look.token().size()), "F0128", "two statements on one line are separated by `,`",
                      "the second one begins here")
      .fix(span(last, last), ",", "add `,` before it");
}

Diagnostic SyntaxErrors::wrong_column(std::uint32_t at) const {
  const Look look(source_, text_, at);
  Offset begin = at;
  while (begin > 0 && grammar::is_blank(text_[begin - 1])) --begin;
  return syntax_error(look.span(look.word().size()), "F0106", fmt::format("`{}` stands in column 1", look.word()), "is indented")
      .note("so an unclosed brace can never swallow the next declaration")
      .fix(span(begin, at), "", "remove the indentation");
}

Diagnostic SyntaxErrors::unknown_declaration(std::uint32_t begin, std::uint32_t end) const {
  const std::string word(text_.substr(begin, end - begin));
  Diagnostic result = syntax_error(span(begin, end), "F0104", fmt::format("there is no declaration called `{}`", word), "unknown");
  if (is_any(word, {"in", "object", "patch", "param", "let", "output", "require", "locked"})) {
    return result.label("stands inside a declaration")
        .help(fmt::format("`{}` belongs between the braces of a declaration; is there a `}}` too many above?", word));
  }
  std::vector<std::string_view> words(grammar::kEntityWordTexts.begin(), grammar::kEntityWordTexts.end());
  words.insert(words.end(), grammar::kDeclarationWords.begin(), grammar::kDeclarationWords.end());
  const std::string_view near = diag::nearest(word, words);
  if (!near.empty()) return result.fix(span(begin, end), std::string(near), fmt::format("`{}`", near));
  return result.help(
      "declarations are: service, environment, target, group, team, fleet, defaults, kind, fn, type, enum, const, freeze, forge, registry, "
      "repository, image, notify, rule, import, waive, test");
}

Diagnostic SyntaxErrors::stray_brace(std::uint32_t at) const {
  return syntax_error(span(at, at + 1), "F0132", "this `}` closes nothing", "has no partner").help("is there a `}` too many above?");
}

Diagnostic SyntaxErrors::bad_escape(std::uint32_t begin, std::uint32_t end) const {
  const std::string shown = escape_for_terminal(text_.substr(begin, end - begin));
  if (end - begin > 3)
    return syntax_error(span(begin, end), "F0116", fmt::format("`{}` is no character that a text may hold", shown),
                        "a control character, or none at all");
  Diagnostic result =
      syntax_error(span(begin, end), "F0116", fmt::format("`{}` is no escape", shown), "known: \\n \\t \\r \\\" \\\\ \\u{…} and \\(value)");
  return result.fix(span(begin, begin), "\\", fmt::format("`\\{}` for the characters themselves, or a raw text r\"…\"", shown));
}

Diagnostic SyntaxErrors::chained_comparison(std::uint32_t earlier, std::uint32_t begin, std::uint32_t end) const {
  return syntax_error(span(begin, end), "F0120", "comparisons do not chain", "a second comparison")
      .also(span(earlier, earlier + 1), "the first one")
      .help("write `a < b and b < c`");
}

Diagnostic SyntaxErrors::too_deep(std::uint32_t at) const {
  return syntax_error(span(at, at + 1), "F0122", "this is nested too deeply", "one level too many")
      .help("give the inner parts names of their own");
}

Diagnostic SyntaxErrors::too_many(std::uint32_t at) const {
  return syntax_error(span(at, at + 1), "F0123", "too many errors in this file; the rest of it was not read", "stopped here");
}

Diagnostic SyntaxErrors::interpolated(std::uint32_t begin, std::uint32_t end) const {
  return syntax_error(span(begin, end), "F0131", "this text is read before anything is evaluated; it holds no `\\( )`", "write it out");
}

Diagnostic SyntaxErrors::no_such_date(std::uint32_t begin, std::uint32_t end) const {
  return syntax_error(span(begin, end), "F0118", fmt::format("there is no date or time `{}`", text_.substr(begin, end - begin)),
                      "not in the calendar");
}

Diagnostic SyntaxErrors::block_layout(std::uint32_t begin, std::uint32_t end, std::string_view message, std::string_view label) const {
  return syntax_error(span(begin, end), "F0121", std::string(message), std::string(label))
      .note("the indentation of the closing `\"\"\"` is taken off every line of the text");
}

Diagnostic SyntaxErrors::forbidden_character(std::uint32_t begin, std::uint32_t end, std::uint32_t code_point) const {
  return syntax_error(span(begin, end), "F0103", fmt::format("the character U+{:04X} may not stand in a fleet file", code_point),
                      "does not show, or changes how the line shows")
      .help(fmt::format("in a text write it as `\\u{{{:x}}}`, where it is meant", code_point));
}

Diagnostic SyntaxErrors::dollar_braces(std::uint32_t begin, std::uint32_t end) const {
  const std::string name(text_.substr(begin + 2, end - begin - 3));
  return syntax_error(span(begin, end), "W0101", fmt::format("`${{{}}}` is plain text here", name), "not replaced by a value")
      .help(fmt::format("interpolation is `\\({0})`; where the text is meant, a raw one says so: `r\"…${{{0}}}…\"`", name));
}

}  // namespace muster::lang
