// promote: takes what stands in one environment into another, now. The gates are asked all the same.
#include <fmt/core.h>

#include <algorithm>
#include <set>

#include "deliver/verb.hpp"

namespace muster::deliver {
namespace {

/// The services, and those they are bound to.
std::set<std::string> with_partners(const model::Fleet& fleet, const std::string& environment, const std::vector<std::string>& services) {
  std::set<std::string> out(services.begin(), services.end());
  std::vector<std::string> open = services;
  while (!open.empty()) {
    const model::Instance* instance = fleet.instance(open.back(), environment);
    open.pop_back();
    if (instance == nullptr) continue;
    for (const auto& partner : instance->together) {
      if (out.insert(partner).second) open.push_back(partner);
    }
  }
  return out;
}

}  // namespace

Result<VerbResult> promote(Deliverer& deliverer, const model::Fleet& fleet, const FleetRevision& revision, const PromoteRequest& request,
                           const Person& by, const std::stop_token& stop) {
  VerbResult out;
  out.environment = request.to;
  const model::Environment* environment = fleet.environment(request.to);
  if (environment == nullptr) return stalled(Reason::invalid, fmt::format("the fleet declares no environment `{}`", request.to));
  auto& records = deliverer.records(fleet);
  std::vector<std::string> names;
  for (const auto& instance : fleet.instances) {
    if (instance.environment == environment->id) names.push_back(instance.name);
  }
  MUSTER_TRY(const auto services, expand(request.services, names, request.to));

  Request passed;
  passed.environments = {request.to};
  passed.dry = request.dry;
  const std::set<std::string> moving = with_partners(fleet, request.to, services);
  for (const auto& service : moving) passed.instances.push_back(model::instance_name(service, request.to));
  std::vector<std::string> looked = environments_to_look_at(fleet, {request.to});
  if (!request.from.empty()) looked.push_back(request.from);
  std::set<std::string> asked{request.to};
  if (!request.from.empty()) asked.insert(request.from);
  const Answers answers = ask_outside(deliverer.state(), fleet, asked, stop);
  Run run{deliverer.state(), fleet, revision, passed, answers, stop, Run::Manual{request.from, moving}, author_of(by), {}};
  MUSTER_CHECK(records.look(looked, stop));
  Delivery delivery;
  pass_environment(run, *environment, records, delivery);
  const EnvironmentOutcome& outcome = delivery.report.environments.front();
  if (outcome.obstacle) {
    const bool failed = verdict_of(outcome.obstacle->why) == Verdict::failed;
    return failed ? retry(Reason::unreachable, outcome.obstacle->text) : stalled(Reason::conflict, outcome.obstacle->text);
  }
  out.proposals = std::move(delivery.proposals);
  for (const auto& instance : outcome.instances) {
    if (instance.record) out.commit = instance.record;
    if (!instance.obstacles.empty()) out.waiting.push_back(instance);
    if (instance.verdict == Verdict::unchanged) out.notes.push_back(fmt::format("{} stands at that already", instance.service));
  }
  for (const auto& proposal : out.proposals) out.services.push_back(proposal.service);
  return out;
}

}  // namespace muster::deliver
