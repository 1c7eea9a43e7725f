// The command line of every benchmark: `--name N` and flags; --help prints the usage and ends the program.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace muster::bench {

class Arguments {
 public:
  Arguments(int argc, char** argv, std::string_view usage);
  [[nodiscard]] bool has(std::string_view flag) const;
  [[nodiscard]] std::size_t number(std::string_view name, std::size_t fallback) const;

  // What all of them take.
  [[nodiscard]] int runs(int fallback) const { return static_cast<int>(number("--runs", static_cast<std::size_t>(fallback))); }
  [[nodiscard]] bool peers() const { return !has("--no-peer"); }
  /// Peers that take minutes at this size, too.
  [[nodiscard]] bool full() const { return has("--full"); }
  [[nodiscard]] bool slope() const { return has("--slope"); }

 private:
  std::vector<std::string> words_;
};

/// main() of a benchmark: what `run` throws is said and fails.
int run_main(int argc, char** argv, std::string_view usage, void (*run)(const Arguments&));

}  // namespace muster::bench
