// The state of one parse: the tree under construction, the diagnostics, and what the grammar's own rules ask
// (grammar/terminals.hpp): what a newline means, how deep we are, where to go on after an error.
//
// Ownership: views the text; writes into the tree and diagnostics that it was given. Thread-safety: one a thread. Failure: an error that
// the grammar cannot go on behind is thrown as Stop and caught by the nearest `recover`; nothing leaves parse().
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "grammar/expected.hpp"
#include "grammar/scan.hpp"
#include "lang/syntax/build.hpp"
#include "lang/syntax/parse.hpp"
#include "lang/syntax/syntax_errors.hpp"

namespace muster::lang {

class ParseState {
 public:
  /// An error behind which the construct cannot be read on.
  struct Stop {
    diag::Diagnostic diagnostic;
    const char* at;
  };
  /// So many errors that the rest of the file is left.
  struct Abandon {};

  ParseState(diag::SourceId source, std::string_view text, Builder& builder, syntax::Tree& tree, diag::Diagnostics& diagnostics);

  // ---- what the grammar's rules use ----
  grammar::Lines lines = grammar::Lines::separate;

  [[noreturn]] void raise(grammar::Expected what, const char* at);
  /// Reports a `{` that is cut short and returns; throws Stop for anything else.
  void unclosed(const char* open, const char* at);
  void closed(const char* open, const char* close);
  /// Raises that no value stands before the field which begins at `at`.
  [[noreturn]] void missing_value(const char* at);
  /// False where a new field begins, so that a bracket must have been left open.
  bool missing_comma(const char* at);
  /// True where a statement or an entry begins at `at`; reports that nothing separates it from the one before.
  bool missing_separator(const char* at, const char* end);
  void saw_documentation(const char* at);
  /// The first token on the lines below `at`; remembered, since every open value asks for the same one.
  const char* next_token(const char* at, const char* end) {
    if (at == gap_begin_) return gap_end_;
    gap_begin_ = at;
    gap_end_ = grammar::skip_lines(at, end, [this](const char* comment) { saw_documentation(comment); });
    return gap_end_;
  }
  /// The next character that could go on with the value which ends at `at`; '\0' where there is none.
  char goes_on(const char* at, const char* end) {
    at = grammar::skip_blanks(at, end);
    if (at == end) return '\0';
    if (!grammar::is_newline(*at) && *at != '#') return *at;
    if (lines == grammar::Lines::none) return '\0';
    const char* const next = next_token(at, end);
    if (next == end) return '\0';
    return lines == grammar::Lines::skipped || grammar::continues_value(next, end) ? *next : '\0';
  }
  void enter(const char* at) {
    if (++depth_ > kMaximumDepth) too_deep(at);
  }
  void leave() { --depth_; }
  std::uint32_t open_chain() { return build.open_chain(); }
  void close_chain(std::uint32_t outer_floor, bool matched, const char* at) {
    build.close_chain(outer_floor);
    if (matched && build.top_height() > kMaximumHeight) too_deep(at);
  }

  struct Checkpoint {
    Builder::Checkpoint stacks;
    std::size_t depth;
  };
  [[nodiscard]] Checkpoint checkpoint() const { return {build.checkpoint(), depth_}; }
  /// Forgets what was built since; of a declaration whose name was read that much stays, so nobody calls it unknown.
  void roll_back(grammar::Skip how, const Checkpoint& checkpoint, const char* begin);
  /// Reports, leaves a `bad` value or marks the damage, and says where reading goes on.
  const char* recover(grammar::Skip how, const char* begin, const Stop& stop, const char* end);

  // ---- what the actions use ----
  Builder& build;
  SyntaxErrors errors;
  std::uint32_t number_begin = 0;  ///< Of the number or date just read.
  std::uint32_t unit_begin = 0;

  [[nodiscard]] std::uint32_t offset(const char* at) const { return static_cast<std::uint32_t>(at - text_.data()); }
  [[nodiscard]] std::string_view text() const { return text_; }
  [[nodiscard]] std::uint32_t behind_blanks(std::uint32_t at) const {
    while (at > 0 && grammar::is_blank(text_[at - 1])) --at;
    return at;
  }
  void report(diag::Diagnostic diagnostic);
  /// A text of source bytes: warns of `${name}`.
  void check_text(syntax::Range content);
  void finish();

 private:
  [[noreturn]] void too_deep(const char* at);

  std::string_view text_;
  syntax::Tree& tree_;
  diag::Diagnostics& diagnostics_;
  std::size_t depth_ = 0;
  const char* gap_begin_ = nullptr;
  const char* gap_end_ = nullptr;
  /// A `{` whose `}` stands further left than its line: in a file with one brace too few it is the likely one.
  const char* suspect_ = nullptr;
  std::vector<std::uint32_t> documentation_;
  std::vector<std::uint32_t> forbidden_;  ///< Offsets that are reported already.
};

}  // namespace muster::lang
