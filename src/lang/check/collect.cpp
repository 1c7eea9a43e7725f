// Collect: texts to trees, in parallel; then every declaration under its name.
#include <fmt/format.h>

#include <algorithm>

#include "lang/check/check.hpp"
#include "lang/check/later.hpp"
#include "lang/text_forms.hpp"
#include "muster/base/embedded.hpp"
#include "muster/base/parallel.hpp"
#include "muster/diag/suggest.hpp"

namespace muster::embedded {
std::span<const EmbeddedFile> standard_library();
}  // namespace muster::embedded

namespace muster::lang {

using syntax::Decl;
using syntax::DeclKind;

namespace {

constexpr std::string_view kEdition = "1.0";
constexpr std::string_view kReserved[] = {"fleet", "environment", "service", "it", "std"};

class Collector {
 public:
  Collector(Program& program, diag::Diagnostics& out) : program_(program), out_(out) {}

  void file(FileId id) {
    const File& file = program_.file(id);
    for (const syntax::DeclId top : file.tree().top) {
      const Decl& declaration = file.tree()[top];
      if (file.library || !later_declaration(program_, file, declaration, out_)) declare(id, declaration);
    }
  }

  void finish() {
    for (EntityTable& table : program_.entities) sort(table);
    share_names();
    check_fleet();
  }

 private:
  void declare(FileId id, const Decl& declaration);
  void constant(FileId id, const Decl& declaration, std::string_view name);
  void function(FileId id, const Decl& declaration, std::string_view name);
  void type(FileId id, const Decl& declaration, std::string_view name);
  void kind(FileId id, const Decl& declaration, std::string_view name);
  void entity(FileId id, const Decl& declaration, std::string_view name);
  void sort(EntityTable& table);
  void share_names();
  void check_fleet();
  void twice(std::string_view what, std::string_view name, diag::Span second, diag::Span first) {
    out_.error(second, "F0204", "{} `{}` is declared twice", what, name)
        .label("second declaration")
        .also(first, "first declaration")
        .note("names are fleet-wide; files and folders do not count");
  }
  [[nodiscard]] diag::Span name_span(FileId id, const Decl& declaration) const { return program_.file(id).tree().span(declaration.name); }

  Program& program_;
  diag::Diagnostics& out_;
};

void Collector::declare(FileId id, const Decl& declaration) {
  const syntax::Tree& tree = program_.file(id).tree();
  const std::string_view name = tree.text(declaration.name);
  if (declaration.kind != DeclKind::defaults && name.empty()) return;  // Its head could not be read; that was said.
  switch (declaration.kind) {
    case DeclKind::const_: return constant(id, declaration, name);
    case DeclKind::fn: return function(id, declaration, name);
    case DeclKind::record:
    case DeclKind::alias:
    case DeclKind::enum_: return type(id, declaration, name);
    case DeclKind::kind: return kind(id, declaration, name);
    case DeclKind::entity: return entity(id, declaration, name);
    case DeclKind::defaults: {
      Defaults& made = program_.defaults.emplace_back();
      made.word = declaration.word;
      made.file = id;
      made.declaration = &declaration;
      return;
    }
    default: return;
  }
}

void Collector::constant(FileId id, const Decl& declaration, std::string_view name) {
  File& file = program_.files[number(id)];
  const auto at = static_cast<std::uint32_t>(program_.constants.size());
  NameIndex& names = file.library ? program_.standard.constants : (file.has_entities ? file.constants : program_.fleet.constants);
  if (!names.insert(name, at))
    return twice("the constant", name, name_span(id, declaration),
                 name_span(program_.constants[*names.find(name)].file, *program_.constants[*names.find(name)].declaration));
  program_.constants.push_back({id, &declaration, name, CheckState::unchecked, kPoison, nullptr});
}

void Collector::function(FileId id, const Decl& declaration, std::string_view name) {
  File& file = program_.files[number(id)];
  const auto at = static_cast<std::uint32_t>(program_.functions.size());
  NameIndex& names = file.library ? program_.standard.functions : (file.has_entities ? file.functions : program_.fleet.functions);
  if (!names.insert(name, at))
    return twice("the function", name, name_span(id, declaration),
                 name_span(program_.functions[*names.find(name)].file, *program_.functions[*names.find(name)].declaration));
  Function& made = program_.functions.emplace_back();
  made.file = id;
  made.declaration = &declaration;
  made.name = name;
}

void Collector::type(FileId id, const Decl& declaration, std::string_view name) {
  const File& file = program_.file(id);
  NameIndex& names = file.library ? program_.standard.types : program_.fleet.types;
  const auto at = static_cast<std::uint32_t>(program_.type_names.size());
  if (!names.insert(name, at))
    return twice("the type", name, name_span(id, declaration),
                 name_span(program_.type_names[*names.find(name)].file, *program_.type_names[*names.find(name)].declaration));
  program_.type_names.push_back({id, &declaration, name, CheckState::unchecked, kPoison});
}

void Collector::kind(FileId id, const Decl& declaration, std::string_view name) {
  const File& file = program_.file(id);
  const auto at = static_cast<std::uint32_t>(program_.kinds.size());
  const bool root = file.core && name == to_string(declaration.word);
  NameIndex& names = file.library ? program_.standard.kinds : program_.fleet.kinds;
  if (!names.insert(name, at)) return twice("the kind", name, name_span(id, declaration), program_.kinds[*names.find(name)].span);
  Kind& made = program_.kinds.emplace_back();
  made.name = name;
  made.qualified = file.library && !file.core ? fmt::format("std.{}", name) : std::string(name);
  made.word = declaration.word;
  made.file = id;
  made.declaration = &declaration;
  made.library = file.library;
  made.root = root;
  made.span = name_span(id, declaration);
  made.documentation = file.tree().documentation(declaration.range.begin);
  if (root) program_.roots[static_cast<std::size_t>(declaration.word)] = KindId{at};
}

void Collector::entity(FileId id, const Decl& declaration, std::string_view name) {
  const diag::Span span = name_span(id, declaration);
  Entity& made = program_.table(declaration.word).all.emplace_back();
  made.word = declaration.word;
  made.name = name;
  made.file = id;
  made.declaration = &declaration;
  made.span = span;
  const std::string_view word = to_string(declaration.word);
  const auto refuse = [&](const std::string& message, std::string_view label) -> diag::Diagnostic& {
    made.poison = Program::cause(program_.arena, message, span);
    return out_.error(span, "F0210", "{}", message).label(std::string(label));
  };
  if (std::find(std::begin(kReserved), std::end(kReserved), name) != std::end(kReserved)) {
    refuse(fmt::format("`{}` is a name that the language keeps for itself", name), "reserved");
    return;
  }
  if (is_dns_label(name)) return;
  if (name.size() > 63) {
    refuse(fmt::format("the {} name `{}` is longer than 63 characters", word, name), "too long")
        .note("names become names of Kubernetes objects, of folders and of branches");
    return;
  }
  std::string proposal(name);
  for (char& c : proposal) c = c == '_' ? '-' : static_cast<char>(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
  while (!proposal.empty() && proposal.front() == '-') proposal.erase(0, 1);
  auto& said = refuse(fmt::format("`{}` is no name for a {}: small letters, digits and hyphens only", name, word), "not such a name");
  if (is_dns_label(proposal)) said.fix(span, proposal, fmt::format("`{}`", proposal));
  said.note("names become names of Kubernetes objects, of folders and of branches");
}

void Collector::sort(EntityTable& table) {
  const auto less = [](const Entity& a, const Entity& b) {
    if (a.name != b.name) return a.name < b.name;
    return std::tie(a.span.source, a.span.begin) < std::tie(b.span.source, b.span.begin);
  };
  if (!std::is_sorted(table.all.begin(), table.all.end(), less)) std::sort(table.all.begin(), table.all.end(), less);
  std::vector<Entity> unique;
  for (std::size_t i = 1; i < table.all.size(); ++i) {
    if (table.all[i].name != table.all[i - 1].name) continue;
    std::size_t first = i - 1;
    while (first > 0 && table.all[first - 1].name == table.all[i].name) --first;
    const std::string what(to_string(table.all[i].word));
    twice("the " + what, table.all[i].name, table.all[i].span, table.all[first].span);
    table.all[first].poison =
        Program::cause(program_.arena, fmt::format("the {} `{}` is declared twice", what, table.all[i].name), table.all[i].span);
    if (is_barrier_word(table.all[i].word)) program_.barrier = true;
  }
  table.all.erase(std::unique(table.all.begin(), table.all.end(), [](const Entity& a, const Entity& b) { return a.name == b.name; }),
                  table.all.end());
  table.names.reserve(table.all.size());
  for (std::size_t i = 0; i < table.all.size(); ++i) table.names.insert(table.all[i].name, static_cast<std::uint32_t>(i));
}

/// Environments and groups are named in the same places.
void Collector::share_names() {
  for (const Entity& group : program_.table(EntityWord::group).all) {
    const Entity* environment = program_.table(EntityWord::environment).find(group.name);
    if (environment == nullptr) continue;
    out_.error(group.span, "F0204", "`{}` is a group and an environment", group.name)
        .label("the group")
        .also(environment->span, "the environment")
        .note("`in NAME` must say which one is meant, so they share their names");
    program_.barrier = true;
  }
}

void Collector::check_fleet() {
  const std::vector<Entity>& fleets = program_.table(EntityWord::fleet).all;
  if (fleets.empty()) {
    const bool any = program_.files.size() > program_.library_files;
    const diag::Span span = any ? diag::Span{diag::SourceId{static_cast<std::uint32_t>(program_.library_files)}, 0, 0} : diag::Span{};
    out_.error(span, "F0217", "no file declares the fleet").help("one file has `fleet NAME { language = \"1.0\" }`");
    program_.barrier = true;
  }
  for (std::size_t i = 1; i < fleets.size(); ++i) {
    out_.error(fleets[i].span, "F0217", "the fleet is declared twice")
        .label("second declaration")
        .also(fleets[0].span, "first declaration");
    program_.barrier = true;
  }
}

}  // namespace

void collect(Program& program, std::vector<diag::FleetText> texts, diag::Diagnostics& out) {
  std::sort(texts.begin(), texts.end(), [](const diag::FleetText& a, const diag::FleetText& b) { return a.path < b.path; });
  for (const EmbeddedFile& file : embedded::standard_library()) {
    program.sources.add("std/" + std::string(file.path), std::string(file.text));
    File& made = program.files.emplace_back();
    made.library = true;
    made.core = file.path == "core.fleet";
  }
  program.library_files = program.files.size();
  for (diag::FleetText& text : texts) {
    program.sources.add(std::move(text.path), std::move(text.text));
    program.files.emplace_back();
  }
  for_each_index(program.files.size(), program.options.jobs, [&](std::size_t i) {
    const diag::SourceId source{static_cast<std::uint32_t>(i)};
    program.files[i].parsed = parse(source, program.sources.text(source));
    const syntax::Tree& tree = program.files[i].tree();
    program.files[i].has_entities = std::any_of(tree.top.begin(), tree.top.end(), [&](syntax::DeclId id) {
      return tree[id].kind == DeclKind::entity || tree[id].kind == DeclKind::defaults;
    });
  });
  Collector collector(program, out);
  for (std::size_t i = 0; i < program.files.size(); ++i) {
    if (program.files[i].parsed.diagnostics.errors() != 0) program.barrier = true;
    out.append(std::move(program.files[i].parsed.diagnostics));
    collector.file(FileId{static_cast<std::uint32_t>(i)});
  }
  collector.finish();
}

bool is_barrier_word(EntityWord word) {
  switch (word) {
    case EntityWord::fleet:
    case EntityWord::environment:
    case EntityWord::group:
    case EntityWord::target:
    case EntityWord::team:
    case EntityWord::freeze:
    case EntityWord::rule: return true;
    default: return false;
  }
}

std::string_view edition() { return kEdition; }

}  // namespace muster::lang
