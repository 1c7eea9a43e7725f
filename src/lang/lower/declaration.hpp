// The declaration of an instance: the canonical JSON of what its fleet's authors said of it, whose digest moves when any
// of that moves (7-rules: Inputs).
//
// It holds the values that the fleet's own files give, the digest of the objects of the fleet's own kinds, patches, what all this
// read of other instances, and names, namespace and edges. It leaves out what is another input (repository, images), what
// only governs records (owner, gates, together), and what the standard library alone decides: an upgrade of muster moves
// no declaration.
//
//   {"edges":["search"],"fields":{"memory":"1Gi","replicas":3},"kind":"std.web","name":"cart","namespace":"shop",
//    "reads":{"search.url":"http://search.shop.svc:8080"}}
//
// Thread-safety: DeclarationPlans are const once made.
#pragma once

#include <string>
#include <vector>

#include "lang/evaluate/evaluate.hpp"
#include "lang/evaluate/ladder.hpp"
#include "muster/model/fleet.hpp"

namespace muster::lang {

/// What all instances of one ladder and environment have in common.
struct DeclarationPlan {
  struct Part {
    std::uint32_t rank = 0;  ///< By path, among the slots of the kind.
    SlotId slot = kNoSlot;
    std::string text;  ///< `"memory":"256Mi"` of a constant; else empty.
  };
  std::vector<Part> parts;  ///< By rank: slots that somebody outside the library set.
};

class DeclarationPlans {
 public:
  DeclarationPlans(const Program& program, const Ladders& ladders);
  [[nodiscard]] const DeclarationPlan& of(const Ladder& ladder, std::uint32_t environment) const;
  /// kAligned for slots that a declaration does not hold.
  [[nodiscard]] std::uint32_t rank(KindId kind, SlotId slot) const { return ranks_[number(kind)][number(slot)]; }
  [[nodiscard]] const std::vector<SlotId>& own_outputs(KindId kind) const { return outputs_[number(kind)]; }

 private:
  std::vector<std::vector<std::uint32_t>> ranks_;  ///< By kind and slot.
  std::vector<std::vector<SlotId>> outputs_;       ///< By kind: outputs whose value the fleet's own kinds give, by path.
  std::map<std::pair<const Ladder*, std::uint32_t>, DeclarationPlan> plans_;
};

/// What lowering has found for a declaration.
struct DeclarationParts {
  const std::vector<const Value*>& objects;  ///< Of the fleet's own kinds.
  const std::vector<model::Patch>& patches;
};

/// Writes the declaration of the frame's instance. All values must have been computed.
void write_declaration(std::string& out, Evaluator& run, Frame& frame, std::uint32_t instance, const DeclarationPlans& plans,
                       const DeclarationParts& parts, const std::vector<ForeignRead>& reads);

}  // namespace muster::lang
