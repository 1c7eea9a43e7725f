#include "lang/syntax_errors.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>
#include <string>
#include <vector>

#include "grammar/scan.hpp"
#include "muster/base/text.hpp"
#include "muster/diag/suggest.hpp"

namespace muster::lang {

using diag::Diagnostic;
using grammar::Expected;

namespace {

using Offset = std::uint32_t;
using Found = std::optional<Diagnostic>;

Diagnostic make(diag::Span span, std::string_view code, std::string message, std::string label = {}) {
  Diagnostic result;
  result.code = code;
  result.severity = code.starts_with('W') ? diag::Severity::warning : diag::Severity::error;
  result.message = std::move(message);
  result.primary = {span, std::move(label)};
  return result;
}

/// A place in the text, and what the messages ask about it.
class Look {
 public:
  Look(diag::SourceId source, std::string_view text, Offset at) : source_(source), text_(text), at_(at) {}

  [[nodiscard]] Offset at() const { return at_; }
  [[nodiscard]] const char* here() const { return text_.data() + at_; }
  [[nodiscard]] const char* end() const { return text_.data() + text_.size(); }
  [[nodiscard]] bool at_end() const { return at_ >= text_.size(); }
  [[nodiscard]] char peek(std::size_t ahead = 0) const { return at_ + ahead < text_.size() ? text_[at_ + ahead] : '\0'; }
  [[nodiscard]] std::string_view rest() const { return text_.substr(std::min<std::size_t>(at_, text_.size())); }
  [[nodiscard]] std::string_view line() const { return rest().substr(0, static_cast<std::size_t>(grammar::line_end(here(), end()) - here())); }
  [[nodiscard]] std::string_view word() const { return grammar::word_at(here(), end()); }
  [[nodiscard]] bool starts(std::string_view what) const { return rest().starts_with(what); }
  [[nodiscard]] bool at_line_end() const { return at_end() || grammar::is_newline(peek()) || peek() == '#'; }
  [[nodiscard]] char before() const { return at_ == 0 ? '\n' : text_[at_ - 1]; }
  [[nodiscard]] diag::Span span(std::size_t size) const {
    return {source_, at_, static_cast<Offset>(std::min<std::size_t>(at_ + size, text_.size()))};
  }
  [[nodiscard]] diag::Span span(Offset begin, Offset end_offset) const { return {source_, begin, end_offset}; }
  /// From here to `end_offset`, without the blanks before that.
  [[nodiscard]] diag::Span trimmed(Offset end_offset) const {
    while (end_offset > at_ && grammar::is_blank(text_[end_offset - 1])) --end_offset;
    return {source_, at_, end_offset};
  }
  [[nodiscard]] Look moved(std::size_t by) const { return {source_, text_, static_cast<Offset>(std::min<std::size_t>(at_ + by, text_.size()))}; }
  [[nodiscard]] Look past_blanks() const { return moved(static_cast<std::size_t>(grammar::skip_blanks(here(), end()) - here())); }
  /// Bytes of the character here.
  [[nodiscard]] std::size_t character() const {
    std::size_t size = 1;
    while ((static_cast<unsigned char>(peek(size)) & 0xc0U) == 0x80U) ++size;
    return size;
  }
  /// The thing that stands here, for "found …": a word, a number, one character.
  [[nodiscard]] std::string_view token() const {
    std::size_t size = word().size();
    if (size == 0 && grammar::is_digit(peek())) {
      while (grammar::is_word_rest(peek(size)) || (peek(size) == '.' && grammar::is_digit(peek(size + 1)))) ++size;
    }
    return rest().substr(0, std::max(size, at_end() ? 0 : character()));
  }

 private:
  diag::SourceId source_;
  std::string_view text_;
  Offset at_;
};

bool is_any(std::string_view word, std::initializer_list<std::string_view> words) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

/// "`else`", "the end of the line", for messages.
std::string described(const Look& look) {
  if (look.at_end()) return "the end of the file";
  if (look.at_line_end()) return "the end of the line";
  return fmt::format("`{}`", escape_for_terminal(look.token()));
}

// ---- habits of other languages: where a value should stand ----

Found quotes(const Look& look) {
  struct Quote {
    std::string_view open;
    std::string_view close;
    std::string_view called;
  };
  static constexpr std::array<Quote, 4> kQuotes = {{{"'", "'", "single quotes"}, {"`", "`", "backquotes"}, {"“", "”", "curly quotes"}, {"‘", "’", "curly quotes"}}};
  for (const Quote& quote : kQuotes) {
    if (!look.starts(quote.open)) continue;
    const std::string_view line = look.line();
    const std::size_t close = line.find(quote.close, quote.open.size());
    const std::size_t size = close == std::string_view::npos ? quote.open.size() : close + quote.close.size();
    Diagnostic result = make(look.span(size), "F0111", fmt::format("texts stand in double quotes, not in {}", quote.called), "write \"…\"");
    if (close != std::string_view::npos) {
      const std::string content(line.substr(quote.open.size(), close - quote.open.size()));
      if (content.find_first_of("\"\\") == std::string::npos) result.fix(look.span(size), "\"" + content + "\"", fmt::format("`\"{}\"`", content));
    }
    return result;
  }
  return {};
}

Found yaml_list(const Look& look) {
  if (look.peek() != '-' || !(grammar::is_blank(look.peek(1)) || grammar::is_newline(look.peek(1)))) return {};
  return make(look.span(1), "F0114", "a list is written in brackets, not with `-`", "an item of a YAML list").help("write `[first, second]`; lines inside brackets are free");
}

Found block_text(const Look& look) {
  const bool yaml = (look.peek() == '|' || look.peek() == '>') && look.moved(1).past_blanks().at_line_end();
  if (!yaml && !look.starts("<<")) return {};
  return make(look.span(yaml ? 1 : 2), "F0124", "there is no value here", "text of several lines is written otherwise")
      .help("put `\"\"\"` here, then the lines, then `\"\"\"` on a line of its own");
}

Found dollar(const Look& look) {
  if (look.peek() != '$' && !look.starts("{{")) return {};
  const std::size_t open = look.peek() == '$' ? (look.peek(1) == '{' ? 2 : 1) : 2;
  const std::string name(look.moved(open).past_blanks().word());
  Diagnostic result = make(look.span(open + name.size()), "F0112", "names are written as they are, without `$` or braces", "not needed here");
  if (!name.empty()) result.help(fmt::format("write `{0}` as a value, and `\\({0})` inside a text", name));
  return result;
}

Found reserved_value(const Look& look) {
  const std::string_view word = look.word();
  if (!grammar::is_reserved(word)) return {};
  Diagnostic result = make(look.span(word.size()), "F0115", fmt::format("`{}` is a word of the language, it cannot stand for a value", word), "expected a value");
  if (word == "if") result.help("put an `if` inside a larger expression in parentheses: `(if a then b else c)`");
  if (word == "for") result.help("a comprehension stands in brackets: `[for x in xs: x]`");
  return result;
}

Found bare_fraction(const Look& look) {
  if (look.peek() != '.' || !grammar::is_digit(look.peek(1))) return {};
  const std::string number(look.moved(1).token());
  return make(look.span(1 + number.size()), "F0117", "a number begins with a digit", "no digit before the point")
      .fix(look.span(0), "0", fmt::format("`0.{}`", number));
}

Found missing_value(const Look& look, Offset behind_last) {
  if (!look.at_line_end() && !is_any(look.rest().substr(0, 1), {",", "}", ")", "]"})) return {};
  return make(look.span(behind_last, behind_last + 1), "F0124", "there is no value here", "a value was expected");
}

Found value_habit(const Look& look, Offset behind_last) {
  for (const auto& habit : {quotes, yaml_list, block_text, dollar, reserved_value, bare_fraction}) {
    if (Found found = habit(look)) return found;
  }
  return missing_value(look, behind_last);
}

// ---- habits: behind a value ----

struct Habit {
  std::string_view text;
  std::string_view code;
  std::string_view message;
  std::string_view help;
};

/// Longer spellings first.
constexpr std::array<Habit, 20> kBehindValue = {{
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
constexpr std::array<Habit, 8> kWordsBehindValue = {{
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
  return make(look.span(1), "F0119", "a minus between two values has a space on both sides", "names may hold a `-`, so this one is in doubt")
      .help("write `a - b`");
}

Found spaced_bracket(const Look& look) {
  if ((look.peek() != '(' && look.peek() != '[') || !grammar::is_blank(look.before())) return {};
  const bool call = look.peek() == '(';
  Offset gap = look.at();
  while (gap > 0 && grammar::is_blank(*(look.here() - (look.at() - gap) - 1))) --gap;
  return make(look.span(1), "F0128", fmt::format("a `{}` touches what it belongs to", look.peek()), call ? "a call, or a forgotten comma?" : "an index, or a forgotten comma?")
      .fix(look.span(gap, look.at()), "", call ? "`name(…)`" : "`name[…]`");
}

Found behind_value_habit(const Look& look) {
  if (Found found = spaced_minus(look)) return found;
  const std::string_view word = look.word();
  for (const Habit& habit : kWordsBehindValue) {
    if (word == habit.text) return make(look.span(word.size()), habit.code, std::string(habit.message)).help(std::string(habit.help));
  }
  if (!word.empty()) return {};
  for (const Habit& habit : kBehindValue) {
    if (look.starts(habit.text)) return make(look.span(habit.text.size()), habit.code, std::string(habit.message)).help(std::string(habit.help));
  }
  if (Found found = spaced_bracket(look)) return found;
  if (is_any(look.rest().substr(0, 1), {")", "]"})) {
    return make(look.span(1), "F0129", fmt::format("this `{}` closes nothing", look.peek()), "has no partner");
  }
  if (look.peek() == '"' && look.before() == '"') {
    return make(look.span(1), "F0101", "a text ended just before this quote", "what is this one?").help("a quote inside a text is written `\\\"`");
  }
  if (look.peek() == '"') {
    return make(look.span(1), "F0128", "two values stand side by side", "a second one").help("join texts inside one: `\"\\(a) and \\(b)\"`, or with `+`");
  }
  return {};
}

// ---- habits: statements and declarations ----

Found labelled_block(const Look& look) {
  const std::string_view word = look.word();
  Look next = look.moved(word.size()).past_blanks();
  if (word.empty()) return {};
  std::vector<std::string> labels;
  while (next.peek() == '"' || grammar::is_word_start(next.peek())) {
    const char* const quote = next.peek() == '"' ? grammar::closing_quote(next.here(), next.end()) : nullptr;
    if (next.peek() == '"' && quote == nullptr) return {};
    const std::size_t size = quote == nullptr ? next.word().size() : static_cast<std::size_t>(quote + 1 - next.here());
    labels.emplace_back(next.rest().substr(0, size));
    next = next.moved(size).past_blanks();
  }
  if (labels.empty() || next.peek() != '{') return {};
  std::string named = labels.back();
  std::erase(named, '"');
  return make(look.trimmed(next.at()), "F0105", fmt::format("blocks have no labels: `{}` sets fields of one record", word), "labels of another language")
      .help(fmt::format("write `{} {{ … }}`, or a map: `{} = {{ {} = {{ … }} }}`", word, word, named.empty() ? "name" : named));
}

Found control_statement(const Look& look) {
  static constexpr std::array<std::string_view, 9> kControl = {"if", "else", "elif", "while", "switch", "match", "unless", "foreach", "when"};
  const std::string_view word = look.word();
  if (std::find(kControl.begin(), kControl.end(), word) == kControl.end()) return {};
  return make(look.span(word.size()), "F0133", fmt::format("there are no conditional statements: `{}` cannot stand here", word), "a field, a block or `in …` was expected")
      .help("choose inside the value, `x = if a then b else c`, or by environment, `in production { x = … }`");
}

Found lone_word(const Look& look) {
  const std::string_view word = look.word();
  if (word.empty()) return {};
  const Look next = look.moved(word.size()).past_blanks();
  if (!next.at_line_end() && next.peek() != ',' && next.peek() != '}') return {};
  if (grammar::is_reserved(word)) return {};
  return make(look.span(word.size()), "F0127", fmt::format("`{}` alone says nothing", word), "a field needs a value").help(fmt::format("write `{} = …`, or `{} {{ … }}`", word, word));
}

Found binding(const Look& look) {
  const std::string_view word = look.word();
  if (!is_any(word, {"var", "val", "def", "set", "local", "const"})) return {};
  return make(look.span(word.size()), "F0127", fmt::format("there is no `{}` statement", word), "a field, a block or `in …` was expected")
      .help("a field is `name = value`; in a kind, `let name = value` names a value");
}

Found declaration_inside(const Look& look) {
  const std::string_view word = look.word();
  if (!grammar::starts_declaration(look.here(), look.end())) return {};
  return make(look.span(word.size()), "F0106", fmt::format("`{}` stands at the top of a file, in column 1", word), "a declaration inside another");
}

Found foreign_comment_here(const Look& look) {
  if (!look.starts("//") && !look.starts("/*") && !look.starts("--")) return {};
  return make(look.span(2), "F0109", "comments begin with `#`", "not a comment here").fix(look.span(2), "#", "`#`");
}

Found modifier(const Look& look) {
  if (look.word() != "locked") return {};
  return make(look.span(look.word().size()), "F0127", "`locked` stands before a field or a block", "what is locked?").help("write `locked run_as_root = false`");
}

Found locked_field_list(const Look& look) {
  const std::string_view word = look.word();
  const Look next = look.moved(word.size()).past_blanks();
  if (word.empty() || next.at_line_end()) return {};
  const std::string_view token = next.token();
  if (!is_any(token.substr(0, 1), {"\"", "["}) && !grammar::is_digit(token.front()) && !grammar::is_word_start(token.front())) return {};
  if (grammar::is_reserved(word) || is_any(word, {"param", "let", "output", "require", "object", "patch", "expect"})) return {};
  return make(next.span(token.size()), "F0129", fmt::format("expected `=` behind `{}`, found `{}`", word, escape_for_terminal(token)), "a field is set with `=`")
      .fix(next.span(0), "= ", fmt::format("`{} = {}`", word, escape_for_terminal(token)));
}

Found merge_conflict(const Look& look) {
  for (const std::string_view mark : {"<<<<<<<", "=======", ">>>>>>>", "|||||||"}) {
    if (look.before() == '\n' && look.starts(mark)) {
      return make(look.span(look.line().size()), "F0135", "a merge left its conflict here", "a mark of git's").help("choose one side, and remove the marks");
    }
  }
  return {};
}

Found statement_habit(const Look& look) {
  for (const auto& habit : {merge_conflict, yaml_list, foreign_comment_here, control_statement, declaration_inside, labelled_block, lone_word, binding, modifier, locked_field_list}) {
    if (Found found = habit(look)) return found;
  }
  return {};
}

Found field_outside(const Look& look) {
  if (!grammar::starts_field(look.here(), look.end())) return {};
  const std::string_view word = look.word();
  const std::string_view shown = word.empty() ? "this field" : word;
  if (is_any(word, {"apiVersion", "kind", "metadata", "spec", "version", "services", "image", "name"}) && look.moved(word.size()).peek() == ':') {
    return make(look.span(word.size() + 1), "F0105", "this is YAML", fmt::format("`{}:` begins no declaration", word))
        .help("fleet files declare: `service web : std.web { … }`; plain manifests stay in their repository, see `std.manifests`");
  }
  return make(look.span(std::max<std::size_t>(word.size(), 1)), "F0132", fmt::format("`{}` stands outside of any declaration", shown), "whose field is this?")
      .help("fields stand between the braces of a declaration; is there a `}` too many above?");
}

Found terraform(const Look& look) {
  const std::string_view word = look.word();
  if (look.moved(word.size()).past_blanks().peek() != '"' && !is_any(word, {"terraform", "locals", "resource", "variable", "provider"})) return {};
  if (word.empty()) return {};
  const bool known = is_any(word, {"resource", "module", "data", "variable", "provider", "output", "locals", "terraform"});
  const Look brace = look.moved(look.line().find('{'));
  const Offset end = look.line().find('{') == std::string_view::npos ? look.at() + static_cast<Offset>(word.size()) : brace.at();
  return make(look.trimmed(end), "F0105", known ? "this is Terraform syntax" : fmt::format("there is no declaration `{}` with quoted labels", word),
              fmt::format("`{}` with quoted labels", word))
      .help("fleet files declare services; write `service web : KIND { … }`");
}

Found other_format(const Look& look) {
  if (look.peek() == '}') return make(look.span(1), "F0132", "this `}` closes nothing", "has no partner").help("is there a `}` too many above?");
  if (look.starts("---") || look.starts("%YAML")) {
    return make(look.span(3), "F0105", "this is YAML", "begins no declaration").help("fleet files declare: `service web : std.web { … }`");
  }
  if (look.peek() == '{' || look.peek() == '[') {
    return make(look.span(1), "F0105", "this is JSON", "begins no declaration").help("fleet files declare: `service web : std.web { … }`");
  }
  return {};
}

Found declaration_habit(const Look& look) {
  for (const auto& habit : {merge_conflict, foreign_comment_here, yaml_list, field_outside, terraform, other_format}) {
    if (Found found = habit(look)) return found;
  }
  return {};
}

// ---- habits: names, types, heads ----

Found name_habit(const Look& look, Offset behind_last) {
  const std::string_view word = look.word();
  if (grammar::is_reserved(word)) {
    return make(look.span(word.size()), "F0115", fmt::format("`{}` is a word of the language, nothing can be called that", word), "a name was expected")
        .help(fmt::format("`{}_` or any longer name will do", word));
  }
  if (look.peek() == '"') {
    const char* const quote = grammar::closing_quote(look.here(), look.end());
    const std::size_t size = quote == nullptr ? 1 : static_cast<std::size_t>(quote + 1 - look.here());
    Diagnostic result = make(look.span(size), "F0125", "names are written without quotes", "a name was expected");
    const std::string_view inner = size > 2 ? look.rest().substr(1, size - 2) : std::string_view();
    if (!inner.empty() && grammar::word_at(inner.data(), inner.data() + inner.size()) == inner) result.fix(look.span(size), std::string(inner), fmt::format("`{}`", inner));
    return result;
  }
  if (grammar::is_digit(look.peek())) {
    return make(look.span(look.token().size()), "F0125", "a name begins with a letter", "begins with a digit");
  }
  if (static_cast<unsigned char>(look.peek()) >= 0x80U) {
    return make(look.span(look.character()), "F0125", "names are made of the letters a to z, digits, `_` and single `-`", "another character");
  }
  if (look.at_line_end()) return make(look.span(behind_last, behind_last + 1), "F0125", "a name is missing", "expected here");
  return {};
}

Found environment_habit(const Look& look, Offset behind_last) {
  if (look.word() == "if" || look.peek() == '(' || look.peek() == '[') {
    return make(look.span(std::max<std::size_t>(1, look.word().size())), "F0134", "`in` names environments or groups, never an expression", "a name was expected")
        .help("write `in production, staging { … }`");
  }
  return name_habit(look, behind_last);
}

Found body_habit(const Look& look, Offset behind_last, Offset begin) {
  if (grammar::is_newline(look.peek()) || look.at_end() || look.peek() == '#') {
    const char* const next = grammar::skip_lines(look.here(), look.end(), [](const char*) {});
    Diagnostic result = make(look.span(behind_last, behind_last + 1), "F0130", "the body `{ … }` is missing", "`{` was expected here");
    if (next != look.end() && *next == '{') result.help("the `{` stands on the same line");
    return result;
  }
  if (static_cast<unsigned char>(look.peek()) >= 0x80U) return name_habit(look, behind_last);
  const std::string_view token = look.token();
  if (!look.word().empty() && look.line().find('{') != std::string_view::npos && grammar::is_blank(look.before())) {
    return make(look.span(look.word().size()), "F0130", fmt::format("expected `{{`, found {}", described(look)), "is this its kind?")
        .fix(look.span(0), ": ", fmt::format("`: {}`, where it is the kind", look.word()));
  }
  if (is_any(token, {"==", "=", "!", "."}) && begin != look.at()) {
    return make(look.span(token.size()), "F0134", "`in` names environments or groups, never an expression", "`{` was expected").help("write `in production, staging { … }`");
  }
  if (token == ":" || token == "=") {
    return make(look.span(token.size()), "F0130", fmt::format("a body follows without `{}`", token), "not needed").fix(look.span(token.size()), "", "leave it out");
  }
  return {};
}

struct Words {
  std::string_view code;
  std::string_view what;
};

/// In the order of Expected.
constexpr std::array<Words, 33> kWords = {{
    {"F0124", "a value"},
    {"F0125", "a name"},
    {"F0125", "the name of what is declared"},
    {"F0104", "an entity word such as `service` or `environment`"},
    {"F0125", "the name of a kind"},
    {"F0126", "a type"},
    {"F0125", "the name of a field"},
    {"F0125", "the name of an environment or group"},
    {"F0129", "`:`"},
    {"F0129", "`=`, `+=`, `-=` or `{`"},
    {"F0129", "`=`"},
    {"F0129", "`->` and the type of the result"},
    {"F0129", "`else`"},
    {"F0129", "`then`"},
    {"F0129", "`in`"},
    {"F0129", "`for`"},
    {"F0130", "`{`"},
    {"F0129", "the parameters in parentheses"},
    {"F0129", "a text in double quotes"},
    {"F0101", "`\"`"},
    {"F0101", "`\"`"},
    {"F0101", "`\"\"\"`"},
    {"F0131", "`)`"},
    {"F0128", "the end of the value"},
    {"F0129", "the end of the declaration"},
    {"F0127", "a field, a block or `in …`"},
    {"F0104", "a declaration"},
    {"F0117", "the end of the number"},
    {"F0129", "the code of an error, like `F0201`"},
    {"F0125", "the name of a value"},
    {"F0129", "a field with its type, like `port: int`"},
    {"F0129", "`= TYPE` or `{ fields }`"},
    {"F0129", "an entry, like `name = value`"},
}};
static_assert(kWords.size() == static_cast<std::size_t>(Expected::entry) + 1);

Diagnostic string_end(const Look& look, Expected what, Offset begin) {
  if (what == Expected::raw_string_end && look.peek() == '"') {
    return make(look.span(1), "F0101", "a raw text stands on one line and holds no quote", "a second quote")
        .help("text of several lines stands between `\"\"\"` and `\"\"\"`");
  }
  const bool block = what == Expected::block_string_end;
  const Offset end = block ? begin + 3 : look.at();
  Diagnostic result = make(look.span(begin, end), "F0101", "this string never ends",
                           block ? "opened here; no `\"\"\"` closes it" : "opened here; strings end on the same line");
  if (!block) result.fix(look.span(0), "\"", "add `\"` at the end of the line");
  return result;
}

Diagnostic interpolation_end(const Look& look, Offset begin) {
  if (!look.at_line_end() && look.peek() != '"') {
    if (Found habit = behind_value_habit(look)) return *habit;
    return make(look.span(look.token().size()), "F0131", fmt::format("expected `)` to close `\\(`, found {}", described(look)), "one value stands in `\\( )`");
  }
  return make(look.span(begin, look.at()), "F0131", "this `\\(` is not closed in its text", "the text opened here").help("write `\"\\(name)\"`; for the two characters themselves, `\"\\\\(\"`");
}

Diagnostic number_end(const Look& look, Offset begin) {
  const Look& after = look;
  std::size_t behind = 0;
  while (grammar::is_word_rest(look.peek(behind)) || is_any(look.moved(behind).rest().substr(0, 1), {".", "-", "%", ":"})) ++behind;
  const std::size_t size = look.at() - begin + behind;
  const std::string_view whole(look.here() - (look.at() - begin), size);
  const diag::Span span = look.span(begin, begin + static_cast<Offset>(size));
  if (after.peek() == '-' && whole.size() >= 6 && whole.find('-') == 4 && grammar::is_digit(after.peek(1))) {
    return make(span, "F0118", "a date is written with two digits for month and day", "not a date yet").help("like `2026-01-05`, or `2026-01-05T18:00`");
  }
  if (after.peek() == '-') {
    return make(look.span(1), "F0119", "a minus between two values has a space on both sides", "touches a number").help("write `5 - 3`");
  }
  if (std::count(whole.begin(), whole.end(), '.') > 1) {
    return make(span, "F0117", fmt::format("`{}` is no number", whole), "several points").fix(span, fmt::format("\"{}\"", whole), fmt::format("`\"{}\"`, a text", whole));
  }
  if (whole.find('_') != std::string_view::npos) {
    std::string plain(whole);
    std::erase(plain, '_');
    return make(span, "F0117", "numbers hold no `_`", "write the digits alone").fix(span, plain, fmt::format("`{}`", plain));
  }
  if (whole.find('%') != std::string_view::npos) {
    return make(span, "F0117", "a `%` that touches a number is percent, and ends it", "not a number").help("write `5 % 2` for the remainder, `50%` for a share");
  }
  return make(span, "F0117", fmt::format("`{}` is no number", whole), "one number has one unit").help("like `250m`, `90min`, `256Mi`, `50%`; anything else is a text, `\"…\"`");
}

}  // namespace

std::uint32_t SyntaxErrors::behind_last(std::uint32_t at) const {
  // Comments between are passed over too: the last character that means something.
  Offset line_begin = at;
  for (;;) {
    while (at > 0 && (grammar::is_blank(text_[at - 1]) || grammar::is_newline(text_[at - 1]))) --at;
    line_begin = at;
    while (line_begin > 0 && text_[line_begin - 1] != '\n') --line_begin;
    const char* const first = grammar::skip_blanks(text_.data() + line_begin, text_.data() + at);
    if (at == 0 || *first != '#') return at;
    at = line_begin;
  }
}

Diagnostic SyntaxErrors::expected(Expected what, std::uint32_t at, std::uint32_t begin) const {
  const Look look(source_, text_, at);
  const Offset last = behind_last(at);
  Found habit;
  switch (what) {
    case Expected::string_end:
    case Expected::raw_string_end:
    case Expected::block_string_end: return string_end(look, what, begin);
    case Expected::interpolation_end: return interpolation_end(look, begin);
    case Expected::number_end: return number_end(look, begin);
    case Expected::value: habit = value_habit(look, last); break;
    case Expected::end_of_value:
    case Expected::then:
    case Expected::else_: habit = behind_value_habit(look); break;
    case Expected::statement: habit = statement_habit(look); break;
    case Expected::entry:
      habit = look.peek() == '{' && look.before() == '{' ? dollar(Look(source_, text_, at - 1)) : statement_habit(look);
      break;
    case Expected::declaration: habit = declaration_habit(look); break;
    case Expected::body: habit = body_habit(look, last, begin); break;
    case Expected::environment: habit = environment_habit(look, last); break;
    case Expected::name:
    case Expected::entity_name:
    case Expected::path:
    case Expected::enum_value: habit = name_habit(look, last); break;
    case Expected::type:
      habit = look.peek() == '{' ? make(look.span(1), "F0126", "a type is written by its name", "a record has none here").help("a record is declared: `type Probe { path: string }`")
                                 : name_habit(look, last);
      break;
    case Expected::member:
      habit = look.peek() == '.' ? behind_value_habit(Look(source_, text_, at - 1)) : name_habit(look, last);
      break;
    case Expected::colon:
      if (grammar::is_word_start(look.peek())) {
        return make(look.span(look.word().size()), "F0129", fmt::format("expected `:`, found {}", described(look)), "its type?").fix(span(last, last), ":", "add `:` before it");
      }
      break;
    case Expected::plain_text: habit = quotes(look); break;
    case Expected::end_of_declaration:
      habit = behind_value_habit(look);
      if (grammar::starts_declaration(look.here(), look.end())) habit = make(look.span(look.word().size()), "F0106", "each declaration begins on a line of its own, in column 1", "begins here");
      break;
    default: break;
  }
  if (habit) return *habit;
  const Words& words = kWords.at(static_cast<std::size_t>(what));
  const diag::Span span = look.at_line_end() ? this->span(last, last + 1) : look.span(look.token().size());
  return make(span, words.code, fmt::format("expected {}, found {}", words.what, described(look)), "expected here");
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
  const bool first = line != std::string_view::npos && line > open && line_before.find_first_not_of(" \t", line + 1) == std::string_view::npos;
  return first && grammar::starts_assignment(text_.data() + at, text_.data() + text_.size());
}

Diagnostic SyntaxErrors::unclosed(std::uint32_t open, std::uint32_t at) const {
  const char bracket = text_[open];
  const char partner = bracket == '{' ? '}' : bracket == '[' ? ']' : ')';
  const Look look(source_, text_, at);
  if (!cuts_short(open, at)) {
    if (Found habit = behind_value_habit(look)) return *habit;
    return make(look.span(std::max<std::size_t>(1, look.token().size())), "F0129", fmt::format("expected `,` or `{}`, found {}", partner, described(look)), "does not belong here")
        .also(span(open, open + 1), "opened here");
  }
  Diagnostic result = make(span(open, open + 1), "F0102", fmt::format("this `{}` is never closed", bracket), "has no partner");
  if (at >= text_.size()) return result.help(fmt::format("add `{}`", partner));
  const char* const end = text_.data() + text_.size();
  const Offset next = at_boundary(at) ? static_cast<Offset>(grammar::next_line(look.here(), end) - text_.data()) : at;
  const Look there(source_, text_, next);
  const std::string_view why = at_boundary(at) ? "a new declaration starts here, so `{}` belongs before it"
                               : there.word().empty() ? "something else is closed here, so `{}` belongs before it"
                                                      : "a new field starts here, so `{}` belongs before it";
  return result.also(there.span(std::max<std::size_t>(1, there.word().size())), fmt::format(fmt::runtime(why), partner));
}

Diagnostic SyntaxErrors::assignment(std::uint32_t begin, std::uint32_t end) const {
  const std::string_view written = text_.substr(begin, end - begin);
  if (written.starts_with(':')) return make(span(begin, end), "F0107", fmt::format("a value is given with `=`, not with `{}`", written), "write `=`").fix(span(begin, end), written.size() == 1 && begin > 0 && !grammar::is_blank(text_[begin - 1]) ? " =" : "=", "`=`");
  return make(span(begin, end), "F0108", written == "=>" ? "a value is given with `=`" : fmt::format("`{}` compares; a field is set with `=`", written),
              written == "=>" ? "write `=`" : "comparison in field position")
      .fix(span(begin, end), "=", "`=`");
}

Diagnostic SyntaxErrors::foreign_operator(std::uint32_t begin, std::uint32_t end, std::string_view ours) const {
  return make(span(begin, end), "F0112", fmt::format("`{}` is written `{}`", text_.substr(begin, end - begin), ours), fmt::format("write `{}`", ours))
      .fix(span(begin, end), ours == "not" ? "not " : std::string(ours), fmt::format("`{}`", ours));
}

Diagnostic SyntaxErrors::foreign_comment(std::uint32_t begin, std::uint32_t end) const {
  const std::string_view open = text_.substr(begin, 2);
  Diagnostic result = make(span(begin, end), "F0109", fmt::format("comments begin with `#`, not with `{}`", open), "meant as a comment?");
  return open == "//" ? result.fix(span(begin, begin + 2), "#", "`#`") : result.help("put `#` before each line of the comment");
}

Diagnostic SyntaxErrors::semicolon(std::uint32_t begin, std::uint32_t end) const {
  return make(span(begin, end), "F0110", "nothing ends with `;`", "not needed").fix(span(begin, end), "", "leave it out; a new line or `,` separates");
}

Diagnostic SyntaxErrors::missing_comma(std::uint32_t at) const {
  const Offset last = behind_last(at);
  const Look look(source_, text_, at);
  return make(look.span(look.token().size()), "F0113", "there is a `,` between two elements", "a second element begins here").fix(span(last, last), ",", "add `,` before it");
}

Diagnostic SyntaxErrors::missing_separator(std::uint32_t at) const {
  const Offset last = behind_last(at);
  const Look look(source_, text_, at);
  return make(look.span(look.token().size()), "F0128", "two statements on one line are separated by `,`", "the second one begins here").fix(span(last, last), ",", "add `,` before it");
}

Diagnostic SyntaxErrors::wrong_column(std::uint32_t at) const {
  const Look look(source_, text_, at);
  Offset begin = at;
  while (begin > 0 && grammar::is_blank(text_[begin - 1])) --begin;
  return make(look.span(look.word().size()), "F0106", fmt::format("`{}` stands in column 1", look.word()), "is indented")
      .note("so an unclosed brace can never swallow the next declaration")
      .fix(span(begin, at), "", "remove the indentation");
}

Diagnostic SyntaxErrors::unknown_declaration(std::uint32_t begin, std::uint32_t end) const {
  const std::string word(text_.substr(begin, end - begin));
  Diagnostic result = make(span(begin, end), "F0104", fmt::format("there is no declaration called `{}`", word), "unknown");
  if (is_any(word, {"in", "object", "patch", "param", "let", "output", "require", "locked"})) {
    return result.label("stands inside a declaration").help(fmt::format("`{}` belongs between the braces of a declaration; is there a `}}` too many above?", word));
  }
  std::vector<std::string_view> words(grammar::kEntityWordTexts.begin(), grammar::kEntityWordTexts.end());
  words.insert(words.end(), grammar::kDeclarationWords.begin(), grammar::kDeclarationWords.end());
  const std::string_view near = diag::nearest(word, words);
  if (!near.empty()) return result.fix(span(begin, end), std::string(near), fmt::format("`{}`", near));
  return result.help("declarations are: service, environment, target, group, team, fleet, defaults, kind, fn, type, enum, const, freeze, forge, registry, repository, image, notify, rule, import, waive, test");
}

Diagnostic SyntaxErrors::stray_brace(std::uint32_t at) const {
  return make(span(at, at + 1), "F0132", "this `}` closes nothing", "has no partner").help("is there a `}` too many above?");
}

Diagnostic SyntaxErrors::bad_escape(std::uint32_t begin, std::uint32_t end) const {
  const std::string shown = escape_for_terminal(text_.substr(begin, end - begin));
  if (end - begin > 3) return make(span(begin, end), "F0116", fmt::format("`{}` is no character that a text may hold", shown), "a control character, or none at all");
  Diagnostic result = make(span(begin, end), "F0116", fmt::format("`{}` is no escape", shown), "known: \\n \\t \\r \\\" \\\\ \\u{…} and \\(value)");
  return result.fix(span(begin, begin), "\\", fmt::format("`\\{}` for the characters themselves, or a raw text r\"…\"", shown));
}

Diagnostic SyntaxErrors::chained_comparison(std::uint32_t earlier, std::uint32_t begin, std::uint32_t end) const {
  return make(span(begin, end), "F0120", "comparisons do not chain", "a second comparison")
      .also(span(earlier, earlier + 1), "the first one")
      .help("write `a < b and b < c`");
}

Diagnostic SyntaxErrors::too_deep(std::uint32_t at) const {
  return make(span(at, at + 1), "F0122", "this is nested too deeply", "one level too many").help("give the inner parts names of their own");
}

Diagnostic SyntaxErrors::too_many(std::uint32_t at) const {
  return make(span(at, at + 1), "F0123", "too many errors in this file; the rest of it was not read", "stopped here");
}

Diagnostic SyntaxErrors::interpolated(std::uint32_t begin, std::uint32_t end) const {
  return make(span(begin, end), "F0131", "this text is read before anything is evaluated; it holds no `\\( )`", "write it out");
}

Diagnostic SyntaxErrors::no_such_date(std::uint32_t begin, std::uint32_t end) const {
  return make(span(begin, end), "F0118", fmt::format("there is no date or time `{}`", text_.substr(begin, end - begin)), "not in the calendar");
}

Diagnostic SyntaxErrors::block_layout(std::uint32_t begin, std::uint32_t end, std::string_view message, std::string_view label) const {
  return make(span(begin, end), "F0121", std::string(message), std::string(label))
      .note("the indentation of the closing `\"\"\"` is taken off every line of the text");
}

Diagnostic SyntaxErrors::forbidden_character(std::uint32_t begin, std::uint32_t end, std::uint32_t code_point) const {
  return make(span(begin, end), "F0103", fmt::format("the character U+{:04X} may not stand in a fleet file", code_point), "does not show, or changes how the line shows")
      .help(fmt::format("in a text write it as `\\u{{{:x}}}`, where it is meant", code_point));
}

Diagnostic SyntaxErrors::dollar_braces(std::uint32_t begin, std::uint32_t end) const {
  const std::string name(text_.substr(begin + 2, end - begin - 3));
  return make(span(begin, end), "W0101", fmt::format("`${{{}}}` is plain text here", name), "not replaced by a value")
      .help(fmt::format("interpolation is `\\({0})`; where the text is meant, a raw one says so: `r\"…${{{0}}}…\"`", name));
}

}  // namespace muster::lang
