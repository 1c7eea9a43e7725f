// Budgets: how often each host may be asked. A window of a minute where the fleet gives a number, and the pauses that hosts
// ask for. Who is refused keeps a turn of its own: of 200 repositories and 60 requests a minute, all are answered in time,
// whatever the order in which they ask.
//
// Thread-safe. Failures: retry, unreachable, with the time of the turn; cancelled.
#pragma once

#include <cstddef>
#include <deque>
#include <map>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>

#include "muster/base/result.hpp"
#include "muster/base/time.hpp"

namespace muster::registry {

class Budgets {
 public:
  explicit Budgets(Clock& clock) : clock_(clock) {}

  /// Lets `key` (what is asked) pass when it is its turn; waits for it up to `patience`. `a_minute` 0: no number.
  Result<void> admit(const std::string& host, int a_minute, const std::string& key, Duration patience, const std::stop_token& stop);
  /// The host is busy: nobody asks for `asked`, or for a pause that grows while it stays busy. The pause is returned.
  Duration bar(const std::string& host, std::optional<Duration> asked);
  /// The host has answered.
  void clear(const std::string& host);

 private:
  struct State {
    Duration barred_until{};
    Duration pause{};                       ///< The last one of our own choice.
    std::deque<Duration> slots;             ///< The last `a_minute` turns, some of them to come.
    std::map<std::string, Duration> turns;  ///< Of those who were refused.
  };
  Duration turn_of(State& state, int a_minute, const std::string& key, Duration now);

  Clock& clock_;
  std::mutex mutex_;
  std::map<std::string, State> hosts_;
};

}  // namespace muster::registry
