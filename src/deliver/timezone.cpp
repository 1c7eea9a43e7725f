#include "deliver/timezone.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <cctype>

namespace muster::deliver {
namespace {

constexpr std::size_t kMaxZoneBytes = 1U << 20U;
constexpr std::size_t kHeaderBytes = 44;
constexpr std::size_t kMaxCount = 100'000;

Failure damaged(std::string_view name) { return stalled(Reason::corrupt, fmt::format("the zone file of `{}` is damaged", name)); }

bool is_zone_name(std::string_view name) {
  if (name.empty() || name.size() > 64 || name.front() == '/' || name.find("..") != std::string_view::npos) return false;
  return std::all_of(name.begin(), name.end(), [](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '/' || c == '_' || c == '-' || c == '+';
  });
}

std::int64_t day_of(int year, unsigned month, unsigned day) {
  const std::chrono::sys_days days = std::chrono::year(year) / std::chrono::month(month) / std::chrono::day(day);
  return days.time_since_epoch().count();
}

constexpr std::int64_t kDay = 86'400;

}  // namespace

/// The POSIX string at the end of a zone file: "CET-1CEST,M3.5.0,M10.5.0/3".
class PosixReader {
 public:
  explicit PosixReader(std::string_view text) : rest_(text) {}

  std::optional<TimeZone::Footer> read() {
    TimeZone::Footer footer;
    if (!name()) return std::nullopt;
    const auto standard = time(true);
    if (!standard) return std::nullopt;
    footer.standard = -*standard;  // POSIX counts west of Greenwich.
    if (rest_.empty()) return footer;
    if (!name()) return std::nullopt;
    footer.daylight = footer.standard + 3600;
    if (!rest_.empty() && rest_.front() != ',') {
      const auto daylight = time(true);
      if (!daylight) return std::nullopt;
      footer.daylight = -*daylight;
    }
    const auto begins = rule();
    const auto ends = rule();
    if (!begins || !ends || !rest_.empty()) return std::nullopt;
    footer.begins = *begins;
    footer.ends = *ends;
    return footer;
  }

 private:
  bool take(char c) {
    if (rest_.empty() || rest_.front() != c) return false;
    rest_.remove_prefix(1);
    return true;
  }
  bool name() {
    if (take('<')) {
      const auto end = rest_.find('>');
      if (end == std::string_view::npos) return false;
      rest_.remove_prefix(end + 1);
      return true;
    }
    std::size_t length = 0;
    while (length < rest_.size() && std::isalpha(static_cast<unsigned char>(rest_[length])) != 0) ++length;
    rest_.remove_prefix(length);
    return length >= 3;
  }
  std::optional<int> number() {
    int value = 0;
    std::size_t length = 0;
    while (length < rest_.size() && length < 4 && std::isdigit(static_cast<unsigned char>(rest_[length])) != 0)
      value = value * 10 + (rest_[length++] - '0');
    rest_.remove_prefix(length);
    return length == 0 ? std::nullopt : std::optional(value);
  }
  /// hh[:mm[:ss]] in seconds.
  std::optional<std::int64_t> time(bool sign_allowed) {
    std::int64_t sign = 1;
    if (sign_allowed && take('-'))
      sign = -1;
    else if (sign_allowed)
      (void)take('+');
    const auto hours = number();
    if (!hours) return std::nullopt;
    std::int64_t seconds = std::int64_t{*hours} * 3600;
    for (std::int64_t unit = 60; unit >= 1 && take(':'); unit /= 60) {
      const auto part = number();
      if (!part) return std::nullopt;
      seconds += *part * unit;
    }
    return sign * seconds;
  }
  std::optional<TimeZone::Rule> rule() {
    TimeZone::Rule rule;
    if (!take(',')) return std::nullopt;
    if (take('M')) {
      rule.month = number().value_or(0);
      rule.week = take('.') ? number().value_or(0) : 0;
      rule.day = take('.') ? number().value_or(7) : 7;
      if (rule.month < 1 || rule.month > 12 || rule.week < 1 || rule.week > 5 || rule.day > 6) return std::nullopt;
    } else {
      rule.kind = take('J') ? TimeZone::Rule::Kind::julian : TimeZone::Rule::Kind::day;
      const auto day = number();
      if (!day || *day > 365) return std::nullopt;
      rule.day = *day;
    }
    if (take('/')) {
      const auto at = time(true);
      if (!at) return std::nullopt;
      rule.seconds = *at;
    }
    return rule;
  }
  std::string_view rest_;
};

/// The binary file; only its 64-bit part is read.
class TzifReader {
 public:
  TzifReader(std::string_view bytes, std::string_view name) : bytes_(bytes), name_(name) {}

  Result<TimeZone> read() {
    MUSTER_TRY(const Counts old, header(0));
    if (bytes_[4] < '2') return damaged(name_);
    const std::size_t second = kHeaderBytes + old.size(4);
    MUSTER_TRY(const Counts counts, header(second));
    const std::size_t data = second + kHeaderBytes;
    if (counts.types == 0 || data + counts.size(8) > bytes_.size()) return damaged(name_);
    const std::size_t indices = data + counts.times * 8;
    const std::size_t types = indices + counts.times;
    TimeZone zone;
    const auto offset_of = [&](std::size_t type) { return std::int64_t{static_cast<std::int32_t>(number(types + type * 6, 4))}; };
    zone.first_offset_ = offset_of(0);
    for (std::size_t i = 0; i < counts.times; ++i) {
      const auto type = static_cast<std::size_t>(static_cast<unsigned char>(bytes_[indices + i]));
      if (type >= counts.types) return damaged(name_);
      zone.transitions_.push_back({static_cast<std::int64_t>(number(data + i * 8, 8)), offset_of(type)});
    }
    std::string_view footer = bytes_.substr(data + counts.size(8));
    if (footer.size() >= 2 && footer.front() == '\n' && footer.back() == '\n' && footer.size() > 2) {
      footer = footer.substr(1, footer.size() - 2);
      zone.footer_ = PosixReader(footer).read();
      if (!zone.footer_) return damaged(name_);
    }
    return zone;
  }

 private:
  struct Counts {
    std::size_t ut = 0, standard = 0, leaps = 0, times = 0, types = 0, characters = 0;
    [[nodiscard]] std::size_t size(std::size_t width) const {
      return times * width + times + types * 6 + characters + leaps * (width + 4) + standard + ut;
    }
  };
  [[nodiscard]] std::uint64_t number(std::size_t at, std::size_t width) const {
    std::uint64_t value = 0;
    for (std::size_t i = 0; i < width; ++i) value = value << 8U | static_cast<unsigned char>(bytes_[at + i]);
    return value;
  }
  Result<Counts> header(std::size_t at) const {
    if (bytes_.size() < at + kHeaderBytes || bytes_.substr(at, 4) != "TZif") return damaged(name_);
    Counts counts;
    std::size_t* const fields[] = {&counts.ut, &counts.standard, &counts.leaps, &counts.times, &counts.types, &counts.characters};
    for (std::size_t i = 0; i < std::size(fields); ++i) {
      *fields[i] = static_cast<std::size_t>(number(at + 20 + i * 4, 4));
      if (*fields[i] > kMaxCount) return damaged(name_);
    }
    return counts;
  }
  std::string_view bytes_;
  std::string_view name_;
};

Result<TimeZone> TimeZone::load(Files& files, std::string_view name) {
  if (name == "UTC") return TimeZone{};
  if (!is_zone_name(name)) return stalled(Reason::invalid, fmt::format("`{}` is no name of a time zone", name));
  const auto bytes = files.read(Path(kZoneFolder) / name, kMaxZoneBytes);
  if (!bytes.ok()) {
    return stalled(bytes.failure().reason, fmt::format("the time zone `{}` is not known here (is the package tzdata installed?)", name));
  }
  return parse(*bytes, name);
}

Result<TimeZone> TimeZone::parse(std::string_view tzif, std::string_view name) { return TzifReader(tzif, name).read(); }

std::int64_t TimeZone::rule_moment(const Rule& rule, int year, std::int64_t offset) {
  std::int64_t day = 0;
  if (rule.kind == Rule::Kind::month_week_day) {
    const auto month = static_cast<unsigned>(rule.month);
    const std::int64_t first = day_of(year, month, 1);
    const auto weekday = static_cast<int>(((first + 4) % 7 + 7) % 7);  // 1970-01-01 was a Thursday.
    day = first + (rule.day - weekday + 7) % 7 + std::int64_t{rule.week - 1} * 7;
    const std::int64_t next_month = rule.month == 12 ? day_of(year + 1, 1, 1) : day_of(year, month + 1, 1);
    while (day >= next_month) day -= 7;  // Week 5 is the last one.
  } else {
    const bool leap = std::chrono::year(year).is_leap();
    const bool skips = rule.kind == Rule::Kind::julian;  // Jn: 1 … 365, 29 February is never counted.
    day = day_of(year, 1, 1) + rule.day - (skips ? 1 : 0) + (skips && leap && rule.day >= 60 ? 1 : 0);
  }
  return day * kDay + rule.seconds - offset;
}

std::int64_t TimeZone::footer_offset(const Footer& footer, std::int64_t utc_seconds) {
  if (!footer.daylight) return footer.standard;
  const std::chrono::sys_seconds at{std::chrono::seconds(utc_seconds + footer.standard)};
  const int year = static_cast<int>(std::chrono::year_month_day(std::chrono::floor<std::chrono::days>(at)).year());
  const std::int64_t begins = rule_moment(footer.begins, year, footer.standard);
  const std::int64_t ends = rule_moment(footer.ends, year, *footer.daylight);
  const bool summer = begins < ends ? utc_seconds >= begins && utc_seconds < ends : utc_seconds >= begins || utc_seconds < ends;
  return summer ? *footer.daylight : footer.standard;
}

std::int64_t TimeZone::offset_at(std::int64_t utc_seconds) const {
  if (transitions_.empty() || utc_seconds < transitions_.front().at) {
    return transitions_.empty() && footer_ ? footer_offset(*footer_, utc_seconds) : first_offset_;
  }
  if (utc_seconds >= transitions_.back().at && footer_) return footer_offset(*footer_, utc_seconds);
  const auto after = std::upper_bound(transitions_.begin(), transitions_.end(), utc_seconds,
                                      [](std::int64_t at, const Transition& t) { return at < t.at; });
  return std::prev(after)->offset;
}

LocalTime TimeZone::local(Instant at) const {
  const auto seconds = std::chrono::floor<std::chrono::seconds>(at).time_since_epoch().count();
  return LocalTime(at.time_since_epoch() + std::chrono::seconds(offset_at(seconds)));
}

Instant TimeZone::instant(LocalTime at) const {
  const auto wall = std::chrono::floor<std::chrono::seconds>(at).time_since_epoch().count();
  const auto rest = at.time_since_epoch() - std::chrono::seconds(wall);
  // Of the two offsets around that day, the one that gives the earlier moment that still shows this time.
  const std::int64_t before = offset_at(wall - kDay);
  const std::int64_t after = offset_at(wall + kDay);
  for (const std::int64_t offset : {std::max(before, after), std::min(before, after)}) {
    if (offset_at(wall - offset) == offset) return Instant(std::chrono::seconds(wall - offset) + rest);
  }
  return Instant(std::chrono::seconds(wall - before) + rest);  // Left out by a change of clocks.
}

}  // namespace muster::deliver
