// What the verbs share: names and globs, the commit of a verb, and a pass that only decides.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "deliver/environment.hpp"
#include "muster/deliver/verbs.hpp"
#include "muster/record/trailers.hpp"

namespace muster::deliver {

/// Those of `names` that a list of names and globs means, sorted; Reason::invalid for a word that means none of them.
Result<std::vector<std::string>> expand(const std::vector<std::string>& words, const std::vector<std::string>& names,
                                        const std::string& environment);

/// Everything that one may name in an environment: declared, standing, or in the ledger.
Result<std::vector<std::string>> known_services(record::EnvironmentRepository& records, const record::Branch& branch,
                                                const model::Fleet* fleet);

/// The message of a verb's commit on the tip of a branch.
std::string verb_message(const record::Branch& on, std::string_view verb, std::string_view subject, std::string_view body,
                         record::Trailers trailers = {});

/// Under the environment's lock, decides and commits until nobody was faster.
Result<record::Branch> commit_verb(Deliverer::State& state, record::EnvironmentRepository& records, const std::string& environment,
                                   const record::EnvironmentRepository::Decide& decide, const std::stop_token& stop);

git::Person author_of(const Person& by);

/// A file with this content, as an edit of a branch.
Result<git::TreeEdit> file_edit(git::Repository& repository, std::string_view bytes);

/// A pass over one environment that decides and writes nothing. Its passes refer to it.
struct Rehearsal {
  Rehearsal(const Rehearsal&) = delete;
  Rehearsal& operator=(const Rehearsal&) = delete;
  Rehearsal(Deliverer::State& state, const model::Fleet& fleet, const FleetRevision& revision, const std::string& environment,
            std::stop_token stop);
  /// Decides on the branch as it was last looked at.
  Result<Pass> decide();

  Request request;
  Answers answers;
  Run run;
  std::string environment;
};

}  // namespace muster::deliver
