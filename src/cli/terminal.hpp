// Where the program prints: standard output and error, with colour and live lines on a terminal and plain lines in a
// pipe. Every text from outside is escaped by whoever prints it (base escape_for_terminal). Thread-safe.
#pragma once

#include <fmt/core.h>

#include <cstddef>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "muster/base/value.hpp"

namespace muster::cli {

enum class Colour : std::uint8_t { plain, bold, faint, red, green, yellow, blue };

class Terminal {
 public:
  struct Setup {
    bool out_is_terminal = false;
    bool error_is_terminal = false;
    bool colour = false;
    std::size_t width = 100;
  };
  explicit Terminal(const Setup& setup) : setup_(setup) {}
  Terminal(const Terminal&) = delete;
  Terminal& operator=(const Terminal&) = delete;
  ~Terminal();

  [[nodiscard]] const Setup& setup() const { return setup_; }
  /// A line on standard output.
  void line(std::string_view text);
  template <typename... Args>
  void print(fmt::format_string<Args...> format, Args&&... args) {
    line(fmt::format(format, std::forward<Args>(args)...));
  }
  /// Text as it is, on standard output.
  void raw(std::string_view text);
  /// A line on standard error.
  void error(std::string_view text);
  /// The live lines below all others, on standard error; only on a terminal. Replaces the former ones.
  void live(std::vector<std::string> lines);
  /// `text` in a colour where colours are wanted.
  [[nodiscard]] std::string paint(Colour colour, std::string_view text) const;
  /// A failed write to standard output (a full disk, not a reader that went away) is remembered: the exit code must say so.
  [[nodiscard]] bool write_failed() const { return write_failed_; }

 private:
  void clear_live();
  void draw_live();
  void write(int file, std::string_view text);

  Setup setup_;
  std::mutex mutex_;
  std::vector<std::string> live_;
  std::size_t drawn_ = 0;
  bool write_failed_ = false;
};

/// Columns as wide as their widest cell, two spaces between, no trailing white space. Width counts characters, not bytes.
class Table {
 public:
  explicit Table(std::vector<std::string> head);
  void row(std::vector<std::string> cells);
  [[nodiscard]] bool empty() const { return rows_.empty(); }
  /// Lines with the head first, its cells painted faint.
  [[nodiscard]] std::vector<std::string> lines(const Terminal& terminal) const;

 private:
  std::vector<std::string> head_;
  std::vector<std::vector<std::string>> rows_;
};

/// How many columns a text takes: UTF-8 characters, escape sequences for colour not counted.
std::size_t display_width(std::string_view text);

}  // namespace muster::cli
