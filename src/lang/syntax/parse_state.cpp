#include "lang/syntax/parse_state.hpp"

#include <algorithm>

#include "lang/syntax/docs.hpp"
#include "lang/syntax/lexemes.hpp"
#include "lang/syntax/resync.hpp"

namespace muster::lang {
namespace {

/// Enough for every real file; a file of noise would otherwise cost an exception a line.
constexpr std::size_t kMostErrors = 200;

/// Blanks at the start of the line that holds `at`.
std::size_t indentation(std::string_view text, std::size_t at) {
  const std::size_t newline = at == 0 ? std::string_view::npos : text.rfind('\n', at - 1);
  const std::size_t line = newline == std::string_view::npos ? 0 : newline + 1;
  return std::min(text.find_first_not_of(" \t", line), text.size()) - line;
}

/// `${name}` or `${a.b}` in lower case: no shell variable, so probably meant as ours.
std::string_view looks_interpolated(std::string_view rest) {
  const std::size_t close = rest.find('}');
  if (close == std::string_view::npos || close < 3) return {};
  const std::string_view inner = rest.substr(2, close - 2);
  const bool plain = std::all_of(inner.begin(), inner.end(),
                                 [](char c) { return (c >= 'a' && c <= 'z') || c == '.' || c == '_' || c == '-' || grammar::is_digit(c); });
  return plain && inner.find('.') != std::string_view::npos ? rest.substr(0, close + 1) : std::string_view();
}

bool starts_statement_word(const char* at, const char* end) {
  const std::string_view word = grammar::word_at(at, end);
  const char* const next = grammar::skip_blanks(at + word.size(), end);
  if (word.empty() || next == at + word.size() || next == end) return false;
  if (word == "in") {
    const char* const after = grammar::skip_blanks(grammar::word_end(next, end), end);
    return after != next && after != end && (*after == '{' || *after == ',');
  }
  if (word == "patch") return *next == '"';
  for (const std::string_view known : {"param", "let", "output", "object", "for", "locked"}) {
    if (word == known) return grammar::is_word_start(*next);
  }
  return word == "require" || word == "expect";
}

}  // namespace

ParseState::ParseState(diag::SourceId source, std::string_view text, Builder& builder, syntax::Tree& tree, diag::Diagnostics& diagnostics)
    : build(builder), errors(source, text), text_(text), tree_(tree), diagnostics_(diagnostics) {
  build.reset(tree);
  for (const ForbiddenCharacter& found : forbidden_characters(text, kMostErrors)) {
    diagnostics_.add(errors.forbidden_character(found.where.begin, found.where.end, found.code_point));
    forbidden_.push_back(found.where.begin);
  }
}

void ParseState::report(diag::Diagnostic diagnostic) {
  // A character that may not stand here at all has been named; what it breaks is no second error.
  if (std::binary_search(forbidden_.begin(), forbidden_.end(), diagnostic.primary.span.begin)) return;
  diagnostics_.add(std::move(diagnostic));
  if (diagnostics_.all().size() >= kMostErrors) throw Abandon{};
}

void ParseState::raise(grammar::Expected what, const char* at) {
  std::uint32_t begin = offset(at);
  switch (what) {
    case grammar::Expected::string_end:
    case grammar::Expected::block_string_end:
    case grammar::Expected::interpolation_end: begin = build.string_begin(); break;
    case grammar::Expected::raw_string_end: begin = static_cast<std::uint32_t>(text_.rfind("r\"", begin - 1)); break;
    case grammar::Expected::number_end: begin = number_begin; break;
    case grammar::Expected::body: begin = 0; break;
    default: break;
  }
  throw Stop{errors.expected(what, offset(at), begin), at};
}

void ParseState::too_deep(const char* at) { throw Stop{errors.too_deep(offset(at)), at}; }

void ParseState::unclosed(const char* open, const char* at) {
  const bool cut = *open == '{' && errors.at_boundary(offset(at));
  if (!cut) throw Stop{errors.unclosed(offset(open), offset(at)), at};
  report(errors.unclosed(offset(suspect_ != nullptr && suspect_ > open ? suspect_ : open), offset(at)));
  suspect_ = nullptr;
  build.damage();
}

void ParseState::closed(const char* open, const char* close) {
  const std::uint32_t before = behind_blanks(offset(close));
  if (suspect_ != nullptr || before == 0 || text_[before - 1] != '\n') return;
  if (indentation(text_, offset(open)) > offset(close) - before) suspect_ = open;
}

void ParseState::missing_value(const char* at) { raise(grammar::Expected::value, text_.data() + errors.behind_last(offset(at))); }

bool ParseState::missing_comma(const char* at) {
  const std::uint32_t here = offset(at);
  const std::uint32_t before = behind_blanks(here);
  const bool first_of_line = before > 0 && text_[before - 1] == '\n';
  if (first_of_line && grammar::starts_assignment(at, text_.data() + text_.size())) return false;
  report(errors.missing_comma(here));
  return true;
}

bool ParseState::missing_separator(const char* at, const char* end) {
  if (!grammar::starts_assignment(at, end) && !starts_statement_word(at, end)) return false;
  report(errors.missing_separator(offset(at)));
  return true;
}

void ParseState::saw_documentation(const char* at) {
  // A gap may be looked at more than once.
  if (documentation_.empty() || documentation_.back() < offset(at)) documentation_.push_back(offset(at));
}

void ParseState::roll_back(grammar::Skip how, const Checkpoint& checkpoint, const char* begin) {
  if (how == grammar::Skip::declaration) build.salvage_declaration(offset(grammar::line_end(begin, text_.data() + text_.size())));
  build.roll_back(checkpoint.stacks);
  depth_ = checkpoint.depth;
}

const char* ParseState::recover(grammar::Skip how, const char* begin, const Stop& stop, const char* end) {
  report(stop.diagnostic);
  const char* const to = resync(how, text_.data(), begin, stop.at, end);
  if (how == grammar::Skip::value) {
    const std::uint32_t from = offset(grammar::skip_blanks(begin, end));
    build.bad({from, std::max(from, errors.behind_last(offset(to)))});
  } else {
    build.damage();
  }
  if (how == grammar::Skip::head) build.declaration().damaged = true;
  return to;
}

void ParseState::check_text(syntax::Range content) {
  const std::string_view text = text_.substr(content.begin, content.end - content.begin);
  for (std::size_t at = text.find("${"); at != std::string_view::npos; at = text.find("${", at + 1)) {
    const std::string_view found = looks_interpolated(text.substr(at));
    if (found.empty()) continue;
    const auto begin = content.begin + static_cast<std::uint32_t>(at);
    report(errors.dollar_braces(begin, begin + static_cast<std::uint32_t>(found.size())));
  }
}

void ParseState::finish() {
  if (!documentation_.empty()) attach_documentation(tree_, documentation_);
  diagnostics_.sort();
}

}  // namespace muster::lang
