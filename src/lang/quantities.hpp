// Numbers with units: `250m`, `256Mi`, `15min`, `50%`, and their ways back to text.
// Pure functions. Numbers are exact: a literal that does not fit its type exactly is refused.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "lang/evaluate/datum.hpp"

namespace muster::lang {

/// Millionths: what `decimal` and `percent` count in.
inline constexpr std::int64_t kMillion = 1'000'000;

/// A unit of the language: what it measures and how much of it, in the datum's own count.
struct Unit {
  std::string_view name;
  Tag measures;
  std::int64_t factor;  ///< Bytes, milliseconds, thousandths of a core, millionths of a percent.
};
/// nullptr for a unit that does not exist. `m` is milli (cpu).
[[nodiscard]] const Unit* find_unit(std::string_view name);

/// "2.5" times `factor`, exactly; nullopt where it is no whole number or does not fit.
[[nodiscard]] std::optional<std::int64_t> scale_number(std::string_view digits, std::int64_t factor);

[[nodiscard]] std::string bytes_text(std::int64_t bytes);            ///< "256Mi", "500MB", "17B"
[[nodiscard]] std::string duration_text(std::int64_t milliseconds);  ///< "24h", "90s"
[[nodiscard]] std::string cpu_text(std::int64_t thousandths);        ///< "250m", "2": also Kubernetes' form
[[nodiscard]] std::string decimal_text(std::int64_t millionths);     ///< "0.25"
[[nodiscard]] std::string percent_text(std::int64_t millionths);     ///< "50%"
/// Kubernetes' form of an amount of bytes: "256Mi", or the plain number.
[[nodiscard]] std::string bytes_quantity(std::int64_t bytes);

}  // namespace muster::lang
