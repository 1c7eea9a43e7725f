// Stamps and inventories as files: small YAML with a checksum at its end, so that a torn, truncated or edited file is known
// for what it is and never read as a shorter inventory. Times are milliseconds since 1970. Pure functions.
//
// Failures: corrupt, with the file and what is wrong.
#pragma once

#include <string>
#include <string_view>

#include "muster/base/result.hpp"
#include "muster/target/target.hpp"

namespace muster::target {

std::string print_stamp(const Stamp& stamp);
Result<Stamp> parse_stamp(std::string_view text, std::string_view path);

/// `version` and `lost` are not part of the text.
std::string print_inventory(const Inventory& inventory);
Result<Inventory> parse_inventory(std::string_view text, std::string_view path);

}  // namespace muster::target
