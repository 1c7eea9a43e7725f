// Diagnostics: what is wrong in a fleet, as data. Every stage collects all it finds; nothing is thrown.
//
// Ownership: plain values. Thread-safety: one Diagnostics a thread, merged in order (`append`).
// The codes, their titles and pages stand in one table: muster/diag/catalogue.hpp.
#pragma once

#include <fmt/core.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "muster/diag/source.hpp"

namespace muster::diag {

enum class Severity : std::uint8_t { error, warning };

struct Label {
  Span span;
  std::string text;  ///< A few words under the carets; may be empty.
};

/// A change of text that a machine can apply.
struct Fix {
  Span span;          ///< What is replaced; empty inserts.
  std::string text;   ///< By what.
  std::string title;  ///< What is said to people after "fix: ".
};

struct Diagnostic {
  std::string code;  ///< "F0201"; warnings are "W0510".
  Severity severity = Severity::error;
  std::string message;  ///< One sentence, no full stop, names in backquotes.
  Label primary;
  std::vector<Label> secondary;
  std::vector<std::string> notes;
  std::vector<std::string> helps;
  std::vector<Fix> fixes;

  Diagnostic& label(std::string text) {
    primary.text = std::move(text);
    return *this;
  }
  Diagnostic& also(Span span, std::string text) {
    secondary.push_back({span, std::move(text)});
    return *this;
  }
  Diagnostic& note(std::string text) {
    notes.push_back(std::move(text));
    return *this;
  }
  Diagnostic& help(std::string text) {
    if (!text.empty()) helps.push_back(std::move(text));
    return *this;
  }
  Diagnostic& fix(Span span, std::string text, std::string title) {
    fixes.push_back({span, std::move(text), std::move(title)});
    return *this;
  }
};

class Diagnostics {
 public:
  template <typename... Args>
  Diagnostic& error(Span span, std::string_view code, fmt::format_string<Args...> format, Args&&... args) {
    return add(Severity::error, span, code, fmt::format(format, std::forward<Args>(args)...));
  }
  template <typename... Args>
  Diagnostic& warning(Span span, std::string_view code, fmt::format_string<Args...> format, Args&&... args) {
    return add(Severity::warning, span, code, fmt::format(format, std::forward<Args>(args)...));
  }
  /// `code` must stand in the catalogue (asserted).
  Diagnostic& add(Severity severity, Span span, std::string_view code, std::string message);
  Diagnostic& add(Diagnostic diagnostic);

  void append(Diagnostics&& other);
  /// By source path order of registration, then offset, then code; equal ones once. Called once before rendering.
  void sort();
  [[nodiscard]] const std::vector<Diagnostic>& all() const { return all_; }
  [[nodiscard]] std::size_t errors() const;
  [[nodiscard]] bool empty() const { return all_.empty(); }

 private:
  std::vector<Diagnostic> all_;
};

}  // namespace muster::diag
