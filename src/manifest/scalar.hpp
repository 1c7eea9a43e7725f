// What a scalar means, exactly as Kubernetes' YAML parser decides it (sigs.k8s.io/yaml over go.yaml.in/yaml/v2, resolve.go):
// YAML 1.1 words for booleans, octal 0777 and 0o777, underscores in numbers, no sexagesimal numbers, timestamps as text.
// Pure functions.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "muster/base/value.hpp"

namespace muster::manifest {

/// null, boolean, integer, integer above INT64_MAX, real (perhaps not finite), or text.
using Scalar = std::variant<std::monostate, bool, std::int64_t, std::uint64_t, double, std::string_view>;

/// The meaning of an untagged plain scalar. The view is `text` itself.
Scalar resolve_plain(std::string_view text);

/// "null", "boolean", "integer", "integer", "number", "text".
std::string_view kind_of(const Scalar& scalar);

/// As JSON carries it to the API server: an integral number becomes an integer. nullopt for `.inf` and `.nan`.
std::optional<Value> to_value(const Scalar& scalar);

/// The member name that a scalar key becomes; nullopt where Kubernetes has none (null, huge and infinite numbers).
std::optional<std::string> to_key(const Scalar& scalar);

/// A finite number as Go writes it to JSON and the API server reads it back: integral below 1e21 → integer where it fits.
Value normalised(double number);

/// Whether `text` matches `[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?`.
bool looks_like_float(std::string_view text);

/// A decimal float (see above) as strconv.ParseFloat reads it; nullopt when it is too large.
std::optional<double> parse_float(std::string_view text);

}  // namespace muster::manifest
