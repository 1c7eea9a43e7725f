#include "deliver/verb.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <set>

#include "muster/base/text.hpp"

namespace muster::deliver {

std::string Person::text() const { return email.empty() ? name : fmt::format("{} <{}>", name, email); }

git::Person author_of(const Person& by) { return {by.name, by.email, {}, 0}; }

Result<std::vector<std::string>> expand(const std::vector<std::string>& words, const std::vector<std::string>& names,
                                        const std::string& environment) {
  std::set<std::string> out;
  for (const auto& word : words) {
    const std::size_t before = out.size();
    bool known = false;
    for (const auto& name : names) {
      if (!glob_matches(word, name)) continue;
      known = true;
      out.insert(name);
    }
    if (!known && out.size() == before) {
      return stalled(Reason::invalid, fmt::format("there is no service `{}` in {}", word, environment));
    }
  }
  return std::vector<std::string>(out.begin(), out.end());
}

Result<std::vector<std::string>> known_services(record::EnvironmentRepository& records, const record::Branch& branch,
                                                const model::Fleet* fleet) {
  record::Standing standing(records.repository(), branch.tip);
  MUSTER_TRY(const auto services, standing.services());
  std::set<std::string> names(services.begin(), services.end());
  MUSTER_TRY(const record::Ledger* ledger, records.ledger(branch));
  for (const auto& [name, entry] : ledger->services) {
    if (!entry.never_recorded()) names.insert(name);
  }
  const model::Environment* environment = fleet == nullptr ? nullptr : fleet->environment(branch.environment);
  if (environment != nullptr) {
    for (const auto& instance : fleet->instances) {
      if (instance.environment == environment->id) names.insert(instance.name);
    }
    for (const auto& poisoned : fleet->poisoned) names.insert(poisoned.service);
  }
  return std::vector<std::string>(names.begin(), names.end());
}

std::string verb_message(const record::Branch& on, std::string_view verb, std::string_view subject, std::string_view body,
                         record::Trailers trailers) {
  trailers.verb = verb;
  trailers.fleet = on.file.fleet;
  trailers.environment = on.environment;
  trailers.parent = on.tip.text();
  return record::print_message(subject, body, trailers);
}

Result<record::Branch> commit_verb(Deliverer::State& state, record::EnvironmentRepository& records, const std::string& environment,
                                   const record::EnvironmentRepository::Decide& decide, const std::stop_token& stop) {
  MUSTER_TRY(const auto lock, record::lock_environment(state.world.files, state.settings.state, environment, state.settings.owner));
  return records.update(environment, decide, stop);
}

Result<git::TreeEdit> file_edit(git::Repository& repository, std::string_view bytes) {
  MUSTER_TRY(const git::Oid blob, repository.write_blob(bytes));
  return git::TreeEdit{git::TreeEntry{"", git::Mode::file, blob}};
}

namespace {

Request dry_request(const std::string& environment) {
  Request request;
  request.environments = {environment};
  request.dry = true;
  return request;
}

}  // namespace

Rehearsal::Rehearsal(Deliverer::State& state, const model::Fleet& fleet, const FleetRevision& revision, const std::string& environment_,
                     std::stop_token stop)
    : request(dry_request(environment_)),
      answers(ask_outside(state, fleet, {environment_}, stop)),
      run{state, fleet, revision, request, answers, stop, std::nullopt, state.settings.author, {}},
      environment(environment_) {}

Result<Pass> Rehearsal::decide() {
  const model::Environment* declared = run.fleet.environment(environment);
  if (declared == nullptr) return stalled(Reason::invalid, fmt::format("the fleet declares no environment `{}`", environment));
  record::EnvironmentRepository& records = run.state.records_of(run.fleet);
  MUSTER_TRY(Prepared prepared, prepare_branch(run, *declared, records));
  if (prepared.held) return stalled(Reason::conflict, std::move(prepared.held->text));
  Pass pass{run, *declared, records, std::move(prepared.branch), nullptr, {}, {}, {}, {}, {}, {}, {}};
  MUSTER_CHECK(deliver::decide(pass));
  return pass;
}

}  // namespace muster::deliver
