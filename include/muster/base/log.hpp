// The log facade: one line an event, to standard error. A failure is logged once, by the finisher that handles it.
// Thread-safe. The level is set once by cli; below `quiet` nothing is formatted.
#pragma once

#include <fmt/core.h>

#include <string_view>

namespace muster::log {

enum class Level : int { debug, info, warning, error, quiet };

void set_level(Level level);
/// JSON lines instead of text, for `--json`.
void set_json(bool json);
[[nodiscard]] bool enabled(Level level);
/// `text` is escaped for terminals and logs here.
void write(Level level, std::string_view text);

template <typename... Args>
void debug(fmt::format_string<Args...> format, Args&&... args) {
  if (enabled(Level::debug)) write(Level::debug, fmt::format(format, std::forward<Args>(args)...));
}
template <typename... Args>
void info(fmt::format_string<Args...> format, Args&&... args) {
  if (enabled(Level::info)) write(Level::info, fmt::format(format, std::forward<Args>(args)...));
}
template <typename... Args>
void warning(fmt::format_string<Args...> format, Args&&... args) {
  if (enabled(Level::warning)) write(Level::warning, fmt::format(format, std::forward<Args>(args)...));
}
template <typename... Args>
void error(fmt::format_string<Args...> format, Args&&... args) {
  if (enabled(Level::error)) write(Level::error, fmt::format(format, std::forward<Args>(args)...));
}

}  // namespace muster::log
