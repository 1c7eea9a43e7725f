// Budgets: how often each host may be asked. A window of a minute where the fleet gives a number, and the pauses that hosts
// ask for. Who is refused keeps a place in the queue: of 200 repositories and 60 requests a minute, all are answered in time,
// whatever the order in which they ask and however seldom. A place is forgotten ten minutes after its turn; past 10,000 who
// wait, none is kept, and who comes first is served first.
//
// Thread-safe. Failures: retry, unreachable, with the time of the turn; cancelled.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "muster/base/result.hpp"
#include "muster/base/time.hpp"

namespace muster::registry {

class Budgets {
 public:
  explicit Budgets(Clock& clock) : clock_(clock) {}

  /// Lets `key` (what is asked) pass when it is its turn; waits for it up to `patience`. `a_minute` 0: no number.
  Result<void> admit(const std::string& host, int a_minute, const std::string& key, Duration patience, const std::stop_token& stop);
  /// Fails while the host wants to be left alone; takes nothing of a number. For redirects, which nobody asked for.
  Result<void> refuse_while_barred(const std::string& host);
  /// The host is busy: nobody asks for `asked`, or for a pause that grows while it stays busy. The pause is returned.
  Duration bar(const std::string& host, std::optional<Duration> asked);
  /// The host has answered.
  void clear(const std::string& host);

 private:
  struct Waiter {
    std::uint64_t ticket = 0;
    std::string key;
    Duration turn{};  ///< As it was told the last time.
  };
  struct State {
    Duration barred_until{};
    Duration pause{};                              ///< The last one of our own choice.
    std::vector<Duration> passed;                  ///< Within the last window, and those about to, sorted.
    std::deque<Waiter> waiters;                    ///< In the order of their tickets.
    std::map<std::string, std::uint64_t> tickets;  ///< Of the waiters, by key.
    std::uint64_t next_ticket = 0;
    Duration swept{};
  };
  /// How long `key` must wait: at most `patience` and it has taken its turn, else it is in the queue.
  static Duration take_turn(State& state, int a_minute, const std::string& key, Duration patience, Duration now);
  static void forget_the_past(State& state, Duration now);

  Clock& clock_;
  std::mutex mutex_;
  std::map<std::string, State> hosts_;
};

}  // namespace muster::registry
