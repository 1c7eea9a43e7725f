// Upstream: what an environment with `from` may follow. Position in the upstream's history decides what is newer, never
// content.
#include <fmt/core.h>

#include <algorithm>
#include <limits>

#include "deliver/pass.hpp"
#include "muster/base/text.hpp"
#include "muster/record/layout.hpp"

namespace muster::deliver {
namespace {

using record::FromValue;

constexpr std::size_t kMaxReleaseBytes = std::size_t{5} << 20U;

Obstacle no_upstream(const std::string& upstream, const Failure& failure) {
  Obstacle obstacle;
  obstacle.input = record::kFrom;
  if (failure.kind == FailureKind::wait && failure.reason == Reason::absent) {
    obstacle.why = Why::upstream_missing;
    obstacle.text = fmt::format("{} has no branch yet", upstream);
    obstacle.lift = fmt::format("it begins when {} has a first release", upstream);
    return obstacle;
  }
  obstacle.why = failure.reason == Reason::conflict ? Why::upstream_missing : Why::records_unreachable;
  obstacle.text = fmt::format("{}: {}", upstream, failure.text);
  obstacle.lift = fmt::format("it goes on when {} has a branch that can be read", upstream);
  return obstacle;
}

/// Where in the upstream's history the latest record stands that was ever followed; nullopt: none was.
Result<std::optional<std::size_t>> latest_followed(record::Chain& chain, const Item& item) {
  std::optional<std::size_t> latest;
  if (item.ledger == nullptr) return latest;
  for (const FromValue& followed : item.ledger->followed) {
    if (!chain.file().answers_to(followed.environment)) continue;
    MUSTER_TRY(const auto position, chain.position(followed.record));
    if (position && (!latest || *position < *latest)) latest = position;
  }
  return latest;
}

/// The upstream's branch as it was before a record that was followed already: the two were looked at in different moments, and
/// what lies before that record is nothing newer.
Result<bool> is_seen_earlier(Pass& pass, record::Chain& chain, const record::Branch& branch, const Item& item) {
  if (item.ledger == nullptr) return false;
  git::Repository& repository = *pass.records.repository();
  for (const FromValue& followed : item.ledger->followed) {
    if (!chain.file().answers_to(followed.environment)) continue;
    MUSTER_TRY(const auto position, chain.position(followed.record));
    if (position) continue;
    MUSTER_TRY(const bool here, repository.has(followed.record));
    if (!here) continue;
    MUSTER_TRY(const bool earlier, repository.is_ancestor(branch.tip, followed.record));
    if (earlier) return true;
  }
  return false;
}

const FromValue* resumed_from(const Item& item) {
  if (item.ledger == nullptr || !item.ledger->resume) return nullptr;
  const auto accepted = item.ledger->resume->accepted.find(std::string(record::kFrom));
  return accepted == item.ledger->resume->accepted.end() ? nullptr : std::get_if<FromValue>(&accepted->second);
}

/// Another environment than the one recorded: a change of the fleet files, with their direction.
std::optional<Obstacle> changed_upstream(Pass& pass, const Item& item) {
  const Base base = base_of(item.ledger, std::string(record::kFrom));
  const auto* recorded = base.value == nullptr ? nullptr : std::get_if<FromValue>(base.value);
  if (recorded == nullptr) return std::nullopt;
  const auto upstream = pass.other(item.instance->follows);
  if (upstream.ok() && upstream->file.answers_to(recorded->environment)) return std::nullopt;
  if (recorded->environment == item.instance->follows) return std::nullopt;
  return pass.fleet_order()(base.made_by);
}

/// The bundle that a record of this branch left, from its release.yaml.
Result<record::Inputs> bundle_at(Pass& pass, const git::Oid& record, const Item& item) {
  git::Repository& repository = *pass.records.repository();
  MUSTER_TRY(const auto commit, repository.commit(record));
  for (const auto& name : {item.service, item.renamed_from}) {
    if (name.empty()) continue;
    MUSTER_TRY(const auto entry, git::find_entry(repository, commit.tree, record::release_path(name)));
    if (!entry) continue;
    MUSTER_TRY(const std::string bytes, repository.blob(entry->id, kMaxReleaseBytes));
    const auto release = record::parse_release(bytes, record::release_path(name));
    if (release.ok()) return bundle_values(release->values());
  }
  return record::Inputs{};
}

bool has_part(const record::Bundle& bundle, const std::string& name, const std::string& content) {
  const auto part = bundle.parts.find(name);
  return part != bundle.parts.end() && part->second == content;
}

/// Did this upstream record put the value there anew?
bool puts(const Candidate& candidate, const std::string& name, const std::string& content) {
  if (!has_part(candidate.bundle, name, content)) return false;
  return candidate.listed.contains(name) || !has_part(record::bundle_of(candidate.before), name, content);
}

/// Did nothing touch the service upstream since the record that was followed? Then its history need not be read.
bool nothing_since(const record::ServiceLedger& there, const Item& item) {
  if (item.start || item.resumed || item.ledger == nullptr) return false;
  const auto& followed = item.ledger->followed;
  return std::any_of(followed.begin(), followed.end(), [&](const FromValue& from) { return from.record == there.since; });
}

Result<void> read_upstream(Pass& pass, Item& item, const record::Branch& branch) {
  MUSTER_TRY(record::Chain * chain, pass.records.chain(branch));
  MUSTER_TRY(const bool earlier, is_seen_earlier(pass, *chain, branch, item));
  if (earlier) return {};
  MUSTER_TRY(const auto latest, latest_followed(*chain, item));
  const bool anything = item.start || item.accepts_all;
  std::size_t oldest = anything ? kLineageSteps : latest.value_or(kLineageSteps);
  // A start takes what stands upstream, followed before or not; a resume what the person saw, and anything later.
  bool inclusive = anything || !latest;
  if (const FromValue* resumed = resumed_from(item); resumed != nullptr && !anything) {
    MUSTER_TRY(const auto accepted, chain->position(resumed->record));
    oldest = accepted.value_or(oldest);
    inclusive = true;
  }
  oldest = std::min(oldest, kLineageSteps);
  MUSTER_TRY(item.lineage, read_candidates(*chain, pass.run.state.lineages[branch.environment], item.service, oldest));
  for (auto candidate = item.lineage.rbegin(); candidate != item.lineage.rend(); ++candidate) {
    if (candidate->alive && (inclusive || candidate->position < oldest)) item.candidates.push_back(*candidate);
  }
  return {};
}

/// Bundles with an image that is not signed as this environment demands are not followed; why not, where none is left.
void leave_unsigned(Pass& pass, Item& item, Observation& observation) {
  std::optional<Obstacle> first;
  std::erase_if(item.candidates, [&](const Candidate& candidate) {
    auto obstacle = unsigned_in(pass, item, candidate.values);
    if (!obstacle) return false;
    obstacle->text = fmt::format("{} of {}: {}", candidate.record.short_text(), item.instance->follows, obstacle->text);
    if (!first) first = std::move(obstacle);
    return true;
  });
  if (item.candidates.empty() && first) observation.obstacle = std::move(*first);
}

}  // namespace

Result<void> find_candidates(Pass& pass, Item& item) {
  const std::string& upstream = item.instance->follows;
  Observation observation;
  auto branch = pass.other(upstream);
  if (!branch.ok()) {
    observation.obstacle = no_upstream(upstream, branch.failure());
    item.observed.insert_or_assign(std::string(record::kFrom), std::move(observation));
    return {};
  }
  observation.seen = branch->seen;
  if (auto held = item.accepts_all ? std::nullopt : changed_upstream(pass, item)) {
    held->input = record::kFrom;
    observation.obstacle = std::move(*held);
    item.observed.insert_or_assign(std::string(record::kFrom), std::move(observation));
    return {};
  }
  MUSTER_TRY(const record::Ledger* ledger, pass.records.ledger(*branch));
  const record::ServiceLedger* there = ledger->service(item.service);
  if (there != nullptr && !nothing_since(*there, item)) MUSTER_CHECK(read_upstream(pass, item, *branch));
  leave_unsigned(pass, item, observation);
  if (!item.candidates.empty()) {
    observation.value = follow(item, item.candidates.front()).value;
  } else if (item.start && observation.obstacle.why == Why::none) {
    observation.obstacle = {Why::upstream_missing,
                            std::string(record::kFrom),
                            fmt::format("{} has no release of it yet", upstream),
                            fmt::format("it begins when {} has one", upstream),
                            std::nullopt,
                            std::nullopt};
  }
  item.observed.insert_or_assign(std::string(record::kFrom), std::move(observation));
  return {};
}

Result<std::string> taken_back_in(Pass& pass, Item& item, const Candidate& candidate) {
  if (item.resumed || item.ledger == nullptr || !item.descriptor || !item.descriptor->release) return std::string();
  const record::LedgerInput* entry = item.ledger->input(record::kFrom);
  const auto* followed = entry == nullptr ? nullptr : std::get_if<FromValue>(&entry->value);
  if (followed == nullptr) return std::string();
  const record::Bundle standing = item.descriptor->release->bundle();
  if (standing.digest() == followed->bundle) return std::string();
  MUSTER_TRY(const record::Inputs recorded, bundle_at(pass, entry->record, item));
  MUSTER_TRY(const auto branch, pass.other(item.instance->follows));
  MUSTER_TRY(record::Chain * chain, pass.records.chain(branch));
  MUSTER_TRY(const auto since, chain->position(followed->record));
  std::vector<std::string> names;
  for (const auto& [name, content] : record::bundle_of(recorded).parts) {
    if (has_part(standing, name, content) || !has_part(candidate.bundle, name, content)) continue;
    const bool again = std::any_of(item.lineage.begin(), item.lineage.end(), [&, part = name, value = content](const Candidate& c) {
      return c.position >= candidate.position && (!since || c.position < *since) && puts(c, part, value);
    });
    if (!again) names.push_back(name);
  }
  return join(names, ", ");
}

MovedInput follow(const Item& item, const Candidate& candidate) {
  return {FromValue{item.instance->follows, candidate.record, candidate.bundle.digest()}, record::Cause::promotion, candidate.values};
}

}  // namespace muster::deliver
