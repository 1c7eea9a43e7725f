// A place in a file's text, and what the words for syntax errors ask about it.
//
// Ownership: views the source. Thread-safety: plain values. Never fails: behind the end there is nothing, as '\0' and as "".
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>

#include "grammar/scan.hpp"
#include "muster/diag/diagnostic.hpp"
#include "muster/diag/source.hpp"

namespace muster::lang {

/// Bytes from the beginning of the text.
using Offset = std::uint32_t;

class Look {
 public:
  Look(diag::SourceId source, std::string_view text, Offset at) : source_(source), text_(text), at_(at) {}

  [[nodiscard]] Offset at() const { return at_; }
  [[nodiscard]] const char* here() const { return text_.data() + at_; }
  [[nodiscard]] const char* end() const { return text_.data() + text_.size(); }
  [[nodiscard]] bool at_end() const { return at_ >= text_.size(); }
  [[nodiscard]] char peek(std::size_t ahead = 0) const { return at_ + ahead < text_.size() ? text_[at_ + ahead] : '\0'; }
  [[nodiscard]] std::string_view rest() const { return text_.substr(std::min<std::size_t>(at_, text_.size())); }
  [[nodiscard]] std::string_view line() const {
    return rest().substr(0, static_cast<std::size_t>(grammar::line_end(here(), end()) - here()));
  }
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
  [[nodiscard]] Look moved(std::size_t by) const {
    return {source_, text_, static_cast<Offset>(std::min<std::size_t>(at_ + by, text_.size()))};
  }
  [[nodiscard]] Look one_back() const { return {source_, text_, at_ - 1}; }
  [[nodiscard]] Look past_blanks() const { return moved(static_cast<std::size_t>(grammar::skip_blanks(here(), end()) - here())); }
  /// Behind the last character before here that means something: white space and comments are passed over.
  [[nodiscard]] Offset behind_last() const;
  /// Where what is missing here should have stood.
  [[nodiscard]] diag::Span last_span() const {
    const Offset last = behind_last();
    return span(last, last + 1);
  }
  /// Bytes of the character here.
  [[nodiscard]] std::size_t character() const;
  /// The thing that stands here, for "found …": a word, a number, one character.
  [[nodiscard]] std::string_view token() const;

 private:
  diag::SourceId source_;
  std::string_view text_;
  Offset at_;
};

/// An error, or where the code begins with W a warning.
diag::Diagnostic syntax_error(diag::Span span, std::string_view code, std::string message, std::string label = {});

bool is_any(std::string_view word, std::initializer_list<std::string_view> words);

/// "`else`", "the end of the line", for messages.
std::string described(const Look& look);

}  // namespace muster::lang
