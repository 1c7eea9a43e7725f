// Texts made from the verb table: manual pages and shell completions, installed by cmake and printed by the hidden verb
// `muster reference man|bash|zsh|fish`.
#pragma once

#include <string>

namespace muster::cli {

/// muster(1) in man(7) macros: every verb with its options, example and JSON.
std::string manual_page();
std::string bash_completion();
std::string zsh_completion();
std::string fish_completion();

}  // namespace muster::cli
