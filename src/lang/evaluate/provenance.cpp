// Provenance: where a value came from, what it shadows, and what it was computed from. Nothing is kept for this while a
// fleet is compiled: the assignments are all there, and are asked again.
#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "lang/evaluate/evaluate.hpp"
#include "lang/state.hpp"
#include "lang/text_forms.hpp"
#include "muster/diag/suggest.hpp"

namespace muster::lang {
namespace {

constexpr unsigned kDeepest = 8;

std::string_view scope_word(ScopeKind kind) {
  return kind == ScopeKind::plain ? "plain" : (kind == ScopeKind::group ? "group" : "environment");
}

std::string shadowed_by(const Assignment& hidden, const Assignment& winner) {
  if (hidden.rung != winner.rung) return "shadowed: lower rung";
  if (hidden.depth != winner.depth) return "shadowed: base < derived";
  return fmt::format("shadowed: {} < {}", scope_word(hidden.scope.kind), scope_word(winner.scope.kind));
}

/// Follows values to what they were computed from.
class Tracer {
 public:
  Tracer(const Program& program, const Ladders& ladders, Arena& arena, std::vector<ProvenanceLine>& out)
      : program_(program), ladders_(ladders), arena_(arena), out_(out) {}

  void trace(std::uint32_t service, std::uint32_t environment, SlotId slot, std::string_view key, unsigned depth) {
    const Entity& entity = program_.table(EntityWord::service).all[service];
    const Slot& one = program_.kind_of(entity).shape[slot];
    std::string name =
        fmt::format("{}.{}{}{}@{}", entity.name, one.path, key.empty() ? "" : ".", key, program_.environment_name(environment));
    if (depth > kDeepest || !seen_.insert(name).second) return;
    Evaluator run(program_, arena_, nullptr);
    run.ladders = &ladders_;
    Frame& frame = run.begin(entity, service, environment);
    const Term* winner = nullptr;
    if (const SlotId absent = absent_record(run, frame, slot); absent != kNoSlot) {
      param(run, frame, absent, {}, depth, name);
      return;
    }
    if (one.composite) {
      for (std::uint32_t i = 0; i < one.children; ++i) trace(service, environment, SlotId{one.first_child + i}, {}, depth);
      return;
    }
    if (one.role == SlotRole::param) {
      winner = param(run, frame, slot, key, depth, name);
    } else if (one.initial != nullptr) {
      const Kind& by = program_.kind(one.declared_by);
      add(depth, name, language_text(run.slot(frame, slot), program_), one.initial->span,
          fmt::format("{} of {}", one.role == SlotRole::output ? "output" : "let", by.qualified), "computed");
      winner = one.initial;
    }
    if (winner == nullptr) return;
    const Datum whole = run.evaluate_in(&frame, *winner);
    if (const Datum* value = part(whole, key)) named_image(*value, depth + 1);
    inputs(run, frame, of_key(*winner, key), service, environment, depth + 1);
  }

 private:
  /// The rule of a named image stands at the image.
  void named_image(const Datum& value, unsigned depth) {
    if (!value.is(Tag::entity) || static_cast<EntityWord>(value.small) != EntityWord::image) return;
    const Entity& entity = program_.table(EntityWord::image).all[static_cast<std::size_t>(value.number)];
    const SlotId slot = program_.kind_of(entity).shape.find("reference");
    if (entity.values.empty() || slot == kNoSlot) return;
    diag::Span at = entity.span;
    for (const Assignment& one : entity.body.assignments) {
      if (one.slot == slot && one.value != nullptr) at = one.value->span;
    }
    add(depth, fmt::format("{}.reference", entity.name), language_text(entity.values[number(slot)], program_), at,
        fmt::format("image {}", entity.name), "read");
  }

  /// The optional record, `slot` itself or one around it, that is not there.
  [[nodiscard]] SlotId absent_record(Evaluator& run, Frame& frame, SlotId slot) const {
    const Shape& shape = frame.kind->shape;
    for (SlotId id = slot; id != kNoSlot; id = shape[id].parent) {
      if (shape[id].composite && shape[id].role == SlotRole::param && program_.types.is_optional(shape[id].type) &&
          run.slot(frame, id).is(Tag::none))
        return id;
    }
    return kNoSlot;
  }

  /// Of an optional record a ladder says whether it is there; what is in it stands in the ladders of its fields.
  [[nodiscard]] std::string said(const Slot& slot, const Datum& value) const {
    if (!slot.composite) return language_text(value, program_);
    return value.is(Tag::boolean) && value.truth() ? "{ … }" : "none";
  }

  void add(unsigned depth, const std::string& name, std::string value, diag::Span span, std::string place, std::string verdict) {
    const bool library =
        span.known() && static_cast<std::size_t>(span.source) < program_.files.size() && program_.file_of(span.source).library;
    out_.push_back({depth, name, std::move(value), span, std::move(place), std::move(verdict), library});
  }

  /// What the value of one key was made from, where the map is written out.
  [[nodiscard]] static const Term& of_key(const Term& term, std::string_view key) {
    if (key.empty() || term.op != Op::map) return term;
    for (std::size_t i = 0; i + 1 < term.kids.size(); i += 2) {
      if (term.kid(i).constant() && term.kid(i).value.is(Tag::text) && term.kid(i).value.text() == key) return term.kid(i + 1);
    }
    return term;
  }

  /// Of a map, the part of one key.
  [[nodiscard]] static const Datum* part(const Datum& value, std::string_view key) {
    if (key.empty()) return &value;
    return value.is(Tag::map) ? find(value, key) : nullptr;
  }

  const Term* param(Evaluator& run, Frame& frame, SlotId id, std::string_view key, unsigned depth, const std::string& name) {
    const Slot& slot = frame.kind->shape[id];
    std::vector<const Assignment*> all;
    run.own_assignments(frame, id, all);
    const auto shared = shared_assignments(program_, frame.entity->kind, frame.entity->owner, id, frame.environment);
    all.insert(all.end(), shared.begin(), shared.end());
    const Term* winner = nullptr;
    const Assignment* hider = nullptr;
    bool decided = false;
    const Assignment* before = nullptr;
    for (const Assignment* one : all) {
      // Every leaf that is set says of its record that it is there; once a place is enough.
      const bool again =
          before != nullptr && one->form == Form::presence && before->form == Form::presence && one->place() == before->place();
      before = one;
      if (again) continue;
      const Term* term = one->form == Form::reset ? slot.initial : one->value;
      const Datum whole = term == nullptr ? Datum() : run.evaluate_in(&frame, *term);
      const Datum* value = part(whole, key);
      const bool sets = one->op == syntax::Assign::set;
      // Of a key, what does not speak of it only counts when it hides what does.
      if (value == nullptr && !sets) continue;
      std::string verdict = one->op == syntax::Assign::add ? "adds" : (sets ? "wins" : "takes away");
      if (!key.empty() && one->op == syntax::Assign::add) verdict = "wins";
      if (decided) verdict = shadowed_by(*one, *hider);
      if (!decided && winner == nullptr) winner = term;
      add(depth, name, value == nullptr ? "(no such key)" : said(slot, *value), term == nullptr ? one->span : term->span,
          place_text(program_, *one), verdict);
      if (!decided && (sets || (!key.empty() && one->op == syntax::Assign::add))) {
        decided = true;
        hider = one;
      }
    }
    if (slot.initial != nullptr) {
      const Datum whole = run.evaluate_in(&frame, *slot.initial);
      const Datum* value = part(whole, key);
      if (value != nullptr) add(depth, name, said(slot, *value), slot.initial->span, "schema default", decided ? "shadowed" : "wins");
      if (!decided && winner == nullptr) winner = slot.initial;
    }
    return winner;
  }

  /// What a term reads, through lets and functions: params, and outputs of others.
  void inputs(Evaluator& run, Frame& frame, const Term& term, std::uint32_t service, std::uint32_t environment, unsigned depth) {
    if (term.op == Op::slot) return trace(service, environment, SlotId{term.index}, {}, depth);
    if (term.op == Op::environment) {
      const EnvironmentField& field = program_.environment_fields[term.index];
      const Entity& entity = program_.table(EntityWord::environment).all[environment];
      const SlotId slot = field.slots[environment];
      if (slot == kNoSlot || entity.values.empty()) return;
      diag::Span at = program_.kind_of(entity).shape[slot].span;
      for (const Assignment& one : entity.body.assignments) {
        if (one.slot == slot && one.value != nullptr) at = one.value->span;
      }
      add(depth, fmt::format("environment.{}", field.name), language_text(entity.values[number(slot)], program_), at,
          fmt::format("environment {}", entity.name), "read");
      return;
    }
    if (term.op == Op::output) {
      const Datum reference = run.evaluate_in(&frame, term.kid(0));
      if (reference.is(Tag::service)) {
        const std::uint32_t there = reference.size == kAligned ? environment : reference.size;
        const auto other = static_cast<std::uint32_t>(reference.number);
        if (program_.exists(other, there)) trace(other, there, SlotId{term.index}, {}, depth);
      }
    }
    for (const Term* kid : term.kids) {
      if (kid != nullptr) inputs(run, frame, *kid, service, environment, depth);
    }
  }

  const Program& program_;
  const Ladders& ladders_;
  Arena& arena_;
  std::vector<ProvenanceLine>& out_;
  std::set<std::string> seen_;
};

std::optional<std::uint32_t> find_service(const Program& program, std::string_view name) {
  const EntityTable& services = program.table(EntityWord::service);
  if (const auto found = services.names.find(name)) return found;
  for (std::uint32_t i = 0; i < services.all.size(); ++i) {
    const auto& old = services.all[i].renamed_from;
    if (std::find(old.begin(), old.end(), name) != old.end()) return i;
  }
  return std::nullopt;
}

std::string unknown(std::string_view what, std::string_view name, const std::vector<std::string_view>& legal) {
  const std::string help = diag::did_you_mean(name, legal);
  return fmt::format("no {} is called `{}`{}{}", what, name, help.empty() ? "" : "; ", help);
}

std::vector<std::string_view> names_of(const EntityTable& table) {
  std::vector<std::string_view> names;
  for (const Entity& one : table.all) names.push_back(one.name);
  return names;
}

}  // namespace

std::optional<std::vector<ProvenanceLine>> Compilation::why(std::string_view service, std::string_view environment, std::string_view path,
                                                            std::string& error) const {
  const Program& program = state_->program;
  const auto id = find_service(program, service);
  if (!id) {
    error = unknown("service", service, names_of(program.table(EntityWord::service)));
    return std::nullopt;
  }
  const auto in = program.table(EntityWord::environment).names.find(environment);
  if (!in) {
    error = unknown("environment", environment, names_of(program.table(EntityWord::environment)));
    return std::nullopt;
  }
  const Entity& entity = program.table(EntityWord::service).all[*id];
  if (!program.exists(*id, *in)) {
    error = fmt::format("`{}` does not exist in environment `{}`", entity.name, environment);
    return std::nullopt;
  }
  const Shape& shape = program.kind_of(entity).shape;
  // The longest beginning of the path that is a slot; the rest is the key of a map.
  std::string_view slot_path = path;
  SlotId slot = shape.find_path(slot_path);
  while (slot == kNoSlot && slot_path.rfind('.') != std::string_view::npos) {
    slot_path = slot_path.substr(0, slot_path.rfind('.'));
    slot = shape.find_path(slot_path);
  }
  if (slot == kNoSlot || entity.kind_unknown) {
    std::vector<std::string_view> legal;
    for (const Slot& one : shape.slots) {
      if (one.parent == kNoSlot) legal.push_back(one.path);
    }
    const std::string help = diag::did_you_mean(path, legal);
    error = fmt::format("`{}` has no field `{}`{}{}", entity.name, path, help.empty() ? "" : "; ", help);
    return std::nullopt;
  }
  const std::string_view key = slot_path.size() == path.size() ? std::string_view() : path.substr(slot_path.size() + 1);
  std::vector<ProvenanceLine> lines;
  Arena arena;
  Tracer(program, state_->ladders, arena, lines).trace(*id, *in, slot, key, 0);
  if (!key.empty() && lines.empty()) {
    error = fmt::format("`{}` has no key `{}` in `{}`", entity.name, key, slot_path);
    return std::nullopt;
  }
  return lines;
}

}  // namespace muster::lang
