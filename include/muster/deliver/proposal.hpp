// Proposal: a release that deliver would record for an instance, with the objects that it makes. `plan` shows it,
// `plan --out` writes it, `apply PLAN` holds the world against it. Plain values.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "muster/base/result.hpp"
#include "muster/base/value.hpp"
#include "muster/deliver/outcome.hpp"
#include "muster/git/objects.hpp"
#include "muster/manifest/object.hpp"
#include "muster/record/release.hpp"

namespace muster::deliver {

struct Proposal {
  std::string service;
  std::string environment;
  bool removal = false;
  std::string renamed_from;
  std::optional<record::Release> standing;  ///< What stood when this was decided.
  std::optional<git::Oid> standing_folder;  ///< Tree id of its descriptor; nullopt: it did not stand.
  record::Release release;                  ///< Not for a removal.
  std::vector<manifest::Object> objects;    ///< Sorted as applied.
  std::vector<Move> moves;
  bool objects_differ = true;  ///< false: only release.yaml changes, so that the ledger moves.
};

/// What `apply PLAN` compares: for each instance the release and descriptor that stood and the release proposed.
struct PlannedInstance {
  std::string service;
  std::string environment;
  std::string standing_release;  ///< Digest text, "" where nothing stood.
  std::string standing_folder;   ///< Tree id text, "".
  std::string release;           ///< Digest text of the proposal, "absent" for a removal.
  std::string objects;           ///< Digest text of its objects.
  friend bool operator==(const PlannedInstance&, const PlannedInstance&) = default;
};
PlannedInstance planned(const Proposal& proposal);
Value to_value(const PlannedInstance& instance);
Result<PlannedInstance> planned_from(const Value& value);

}  // namespace muster::deliver
