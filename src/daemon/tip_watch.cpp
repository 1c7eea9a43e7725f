#include "daemon/tip_watch.hpp"

namespace muster::daemon {

bool TipWatch::look(std::string_view environment) const {
  const auto known = records_.branch(environment);
  if (!known.ok()) return false;
  const auto now = records_.tip_now(environment, stop_);
  return now.ok() && *now != known->tip;
}

bool TipWatch::moved(std::string_view environment) {
  {
    const std::lock_guard lock(mutex_);
    if (moved_.contains(environment)) return true;
    if (records_.is_remote()) {
      // Whoever comes first in an interval asks; the others go on meanwhile.
      auto& asked = asked_.try_emplace(std::string(environment), began_).first->second;
      const auto now = clock_.elapsed();
      if (now - asked < interval_) return false;
      asked = now;
    }
  }
  if (!look(environment)) return false;
  const std::lock_guard lock(mutex_);
  moved_.emplace(environment);
  return true;
}

}  // namespace muster::daemon
