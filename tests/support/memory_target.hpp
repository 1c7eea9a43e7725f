// A target in memory, faithful to muster/target/target.hpp, for tests and the simulator: any call can be made to fail
// before or after its effect, objects can be edited behind muster's back, and health is what the test says.
//
// Two manners: like a directory (`executes` false: an object's uid is the one that some inventory says; health is being
// there) and like a cluster (uids of its own, a field manager). Identities and versions are derived from contents, so that
// runs are comparable. Thread-safe.
#pragma once

#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "muster/target/target.hpp"

namespace muster::test {

/// One call of the target, as hooks and logs see it.
struct TargetCall {
  std::string method;      ///< "apply", "remove", "write_inventory", "swap_stamp", …
  std::string subject;     ///< "Deployment.apps shop/cart", "cart", an environment id; empty for lists.
  std::size_t number = 0;  ///< Counts all calls from 1.
  [[nodiscard]] bool writes() const;
  [[nodiscard]] std::string text() const { return subject.empty() ? method : method + " " + subject; }
};

class MemoryTarget : public target::Target {
 public:
  struct Stored {
    Value content;
    std::string uid;       ///< Of a cluster; unused like a directory.
    bool managed = false;  ///< Carries our field manager.
    std::uint64_t generation = 0;
    target::Health health{target::Health::State::healthy, ""};
  };
  /// A failure instead of the answer, or nullopt to go on.
  using Hook = std::function<std::optional<Failure>(const TargetCall&)>;

  explicit MemoryTarget(target::TargetRef reference, bool executes = false);

  // What tests do to it.
  void fail_before(Hook hook);  ///< The call has no effect.
  void fail_after(Hook hook);   ///< The effect stands, the answer is lost.
  /// The health an object has from its next creation or change on, and now if it is there.
  void set_health(const manifest::ObjectId& id, target::Health health);
  /// Somebody else writes, creates or (nullopt) deletes an object. Like a cluster, a new one has a new uid.
  void edit(const manifest::ObjectId& id, std::optional<Value> content);
  void lose_inventory(std::string_view environment_id, std::string_view service);    ///< It is gone.
  void damage_inventory(std::string_view environment_id, std::string_view service);  ///< It cannot be read.
  void put_stamp(const target::Stamp& stamp);
  [[nodiscard]] std::map<manifest::ObjectId, Value> objects() const;
  /// All stamps, whatever fails.
  [[nodiscard]] std::vector<target::Stamp> standing_stamps() const;
  [[nodiscard]] std::vector<TargetCall> calls() const;
  /// The calls that write, as text, in the order they came.
  [[nodiscard]] std::vector<std::string> writes() const;
  void forget_calls();
  /// Everything that stands in it as text: objects, stamps, inventories.
  [[nodiscard]] std::string dump() const;

  [[nodiscard]] const target::TargetRef& reference() const override { return reference_; }
  Result<std::optional<target::Stamp>> stamp(std::string_view environment_id) override;
  Result<void> swap_stamp(const std::optional<target::Stamp>& expected, const target::Stamp& desired) override;
  [[nodiscard]] bool executes() const override { return executes_; }
  Result<std::vector<target::Stamp>> stamps() override;
  Result<void> remove_stamp(const target::Stamp& expected) override;
  Result<std::vector<target::Inventory>> inventories(std::string_view environment_id) override;
  Result<std::string> write_inventory(const target::Stamp& under, const target::Inventory& inventory) override;
  Result<void> remove_inventory(const target::Stamp& under, const target::Inventory& inventory) override;
  Result<std::vector<target::Live>> observe(std::span<const manifest::ObjectId> ids) override;
  Result<std::optional<Value>> read(const manifest::ObjectId& id) override;
  Result<target::Live> apply(const target::Stamp& under, const manifest::Object& object,
                             const std::optional<target::Precondition>& expected) override;
  Result<void> remove(const target::Stamp& under, const manifest::ObjectId& id, const target::Precondition& expected) override;
  Result<target::Health> health(const manifest::ObjectId& id) override;

 private:
  using InventoryKey = std::pair<std::string, std::string>;  // Environment id, service.

  std::optional<Failure> begin(std::string_view method, std::string_view subject);
  std::optional<Failure> end();
  Result<void> check_stamp(const target::Stamp& under) const;
  [[nodiscard]] std::string owner_uid(const manifest::ObjectId& id) const;
  [[nodiscard]] target::Live live(const manifest::ObjectId& id, const Stored& stored) const;
  Result<void> check(const manifest::ObjectId& id, const std::optional<target::Precondition>& expected) const;

  target::TargetRef reference_;
  bool executes_;
  mutable std::mutex mutex_;  // Recursive use is avoided by splitting public calls from their private parts.
  Hook before_;
  Hook after_;
  std::vector<TargetCall> calls_;
  std::map<std::string, target::Stamp, std::less<>> stamps_;
  std::map<InventoryKey, target::Inventory> inventories_;
  std::map<manifest::ObjectId, Stored> objects_;
  std::map<manifest::ObjectId, target::Health> health_;
  std::map<manifest::ObjectId, std::uint64_t> births_;
  std::uint64_t versions_ = 0;
};

/// One memory target a name, made on first use.
class MemoryTargets : public target::Targets {
 public:
  explicit MemoryTargets(bool executes = false) : executes_(executes) {}
  Result<std::shared_ptr<target::Target>> open(const target::TargetRef& reference) override;
  [[nodiscard]] MemoryTarget& at(const std::string& name);

 private:
  bool executes_;
  std::mutex mutex_;
  std::map<std::string, std::shared_ptr<MemoryTarget>> targets_;
};

}  // namespace muster::test
