// Text to syntax tree: the grammar of grammar/fleet.hpp, with recovery, so that all errors of a file come in one run.
//
// Pure and reentrant; files are parsed in parallel, one tree a file. Any text gives a tree: what could not be read is
// `bad` or `damaged` in it. Time is linear in the text; nesting is limited to kMaximumDepth.
#pragma once

#include <cstddef>
#include <string_view>

#include "lang/syntax/syntax.hpp"
#include "muster/diag/diagnostic.hpp"
#include "muster/diag/source.hpp"

namespace muster::lang {

/// Levels of braces, brackets, parentheses and interpolations inside one another.
inline constexpr std::size_t kMaximumDepth = 100;
/// Height of an expression's tree, chains of operators included: what evaluation recurses.
inline constexpr std::size_t kMaximumHeight = 300;

struct Parsed {
  syntax::Tree tree;
  diag::Diagnostics diagnostics;  ///< F01xx and W05xx, in order of the text.
};

/// `text` must outlive the tree: it is `sources.text(id)`.
Parsed parse(diag::SourceId source, std::string_view text);
/// One expression, for `muster eval`; it is `tree.root`.
Parsed parse_expression(diag::SourceId source, std::string_view text);

}  // namespace muster::lang
