#include <fmt/format.h>

#include <array>

#include "muster/reconcile/plan.hpp"

namespace muster::reconcile {
namespace {

template <typename Enum, std::size_t N>
std::string_view name_in(const std::array<std::string_view, N>& names, Enum value) {
  return names[static_cast<std::size_t>(value)];
}

/// Has every value of an enumeration, up to its last, a name?
template <typename Enum, std::size_t N>
constexpr bool names_all(const std::array<std::string_view, N>& names, Enum last) {
  return names.size() == static_cast<std::size_t>(last) + 1 && !names.back().empty();
}

constexpr std::array<std::string_view, 14> kActions = {"keep",   "create", "change", "adopt",   "take",     "run",    "prune",
                                                       "forget", "yield",  "leave",  "contest", "leftover", "refuse", "conflict"};
constexpr std::array<std::string_view, 5> kMoves = {"none", "repair", "forward", "back", "remove"};
constexpr std::array<std::string_view, 8> kObstacles = {"environment held", "paused", "unusable", "conflict",
                                                        "refused",          "circle", "need",     "unselected"};
constexpr std::array<std::string_view, 3> kUntil = {"attempted", "applied", "healthy"};
static_assert(names_all(kActions, Action::conflict) && names_all(kMoves, Move::remove));
static_assert(names_all(kObstacles, Obstacle::Kind::unselected) && names_all(kUntil, Wait::Until::healthy));

std::string dump_object(const ObjectPlan& object) {
  std::string line = fmt::format("  {} {}", to_string(object.action), object.id.text());
  if (object.write && object.action != Action::create && object.action != Action::change && object.action != Action::run) line += " write";
  if (object.drift) line += " drift";
  if (!object.other.empty()) line += fmt::format(" ({})", object.other);
  if (!object.held.empty()) line += fmt::format(" held: {}", object.held);
  if (!object.reason.empty()) line += fmt::format(": {}", object.reason);
  return line + "\n";
}

std::string dump_instance(const Plan& plan, const InstancePlan& instance) {
  std::string text = fmt::format("{} {}", instance.key.text(), to_string(instance.move));
  if (instance.rebuild) text += " rebuild";
  if (instance.start_job) text += " job";
  text += '\n';
  if (instance.obstacle) text += fmt::format("  {}: {}\n", to_string(instance.obstacle->kind), instance.obstacle->text);
  for (const auto& wait : instance.waits)
    text += fmt::format("  after {} is {}\n", plan.instances[wait.instance].key.text(), to_string(wait.until));
  for (const auto& object : instance.objects) text += dump_object(object);
  return text;
}

Value digest_value(const std::optional<Digest>& digest) { return digest ? Value(digest->text()) : Value(); }

Value object_value(const ObjectPlan& object) {
  Object value;
  value.set("object", object.id.text());
  value.set("action", to_string(object.action));
  value.set("writes", object.write);
  value.set("drift", object.drift);
  value.set("live", digest_value(object.live));
  value.set("uid", object.expected ? Value(object.expected->uid) : Value());
  value.set("desired", digest_value(object.desired));
  if (!object.other.empty()) value.set("other", object.other);
  if (!object.reason.empty()) value.set("reason", object.reason);
  if (!object.held.empty()) value.set("held", object.held);
  return value;
}

Value instance_value(const Plan& plan, const InstancePlan& instance) {
  Object value;
  value.set("instance", instance.key.text());
  value.set("service", instance.key.service);
  value.set("environment", instance.key.environment);
  value.set("move", to_string(instance.move));
  value.set("order", static_cast<std::int64_t>(instance.order));
  if (instance.rebuild) value.set("rebuild", true);
  if (instance.obstacle) {
    value.set("obstacle", Object{{"kind", to_string(instance.obstacle->kind)}, {"text", instance.obstacle->text}});
  }
  Array waits;
  for (const auto& wait : instance.waits) {
    waits.emplace_back(Object{{"instance", plan.instances[wait.instance].key.text()}, {"until", to_string(wait.until)}});
  }
  value.set("waits", std::move(waits));
  Array objects;
  for (const auto& object : instance.objects) objects.push_back(object_value(object));
  value.set("objects", std::move(objects));
  return value;
}

Value environment_value(const EnvironmentPlan& environment) {
  Object value;
  value.set("environment", environment.name);
  value.set("id", environment.id);
  value.set("tip", environment.tip);
  value.set("target", environment.target);
  value.set("stamp", environment.stamp ? Value(environment.stamp->record) : Value());
  if (environment.hold) {
    value.set("held", Object{{"text", environment.hold->text},
                             {"expected", environment.hold->expected},
                             {"found", environment.hold->found},
                             {"lift", environment.hold->lift}});
  }
  value.set("deletions", Object{{"count", static_cast<std::int64_t>(environment.deletions)},
                                {"allowed", static_cast<std::int64_t>(environment.deletions_allowed)},
                                {"held", environment.deletions_held}});
  return value;
}

bool prunes(const Value& object) { return object.string_at("action") == "prune"; }

bool wrote_something(const Value& object) {
  const auto* writes = object.find("writes");
  return (writes != nullptr && writes->if_bool() != nullptr && *writes->if_bool()) || prunes(object);
}

std::string_view text_or(const Value& object, std::string_view key) { return object.string_at(key, "nothing"); }

/// One object of the written plan against the plan of now. What is as the plan would make it was made so by an earlier run.
void compare_object(const Value& then, const InstancePlan& now, std::vector<std::string>& moved) {
  const auto name = then.string_at("object");
  for (const auto& object : now.objects) {
    if (object.id.text() != name) continue;
    const auto value = object_value(object);
    const bool done =
        !prunes(then) && text_or(value, "live") == text_or(then, "desired") && text_or(value, "desired") == text_or(then, "desired");
    if (done) return;
    for (const auto* key : {"live", "uid", "desired"}) {
      if (text_or(then, key) != text_or(value, key)) {
        moved.push_back(fmt::format("{}: {} of {} was {} and is {}", now.key.text(), key, name, text_or(then, key), text_or(value, key)));
        return;
      }
    }
    return;
  }
  if (!prunes(then)) moved.push_back(fmt::format("{}: {} is part of it no more", now.key.text(), name));
}

}  // namespace

std::string_view to_string(Action action) { return name_in(kActions, action); }
std::string_view to_string(Move move) { return name_in(kMoves, move); }
std::string_view to_string(Obstacle::Kind kind) { return name_in(kObstacles, kind); }
std::string_view to_string(Wait::Until until) { return name_in(kUntil, until); }

std::string dump(const Plan& plan) {
  std::string text;
  for (const auto& environment : plan.environments) {
    text += fmt::format("environment {} target {}\n", environment.name, environment.target);
    if (environment.hold) text += fmt::format("  held: {}\n", environment.hold->text);
    if (!environment.deletions_held.empty()) text += fmt::format("  deletions held: {}\n", environment.deletions_held);
  }
  for (const auto& instance : plan.instances) text += dump_instance(plan, instance);
  return text;
}

Value to_value(const Plan& plan) {
  Array environments;
  for (const auto& environment : plan.environments) environments.push_back(environment_value(environment));
  Array instances;
  for (const auto& instance : plan.instances) instances.push_back(instance_value(plan, instance));
  return Object{{"environments", std::move(environments)}, {"instances", std::move(instances)}};
}

std::vector<std::string> moved_since(const Value& written, const Plan& now) {
  std::vector<std::string> moved;
  const auto* instances = written.find("instances");
  if (instances == nullptr || instances->if_array() == nullptr) return {"the plan names no instances"};
  for (const auto& instance : *instances->if_array()) {
    const auto* objects = instance.find("objects");
    if (objects == nullptr || objects->if_array() == nullptr) continue;
    const auto* plan = now.find({std::string(instance.string_at("environment")), std::string(instance.string_at("service"))});
    for (const auto& object : *objects->if_array()) {
      if (!wrote_something(object)) continue;
      if (plan == nullptr && prunes(object)) continue;
      if (plan == nullptr) {
        moved.push_back(fmt::format("{}: it is not there any more", instance.string_at("instance")));
        break;
      }
      compare_object(object, *plan, moved);
    }
  }
  return moved;
}

}  // namespace muster::reconcile
