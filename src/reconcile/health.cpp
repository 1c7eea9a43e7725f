#include "reconcile/health.hpp"

#include <fmt/format.h>

namespace muster::reconcile {
namespace {

int badness(target::Health::State state) {
  switch (state) {
    case target::Health::State::healthy: return 0;
    case target::Health::State::unknown: return 1;
    case target::Health::State::progressing: return 2;
    case target::Health::State::unhealthy: return 3;
  }
  return 1;
}

target::Health ask(target::Target& target, const manifest::ObjectId& id) {
  auto asked = target.health(id);
  if (asked.ok()) return std::move(asked).value();
  if (asked.failure().reason == Reason::absent) return {target::Health::State::unhealthy, "it is not there"};
  return {target::Health::State::unknown, asked.failure().text};
}

}  // namespace

target::Health health_of(target::Target& target, std::span<const Desired> objects) {
  target::Health worst{target::Health::State::healthy, ""};
  for (const auto& object : objects) {
    const auto health = ask(target, object.id);
    if (badness(health.state) > badness(worst.state)) worst = {health.state, fmt::format("{}: {}", object.id.text(), health.reason)};
  }
  return worst;
}

}  // namespace muster::reconcile
