#include "reconcile/notes.hpp"

#include <fmt/format.h>

#include "muster/record/health.hpp"

namespace muster::reconcile {
namespace {

std::vector<record::HealthObservation> observations_of(const Observation& observation, std::size_t environment,
                                                       const std::vector<Run>& runs) {
  std::vector<record::HealthObservation> observations;
  for (const auto& run : runs) {
    const auto& state = observation.instances[run.index];
    const auto since = git::Oid::parse(state.since);
    if (state.environment != environment || !run.note || !since || !state.bundle) continue;
    observations.push_back({*since, {*run.note, state.key.service, *state.bundle, run.noted_at}});
  }
  return observations;
}

/// Decides again from the notes as they are when somebody was faster.
Result<void> publish(const World& world, record::EnvironmentRepository& records, const std::string& environment,
                     const std::vector<record::HealthObservation>& observations, const PassOptions& options) {
  for (int attempt = 0;; ++attempt) {
    MUSTER_TRY(const auto branch, records.branch(environment));
    auto author = options.author;
    author.at = world.clock.now();
    MUSTER_TRY(const auto notes, record::add_health_notes(*records.repository(), branch.notes, observations, author));
    if (!notes) return {};
    auto published = records.publish_notes(branch, *notes, options.stop);
    if (published.ok()) return {};
    if (published.failure().reason != Reason::conflict || attempt + 1 >= record::EnvironmentRepository::kAttempts)
      return std::move(published).failure();
    if (!record::pause_after_lost_race(world, attempt, options.stop)) return retry(Reason::cancelled, "stopped");
    MUSTER_CHECK(records.look(std::vector<std::string>{environment}, options.stop));
  }
}

}  // namespace

std::vector<std::optional<Failure>> publish_notes(const World& world, record::EnvironmentRepository& records,
                                                  const Observation& observation, const std::vector<Run>& runs,
                                                  const PassOptions& options) {
  std::vector<std::optional<Failure>> failures(observation.environments.size());
  for (std::size_t index = 0; index < observation.environments.size(); ++index) {
    const auto observations = observations_of(observation, index, runs);
    if (observations.empty()) continue;
    const auto& name = observation.environments[index].name;
    auto published = publish(world, records, name, observations, options);
    if (!published.ok())
      failures[index] = std::move(published).failure().with_context(fmt::format("publishing the health notes of {}", name));
  }
  return failures;
}

}  // namespace muster::reconcile
