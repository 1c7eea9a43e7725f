// Where services exist: groups, `only`, `except`. Names that mean nothing are the checker's to say.
#include <fmt/format.h>

#include <algorithm>

#include "lang/check/check.hpp"
#include "lang/check/literal_fields.hpp"

namespace muster::lang {

namespace {

void add_environments(const Program& program, std::string_view name, std::vector<std::uint32_t>& out) {
  if (const auto environment = program.table(EntityWord::environment).names.find(name)) out.push_back(*environment);
  if (const auto group = program.table(EntityWord::group).names.find(name)) {
    const std::vector<std::uint32_t>& members = program.group_members[*group];
    out.insert(out.end(), members.begin(), members.end());
  }
}

void sort_unique(std::vector<std::uint32_t>& ids) {
  std::sort(ids.begin(), ids.end());
  ids.erase(std::unique(ids.begin(), ids.end()), ids.end());
}

void place_groups(Program& program) {
  for (const Entity& group : program.table(EntityWord::group).all) {
    std::vector<std::uint32_t>& members = program.group_members.emplace_back();
    LiteralField field;
    if (!find_literal_field(program.file(group.file).tree(), group.declaration->body, "members", field)) continue;
    for (const std::string_view name : field.values) {
      if (const auto environment = program.table(EntityWord::environment).names.find(name)) members.push_back(*environment);
    }
    sort_unique(members);
  }
}

/// The environments of one service; `all` where it does not say.
void place(const Program& program, const Entity& service, std::vector<std::uint32_t>& out) {
  out.clear();
  std::vector<std::uint32_t> except;
  bool everywhere = true;
  const syntax::Tree& tree = program.file(service.file).tree();
  for (const syntax::Stmt& one : tree.statements(service.declaration->body)) {
    if (one.kind != syntax::StmtKind::field) continue;
    const std::string_view name = tree.text(tree.key(one.parts).front());
    if (name != "only" && name != "except") continue;
    LiteralField field;
    if (!find_literal_field(tree, service.declaration->body, name, field)) continue;
    if (name == "only") everywhere = false;
    for (const std::string_view value : field.values) add_environments(program, value, name == "only" ? out : except);
  }
  if (everywhere) {
    for (std::uint32_t i = 0; i < program.environment_count(); ++i) out.push_back(i);
  }
  sort_unique(out);
  std::erase_if(out, [&](std::uint32_t id) { return std::find(except.begin(), except.end(), id) != except.end(); });
}

}  // namespace

void place_services(Program& program, diag::Diagnostics& out) {
  place_groups(program);
  const std::size_t services = program.service_count();
  const std::size_t environments = program.environment_count();
  program.instance_numbers.assign(services * environments, kAligned);
  std::vector<std::uint32_t> where;
  for (std::uint32_t service = 0; service < services; ++service) {
    const Entity& entity = program.table(EntityWord::service).all[service];
    place(program, entity, where);
    for (const std::uint32_t environment : where) program.instance_numbers[environment * services + service] = 0;
    if (where.empty() && environments != 0 && entity.poison == nullptr) {
      out.warning(entity.span, "W0514", "`service {}` exists in no environment", entity.name).label("`only` and `except` leave nothing");
    }
  }
  for (std::uint32_t environment = 0; environment < environments; ++environment) {
    for (std::uint32_t service = 0; service < services; ++service) {
      std::uint32_t& number = program.instance_numbers[environment * services + service];
      if (number == kAligned) continue;
      number = static_cast<std::uint32_t>(program.instances.size());
      program.instances.emplace_back(service, environment);
    }
  }
}

}  // namespace muster::lang
