// The long-lived process: deliver and reconcile again and again, with jitter, until it is told to stop. The same engine,
// state and rules as a one-shot run; it may be killed anywhere and started elsewhere.
//
// Thread-safety: run() on one thread; request_reload() from any. Failures: none end it; each pass reports its
// own, pauses grow while an environment keeps failing, and go back at the first success.
#pragma once

#include <functional>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>

#include "muster/daemon/engine.hpp"

namespace muster::daemon {

struct ServeOptions {
  Duration interval = std::chrono::seconds(60);  ///< Between passes; each pause is 80 to 120 % of it.
  Duration health_limit = std::chrono::minutes(10);
  /// How long one reconcile pass waits for health before the next one looks for newer records.
  Duration patience = std::chrono::seconds(5);
};

/// One event of the daemon's life, for the log.
struct ServeEvent {
  enum class Kind : std::uint8_t { fleet_loaded, fleet_invalid, fleet_unreadable, delivered, reconciled, stopped } kind = Kind::stopped;
  std::string text;
  const LoadedFleet* fleet = nullptr;                  ///< fleet_*
  const deliver::Report* delivery = nullptr;           ///< delivered
  const reconcile::Report* reconciliation = nullptr;   ///< reconciled; may be null with a text where it failed.
};

class Server {
 public:
  Server(Engine& engine, ServeOptions options);
  /// Runs until `stop`; `observe` is called from this thread for each event.
  void run(const std::stop_token& stop, const std::function<void(const ServeEvent&)>& observe);
  /// Reads the fleet again and passes at once. From any thread.
  void request_reload();

 private:
  void load(const std::function<void(const ServeEvent&)>& observe);
  /// true where the next pass should follow at once or soon (a newer record came, something is still settling).
  bool pass(const std::stop_token& stop, const std::function<void(const ServeEvent&)>& observe);
  Duration pause_after(bool soon);

  Engine& engine_;
  ServeOptions options_;
  std::optional<LoadedFleet> fleet_;   ///< The last one without a barrier.
  std::string refused_;                ///< Digest of the fleet files that were refused last, so that it is said once.
  unsigned failures_ = 0;
  std::stop_source wake_;              ///< Interrupts the pause.
  std::mutex mutex_;        ///< Guards wake_.
};

}  // namespace muster::daemon
