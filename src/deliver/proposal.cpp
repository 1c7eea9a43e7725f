#include "muster/deliver/proposal.hpp"

#include <fmt/core.h>

#include <utility>

namespace muster::deliver {
namespace {

using Field = std::pair<std::string_view, std::string PlannedInstance::*>;
constexpr Field kFields[] = {
    {"service", &PlannedInstance::service},
    {"environment", &PlannedInstance::environment},
    {"standing_release", &PlannedInstance::standing_release},
    {"standing_folder", &PlannedInstance::standing_folder},
    {"release", &PlannedInstance::release},
    {"objects", &PlannedInstance::objects},
};

}  // namespace

PlannedInstance planned(const Proposal& proposal) {
  PlannedInstance out;
  out.service = proposal.service;
  out.environment = proposal.environment;
  if (proposal.standing) out.standing_release = proposal.standing->release.text();
  if (proposal.standing_folder) out.standing_folder = proposal.standing_folder->text();
  out.release = proposal.removal ? "absent" : proposal.release.release.text();
  if (!proposal.removal) out.objects = proposal.release.objects.text();
  return out;
}

Value to_value(const PlannedInstance& instance) {
  Object out;
  for (const auto& [name, field] : kFields) out.append(std::string(name), instance.*field);
  return out;
}

Result<PlannedInstance> planned_from(const Value& value) {
  PlannedInstance out;
  for (const auto& [name, field] : kFields) {
    const Value* member = value.find(name);
    const auto* text = member == nullptr ? nullptr : member->if_string();
    if (text == nullptr) return stalled(Reason::invalid, fmt::format("the plan has an instance without `{}`", name));
    out.*field = *text;
  }
  return out;
}

}  // namespace muster::deliver
