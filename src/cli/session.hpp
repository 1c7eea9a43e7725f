// One run of the program: the parsed command line, the world, and where to print. The verbs get everything from here.
// Single-threaded but for Terminal, which may be written to from any thread.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "cli/terminal.hpp"
#include "cli/verb.hpp"
#include "muster/base/result.hpp"
#include "muster/base/secrets.hpp"
#include "muster/base/world.hpp"
#include "muster/diag/diagnostic.hpp"
#include "muster/lang/compile.hpp"

namespace muster::cli {

/// The command line, parsed by the verb's table of options.
struct Arguments {
  std::map<std::string, std::vector<std::string>, std::less<>> values;  ///< By option name; a flag has one empty text.
  std::vector<std::string> operands;

  [[nodiscard]] bool has(std::string_view option) const { return values.contains(option); }
  /// The last value given, or `fallback`.
  [[nodiscard]] std::string get(std::string_view option, std::string_view fallback = {}) const;
  [[nodiscard]] std::vector<std::string> all(std::string_view option) const;
};

class Session {
 public:
  Session(const Verb& verb, Arguments arguments, Terminal& terminal, Secrets& secrets, World world,
          std::map<std::string, std::string> environment, std::stop_token stop);

  [[nodiscard]] const Verb& verb() const { return verb_; }
  [[nodiscard]] const Arguments& arguments() const { return arguments_; }
  Terminal& out() { return terminal_; }
  Secrets& secrets() { return secrets_; }
  [[nodiscard]] const World& world() const { return world_; }
  [[nodiscard]] const std::stop_token& stop() const { return stop_; }
  /// The process environment, for the programs we start (ssh, check commands get a part of it).
  [[nodiscard]] const std::map<std::string, std::string>& environment() const { return environment_; }
  [[nodiscard]] bool json() const { return arguments_.has("--json"); }
  [[nodiscard]] unsigned jobs() const { return jobs_; }

  /// The fleet's root: found upwards from the working directory or -C. Prints why not and returns nothing.
  std::optional<Path> root();
  /// `.muster` at the root, or --state.
  Path state(const Path& root) const;

  /// Prints a world failure to standard error (or as the JSON result) and returns the exit code for it.
  int fail(const Failure& failure);
  /// Prints a mistake of the command line and returns kInvalid.
  int misuse(std::string_view text);
  /// Prints the JSON result of the verb, with "verb" and "exit_code" put in front.
  int finish(Object result, int exit_code);

 private:
  const Verb& verb_;
  Arguments arguments_;
  Terminal& terminal_;
  Secrets& secrets_;
  World world_;
  std::map<std::string, std::string> environment_;
  std::stop_token stop_;
  unsigned jobs_;
};

/// Reads and compiles the fleet below `root`. Failure only where files cannot be read.
Result<lang::Compilation> load_fleet(Session& session, const Path& root);
/// Prints diagnostics for people, sorted as they are. Returns their number of errors.
std::size_t print_diagnostics(Session& session, const diag::Diagnostics& diagnostics, const diag::Sources& sources);

}  // namespace muster::cli
