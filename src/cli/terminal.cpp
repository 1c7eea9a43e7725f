#include "cli/terminal.hpp"

#include <unistd.h>

#include <algorithm>
#include <cerrno>

namespace muster::cli {
namespace {

/// A line that wraps would take two rows, and clearing would miss one. Live lines carry no colour.
std::string_view first_columns(std::string_view line, std::size_t columns) {
  std::size_t width = 0;
  for (std::size_t i = 0; i < line.size(); ++i) {
    const bool starts = (static_cast<unsigned char>(line[i]) & 0xC0U) != 0x80U;
    if (starts && ++width > columns) return line.substr(0, i);
  }
  return line;
}

}  // namespace

Terminal::~Terminal() {
  const std::lock_guard lock(mutex_);
  clear_live();
}

void Terminal::write(int file, std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = ::write(file, text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) {
      // A reader that has seen enough (`muster status | head -1`) is no failure.
      if (file == STDOUT_FILENO && errno != EPIPE) write_failed_ = true;
      return;
    }
    text.remove_prefix(static_cast<std::size_t>(written));
  }
}

void Terminal::line(std::string_view text) {
  const std::lock_guard lock(mutex_);
  clear_live();
  write(STDOUT_FILENO, std::string(text) + '\n');
  draw_live();
}

void Terminal::raw(std::string_view text) {
  const std::lock_guard lock(mutex_);
  clear_live();
  write(STDOUT_FILENO, text);
  draw_live();
}

void Terminal::error(std::string_view text) {
  const std::lock_guard lock(mutex_);
  clear_live();
  write(STDERR_FILENO, std::string(text) + '\n');
  draw_live();
}

void Terminal::live(std::vector<std::string> lines) {
  if (!setup_.error_is_terminal) return;
  const std::lock_guard lock(mutex_);
  clear_live();
  live_ = std::move(lines);
  draw_live();
}

void Terminal::clear_live() {
  if (drawn_ == 0) return;
  std::string text;
  for (std::size_t i = 0; i < drawn_; ++i) text += "\x1b[1A\x1b[2K";
  write(STDERR_FILENO, text);
  drawn_ = 0;
}

void Terminal::draw_live() {
  if (live_.empty()) return;
  std::string text;
  for (const std::string& line : live_) text += std::string(first_columns(line, setup_.width - 1)) + '\n';
  write(STDERR_FILENO, text);
  drawn_ = live_.size();
}

std::string Terminal::paint(Colour colour, std::string_view text) const {
  if (!setup_.colour || colour == Colour::plain) return std::string(text);
  static constexpr std::string_view kCodes[] = {"0", "1", "2", "31", "32", "33", "34"};
  return fmt::format("\x1b[{}m{}\x1b[0m", kCodes[static_cast<std::size_t>(colour)], text);
}

Table::Table(std::vector<std::string> head) : head_(std::move(head)) {}

void Table::row(std::vector<std::string> cells) {
  cells.resize(head_.size());
  rows_.push_back(std::move(cells));
}

std::vector<std::string> Table::lines(const Terminal& terminal) const {
  std::vector<std::size_t> widths(head_.size());
  for (std::size_t i = 0; i < head_.size(); ++i) widths[i] = display_width(head_[i]);
  for (const auto& row : rows_) {
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], display_width(row[i]));
  }
  const auto format = [&](const std::vector<std::string>& cells, Colour colour) {
    std::string line;
    for (std::size_t i = 0; i < cells.size(); ++i) {
      line += terminal.paint(colour, cells[i]);
      if (i + 1 < cells.size()) line.append(widths[i] - display_width(cells[i]) + 2, ' ');
    }
    line.erase(line.find_last_not_of(' ') + 1);
    return line;
  };
  std::vector<std::string> out;
  out.reserve(rows_.size() + 1);
  out.push_back(format(head_, Colour::faint));
  for (const auto& row : rows_) out.push_back(format(row, Colour::plain));
  return out;
}

std::size_t display_width(std::string_view text) {
  std::size_t width = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\x1b') {
      while (i < text.size() && text[i] != 'm') ++i;
      continue;
    }
    if ((static_cast<unsigned char>(text[i]) & 0xC0U) != 0x80U) ++width;
  }
  return width;
}

}  // namespace muster::cli
