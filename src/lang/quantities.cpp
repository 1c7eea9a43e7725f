#include "lang/quantities.hpp"

#include <array>
#include <limits>

namespace muster::lang {
namespace {

constexpr std::int64_t kKibi = 1024;
constexpr std::int64_t kKilo = 1000;
constexpr std::int64_t kSecond = 1000;

constexpr Unit kUnits[] = {
    {"B", Tag::bytes, 1},
    {"Ki", Tag::bytes, kKibi},
    {"Mi", Tag::bytes, kKibi* kKibi},
    {"Gi", Tag::bytes, kKibi* kKibi* kKibi},
    {"Ti", Tag::bytes, kKibi* kKibi* kKibi* kKibi},
    {"Pi", Tag::bytes, kKibi* kKibi* kKibi* kKibi* kKibi},
    {"kB", Tag::bytes, kKilo},
    {"MB", Tag::bytes, kKilo* kKilo},
    {"GB", Tag::bytes, kKilo* kKilo* kKilo},
    {"TB", Tag::bytes, kKilo* kKilo* kKilo* kKilo},
    {"PB", Tag::bytes, kKilo* kKilo* kKilo* kKilo* kKilo},
    {"ms", Tag::duration, 1},
    {"s", Tag::duration, kSecond},
    {"min", Tag::duration, 60 * kSecond},
    {"h", Tag::duration, 3600 * kSecond},
    {"d", Tag::duration, 24 * 3600 * kSecond},
    {"w", Tag::duration, 7 * 24 * 3600 * kSecond},
    {"m", Tag::cpu, 1},
    {"%", Tag::percent, kMillion},
};

struct Step {
  std::string_view name;
  std::int64_t factor;
};

std::string whole(std::int64_t value, const std::span<const Step> steps, std::string_view smallest) {
  if (value != 0) {
    for (const Step& step : steps) {
      if (value % step.factor == 0) return std::to_string(value / step.factor) + std::string(step.name);
    }
  }
  return std::to_string(value) + std::string(smallest);
}

constexpr Step kBinary[] = {{"Pi", kKibi* kKibi* kKibi* kKibi* kKibi},
                            {"Ti", kKibi* kKibi* kKibi* kKibi},
                            {"Gi", kKibi* kKibi* kKibi},
                            {"Mi", kKibi* kKibi},
                            {"Ki", kKibi}};
constexpr Step kDecimal[] = {{"TB", kKilo* kKilo* kKilo* kKilo}, {"GB", kKilo* kKilo* kKilo}, {"MB", kKilo* kKilo}, {"kB", kKilo}};
constexpr Step kTimes[] = {{"d", 24 * 3600 * kSecond}, {"h", 3600 * kSecond}, {"min", 60 * kSecond}, {"s", kSecond}};

}  // namespace

const Unit* find_unit(std::string_view name) {
  for (const Unit& unit : kUnits) {
    if (unit.name == name) return &unit;
  }
  return nullptr;
}

std::optional<std::int64_t> scale_number(std::string_view digits, std::int64_t factor) {
  // The number is mantissa / divisor; digits after the point count into the divisor.
  __extension__ using Wide = __int128;
  Wide mantissa = 0;
  Wide divisor = 1;
  bool fraction = false;
  for (const char digit : digits) {
    if (digit == '.') {
      fraction = true;
      continue;
    }
    if (digit == '_') continue;
    mantissa = mantissa * 10 + (digit - '0');
    if (fraction) divisor *= 10;
    if (mantissa > std::numeric_limits<std::int64_t>::max() || divisor > kMillion * kMillion) return std::nullopt;
  }
  const Wide scaled = mantissa * factor;
  if (scaled % divisor != 0) return std::nullopt;
  const Wide result = scaled / divisor;
  if (result > std::numeric_limits<std::int64_t>::max()) return std::nullopt;
  return static_cast<std::int64_t>(result);
}

std::string bytes_text(std::int64_t bytes) {
  if (bytes % kKibi != 0 && bytes % kKilo == 0) return whole(bytes, kDecimal, "B");
  return whole(bytes, kBinary, "B");
}

std::string bytes_quantity(std::int64_t bytes) { return whole(bytes, kBinary, ""); }

std::string duration_text(std::int64_t milliseconds) {
  if (milliseconds == 0) return "0s";
  return whole(milliseconds, kTimes, "ms");
}

std::string cpu_text(std::int64_t thousandths) {
  return thousandths % 1000 == 0 ? std::to_string(thousandths / 1000) : std::to_string(thousandths) + "m";
}

std::string decimal_text(std::int64_t millionths) {
  const bool negative = millionths < 0;
  const std::uint64_t size = negative ? 0 - static_cast<std::uint64_t>(millionths) : static_cast<std::uint64_t>(millionths);
  std::string out = (negative ? "-" : "") + std::to_string(size / kMillion);
  std::string fraction = std::to_string(size % kMillion + kMillion).substr(1);
  while (!fraction.empty() && fraction.back() == '0') fraction.pop_back();
  return fraction.empty() ? out : out + "." + fraction;
}

std::string percent_text(std::int64_t millionths) { return decimal_text(millionths) + "%"; }

}  // namespace muster::lang
