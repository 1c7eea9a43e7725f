#include "muster/base/time.hpp"

#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include <thread>

namespace muster {
namespace {

using namespace std::chrono_literals;

constexpr Instant at(int year, unsigned month, unsigned day, Duration time = {}) {
  return Instant(std::chrono::sys_days(std::chrono::year(year) / std::chrono::month(month) / std::chrono::day(day))) + time;
}

TEST(Instant, IsPrintedInUtcWithWholeSeconds) { EXPECT_EQ(format_instant(at(2026, 5, 4, 10h + 999ms)), "2026-05-04T10:00:00Z"); }

TEST(Instant, IsReadWithZoneOffsetOrNone) {
  EXPECT_EQ(parse_instant("2026-05-04T10:00:00Z"), at(2026, 5, 4, 10h));
  EXPECT_EQ(parse_instant("2026-05-04T12:00:00+02:00"), at(2026, 5, 4, 10h));
  EXPECT_EQ(parse_instant("2026-05-04T04:30:00-05:30"), at(2026, 5, 4, 10h));
  EXPECT_EQ(parse_instant("2026-05-04T10:00"), at(2026, 5, 4, 10h));
  EXPECT_EQ(parse_instant("2026-05-04 10:00:00.123Z"), at(2026, 5, 4, 10h));
  EXPECT_EQ(parse_instant("2026-05-04"), at(2026, 5, 4));
  EXPECT_EQ(parse_instant("2024-02-29"), at(2024, 2, 29));
}

TEST(Instant, RefusesWhatIsNoTime) {
  for (const char* text :
       {"", "2026", "2026-13-01", "2026-02-29", "2026-05-04T", "2026-05-04T24:00", "2026-05-04T10:60", "2026-05-04T10:00:00+25:00",
        "2026-05-04T10:00:00Z ", "+026-05-04", "2026-05-04T10:00:00Europe/Berlin", "26-05-04"}) {
    EXPECT_FALSE(parse_instant(text).has_value()) << text;
  }
}

RC_GTEST_PROP(Instant, SurvivesARoundTripThroughItsText, ()) {
  const auto seconds = *rc::gen::inRange<std::int64_t>(0, 253'402'300'799);  // to the end of year 9999
  const Instant instant{std::chrono::seconds(seconds)};
  RC_ASSERT(parse_instant(format_instant(instant)) == instant);
}

TEST(Duration, IsShownInTwoUnits) {
  EXPECT_EQ(format_duration(850ms), "850ms");
  EXPECT_EQ(format_duration(0ms), "0ms");
  EXPECT_EQ(format_duration(12min), "12min");
  EXPECT_EQ(format_duration(76h + 59min), "3d 4h");
  EXPECT_EQ(format_duration(72h + 5s), "3d");
  EXPECT_EQ(format_duration(-90s), "-1min 30s");
}

TEST(SystemClock, SleepEndsAtOnceWhenAStopIsRequested) {
  std::stop_source source;
  source.request_stop();
  EXPECT_FALSE(system_clock().sleep(24h, source.get_token()));
}

TEST(SystemClock, SleepsForeverWithoutOverflow) {
  std::stop_source source;
  std::jthread sleeper([&] { EXPECT_FALSE(system_clock().sleep(Duration::max(), source.get_token())); });
  source.request_stop();
}

TEST(SystemClock, ElapsedNeverGoesBack) {
  const Duration before = system_clock().elapsed();
  EXPECT_TRUE(system_clock().sleep(1ms, {}));
  EXPECT_GE(system_clock().elapsed(), before + 1ms);
}

}  // namespace
}  // namespace muster
