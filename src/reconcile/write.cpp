#include "reconcile/write.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "muster/record/standing.hpp"
#include "reconcile/jobs.hpp"

namespace muster::reconcile {
namespace {

constexpr int kAttempts = 3;  // At one object that somebody else keeps changing.
constexpr std::string_view kSuperseded = "the branch moved on";

/// One instance's objects on their way into the target.
struct Part {
  const Walk& walk;
  Run& run;
  const InstanceState& state;
  const EnvironmentState& environment;
  const TargetState& target;
  const std::vector<const ObjectPlan*>& objects;
  bool whole;
  target::Stamp under = environment.stamp_at_tip();
  std::map<manifest::ObjectId, manifest::Object> contents{};
  std::map<manifest::ObjectId, target::Live> written{};
  std::set<manifest::ObjectId> gone{};
  std::optional<Failure> survivor{};  ///< Of a prune; the others are pruned all the same.
};

bool is_prune(const ObjectPlan& object) { return object.action == Action::prune && object.held.empty(); }

Result<void> check_interrupted(const Part& part) {
  if (!interrupted(part.walk, part.run)) return {};
  return retry(Reason::cancelled, std::string(kSuperseded));
}

/// What is sent is what stands at the tip, and has the digest that the plan was made for.
Result<void> read_contents(Part& part) {
  if (std::none_of(part.objects.begin(), part.objects.end(), [](const auto* object) { return object->write; })) return {};
  const auto folder = git::Oid::parse(part.state.folder);
  if (!folder) return stalled(Reason::internal, fmt::format("{} has no folder at {}", part.state.key.text(), part.environment.tip));
  MUSTER_TRY(auto objects, record::read_objects(*part.environment.repository, *folder, part.state.key.service));
  for (auto& object : objects.objects) {
    const auto id = object.id;
    part.contents.emplace(id, std::move(object));
  }
  for (const auto* object : part.objects) {
    if (!object->write) continue;
    const auto found = part.contents.find(object->id);
    if (found == part.contents.end() || manifest::digest(found->second) != object->desired) {
      return stalled(Reason::internal, fmt::format("{} is not as the plan has it", object->id.text()));
    }
  }
  return {};
}

void count_repair(target::InventoryEntry& entry, Instant now) {
  entry.repairs.push_back(now);
  if (entry.repairs.size() > kRepairs) entry.repairs.erase(entry.repairs.begin());
}

/// A run that is about to start stands in the inventory before its object does.
void intend_job(Part& part, target::Inventory& inventory) {
  const auto* last = last_run(part.walk.observation, part.state);
  if (last != nullptr && !inventory.job) inventory.job = *last;  // The service had another name then.
  const bool starts =
      std::any_of(part.objects.begin(), part.objects.end(), [](const auto* object) { return object->action == Action::run; });
  if (!starts) return;
  target::JobRun run;
  if (inventory.job) run.completed = inventory.job->completed;
  run.state = target::JobRun::State::running;
  run.bundle = run_name(part.state);
  run.resume = part.state.resume;
  run.at = part.walk.world.clock.now();
  inventory.job = std::move(run);
}

/// Everything that will be ours stands in the inventory before it is created, with the digest it will have. What may be
/// ours is in it from its first writing on, for that ends the search for what a lost inventory named.
Result<void> intend(Part& part) {
  return part.walk.book.change(part.run.index, [&](target::Inventory& inventory) {
    for (const auto* object : part.objects) {
      if (object->action == Action::take) {
        auto& entry = entry_for(inventory, object->id);
        entry.leftover = false;
        entry.uid = object->expected ? object->expected->uid : "";
        entry.applied = object->live.value_or(Digest());
      } else if (object->action == Action::adopt || object->action == Action::create || object->action == Action::run) {
        auto& entry = entry_for(inventory, object->id);
        entry.leftover = false;
        // What is made anew has another uid than what stood there before, and nobody knows it until it is confirmed.
        if (object->action != Action::adopt) entry.uid.clear();
        if (entry.uid.empty() && object->desired) entry.applied = *object->desired;
      } else if (object->action == Action::leftover && find_entry(inventory, object->id) == nullptr) {
        auto& entry = entry_for(inventory, object->id);
        entry.leftover = true;
        entry.applied = object->live.value_or(Digest());
      }
      if (object->repair) count_repair(entry_for(inventory, object->id), part.walk.observation.now);
    }
    intend_job(part, inventory);
  });
}

/// What another inventory had leaves it, now that ours has it.
Result<void> take_over(Part& part) {
  std::map<std::size_t, std::vector<manifest::ObjectId>> taken;
  for (const auto* object : part.objects) {
    if (object->action != Action::take) continue;
    const auto other = InstanceKey::parse(object->other);
    const auto* plan = other ? part.walk.plan.find(*other) : nullptr;
    if (plan != nullptr) taken[static_cast<std::size_t>(plan - part.walk.plan.instances.data())].push_back(object->id);
  }
  for (const auto& [instance, ids] : taken) {
    MUSTER_CHECK(part.walk.book.change(instance, [&ids = ids](target::Inventory& inventory) {
      std::erase_if(inventory.entries, [&](const auto& entry) { return std::find(ids.begin(), ids.end(), entry.id) != ids.end(); });
    }));
  }
  return {};
}

/// What stands there now, if it is still the object we know by its uid; nullopt inside: nothing stands there.
Result<std::optional<target::Precondition>> look_again(target::Target& target, const manifest::ObjectId& id,
                                                       const target::Precondition& known, const Failure& conflict) {
  const std::vector<manifest::ObjectId> ids{id};
  MUSTER_TRY(const auto live, target.observe(ids));
  if (live.empty()) return std::optional<target::Precondition>();
  if (known.uid.empty() || live.front().uid != known.uid) return conflict;
  return std::optional(target::Precondition{live.front().uid, live.front().version});
}

/// Somebody may change the object between our look and our write; it stays ours as long as its uid does.
Result<target::Live> apply_object(const Part& part, const manifest::Object& content, std::optional<target::Precondition> expected) {
  auto& target = *part.target.target;
  for (int attempt = 1;; ++attempt) {
    auto applied = target.apply(part.under, content, expected);
    if (applied.ok() || applied.failure().reason != Reason::conflict || !expected || attempt == kAttempts) return applied;
    MUSTER_TRY(expected, look_again(target, content.id, *expected, applied.failure()));
  }
}

Result<void> remove_object(const Part& part, const manifest::ObjectId& id, std::optional<target::Precondition> expected) {
  auto& target = *part.target.target;
  for (int attempt = 1;; ++attempt) {
    if (!expected) return {};
    auto removed = target.remove(part.under, id, *expected);
    if (removed.ok() || removed.failure().reason != Reason::conflict || attempt == kAttempts) return removed;
    MUSTER_TRY(expected, look_again(target, id, *expected, removed.failure()));
  }
}

void count(Outcome& outcome, const ObjectPlan& object) {
  switch (object.action) {
    case Action::create:
    case Action::run: ++outcome.created; break;
    case Action::change: ++outcome.changed; break;
    case Action::adopt:
    case Action::take: ++outcome.adopted; break;
    default: break;
  }
  if (object.repair) ++outcome.repaired;
}

Result<void> apply_objects(Part& part) {
  for (const auto* object : part.objects) {
    if (object->action == Action::adopt && !object->write) count(part.run.outcome, *object);
    if (object->action == Action::take && !object->write) count(part.run.outcome, *object);
    if (!object->write) continue;
    MUSTER_CHECK(check_interrupted(part));
    auto expected = object->expected;
    if (object->action == Action::run && expected) {
      // A job's object cannot be changed: a new run is a new object.
      MUSTER_CHECK(with_context(remove_object(part, object->id, expected), fmt::format("deleting {}", object->id.text())));
      expected.reset();
    }
    auto live = apply_object(part, part.contents.at(object->id), expected);
    if (!live.ok()) return std::move(live).failure().with_context(fmt::format("applying {}", object->id.text()));
    part.written.emplace(object->id, std::move(live).value());
    count(part.run.outcome, *object);
    send(part.walk, part.run, Event::Kind::applied, object->id.text());
  }
  return {};
}

/// What was gone when the pass looked may have been made since by one that this pass's stamp then overtook.
Result<void> forget_objects(Part& part) {
  std::vector<manifest::ObjectId> gone;
  for (const auto* object : part.objects) {
    if (object->action != Action::forget) continue;
    part.gone.insert(object->id);
    if (!object->live && object->other.empty()) gone.push_back(object->id);
  }
  if (gone.empty()) return {};
  MUSTER_TRY(const auto live, part.target.target->observe(gone));
  for (const auto& object : live) part.gone.erase(object.id);
  if (!live.empty()) part.survivor = retry(Reason::conflict, fmt::format("{} appeared since it was looked at", live.front().id.text()));
  return {};
}

Result<void> prune_objects(Part& part) {
  for (const auto* object : part.objects) {
    if (!is_prune(*object)) continue;
    MUSTER_CHECK(check_interrupted(part));
    auto removed = remove_object(part, object->id, object->expected);
    if (!removed.ok()) {
      if (!part.survivor) part.survivor = std::move(removed).failure().with_context(fmt::format("pruning {}", object->id.text()));
      continue;
    }
    part.gone.insert(object->id);
    ++part.run.outcome.pruned;
    send(part.walk, part.run, Event::Kind::pruned, object->id.text());
  }
  return {};
}

/// What is certain now, whether or not everything went well: uids of what was written, and what is gone.
void confirm(const Part& part, target::Inventory& inventory) {
  for (const auto* object : part.objects) {
    if (const auto live = part.written.find(object->id); live != part.written.end()) {
      auto& entry = entry_for(inventory, object->id);
      entry.uid = live->second.uid;
      entry.applied = *object->desired;
    } else if (!object->write && object->desired && object->live == object->desired && object->action != Action::refuse &&
               object->action != Action::conflict) {
      // It stands as the descriptor says already.
      if (object->action == Action::adopt) entry_for(inventory, object->id).uid = object->expected->uid;
      if (auto* entry = find_entry(inventory, object->id)) entry->applied = *object->desired;
    }
  }
  std::erase_if(inventory.entries, [&](const auto& entry) { return part.gone.contains(entry.id); });
}

Result<void> book(Part& part, bool complete) {
  return part.walk.book.change(part.run.index, [&](target::Inventory& inventory) {
    confirm(part, inventory);
    if (!complete || !part.state.stands) return;
    if (inventory.objects != part.state.objects) inventory.record = part.environment.tip;
    inventory.objects = part.state.objects;
  });
}

struct Step {
  std::string_view name;
  Result<void> (*run)(Part&);
};
constexpr Step kSteps[] = {{"read", read_contents},  {"intend", intend},         {"take over", take_over},
                           {"apply", apply_objects}, {"forget", forget_objects}, {"prune", prune_objects}};

Result<void> run_steps(Part& part) {
  for (const auto& step : kSteps) MUSTER_CHECK(step.run(part));
  if (part.survivor) return *part.survivor;
  return {};
}

}  // namespace

Result<void> write_objects(const Walk& walk, Run& run, const std::vector<const ObjectPlan*>& objects, bool whole) {
  const auto& state = walk.observation.instances[run.index];
  const auto& environment = walk.observation.environments[state.environment];
  Part part{walk, run, state, environment, walk.observation.targets[*environment.target], objects, whole};
  auto done = run_steps(part);
  auto booked = book(part, done.ok() && whole);
  if (!done.ok()) return done;
  return booked;
}

}  // namespace muster::reconcile
