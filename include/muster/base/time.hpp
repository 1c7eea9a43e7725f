// Instants and the clock seam. Nothing below cli reads the system clock: it is passed in.
#pragma once

#include <chrono>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>

namespace muster {

using Duration = std::chrono::milliseconds;
/// UTC, milliseconds since 1970-01-01T00:00:00Z, no leap seconds.
using Instant = std::chrono::sys_time<std::chrono::milliseconds>;

/// RFC 3339 in UTC with whole seconds: "2026-05-04T10:00:00Z".
std::string format_instant(Instant at);
/// RFC 3339 with `Z` or a numeric offset; date alone or without a zone is UTC. nullopt for anything else.
std::optional<Instant> parse_instant(std::string_view text);
/// For people, two units at most: "3d 4h", "12min", "850ms".
std::string format_duration(Duration duration);

/// The clock of the World. Thread-safe.
class Clock {
 public:
  virtual ~Clock() = default;
  /// Wall-clock time; may jump.
  [[nodiscard]] virtual Instant now() const = 0;
  /// Never goes back; for time-outs and pauses.
  [[nodiscard]] virtual Duration elapsed() const = 0;
  /// Returns after `pause`, or at once when `stop` is requested; true if the whole pause passed.
  virtual bool sleep(Duration pause, const std::stop_token& stop) = 0;
};

/// The machine's clock.
Clock& system_clock();

}  // namespace muster
