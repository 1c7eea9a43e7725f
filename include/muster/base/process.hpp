// The process seam of the World: every child process muster starts (ssh, git credential helpers, check commands,
// renderers, builders) is started here, with limits, and is killed with its whole process group. Thread-safe.
#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "muster/base/files.hpp"
#include "muster/base/result.hpp"
#include "muster/base/time.hpp"

namespace muster {

struct ProcessLimits {
  Duration time = std::chrono::minutes(5);
  std::size_t output_bytes = std::size_t{16} << 20U;  ///< Each of standard output and error; more is Reason::limit.
  std::size_t memory_bytes = 0;                       ///< Address space; 0 is no limit.
  std::size_t data_bytes = 0;  ///< Private memory of each process; 0 is no limit. For programs that reserve more than they use.
};

struct Command {
  std::vector<std::string> argv;                   ///< argv[0] is looked up on PATH of `environment`.
  std::map<std::string, std::string> environment;  ///< The whole environment of the child; nothing is inherited.
  Path directory;                                  ///< Working directory; empty is "/".
  std::string input;                               ///< Standard input, then end of file.
  ProcessLimits limits;
};

struct ProcessOutput {
  int exit_code = 0;  ///< 128 + signal where a signal ended it.
  std::string out;
  std::string error;
};

/// A running child with pipes, for ssh: bytes in, bytes out. Destroying it kills the process group.
class ProcessStream {
 public:
  virtual ~ProcessStream() = default;
  /// Reads up to `size` bytes; 0 is end of file. Reason::timeout after the idle limit.
  virtual Result<std::size_t> read(char* buffer, std::size_t size) = 0;
  virtual Result<void> write(std::string_view bytes) = 0;
  /// What it said on standard error so far, capped.
  [[nodiscard]] virtual std::string error_text() const = 0;
  /// Waits for its end and returns the exit code.
  virtual Result<int> wait() = 0;
};

/// What a child wrote, as it comes. A Failure ends the child.
using TakeOutput = std::function<Result<void>(std::string_view bytes)>;

/// Failures: absent (no such program), timeout, limit, cancelled, exhausted. A non-zero exit code is no Failure.
class Processes {
 public:
  virtual ~Processes() = default;
  virtual Result<ProcessOutput> run(const Command& command, const std::stop_token& stop) = 0;
  /// As run, but `take` gets standard output and error as they come, in the order in which they were written; output_bytes
  /// counts both together. Returns the exit code. Where muster itself is killed, the whole group is killed too.
  virtual Result<int> follow(const Command& command, const TakeOutput& take, const std::stop_token& stop) = 0;
  /// `limits.time` is the longest silence on a read; output is not capped.
  virtual Result<std::unique_ptr<ProcessStream>> open(const Command& command, const std::stop_token& stop) = 0;
  /// Before a folder is removed: kills whatever has a path below it in its environment, though it may have left its group, and
  /// detaches what was mounted below it. What muster may not touch stays.
  virtual void evict(const Path& folder) = 0;
};

Processes& system_processes();

}  // namespace muster
