// Ledger: for each input of an instance, the value in the newest record that lists it; found from the branch's history
// alone. Deliver compares what it observes with the ledger, never with what stands.
//
// The cache in the state directory only saves time: it is used where its tip is in the chain of the branch, and rebuilt
// otherwise; deleting it changes no decision. 200,000 records are one walk of about 1.5 s, 300 new ones milliseconds.
// Ownership: plain values. Thread-safety: const access from any thread. Failures: corrupt for a shallow history.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "muster/base/files.hpp"
#include "muster/base/result.hpp"
#include "muster/base/time.hpp"
#include "muster/git/repository.hpp"
#include "muster/record/chain.hpp"
#include "muster/record/environment_file.hpp"
#include "muster/record/inputs.hpp"

namespace muster::record {

struct LedgerInput {
  InputValue value;
  git::Oid record;     ///< The newest record that lists it.
  FleetStamp made_by;  ///< Of that record.
  friend bool operator==(const LedgerInput&, const LedgerInput&) = default;
};

/// A person's `resume` that nothing has used up: no later commit touched the service.
struct Resume {
  git::Oid commit;
  Instant at{};
  Inputs accepted;
  friend bool operator==(const Resume&, const Resume&) = default;
};

struct ServiceLedger {
  std::map<std::string, LedgerInput> inputs;
  /// Upstream records that were followed, newest first, back to and with the newest automatic one: the latest ever
  /// followed is among them (a manual promotion may go back, an automatic one never does).
  std::vector<FromValue> followed;
  git::Oid since;  ///< The newest commit that touched the service's folder: since then it stands as it does.
  Instant since_at{};
  bool since_record = false;
  std::optional<Resume> resume;

  [[nodiscard]] const LedgerInput* input(std::string_view name) const;
  /// No record ever listed the declaration, or the newest one says absent.
  [[nodiscard]] bool never_recorded() const { return input(kDeclaration) == nullptr; }
  [[nodiscard]] bool removed() const;
  friend bool operator==(const ServiceLedger&, const ServiceLedger&) = default;
};

struct Ledger {
  git::Oid tip;
  std::map<std::string, ServiceLedger, std::less<>> services;
  /// ".holds/cart.yaml" → the commit that last changed it (also where the file is gone since).
  std::map<std::string, git::Oid, std::less<>> statements;
  FleetStamp newest;  ///< Of the newest record of the branch.
  /// Commits of the last two days with dates made monotone (never less than an earlier commit's), oldest first.
  struct Dated {
    git::Oid commit;
    Instant at{};
    friend bool operator==(const Dated&, const Dated&) = default;
  };
  std::vector<Dated> recent;
  std::optional<Instant> before_recent;  ///< Monotone date of the commit before those; nullopt: they begin at the root.

  [[nodiscard]] const ServiceLedger* service(std::string_view name) const;
  friend bool operator==(const Ledger&, const Ledger&) = default;
};

/// The ledger at `tip`. `known` (a cache's, or the last pass's) is used where its tip is in the chain.
Result<Ledger> read_ledger(git::Repository& repository, const EnvironmentFile& file, const git::Oid& tip, const Ledger* known);

/// The cache file of an environment; a missing, damaged or foreign one is nullopt.
std::optional<Ledger> load_ledger(Files& files, const Path& cache, const EnvironmentFile& file);
/// Failures are for the log only: nothing depends on it.
Result<void> save_ledger(Files& files, const Path& cache, const EnvironmentFile& file, const Ledger& ledger);

}  // namespace muster::record
