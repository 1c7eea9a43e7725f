#include "muster/daemon/serve.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace muster::daemon {
namespace {

/// While something settles, the next look comes after this.
constexpr Duration kSoon = std::chrono::seconds(1);
constexpr unsigned kMaxDoublings = 10;
constexpr Duration kLongestPause = std::chrono::minutes(1);

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

bool settling(const reconcile::Report& report) { return report.superseded() || report.count(reconcile::State::waiting) > 0; }

}  // namespace

Server::Server(Engine& engine, ServeOptions options) : engine_(engine), options_(options) {}

void Server::request_reload() {
  const std::lock_guard lock(mutex_);
  reload_ = true;
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
    if (!refused_.empty()) observe({ServeEvent::Kind::fleet_loaded, "the fleet is as it was before", &*fleet_, nullptr, nullptr});
    refused_.clear();
    return;
  }
  if (loaded->fleet().barrier) {
    if (refused_ != now)
      observe({ServeEvent::Kind::fleet_invalid, fleet_ ? "the last good fleet stays in force" : "nothing is delivered until it is mended",
               &*loaded, nullptr, nullptr});
    refused_ = now;
    return;
  }
  refused_.clear();
  fleet_ = std::move(*loaded);
  observe({ServeEvent::Kind::fleet_loaded, "", &*fleet_, nullptr, nullptr});
}

std::optional<std::vector<std::string>> Server::due(const std::vector<std::string>& all) const {
  std::vector<std::string> names;
  for (const auto& name : all) {
    const auto found = unreached_.find(name);
    if (found == unreached_.end() || found->second.until <= now()) names.push_back(name);
  }
  if (names.size() == all.size()) return std::vector<std::string>();
  return names.empty() ? std::nullopt : std::optional(std::move(names));
}

void Server::judge(const std::string& environment, bool reached) {
  if (reached) {
    unreached_.erase(environment);
    return;
  }
  auto& backoff = unreached_[environment];
  // The first failure is asked again at the next beat; an outage that ends is noticed within a minute.
  const auto grown = options_.interval * (1U << std::min(backoff.failures, kMaxDoublings));
  ++backoff.failures;
  backoff.until = now() + jittered(std::min(grown, std::max<Duration>(options_.interval, kLongestPause)));
}

void Server::deliver(const std::stop_token& stop, const Observe& observe) {
  std::vector<std::string> all;
  for (const auto& environment : fleet_->fleet().environments) all.push_back(environment.name);
  const auto names = due(all);
  if (!names) return;
  deliver::Request request;
  request.environments = *names;
  const auto delivery = engine_.deliver(*fleet_, request, stop);
  for (const auto& environment : delivery.report.environments) {
    const bool failed = environment.obstacle && deliver::verdict_of(environment.obstacle->why) == deliver::Verdict::failed;
    judge(environment.environment, !failed);
  }
  observe({ServeEvent::Kind::delivered, "", nullptr, &delivery.report, nullptr});
  if (delivery.report.has(deliver::Why::building)) watch_builds();
}

void Server::watch_builds() {
  if (watches_builds_.exchange(true)) return;
  build_watch_ = std::jthread([this](const std::stop_token& stop) {
    const bool ended = engine_.wait_for_build(stop);
    watches_builds_ = false;
    if (ended && !stop.stop_requested()) request_reload();
  });
}

bool Server::reconcile(const std::stop_token& stop, const Observe& observe) {
  const auto say_failure = [&](const Failure& failure) {
    observe({ServeEvent::Kind::reconciled, failure.text, nullptr, nullptr, nullptr});
    return false;
  };
  const auto records = engine_.records(fleet_ ? &*fleet_ : nullptr);
  if (!records.ok()) return say_failure(records.failure());
  const auto names = due((*records)->known());
  if (!names) return false;
  ReconcileRequest request;
  request.environments = *names;
  request.health_limit = options_.health_limit;
  request.patience = options_.patience;
  request.lock_patience = Duration();
  request.skip_busy = true;
  const auto report = engine_.reconcile(**records, request, stop);
  if (!report.ok()) return say_failure(report.failure());
  for (const auto& environment : report->environments) {
    const auto& asked = request.environments;
    if (!asked.empty() && std::find(asked.begin(), asked.end(), environment.name) == asked.end()) continue;
    if (environment.hold && environment.hold->kind == FailureKind::retry)
      judge(environment.name, false);
    else if (!fleet_)
      judge(environment.name, true);  // With a fleet, deliver has judged it in this beat.
  }
  observe({ServeEvent::Kind::reconciled, "", nullptr, nullptr, &*report});
  return settling(*report);
}

bool Server::pass(const std::stop_token& stop, const Observe& observe) {
  if (now() >= next_beat_) {
    next_beat_ = now() + jittered(options_.interval);
    load(observe);
    if (fleet_) deliver(stop, observe);
  }
  return !stop.stop_requested() && reconcile(stop, observe);
}

Duration Server::jittered(Duration pause) const {
  const auto share = static_cast<std::int64_t>(engine_.world().random.next() % 301);  // 70.0 % to 100.0 %
  return pause * (700 + share) / 1000;
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
      if (std::exchange(reload_, false)) {
        next_beat_ = Duration();
        unreached_.clear();
      }
    }
    const bool soon = pass(stop, observe);
    const Duration pause = std::max(next_beat_ - now(), Duration());
    if (!stop.stop_requested()) engine_.world().clock.sleep(soon ? std::min(pause, kSoon) : pause, wake);
  }
  if (build_watch_.joinable()) build_watch_.request_stop();
  observe({ServeEvent::Kind::stopped, "", nullptr, nullptr, nullptr});
}

}  // namespace muster::daemon
