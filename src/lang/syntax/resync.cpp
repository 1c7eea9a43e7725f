#include "lang/syntax/resync.hpp"

#include <algorithm>
#include <string_view>
#include <vector>

#include "grammar/scan.hpp"

namespace muster::lang {
namespace {

/// Behind a text that opens at `at`: simple, or `"""`. A simple one that never closes ends with its line.
const char* skip_text(const char* at, const char* end) {
  const std::string_view rest(at, static_cast<std::size_t>(end - at));
  if (rest.starts_with("\"\"\"")) {
    const std::size_t close = rest.find("\"\"\"", 3);
    return close == std::string_view::npos ? grammar::line_end(at, end) : at + close + 3;
  }
  const char* const quote = grammar::closing_quote(at, end);
  return quote == nullptr ? grammar::line_end(at, end) : quote + 1;
}

char partner_of(char closing) { return closing == '}' ? '{' : closing == ']' ? '[' : '('; }

/// The end of the statement or entry that begins at `at`: a newline, `,` or `}` outside of its own brackets.
const char* end_of_statement(const char* at, const char* failed, const char* end) {
  std::vector<char> open;
  while (at != end) {
    const char c = *at;
    if (c == '"') {
      at = skip_text(at, end);
      continue;
    }
    if (c == '#') {
      at = grammar::line_end(at, end);
      continue;
    }
    if (c == '{' || c == '[' || c == '(') {
      open.push_back(c);
    } else if (c == '}' || c == ']' || c == ')') {
      // A closing bracket closes the nearest of its kind; what is open inside was forgotten. A `}` of nobody here is the
      // body's around us.
      const auto found = std::find(open.rbegin(), open.rend(), partner_of(c));
      if (found != open.rend()) {
        open.erase(std::prev(found.base()), open.end());
      } else if (c == '}') {
        return at;
      }
    } else if (grammar::is_newline(c)) {
      const char* const next = grammar::next_line(at, end);
      if (grammar::starts_declaration(next, end)) return at;
      if (open.empty() && at >= failed) return at;
      const bool new_field =
          !open.empty() && open.back() == '[' && at >= failed && grammar::starts_assignment(grammar::skip_blanks(next, end), end);
      if (new_field) return at;
    } else if (c == ',' && open.empty() && at >= failed) {
      return at;
    }
    ++at;
  }
  return at;
}

std::size_t indentation(const char* line, const char* end) { return static_cast<std::size_t>(grammar::skip_blanks(line, end) - line); }

/// YAML's lists and blocks of text go on below their first line: they are one error.
const char* past_foreign_lines(const char* text, const char* begin, const char* failed, const char* to, const char* end) {
  if (failed == end || (*failed != '-' && *failed != '|' && *failed != '>')) return to;
  const char* line = begin;
  while (line != text && line[-1] != '\n') --line;
  const std::size_t margin = indentation(line, end);
  while (to != end && grammar::is_newline(*to)) {
    const char* const next = grammar::next_line(to, end);
    const char* const first = grammar::skip_blanks(next, end);
    if (first == end || *first == '}' || grammar::is_newline(*first)) break;
    const bool item = *first == '-' && first + 1 != end && grammar::is_blank(first[1]);
    if (!item && indentation(next, end) <= margin) break;
    to = grammar::line_end(next, end);
  }
  return to;
}

/// The `{` that opens the declaration's body: on this line, or first on the next.
const char* body_of_head(const char* failed, const char* end) {
  const char* at = failed;
  while (at != end && !grammar::is_newline(*at) && *at != '{' && *at != '#') at = *at == '"' ? skip_text(at, end) : at + 1;
  if (at != end && *at == '{') return at;
  const char* const next = grammar::skip_lines(at, end, [](const char*) {});
  if (next != end && *next == '{') return next;
  return nullptr;
}

/// The next declaration behind `failed`.
const char* next_declaration(const char* begin, const char* failed, const char* end) {
  if (failed > begin && failed[-1] == '\n' && grammar::starts_declaration(failed, end)) return failed;
  return grammar::next_declaration(grammar::next_line(std::max(begin, failed), end), end);
}

/// The newline before a declaration: the one whose head failed ends there.
const char* before(const char* declaration, const char* end) {
  if (declaration == end) return end;
  return declaration[-1] == '\n' && declaration[-2] == '\r' ? declaration - 2 : declaration - 1;
}

}  // namespace

const char* resync(grammar::Skip how, const char* text, const char* begin, const char* failed, const char* end) {
  switch (how) {
    case grammar::Skip::value: return past_foreign_lines(text, begin, failed, end_of_statement(begin, failed, end), end);
    case grammar::Skip::statement: {
      const char* const to = end_of_statement(begin, failed, end);
      // Going on at the same place would never end.
      return to == begin && to != end ? to + 1 : to;
    }
    case grammar::Skip::head:
      if (const char* const body = body_of_head(std::max(begin, failed), end)) return body;
      return before(next_declaration(begin, failed, end), end);
    case grammar::Skip::declaration: return next_declaration(begin, failed, end);
  }
  return end;
}

}  // namespace muster::lang
