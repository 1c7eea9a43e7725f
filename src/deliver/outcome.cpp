#include "muster/deliver/outcome.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <array>

namespace muster::deliver {
namespace {

struct WhyEntry {
  Why why;
  std::string_view word;
  Verdict verdict;
};

/// In the order of the enumeration; verdict decides the exit code.
constexpr WhyEntry kWhys[] = {
    {Why::none, "none", Verdict::unchanged},
    {Why::undeclared, "undeclared", Verdict::unchanged},
    {Why::held_by_person, "held-by-person", Verdict::waiting},
    {Why::soak, "soak", Verdict::waiting},
    {Why::approval, "approval", Verdict::waiting},
    {Why::check, "check", Verdict::waiting},
    {Why::freeze, "freeze", Verdict::waiting},
    {Why::together, "together", Verdict::waiting},
    {Why::branch_missing, "branch-missing", Verdict::waiting},
    {Why::image_missing, "image-missing", Verdict::waiting},
    {Why::building, "building", Verdict::waiting},
    {Why::upstream_missing, "upstream-missing", Verdict::waiting},
    {Why::selection, "selection", Verdict::waiting},
    {Why::past_declaration, "past-declaration", Verdict::waiting},
    {Why::rewound, "rewound", Verdict::held},
    {Why::branch_deleted, "branch-deleted", Verdict::held},
    {Why::list_shrank, "list-shrank", Verdict::held},
    {Why::image_refused, "image-refused", Verdict::held},
    {Why::image_unsigned, "image-unsigned", Verdict::held},
    {Why::source_unsigned, "source-unsigned", Verdict::held},
    {Why::edited, "edited", Verdict::held},
    {Why::taken_off, "taken-off", Verdict::held},
    {Why::declaration_taken_back, "declaration-taken-back", Verdict::held},
    {Why::bundle_taken_back, "bundle-taken-back", Verdict::held},
    {Why::older_fleet, "older-fleet", Verdict::held},
    {Why::older_muster, "older-muster", Verdict::held},
    {Why::dirty_fleet, "dirty-fleet", Verdict::held},
    {Why::deletions_over_budget, "deletions-over-budget", Verdict::held},
    {Why::changes_over_budget, "changes-over-budget", Verdict::held},
    {Why::removal_held, "removal-held", Verdict::held},
    {Why::poisoned, "poisoned", Verdict::held},
    {Why::claimed, "claimed", Verdict::held},
    {Why::environment, "environment", Verdict::held},
    {Why::moved_since_plan, "moved-since-plan", Verdict::held},
    {Why::source_unreachable, "source-unreachable", Verdict::failed},
    {Why::source_failed, "source-failed", Verdict::failed},
    {Why::registry_unreachable, "registry-unreachable", Verdict::failed},
    {Why::build_failed, "build-failed", Verdict::failed},
    {Why::render_failed, "render-failed", Verdict::failed},
    {Why::check_failed, "check-failed", Verdict::failed},
    {Why::records_unreachable, "records-unreachable", Verdict::failed},
    {Why::record_failed, "record-failed", Verdict::failed},
    {Why::cancelled, "cancelled", Verdict::failed},
};

const WhyEntry& entry_of(Why why) { return kWhys[static_cast<std::size_t>(why)]; }

constexpr bool in_order() {
  for (std::size_t i = 0; i < std::size(kWhys); ++i) {
    if (static_cast<std::size_t>(kWhys[i].why) != i) return false;
  }
  return std::size(kWhys) == static_cast<std::size_t>(Why::cancelled) + 1;
}
static_assert(in_order(), "kWhys lists every Why in order");

constexpr std::array<std::string_view, 5> kVerdicts{"unchanged", "moved", "waiting", "held", "failed"};

}  // namespace

std::string_view to_string(Verdict verdict) { return kVerdicts.at(static_cast<std::size_t>(verdict)); }
std::string_view to_string(Why why) { return entry_of(why).word; }
Obstacle obstacle_of(const record::Hold& hold, std::string_view service, std::string_view environment) {
  Obstacle out;
  out.why = Why::held_by_person;
  out.text = record::in_words(hold);
  out.lift = fmt::format("`muster resume {}@{}`", service, environment);
  if (hold.since != Instant{}) out.since = hold.since;
  return out;
}

Verdict verdict_of(Why why) { return entry_of(why).verdict; }

const Outcome* Report::find(std::string_view service, std::string_view environment) const {
  for (const auto& in : environments) {
    if (in.environment != environment) continue;
    const auto found = std::lower_bound(in.instances.begin(), in.instances.end(), service,
                                        [](const Outcome& o, std::string_view wanted) { return o.service < wanted; });
    return found == in.instances.end() || found->service != service ? nullptr : &*found;
  }
  return nullptr;
}

std::size_t Report::count(Verdict verdict) const {
  std::size_t count = 0;
  for (const auto& in : environments) {
    count += static_cast<std::size_t>(
        std::count_if(in.instances.begin(), in.instances.end(), [&](const Outcome& o) { return o.verdict == verdict; }));
  }
  return count;
}

bool Report::has(Why why) const {
  const auto is_it = [&](const Obstacle& obstacle) { return obstacle.why == why; };
  return std::any_of(environments.begin(), environments.end(), [&](const EnvironmentOutcome& environment) {
    return std::any_of(environment.instances.begin(), environment.instances.end(),
                       [&](const Outcome& outcome) { return std::any_of(outcome.obstacles.begin(), outcome.obstacles.end(), is_it); });
  });
}

int Report::exit_code() const {
  bool failed = false;
  bool held = false;
  const auto look = [&](Verdict verdict) {
    failed = failed || verdict == Verdict::failed;
    held = held || verdict == Verdict::held;
  };
  for (const auto& in : environments) {
    if (in.obstacle) look(verdict_of(in.obstacle->why));
    for (const auto& outcome : in.instances) {
      for (const auto& obstacle : outcome.obstacles) look(verdict_of(obstacle.why));
    }
  }
  return failed ? 1 : held ? 4 : 0;
}

}  // namespace muster::deliver
