// Freezes: data of the fleet that is compared with time here, in the zone that each names.
#pragma once

#include <map>
#include <optional>
#include <string>

#include "deliver/timezone.hpp"
#include "muster/base/files.hpp"
#include "muster/base/result.hpp"
#include "muster/base/time.hpp"
#include "muster/model/fleet.hpp"
#include "muster/record/inputs.hpp"

namespace muster::deliver {

/// A freeze that holds now.
struct Frozen {
  const model::Freeze* freeze = nullptr;
  std::optional<Instant> until;  ///< nullopt: no end is known.
  std::string trouble;           ///< It counts as frozen because its zone or dates cannot be read.
};

/// Is it frozen at `now`, and until when? Pure.
Result<std::optional<Frozen>> frozen_at(const model::Freeze& freeze, const TimeZone& zone, Instant now);

/// Zones that were read, so that a pass reads each once.
class Zones {
 public:
  explicit Zones(Files& files) : files_(files) {}
  const Result<TimeZone>& zone(const std::string& name);

 private:
  Files& files_;
  std::map<std::string, Result<TimeZone>> zones_;
};

/// The first freeze of an environment that does not allow `cause` now; an unreadable one counts.
std::optional<Frozen> find_freeze(const model::Fleet& fleet, const std::string& environment, record::Cause cause, Zones& zones,
                                  Instant now);

}  // namespace muster::deliver
