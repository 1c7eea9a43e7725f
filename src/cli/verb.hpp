// A verb of the command line is one constant: name, texts, options, and the function that runs it. Parsing, `--help`,
// the manual pages and the shell completions are all made from this table (src/cli/verbs.cpp).
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace muster::cli {

/// What a pipeline can rely on.
enum ExitCode : int {
  kDone = 0,     ///< Done; waiting for gates, freezes and people's holds is normal, and counted.
  kFailed = 1,   ///< Something failed.
  kInvalid = 2,  ///< The fleet or the command line is invalid.
  kChanges = 3,  ///< `plan --exit-code` found changes.
  kHeld = 4,     ///< Held, and a person must look.
};

struct Option {
  std::string_view name;   ///< "--in"
  std::string_view value;  ///< "ENV"; empty for a flag.
  std::string_view text;   ///< What it does, one line.
};

class Session;

struct Verb {
  std::string_view name;
  std::string_view summary;      ///< One line, for the list of verbs.
  std::string_view description;  ///< A paragraph or two.
  std::string_view operands;     ///< As in the usage line: "[INSTANCE…]"; empty: none are taken.
  std::span<const Option> options;
  std::string_view example;  ///< Commands as a person types them, a line each.
  std::string_view json;     ///< What `--json` prints: its members and their meaning.
  int (*run)(Session& session);
};

/// All verbs, in the order of 1-product's table.
std::span<const Verb> verbs();
const Verb* find_verb(std::string_view name);
/// Options every verb takes.
std::span<const Option> global_options();

}  // namespace muster::cli
