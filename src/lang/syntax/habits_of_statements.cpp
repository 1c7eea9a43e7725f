#include "lang/syntax/habits.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <vector>

#include "muster/base/text.hpp"

namespace muster::lang {

namespace {

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
  return syntax_error(look.trimmed(next.at()), "F0105", fmt::format("blocks have no labels: `{}` sets fields of one record", word),
                      "labels of another language")
      .help(fmt::format("write `{} {{ … }}`, or a map: `{} = {{ {} = {{ … }} }}`", word, word, named.empty() ? "name" : named));
}

Found control_statement(const Look& look) {
  static constexpr std::array<std::string_view, 9> kControl = {"if",    "else",   "elif",    "while", "switch",
                                                               "match", "unless", "foreach", "when"};
  const std::string_view word = look.word();
  if (std::find(kControl.begin(), kControl.end(), word) == kControl.end()) return {};
  return syntax_error(look.span(word.size()), "F0133", fmt::format("there are no conditional statements: `{}` cannot stand here", word),
                      "a field, a block or `in …` was expected")
      .help("choose inside the value, `x = if a then b else c`, or by environment, `in production { x = … }`");
}

Found lone_word(const Look& look) {
  const std::string_view word = look.word();
  if (word.empty()) return {};
  const Look next = look.moved(word.size()).past_blanks();
  if (!next.at_line_end() && next.peek() != ',' && next.peek() != '}') return {};
  if (grammar::is_reserved(word)) return {};
  return syntax_error(look.span(word.size()), "F0127", fmt::format("`{}` alone says nothing", word), "a field needs a value")
      .help(fmt::format("write `{} = …`, or `{} {{ … }}`", word, word));
}

Found binding(const Look& look) {
  const std::string_view word = look.word();
  if (!is_any(word, {"var", "val", "def", "set", "local", "const"})) return {};
  return syntax_error(look.span(word.size()), "F0127", fmt::format("there is no `{}` statement", word),
                      "a field, a block or `in …` was expected")
      .help("a field is `name = value`; in a kind, `let name = value` names a value");
}

Found declaration_inside(const Look& look) {
  const std::string_view word = look.word();
  if (!grammar::starts_declaration(look.here(), look.end())) return {};
  return syntax_error(look.span(word.size()), "F0106", fmt::format("`{}` stands at the top of a file, in column 1", word),
                      "a declaration inside another");
}

Found foreign_comment_here(const Look& look) {
  if (!look.starts("//") && !look.starts("/*") && !look.starts("--")) return {};
  return syntax_error(look.span(2), "F0109", "comments begin with `#`", "not a comment here").fix(look.span(2), "#", "`#`");
}

Found modifier(const Look& look) {
  if (look.word() != "locked") return {};
  return syntax_error(look.span(look.word().size()), "F0127", "`locked` stands before a field or a block", "what is locked?")
      .help("write `locked run_as_root = false`");
}

Found locked_field_list(const Look& look) {
  const std::string_view word = look.word();
  const Look next = look.moved(word.size()).past_blanks();
  if (word.empty() || next.at_line_end()) return {};
  const std::string_view token = next.token();
  if (!is_any(token.substr(0, 1), {"\"", "["}) && !grammar::is_digit(token.front()) && !grammar::is_word_start(token.front())) return {};
  if (grammar::is_reserved(word) || is_any(word, {"param", "let", "output", "require", "object", "patch", "expect"})) return {};
  return syntax_error(next.span(token.size()), "F0129",
                      fmt::format("expected `=` behind `{}`, found `{}`", word, escape_for_terminal(token)), "a field is set with `=`")
      .fix(next.span(0), "= ", fmt::format("`{} = {}`", word, escape_for_terminal(token)));
}

Found merge_conflict(const Look& look) {
  for (const std::string_view mark : {"<<<<<<<", "=======", ">>>>>>>", "|||||||"}) {
    if (look.before() == '\n' && look.starts(mark)) {
      return syntax_error(look.span(look.line().size()), "F0135", "a merge left its conflict here", "a mark of git's")
          .help("choose one side, and remove the marks");
    }
  }
  return {};
}

Found field_outside(const Look& look) {
  if (!grammar::starts_field(look.here(), look.end())) return {};
  const std::string_view word = look.word();
  const std::string_view shown = word.empty() ? "this field" : word;
  if (is_any(word, {"apiVersion", "kind", "metadata", "spec", "version", "services", "image", "name"}) &&
      look.moved(word.size()).peek() == ':') {
    return syntax_error(look.span(word.size() + 1), "F0105", "this is YAML", fmt::format("`{}:` begins no declaration", word))
        .help("fleet files declare: `service web : std.web { … }`; plain manifests stay in their repository, see `std.manifests`");
  }
  return syntax_error(look.span(std::max<std::size_t>(word.size(), 1)), "F0132",
                      fmt::format("`{}` stands outside of any declaration", shown), "whose field is this?")
      .help("fields stand between the braces of a declaration; is there a `}` too many above?");
}

Found terraform(const Look& look) {
  const std::string_view word = look.word();
  if (look.moved(word.size()).past_blanks().peek() != '"' && !is_any(word, {"terraform", "locals", "resource", "variable", "provider"}))
    return {};
  if (word.empty()) return {};
  const bool known = is_any(word, {"resource", "module", "data", "variable", "provider", "output", "locals", "terraform"});
  const Look brace = look.moved(look.line().find('{'));
  const Offset end = look.line().find('{') == std::string_view::npos ? look.at() + static_cast<Offset>(word.size()) : brace.at();
  return syntax_error(look.trimmed(end), "F0105",
                      known ? "this is Terraform syntax" : fmt::format("there is no declaration `{}` with quoted labels", word),
                      fmt::format("`{}` with quoted labels", word))
      .help("fleet files declare services; write `service web : KIND { … }`");
}

Found other_format(const Look& look) {
  if (look.peek() == '}')
    return syntax_error(look.span(1), "F0132", "this `}` closes nothing", "has no partner").help("is there a `}` too many above?");
  if (look.starts("---") || look.starts("%YAML")) {
    return syntax_error(look.span(3), "F0105", "this is YAML", "begins no declaration")
        .help("fleet files declare: `service web : std.web { … }`");
  }
  if (look.peek() == '{' || look.peek() == '[') {
    return syntax_error(look.span(1), "F0105", "this is JSON", "begins no declaration")
        .help("fleet files declare: `service web : std.web { … }`");
  }
  return {};
}

}  // namespace

Found statement_habit(const Look& look) {
  for (const auto& habit : {merge_conflict, yaml_list_habit, foreign_comment_here, control_statement, declaration_inside, labelled_block,
                            lone_word, binding, modifier, locked_field_list}) {
    if (Found found = habit(look)) return found;
  }
  return {};
}

Found entry_habit(const Look& look) {
  return look.peek() == '{' && look.before() == '{' ? dollar_habit(look.one_back()) : statement_habit(look);
}

Found declaration_habit(const Look& look) {
  for (const auto& habit : {merge_conflict, foreign_comment_here, yaml_list_habit, field_outside, terraform, other_format}) {
    if (Found found = habit(look)) return found;
  }
  return {};
}

Found end_of_declaration_habit(const Look& look) {
  if (!grammar::starts_declaration(look.here(), look.end())) return behind_value_habit(look);
  return syntax_error(look.span(look.word().size()), "F0106", "each declaration begins on a line of its own, in column 1", "begins here");
}

}  // namespace muster::lang
