#pragma once

#include <optional>

#include "muster/http/client.hpp"

namespace muster::http {

/// Retry-After in seconds or as a date, at most a day. nullopt where there is none that can be read.
std::optional<Duration> retry_after(const Answer& answer, const Clock& clock);

}  // namespace muster::http
