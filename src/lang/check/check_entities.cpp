// Entities: their kinds, owners and bodies; `defaults` and what they reach.
#include <fmt/format.h>

#include <algorithm>

#include "lang/check/check.hpp"
#include "lang/check/check_bodies.hpp"
#include "lang/check/later.hpp"
#include "lang/check/literal_fields.hpp"
#include "lang/check/names.hpp"
#include "muster/diag/suggest.hpp"

namespace muster::lang {

namespace {

/// Says that there is no such kind, unless an import's diagnostic has said it.
std::string unknown_kind(Program& program, FileId file, const syntax::Decl& declaration, diag::Diagnostics& out) {
  const syntax::Tree& tree = program.file(file).tree();
  const diag::Span span = tree.span(declaration.path);
  const std::string_view path = tree.text(declaration.path);
  const std::string message = fmt::format("there is no kind `{}`", path);
  if (program.import_names.contains(path.substr(0, path.find('.')))) return message;
  auto& said = out.error(span, "F0206", "{}", message).label(fmt::format("no kind for a {}", to_string(declaration.word)));
  const std::vector<std::string_view> legal = kind_names(program, file, declaration.word);
  const std::string standard = fmt::format("std.{}", path);
  if (std::find(legal.begin(), legal.end(), standard) != legal.end()) {
    said.fix(span, standard, fmt::format("`{}`", standard));
  } else if (const std::string_view near = diag::nearest(path, legal); !near.empty()) {
    said.fix(span, std::string(near), fmt::format("`{}`", near));
  } else if (!legal.empty()) {
    said.help(fmt::format("kinds for a {}: {}", to_string(declaration.word), fmt::join(legal, ", ")));
  }
  return message;
}

void resolve_kind(Program& program, Entity& entity, diag::Diagnostics& out) {
  const syntax::Tree& tree = program.file(entity.file).tree();
  const syntax::Decl& declaration = *entity.declaration;
  const auto fail = [&](const std::string& message) {
    if (entity.poison == nullptr) entity.poison = Program::cause(program.arena, message, entity.span);
  };
  const KindId root = program.root(entity.word);
  if (declaration.path.empty()) {
    entity.kind = root;
    if ((entity.word != EntityWord::service && entity.word != EntityWord::target) || declaration.damaged) return;
    const std::string message = fmt::format("`{} {}` says no kind", to_string(entity.word), entity.name);
    const std::string_view example = entity.word == EntityWord::service ? "std.web" : "kubernetes";
    out.error(entity.span, "F0206", "{}", message)
        .label("of what kind?")
        .help(fmt::format("`{} {} : {} {{ … }}`", to_string(entity.word), entity.name, example));
    return fail(message);
  }
  const std::string_view path = tree.text(declaration.path);
  entity.kind = lookup_kind_path(program, entity.file, path);
  if (entity.kind == kNoKind) {
    fail(unknown_kind(program, entity.file, declaration, out));
    entity.kind = root;
    entity.kind_unknown = true;
    return;
  }
  const Kind& kind = program.kind(entity.kind);
  if (kind.word != entity.word) {
    const std::string message = fmt::format("`{}` is a kind for {}, not for {}", path, to_string(kind.word), to_string(entity.word));
    out.error(tree.span(declaration.path), "F0206", "{}", message).label("for other entities").also(kind.span, "declared here");
    fail(message);
    entity.kind = root;
    entity.kind_unknown = true;
    return;
  }
  if (kind.poison != nullptr) fail(std::string(kind.poison->message));
  if (entity.word == EntityWord::service && later_kind(kind, program, tree.span(declaration.path), out))
    fail("its renderer comes with a later version of muster");
}

void resolve_literals(Program& program, Entity& entity) {
  const syntax::Tree& tree = program.file(entity.file).tree();
  for (const LiteralField& field : literal_fields(tree, entity.declaration->body)) {
    if (field.name == "owner" && entity.word == EntityWord::service && field.values.size() == 1) {
      if (const auto team = program.table(EntityWord::team).names.find(field.values.front())) entity.owner = *team;
    }
    if (field.name == "renamed_from") entity.renamed_from = field.values;
  }
}

void resolve_defaults(Program& program, Defaults& defaults, diag::Diagnostics& out) {
  const syntax::Tree& tree = program.file(defaults.file).tree();
  const syntax::Decl& declaration = *defaults.declaration;
  const auto fail = [&](const std::string& message, diag::Span span) { defaults.poison = Program::cause(program.arena, message, span); };
  if (!declaration.path.empty()) {
    defaults.kind = lookup_kind_path(program, defaults.file, tree.text(declaration.path));
    if (defaults.kind == kNoKind) {
      fail(unknown_kind(program, defaults.file, declaration, out), tree.span(declaration.path));
    } else if (program.kind(defaults.kind).word != defaults.word) {
      const std::string message = fmt::format("`{}` is a kind for {}, not for {}", tree.text(declaration.path),
                                              to_string(program.kind(defaults.kind).word), to_string(defaults.word));
      out.error(tree.span(declaration.path), "F0206", "{}", message).label("for other entities");
      fail(message, tree.span(declaration.path));
      defaults.kind = kNoKind;
    }
    defaults.unknown_kind = defaults.kind == kNoKind;
  }
  if (declaration.alias.empty()) return;
  const std::string_view team = tree.text(declaration.alias);
  const diag::Span span = tree.span(declaration.alias);
  if (const auto found = program.table(EntityWord::team).names.find(team)) {
    defaults.team = *found;
  } else {
    std::vector<std::string_view> legal;
    for (const Entity& one : program.table(EntityWord::team).all) legal.push_back(one.name);
    auto& said = out.error(span, "F0301", "no team is called `{}`", team).label("not declared anywhere in this fleet");
    if (const std::string_view near = diag::nearest(team, legal); !near.empty())
      said.fix(span, std::string(near), fmt::format("`{}`", near));
    fail(fmt::format("no team is called `{}`", team), span);
    defaults.unknown_team = true;
  }
}

void check_entity_body(Program& program, Entity& entity, Arena& arena, diag::Diagnostics& out) {
  const Kind& kind = program.kind_of(entity);
  // Of an unknown kind no field is known: its body would only give follow-on noise.
  if (entity.kind_unknown) return;
  const Surroundings where{Site::entity, entity.file, &kind.shape, entity.word, entity.kind, nullptr};
  BodyOwner owner{fmt::format("{} {}", to_string(entity.word), entity.name), &kind.shape, Rung::entity, 0, entity.word, true, false};
  BodyChecker(program, arena, out, where, std::move(owner), entity.body).check(entity.declaration->body);
}

}  // namespace

void resolve_entities(Program& program, diag::Diagnostics& out) {
  for (EntityTable& table : program.entities) {
    for (Entity& entity : table.all) {
      resolve_kind(program, entity, out);
      resolve_literals(program, entity);
      if (entity.poison != nullptr && is_barrier_word(entity.word)) program.barrier = true;
    }
  }
  for (Defaults& defaults : program.defaults) {
    resolve_defaults(program, defaults, out);
    if (defaults.poison != nullptr && !defaults.scoped()) program.barrier = true;
  }
}

void check_entities(Program& program, diag::Diagnostics& out) {
  for (EntityTable& table : program.entities) {
    for (Entity& entity : table.all) {
      if (entity.word == EntityWord::service) break;
      const std::size_t before = out.errors();
      check_entity_body(program, entity, program.arena, out);
      if (out.errors() != before && is_barrier_word(entity.word)) program.barrier = true;
    }
  }
  for (Defaults& defaults : program.defaults) {
    if (defaults.unknown_kind) continue;
    const syntax::Tree& tree = program.file(defaults.file).tree();
    const syntax::Decl& declaration = *defaults.declaration;
    const KindId id = defaults.kind == kNoKind ? program.root(defaults.word) : defaults.kind;
    const Kind& kind = program.kind(id);
    std::string what = fmt::format("defaults {}", to_string(defaults.word));
    if (!declaration.path.empty()) what += fmt::format(" : {}", tree.text(declaration.path));
    if (!declaration.alias.empty()) what += fmt::format(" for {}", tree.text(declaration.alias));
    const Rung rung = declaration.alias.empty() ? Rung::fleet_defaults : Rung::team_defaults;
    const std::size_t before = out.errors();
    BodyOwner owner{what, &kind.shape, rung, static_cast<std::uint8_t>(kind.chain.size() - 1), defaults.word, false, false};
    const Surroundings where{Site::entity, defaults.file, &kind.shape, defaults.word, id, nullptr};
    BodyChecker(program, program.arena, out, where, std::move(owner), defaults.body).check(declaration.body);
    if (out.errors() != before && !defaults.scoped()) program.barrier = true;
  }
}

void check_service_body(Program& program, Entity& service, Arena& arena, diag::Diagnostics& out) {
  check_entity_body(program, service, arena, out);
}

}  // namespace muster::lang
