// argv → verb and arguments, by the verb table. CLI11 parses; the table speaks.
#pragma once

#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "cli/session.hpp"
#include "cli/verb.hpp"

namespace muster::cli {

struct ParsedCommand {
  const Verb* verb = nullptr;
  Arguments arguments;
};

/// Text to print and the exit code to end with: `--help`, `--version`, or a mistake (kInvalid, to standard error).
struct EarlyEnd {
  std::string text;
  int exit_code = kDone;
};

std::variant<ParsedCommand, EarlyEnd> parse_command_line(const std::vector<std::string>& arguments);

/// At most so many instances at a time.
constexpr unsigned kMostJobs = 1024;
/// The value of --jobs; nullopt where it is no number from 1 to kMostJobs.
std::optional<unsigned> parse_jobs(std::string_view text);

/// `muster --help`: what it is for and the verbs.
std::string overview_text();
/// `muster VERB --help`: usage, description, options, example, JSON.
std::string help_text(const Verb& verb);

}  // namespace muster::cli
