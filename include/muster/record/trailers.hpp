// Trailers: what machines read in the commits of an environment branch. The subject and the body are for people.
//
//   Muster-Record: <fleet> <environment> <parent>        a record: the commit names its own first parent
//   Muster-Fleet: <revision or -> <muster> <edition>     what it was made from
//   Muster-Release: <service> <release digest or absent> <causes> [<input>=<value>…]    only inputs that moved
//   Muster-Renamed: <old> <new>                          the ledger of a service moves with its name
//
// Commits of people's verbs (hold, resume, approve, rollback) are no records; they carry
//   Muster-Verb: <verb> <fleet> <environment> <parent>   so that a copied one says nothing either
//   Muster-Resume: <service> [<input>=<value>…]          what a person accepted
//   Muster-Rollback: <service> <commit>                  the state that was gone back to
//
// Pure functions over messages. Only the last paragraph of a message is read, so text that somebody quotes in a body is
// not a trailer. Words are escaped as in inputs.hpp.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "muster/base/digest.hpp"
#include "muster/git/objects.hpp"
#include "muster/record/environment_file.hpp"
#include "muster/record/inputs.hpp"

namespace muster::record {

struct ReleaseLine {
  std::string service;
  std::optional<Digest> release;  ///< nullopt: removed.
  std::vector<Cause> causes;
  Inputs moved;
  friend bool operator==(const ReleaseLine&, const ReleaseLine&) = default;
};

struct ResumeLine {
  std::string service;
  Inputs accepted;
  friend bool operator==(const ResumeLine&, const ResumeLine&) = default;
};

struct RenameLine {
  std::string from;
  std::string to;
  friend bool operator==(const RenameLine&, const RenameLine&) = default;
};

struct RollbackLine {
  std::string service;
  std::string commit;
  friend bool operator==(const RollbackLine&, const RollbackLine&) = default;
};

struct Trailers {
  std::string verb;   ///< Of Muster-Verb; empty for records.
  std::string fleet;  ///< Of Muster-Record or Muster-Verb; empty where there is neither.
  std::string environment;
  std::string parent;
  FleetStamp made_by;
  std::vector<ReleaseLine> releases;
  std::vector<RenameLine> renames;
  std::vector<ResumeLine> resumes;
  std::vector<RollbackLine> rollbacks;
  friend bool operator==(const Trailers&, const Trailers&) = default;
};

/// Subject, body (may be empty) and trailers as one commit message. Line ends in the subject become spaces.
std::string print_message(std::string_view subject, std::string_view body, const Trailers& trailers);
/// Lines that no version of muster wrote are skipped; a Muster-Release line that cannot be read makes the commit foreign.
std::optional<Trailers> parse_trailers(std::string_view message);

/// Is this commit a record of this branch: does its trailer name the branch and its own first parent?
[[nodiscard]] bool is_record(const Trailers& trailers, const git::Commit& commit, const EnvironmentFile& file);
/// Likewise for the commit of a person's verb.
[[nodiscard]] bool is_verb(const Trailers& trailers, const git::Commit& commit, const EnvironmentFile& file);

}  // namespace muster::record
