// Wire: every request of the room passes here: in its turn, and never while its host wants to be left alone, a host that a
// redirect leads to included.
// Thread-safe. Failures: those of Budgets and http::Client; retry, unreachable with a time for an answer of 429.
#pragma once

#include "muster/http/client.hpp"
#include "registry/budgets.hpp"

namespace muster::registry {

class Wire {
 public:
  struct Turn {
    int a_minute = 0;
    Duration patience{};
  };
  Wire(Clock& clock, http::Client& client) : clock_(clock), client_(client), budgets_(clock) {}

  Result<http::Answer> send(const http::Request& request, const Turn& turn, const std::stop_token& stop);
  /// What an answer that is none means. Of the server's words only the error's code: it knows our token and could repeat it.
  [[nodiscard]] Failure failure_of(const http::Answer& answer) const;
  [[nodiscard]] Duration now() const { return clock_.elapsed(); }

 private:
  Clock& clock_;
  http::Client& client_;
  Budgets budgets_;
};

}  // namespace muster::registry
