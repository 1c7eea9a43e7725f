#include "registry/budgets.hpp"

#include <fmt/core.h>

#include <algorithm>

namespace muster::registry {
namespace {

constexpr Duration kWindow = std::chrono::minutes(1);
constexpr Duration kFirstPause = std::chrono::seconds(5);
constexpr Duration kLongestPause = std::chrono::minutes(5);
constexpr Duration kLongestAsked = std::chrono::hours(6);  ///< Docker Hub's limits renew within six hours.
constexpr std::size_t kTurns = 10'000;

Failure not_yet(const std::string& host, std::string_view why, Duration left) {
  Failure out = retry(Reason::unreachable, fmt::format("{} {} for {}", host, why, format_duration(left)));
  out.after = left;
  return out;
}

}  // namespace

Duration Budgets::turn_of(State& state, int a_minute, const std::string& key, Duration now) {
  if (const auto kept = state.turns.find(key); kept != state.turns.end()) return kept->second;
  const auto size = static_cast<std::size_t>(a_minute);
  while (state.slots.size() > size) state.slots.pop_front();
  const Duration turn = state.slots.size() == size ? std::max(now, state.slots.front() + kWindow) : now;
  state.slots.push_back(turn);
  std::erase_if(state.turns, [&](const auto& entry) { return entry.second + 10 * kWindow < now; });
  if (turn > now && state.turns.size() < kTurns) state.turns[key] = turn;
  return turn;
}

Result<void> Budgets::admit(const std::string& host, int a_minute, const std::string& key, Duration patience, const std::stop_token& stop) {
  Duration left{};
  {
    const std::lock_guard lock(mutex_);
    State& state = hosts_[host];
    const Duration now = clock_.elapsed();
    if (state.barred_until > now) return not_yet(host, "asked to be left alone", state.barred_until - now);
    if (a_minute <= 0) return {};
    left = turn_of(state, a_minute, key, now) - now;
    if (left <= patience) state.turns.erase(key);
  }
  if (left.count() <= 0) return {};
  if (left > patience) return not_yet(host, fmt::format("has had its {} requests a minute", a_minute), left);
  if (!clock_.sleep(left, stop)) return retry(Reason::cancelled, "cancelled");
  return {};
}

Duration Budgets::bar(const std::string& host, std::optional<Duration> asked) {
  const std::lock_guard lock(mutex_);
  State& state = hosts_[host];
  if (!asked) state.pause = std::clamp(state.pause * 2, kFirstPause, kLongestPause);
  const Duration pause = asked ? std::clamp(*asked, Duration(0), kLongestAsked) : state.pause;
  state.barred_until = std::max(state.barred_until, clock_.elapsed() + pause);
  return pause;
}

void Budgets::clear(const std::string& host) {
  const std::lock_guard lock(mutex_);
  hosts_[host].pause = Duration(0);
}

}  // namespace muster::registry
