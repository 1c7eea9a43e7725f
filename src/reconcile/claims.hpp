// Who names and who owns each object of a target, over all its environments. Built once from an observation; pure.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "muster/reconcile/observation.hpp"

namespace muster::reconcile {

struct Owner {
  std::size_t instance = 0;
  const target::InventoryEntry* entry = nullptr;
};

class Claims {
 public:
  explicit Claims(const Observation& observation);

  /// Instances of that target whose descriptors name the object, in order.
  [[nodiscard]] const std::vector<std::size_t>& claimants(std::size_t target, const manifest::ObjectId& id) const;
  /// Instances of that target whose inventories have the object, intents included, in order.
  [[nodiscard]] const std::vector<Owner>& owners(std::size_t target, const manifest::ObjectId& id) const;
  /// The one claimant that may have the object: the only one, or the one whose inventory has it. nullopt: nobody may.
  [[nodiscard]] std::optional<std::size_t> winner(std::size_t target, const manifest::ObjectId& id) const;
  /// An instance whose descriptor cannot be read and may name the object.
  [[nodiscard]] const InstanceState* suspect(std::size_t target, const manifest::ObjectId& id) const;
  [[nodiscard]] const target::InventoryEntry* entry(std::size_t target, const manifest::ObjectId& id, std::size_t instance) const;

 private:
  struct Users {
    std::vector<std::size_t> claimants;
    std::vector<Owner> owners;
  };
  [[nodiscard]] const Users& users(std::size_t target, const manifest::ObjectId& id) const;

  const Observation& observation_;
  std::vector<std::map<manifest::ObjectId, Users>> objects_;  // By target.
  std::vector<std::vector<std::size_t>> suspects_;            // By target.
};

}  // namespace muster::reconcile
