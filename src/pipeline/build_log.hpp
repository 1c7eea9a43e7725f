// BuildLog: what a builder says, on its way to a file: secrets masked, bounded in size, its newest lines at hand.
//
// A file holds the beginning and the end of a long output; what is left out between them is counted where it would stand.
// Not thread-safe: one build writes it. Failures: those of the disk.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "muster/base/files.hpp"

namespace muster::pipeline {

/// Replaces secrets in a stream by `***`, also where a secret comes in pieces. Lines of a secret of several lines are
/// secrets of their own where they are long enough to say something.
class Masker {
 public:
  explicit Masker(const std::vector<std::string>& secrets);
  /// What can be shown now. The last bytes are kept back while they may be the beginning of a secret.
  std::string mask(std::string_view bytes);
  /// What was kept back.
  std::string rest();

 private:
  std::string replace(std::size_t keep);

  std::vector<std::string> secrets_;  ///< Longest first.
  std::size_t longest_ = 0;
  std::string held_;
};

class BuildLog {
 public:
  struct Caps {
    std::size_t head = std::size_t{48} << 20U;
    std::size_t tail = std::size_t{1} << 20U;
  };
  using Line = std::function<void(std::string_view)>;

  /// `newest` gets the newest line after each piece, `every` all lines; both escaped for terminals, each may be empty.
  BuildLog(Files& files, Path path, const std::vector<std::string>& secrets, Line newest, Line every, Caps caps);
  BuildLog(Files& files, Path path, const std::vector<std::string>& secrets, Line newest, Line every)
      : BuildLog(files, std::move(path), secrets, std::move(newest), std::move(every), Caps()) {}

  /// Replaces what an earlier build left.
  Result<void> begin(std::string_view title);
  Result<void> take(std::string_view bytes);
  /// Writes what is still held. The log can go on afterwards.
  Result<void> finish();

  [[nodiscard]] const Path& path() const { return path_; }
  /// The last lines that are not empty, at most ten, escaped, cut where they are long.
  [[nodiscard]] std::vector<std::string> last_lines() const;

 private:
  Result<void> keep(std::string_view masked);
  void look_at_lines(std::string_view masked);
  void end_line();

  Files& files_;
  Path path_;
  Masker masker_;
  Line newest_;
  Line every_;
  Caps caps_;
  std::size_t written_ = 0;
  std::string tail_;  ///< Of what did not fit.
  std::uint64_t dropped_ = 0;
  std::string line_;  ///< The one that has not ended.
  std::deque<std::string> lines_;
};

}  // namespace muster::pipeline
