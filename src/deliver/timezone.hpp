// TimeZone: what the clocks on the wall of a place show, from the system's zone files (TZif, RFC 8536), read through the
// World, so that freezes need no library and the simulator can have a zone of its own.
//
// Plain value. Failures: absent (no such zone; the way out is the package tzdata), corrupt.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "muster/base/files.hpp"
#include "muster/base/result.hpp"
#include "muster/base/time.hpp"

namespace muster::deliver {

inline constexpr std::string_view kZoneFolder = "/usr/share/zoneinfo";

/// Wall-clock time: milliseconds since 1970-01-01T00:00 of the place.
using LocalTime = std::chrono::local_time<std::chrono::milliseconds>;

class TimeZone {
 public:
  /// "Europe/Berlin"; "UTC" needs no file.
  static Result<TimeZone> load(Files& files, std::string_view name);
  static Result<TimeZone> parse(std::string_view tzif, std::string_view name);

  [[nodiscard]] LocalTime local(Instant at) const;
  /// The moment at which the clocks first show `at` or later (a time that a change of clocks leaves out is moved on).
  [[nodiscard]] Instant instant(LocalTime at) const;

 private:
  /// When daylight saving begins or ends in a year: `Mm.w.d/time`, `Jn/time` or `n/time` of POSIX.
  struct Rule {
    enum class Kind : std::uint8_t { month_week_day, julian, day } kind = Kind::month_week_day;
    int month = 0, week = 0, day = 0;
    std::int64_t seconds = 7200;
  };
  /// After the last transition of the file: the POSIX string at its end.
  struct Footer {
    std::int64_t standard = 0;  ///< Seconds east of UTC.
    std::optional<std::int64_t> daylight;
    Rule begins, ends;
  };
  struct Transition {
    std::int64_t at = 0;
    std::int64_t offset = 0;
  };
  friend class TzifReader;
  friend class PosixReader;
  [[nodiscard]] std::int64_t offset_at(std::int64_t utc_seconds) const;
  static std::int64_t footer_offset(const Footer& footer, std::int64_t utc_seconds);
  static std::int64_t rule_moment(const Rule& rule, int year, std::int64_t offset);

  std::vector<Transition> transitions_;
  std::int64_t first_offset_ = 0;
  std::optional<Footer> footer_;
};

}  // namespace muster::deliver
