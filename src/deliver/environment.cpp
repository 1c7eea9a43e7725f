#include "deliver/environment.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <set>

#include "muster/record/layout.hpp"

namespace muster::deliver {
namespace {

std::string without_plus(const std::string& revision) {
  return revision.ends_with('+') ? revision.substr(0, revision.size() - 1) : revision;
}

record::EnvironmentFile wanted_file(const Run& run, const model::Environment& environment) {
  const model::Target& target = run.fleet.target(environment.target);
  record::EnvironmentFile file;
  file.fleet = run.fleet.name;
  file.environment = environment.name;
  file.target = {target.name, target.kind, target.path, target.settings};
  file.budget = environment.budget;
  file.repair_drift = environment.repair_drift;
  file.written_by = fleet_stamp(run);
  return file;
}

Result<record::Branch> empty_branch(const record::EnvironmentFile& file, record::EnvironmentRepository& records) {
  record::Branch branch;
  branch.environment = file.environment;
  branch.file = file;
  MUSTER_TRY(branch.tree, git::edit_tree(*records.repository(), std::nullopt, {}));
  return branch;
}

Result<record::Branch> commit_file(Run& run, record::EnvironmentRepository& records, const record::Branch& branch,
                                   const record::EnvironmentFile& file, const std::string& subject) {
  MUSTER_TRY(const git::Oid blob, records.repository()->write_blob(record::print(file)));
  record::BranchChange change;
  change.edits.emplace(record::kEnvironmentFile, git::TreeEdit{git::TreeEntry{"", git::Mode::file, blob}});
  change.message = subject + "\n";
  change.author = run.author;
  return records.commit(branch, change, run.stop);
}

/// The branch of a former name that this environment goes on from; nullptr-like nullopt: there is none.
std::optional<record::Branch> former_branch(const model::Environment& environment, const record::EnvironmentRepository& records) {
  for (auto name = environment.renamed_from.rbegin(); name != environment.renamed_from.rend(); ++name) {
    auto branch = records.branch(*name);
    if (branch.ok()) return std::move(branch).value();
  }
  return std::nullopt;
}

/// A rename that was cut off half-way left the old branch without its farewell.
Result<void> finish_rename(Run& run, const record::Branch& branch, const model::Environment& environment,
                           record::EnvironmentRepository& records) {
  const auto former = former_branch(environment, records);
  if (!former || former->file.id != branch.file.id || run.request.dry) return {};
  record::EnvironmentFile file = former->file;
  file.renamed_to = environment.name;
  MUSTER_TRY(const auto committed, commit_file(run, records, *former, file,
                                               fmt::format("Rename the environment {} to {}", former->environment, environment.name)));
  (void)committed;
  return {};
}

Obstacle held(Why why, std::string text, std::string lift) {
  return Obstacle{why, "", std::move(text), std::move(lift), std::nullopt, std::nullopt};
}

/// A shared environment repository takes only what is committed.
std::optional<Obstacle> not_committed(const Run& run) {
  if (!run.revision.dirty || run.fleet.records.empty()) return std::nullopt;
  const std::string_view what = run.revision.commit.empty() ? "are in no commit" : "differ from their commit";
  return held(Why::dirty_fleet, fmt::format("the fleet files {}, and a shared environment repository takes only what is committed", what),
              "commit the fleet files");
}

/// May this fleet begin the environment, or go on under another name from the branch `former`? nullopt: yes.
std::optional<Obstacle> keeps_from_beginning(const Run& run, const std::optional<record::Branch>& former) {
  if (auto uncommitted = not_committed(run)) return uncommitted;
  if (!former) return std::nullopt;
  if (auto older = compare_fleets(run, former->file.written_by)) return older;
  if (run.fleet.whole) return std::nullopt;
  return held(Why::environment,
              fmt::format("it was {} before, and while the fleet has errors nothing counts as renamed", former->environment),
              "mend the fleet; `muster check` lists the errors");
}

/// The branch of an environment that has none, or only that of a former name.
Result<Prepared> begin_branch(Run& run, const model::Environment& environment, const record::EnvironmentFile& wanted,
                              record::EnvironmentRepository& records) {
  const auto former = former_branch(environment, records);
  Prepared prepared;
  prepared.held = keeps_from_beginning(run, former);
  if (prepared.held) return prepared;
  if (!run.request.dry) {
    prepared.created = true;
    MUSTER_TRY(prepared.branch,
               former ? records.rename(*former, wanted, run.author, run.stop) : records.create(wanted, run.author, run.stop));
  } else if (former) {
    prepared.branch = *former;
    prepared.branch.environment = environment.name;
    prepared.branch.file.renamed_from.insert(prepared.branch.file.renamed_from.begin(), former->environment);
    prepared.branch.file.environment = environment.name;
  } else {
    MUSTER_TRY(prepared.branch, empty_branch(wanted, records));
  }
  return prepared;
}

}  // namespace

record::FleetStamp fleet_stamp(const Run& run) {
  return {run.revision.commit + (run.revision.dirty && !run.revision.commit.empty() ? "+" : ""), run.state.settings.version,
          run.fleet.language};
}

std::optional<Obstacle> compare_fleets(const Run& run, const record::FleetStamp& recorded) {
  const record::FleetStamp now = fleet_stamp(run);
  if (auto uncommitted = not_committed(run)) return uncommitted;
  if (record::compare_versions(now.muster, recorded.muster) < 0 || record::compare_versions(now.edition, recorded.edition) < 0) {
    return held(Why::older_muster,
                fmt::format("muster {} (language {}) recorded this last; this is {} ({})", recorded.muster, recorded.edition, now.muster,
                            now.edition),
                "use that muster or a later one, or `muster resume`");
  }
  const std::string before = without_plus(recorded.revision);
  if (before.empty() || run.revision.commit.empty() || before == run.revision.commit) return std::nullopt;
  const auto ancestor = git::Oid::parse(before);
  const auto descendant = git::Oid::parse(run.revision.commit);
  if (ancestor && descendant && run.revision.repository != nullptr) {
    const auto descends = run.revision.repository->is_ancestor(*ancestor, *descendant);
    if (descends.ok() && *descends) return std::nullopt;
  }
  return held(Why::older_fleet,
              fmt::format("this fleet ({}) is older than the one recorded ({})", run.revision.commit.substr(0, 10), before.substr(0, 10)),
              "bring the fleet files up to date, or `muster resume`");
}

Result<Prepared> prepare_branch(Run& run, const model::Environment& environment, record::EnvironmentRepository& records) {
  const record::EnvironmentFile wanted = wanted_file(run, environment);
  auto branch = records.branch(environment.name);
  if (!branch.ok()) {
    // Stalled: it is known, and goes on under another name.
    const bool has_none = branch.failure().reason == Reason::absent && branch.failure().kind == FailureKind::wait;
    return has_none ? begin_branch(run, environment, wanted, records) : Result<Prepared>(std::move(branch).failure());
  }
  MUSTER_CHECK(finish_rename(run, *branch, environment, records));
  Prepared prepared;
  if (run.request.dry || branch->file.declares_same(wanted) || compare_fleets(run, branch->file.written_by)) {
    prepared.branch = std::move(branch).value();
    return prepared;
  }
  record::EnvironmentFile file = wanted;
  file.id = branch->file.id;
  file.renamed_from = branch->file.renamed_from;
  MUSTER_TRY(prepared.branch, commit_file(run, records, *branch, file, fmt::format("Bring {} up to date", record::kEnvironmentFile)));
  return prepared;
}

std::vector<std::string> environments_to_look_at(const model::Fleet& fleet, const std::vector<std::string>& environments) {
  std::set<std::string> names(environments.begin(), environments.end());
  for (const auto& name : environments) {
    const model::Environment* environment = fleet.environment(name);
    if (environment == nullptr) continue;
    names.insert(environment->renamed_from.begin(), environment->renamed_from.end());
    if (environment->from) names.insert(*environment->from);
    for (const auto& soak : environment->gate.soak) names.insert(soak.environment);
    for (const auto& instance : fleet.instances) {
      if (instance.environment != environment->id) continue;
      if (!instance.follows.empty()) names.insert(instance.follows);
      for (const auto& gate : instance.gates) {
        for (const auto& soak : gate.soak) names.insert(soak.environment);
      }
    }
  }
  return {names.begin(), names.end()};
}

}  // namespace muster::deliver
