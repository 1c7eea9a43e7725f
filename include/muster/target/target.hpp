// Target: what an environment's objects are applied to, behind one interface: `directory` here, `kubernetes` later. A
// seam of the World: the simulator has its own.
//
// A target may hold several environments. Each has a stamp (who owns this inventory, and how far it was applied) and one
// inventory an instance. Whatever is written is written under a stamp: only while that is the environment's, so that a writer
// that was overtaken can neither replace nor follow what a newer record brought (Reason::conflict). Intent first: an object enters the
// inventory before it is created and leaves it after its deletion is confirmed, so that a crash at any step neither orphans nor forgets
// (../reconcile holds that order).
//
// Thread-safety: every method may be called from any thread, for different instances at once. Ownership: values out.
// Failures: absent, conflict (a precondition no longer holds), denied, unreachable, exhausted, timeout, corrupt (a stamp
// that cannot be read), cancelled.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "muster/base/digest.hpp"
#include "muster/base/result.hpp"
#include "muster/base/time.hpp"
#include "muster/base/value.hpp"
#include "muster/manifest/object.hpp"

namespace muster::target {

/// What reconcile must know to find a target; stands in `muster.yaml`, for reconcile never reads the fleet.
struct TargetRef {
  std::string name;  ///< The `target` entity's name.
  std::string kind;  ///< "directory", "kubernetes".
  std::string path;  ///< directory: absolute, or relative to the fleet's root.
  Value settings;    ///< Further evaluated fields of the entity.
  friend bool operator==(const TargetRef&, const TargetRef&) = default;
};

/// Whose inventory this is and which record was last applied from.
struct Stamp {
  std::string environment_id;  ///< The random id in `muster.yaml`.
  std::string fleet;           ///< Its fleet: two fleets may share a target, and both have a `production`.
  std::string environment;     ///< Its name.
  std::string record;          ///< Commit id on the environment branch.
  friend bool operator==(const Stamp&, const Stamp&) = default;
};

/// An object that an instance owns, or is about to create.
struct InventoryEntry {
  manifest::ObjectId id;
  std::string uid;               ///< Of the object as created; empty while only the intent stands.
  Digest applied;                ///< Digest of the object as last applied, or as intended while `uid` is empty (manifest::digest).
  std::vector<Instant> repairs;  ///< When its drift was repaired, newest last, the last few: who fights us is reported.
  bool leftover = false;         ///< Found when the inventory had been lost: perhaps ours. Listed until it is gone, never touched.
  friend bool operator==(const InventoryEntry&, const InventoryEntry&) = default;
};

/// The last run of an instance's job; success is kept here, not in the Job object.
struct JobRun {
  enum class State : std::uint8_t { running, succeeded, failed } state = State::running;
  std::string bundle;  ///< Digest text of what it ran for: sources, images, command.
  std::string resume;  ///< The `resume` commit that was there when it started: a newer one runs a failed job again.
  Instant at{};
  std::vector<std::string> completed;  ///< Bundles that ever succeeded, newest last, capped by the writer.
  friend bool operator==(const JobRun&, const JobRun&) = default;
};

/// What one instance owns in one target. Written as a whole under compare-and-swap.
struct Inventory {
  std::string service;
  std::string record;                   ///< The record that was applied completely, for this instance; empty before the first.
  std::string objects;                  ///< Digest text of the descriptor's objects at that record.
  std::string folder;                   ///< Tree id of the descriptor at that record: while it stands, nothing of it need be read.
  std::vector<InventoryEntry> entries;  ///< Sorted by id.
  std::optional<JobRun> job;
  bool lost = false;    ///< It stands in the target and cannot be read: what it named is unknown, never "nothing".
  std::string version;  ///< Opaque; set by the target on reading and writing, empty for a new one.
};

/// The live state of one object.
struct Live {
  manifest::ObjectId id;
  std::string uid;      ///< directory: given at creation; a foreign file has an empty one.
  std::string version;  ///< resourceVersion, or the digest of the file's bytes.
  Digest digest;        ///< manifest::digest of the content (of the fields that we manage).
  bool ours = false;    ///< It carries our field manager, or (directory) its uid stands in one of our inventories.
};

/// What must still be true of a live object when it is written or deleted.
struct Precondition {
  std::string uid;
  std::string version;
  friend bool operator==(const Precondition&, const Precondition&) = default;
};

struct Health {
  enum class State : std::uint8_t { healthy, progressing, unhealthy, unknown } state = State::unknown;
  std::string reason;  ///< For people; empty when healthy.
};
std::string_view to_string(Health::State state);

class Target {
 public:
  virtual ~Target() = default;
  [[nodiscard]] virtual const TargetRef& reference() const = 0;

  /// The stamp of an environment; nullopt where this target never heard of it. Reason::corrupt where it is unreadable.
  virtual Result<std::optional<Stamp>> stamp(std::string_view environment_id) = 0;
  /// Compare-and-swap: Reason::conflict where the stamp is not `expected` (nullopt: there must be none).
  virtual Result<void> swap_stamp(const std::optional<Stamp>& expected, const Stamp& desired) = 0;
  /// Whether applied objects come alive here. In a directory a Job is a file like any other; in a cluster it runs, so it
  /// is created once a bundle and never repaired.
  [[nodiscard]] virtual bool executes() const = 0;
  /// All stamps in this target, sorted by environment id.
  virtual Result<std::vector<Stamp>> stamps() = 0;
  /// Forgets an environment whose inventories are all gone (`retire`).
  virtual Result<void> remove_stamp(const Stamp& expected) = 0;

  /// All inventories of an environment, sorted by service. One that cannot be read comes with `lost` set and the version
  /// under which write_inventory() replaces it.
  virtual Result<std::vector<Inventory>> inventories(std::string_view environment_id) = 0;
  /// Writes one inventory if it still has `inventory.version`; returns the new version. Conflict otherwise.
  virtual Result<std::string> write_inventory(const Stamp& under, const Inventory& inventory) = 0;
  virtual Result<void> remove_inventory(const Stamp& under, const Inventory& inventory) = 0;

  /// The live state of those of `ids` that exist, in the same order.
  virtual Result<std::vector<Live>> observe(std::span<const manifest::ObjectId> ids) = 0;
  /// The content of one live object, for differences; nullopt where it does not exist.
  virtual Result<std::optional<Value>> read(const manifest::ObjectId& id) = 0;
  /// Creates (`expected` nullopt: it must not exist) or replaces under the precondition. Atomic: old, new, or nothing.
  /// Replacing an object that nobody owns (in a directory its uid is empty) takes it over: the answer has a uid of ours.
  /// Only the fields of `object` are written where the target knows other managers of the same object.
  virtual Result<Live> apply(const Stamp& under, const manifest::Object& object, const std::optional<Precondition>& expected) = 0;
  /// Deletes exactly that object; absent already is success. Returns when the deletion is confirmed.
  virtual Result<void> remove(const Stamp& under, const manifest::ObjectId& id, const Precondition& expected) = 0;
  /// The health of one live object.
  virtual Result<Health> health(const manifest::ObjectId& id) = 0;
};

class Targets {
 public:
  virtual ~Targets() = default;
  /// The same reference gives the same target. Reason::unsupported for a kind this version does not have.
  virtual Result<std::shared_ptr<Target>> open(const TargetRef& reference) = 0;
};

}  // namespace muster::target
