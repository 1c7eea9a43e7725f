#include "reconcile/jobs.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace muster::reconcile {
namespace {

bool completed(const target::JobRun& run, const std::string& name) {
  return std::find(run.completed.begin(), run.completed.end(), name) != run.completed.end();
}

/// The job's object was created: its uid is known.
bool was_created(const InstanceState& state) {
  if (!state.inventory) return false;
  return std::any_of(state.inventory->entries.begin(), state.inventory->entries.end(),
                     [](const target::InventoryEntry& entry) { return entry.id.kind == "Job" && !entry.uid.empty(); });
}

}  // namespace

bool is_job(const InstanceState& state, const TargetState& target, const manifest::ObjectId& id) {
  return target.executes && state.job && id.kind == "Job" && id.group == "batch";
}

std::string run_name(const InstanceState& state) {
  if (!state.job) return {};
  return state.job->always ? fmt::format("{}/{}", state.job->run, state.since) : state.job->run;
}

const target::JobRun* last_run(const Observation& observation, const InstanceState& state) {
  if (state.inventory && state.inventory->job) return &*state.inventory->job;
  for (auto name = state.renamed_from.rbegin(); name != state.renamed_from.rend(); ++name) {
    const auto* former = observation.find({state.key.environment, *name});
    if (former != nullptr && !former->stands && former->inventory && former->inventory->job) return &*former->inventory->job;
  }
  return nullptr;
}

JobDue job_due(const Observation& observation, const InstanceState& state, bool stands_there) {
  const auto* run = last_run(observation, state);
  if (run == nullptr) return JobDue::now;
  const std::string name = run_name(state);
  if (run->bundle == name) {
    switch (run->state) {
      case target::JobRun::State::succeeded: return JobDue::no;
      // Intended, and never created: the crash came between.
      case target::JobRun::State::running: return stands_there || was_created(state) ? JobDue::no : JobDue::now;
      case target::JobRun::State::failed: return !state.resume.empty() && state.resume != run->resume ? JobDue::now : JobDue::no;
    }
  }
  if (completed(*run, name)) return JobDue::no;
  return run->state == target::JobRun::State::running ? JobDue::later : JobDue::now;
}

target::Health run_health(const InstanceState& state, const target::JobRun* run) {
  using Health = target::Health;
  const std::string name = run_name(state);
  if (run == nullptr) return {Health::State::progressing, "its job has not run"};
  if (run->bundle == name && run->state == target::JobRun::State::failed) {
    return {Health::State::unhealthy, fmt::format("its job failed; `muster resume {}` runs it again", state.key.text())};
  }
  if ((run->bundle == name && run->state == target::JobRun::State::succeeded) || completed(*run, name)) return {Health::State::healthy, ""};
  return {Health::State::progressing, "its job is running"};
}

std::vector<Desired> lasting_objects(const InstanceState& state, const TargetState& target) {
  std::vector<Desired> lasting;
  std::copy_if(state.desired.begin(), state.desired.end(), std::back_inserter(lasting),
               [&](const Desired& desired) { return !is_job(state, target, desired.id); });
  return lasting;
}

}  // namespace muster::reconcile
