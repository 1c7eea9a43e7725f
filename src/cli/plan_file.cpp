#include "cli/plan_file.hpp"

#include <algorithm>
#include <set>

#include "muster/manifest/yaml.hpp"

namespace muster::cli {
namespace {

constexpr std::int64_t kPlanFormat = 1;
constexpr std::size_t kPlanLimit = std::size_t{256} << 20U;

Array strings(const std::vector<std::string>& texts) {
  Array out;
  for (const std::string& text : texts) out.emplace_back(text);
  return out;
}

std::vector<std::string> strings_at(const Value& value, std::string_view key) {
  std::vector<std::string> out;
  const Value* list = value.find(key);
  if (list == nullptr || list->if_array() == nullptr) return out;
  for (const Value& item : *list->if_array()) {
    if (const std::string* text = item.if_string()) out.push_back(*text);
  }
  return out;
}

}  // namespace

Value to_value(const WrittenPlan& plan, const std::string& fleet) {
  Array proposals;
  for (const deliver::PlannedInstance& instance : plan.deliver) proposals.push_back(deliver::to_value(instance));
  return Object{{"format", kPlanFormat},
                {"fleet", fleet},
                {"environments", strings(plan.selection.environments)},
                {"instances", strings(plan.selection.instances)},
                {"deliver", std::move(proposals)},
                {"reconcile", plan.reconcile}};
}

Result<WrittenPlan> read_plan(Files& files, const Path& path) {
  const Result<std::string> text = files.read(path, kPlanLimit);
  if (!text.ok()) return stalled(Reason::invalid, fmt::format("{}; `muster plan --out {}` makes one", text.failure().text, path.string()));
  MUSTER_TRY(const Value value, manifest::parse_json(*text, path.string()));
  const Value* format = value.find("format");
  if (format == nullptr || format->if_int() == nullptr || *format->if_int() != kPlanFormat) {
    return stalled(Reason::invalid, path.string() + ": not a plan of this version of muster; make it anew with `muster plan --out`");
  }
  WrittenPlan plan;
  plan.selection.all = false;
  plan.selection.environments = strings_at(value, "environments");
  plan.selection.instances = strings_at(value, "instances");
  const Value* proposals = value.find("deliver");
  const Value* reconcile_plan = value.find("reconcile");
  if (proposals == nullptr || proposals->if_array() == nullptr || reconcile_plan == nullptr) {
    return stalled(Reason::invalid, path.string() + ": the plan is damaged; make it anew with `muster plan --out`");
  }
  for (const Value& item : *proposals->if_array()) {
    MUSTER_TRY(deliver::PlannedInstance instance, deliver::planned_from(item));
    plan.deliver.push_back(std::move(instance));
  }
  plan.reconcile = *reconcile_plan;
  return plan;
}

Result<PlanCheck> check_plan(Session& session, FleetSession& parts, const daemon::LoadedFleet& fleet, const WrittenPlan& plan) {
  deliver::Request request;
  request.environments = plan.selection.environments;
  request.instances = plan.selection.instances;
  request.dry = true;
  request.exactly = plan.deliver;
  PlanCheck out;
  deliver::Delivery now;
  if (!plan.deliver.empty()) {
    now = parts.engine().deliver(fleet, request, session.stop());
    for (const deliver::EnvironmentOutcome& environment : now.report.environments) {
      if (environment.obstacle) out.moved.push_back(environment.environment + ": " + environment.obstacle->text);
      for (const deliver::Outcome& outcome : environment.instances) {
        for (const deliver::Obstacle& obstacle : outcome.obstacles) {
          if (obstacle.why == deliver::Why::moved_since_plan)
            out.moved.push_back(model::instance_name(outcome.service, outcome.environment) + ": " + obstacle.text);
        }
      }
    }
  }
  if (!out.moved.empty()) return out;
  MUSTER_TRY(record::EnvironmentRepository * records, parts.engine().records(&fleet));
  MUSTER_CHECK(records->look(std::nullopt, session.stop()));
  daemon::ReconcileRequest reconcile_request;
  reconcile_request.environments = plan.selection.environments;
  reconcile_request.selection = reconcile_selection(plan.selection);
  MUSTER_TRY(const daemon::Engine::Looked looked, parts.engine().look_after(*records, now, reconcile_request, session.stop()));
  out.moved = reconcile::moved_since(plan.reconcile, looked.plan);
  out.nothing_left = out.moved.empty() && now.proposals.empty() &&
                     std::none_of(looked.plan.instances.begin(), looked.plan.instances.end(), [&](const reconcile::InstancePlan& instance) {
                       return instance.writes() && (!reconcile_request.selection || reconcile_request.selection->contains(instance.key));
                     });
  return out;
}

}  // namespace muster::cli
