// The catalogue of diagnostic codes: one page a code, kept as src/diag/pages/<CODE>.md and compiled into the binary.
//
// Page format, which tests read too:
//   # F0101: a string never ends          the title: what is wrong, in a few words
//   (paragraphs)                          why it is an error and the way out
//   ## Wrong                              then one ```fleet fence a file ("```fleet teams/a.fleet" names it; the first
//   ## Right                              is "main.fleet" unless named)
// The wrong fleet gives that code when it is checked; the right one gives no error.
// Ranges: F01 syntax, F02 names and fields, F03 references and graph, F04 types, values, requires, F05 overrides,
// F06 limits and budget, F07 secrets and late values, F09 what a later version brings; W01, W05 warnings.
// Thread-safety: const data. Failure: none; an unknown code has no page.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace muster::diag {

struct Page {
  std::string_view code;   ///< "F0101"
  std::string_view title;  ///< "a string never ends"
  std::string_view text;   ///< The whole page as Markdown.
};

/// An example file on a page.
struct Example {
  std::string path;
  std::string text;
};

/// Sorted by code.
std::span<const Page> pages();
/// nullptr where there is no such code. Case does not count ("f0101").
const Page* find_page(std::string_view code);
/// The files under "## Wrong" or "## Right".
std::vector<Example> wrong_example(const Page& page);
std::vector<Example> right_example(const Page& page);

}  // namespace muster::diag
