// InventoryBook: the inventories of a pass as they are now. Every change goes through here and is written at once, under
// the pass's stamp and the version it was read with; an instance that takes an object from another changes both.
//
// Thread-safety: all methods; one lock an instance. Ownership: keeps references to the observation.
// Failures: of the target; after a conflict the pass knows no better than the next one will.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <vector>

#include "muster/reconcile/observation.hpp"

namespace muster::reconcile {

class InventoryBook {
 public:
  explicit InventoryBook(const Observation& observation);

  [[nodiscard]] target::Inventory read(std::size_t instance) const;
  /// Writes the inventory if the change makes a difference; deletes it where the instance has no descriptor and owns
  /// nothing any more.
  Result<void> change(std::size_t instance, const std::function<void(target::Inventory&)>& change);

 private:
  struct Page {
    mutable std::mutex mutex;
    target::Inventory inventory;
    bool exists = false;
  };
  Result<void> remove(std::size_t instance, Page& page);
  [[nodiscard]] target::Target& target_of(std::size_t instance) const;
  [[nodiscard]] target::Stamp stamp_of(std::size_t instance) const;

  const Observation& observation_;
  std::vector<std::unique_ptr<Page>> pages_;
};

/// The entry of an object, or nullptr.
target::InventoryEntry* find_entry(target::Inventory& inventory, const manifest::ObjectId& id);
/// The entry of an object, made if it is not there.
target::InventoryEntry& entry_for(target::Inventory& inventory, const manifest::ObjectId& id);

}  // namespace muster::reconcile
