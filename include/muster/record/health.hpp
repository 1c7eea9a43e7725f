// Health notes: "this instance was healthy at this bundle since then", as git notes of the environment repository on the
// commit since which the instance stands as it does (ServiceLedger::since). Reconcile writes them, soak reads them, and
// `git log --notes=muster/production` shows them.
//
//   healthy cart sha256:<bundle> 2026-05-04T10:00:00Z
//   unhealthy cart sha256:<bundle> 2026-05-04T12:00:00Z
//
// Each is written once: a second `healthy` line of a service stands only after an `unhealthy` one, which voids the first.
// Ownership: plain values. Thread-safety: none needed. Failures: of the repository; conflict is retried by the caller.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "muster/base/digest.hpp"
#include "muster/base/result.hpp"
#include "muster/base/time.hpp"
#include "muster/git/repository.hpp"

namespace muster::record {

struct HealthNote {
  bool healthy = true;
  std::string service;
  Digest bundle;
  Instant at{};
  friend bool operator==(const HealthNote&, const HealthNote&) = default;
};

std::string print(const std::vector<HealthNote>& notes);
/// Lines that are no health note (people write notes too) are skipped.
std::vector<HealthNote> parse_health_notes(std::string_view text);

/// The notes on one commit; `notes` is the commit of the notes ref (nullopt: there is none yet).
Result<std::vector<HealthNote>> health_notes(git::Repository& repository, std::optional<git::Oid> notes, const git::Oid& commit);
/// Since when the service is healthy at the bundle, by the notes of one commit: the first `healthy` after the last
/// `unhealthy`; nullopt where there is none.
std::optional<Instant> healthy_since(const std::vector<HealthNote>& notes, std::string_view service, const Digest& bundle);

/// One observation of reconcile's.
struct HealthObservation {
  git::Oid commit;  ///< ServiceLedger::since of the service.
  HealthNote note;
};
/// A new notes commit with those observations that say something new; nullopt where none does.
Result<std::optional<git::Oid>> add_health_notes(git::Repository& repository, std::optional<git::Oid> notes,
                                                 const std::vector<HealthObservation>& observations, const git::Person& by);

}  // namespace muster::record
