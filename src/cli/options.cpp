#include "cli/options.hpp"

#include <algorithm>
#include <array>
#include <charconv>

#include "muster/base/text.hpp"

namespace muster::cli {

std::optional<Duration> parse_duration(std::string_view text) {
  struct Unit {
    std::string_view name;
    Duration size;
  };
  static constexpr std::array<Unit, 6> kUnits = {{{"ms", Duration(1)},
                                                  {"s", std::chrono::seconds(1)},
                                                  {"min", std::chrono::minutes(1)},
                                                  {"h", std::chrono::hours(1)},
                                                  {"d", std::chrono::days(1)},
                                                  {"w", std::chrono::days(7)}}};
  Duration total{0};
  bool any = false;
  for (const std::string_view part : split(text, ' ')) {
    std::int64_t count = 0;
    const auto number = std::from_chars(part.data(), part.data() + part.size(), count);
    const std::string_view unit(number.ptr, static_cast<std::size_t>(part.data() + part.size() - number.ptr));
    if (number.ec != std::errc() || count < 0 || count > 1'000'000'000) return std::nullopt;
    const auto* found = std::find_if(kUnits.begin(), kUnits.end(), [&](const Unit& one) { return one.name == unit; });
    if (found == kUnits.end()) return std::nullopt;
    total += found->size * count;
    any = true;
  }
  return any ? std::optional(total) : std::nullopt;
}

Result<std::optional<Instant>> moment_of(const Session& session, std::string_view option) {
  if (!session.arguments().has(option)) return std::optional<Instant>();
  const std::optional<Instant> at = parse_instant(session.arguments().get(option));
  if (!at) {
    return stalled(Reason::invalid,
                   fmt::format("{} takes a time as in 2026-05-04T10:00, UTC unless it ends in an offset like +02:00", option));
  }
  return at;
}

}  // namespace muster::cli
