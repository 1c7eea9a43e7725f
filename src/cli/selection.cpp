#include "cli/selection.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "muster/base/text.hpp"
#include "muster/diag/suggest.hpp"

namespace muster::cli {
namespace {

/// One operand, taken apart.
struct Pattern {
  std::string owner;  ///< `team:NAME`; empty otherwise.
  std::string service = "*";
  std::string environment = "*";
};

Pattern parse(std::string_view operand) {
  static constexpr std::string_view kTeam = "team:";
  Pattern pattern;
  if (const std::size_t at = operand.find('@'); at != std::string_view::npos) {
    pattern.environment = operand.substr(at + 1);
    operand = operand.substr(0, at);
  }
  if (operand.starts_with(kTeam)) {
    pattern.owner = operand.substr(kTeam.size());
  } else {
    pattern.service = operand;
  }
  return pattern;
}

bool matches(const Pattern& pattern, const Nameable& item) {
  return glob_matches(pattern.service, item.service) && glob_matches(pattern.environment, item.environment) &&
         (pattern.owner.empty() || glob_matches(pattern.owner, item.owner));
}

std::string near_text(std::string_view wanted, const std::set<std::string>& names) {
  const std::vector<std::string_view> candidates(names.begin(), names.end());
  const std::string_view near = diag::nearest(wanted, candidates);
  if (!near.empty()) return fmt::format("; did you mean `{}`?", near);
  static constexpr std::size_t kShort = 8;
  return names.empty() || names.size() > kShort ? std::string() : fmt::format("; there is {}", join({names.begin(), names.end()}, ", "));
}

Failure means_nothing(const std::string& operand, const Pattern& pattern, const std::set<Nameable>& known,
                      const std::vector<std::string>& environments) {
  std::set<std::string> services;
  std::set<std::string> owners;
  for (const Nameable& item : known) {
    services.insert(item.service);
    if (!item.owner.empty()) owners.insert(item.owner);
  }
  const bool environment_known = std::any_of(environments.begin(), environments.end(),
                                             [&](const std::string& name) { return glob_matches(pattern.environment, name); });
  if (!environment_known) {
    return stalled(Reason::invalid, fmt::format("there is no environment `{}`{}", pattern.environment,
                                                near_text(pattern.environment, {environments.begin(), environments.end()})));
  }
  if (!pattern.owner.empty())
    return stalled(Reason::invalid, fmt::format("no service belongs to a team `{}`{}", pattern.owner, near_text(pattern.owner, owners)));
  const bool service_known =
      std::any_of(services.begin(), services.end(), [&](const std::string& name) { return glob_matches(pattern.service, name); });
  if (service_known) return stalled(Reason::invalid, fmt::format("`{}` matches no instance: that service does not exist there", operand));
  if (std::find(environments.begin(), environments.end(), operand) != environments.end()) {
    return stalled(Reason::invalid, fmt::format("`{}` is an environment, not a service: say `--in {}`, or `'*@{}'` for all its instances",
                                                operand, operand, operand));
  }
  return stalled(Reason::invalid, fmt::format("there is no service `{}`{}", pattern.service, near_text(pattern.service, services)));
}

}  // namespace

std::set<Nameable> nameable_of(const model::Fleet& fleet) {
  std::set<Nameable> out;
  for (const model::Instance& instance : fleet.instances)
    out.insert({instance.name, fleet.environment(instance.environment).name, instance.owner});
  for (const model::Poisoned& item : fleet.poisoned) {
    const model::Service* service = fleet.service(item.service);
    const std::string owner = service == nullptr ? "" : service->owner;
    for (const model::Environment& environment : fleet.environments) {
      if (item.environment.empty() || item.environment == environment.name) out.insert({item.service, environment.name, owner});
    }
  }
  return out;
}

bool Selection::has(std::string_view service, std::string_view environment) const {
  if (std::find(environments.begin(), environments.end(), environment) == environments.end()) return false;
  return instances.empty() || std::binary_search(instances.begin(), instances.end(), model::instance_name(service, environment));
}

std::vector<std::string> Selection::services_in(std::string_view environment) const {
  std::vector<std::string> out;
  for (const std::string& name : instances) {
    const std::size_t at = name.find('@');
    if (name.substr(at + 1) == environment) out.push_back(name.substr(0, at));
  }
  return out;
}

Result<Selection> select(const std::set<Nameable>& known, const std::vector<std::string>& environments,
                         const std::vector<std::string>& operands, const std::vector<std::string>& in) {
  Selection out;
  out.all = operands.empty() && in.empty();
  std::set<std::string> chosen;
  for (const std::string& name : environments) {
    if (in.empty() || std::any_of(in.begin(), in.end(), [&](const std::string& pattern) { return glob_matches(pattern, name); }))
      chosen.insert(name);
  }
  if (chosen.empty() && !in.empty()) {
    return stalled(Reason::invalid, fmt::format("there is no environment `{}`{}", in.front(),
                                                near_text(in.front(), {environments.begin(), environments.end()})));
  }
  std::set<std::string> instances;
  std::set<std::string> touched;
  for (const std::string& operand : operands) {
    const Pattern pattern = parse(operand);
    bool any = false;
    for (const Nameable& item : known) {
      if (!matches(pattern, item)) continue;
      any = true;
      if (!chosen.contains(item.environment)) continue;
      instances.insert(model::instance_name(item.service, item.environment));
      touched.insert(item.environment);
    }
    if (!any) return means_nothing(operand, pattern, known, environments);
  }
  if (!operands.empty() && instances.empty()) {
    return stalled(Reason::invalid, fmt::format("none of the named services exists in {}", join({chosen.begin(), chosen.end()}, ", ")));
  }
  const std::set<std::string>& kept = operands.empty() ? chosen : touched;
  out.environments.assign(kept.begin(), kept.end());
  out.instances.assign(instances.begin(), instances.end());
  return out;
}

Result<Selection> select_declared(const model::Fleet& fleet, const std::vector<std::string>& operands, const std::vector<std::string>& in) {
  std::vector<std::string> environments;
  for (const model::Environment& environment : fleet.environments) environments.push_back(environment.name);
  return select(nameable_of(fleet), environments, operands, in);
}

}  // namespace muster::cli
