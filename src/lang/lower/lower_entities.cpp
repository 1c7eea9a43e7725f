// Everything but instances: from evaluated fields to plain data, and what must hold between entities.
#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "lang/check/check.hpp"
#include "lang/lower/fields.hpp"
#include "lang/lower/images.hpp"
#include "lang/lower/lower.hpp"
#include "lang/lower/repositories.hpp"
#include "lang/quantities.hpp"
#include "lang/text_forms.hpp"
#include "muster/base/text.hpp"

namespace muster::lang {
namespace {

bool is_enum(const Program& program, const Datum& value, std::string_view member) {
  return value.is(Tag::enumeration) && program.types.enum_at(value.small).members[value.size] == member;
}

std::optional<std::string> optional_text(const Datum& value) {
  return value.is(Tag::text) ? std::optional(std::string(value.text())) : std::nullopt;
}

/// All evaluated params as data.
Value settings(const Program& program, const Entity& entity) {
  Object object;
  const Shape& shape = program.kind_of(entity).shape;
  for (std::size_t i = 0; i < shape.slots.size() && i < entity.values.size(); ++i) {
    const Slot& slot = shape.slots[i];
    const Datum& value = entity.values[i];
    if (slot.parent != kNoSlot || slot.role != SlotRole::param || value.is(Tag::none) || value.is(Tag::absent) || value.is(Tag::secret))
      continue;
    object.append(std::string(slot.name), object_value(value, program));
  }
  return object;
}

model::Budget lower_budget(const EntityFields& fields) {
  model::Budget budget;
  if (const Datum deletions = fields["budget.deletions"]; deletions.is(Tag::integer)) budget.deletions = static_cast<int>(deletions.number);
  if (const Datum changes = fields["budget.changes"]; changes.is(Tag::percent))
    budget.changes = static_cast<int>(changes.number / kMillion);
  return budget;
}

/// A chain of `from` must end at a branch.
void check_from_chain(Program& program, const Entity& start, diag::Diagnostics& out) {
  const Entity* at = &start;
  for (std::size_t steps = 0; steps <= program.environment_count(); ++steps) {
    const Datum from = EntityFields(program, *at)["from"];
    if (!from.is(Tag::entity)) return;
    at = &program.table(EntityWord::environment).all[static_cast<std::size_t>(from.number)];
    if (at != &start) {
      // The circle is told once, at the first of its names.
      if (at->name < start.name) return;
      continue;
    }
    out.error(EntityFields(program, start).place("from"), "F0312", "environment `{}` follows itself, so nothing ever enters it", start.name)
        .label("this closes the circle")
        .help("one environment of the chain has a `branch`");
    program.barrier = true;
    return;
  }
}

void lower_environments(Program& program, model::Fleet& fleet, diag::Diagnostics& out) {
  for (const Entity& entity : program.table(EntityWord::environment).all) {
    model::Environment& made = fleet.environments.emplace_back();
    made.id = model::EnvironmentId{static_cast<std::uint32_t>(fleet.environments.size() - 1)};
    made.name = entity.name;
    made.span = entity.span;
    made.kinds = kind_chain(program, program.kind_of(entity));
    for (const std::string_view old : entity.renamed_from) made.renamed_from.emplace_back(old);
    if (entity.values.empty()) continue;
    const EntityFields fields(program, entity);
    made.branch = optional_text(fields["branch"]);
    if (made.branch && !is_branch_name(*made.branch)) {
      out.error(fields.place("branch"), "F0426", "`{}` cannot be the name of a git branch", escape_for_terminal(*made.branch))
          .label("a branch of the application repositories is wanted");
    }
    if (const Datum from = fields["from"]; from.is(Tag::entity)) made.from = std::string(reference_name(program, from));
    if (const Datum target = fields["target"]; target.is(Tag::entity))
      made.target = model::TargetId{static_cast<std::uint32_t>(target.number)};
    made.namespace_name = fields.text("namespace");
    made.gate = lower_gate(
        program, [&](std::string_view path) { return fields[path]; }, fmt::format("environment {}", entity.name), entity.span, "owner");
    made.budget = lower_budget(fields);
    made.repair_drift = !is_enum(program, fields["drift"], "show");
    made.fields = settings(program, entity);
    check_from_chain(program, entity, out);
  }
}

void lower_targets(const Program& program, model::Fleet& fleet) {
  for (const Entity& entity : program.table(EntityWord::target).all) {
    model::Target& made = fleet.targets.emplace_back();
    const EntityFields fields(program, entity);
    made.name = entity.name;
    made.kind = program.kind_of(entity).qualified;
    // A kind of the fleet's own is a target of the kind that it extends.
    for (const KindId id : program.kind_of(entity).chain) {
      if (program.kind(id).library && !program.kind(id).root) made.kind = program.kind(id).qualified;
    }
    made.path = fields.text("path");
    made.settings = settings(program, entity);
    made.span = entity.span;
  }
}

void lower_teams(const Program& program, model::Fleet& fleet) {
  for (const Entity& entity : program.table(EntityWord::team).all) {
    const EntityFields fields(program, entity);
    fleet.teams.push_back(
        {std::string(entity.name), fields.text("contact"), text_list(fields["owns"]), text_list(fields["keys"]), entity.span});
  }
}

void add_environments(const Program& program, const Datum& reference, std::set<std::string>& out) {
  if (reference.is(Tag::set) || reference.is(Tag::list)) {
    for (const Datum& one : reference.items()) add_environments(program, one, out);
  } else if (reference.is(Tag::entity) && static_cast<EntityWord>(reference.small) == EntityWord::group) {
    for (const std::uint32_t member : program.group_members[static_cast<std::size_t>(reference.number)])
      out.emplace(program.environment_name(member));
  } else if (reference.is(Tag::entity)) {
    out.emplace(reference_name(program, reference));
  }
}

bool is_time_zone(std::string_view text) {
  if (text == "UTC") return true;
  const std::size_t slash = text.find('/');
  const auto allowed = [](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' || c == '-' || c == '+' || c == '/';
  };
  return slash != std::string_view::npos && slash > 0 && slash + 1 < text.size() &&
         std::isupper(static_cast<unsigned char>(text.front())) != 0 && std::all_of(text.begin(), text.end(), allowed);
}

void lower_freezes(Program& program, model::Fleet& fleet, diag::Diagnostics& out) {
  for (const Entity& entity : program.table(EntityWord::freeze).all) {
    if (entity.values.empty() || entity.poison != nullptr) continue;
    const EntityFields fields(program, entity);
    model::Freeze& made = fleet.freezes.emplace_back();
    made.name = entity.name;
    std::set<std::string> environments;
    add_environments(program, fields["applies_to"], environments);
    made.applies_to.assign(environments.begin(), environments.end());
    made.timezone = fields.text("timezone");
    if (!is_time_zone(made.timezone)) {
      out.error(fields.place("timezone"), "F0422", "`{}` is no time zone", made.timezone)
          .label("not such a name")
          .help("time zones are named by the IANA: \"Europe/Berlin\", \"America/New_York\", \"UTC\"");
      program.barrier = true;
    }
    if (const Datum every = fields["every"]; every.is(Tag::set)) {
      for (const Datum& day : every.items()) made.weekdays.push_back(static_cast<int>(day.size) + 1);
    }
    made.from = fields.text("from");
    made.to = fields.text("to");
    // Both are written alike, so they compare as text.
    if (!made.from.empty() && !made.to.empty() && made.to <= made.from) {
      out.error(fields.place("to"), "F0423", "this freeze ends before it begins")
          .label("not after `from`")
          .also(fields.place("from"), "begins here");
      program.barrier = true;
    }
    for (const Datum& one : fields["allow"].items()) made.allow.emplace_back(program.types.enum_at(one.small).members[one.size]);
    made.reason = fields.text("reason");
    made.span = entity.span;
  }
}

/// Former names: nobody has one now, and one entity alone claims it.
void check_renames(Program& program, EntityWord word, diag::Diagnostics& out) {
  NameIndex claimed;
  std::vector<const Entity*> by;
  for (Entity& entity : program.table(word).all) {
    for (const std::string_view old : entity.renamed_from) {
      const diag::Span at = EntityFields(program, entity).place("renamed_from");
      const Entity* now = program.table(word).find(old);
      const auto other = claimed.find(old);
      if (now == nullptr && !other) {
        claimed.insert(old, static_cast<std::uint32_t>(by.size()));
        by.push_back(&entity);
        continue;
      }
      const std::string message = now != nullptr
                                      ? fmt::format("`{}` was not renamed: a {} of that name is declared", old, to_string(word))
                                      : fmt::format("`{}` became two: `{}` and `{}` both claim it", old, by[*other]->name, entity.name);
      auto& said = out.error(at, "F0311", "{}", message).label("former name");
      said.also(now != nullptr ? now->span : by[*other]->span, now != nullptr ? "declared here" : "claimed here too");
      said.note("what runs under the old name can pass to one entity only");
      if (entity.poison == nullptr) entity.poison = Program::cause(program.arena, message, at);
      if (is_barrier_word(word)) program.barrier = true;
    }
  }
}

/// A demand that nobody could meet, or that asks for nothing, is told where it stands.
void check_verify(Program& program, EntityWord word, diag::Diagnostics& out) {
  for (Entity& entity : program.table(word).all) {
    if (entity.values.empty() || entity.poison != nullptr) continue;
    const EntityFields fields(program, entity);
    if (!fields["verify"].is(Tag::record)) continue;
    const auto mistake = check_signing_keys(text_list(fields["verify.keys"]), "verify.keys");
    if (!mistake) continue;
    const diag::Span at = fields.place(mistake->slot);
    out.error(at, mistake->code, "{}", mistake->message).label(mistake->label).help(mistake->help);
    entity.poison = Program::cause(program.arena, mistake->message, at);
  }
}

void lower_fleet(Program& program, model::Fleet& fleet, diag::Diagnostics& out) {
  const std::vector<Entity>& all = program.table(EntityWord::fleet).all;
  if (all.empty()) return;
  const Entity& entity = all.front();
  const EntityFields fields(program, entity);
  fleet.name = entity.name;
  fleet.span = entity.span;
  if (entity.values.empty()) return;
  fleet.language = fields.text("language");
  if (fields["language"].is(Tag::text) && fleet.language != edition()) {
    out.error(fields.place("language"), "F0215", "this version of muster speaks the edition \"{}\" of the language", edition())
        .label("another edition")
        .fix(fields.place("language"), fmt::format("\"{}\"", edition()), fmt::format("`\"{}\"`", edition()));
    program.barrier = true;
  }
  if (const Datum builds = fields["builds"]; builds.is(Tag::integer)) fleet.builds = static_cast<int>(builds.number);
  if (const Datum evidence = fields["evidence"]; evidence.is(Tag::duration)) fleet.evidence = Duration(evidence.number);
  const Datum records = fields["records"];
  if (!records.is(Tag::text) && !records.is(Tag::entity)) return;
  std::string wrong;
  fleet.records_repository = lower_repository(program, records, fields.place("records"), out, wrong);
  fleet.records = fleet.records_repository.url;
  if (!wrong.empty()) program.barrier = true;
}

}  // namespace

std::string_view reference_name(const Program& program, const Datum& reference) {
  if (reference.is(Tag::service)) return program.table(EntityWord::service).all[static_cast<std::size_t>(reference.number)].name;
  if (!reference.is(Tag::entity)) return {};
  return program.table(static_cast<EntityWord>(reference.small)).all[static_cast<std::size_t>(reference.number)].name;
}

std::vector<std::string> text_list(const Datum& list) {
  std::vector<std::string> texts;
  if (!list.is(Tag::list) && !list.is(Tag::set)) return texts;
  for (const Datum& one : list.items()) texts.emplace_back(one.text());
  return texts;
}

std::vector<std::string> kind_chain(const Program& program, const Kind& kind) {
  std::vector<std::string> chain;
  for (auto id = kind.chain.rbegin(); id != kind.chain.rend(); ++id) {
    if (!program.kind(*id).root) chain.push_back(program.kind(*id).qualified);
  }
  return chain;
}

void lower_entities(Program& program, model::Fleet& fleet, diag::Diagnostics& out) {
  lower_fleet(program, fleet, out);
  lower_environments(program, fleet, out);
  lower_targets(program, fleet);
  lower_teams(program, fleet);
  check_verify(program, EntityWord::forge, out);
  check_verify(program, EntityWord::repository, out);
  fleet.forges = lower_forges(program);
  fleet.registries = lower_registries(program);
  check_named_images(program, out);
  lower_freezes(program, fleet, out);
  const std::vector<Entity>& groups = program.table(EntityWord::group).all;
  for (std::size_t i = 0; i < groups.size(); ++i) {
    std::vector<std::string>& members = fleet.groups[std::string(groups[i].name)];
    for (const std::uint32_t member : program.group_members[i]) members.emplace_back(program.environment_name(member));
  }
  check_renames(program, EntityWord::environment, out);
  check_renames(program, EntityWord::service, out);
  for (const Entity& entity : program.table(EntityWord::service).all) {
    model::Service& made = fleet.services.emplace_back();
    made.id = model::ServiceId{static_cast<std::uint32_t>(fleet.services.size() - 1)};
    made.name = entity.name;
    if (entity.owner != kAligned) made.owner = program.table(EntityWord::team).all[entity.owner].name;
    made.kinds = kind_chain(program, program.kind_of(entity));
    for (const std::string_view old : entity.renamed_from) made.renamed_from.emplace_back(old);
    made.documentation = program.file(entity.file).tree().documentation(entity.declaration->range.begin);
    made.span = entity.span;
  }
}

}  // namespace muster::lang
