#include "deliver/soak.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <limits>

#include "muster/record/health.hpp"

namespace muster::deliver {
namespace {

Obstacle waiting(std::string text, std::string lift, std::optional<Instant> until = std::nullopt) {
  return {Why::soak, "", std::move(text), std::move(lift), std::nullopt, until};
}

std::string skip_hint(const Pass& pass, const Item& item) {
  return fmt::format("`muster approve {}@{} --skip soak`", item.service, pass.environment.name);
}

Obstacle no_branch(const Pass& pass, const Item& item, const model::Gate::Soak& soak, const Failure& failure) {
  return waiting(fmt::format("nothing is known of {}: {}", soak.environment, failure.text),
                 fmt::format("it goes on when {} can be read; or {}", soak.environment, skip_hint(pass, item)));
}

/// Notes of these commits about the service under any of its names, as notes about its present one.
Result<std::vector<record::HealthNote>> notes_of(Pass& pass, const record::Branch& branch, const Item& item,
                                                 const std::vector<git::Oid>& commits) {
  std::vector<record::HealthNote> notes;
  for (const auto& commit : commits) {
    MUSTER_TRY(auto found, record::health_notes(*pass.records.repository(), branch.notes, commit));
    for (auto& note : found) {
      const auto& former = item.instance->renamed_from;
      if (note.service != item.service && std::find(former.begin(), former.end(), note.service) == former.end()) continue;
      note.service = item.service;
      notes.push_back(std::move(note));
    }
  }
  return notes;
}

/// In words that fit a bundle and a declaration alike, so that a release of which both soak says it once.
std::optional<Obstacle> compare(const Pass& pass, const Item& item, const model::Gate::Soak& soak, std::optional<Instant> since) {
  if (!since) {
    return waiting(fmt::format("not seen healthy in {} yet", soak.environment),
                   fmt::format("its time begins when it is; or {}", skip_hint(pass, item)));
  }
  if (*since > pass.now) {
    return waiting(fmt::format("healthy in {} since {}, which is in the future", soak.environment, format_instant(*since)),
                   "put the clocks right");
  }
  const Instant until = *since + soak.time;
  if (until <= pass.now) return std::nullopt;
  return waiting(
      fmt::format("healthy in {} since {}, and has to be for {}", soak.environment, format_instant(*since), format_duration(soak.time)),
      fmt::format("it goes on by itself; or {}", skip_hint(pass, item)), until);
}

/// Did the fleet move the declaration there later than here? By revision where git knows, else by the records' times.
Result<bool> moved_there_since(Pass& pass, const Item& item, const record::LedgerInput& there) {
  const record::LedgerInput* here = item.ledger == nullptr ? nullptr : item.ledger->input(record::kDeclaration);
  if (here == nullptr || std::holds_alternative<record::Absent>(here->value)) return true;
  const std::string& theirs = there.made_by.revision;
  const std::string& ours = here->made_by.revision;
  const auto a = git::Oid::parse(theirs);
  const auto b = git::Oid::parse(ours);
  if (a && b && pass.run.revision.repository != nullptr) {
    if (*a == *b) return false;
    const auto older = pass.run.revision.repository->is_ancestor(*a, *b);
    return !older.ok() || !*older;
  }
  MUSTER_TRY(const auto their_record, pass.records.repository()->commit(there.record));
  MUSTER_TRY(const auto our_record, pass.records.repository()->commit(here->record));
  return their_record.committer.at > our_record.committer.at;
}

}  // namespace

Result<std::optional<Obstacle>> soak_bundle(Pass& pass, const Item& item, const model::Gate::Soak& soak, const record::Bundle& bundle) {
  const auto seen = pass.other(soak.environment);
  if (!seen.ok()) return std::optional(no_branch(pass, item, soak, seen.failure()));
  const record::Branch& branch = *seen;
  MUSTER_TRY(record::Chain * chain, pass.records.chain(branch));
  MUSTER_TRY(const auto candidates, read_candidates(*chain, pass.run.state.lineages[soak.environment], item.service, 0, &bundle));
  std::optional<Instant> since;
  bool stood = false;
  for (const auto& candidate : candidates) {
    if (candidate.bundle != bundle) continue;
    stood = true;
    if (!candidate.alive) continue;
    MUSTER_TRY(const auto notes, notes_of(pass, branch, item, candidate.stands_at));
    const auto found = record::healthy_since(notes, item.service, bundle.digest());
    if (found && (!since || *found < *since)) since = found;
  }
  if (!stood) {
    return std::optional(waiting(fmt::format("this release never stood in {}", soak.environment),
                                 fmt::format("let it stand there first; or {}", skip_hint(pass, item))));
  }
  return compare(pass, item, soak, since);
}

Result<std::optional<Obstacle>> soak_declaration(Pass& pass, const Item& item, const model::Gate::Soak& soak) {
  const model::Instance* instance = pass.run.fleet.instance(item.service, soak.environment);
  if (instance == nullptr) return std::optional<Obstacle>{};
  const auto seen = pass.other(soak.environment);
  if (!seen.ok()) return std::optional(no_branch(pass, item, soak, seen.failure()));
  const record::Branch& branch = *seen;
  MUSTER_TRY(const record::Ledger* ledger, pass.records.ledger(branch));
  const record::ServiceLedger* service = ledger->service(item.service);
  const record::LedgerInput* there = service == nullptr ? nullptr : service->input(record::kDeclaration);
  const auto* recorded = there == nullptr ? nullptr : std::get_if<record::DeclarationValue>(&there->value);
  if (recorded == nullptr || recorded->digest != instance->declaration_digest) {
    return std::optional(waiting(fmt::format("the declaration has not reached {} yet", soak.environment),
                                 fmt::format("it goes on when it has; or {}", skip_hint(pass, item))));
  }
  MUSTER_TRY(const bool since_ours, moved_there_since(pass, item, *there));
  if (!since_ours) return std::optional<Obstacle>{};
  record::Standing standing(pass.records.repository(), branch.tip);
  MUSTER_TRY(const auto descriptor, standing.descriptor(item.service));
  const auto values = descriptor && descriptor->release ? descriptor->release->values() : record::Inputs{};
  const auto stands = values.find(std::string(record::kDeclaration));
  if (stands == values.end() || !record::same_content(stands->second, there->value)) {
    return std::optional(waiting(fmt::format("the declaration was taken back in {}", soak.environment),
                                 fmt::format("change it in the fleet files; or {}", skip_hint(pass, item))));
  }
  MUSTER_TRY(record::Chain * chain, pass.records.chain(branch));
  MUSTER_TRY(const auto position, chain->position(there->record));
  std::vector<git::Oid> commits;
  for (std::size_t i = position.value_or(0) + 1; i-- > 0;) {
    MUSTER_TRY(const record::Step* step, chain->step(i));
    if (step != nullptr && step->touches(item.service)) commits.push_back(step->commit);
  }
  MUSTER_TRY(const auto notes, notes_of(pass, branch, item, commits));
  // Whatever bundle: what is watched here is the declaration.
  std::optional<Instant> since;
  for (const auto& note : notes) since = !note.healthy ? std::nullopt : since ? since : std::optional(note.at);
  return compare(pass, item, soak, since);
}

}  // namespace muster::deliver
