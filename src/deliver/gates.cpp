// Gates: which of the inputs that moved may enter now. Asked per input; they bind records only.
#include <fmt/core.h>

#include <algorithm>

#include "deliver/approvals.hpp"
#include "deliver/pass.hpp"
#include "deliver/soak.hpp"
#include "muster/base/text.hpp"

namespace muster::deliver {
namespace {

/// Subsets of more inputs than these are not tried one by one: they pass whole or not at all.
constexpr std::size_t kMostSubsets = 5;
constexpr std::size_t kCheckOutput = std::size_t{1} << 20U;
constexpr std::size_t kCheckMemory = std::size_t{2} << 30U;

bool in_bundle(std::string_view input) { return input == record::kSource || input.starts_with(record::kImagePrefix); }

void add(std::vector<Obstacle>& to, Obstacle obstacle, const std::string& input) {
  obstacle.input = input;
  to.push_back(std::move(obstacle));
}

std::optional<Obstacle> frozen_now(Pass& pass, record::Cause cause) {
  const auto frozen = find_freeze(pass.run.fleet, pass.environment.name, cause, pass.run.state.zones, pass.now);
  if (!frozen) return std::nullopt;
  Obstacle obstacle;
  obstacle.why = Why::freeze;
  obstacle.until = frozen->until;
  obstacle.text = fmt::format("{} is frozen by `freeze {}`{}", pass.environment.name, frozen->freeze->name,
                              frozen->freeze->reason.empty() ? std::string() : ": " + frozen->freeze->reason);
  if (!frozen->trouble.empty()) obstacle.text += fmt::format(" ({})", frozen->trouble);
  obstacle.lift = frozen->until ? fmt::format("it goes on at {}", format_instant(*frozen->until)) : "end the freeze in the fleet files";
  return obstacle;
}

std::optional<Obstacle> ask_approvals(Pass& pass, const Item& item, const std::string& input, const record::InputValue& value) {
  for (const model::Gate* gate : gates_of(pass, item)) {
    for (const auto& wanted : gate->approvals) {
      const auto approvers = approvers_of(pass, item, input, value, wanted.from);
      if (approvers.size() >= static_cast<std::size_t>(std::max(wanted.count, 0))) continue;
      Obstacle obstacle;
      obstacle.why = Why::approval;
      obstacle.text = fmt::format("wants {} of {}, {} given{}", count_of(static_cast<std::size_t>(wanted.count), "approval"),
                                  wanted.from.empty() ? "anybody" : join(wanted.from, " or "), approvers.size(),
                                  approves_another(pass, item, input, value) ? "; what was approved is another value" : "");
      obstacle.lift = fmt::format("`muster approve {}@{}`", item.service, pass.environment.name);
      if (!pass.unverified.empty()) obstacle.text += "; " + pass.unverified;
      return obstacle;
    }
  }
  return std::nullopt;
}

/// Standing sources and images with some of the moved ones in their place.
record::Bundle bundle_with(const Item& item, const MovedInputs& moved) {
  record::Inputs values;
  if (item.descriptor && item.descriptor->release && !item.start) values = bundle_values(item.descriptor->release->values());
  for (const auto& [name, input] : moved) {
    if (name == record::kFrom) values = input.bundle;
    if (in_bundle(name)) values.insert_or_assign(name, input.value);
  }
  return record::bundle_of(values);
}

Result<std::optional<Obstacle>> ask_bundle_soak(Pass& pass, const Item& item, const MovedInputs& moved) {
  if (skips(pass, item, moved, "soak")) return std::optional<Obstacle>{};
  for (const model::Gate* gate : gates_of(pass, item)) {
    for (const auto& soak : gate->soak) {
      MUSTER_TRY(auto obstacle, soak_bundle(pass, item, soak, bundle_with(item, moved)));
      if (obstacle) return obstacle;
    }
  }
  return std::optional<Obstacle>{};
}

Result<std::optional<Obstacle>> ask_declaration_soak(Pass& pass, const Item& item, const MovedInputs& moved) {
  if (skips(pass, item, moved, "soak")) return std::optional<Obstacle>{};
  for (const model::Gate* gate : gates_of(pass, item)) {
    for (const auto& soak : gate->soak) {
      MUSTER_TRY(auto obstacle, soak_declaration(pass, item, soak));
      if (obstacle) return obstacle;
    }
  }
  return std::optional<Obstacle>{};
}

MovedInputs subset(const MovedInputs& inputs, unsigned mask) {
  MovedInputs out;
  unsigned bit = 0;
  for (const auto& entry : inputs) {
    if ((mask >> bit++ & 1U) != 0) out.insert(entry);
  }
  return out;
}

/// The largest part of these sources and images whose bundle has soaked; nothing, with what the whole waits for.
Result<Gated> largest_soaked(Pass& pass, const Item& item, const MovedInputs& inputs) {
  Gated out;
  MUSTER_TRY(auto whole, ask_bundle_soak(pass, item, inputs));
  if (!whole) {
    out.passing = inputs;
    return out;
  }
  if (inputs.size() > 1 && inputs.size() <= kMostSubsets) {
    for (std::size_t size = inputs.size() - 1; size > 0 && out.passing.empty(); --size) {
      for (unsigned mask = 1; mask < 1U << inputs.size() && out.passing.empty(); ++mask) {
        MovedInputs part = subset(inputs, mask);
        if (part.size() != size) continue;
        MUSTER_TRY(const auto obstacle, ask_bundle_soak(pass, item, part));
        if (!obstacle) out.passing = std::move(part);
      }
    }
  }
  for (const auto& [name, input] : inputs) {
    if (!out.passing.contains(name)) add(out.waiting, *whole, name);
  }
  return out;
}

/// Freeze and approvals of one input.
std::optional<Obstacle> ask_alone(Pass& pass, const Item& item, const std::string& input, const MovedInput& moved) {
  if (auto obstacle = frozen_now(pass, moved.cause)) return obstacle;
  return ask_approvals(pass, item, input, moved.value);
}

Result<std::optional<Obstacle>> ask_from(Pass& pass, const Item& item, const MovedInput& moved) {
  const std::string input(record::kFrom);
  if (auto obstacle = ask_alone(pass, item, input, moved)) return obstacle;
  return ask_bundle_soak(pass, item, {{input, moved}});
}

/// The newest candidate whose gates all hold; an older one may pass while a newer one waits.
Result<void> ask_candidates(Pass& pass, const Item& item, const MovedInput& newest, Gated& out) {
  const std::string input(record::kFrom);
  MUSTER_TRY(auto first, ask_from(pass, item, newest));
  if (!first) {
    out.passing.emplace(input, newest);
    return {};
  }
  add(out.waiting, *first, input);
  for (const Candidate& candidate : item.candidates) {
    MovedInput older = follow(item, candidate);
    older.cause = newest.cause;
    if (older.value == newest.value) continue;
    MUSTER_TRY(const auto obstacle, ask_from(pass, item, older));
    if (obstacle) continue;
    out.passing.emplace(input, std::move(older));
    return {};
  }
  return {};
}

}  // namespace

std::optional<Obstacle> ask_freeze(Pass& pass, record::Cause cause) { return frozen_now(pass, cause); }

Result<Gated> ask_gates(Pass& pass, Item& item, const MovedInputs& moved) {
  Gated out;
  MovedInputs bundle;
  for (const auto& [name, input] : moved) {
    if (name == record::kFrom) {
      MUSTER_CHECK(ask_candidates(pass, item, input, out));
      continue;
    }
    if (auto obstacle = ask_alone(pass, item, name, input)) {
      add(out.waiting, std::move(*obstacle), name);
    } else if (in_bundle(name)) {
      bundle.emplace(name, input);
    } else {
      MUSTER_TRY(auto soaking, ask_declaration_soak(pass, item, {{name, input}}));
      if (soaking) {
        add(out.waiting, std::move(*soaking), name);
      } else {
        out.passing.emplace(name, input);
      }
    }
  }
  if (bundle.empty()) return out;
  MUSTER_TRY(auto soaked, largest_soaked(pass, item, bundle));
  out.passing.merge(soaked.passing);
  std::move(soaked.waiting.begin(), soaked.waiting.end(), std::back_inserter(out.waiting));
  return out;
}

Result<std::vector<Obstacle>> run_checks(Pass& pass, Item& item, const Proposal& proposal) {
  std::vector<Obstacle> obstacles;
  MovedInputs moved;
  for (const auto& move : proposal.moves) moved.emplace(move.input, MovedInput{move.after, move.cause, {}});
  if (pass.run.request.dry || skips(pass, item, moved, "check")) return obstacles;
  for (const model::Gate* gate : gates_of(pass, item)) {
    for (const auto& check : gate->checks) {
      if (check.command.empty()) continue;
      Command command;
      command.argv = check.command;
      command.environment = {{"PATH", "/usr/local/bin:/usr/bin:/bin"},
                             {"MUSTER_SERVICE", item.service},
                             {"MUSTER_ENVIRONMENT", pass.environment.name},
                             {"MUSTER_RELEASE", proposal.release.release.text()},
                             {"MUSTER_BUNDLE", proposal.release.bundle().digest().text()}};
      command.input = record::print(proposal.release);
      command.directory = pass.run.state.settings.root;
      command.limits = {check.timeout, kCheckOutput, kCheckMemory};
      const auto ran = pass.run.state.world.processes.run(command, pass.run.stop);
      if (ran.ok() && ran->exit_code == 0) continue;
      Obstacle obstacle;
      obstacle.why = ran.ok() ? Why::check : Why::check_failed;
      const std::string said = ran.ok() ? std::string(trim(ran->error.empty() ? ran->out : ran->error)) : ran.failure().text;
      obstacle.text = fmt::format("the check `{}` of {} {}{}{}", check.command.front(), gate->owner,
                                  ran.ok() ? "says no" : "could not be asked", said.empty() ? "" : ": ", said.substr(0, said.find('\n')));
      if (!ran.ok() && check.command.front().starts_with(".")) obstacle.text += "; it runs in the folder of the fleet";
      obstacle.lift =
          fmt::format("it is asked again in every pass; or `muster approve {}@{} --skip check`", item.service, pass.environment.name);
      obstacles.push_back(std::move(obstacle));
    }
  }
  return obstacles;
}

}  // namespace muster::deliver
