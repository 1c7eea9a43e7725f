#include "lang/lower/declaration.hpp"

#include <algorithm>

#include "lang/text_forms.hpp"
#include "muster/base/digest.hpp"
#include "muster/model/patch.hpp"

namespace muster::lang {
namespace {

/// Inputs of their own, and what only governs records. An image is one, however the fleet says it: the objects hold its
/// placeholder, and its rule, tag and digest are recorded with the input. So a literal that becomes a `watch` moves no
/// declaration; what the new rule selects is compared by digest, and only another digest moves. `build` makes an image's
/// value, and what that is made of is in the image's tag (model::Build::declaration).
constexpr std::string_view kElsewhere[] = {"owner",    "repo",         "path",      "branches", "only",   "except", "needs",
                                           "together", "renamed_from", "namespace", "image",    "images", "build",  "gate"};

bool stands_elsewhere(const Slot& slot) {
  const std::string_view top = slot.path.substr(0, slot.path.find('.'));
  return std::find(std::begin(kElsewhere), std::end(kElsewhere), top) != std::end(kElsewhere);
}

void append_member(std::string& out, std::string_view key, const Datum& value, const Program& program) {
  append_json_string(out, key);
  out.push_back(':');
  append_canonical(out, value, program);
}

std::string patch_json(const model::Patch& patch) {
  Array operations;
  for (const model::PatchOperation& one : patch.operations) {
    Object operation{{"kind", std::int64_t{static_cast<int>(one.kind)}}, {"path", model::path_text(one.path)}};
    if (!one.drop) operation.append("value", one.value);
    operations.emplace_back(std::move(operation));
  }
  return to_canonical_json(Object{{"kind", patch.kind}, {"name", patch.name}, {"operations", std::move(operations)}});
}

void write_fields(std::string& out, Evaluator& run, Frame& frame, const DeclarationPlans& plans) {
  // The entity's own slots among those that the plan has, in order of their paths.
  std::vector<std::pair<std::uint32_t, SlotId>> own;
  const std::vector<Assignment>& assignments = frame.entity->body.assignments;
  const KindId kind = frame.entity->kind;
  for (std::size_t i = 0; i < assignments.size(); ++i) {
    const SlotId slot = assignments[i].slot;
    const std::uint32_t rank = plans.rank(kind, slot);
    if (frame.own[number(slot)] == i + 1 && rank != kAligned) own.emplace_back(rank, slot);
  }
  std::sort(own.begin(), own.end());
  const std::vector<DeclarationPlan::Part>& shared = plans.of(*frame.ladder, frame.environment).parts;
  std::size_t next = 0;
  bool first = true;
  const auto comma = [&] {
    if (!std::exchange(first, false)) out.push_back(',');
  };
  const auto write = [&](SlotId slot) {
    const Datum value = run.slot(frame, slot);
    if (value.is(Tag::none) && frame.kind->shape[slot].parent != kNoSlot) return;
    comma();
    append_member(out, frame.kind->shape[slot].path, value, run.program());
  };
  for (const DeclarationPlan::Part& part : shared) {
    for (; next < own.size() && own[next].first < part.rank; ++next) write(own[next].second);
    if (next < own.size() && own[next].first == part.rank) {
      write(own[next++].second);
    } else if (part.text.empty()) {
      write(part.slot);
    } else {
      comma();
      out.append(part.text);
    }
  }
  for (; next < own.size(); ++next) write(own[next].second);
}

void write_reads(std::string& out, const Program& program, const Frame& frame, const std::vector<ForeignRead>& reads) {
  std::vector<std::pair<std::string, const Datum*>> named;
  named.reserve(reads.size());
  const Datum* space = nullptr;
  const SlotId namespace_slot = frame.kind->shape.find("namespace");
  if (namespace_slot != kNoSlot) space = &frame.values[number(namespace_slot)];
  for (const ForeignRead& one : reads) {
    std::string name;
    // The namespace stands in the declaration anyway.
    const bool is_space = one.instance == kAligned && program.environment_fields[number(one.slot)].name == "namespace";
    if (is_space && space != nullptr && equal(*space, one.value)) continue;
    if (one.instance == kAligned) {
      name.append("environment.").append(program.environment_fields[number(one.slot)].name);
    } else {
      const auto [service, environment] = program.instances[one.instance];
      const Entity& entity = program.table(EntityWord::service).all[service];
      name.append(entity.name);
      if (environment != frame.environment) name.append("@").append(program.environment_name(environment));
      name.append(".").append(program.kind_of(entity).shape[one.slot].name);
    }
    named.emplace_back(std::move(name), &one.value);
  }
  std::sort(named.begin(), named.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
  for (std::size_t i = 0; i < named.size(); ++i) {
    out.append(i == 0 ? ",\"reads\":{" : ",");
    append_member(out, named[i].first, *named[i].second, program);
  }
  if (!named.empty()) out.push_back('}');
}

}  // namespace

DeclarationPlans::DeclarationPlans(const Program& program, const Ladders& ladders) {
  for (const Kind& kind : program.kinds) {
    std::vector<std::uint32_t>& ranks = ranks_.emplace_back(kind.shape.slots.size(), kAligned);
    std::vector<SlotId>& outputs = outputs_.emplace_back();
    if (kind.word != EntityWord::service) continue;
    std::vector<SlotId> order;
    for (std::uint32_t i = 0; i < kind.shape.slots.size(); ++i) {
      const Slot& slot = kind.shape.slots[i];
      if (slot.role == SlotRole::output && !slot.library) outputs.push_back(SlotId{i});
      if (slot.role == SlotRole::param && !slot.composite && !stands_elsewhere(slot)) order.push_back(SlotId{i});
    }
    const auto by_path = [&](SlotId a, SlotId b) { return kind.shape[a].path < kind.shape[b].path; };
    std::sort(order.begin(), order.end(), by_path);
    std::sort(outputs.begin(), outputs.end(), by_path);
    for (std::uint32_t i = 0; i < order.size(); ++i) ranks[number(order[i])] = i;
  }
  for (const Ladder* ladder : ladders.all()) {
    const Kind& kind = program.kind(ladder->kind);
    if (kind.word != EntityWord::service) continue;
    for (std::uint32_t environment = 0; environment < ladder->plans.size(); ++environment) {
      DeclarationPlan& plan = plans_[{ladder, environment}];
      for (std::uint32_t i = 0; i < kind.shape.slots.size(); ++i) {
        const std::uint32_t rank = ranks_[number(ladder->kind)][i];
        if (rank == kAligned) continue;
        const SlotPlan& slot = ladder->plans[environment][i];
        const auto active = ladder->of(slot);
        const bool said =
            std::any_of(active.begin(), active.end(), [&](const Assignment* one) { return !program.file_of(one->span.source).library; });
        if (!said && kind.shape.slots[i].library) continue;
        DeclarationPlan::Part& part = plan.parts.emplace_back();
        part.rank = rank;
        part.slot = SlotId{i};
        if (slot.constant && !slot.value.poisoned()) append_member(part.text, kind.shape.slots[i].path, slot.value, program);
      }
      std::sort(plan.parts.begin(), plan.parts.end(), [](const auto& a, const auto& b) { return a.rank < b.rank; });
    }
  }
}

const DeclarationPlan& DeclarationPlans::of(const Ladder& ladder, std::uint32_t environment) const {
  return plans_.at({&ladder, environment});
}

void write_declaration(std::string& out, Evaluator& run, Frame& frame, std::uint32_t instance, const DeclarationPlans& plans,
                       const DeclarationParts& parts, const std::vector<ForeignRead>& reads) {
  const Program& program = run.program();
  out.append("{\"edges\":[");
  bool first = true;
  for (const Edge& edge : program.edges[instance]) {
    const auto [service, environment] = program.instances[edge.instance];
    if (!std::exchange(first, false)) out.push_back(',');
    out.push_back('"');
    out.append(program.table(EntityWord::service).all[service].name);
    if (environment != frame.environment) out.append("@").append(program.environment_name(environment));
    out.push_back('"');
  }
  out.append("],\"fields\":{");
  write_fields(out, run, frame, plans);
  out.append("},\"kind\":");
  append_json_string(out, frame.kind->qualified);
  const auto named = [&](std::string_view key) {
    const SlotId slot = frame.kind->shape.find(key);
    out.append(",\"").append(key).append("\":");
    append_canonical(out, run.slot(frame, slot), program);
  };
  named("name");
  named("namespace");
  if (!parts.objects.empty()) {
    // Their digest alone: the objects themselves are kept beside the declaration.
    Hasher hasher;
    for (const Value* object : parts.objects) hasher.add(to_canonical_json(*object));
    out.append(",\"objects\":\"").append(hasher.finish().text()).append("\"");
  }
  if (const std::vector<SlotId>& outputs = plans.own_outputs(frame.entity->kind); !outputs.empty()) {
    out.append(",\"outputs\":{");
    for (std::size_t i = 0; i < outputs.size(); ++i) {
      if (i != 0) out.push_back(',');
      append_member(out, frame.kind->shape[outputs[i]].name, run.slot(frame, outputs[i]), program);
    }
    out.push_back('}');
  }
  if (!parts.patches.empty()) {
    out.append(",\"patches\":[");
    for (std::size_t i = 0; i < parts.patches.size(); ++i) {
      if (i != 0) out.push_back(',');
      out.append(patch_json(parts.patches[i]));
    }
    out.push_back(']');
  }
  write_reads(out, program, frame, reads);
  out.push_back('}');
}

}  // namespace muster::lang
