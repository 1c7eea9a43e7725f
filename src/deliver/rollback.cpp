// rollback: makes the revert. Whole releases come back as git has them, so it needs neither the fleet nor the application
// repositories; one input alone is rendered anew. It is no record: it moves no ledger, and is obeyed like any revert.
#include <fmt/core.h>

#include <algorithm>
#include <set>

#include "deliver/verb.hpp"
#include "muster/base/text.hpp"
#include "muster/record/history.hpp"
#include "muster/record/layout.hpp"

namespace muster::deliver {
namespace {

/// A service, and the commit whose state of it comes back.
struct Target {
  git::Oid commit;
  std::optional<git::Oid> folder;  ///< nullopt: it did not stand then.
};

using Targets = std::map<std::string, Target>;

struct Rollback {
  Deliverer::State& state;
  record::EnvironmentRepository& records;
  const record::Branch& branch;
  const RollbackRequest& request;
  const Person& by;
  VerbResult& out;
  record::Standing now;

  [[nodiscard]] record::Standing at(const git::Oid& commit) const { return {records.repository(), commit}; }
};

/// Digest of the objects of a service at a commit; empty where it does not stand.
Result<std::string> objects_at(record::Standing& standing, const std::string& service) {
  MUSTER_TRY(const auto descriptor, standing.descriptor(service));
  if (!descriptor) return std::string();
  auto objects = standing.objects(service);
  return objects.ok() ? objects->digest.text() : descriptor->folder.text();
}

/// The state before the newest change: past a rollback, the one before what it went back to.
Result<std::optional<Target>> find_previous(Rollback& rollback, const std::string& service) {
  MUSTER_TRY(record::Chain * chain, rollback.records.chain(rollback.branch));
  MUSTER_TRY(const std::string present, objects_at(rollback.now, service));
  std::optional<std::string> went_back_to;  // Everything down to that commit has been taken back already.
  for (std::size_t i = 0;; ++i) {
    MUSTER_TRY(const record::Step* step, chain->step(i));
    if (step == nullptr) return std::optional<Target>{};
    if (went_back_to && step->commit.text() == *went_back_to) went_back_to.reset();
    if (went_back_to || !step->touches(service) || step->parent.is_zero()) continue;
    const auto& lines = step->trailers.rollbacks;
    const auto line = std::find_if(lines.begin(), lines.end(), [&](const auto& l) { return l.service == service; });
    if (line != lines.end()) {
      went_back_to = line->commit;
      continue;
    }
    record::Standing before = rollback.at(step->parent);
    MUSTER_TRY(const std::string objects, objects_at(before, service));
    if (objects.empty() || objects == present) continue;
    MUSTER_TRY(const auto folder, before.folder(service));
    return std::optional(Target{step->parent, folder});
  }
}

std::vector<std::string> partners_of(record::Standing& standing, const std::string& service) {
  const auto descriptor = standing.descriptor(service);
  if (!descriptor.ok() || !*descriptor || !(*descriptor)->release) return {};
  return (*descriptor)->release->together;
}

/// Each named service to its previous state; who is bound to it goes back to the same moment.
Result<Targets> find_named(Rollback& rollback) {
  MUSTER_TRY(const auto standing, rollback.now.services());
  MUSTER_TRY(const auto services, expand(rollback.request.services, standing, rollback.branch.environment));
  Targets targets;
  for (const auto& service : services) {
    MUSTER_TRY(const auto target, find_previous(rollback, service));
    if (!target) {
      rollback.out.notes.push_back(fmt::format("{} has no earlier release", service));
      continue;
    }
    targets.emplace(service, *target);
    record::Standing then = rollback.at(target->commit);
    for (const auto& partner : partners_of(rollback.now, service)) {
      MUSTER_TRY(const auto folder, then.folder(partner));
      if (folder && !targets.contains(partner)) targets.emplace(partner, Target{target->commit, folder});
    }
  }
  return targets;
}

/// The environment as it stood at a time: what existed then and now; born or removed since only by name.
Result<Targets> find_at(Rollback& rollback) {
  MUSTER_TRY(const auto commit, record::commit_at(*rollback.records.repository(), rollback.branch.tip, *rollback.request.to));
  if (!commit)
    return stalled(Reason::invalid,
                   fmt::format("{} is younger than {}", rollback.branch.environment, format_instant(*rollback.request.to)));
  record::Standing then = rollback.at(*commit);
  MUSTER_TRY(const auto before, then.services());
  MUSTER_TRY(const auto after, rollback.now.services());
  std::set<std::string> all(before.begin(), before.end());
  all.insert(after.begin(), after.end());
  const auto named = [&](const std::string& service) {
    const auto& words = rollback.request.services;
    return std::any_of(words.begin(), words.end(), [&](const auto& word) { return glob_matches(word, service); });
  };
  Targets targets;
  for (const auto& service : all) {
    MUSTER_TRY(const auto folder_then, then.folder(service));
    MUSTER_TRY(const auto folder_now, rollback.now.folder(service));
    if (folder_then == folder_now) continue;
    const bool both = folder_then && folder_now;
    if (!both && !named(service)) {
      rollback.out.notes.push_back(
          fmt::format("{} was {} since and is left; name it to change that", service, folder_now ? "born" : "removed"));
      continue;
    }
    targets.emplace(service, Target{*commit, folder_then});
  }
  return targets;
}

/// Dependents first: nobody runs against something older than what it was made for.
std::vector<std::string> order_of(Rollback& rollback, const Targets& targets) {
  std::map<std::string, std::set<std::string>> needed_by;
  for (const auto& [service, target] : targets) {
    const auto descriptor = rollback.now.descriptor(service);
    if (!descriptor.ok() || !*descriptor || !(*descriptor)->release) continue;
    for (const auto& need : (*descriptor)->release->needs) {
      if (need.environment == rollback.branch.environment && targets.contains(need.service)) needed_by[need.service].insert(service);
    }
  }
  std::vector<std::string> order;
  std::set<std::string> done;
  while (order.size() < targets.size()) {
    const std::size_t before = order.size();
    for (const auto& [service, target] : targets) {
      const auto& dependents = needed_by[service];
      const bool ready = std::all_of(dependents.begin(), dependents.end(), [&](const auto& d) { return done.contains(d); });
      if (ready && done.insert(service).second) order.push_back(service);
    }
    if (order.size() > before) continue;
    for (const auto& [service, target] : targets) {  // A circle: by name.
      if (done.insert(service).second) order.push_back(service);
    }
  }
  return order;
}

Result<Proposal> proposal_of(Rollback& rollback, const std::string& service, const Target& target) {
  Proposal proposal;
  proposal.service = service;
  proposal.environment = rollback.branch.environment;
  MUSTER_TRY(const auto standing, rollback.now.descriptor(service));
  if (standing) {
    proposal.standing = standing->release;
    proposal.standing_folder = standing->folder;
  }
  proposal.removal = !target.folder;
  if (proposal.removal) return proposal;
  record::Standing then = rollback.at(target.commit);
  MUSTER_TRY(const auto descriptor, then.descriptor(service));
  if (descriptor && descriptor->release) proposal.release = *descriptor->release;
  auto objects = then.objects(service);
  if (objects.ok()) proposal.objects = std::move(objects->objects);
  for (const auto& [name, input] : proposal.release.inputs) {
    Move move{name, std::nullopt, input.value, record::Cause::rollback};
    if (proposal.standing) {
      const auto before = proposal.standing->inputs.find(name);
      if (before != proposal.standing->inputs.end()) move.before = before->second.value;
    }
    if (!move.before || !record::same_content(*move.before, move.after)) proposal.moves.push_back(std::move(move));
  }
  return proposal;
}

Result<void> add_hold(Rollback& rollback, const std::string& service, record::BranchChange& change) {
  if (!rollback.request.hold) return {};
  const std::string reason = rollback.request.reason.empty() ? "rolled back" : "rolled back: " + rollback.request.reason;
  const record::Hold hold{service, rollback.state.now(), rollback.by.text(), reason, false};
  MUSTER_TRY(auto edit, file_edit(*rollback.records.repository(), record::print(hold)));
  change.edits.insert_or_assign(record::hold_path(service), std::move(edit));
  return {};
}

Result<std::optional<record::BranchChange>> make_change(Rollback& rollback, const Targets& targets) {
  record::BranchChange change;
  record::Trailers trailers;
  std::string body;
  for (const auto& service : rollback.out.services) {
    const Target& target = targets.at(service);
    std::optional<git::TreeEntry> entry;
    if (target.folder) entry = git::TreeEntry{"", git::Mode::tree, *target.folder};
    change.edits.insert_or_assign(service, git::TreeEdit{entry});
    MUSTER_CHECK(add_hold(rollback, service, change));
    trailers.rollbacks.push_back({service, target.commit.text()});
    body += fmt::format("{}: as at {}\n", service, target.commit.short_text());
  }
  if (!rollback.request.reason.empty()) body = rollback.request.reason + "\n\n" + body;
  change.message =
      verb_message(rollback.branch, "rollback", fmt::format("Roll back {}", join(rollback.out.services, ", ")), body, std::move(trailers));
  change.author = author_of(rollback.by);
  return std::optional(std::move(change));
}

Result<std::optional<record::BranchChange>> roll_back(Rollback rollback) {
  rollback.out = VerbResult{};
  rollback.out.environment = rollback.branch.environment;
  MUSTER_TRY(const Targets targets, rollback.request.to ? find_at(rollback) : find_named(rollback));
  rollback.out.services = order_of(rollback, targets);
  for (const auto& service : rollback.out.services) {
    MUSTER_TRY(auto proposal, proposal_of(rollback, service, targets.at(service)));
    rollback.out.proposals.push_back(std::move(proposal));
  }
  if (targets.empty() || rollback.request.dry) return std::optional<record::BranchChange>{};
  return make_change(rollback, targets);
}

/// Freezes bind a rollback only where the fleet is at hand and does not allow it.
Result<void> ask_freezes(Deliverer::State& state, const model::Fleet* fleet, const std::string& environment) {
  if (fleet == nullptr) return {};
  const auto frozen = find_freeze(*fleet, environment, record::Cause::rollback, state.zones, state.now());
  if (!frozen) return {};
  return wait(Reason::denied,
              fmt::format("{} is frozen by `freeze {}`, which does not allow rollbacks{}", environment, frozen->freeze->name,
                          frozen->until ? ", until " + format_instant(*frozen->until) : std::string()));
}

// ---- one input ----

/// The value of one input before its newest change here.
Result<std::optional<record::InputValue>> earlier_value(Rollback& rollback, const std::string& service, const std::string& input) {
  MUSTER_TRY(record::Chain * chain, rollback.records.chain(rollback.branch));
  MUSTER_TRY(const auto standing, rollback.now.descriptor(service));
  if (!standing || !standing->release || !standing->release->inputs.contains(input)) {
    return stalled(Reason::invalid, fmt::format("{} has no input `{}`", service, input));
  }
  const record::InputValue& present = standing->release->inputs.at(input).value;
  for (std::size_t i = 0;; ++i) {
    MUSTER_TRY(const record::Step* step, chain->step(i));
    if (step == nullptr || step->parent.is_zero()) return std::optional<record::InputValue>{};
    if (!step->touches(service)) continue;
    record::Standing before = rollback.at(step->parent);
    MUSTER_TRY(const auto descriptor, before.descriptor(service));
    if (!descriptor || !descriptor->release) continue;
    const auto value = descriptor->release->inputs.find(input);
    if (value != descriptor->release->inputs.end() && !record::same_content(value->second.value, present))
      return std::optional(value->second.value);
  }
}

Result<std::optional<record::BranchChange>> roll_back_input(Rollback rollback, Rehearsal& rehearsal) {
  rollback.out = VerbResult{};
  rollback.out.environment = rollback.branch.environment;
  MUSTER_TRY(const auto standing, rollback.now.services());
  MUSTER_TRY(const auto services, expand(rollback.request.services, standing, rollback.branch.environment));
  MUSTER_TRY(Pass pass, rehearsal.decide());
  std::vector<const Proposal*> proposals;
  std::vector<Proposal> made;
  made.reserve(services.size());
  for (const auto& service : services) {
    MUSTER_TRY(const auto value, earlier_value(rollback, service, rollback.request.input));
    Item* item = pass.find(service);
    if (!value || item == nullptr || item->instance == nullptr) {
      rollback.out.notes.push_back(fmt::format("{} has no earlier value of `{}`, or is not declared", service, rollback.request.input));
      continue;
    }
    Item again;
    again.service = service;
    again.instance = item->instance;
    again.ledger = item->ledger;
    again.stands = true;
    MUSTER_TRY(again.descriptor, pass.standing->descriptor(service));
    std::vector<Obstacle> obstacles;
    auto proposal = propose(pass, again, {{rollback.request.input, MovedInput{*value, record::Cause::rollback, {}}}}, obstacles);
    if (!proposal) return stalled(Reason::invalid, obstacles.front().text);
    made.push_back(std::move(*proposal));
    proposals.push_back(&made.back());
    rollback.out.services.push_back(service);
  }
  rollback.out.proposals = made;
  if (proposals.empty() || rollback.request.dry) return std::optional<record::BranchChange>{};
  MUSTER_TRY(auto change, make_record(pass, proposals));
  for (const auto& service : rollback.out.services) MUSTER_CHECK(add_hold(rollback, service, *change));
  change->message =
      verb_message(rollback.branch, "rollback",
                   fmt::format("Roll back {} of {}", rollback.request.input, join(rollback.out.services, ", ")), rollback.request.reason);
  change->author = author_of(rollback.by);
  return change;
}

}  // namespace

Result<VerbResult> rollback(Deliverer& deliverer, record::EnvironmentRepository& records, const model::Fleet* fleet,
                            const FleetRevision& revision, const RollbackRequest& request, const Person& by, const std::stop_token& stop) {
  VerbResult out;
  bool changed = false;
  Deliverer::State& state = deliverer.state();
  MUSTER_CHECK(ask_freezes(state, fleet, request.environment));
  std::unique_ptr<Rehearsal> rehearsal;
  if (!request.input.empty()) {
    if (fleet == nullptr) return stalled(Reason::invalid, "one input alone is rendered anew, which needs a fleet without errors");
    rehearsal = std::make_unique<Rehearsal>(state, *fleet, revision, request.environment, stop);
  }
  const auto decide = [&](const record::Branch& branch) -> Result<std::optional<record::BranchChange>> {
    Rollback rollback{state, records, branch, request, by, out, record::Standing(records.repository(), branch.tip)};
    auto change = rehearsal == nullptr ? roll_back(std::move(rollback)) : roll_back_input(std::move(rollback), *rehearsal);
    changed = change.ok() && change->has_value();
    return change;
  };
  MUSTER_TRY(const auto branch, commit_verb(state, records, request.environment, decide, stop));
  if (changed) out.commit = branch.tip;
  return out;
}

}  // namespace muster::deliver
