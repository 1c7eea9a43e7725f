// The long-lived process: deliver and reconcile again and again, with jitter, until it is told to stop. The same engine,
// state and rules as a one-shot run; it may be killed anywhere and started elsewhere.
//
// One beat delivers and reconciles; while something is on its way to health, reconcile alone looks again between beats. An
// environment that cannot be reached is asked at growing intervals, never more than a minute or a beat, whichever is more;
// the others keep the beat.
//
// Thread-safety: run() on one thread; request_reload() from any. Failures: none end it; each pass reports its own.
#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

#include "muster/daemon/engine.hpp"

namespace muster::daemon {

struct ServeOptions {
  Duration interval = std::chrono::seconds(60);  ///< Of the beat; each is 70 to 100 % of it.
  Duration health_limit = std::chrono::minutes(10);
  /// How long one reconcile pass waits for health before the next one looks for newer records.
  Duration patience = std::chrono::seconds(5);
};

/// One event of the daemon's life, for the log.
struct ServeEvent {
  enum class Kind : std::uint8_t { fleet_loaded, fleet_invalid, fleet_unreadable, delivered, reconciled, stopped } kind = Kind::stopped;
  std::string text;
  const LoadedFleet* fleet = nullptr;                 ///< fleet_*
  const deliver::Report* delivery = nullptr;          ///< delivered
  const reconcile::Report* reconciliation = nullptr;  ///< reconciled; may be null with a text where it failed.
};

class Server {
 public:
  Server(Engine& engine, ServeOptions options);
  /// Runs until `stop`; `observe` is called from this thread for each event.
  void run(const std::stop_token& stop, const std::function<void(const ServeEvent&)>& observe);
  /// Reads the fleet again and passes at once. From any thread.
  void request_reload();

 private:
  using Observe = std::function<void(const ServeEvent&)>;
  struct Backoff {
    unsigned failures = 0;
    Duration until{};  ///< By Clock::elapsed().
  };

  void load(const Observe& observe);
  /// One beat, or (no delivery is due) a look at what is settling; true where the next look should come soon.
  bool pass(const std::stop_token& stop, const Observe& observe);
  void deliver(const std::stop_token& stop, const Observe& observe);
  bool reconcile(const std::stop_token& stop, const Observe& observe);
  /// The environments that are not left alone for a while: empty where all are due, nullopt where none is.
  [[nodiscard]] std::optional<std::vector<std::string>> due(const std::vector<std::string>& all) const;
  void judge(const std::string& environment, bool reached);
  /// Passes again as soon as a build that goes on now has ended.
  void watch_builds();
  [[nodiscard]] Duration now() const { return engine_.world().clock.elapsed(); }
  [[nodiscard]] Duration jittered(Duration pause) const;

  Engine& engine_;
  ServeOptions options_;
  std::optional<LoadedFleet> fleet_;          ///< The last one without a barrier.
  std::string refused_;                       ///< Digest of the fleet files that were refused last, so that it is said once.
  std::map<std::string, Backoff> unreached_;  ///< By environment.
  Duration next_beat_{};                      ///< By Clock::elapsed().
  bool reload_ = false;                       ///< Guarded by mutex_.
  std::stop_source wake_;                     ///< Interrupts the pause.
  std::mutex mutex_;                          ///< Guards wake_ and reload_.
  std::atomic<bool> watches_builds_ = false;  ///< While build_watch_ waits.
  std::jthread build_watch_;                  ///< Wakes the loop when a build has ended.
};

}  // namespace muster::daemon
