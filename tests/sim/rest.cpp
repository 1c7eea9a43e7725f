// What must hold when everything healed and muster came to rest. What an instance says of itself excuses its own objects,
// never those of another one.
#include <fmt/format.h>

#include <algorithm>

#include "sim/play.hpp"

namespace muster::sim {
namespace {

/// Services of an environment that did not simply match, and say why.
std::set<std::string> troubled(const reconcile::Report& report, const std::string& environment) {
  std::set<std::string> out;
  for (const reconcile::Outcome& outcome : report.outcomes) {
    const bool well = outcome.state == reconcile::State::matched || outcome.state == reconcile::State::applied;
    if (outcome.key.environment == environment && !well) out.insert(outcome.key.service);
  }
  return out;
}

const reconcile::EnvironmentReport* find_environment(const reconcile::Report& report, const std::string& name) {
  for (const reconcile::EnvironmentReport& one : report.environments) {
    if (one.name == name) return &one;
  }
  return nullptr;
}

/// Who lists an object that no descriptor names, and so answers for it: it may be somebody else's, or may not be pruned
/// yet.
bool is_listed(const reconcile::Plan& plan, const std::string& environment, const manifest::ObjectId& id) {
  for (const reconcile::InstancePlan& instance : plan.instances) {
    if (instance.key.environment != environment) continue;
    // What a descriptor that cannot be read would name is nobody's to prune.
    const bool unreadable = instance.obstacle && instance.obstacle->kind == reconcile::Obstacle::Kind::unusable;
    if (unreadable && instance.key.service == id.name) return true;
    for (const reconcile::ObjectPlan& object : instance.objects) {
      const bool answers = object.action == reconcile::Action::leftover ||
                           (object.action == reconcile::Action::prune && !object.held.empty()) ||
                           object.action == reconcile::Action::yield || instance.obstacle;
      if (object.id == id && answers) return true;
    }
  }
  return false;
}

/// What reconcile itself remarks on an environment, for the reader of a violation.
std::string remarks_of(const reconcile::Report& report, const std::string& environment) {
  std::string out;
  for (const reconcile::Outcome& outcome : report.outcomes) {
    if (outcome.key.environment != environment) continue;
    if (!outcome.text.empty()) out += fmt::format("; {} is {}: {}", outcome.key.service, to_string(outcome.state), outcome.text);
    for (const std::string& remark : outcome.remarks) out += fmt::format("; {} remarks: {}", outcome.key.service, remark);
  }
  return out;
}

}  // namespace

void Schedule::judge_environment(const reconcile::Report& report, const std::string& environment) {
  const auto live = targets_.at(environment).objects();
  const auto excused = troubled(report, environment);
  std::set<manifest::ObjectId> wanted;
  for (const auto& [service, objects] : oracle_.desired(environment)) {
    ++result_.instances;
    if (excused.contains(service)) ++result_.excused;
    for (const auto& [id, content] : objects) {
      wanted.insert(id);
      const auto found = live.find(id);
      if (excused.contains(service)) continue;
      if (found == live.end()) {
        result_.violations.push_back(
            fmt::format("P13 {}: {} is not in the target{}", environment, id.text(), remarks_of(report, environment)));
      } else if (!(found->second == content)) {
        result_.violations.push_back(
            fmt::format("P4 {}: {} in the target is not what the tip says{}", environment, id.text(), remarks_of(report, environment)));
      }
    }
  }
  for (const auto& [id, content] : live) {
    if (wanted.contains(id) || oracle_.is_strangers(environment, id) || is_listed(report.plan, environment, id)) continue;
    // Nothing is left that could name it: no inventory, or one without entries beside a history without the descriptor.
    if (lost_.contains({environment, id.name}) || (forced_.contains(environment) && damaged_.contains({environment, id.name}))) continue;
    result_.violations.push_back(
        fmt::format("P6 {}: {} was left behind in the target{}", environment, id.text(), remarks_of(report, environment)));
  }
}

void Schedule::judge_rest() {
  if (!first_.reconciled() || !first_.delivered()) return;
  for (const std::string& environment : environment_names()) {
    const auto* report = find_environment(*first_.reconciled(), environment);
    // Only a person can say whether a rewritten branch is right; nothing else holds a whole environment.
    if (report != nullptr && report->hold) {
      if (!forced_.contains(environment))
        result_.violations.push_back(fmt::format("P13 {}: it is held for no reason: {}", environment, report->hold->text));
      continue;
    }
    judge_environment(*first_.reconciled(), environment);
  }
  judge_sources(*first_.delivered());
  if (with_images_) judge_images_at_rest(*first_.delivered());
}

/// Where deliver says that nothing keeps an instance, its newest source must be recorded.
void Schedule::judge_sources(const deliver::Report& report) {
  for (const deliver::EnvironmentOutcome& environment : report.environments) {
    if (environment.environment == "production" || environment.obstacle) continue;
    for (const deliver::Outcome& outcome : environment.instances) {
      const Place& place = places().at(outcome.service);
      const auto& declared = fleets_.newest().services.at(outcome.service);
      if (place.url.empty() || !declared.declared || outcome.verdict != deliver::Verdict::unchanged || !outcome.obstacles.empty()) continue;
      const auto& branches = oracle_.branches();
      const auto branch = branches.find(environment.environment);
      if (branch == branches.end() || branch->second.empty()) continue;
      std::string newest;
      for (const Entry& entry : branch->second) {
        const auto listed = entry.services.find(outcome.service);
        if (listed != entry.services.end() && listed->second.inputs.contains("source")) newest = listed->second.inputs.at("source");
      }
      const git::Oid head = network_.server(place.url).repository->all_refs().at("refs/heads/main");
      const auto folder = git::find_entry(*network_.server(place.url).repository, network_.pool()->commit(head)->tree, place.path);
      const std::string wanted = folder.ok() && folder->has_value() ? (*folder)->id.text() : "";
      if (newest.find("/" + wanted) == std::string::npos) {
        result_.violations.push_back(fmt::format("P13 {}@{}: the newest source is not recorded ({} is), and nothing is said to keep it",
                                                 outcome.service, environment.environment, newest.substr(0, 20)));
      }
    }
  }
}

}  // namespace muster::sim
