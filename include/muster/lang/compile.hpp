// The language's front door: texts in, lowered fleet and diagnostics out. Pure: no clock, environment, network, git.
//
// Stages, each with its own header in src/lang: parse → check → evaluate → lower. All errors of a run, never just the
// first. Ownership: Compilation owns everything it hands out. Thread-safety: compile() is reentrant; a Compilation is
// const after it.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "muster/diag/diagnostic.hpp"
#include "muster/diag/source.hpp"
#include "muster/model/fleet.hpp"

namespace muster::lang {

struct Options {
  unsigned jobs = 1;                        ///< Threads; the result is the same for any number.
  std::string root;                         ///< Absolute path of the fleet's root: `./` repositories are relative to their file.
  std::uint64_t step_budget = 500'000'000;  ///< Evaluation steps a fleet; the same count on every machine.
  std::uint64_t byte_budget = std::uint64_t{1} << 30U;
};

/// One line of `muster why cart.replicas@production`.
struct ProvenanceLine {
  unsigned depth = 0;  ///< 0: the value that was asked for; below it what that was computed from.
  std::string name;    ///< Whose value: "cart.replicas@production".
  std::string value;   ///< As the language writes it.
  diag::Span span;
  std::string place;     ///< "entity, in prod-us", "fleet defaults, in live", "schema default".
  std::string verdict;   ///< "wins", "adds", "shadowed: lower rung", "shadowed: group < environment".
  bool library = false;  ///< Inside stdlib: hidden unless asked for, but for the last line.
};

/// A fleet compiled from its texts.
class Compilation {
 public:
  Compilation();
  Compilation(Compilation&&) noexcept;
  Compilation& operator=(Compilation&&) noexcept;
  ~Compilation();

  [[nodiscard]] const diag::Sources& sources() const;
  [[nodiscard]] const diag::Diagnostics& diagnostics() const;
  /// Complete for everything that is not poisoned; with `barrier` set where nothing may be delivered.
  [[nodiscard]] const model::Fleet& fleet() const;

  /// Where the value of `path` ("replicas", "gate.approval.count", "env.LOG_LEVEL", "url") of an instance came from, winner
  /// first, then what the winner was computed from, through lets, functions, kinds and other services. A former name of a
  /// service will do. Empty optional with `error` set to a sentence where there is no such service, environment or field.
  [[nodiscard]] std::optional<std::vector<ProvenanceLine>> why(std::string_view service, std::string_view environment,
                                                               std::string_view path, std::string& error) const;
  /// Evaluates one expression as an entity body of `environment` would see it (`muster eval`); JSON of its value.
  /// `environment` may be empty. `sources` becomes those of the compilation and the expression, for rendering `out`.
  /// The one call that may not run beside others.
  [[nodiscard]] std::optional<Value> eval(std::string_view expression, std::string_view environment, diag::Diagnostics& out,
                                          diag::Sources& sources) const;
  /// The syntax trees as text, for `muster dump syntax`.
  [[nodiscard]] std::string dump_syntax() const;

  struct State;
  std::unique_ptr<State> state_;
};

/// Compiles fleet texts together with the embedded standard library.
Compilation compile(std::vector<diag::FleetText> texts, const Options& options);

}  // namespace muster::lang
