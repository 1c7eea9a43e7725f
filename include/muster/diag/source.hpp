// Sources: the texts that fleet files consist of, and spans into them. The only reader of fleet files.
//
// Ownership: Sources owns every text; spans and views into it live as long as it does.
// Thread-safety: add from one thread; const access from any.
#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <vector>

#include "muster/base/files.hpp"
#include "muster/base/result.hpp"

namespace muster::diag {

enum class SourceId : std::uint32_t {};
inline constexpr SourceId kNoSource{0xffffffffU};

/// A range of bytes in a source, [begin, end). 12 bytes, stands on everything declared; turned into line and column
/// only for printing.
struct Span {
  SourceId source = kNoSource;
  std::uint32_t begin = 0;
  std::uint32_t end = 0;

  [[nodiscard]] bool known() const { return source != kNoSource; }
  friend bool operator==(const Span&, const Span&) = default;
};

/// 1-based; columns count bytes of UTF-8 characters as one.
struct Position {
  std::uint32_t line = 0;
  std::uint32_t column = 0;
};

class Sources {
 public:
  /// `path` is how people see it: relative to the fleet's root, or "std/core.fleet" for the embedded library.
  SourceId add(std::string path, std::string text);
  [[nodiscard]] std::size_t size() const { return entries_.size(); }
  [[nodiscard]] std::string_view path(SourceId id) const;
  [[nodiscard]] std::string_view text(SourceId id) const;
  [[nodiscard]] std::string_view text(Span span) const;
  [[nodiscard]] Position position(SourceId id, std::uint32_t offset) const;
  /// The whole line that holds `offset`, without its end.
  [[nodiscard]] std::string_view line_at(SourceId id, std::uint32_t offset) const;
  /// "hello.fleet:7:19", or "" for an unknown span.
  [[nodiscard]] std::string place(Span span) const;

 private:
  struct Entry {
    std::string path;
    std::string text;
    std::vector<std::uint32_t> lines;  ///< Offsets of line starts.
  };
  std::deque<Entry> entries_;
};

/// The `*.fleet` files below `root`, sorted by path; names that start with `.` or `_` are skipped, links are not
/// followed. Each at most 4 MiB of valid UTF-8; anything else is a Failure that names the file.
struct FleetText {
  std::string path;  ///< Relative to the root, with `/`.
  std::string text;
};
Result<std::vector<FleetText>> read_fleet_files(Files& files, const Path& root);

/// The nearest folder at or above `start` that holds a `*.fleet` file with a `fleet` declaration, else the topmost with
/// any `*.fleet` file; Reason::absent with how to begin (`muster init`) where there is none.
Result<Path> find_fleet_root(Files& files, const Path& start);

}  // namespace muster::diag
