#include "muster/daemon/serve.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace muster::daemon {
namespace {

/// While something settles, the next look comes after this.
constexpr Duration kSoon = std::chrono::seconds(1);
constexpr unsigned kMaxDoublings = 5;
constexpr Duration kLongestPause = std::chrono::minutes(15);

/// Tells two states of the fleet apart without keeping both.
std::string fingerprint(const LoadedFleet& fleet) {
  const diag::Sources& sources = fleet.compilation->sources();
  Hasher hasher;
  for (std::size_t i = 0; i < sources.size(); ++i) {
    const auto id = static_cast<diag::SourceId>(i);
    hasher.add(sources.path(id)).add(sources.text(id));
  }
  return fleet.revision.commit + (fleet.revision.dirty ? "+" : "") + hasher.finish().text();
}

bool settling(const reconcile::Report& report) {
  return report.superseded() || report.count(reconcile::State::waiting) > 0;
}

}  // namespace

Server::Server(Engine& engine, ServeOptions options) : engine_(engine), options_(options) {}

void Server::request_reload() {
  const std::lock_guard lock(mutex_);
  wake_.request_stop();
}

void Server::load(const std::function<void(const ServeEvent&)>& observe) {
  Result<LoadedFleet> loaded = engine_.load();
  if (!loaded.ok()) {
    if (refused_ != loaded.failure().text) observe({ServeEvent::Kind::fleet_unreadable, loaded.failure().text, nullptr, nullptr, nullptr});
    refused_ = loaded.failure().text;
    return;
  }
  const std::string now = fingerprint(*loaded);
  if (fleet_ && fingerprint(*fleet_) == now) {
    refused_.clear();
    return;
  }
  if (loaded->fleet().barrier) {
    if (refused_ != now) observe({ServeEvent::Kind::fleet_invalid, fleet_ ? "the last good fleet stays in force" : "nothing is delivered until it is mended", &*loaded, nullptr, nullptr});
    refused_ = now;
    return;
  }
  refused_.clear();
  fleet_ = std::move(*loaded);
  observe({ServeEvent::Kind::fleet_loaded, "", &*fleet_, nullptr, nullptr});
}

bool Server::pass(const std::stop_token& stop, const std::function<void(const ServeEvent&)>& observe) {
  std::optional<deliver::Delivery> delivery;
  bool failed = false;
  if (fleet_) {
    delivery = engine_.deliver(*fleet_, {}, stop);
    failed = delivery->report.exit_code() == 1;
    observe({ServeEvent::Kind::delivered, "", nullptr, &delivery->report, nullptr});
  }
  if (stop.stop_requested()) return false;
  Result<record::EnvironmentRepository*> records = engine_.records(fleet_ ? &*fleet_ : nullptr);
  if (!records.ok()) {
    observe({ServeEvent::Kind::reconciled, records.failure().text, nullptr, nullptr, nullptr});
    ++failures_;
    return false;
  }
  ReconcileRequest request;
  request.health_limit = options_.health_limit;
  request.patience = options_.patience;
  const Result<reconcile::Report> report = engine_.reconcile(**records, request, stop);
  observe({ServeEvent::Kind::reconciled, report.ok() ? "" : report.failure().text, nullptr, nullptr, report.ok() ? &*report : nullptr});
  failed = failed || !report.ok() || report->exit_code() == 1;
  failures_ = failed ? failures_ + 1 : 0;
  return report.ok() && settling(*report);
}

Duration Server::pause_after(bool soon) {
  if (soon && failures_ == 0) return kSoon;
  const Duration grown = options_.interval * (1U << std::min(failures_ == 0 ? 0U : failures_ - 1, kMaxDoublings));
  const Duration capped = std::min(grown, std::max<Duration>(options_.interval, kLongestPause));
  const auto share = static_cast<std::int64_t>(engine_.world().random.next() % 401);  // 80.0 % to 120.0 %
  return capped * (800 + share) / 1000;
}

void Server::run(const std::stop_token& stop, const std::function<void(const ServeEvent&)>& observe) {
  const std::stop_callback wake_on_stop(stop, [this] { request_reload(); });
  while (!stop.stop_requested()) {
    std::stop_token wake;
    {
      // What is requested from here on, during the pass too, ends the pause at once.
      const std::lock_guard lock(mutex_);
      wake_ = std::stop_source();
      wake = wake_.get_token();
    }
    load(observe);
    const bool soon = pass(stop, observe);
    if (!stop.stop_requested()) engine_.world().clock.sleep(pause_after(soon), wake);
  }
  observe({ServeEvent::Kind::stopped, "", nullptr, nullptr, nullptr});
}

}  // namespace muster::daemon
