#include "muster/daemon/view.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "muster/git/objects.hpp"
#include "muster/record/standing.hpp"

namespace muster::daemon {
namespace {

/// The tag of an image that is watched; else the source commit in short; else the tag of the first image.
std::string version_of(const record::Release& release) {
  for (const auto& [name, input] : release.inputs) {
    const auto* image = std::get_if<record::ImageValue>(&input.value);
    if (image != nullptr && !image->rule.empty() && image->commit.empty()) return image->tag;
  }
  for (const auto& [name, input] : release.inputs) {
    if (const auto* source = std::get_if<record::SourceValue>(&input.value)) return source->commit.short_text();
  }
  for (const auto& [name, input] : release.inputs) {
    const auto* image = std::get_if<record::ImageValue>(&input.value);
    if (image == nullptr) continue;
    if (!image->tag.empty()) return image->tag;
    const auto reference = model::parse_image_reference(image->reference);
    return reference.ok() && !reference->tag.empty() ? reference->tag : image->reference;
  }
  return release.release.short_text();
}

/// Reads releases of one environment at its tip, each once.
class Releases {
 public:
  explicit Releases(const reconcile::EnvironmentState& environment) {
    const auto tip = git::Oid::parse(environment.tip);
    if (environment.repository && tip) standing_.emplace(environment.repository, *tip);
  }
  std::optional<record::Release> of(const std::string& service) {
    if (!standing_) return std::nullopt;
    const auto descriptor = standing_->descriptor(service);
    if (!descriptor.ok() || !descriptor->has_value()) return std::nullopt;
    return (*descriptor)->release;
  }

 private:
  std::optional<record::Standing> standing_;
};

Condition condition_of(const reconcile::InstanceState& state, const reconcile::InstancePlan& plan,
                       const reconcile::EnvironmentState& environment) {
  if (environment.unreadable) return Condition::unknown;
  if (!state.stands && !plan.writes()) return Condition::absent;
  const bool drifted = std::any_of(plan.objects.begin(), plan.objects.end(), [](const auto& object) { return object.drift; });
  if (drifted) return Condition::drifted;
  if (plan.writes()) return Condition::pending;
  switch (state.health.state) {
    case target::Health::State::healthy: return Condition::healthy;
    case target::Health::State::progressing: return Condition::progressing;
    case target::Health::State::unhealthy: return Condition::unhealthy;
    case target::Health::State::unknown: return Condition::unknown;
  }
  return Condition::unknown;
}

EnvironmentView environment_view(const std::string& name, const deliver::Report* delivery, const reconcile::Observation& observation,
                                 const reconcile::Plan& plan) {
  EnvironmentView out;
  out.name = name;
  const auto state =
      std::find_if(observation.environments.begin(), observation.environments.end(), [&](const auto& one) { return one.name == name; });
  const auto planned = std::find_if(plan.environments.begin(), plan.environments.end(), [&](const auto& one) { return one.name == name; });
  if (state != observation.environments.end()) {
    out.tip = state->tip;
    if (!state->unreadable) out.evidence = state->seen;
    if (state->stale) out.trouble = fmt::format("shown as last seen: {}", state->stale->text);
    if (state->unreadable) {
      out.trouble = state->unreadable->text;
      out.held = state->unreadable->kind == FailureKind::stalled;
    }
  }
  if (planned != plan.environments.end() && planned->hold) {
    out.trouble = planned->hold->text;
    out.lift = planned->hold->lift;
    out.held = planned->hold->kind == FailureKind::stalled;
  }
  if (delivery == nullptr) return out;
  for (const deliver::EnvironmentOutcome& outcome : delivery->environments) {
    if (outcome.environment != name || !outcome.obstacle) continue;
    if (out.lift.empty() && out.trouble == outcome.obstacle->text) out.lift = outcome.obstacle->lift;
    if (!out.trouble.empty()) continue;
    out.trouble = outcome.obstacle->text;
    out.lift = outcome.obstacle->lift;
    out.held = deliver::verdict_of(outcome.obstacle->why) == deliver::Verdict::held;
  }
  return out;
}

void add_delivery(InstanceView& view, const deliver::Outcome& outcome) {
  if (!outcome.obstacles.empty() || view.obstacles.empty()) {
    view.delivery = outcome.verdict;
    view.obstacles = outcome.obstacles;
  }
  view.declared =
      std::none_of(outcome.obstacles.begin(), outcome.obstacles.end(), [](const auto& one) { return one.why == deliver::Why::undeclared; });
  if (outcome.evidence) view.evidence = view.evidence ? std::min(*view.evidence, *outcome.evidence) : *outcome.evidence;
}

/// What the branch says by itself, also where deliver could not be asked.
void add_hold(InstanceView& view, const record::Hold& hold, const reconcile::InstanceKey& key) {
  view.obstacles = {deliver::obstacle_of(hold, key.service, key.environment)};
  view.delivery = deliver::Verdict::waiting;
}

}  // namespace

std::string_view to_string(Condition condition) {
  switch (condition) {
    case Condition::absent: return "absent";
    case Condition::healthy: return "healthy";
    case Condition::progressing: return "progressing";
    case Condition::pending: return "pending";
    case Condition::drifted: return "drifted";
    case Condition::unhealthy: return "unhealthy";
    case Condition::unknown: return "unknown";
  }
  return "unknown";
}

const InstanceView* View::find(std::string_view service, std::string_view environment) const {
  const auto found = std::find_if(instances.begin(), instances.end(),
                                  [&](const InstanceView& one) { return one.service == service && one.environment == environment; });
  return found == instances.end() ? nullptr : &*found;
}

int View::exit_code() const {
  bool held = false;
  for (const EnvironmentView& environment : environments) {
    if (!environment.trouble.empty() && !environment.held) return 1;
    held = held || environment.held;
  }
  for (const InstanceView& instance : instances) {
    if (instance.condition == Condition::unhealthy || instance.delivery == deliver::Verdict::failed) return 1;
    held = held || instance.delivery == deliver::Verdict::held;
  }
  return held ? 4 : 0;
}

View make_view(const deliver::Report* delivery, const reconcile::Observation& observation, const reconcile::Plan& plan,
               const std::vector<std::string>& order, Instant now, Duration stale_after) {
  View out;
  out.made = now;
  std::map<std::string, std::size_t> rank;
  for (const std::string& name : order) {
    rank.emplace(name, rank.size());
    out.environments.push_back(environment_view(name, delivery, observation, plan));
  }
  std::map<std::pair<std::string, std::string>, InstanceView> views;
  std::vector<Releases> releases(observation.environments.begin(), observation.environments.end());
  for (std::size_t i = 0; i < observation.instances.size(); ++i) {
    const reconcile::InstanceState& state = observation.instances[i];
    const reconcile::InstancePlan& planned = plan.instances[i];
    const reconcile::EnvironmentState& environment = observation.environments[state.environment];
    InstanceView& view = views[{state.key.service, state.key.environment}];
    view.condition = condition_of(state, planned, environment);
    view.reason = !state.trouble.empty() ? state.trouble : planned.obstacle ? planned.obstacle->text : state.health.reason;
    view.behind = state.behind;
    if (state.hold && state.hold->target) view.paused = record::in_words(*state.hold, "paused");
    if (state.hold) add_hold(view, *state.hold, state.key);
    view.remarks = planned.remarks();
    if (!environment.unreadable) view.evidence = environment.seen;
    if (state.stands) {
      if (const auto release = releases[state.environment].of(state.key.service)) {
        view.release = release->release.text();
        view.version = version_of(*release);
      }
    }
  }
  if (delivery != nullptr) {
    for (const deliver::EnvironmentOutcome& environment : delivery->environments) {
      for (const deliver::Outcome& outcome : environment.instances) {
        const auto [at, fresh] = views.try_emplace({outcome.service, outcome.environment});
        if (fresh) at->second.condition = Condition::absent;
        add_delivery(at->second, outcome);
      }
    }
  }
  for (auto& [key, view] : views) {
    view.service = key.first;
    view.environment = key.second;
    const bool stale = view.evidence && now - *view.evidence > stale_after;
    if (stale) {
      view.condition = Condition::unknown;
      view.reason = fmt::format("last seen {} ago", format_duration(now - *view.evidence));
    }
    out.instances.push_back(std::move(view));
  }
  std::stable_sort(out.instances.begin(), out.instances.end(), [&](const InstanceView& a, const InstanceView& b) {
    return a.service != b.service ? a.service < b.service : rank[a.environment] < rank[b.environment];
  });
  return out;
}

namespace {

Value instant_value(const std::optional<Instant>& at) { return at ? Value(format_instant(*at)) : Value(); }

}  // namespace

Value to_value(const View& view) {
  Array environments;
  for (const EnvironmentView& one : view.environments) {
    environments.emplace_back(Object{{"name", one.name},
                                     {"tip", one.tip},
                                     {"trouble", one.trouble},
                                     {"lift", one.lift},
                                     {"held", one.held},
                                     {"evidence", instant_value(one.evidence)}});
  }
  Array instances;
  for (const InstanceView& one : view.instances) {
    Array remarks;
    for (const std::string& remark : one.remarks) remarks.emplace_back(remark);
    Array obstacles;
    for (const deliver::Obstacle& obstacle : one.obstacles) {
      obstacles.emplace_back(Object{{"why", deliver::to_string(obstacle.why)},
                                    {"input", obstacle.input},
                                    {"text", obstacle.text},
                                    {"lift", obstacle.lift},
                                    {"since", instant_value(obstacle.since)}});
    }
    instances.emplace_back(Object{{"service", one.service},
                                  {"environment", one.environment},
                                  {"condition", to_string(one.condition)},
                                  {"reason", one.reason},
                                  {"release", one.release},
                                  {"version", one.version},
                                  {"delivery", deliver::to_string(one.delivery)},
                                  {"obstacles", std::move(obstacles)},
                                  {"declared", one.declared},
                                  {"behind", one.behind},
                                  {"paused", one.paused},
                                  {"remarks", std::move(remarks)},
                                  {"evidence", instant_value(one.evidence)}});
  }
  return Object{{"made", format_instant(view.made)}, {"environments", std::move(environments)}, {"instances", std::move(instances)}};
}

}  // namespace muster::daemon
