#include "deliver/freeze.hpp"

#include <fmt/core.h>

#include <algorithm>

namespace muster::deliver {
namespace {

/// "2026-12-18" or "2026-12-18T18:00": the same text as an instant of UTC is the time on the wall.
Result<LocalTime> parse_local(const std::string& text) {
  std::string whole = text;
  const auto time = whole.find('T');
  if (time != std::string::npos && whole.size() - time == std::string_view("T18:00").size()) whole += ":00";
  const auto at = parse_instant(whole);
  if (!at) return stalled(Reason::invalid, fmt::format("`{}` is no date such as 2026-12-18 or 2026-12-18T18:00", text));
  return LocalTime(at->time_since_epoch());
}

bool has(const std::vector<int>& weekdays, const std::chrono::local_days& day) {
  const auto weekday = static_cast<int>(std::chrono::weekday(day).iso_encoding());
  return std::find(weekdays.begin(), weekdays.end(), weekday) != weekdays.end();
}

std::optional<Instant> earlier(std::optional<Instant> a, std::optional<Instant> b) {
  if (!a || !b) return a ? a : b;
  return std::min(*a, *b);
}

}  // namespace

Result<std::optional<Frozen>> frozen_at(const model::Freeze& freeze, const TimeZone& zone, Instant now) {
  Frozen frozen{&freeze, std::nullopt, ""};
  if (!freeze.from.empty()) {
    MUSTER_TRY(const LocalTime from, parse_local(freeze.from));
    if (now < zone.instant(from)) return std::optional<Frozen>{};
  }
  if (!freeze.to.empty()) {
    MUSTER_TRY(const LocalTime to, parse_local(freeze.to));
    frozen.until = zone.instant(to);
    if (now >= *frozen.until) return std::optional<Frozen>{};
  }
  if (!freeze.weekdays.empty()) {
    std::chrono::local_days day = std::chrono::floor<std::chrono::days>(zone.local(now));
    if (!has(freeze.weekdays, day)) return std::optional<Frozen>{};
    for (int ahead = 1; ahead <= 7; ++ahead) {
      day += std::chrono::days(1);
      if (has(freeze.weekdays, day)) continue;
      frozen.until = earlier(frozen.until, zone.instant(LocalTime(day)));
      break;
    }
  }
  return std::optional(frozen);
}

const Result<TimeZone>& Zones::zone(const std::string& name) {
  const auto known = zones_.find(name);
  if (known != zones_.end()) return known->second;
  return zones_.emplace(name, TimeZone::load(files_, name)).first->second;
}

std::optional<Frozen> find_freeze(const model::Fleet& fleet, const std::string& environment, record::Cause cause, Zones& zones,
                                  Instant now) {
  for (const auto& freeze : fleet.freezes) {
    const auto& places = freeze.applies_to;
    if (std::find(places.begin(), places.end(), environment) == places.end()) continue;
    if (std::find(freeze.allow.begin(), freeze.allow.end(), record::to_string(cause)) != freeze.allow.end()) continue;
    const auto& zone = zones.zone(freeze.timezone);
    if (!zone.ok()) return Frozen{&freeze, std::nullopt, zone.failure().text};
    auto frozen = frozen_at(freeze, *zone, now);
    if (!frozen.ok()) return Frozen{&freeze, std::nullopt, frozen.failure().text};
    if (*frozen) return **frozen;
  }
  return std::nullopt;
}

}  // namespace muster::deliver
