#include "muster/base/time.hpp"

#include <fmt/format.h>

#include <array>
#include <charconv>

namespace muster {
namespace {

using std::chrono::days;
using std::chrono::floor;
using std::chrono::hh_mm_ss;
using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;
using std::chrono::year_month_day;

/// Reads exactly `width` digits at the front of `text`.
bool take_number(std::string_view& text, std::size_t width, int& out) {
  if (text.size() < width) return false;
  const auto result = std::from_chars(text.data(), text.data() + width, out);
  if (result.ec != std::errc() || result.ptr != text.data() + width || out < 0) return false;
  text.remove_prefix(width);
  return true;
}

bool take(std::string_view& text, char c) {
  if (text.empty() || text.front() != c) return false;
  text.remove_prefix(1);
  return true;
}

/// The zone's offset from UTC: `Z`, nothing, or ±hh:mm.
std::optional<minutes> take_offset(std::string_view& text) {
  if (text.empty() || take(text, 'Z')) return minutes(0);
  const bool behind = text.front() == '-';
  if (!take(text, '+') && !take(text, '-')) return std::nullopt;
  int hour = 0;
  int minute = 0;
  if (!take_number(text, 2, hour) || !take(text, ':') || !take_number(text, 2, minute)) return std::nullopt;
  if (hour > 23 || minute > 59) return std::nullopt;
  const minutes offset = hours(hour) + minutes(minute);
  return behind ? -offset : offset;
}

}  // namespace

std::string format_instant(Instant at) {
  const auto day = floor<days>(at);
  const year_month_day date{day};
  const hh_mm_ss time{floor<seconds>(at - day)};
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}Z", static_cast<int>(date.year()), static_cast<unsigned>(date.month()),
                     static_cast<unsigned>(date.day()), time.hours().count(), time.minutes().count(), time.seconds().count());
}

std::optional<Instant> parse_instant(std::string_view text) {
  int year = 0;
  int month = 0;
  int day = 0;
  if (!take_number(text, 4, year) || !take(text, '-') || !take_number(text, 2, month) || !take(text, '-') || !take_number(text, 2, day))
    return std::nullopt;
  const year_month_day date{std::chrono::year(year), std::chrono::month(static_cast<unsigned>(month)),
                            std::chrono::day(static_cast<unsigned>(day))};
  if (!date.ok()) return std::nullopt;
  Instant at = std::chrono::sys_days(date);
  if (text.empty()) return at;
  if (!take(text, 'T') && !take(text, ' ')) return std::nullopt;
  int hour = 0;
  int minute = 0;
  int second = 0;
  if (!take_number(text, 2, hour) || !take(text, ':') || !take_number(text, 2, minute)) return std::nullopt;
  if (take(text, ':') && !take_number(text, 2, second)) return std::nullopt;
  if (hour > 23 || minute > 59 || second > 59) return std::nullopt;
  if (take(text, '.')) {
    while (!text.empty() && text.front() >= '0' && text.front() <= '9') text.remove_prefix(1);
  }
  const std::optional<minutes> offset = take_offset(text);
  if (!offset || !text.empty()) return std::nullopt;
  return at + hours(hour) + minutes(minute) + seconds(second) - *offset;
}

std::string format_duration(Duration duration) {
  if (duration < Duration::zero()) return "-" + format_duration(-duration);
  if (duration < seconds(1)) return fmt::format("{}ms", duration.count());
  struct Unit {
    std::string_view name;
    Duration size;
  };
  static constexpr std::array<Unit, 4> kUnits = {{{"d", days(1)}, {"h", hours(1)}, {"min", minutes(1)}, {"s", seconds(1)}}};
  for (std::size_t i = 0; i < kUnits.size(); ++i) {
    const Unit& unit = kUnits.at(i);
    if (duration < unit.size) continue;
    std::string out = fmt::format("{}{}", duration / unit.size, unit.name);
    if (i + 1 < kUnits.size()) {
      const Unit& next = kUnits.at(i + 1);
      if (const auto rest = (duration % unit.size) / next.size; rest != 0) out += fmt::format(" {}{}", rest, next.name);
    }
    return out;
  }
  return "0s";
}

}  // namespace muster
