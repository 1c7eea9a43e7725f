#include "manifest/edits.hpp"

#include <algorithm>

namespace muster::manifest {

namespace {

constexpr std::size_t kMaxCells = 4'000'000;

// The middle of two sequences, their common ends cut off, and the lengths of the common runs of all their tails.
class Table {
 public:
  Table(const std::vector<std::uint32_t>& before, const std::vector<std::uint32_t>& after, std::size_t head, std::size_t tail)
      : rows_(before.size() - head - tail), columns_(after.size() - head - tail), lengths_((rows_ + 1) * (columns_ + 1)) {
    for (std::size_t i = rows_; i-- > 0;) {
      for (std::size_t j = columns_; j-- > 0;) {
        at(i, j) = before[head + i] == after[head + j] ? at(i + 1, j + 1) + 1 : std::max(at(i + 1, j), at(i, j + 1));
      }
    }
  }
  std::uint32_t& at(std::size_t i, std::size_t j) { return lengths_[i * (columns_ + 1) + j]; }

 private:
  std::size_t rows_;
  std::size_t columns_;
  std::vector<std::uint32_t> lengths_;
};

}  // namespace

std::vector<Edit> edits_between(const std::vector<std::uint32_t>& before, const std::vector<std::uint32_t>& after) {
  const std::size_t shorter = std::min(before.size(), after.size());
  std::size_t head = 0;
  while (head < shorter && before[head] == after[head]) ++head;
  std::size_t tail = 0;
  while (tail < shorter - head && before[before.size() - 1 - tail] == after[after.size() - 1 - tail]) ++tail;
  const std::size_t before_end = before.size() - tail;
  const std::size_t after_end = after.size() - tail;

  std::vector<Edit> edits;
  edits.reserve(before.size() + after.size());
  std::size_t i = 0;
  std::size_t j = 0;
  const auto keep = [&] { edits.push_back({Edit::Kind::keep, i++, j++}); };
  const auto remove = [&] { edits.push_back({Edit::Kind::remove, i++, j}); };
  const auto add = [&] { edits.push_back({Edit::Kind::add, i, j++}); };
  while (i < head) keep();
  if ((before_end - head) * (after_end - head) <= kMaxCells) {
    Table table(before, after, head, tail);
    while (i < before_end && j < after_end) {
      if (before[i] == after[j]) {
        keep();
      } else if (table.at(i + 1 - head, j - head) >= table.at(i - head, j + 1 - head)) {
        remove();
      } else {
        add();
      }
    }
  }
  while (i < before_end) remove();
  while (j < after_end) add();
  while (i < before.size()) keep();
  // Within a run of changes removals come first, so that they pair with what replaces them.
  for (auto begin = edits.begin(); begin != edits.end();) {
    const auto changed = std::find_if(begin, edits.end(), [](const Edit& edit) { return edit.kind != Edit::Kind::keep; });
    const auto end = std::find_if(changed, edits.end(), [](const Edit& edit) { return edit.kind == Edit::Kind::keep; });
    std::stable_partition(changed, end, [](const Edit& edit) { return edit.kind == Edit::Kind::remove; });
    begin = end;
  }
  return edits;
}

}  // namespace muster::manifest
