// Diagnostics for people (terminal) and for machines (JSON, SARIF), all from the same structure. Pure functions.
#pragma once

#include <string>
#include <string_view>

#include "muster/base/value.hpp"
#include "muster/diag/diagnostic.hpp"
#include "muster/diag/source.hpp"

namespace muster::diag {

struct TerminalStyle {
  bool colour = false;       ///< ANSI colours; the caller knows the terminal and NO_COLOR.
  std::size_t widest = 160;  ///< Columns of source shown; of a longer line the part around its label.
};

/// Each diagnostic: code, place and sentence; the source with its labels; fixes, helps, notes. A blank line between two.
/// Control bytes of sources and messages are shown as `\xNN`, tabs as spaces, and labels stand under what they mean also
/// below wide characters.
std::string render_terminal(const Diagnostics& diagnostics, const Sources& sources, const TerminalStyle& style = {});
std::string render_terminal(const Diagnostic& diagnostic, const Sources& sources, const TerminalStyle& style = {});

/// "3 errors, 1 warning"; "" where there are none.
std::string summary(const Diagnostics& diagnostics);

/// An array with one object a diagnostic, in order:
///   code "F0201", severity "error" | "warning", message, place, label, labels [{place…, label}], notes [text], helps [text],
///   fixes [{title, text, place…}]: replace the bytes [begin, end) of `path` by `text`.
/// A place is path, line, column, end_line, end_column (1-based, columns in characters), begin, end (bytes); all absent
/// where the diagnostic has none.
Value to_json(const Diagnostics& diagnostics, const Sources& sources);

/// A SARIF 2.1.0 log with one run, for code-scanning services. `version` is muster's.
Value to_sarif(const Diagnostics& diagnostics, const Sources& sources, std::string_view version);

}  // namespace muster::diag
