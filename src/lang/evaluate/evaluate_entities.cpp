// Entities that live in no environment: all their slots, once.
#include "lang/evaluate/evaluate_entities.hpp"

#include "lang/check/check.hpp"
#include "lang/evaluate/requires.hpp"

namespace muster::lang {
namespace {

// Each may read what stands before it.
constexpr EntityWord kOrder[] = {EntityWord::fleet, EntityWord::team,     EntityWord::target, EntityWord::repository,
                                 EntityWord::forge, EntityWord::registry, EntityWord::image,  EntityWord::environment,
                                 EntityWord::group, EntityWord::freeze};

void evaluate_entity(Program& program, Ladders& ladders, Entity& entity, std::uint32_t id, diag::Diagnostics& out) {
  if (entity.kind_unknown || entity.kind == kNoKind || program.kind_of(entity).poison != nullptr) return;
  const Ladder& ladder = ladders.of(entity.kind, kAligned, out);
  Evaluator run(program, program.arena, &out);
  run.ladders = &ladders;
  Frame& frame = run.begin(entity, id, kAligned);
  const Cause* poison = ladder.poisons.front();
  const std::size_t count = frame.kind->shape.slots.size();
  for (std::uint32_t i = 0; i < count; ++i) {
    const Datum value = run.slot(frame, SlotId{i});
    if (value.poisoned() && poison == nullptr) poison = &value.cause();
  }
  if (poison == nullptr) poison = check_requires(run, frame, out);
  entity.values = program.arena.copy(std::span<const Datum>(frame.values));
  if (entity.poison == nullptr) entity.poison = poison;
  if (entity.poison == nullptr && !entity.body.poisons.empty()) entity.poison = entity.body.poisons.front().cause;
}

}  // namespace

void evaluate_entities(Program& program, Ladders& ladders, diag::Diagnostics& out) {
  for (const EntityWord word : kOrder) {
    std::vector<Entity>& all = program.table(word).all;
    for (std::uint32_t i = 0; i < all.size(); ++i) {
      const std::size_t before = out.errors();
      evaluate_entity(program, ladders, all[i], i, out);
      if ((all[i].poison != nullptr || out.errors() != before) && is_barrier_word(word)) program.barrier = true;
    }
  }
  for (const Entity& environment : program.table(EntityWord::environment).all) {
    const SlotId slot = program.kind_of(environment).shape.find("target");
    const bool known = !environment.values.empty() && slot != kNoSlot && environment.values[number(slot)].is(Tag::entity);
    program.environment_targets.push_back(known ? static_cast<std::uint32_t>(environment.values[number(slot)].number) : kAligned);
  }
}

}  // namespace muster::lang
