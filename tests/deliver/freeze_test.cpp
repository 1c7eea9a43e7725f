#include "deliver/freeze.hpp"

#include <gtest/gtest.h>

namespace muster::deliver::test {
namespace {

Instant at(const char* text) { return *parse_instant(text); }

/// The system's own data where it is installed; a case that needs it says so by being skipped.
std::optional<TimeZone> zone(const char* name) {
  auto loaded = TimeZone::load(system_files(), name);
  return loaded.ok() ? std::optional(std::move(loaded).value()) : std::nullopt;
}

std::string local(const TimeZone& zone, const char* utc) {
  return format_instant(Instant(zone.local(at(utc)).time_since_epoch())).substr(0, 19);
}

TEST(TimeZone, KnowsSummerAndWinter) {
  const auto berlin = zone("Europe/Berlin");
  if (!berlin) GTEST_SKIP() << "no zone files";
  EXPECT_EQ(local(*berlin, "2026-01-15T12:00:00Z"), "2026-01-15T13:00:00");
  EXPECT_EQ(local(*berlin, "2026-07-15T12:00:00Z"), "2026-07-15T14:00:00");
  EXPECT_EQ(local(*berlin, "2026-03-29T00:59:59Z"), "2026-03-29T01:59:59");
  EXPECT_EQ(local(*berlin, "2026-03-29T01:00:00Z"), "2026-03-29T03:00:00");
  EXPECT_EQ(local(*berlin, "2026-10-25T00:59:59Z"), "2026-10-25T02:59:59");
  EXPECT_EQ(local(*berlin, "2026-10-25T01:00:00Z"), "2026-10-25T02:00:00");
}

TEST(TimeZone, KnowsYearsBeyondItsTable) {
  const auto berlin = zone("Europe/Berlin");
  const auto sydney = zone("Australia/Sydney");
  const auto kathmandu = zone("Asia/Kathmandu");
  if (!berlin || !sydney || !kathmandu) GTEST_SKIP() << "no zone files";
  EXPECT_EQ(local(*berlin, "2060-07-15T12:00:00Z"), "2060-07-15T14:00:00");
  EXPECT_EQ(local(*berlin, "2060-12-15T12:00:00Z"), "2060-12-15T13:00:00");
  EXPECT_EQ(local(*sydney, "2060-01-15T12:00:00Z"), "2060-01-15T23:00:00");
  EXPECT_EQ(local(*sydney, "2060-07-15T12:00:00Z"), "2060-07-15T22:00:00");
  EXPECT_EQ(local(*kathmandu, "2026-07-15T12:00:00Z"), "2026-07-15T17:45:00");
}

TEST(TimeZone, TurnsTheClockOnTheWallIntoAMoment) {
  const auto berlin = zone("Europe/Berlin");
  if (!berlin) GTEST_SKIP() << "no zone files";
  const auto wall = [](const char* text) { return LocalTime(at(text).time_since_epoch()); };
  EXPECT_EQ(berlin->instant(wall("2026-07-15T14:00:00Z")), at("2026-07-15T12:00:00Z"));
  EXPECT_EQ(berlin->instant(wall("2026-01-15T13:00:00Z")), at("2026-01-15T12:00:00Z"));
  EXPECT_EQ(berlin->instant(wall("2026-03-29T02:30:00Z")), at("2026-03-29T01:30:00Z")) << "left out in spring: moved on";
  EXPECT_EQ(berlin->instant(wall("2026-10-25T02:30:00Z")), at("2026-10-25T00:30:00Z")) << "twice in autumn: the first";
}

TEST(TimeZone, IsRefusedByNameWhereItIsUnknownOrDamaged) {
  EXPECT_FALSE(TimeZone::load(system_files(), "Mars/Base").ok());
  EXPECT_FALSE(TimeZone::load(system_files(), "../../../etc/passwd").ok());
  EXPECT_FALSE(TimeZone::parse("TZif", "x").ok());
  std::string header = "TZif2" + std::string(39, '\0');
  EXPECT_FALSE(TimeZone::parse(header, "x").ok());
  header[20 + 3 * 4] = '\x7f';  // A count that no file can hold.
  EXPECT_FALSE(TimeZone::parse(header, "x").ok());
  EXPECT_TRUE(TimeZone::load(system_files(), "UTC").ok());
}

model::Freeze weekends() {
  model::Freeze freeze;
  freeze.name = "weekends";
  freeze.applies_to = {"production"};
  freeze.timezone = "UTC";
  freeze.weekdays = {6, 7};
  freeze.allow = {"rollback"};
  return freeze;
}

TEST(Freeze, OfWeekendsEndsOnMonday) {
  const TimeZone utc;
  EXPECT_FALSE(frozen_at(weekends(), utc, at("2026-05-08T23:59:59Z")).value());
  const auto saturday = frozen_at(weekends(), utc, at("2026-05-09T00:00:00Z")).value();
  ASSERT_TRUE(saturday);
  EXPECT_EQ(saturday->until, at("2026-05-11T00:00:00Z"));
  EXPECT_FALSE(frozen_at(weekends(), utc, at("2026-05-11T00:00:00Z")).value());
}

TEST(Freeze, IsInTheZoneThatItNames) {
  const auto berlin = zone("Europe/Berlin");
  if (!berlin) GTEST_SKIP() << "no zone files";
  EXPECT_TRUE(frozen_at(weekends(), *berlin, at("2026-05-08T22:30:00Z")).value()) << "it is Saturday in Berlin";
  EXPECT_FALSE(frozen_at(weekends(), *berlin, at("2026-05-10T22:30:00Z")).value()) << "it is Monday in Berlin";
}

TEST(Freeze, OfAPeriodBeginsAndEndsOnTheWallsClock) {
  model::Freeze freeze;
  freeze.from = "2026-12-18T18:00";
  freeze.to = "2027-01-02";
  const TimeZone utc;
  EXPECT_FALSE(frozen_at(freeze, utc, at("2026-12-18T17:59:59Z")).value());
  const auto frozen = frozen_at(freeze, utc, at("2026-12-18T18:00:00Z")).value();
  ASSERT_TRUE(frozen);
  EXPECT_EQ(frozen->until, at("2027-01-02T00:00:00Z"));
  EXPECT_FALSE(frozen_at(freeze, utc, at("2027-01-02T00:00:00Z")).value());
}

TEST(Freeze, BindsItsEnvironmentsAndNotWhatItAllows) {
  model::Fleet fleet;
  fleet.freezes = {weekends()};
  Zones zones(system_files());
  const Instant saturday = at("2026-05-09T12:00:00Z");
  EXPECT_TRUE(find_freeze(fleet, "production", record::Cause::push, zones, saturday));
  EXPECT_FALSE(find_freeze(fleet, "staging", record::Cause::push, zones, saturday));
  EXPECT_FALSE(find_freeze(fleet, "production", record::Cause::rollback, zones, saturday));
}

TEST(Freeze, WhoseZoneIsUnknownCounts) {
  model::Fleet fleet;
  fleet.freezes = {weekends()};
  fleet.freezes[0].timezone = "Mars/Base";
  Zones zones(system_files());
  const auto frozen = find_freeze(fleet, "production", record::Cause::push, zones, at("2026-05-06T12:00:00Z"));
  ASSERT_TRUE(frozen);
  EXPECT_NE(frozen->trouble, "");
}

}  // namespace
}  // namespace muster::deliver::test
