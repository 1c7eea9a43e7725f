#include "deliver/approvals.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <set>

namespace muster::deliver {
namespace {

using record::Approval;

bool names(const Approval& approval, const std::string& input, const record::InputValue& value) {
  const auto approved = approval.inputs.find(input);
  return approved != approval.inputs.end() && record::same_content(approved->second, value);
}

/// The key by which the commit that made an approval is signed, if it is one of these.
std::optional<std::string> signer(Pass& pass, const std::string& path, const std::vector<std::string>& keys) {
  const auto commit = pass.ledger->statements.find(path);
  if (commit == pass.ledger->statements.end() || !pass.run.state.settings.verify) return std::nullopt;
  const auto raw = pass.records.repository()->raw_commit(commit->second);
  if (!raw.ok()) return std::nullopt;
  const auto verified = pass.run.state.settings.verify(*raw, keys);
  if (!verified.ok()) pass.unverified = fmt::format("the signature of {} could not be looked at: {}", path, verified.failure().text);
  return verified.ok() ? *verified : std::nullopt;
}

/// Who speaks in an approval, under a gate that wants one of these teams; nullopt: nobody who counts. A team without keys
/// trusts whoever may push.
std::optional<std::string> speaker(Pass& pass, const std::string& path, const Approval& approval, const std::vector<std::string>& teams) {
  if (teams.empty()) return approval.by;
  for (const auto& name : teams) {
    const model::Team* team = pass.run.fleet.team(name);
    if (team == nullptr) continue;
    if (!team->keys.empty()) {
      if (auto key = signer(pass, path, team->keys)) return key;
    } else if (approval.team == name || approval.team.empty()) {
      return approval.by;
    }
  }
  return std::nullopt;
}

bool concerns(const Item& item, const Approval& approval) {
  return approval.what == Approval::What::release &&
         (approval.service == item.service || (!item.renamed_from.empty() && approval.service == item.renamed_from));
}

}  // namespace

std::vector<std::string> approvers_of(Pass& pass, const Item& item, const std::string& input, const record::InputValue& value,
                                      const std::vector<std::string>& teams) {
  std::set<std::string> speakers;
  for (const auto& [path, approval] : pass.approvals) {
    if (!concerns(item, approval) || !names(approval, input, value)) continue;
    if (auto who = speaker(pass, path, approval, teams)) speakers.insert(std::move(*who));
  }
  return {speakers.begin(), speakers.end()};
}

bool approves_another(const Pass& pass, const Item& item, const std::string& input, const record::InputValue& value) {
  return std::any_of(pass.approvals.begin(), pass.approvals.end(), [&](const auto& entry) {
    const Approval& approval = entry.second;
    return concerns(item, approval) && approval.inputs.contains(input) && !names(approval, input, value);
  });
}

bool skips(Pass& pass, const Item& item, const MovedInputs& moved, std::string_view gate) {
  std::vector<std::string> teams;
  for (const model::Gate* asked : gates_of(pass, item)) {
    for (const auto& approval : asked->approvals) teams.insert(teams.end(), approval.from.begin(), approval.from.end());
  }
  return std::any_of(pass.approvals.begin(), pass.approvals.end(), [&](const auto& entry) {
    const auto& [path, approval] = entry;
    if (!concerns(item, approval) || std::find(approval.skip.begin(), approval.skip.end(), gate) == approval.skip.end()) return false;
    const bool exact = std::all_of(moved.begin(), moved.end(),
                                   [&, &said = approval](const auto& input) { return names(said, input.first, input.second.value); });
    return exact && speaker(pass, path, approval, teams).has_value();
  });
}

std::vector<const model::Gate*> gates_of(const Pass& pass, const Item& item) {
  std::vector<const model::Gate*> gates{&pass.environment.gate};
  if (item.instance != nullptr) {
    for (const auto& gate : item.instance->gates) gates.push_back(&gate);
  }
  return gates;
}

}  // namespace muster::deliver
