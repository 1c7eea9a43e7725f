// A line of source as a terminal shows it, passwords in URLs covered, and where each of its bytes ends up.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace muster::diag {

class ShownLine {
 public:
  explicit ShownLine(std::string_view source);

  /// Screen column (from 0) of the byte at `offset` of the line; behind the last for offsets beyond it.
  [[nodiscard]] std::size_t column(std::size_t offset) const { return columns_[offset < columns_.size() ? offset : columns_.size() - 1]; }
  [[nodiscard]] std::size_t width() const { return columns_.back(); }
  /// The part in screen columns [begin, end), with `…` where something is cut off.
  [[nodiscard]] std::string window(std::size_t begin, std::size_t end) const;

 private:
  std::string text_;
  std::vector<std::size_t> columns_;  ///< By byte of the line, and one behind it.
  std::vector<std::size_t> bytes_;    ///< By byte of the line: where its text begins in text_.
};

}  // namespace muster::diag
