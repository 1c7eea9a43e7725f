// Evaluator: terms to values, slots on demand.
//
// A slot is computed when it is first read; one that is read while it is being computed is a circle. The outputs of other
// instances are taken from Outputs where somebody has published them, else computed on the spot: values do not depend on
// who asks first, so the result is the same for any number of threads.
//
// Ownership: values live in the arena given. Thread-safety: one Evaluator a thread; Program, Ladders and Outputs are
// shared. Failure: errors become diagnostics (once) and poison (quietly, from there on). Total: every step and byte
// counts against a budget.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "lang/evaluate/ladder.hpp"
#include "lang/program.hpp"

namespace muster::lang {

/// What one value may cost. Whole-fleet budgets are in Options.
inline constexpr std::uint64_t kSlotSteps = 5'000'000;
inline constexpr std::uint64_t kSlotBytes = std::uint64_t{64} << 20U;
/// Slots that wait for one another, across instances.
inline constexpr std::size_t kMaximumReads = 800;

/// An entity, or an instance of a service, whose slots are computed.
struct Frame {
  const Entity* entity = nullptr;
  std::uint32_t id = 0;                  ///< Of the entity.
  std::uint32_t environment = kAligned;  ///< Of an instance.
  const Kind* kind = nullptr;
  const Ladder* ladder = nullptr;
  std::span<const SlotPlan> plans;
  std::vector<Datum> values;
  std::vector<SlotState> states;
  std::vector<std::uint16_t> own;  ///< 1 + index of the first assignment of the entity's body to that slot; 0: none.

  [[nodiscard]] bool is_service() const { return entity->word == EntityWord::service; }
};

/// Outputs of instances that have been computed, shared by all threads.
class Outputs {
 public:
  explicit Outputs(const Program& program);
  [[nodiscard]] const Datum* find(std::uint32_t instance, SlotId slot) const;
  void publish(std::uint32_t instance, SlotId slot, const Datum& value);

 private:
  enum State : std::uint8_t { empty, writing, done };
  [[nodiscard]] std::optional<std::size_t> cell(std::uint32_t instance, SlotId slot) const;

  const Program& program_;
  std::vector<std::vector<std::uint16_t>> places_;  ///< By kind: 1 + place of an output slot, 0: none.
  std::vector<std::uint16_t> counts_;               ///< By kind.
  std::vector<std::size_t> first_;                  ///< By instance.
  std::unique_ptr<Datum[]> values_;
  std::unique_ptr<std::atomic<std::uint8_t>[]> states_;
};

/// Something of the outside that the values of an instance were made from: part of its declaration.
struct ForeignRead {
  std::uint32_t instance = kAligned;  ///< kAligned: of the environment; then `slot` is a number of environment_fields.
  SlotId slot = kNoSlot;
  Datum value;
};

class Evaluator {
 public:
  /// `out` nullptr: errors are not said, only felt.
  Evaluator(const Program& program, Arena& arena, diag::Diagnostics* out) : program_(program), arena_(arena), out_(out) {}

  /// What instances read of others; set both, or evaluate nothing that reads.
  const Ladders* ladders = nullptr;
  Outputs* outputs = nullptr;
  /// What is evaluated without a frame, for messages.
  std::string_view value_label;

  /// Makes the entity (in the environment) the one whose steps, errors and reads count. The frame lives until the next.
  Frame& begin(const Entity& entity, std::uint32_t id, std::uint32_t environment);
  /// A slot of `frame`; poison where it could not be computed, absent where nobody gave it (poison is said for what must
  /// be given).
  Datum slot(Frame& frame, SlotId id, diag::Span read = {});
  /// A term in the surroundings of `frame`, or without any.
  Datum evaluate_in(Frame* frame, const Term& term);
  /// A term without surroundings: constants, and calls with constant arguments.
  Datum evaluate_alone(const Term& term);
  /// A slot of the rungs 1 to 4 whose assignments are constant.
  Datum fold_slot(const Ladder& ladder, const SlotPlan& plan, SlotId id);
  /// The assignments of the entity's own body that reach a slot, high to low.
  void own_assignments(const Frame& frame, SlotId id, std::vector<const Assignment*>& out) const;
  /// The assignments that count for a slot, high to low, from all rungs; nothing is said of conflicts.
  void winning_assignments(const Frame& frame, SlotId id, std::vector<const Assignment*>& out) const;

  /// Steps and bytes of own slots since begin().
  [[nodiscard]] std::uint64_t steps() const { return steps_; }
  [[nodiscard]] std::uint64_t bytes() const { return bytes_; }
  /// What own slots read of other instances and of the environment since begin(); sorted, each once.
  std::vector<ForeignRead> take_reads();

  // For the operations (evaluate_terms.cpp, builtins.cpp) and the checker.
  Datum evaluate(const Term& term);
  /// Gives the error and returns poison.
  Datum fail(diag::Span at, std::string_view code, const std::string& message, const std::string& label = {}, const std::string& help = {});
  [[nodiscard]] const Program& program() const { return program_; }
  [[nodiscard]] Arena& arena() { return arena_; }
  [[nodiscard]] Frame* frame() { return frame_; }
  /// Text in the arena; poison where it would burst the budget.
  Datum keep_text(std::string_view text, bool late, diag::Span at);
  /// Counts `count` steps; false, and the value is poison, where the budget is spent.
  bool step(std::uint64_t count = 1) { return (slot_steps_ += count) <= kSlotSteps; }
  [[nodiscard]] bool bytes_spent() const { return arena_.requested() - slot_bytes_ > kSlotBytes; }
  Datum over_budget(diag::Span at);
  Datum output(const Datum& reference, SlotId slot, const Term& at);
  Datum environment_field(std::uint32_t field, const Term& at);
  [[nodiscard]] Datum& local(std::uint32_t index) { return locals_[base_ + index]; }
  Datum call(const Function& function, const Term& term);
  /// A refinement's condition with `it` standing for `value`.
  Datum with_it(const Datum& value, const Term& condition);
  Datum fail_refinement(diag::Span at, const RefinementType& type, const Datum& value);
  /// Is a slot that makes edges being computed?
  [[nodiscard]] bool computes_needs() const;
  void reserve_locals(std::uint32_t count) {
    if (locals_.size() < base_ + count) locals_.resize(base_ + count);
  }

 private:
  struct Active {
    Frame* frame = nullptr;
    SlotId slot = kNoSlot;
    diag::Span read;  ///< Where the one before it asked for this.
  };

  Frame& open(const Entity& entity, std::uint32_t id, std::uint32_t environment);
  Datum compute(Frame& frame, SlotId id);
  Datum param(Frame& frame, SlotId id);
  Datum assigned(const Slot& slot, const Assignment& assignment);
  Datum shared_value(Frame& frame, SlotId id);
  Datum composite(Frame& frame, SlotId id);
  Datum gather(const Ladder& ladder, const SlotPlan& plan, SlotId id, Datum value, std::span<const Assignment* const> high_to_low);
  Datum add(const Datum& value, const Datum& more, diag::Span at);
  Datum remove(const Slot& slot, const Datum& value, const Datum& less, const Assignment& from);
  bool touches_lock(const Ladder& ladder, const SlotPlan& plan, const Assignment& above, const Datum& elements, Datum& poison);
  Frame* find_open(std::uint32_t service, std::uint32_t environment);
  Datum pinned(const Datum& value, std::uint32_t environment);
  Datum missing(Frame& frame, SlotId id);
  Datum circle(Frame& frame, SlotId slot, diag::Span at);
  [[nodiscard]] std::string value_name(const Frame& frame, SlotId slot) const;

  const Program& program_;
  Arena& arena_;
  diag::Diagnostics* out_;
  Frame* frame_ = nullptr;
  std::uint64_t steps_ = 0;
  std::uint64_t bytes_ = 0;
  std::uint64_t slot_steps_ = 0;  ///< Of the slot that is being computed, without those it reads.
  std::size_t slot_bytes_ = 0;    ///< arena_.requested() when it began, moved on by what others took.
  bool over_ = false;             ///< Its budget is spent.
  std::size_t base_ = 0;
  std::vector<Datum> locals_;
  std::vector<Active> active_;
  std::vector<std::unique_ptr<Frame>> frames_;  ///< In use; the first is the one begun, the others belong to instances read.
  std::vector<std::unique_ptr<Frame>> spare_;
  std::size_t foreign_ = 0;  ///< Depth of computing for other instances: errors are theirs to say.
  std::vector<ForeignRead> reads_;
};

/// Text of a value where text is built from it: `"\(x)"`. Lists, maps, records and secrets have none.
void append_text(std::string& out, const Datum& value, const Program& program);
/// May two values be added, and so on: the arithmetic of one type. Nothing where the result does not fit.
std::optional<std::int64_t> arithmetic(Op op, Tag left, std::int64_t a, Tag right, std::int64_t b);

}  // namespace muster::lang
