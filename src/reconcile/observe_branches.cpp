#include <fmt/format.h>

#include <algorithm>

#include "muster/base/parallel.hpp"
#include "muster/manifest/order.hpp"
#include "muster/manifest/yaml.hpp"
#include "muster/record/deletions.hpp"
#include "muster/record/health.hpp"
#include "muster/record/history.hpp"
#include "muster/record/layout.hpp"
#include "muster/record/standing.hpp"
#include "reconcile/observe.hpp"

namespace muster::reconcile {
namespace {

target::TargetRef target_ref(const record::TargetReference& reference) {
  return {reference.name, reference.kind, reference.path, reference.settings};
}

/// What an environment's branch says of itself; the first failure makes the environment unreadable.
Result<void> read_branch(Draft& draft, BranchDraft& branch, EnvironmentState& state) {
  MUSTER_TRY(branch.chain, draft.records.chain(*branch.branch));
  MUSTER_TRY(branch.ledger, draft.records.ledger(*branch.branch));
  record::Standing standing(state.repository, branch.branch->tip);
  MUSTER_TRY(branch.services, standing.services());
  MUSTER_TRY(branch.holds, standing.holds());
  MUSTER_TRY(const auto approvals, standing.approvals());
  MUSTER_TRY(const auto deletions, record::count_deletions(state.repository, *branch.ledger, branch.branch->file.budget,
                                                           branch.branch->tree, approvals, draft.out.now));
  state.deletions = deletions.objects.size();
  state.deletions_allowed = deletions.allowed;
  if (deletions.over()) {
    state.deletions_held =
        fmt::format("{} objects are gone since {}, and the budget allows {}: `muster approve --deletions --in {}` confirms them",
                    state.deletions, deletions.base.short_text(), state.deletions_allowed, state.name);
  }
  return {};
}

/// Targets are told apart by what they write to, not by the name that a fleet gives them.
bool same_target(const target::TargetRef& a, const target::TargetRef& b) {
  if (a.kind != b.kind) return false;
  if (a.kind == "directory") return Path(a.path).lexically_normal() == Path(b.path).lexically_normal();
  return a.path == b.path && a.settings == b.settings && (a.name == b.name || !a.path.empty() || !a.settings.is_null());
}

std::size_t target_index(Observation& observation, target::TargetRef reference) {
  auto& targets = observation.targets;
  const auto found =
      std::find_if(targets.begin(), targets.end(), [&](const TargetState& state) { return same_target(state.reference, reference); });
  if (found != targets.end()) return static_cast<std::size_t>(found - targets.begin());
  targets.emplace_back().reference = std::move(reference);
  return targets.size() - 1;
}

std::vector<InstanceKey> keys_of(const std::vector<record::ReleaseNeed>& needs, const std::string& environment) {
  std::vector<InstanceKey> keys;
  for (const auto& need : needs) keys.push_back({need.environment.empty() ? environment : need.environment, need.service});
  std::sort(keys.begin(), keys.end());
  return keys;
}

/// Reverted, rolled back, or changed by hand: what stands is not what automation last put there.
bool stands_behind(const record::Release& release, const record::ServiceLedger& ledger) {
  return std::any_of(release.inputs.begin(), release.inputs.end(), [&](const auto& named) {
    const auto* last = ledger.input(named.first);
    return last != nullptr && !record::same_content(named.second.value, last->value);
  });
}

void take_release(InstanceState& state, const record::Release& release) {
  state.needs = keys_of(release.needs, state.key.environment);
  state.renamed_from = release.renamed_from;
  state.bundle = release.bundle().digest();
  if (release.job) state.job = InstanceState::Job{release.job->always, release.job->run.text()};
}

void sort_as_applied(std::vector<Desired>& desired) {
  std::sort(desired.begin(), desired.end(), [](const Desired& a, const Desired& b) { return manifest::applies_before(a.id, b.id); });
}

/// The descriptor whose tree is the one last applied needs no reading: the inventory knows its objects and digests, for it
/// keeps the tree's id only while it names exactly the objects of that descriptor.
bool take_from_inventory(InstanceState& state, const record::Release& release) {
  if (!state.inventory || state.inventory->lost || state.inventory->folder.empty() || state.inventory->folder != state.folder) return false;
  std::set<manifest::ObjectId> owned;
  for (const auto& entry : state.inventory->entries) {
    if (entry.uid.empty()) return false;
    owned.insert(entry.id);
  }
  for (const auto& id : release.identities) {
    if (!owned.contains(id)) return false;
  }
  for (const auto& entry : state.inventory->entries) state.desired.push_back({entry.id, entry.applied});
  sort_as_applied(state.desired);
  state.objects = state.inventory->objects;
  return true;
}

Result<void> list_files(git::Repository& repository, const git::Oid& tree, const std::string& prefix, int depth,
                        std::set<std::string>& out) {
  MUSTER_TRY(const auto entries, repository.tree(tree));
  for (const auto& entry : entries) {
    if (entry.mode == git::Mode::tree) {
      if (depth > 0) MUSTER_CHECK(list_files(repository, entry.id, prefix + entry.name + "/", depth - 1, out));
    } else {
      out.insert(prefix + entry.name);
    }
  }
  return {};
}

Result<void> take_objects(record::Standing& standing, InstanceState& state) {
  MUSTER_TRY(const auto objects, standing.objects(state.key.service));
  std::set<manifest::ObjectId> seen;
  for (const auto& object : objects.objects) {
    if (!seen.insert(object.id).second) {
      return stalled(Reason::invalid, fmt::format("{}: {} stands in two files; keep one of them", object.at.path, object.id.text()));
    }
    state.desired.push_back({object.id, manifest::digest(object)});
  }
  sort_as_applied(state.desired);
  state.objects = objects.digest.text();
  return {};
}

Result<void> read_descriptor(Draft& draft, record::Standing& standing, InstanceState& state) {
  MUSTER_TRY(const auto descriptor, standing.descriptor(state.key.service));
  if (!descriptor) return {};
  state.folder = descriptor->folder.text();
  if (const auto* ledger = draft.branches[state.environment].ledger->service(state.key.service)) {
    state.since = ledger->since.text();
    if (ledger->resume) state.resume = ledger->resume->commit.text();
    if (descriptor->release) state.behind = stands_behind(*descriptor->release, *ledger);
  }
  if (descriptor->release) {
    take_release(state, *descriptor->release);
    if (take_from_inventory(state, *descriptor->release)) return {};
  }
  MUSTER_CHECK(take_objects(standing, state));
  if (!descriptor->release) return stalled(Reason::invalid, descriptor->trouble);
  return {};
}

void read_one(Draft& draft, record::Standing& standing, InstanceState& state) {
  const auto& holds = draft.branches[state.environment].holds;
  if (const auto hold = holds.find(state.key.service); hold != holds.end()) state.hold = hold->second;
  if (!state.stands) return;
  const auto read = read_descriptor(draft, standing, state);
  if (read.ok()) return;
  state.trouble = read.failure().text;
  const auto folder = git::Oid::parse(state.folder);
  const auto& environment = draft.out.environments[state.environment];
  if (folder) (void)list_files(*environment.repository, *folder, "", 1, state.suspected);
}

/// What the record that was last applied needed: removals wait for those that needed what is removed.
void read_former(Draft& draft, const std::vector<InstanceState*>& changed) {
  std::map<std::pair<std::size_t, std::string>, record::Standing> standings;
  for (auto* state : changed) {
    const auto commit = git::Oid::parse(state->inventory->record);
    if (!commit) continue;
    const auto& environment = draft.out.environments[state->environment];
    auto [standing, fresh] = standings.try_emplace({state->environment, state->inventory->record}, environment.repository, *commit);
    const auto former = standing->second.descriptor(state->key.service);
    if (!former.ok() || !*former || !(*former)->release) continue;
    state->former_needs = keys_of((*former)->release->needs, state->key.environment);
  }
}

}  // namespace

void observe_branches(Draft& draft, const std::vector<EnvironmentAt>& environments) {
  auto sorted = environments;
  std::sort(sorted.begin(), sorted.end(), [](const EnvironmentAt& a, const EnvironmentAt& b) { return a.name < b.name; });
  for (auto& at : sorted) {
    auto& state = draft.out.environments.emplace_back();
    auto& branch = draft.branches.emplace_back();
    state.name = at.name;
    state.stale = at.stale;
    if (!at.branch.ok()) {
      state.unreadable = at.branch.failure();
      continue;
    }
    branch.branch = *at.branch;
    state.id = branch.branch->file.id;
    state.fleet = branch.branch->file.fleet;
    state.tip = branch.branch->tip.text();
    state.tree = branch.branch->tree.text();
    state.seen = branch.branch->seen;
    state.repair_drift = branch.branch->file.repair_drift;
    state.repository = draft.records.repository();
    state.target = target_index(draft.out, target_ref(branch.branch->file.target));
    if (auto read = read_branch(draft, branch, state); !read.ok()) {
      state.unreadable = std::move(read).failure().with_context(fmt::format("reading the branch of {}", state.name));
    }
  }
}

void read_descriptors(Draft& draft) {
  auto& instances = draft.out.instances;
  // Each chunk reads through Standings of its own, which belong to one thread and share the root of their branch.
  std::vector<std::optional<record::Standing>> loaded(draft.branches.size());
  for (std::size_t i = 0; i < loaded.size(); ++i) {
    if (!draft.branches[i].branch) continue;
    loaded[i].emplace(draft.out.environments[i].repository, draft.branches[i].branch->tip);
    (void)loaded[i]->load();  // Its failure is met again, and told, by each instance.
  }
  const std::size_t chunks = std::clamp<std::size_t>(draft.options.jobs * std::size_t{4}, 1, std::max<std::size_t>(instances.size(), 1));
  for_each_index(chunks, draft.options.jobs, [&](std::size_t chunk) {
    std::map<std::size_t, record::Standing> standings;
    for (std::size_t i = instances.size() * chunk / chunks; i < instances.size() * (chunk + 1) / chunks; ++i) {
      auto& state = instances[i];
      const auto at = standings.try_emplace(state.environment, *loaded[state.environment]).first;
      read_one(draft, at->second, state);
    }
  });
  std::set<std::size_t> removing;
  for (const auto& state : instances) {
    if (!state.stands) removing.insert(state.environment);
  }
  if (removing.empty()) return;
  std::vector<InstanceState*> changed;
  for (auto& state : instances) {
    if (state.inventory && !state.inventory->record.empty() && state.inventory->objects != state.objects) changed.push_back(&state);
  }
  read_former(draft, changed);
}

void read_health_notes(Draft& draft) {
  using Said = std::map<std::pair<std::string, Digest>, bool>;  // By service and bundle: the last that was said.
  std::map<std::pair<std::size_t, std::string>, Said> read;
  for (auto& state : draft.out.instances) {
    const auto since = git::Oid::parse(state.since);
    if (!state.stands || !since || !state.bundle) continue;
    auto [said, fresh] = read.try_emplace({state.environment, state.since});
    if (fresh) {
      const auto found = record::health_notes(*draft.out.environments[state.environment].repository,
                                              draft.branches[state.environment].branch->notes, *since);
      if (!found.ok()) continue;
      for (const auto& note : *found) said->second.insert_or_assign({note.service, note.bundle}, note.healthy);
    }
    const auto last = said->second.find({state.key.service, *state.bundle});
    if (last != said->second.end()) state.noted = last->second;
  }
}

Result<std::map<std::string, Versions>> read_versions(record::Chain& chain, const std::set<std::string>& services) {
  std::map<std::string, Versions> versions;
  std::set<std::pair<std::string, git::Oid>> read;  // Folders and files that were read already.
  auto& repository = chain.repository();
  for (std::size_t index = 0;; ++index) {
    MUSTER_TRY(const auto* step, chain.step(index));
    if (step == nullptr) return versions;
    for (const auto& service : step->touched) {
      if (!services.contains(service)) continue;
      MUSTER_TRY(const auto folder, git::find_entry(repository, step->tree, service));
      if (!folder || folder->mode != git::Mode::tree || !read.emplace(service, folder->id).second) continue;
      std::set<std::string> files;
      MUSTER_CHECK(list_files(repository, folder->id, "", 1, files));
      for (const auto& file : files) {
        if (file == record::kReleaseFile) continue;
        MUSTER_TRY(const auto entry, git::find_entry(repository, folder->id, file));
        if (!entry || !read.emplace(service, entry->id).second) continue;
        MUSTER_TRY(const auto bytes, repository.blob(entry->id, manifest::kMaxFileBytes));
        const auto objects = manifest::parse_objects(bytes, service + "/" + file);
        if (!objects.ok()) continue;  // A version that nobody could apply made no object.
        for (const auto& object : *objects) versions[service][object.id].insert(manifest::digest(object));
      }
    }
  }
}

}  // namespace muster::reconcile
