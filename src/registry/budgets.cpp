#include "registry/budgets.hpp"

#include <fmt/core.h>

#include <algorithm>

namespace muster::registry {
namespace {

constexpr Duration kWindow = std::chrono::minutes(1);
constexpr Duration kFirstPause = std::chrono::seconds(5);
constexpr Duration kLongestPause = std::chrono::minutes(5);
constexpr Duration kLongestAsked = std::chrono::hours(6);  ///< Docker Hub's limits renew within six hours.
constexpr Duration kAbsence = 10 * kWindow;  ///< Who does not come for its turn within this time is gone.
constexpr std::size_t kWaiters = 10'000;

Failure not_yet(const std::string& host, std::string_view why, Duration left) {
  Failure out = retry(Reason::unreachable, fmt::format("{} {} for {}", host, why, format_duration(left)));
  out.after = left;
  return out;
}

/// When one may pass behind `ahead` others, so that no window has more than `size`. Each passes a window after the one that
/// is `size` places before it; `ahead` may go round several times.
Duration turn_after(const std::vector<Duration>& passed, std::size_t ahead, std::size_t size, Duration now) {
  const std::size_t place = passed.size() + ahead % size;
  const Duration first = place < size ? now : std::max(now, passed[place - size] + kWindow);
  return first + static_cast<std::int64_t>(ahead / size) * kWindow;
}

}  // namespace

void Budgets::forget_the_past(State& state, Duration now) {
  const auto in_window = std::find_if(state.passed.begin(), state.passed.end(), [&](Duration at) { return at + kWindow > now; });
  state.passed.erase(state.passed.begin(), in_window);
  if (now < state.swept + kWindow) return;
  state.swept = now;
  std::erase_if(state.waiters, [&](const Waiter& waiter) {
    const bool is_gone = waiter.turn + kAbsence < now;
    if (is_gone) state.tickets.erase(waiter.key);
    return is_gone;
  });
}

Duration Budgets::take_turn(State& state, int a_minute, const std::string& key, Duration patience, Duration now) {
  forget_the_past(state, now);
  const auto held = state.tickets.find(key);
  auto place = state.waiters.end();
  if (held != state.tickets.end())
    place = std::lower_bound(state.waiters.begin(), state.waiters.end(), held->second,
                             [](const Waiter& waiter, std::uint64_t ticket) { return waiter.ticket < ticket; });
  const auto ahead = static_cast<std::size_t>(place - state.waiters.begin());
  const Duration turn = turn_after(state.passed, ahead, static_cast<std::size_t>(a_minute), now);
  if (turn - now <= patience) {
    state.passed.insert(std::upper_bound(state.passed.begin(), state.passed.end(), turn), turn);
    if (held != state.tickets.end()) {
      state.waiters.erase(place);
      state.tickets.erase(held);
    }
  } else if (held != state.tickets.end()) {
    place->turn = turn;
  } else if (state.waiters.size() < kWaiters) {
    state.waiters.push_back({state.next_ticket, key, turn});
    state.tickets[key] = state.next_ticket++;
  }
  return turn - now;
}

Result<void> Budgets::admit(const std::string& host, int a_minute, const std::string& key, Duration patience, const std::stop_token& stop) {
  MUSTER_CHECK(refuse_while_barred(host));
  if (a_minute <= 0) return {};
  Duration left{};
  {
    const std::lock_guard lock(mutex_);
    left = take_turn(hosts_[host], a_minute, key, patience, clock_.elapsed());
  }
  if (left.count() <= 0) return {};
  if (left > patience) return not_yet(host, fmt::format("has had its {} requests a minute", a_minute), left);
  if (!clock_.sleep(left, stop)) return retry(Reason::cancelled, "cancelled");
  return {};
}

Result<void> Budgets::refuse_while_barred(const std::string& host) {
  const std::lock_guard lock(mutex_);
  const auto known = hosts_.find(host);
  if (known == hosts_.end()) return {};
  const Duration left = known->second.barred_until - clock_.elapsed();
  if (left.count() <= 0) return {};
  return not_yet(host, "asked to be left alone", left);
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
  if (const auto known = hosts_.find(host); known != hosts_.end()) known->second.pause = Duration(0);
}

}  // namespace muster::registry
