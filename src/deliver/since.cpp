#include "deliver/since.hpp"

#include <fmt/core.h>

#include "muster/base/log.hpp"
#include "muster/base/value.hpp"
#include "muster/manifest/yaml.hpp"

namespace muster::deliver {
namespace {

constexpr std::size_t kMaxBytes = std::size_t{64} << 20U;

std::string key_of(std::string_view service, const Obstacle& obstacle) {
  return fmt::format("{} {} {}", service, to_string(obstacle.why), obstacle.input);
}

}  // namespace

void SinceMemory::load() {
  if (loaded_) return;
  loaded_ = true;
  const auto bytes = files_.read(path_, kMaxBytes);
  const auto value = bytes.ok() ? manifest::parse_json(*bytes, "since cache") : Result<Value>(Value{});
  const Object* environments = value.ok() ? value->if_object() : nullptr;
  if (environments == nullptr) return;
  for (const auto& [environment, entries] : *environments) {
    if (entries.if_object() == nullptr) continue;
    for (const auto& [key, at] : *entries.if_object()) {
      if (const auto* number = at.if_int()) since_[environment][key] = Instant(Duration(*number));
    }
  }
}

void SinceMemory::fill(EnvironmentOutcome& outcome, Instant now) {
  load();
  const auto& before = since_[outcome.environment];
  std::map<std::string, Instant> after;
  const auto fill_one = [&](std::string_view service, Obstacle& obstacle) {
    const std::string key = key_of(service, obstacle);
    const auto known = before.find(key);
    const Instant since = obstacle.since ? *obstacle.since : known == before.end() ? now : known->second;
    obstacle.since = since;
    after.insert_or_assign(key, since);
  };
  if (outcome.obstacle) {
    fill_one("", *outcome.obstacle);
    // While the environment as a whole is stuck, nothing is learnt of its instances.
    for (const auto& [key, at] : before) after.emplace(key, at);
  }
  for (auto& instance : outcome.instances) {
    for (auto& obstacle : instance.obstacles) fill_one(instance.service, obstacle);
  }
  if (after == before) return;
  changed_ = true;
  since_[outcome.environment] = std::move(after);
}

void SinceMemory::save() {
  if (!changed_) return;
  changed_ = false;
  Object out;
  for (const auto& [environment, entries] : since_) {
    Object inner;
    for (const auto& [key, at] : entries) inner.append(key, at.time_since_epoch().count());
    out.append(environment, std::move(inner));
  }
  const auto written = files_.write_atomic(path_, to_canonical_json(out));
  if (!written.ok()) log::debug("keeping since when things wait: {}", written.failure().text);
}

}  // namespace muster::deliver
