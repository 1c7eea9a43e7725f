// The words for what a file's text gets wrong: from "what was expected, and where" to a diagnostic that names the habit of
// another language where there is one. Looks at the text alone.
//
// Ownership: views the source. Thread-safety: one object a thread. Codes: F01xx, W01xx (src/diag/pages).
#pragma once

#include <cstdint>
#include <string_view>

#include "grammar/expected.hpp"
#include "muster/diag/diagnostic.hpp"
#include "muster/diag/source.hpp"

namespace muster::lang {

class SyntaxErrors {
 public:
  SyntaxErrors(diag::SourceId source, std::string_view text) : source_(source), text_(text) {}

  /// Something else stands at `at`. `begin`: where the text, bracket or value began that this is about.
  [[nodiscard]] diag::Diagnostic expected(grammar::Expected what, std::uint32_t at, std::uint32_t begin) const;
  /// The bracket at `open` has not been closed where `at` stands.
  [[nodiscard]] diag::Diagnostic unclosed(std::uint32_t open, std::uint32_t at) const;
  /// True where a bracket ends without its partner: the file's end, a new declaration, a new field, another bracket.
  [[nodiscard]] bool cuts_short(std::uint32_t open, std::uint32_t at) const;
  [[nodiscard]] bool at_boundary(std::uint32_t at) const;

  // Error alternatives of the grammar: read as what was meant.
  [[nodiscard]] diag::Diagnostic assignment(std::uint32_t begin, std::uint32_t end) const;
  [[nodiscard]] diag::Diagnostic foreign_operator(std::uint32_t begin, std::uint32_t end, std::string_view ours) const;
  [[nodiscard]] diag::Diagnostic foreign_comment(std::uint32_t begin, std::uint32_t end) const;
  [[nodiscard]] diag::Diagnostic semicolon(std::uint32_t begin, std::uint32_t end) const;
  [[nodiscard]] diag::Diagnostic missing_comma(std::uint32_t at) const;
  [[nodiscard]] diag::Diagnostic missing_separator(std::uint32_t at) const;
  [[nodiscard]] diag::Diagnostic wrong_column(std::uint32_t at) const;
  [[nodiscard]] diag::Diagnostic unknown_declaration(std::uint32_t begin, std::uint32_t end) const;
  [[nodiscard]] diag::Diagnostic stray_brace(std::uint32_t at) const;
  [[nodiscard]] diag::Diagnostic bad_escape(std::uint32_t begin, std::uint32_t end) const;
  [[nodiscard]] diag::Diagnostic chained_comparison(std::uint32_t earlier, std::uint32_t begin, std::uint32_t end) const;
  [[nodiscard]] diag::Diagnostic too_deep(std::uint32_t at) const;
  [[nodiscard]] diag::Diagnostic too_many(std::uint32_t at) const;
  [[nodiscard]] diag::Diagnostic interpolated(std::uint32_t begin, std::uint32_t end) const;
  [[nodiscard]] diag::Diagnostic no_such_date(std::uint32_t begin, std::uint32_t end) const;
  [[nodiscard]] diag::Diagnostic block_layout(std::uint32_t begin, std::uint32_t end, std::string_view message,
                                              std::string_view label) const;
  [[nodiscard]] diag::Diagnostic forbidden_character(std::uint32_t begin, std::uint32_t end, std::uint32_t code_point) const;
  /// Warning: `${name}` is plain text here.
  [[nodiscard]] diag::Diagnostic dollar_braces(std::uint32_t begin, std::uint32_t end) const;

  [[nodiscard]] diag::Span span(std::uint32_t begin, std::uint32_t end) const { return {source_, begin, end}; }
  /// Behind the last character before `at` that is no white space.
  [[nodiscard]] std::uint32_t behind_last(std::uint32_t at) const;

 private:
  diag::SourceId source_;
  std::string_view text_;
};

}  // namespace muster::lang
