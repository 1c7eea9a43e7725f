// Has an environment branch moved on since a pass looked at it? Asked before every object that is written and while
// something is waited for: an embedded repository is looked at each time, a remote one now and then.
//
// Thread-safety: moved() from any thread, while nobody makes the environment repository look. Failures: a remote that does
// not answer has not moved.
#pragma once

#include <map>
#include <mutex>
#include <set>
#include <stop_token>
#include <string>
#include <string_view>

#include "muster/base/time.hpp"
#include "muster/record/branch.hpp"

namespace muster::daemon {

class TipWatch {
 public:
  TipWatch(Clock& clock, const record::EnvironmentRepository& records, Duration interval, std::stop_token stop)
      : clock_(clock), records_(records), interval_(interval), stop_(std::move(stop)), began_(clock.elapsed()) {}

  bool moved(std::string_view environment);

 private:
  [[nodiscard]] bool look(std::string_view environment) const;

  Clock& clock_;
  const record::EnvironmentRepository& records_;
  Duration interval_;
  std::stop_token stop_;
  Duration began_;
  std::mutex mutex_;
  std::map<std::string, Duration, std::less<>> asked_;
  std::set<std::string, std::less<>> moved_;
};

}  // namespace muster::daemon
