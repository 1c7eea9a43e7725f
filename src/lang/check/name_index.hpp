// A look-up table from names to dense numbers. Names are views: their text lives in the sources.
//
// Thread-safety: const access from any thread. Failure: none.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string_view>
#include <vector>

namespace muster::lang {

class NameIndex {
 public:
  /// The number of `name`, or nothing.
  [[nodiscard]] std::optional<std::uint32_t> find(std::string_view name) const {
    if (cells_.empty()) return std::nullopt;
    for (std::size_t at = hash(name) & mask();; at = (at + 1) & mask()) {
      const Cell& cell = cells_[at];
      if (cell.name.data() == nullptr) return std::nullopt;
      if (cell.name == name) return cell.number;
    }
  }
  [[nodiscard]] bool contains(std::string_view name) const { return find(name).has_value(); }

  /// False, and nothing changes, where the name is there already.
  bool insert(std::string_view name, std::uint32_t number) {
    if ((count_ + 1) * 2 > cells_.size()) grow();
    return put(name, number);
  }
  /// Sets or replaces.
  void assign(std::string_view name, std::uint32_t number) {
    if (insert(name, number)) return;
    for (std::size_t at = hash(name) & mask();; at = (at + 1) & mask()) {
      if (cells_[at].name == name) {
        cells_[at].number = number;
        return;
      }
    }
  }

  void reserve(std::size_t count) {
    while (count * 2 > cells_.size()) grow();
  }
  [[nodiscard]] std::size_t size() const { return count_; }

 private:
  struct Cell {
    std::string_view name;  ///< data() is null where the cell is free.
    std::uint32_t number = 0;
  };

  [[nodiscard]] std::size_t mask() const { return cells_.size() - 1; }

  // Multiplied over words of eight bytes: names are short, and nobody outside chooses them to collide with profit. Products
  // carry upwards only, so the high half is folded down twice; else names that differ in their last letters collide.
  static std::size_t hash(std::string_view name) {
    std::uint64_t state = 0xcbf29ce484222325U ^ name.size();
    while (name.size() >= 8) {
      std::uint64_t word = 0;
      std::memcpy(&word, name.data(), 8);
      state = (state ^ word) * 0x9e3779b97f4a7c15U;
      state ^= state >> 32U;
      name.remove_prefix(8);
    }
    std::uint64_t word = 0;
    if (!name.empty()) std::memcpy(&word, name.data(), name.size());
    state = (state ^ word) * 0x9e3779b97f4a7c15U;
    state = (state ^ (state >> 32U)) * 0x9e3779b97f4a7c15U;
    return static_cast<std::size_t>(state ^ (state >> 32U));
  }

  bool put(std::string_view name, std::uint32_t number) {
    if (name.data() == nullptr) name = std::string_view("");
    for (std::size_t at = hash(name) & mask();; at = (at + 1) & mask()) {
      Cell& cell = cells_[at];
      if (cell.name.data() == nullptr) {
        cell = {name, number};
        ++count_;
        return true;
      }
      if (cell.name == name) return false;
    }
  }

  void grow() {
    std::vector<Cell> old(cells_.empty() ? 16 : cells_.size() * 2);
    old.swap(cells_);
    count_ = 0;
    for (const Cell& cell : old) {
      if (cell.name.data() != nullptr) put(cell.name, cell.number);
    }
  }

  std::vector<Cell> cells_;
  std::size_t count_ = 0;
};

}  // namespace muster::lang
