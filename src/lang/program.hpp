// Program: everything that the stages of one compilation share. Each stage fills its part and only reads the earlier ones:
// collect (files, entities, names) → check (types, kinds, bodies) → place (who exists where) → evaluate → lower.
//
// Ownership: owns trees, tables and arenas. Thread-safety: const access from any thread, unless said otherwise.
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "lang/arena.hpp"
#include "lang/check/schema.hpp"
#include "lang/check/types.hpp"
#include "lang/syntax/parse.hpp"
#include "muster/diag/diagnostic.hpp"
#include "muster/diag/source.hpp"
#include "muster/lang/compile.hpp"

namespace muster::lang {

using syntax::EntityWord;

/// One fleet file with its tree.
struct File {
  Parsed parsed;
  bool library = false;       ///< Of the standard library.
  bool core = false;          ///< std/core.fleet: its names are known everywhere without `std.`.
  bool has_entities = false;  ///< Then its constants and functions are private to it.
  NameIndex constants;        ///< Private ones.
  NameIndex functions;

  [[nodiscard]] const syntax::Tree& tree() const { return parsed.tree; }
};

enum class CheckState : std::uint8_t { unchecked, checking, checked };

struct Constant {
  FileId file{};
  const syntax::Decl* declaration = nullptr;
  std::string_view name;
  CheckState state = CheckState::unchecked;
  Type type = kPoison;
  const Term* value = nullptr;
};

struct Parameter {
  std::string_view name;
  Type type = kPoison;
  const Term* initial = nullptr;
  const syntax::TypedField* declaration = nullptr;
};

struct Function {
  FileId file{};
  const syntax::Decl* declaration = nullptr;
  std::string_view name;
  CheckState signature = CheckState::unchecked;
  CheckState state = CheckState::unchecked;
  std::vector<Parameter> parameters;
  Type result = kPoison;
  const Term* body = nullptr;
  unsigned height = 0;  ///< Longest chain of calls below it.
};

/// A record, enum or refinement that a file declares.
struct TypeName {
  FileId file{};
  const syntax::Decl* declaration = nullptr;
  std::string_view name;
  CheckState state = CheckState::unchecked;
  Type type = kPoison;
};

struct Entity {
  EntityWord word = EntityWord::service;
  std::string_view name;
  FileId file{};
  const syntax::Decl* declaration = nullptr;
  KindId kind = kNoKind;
  diag::Span span;                 ///< Of its name.
  std::uint32_t owner = kAligned;  ///< Team of a service, or kAligned.
  std::vector<std::string_view> renamed_from;
  BodyCode body;
  const Cause* poison = nullptr;  ///< An error that reaches it everywhere.
  bool kind_unknown = false;      ///< It stands in for the root's.
  std::span<const Datum> values;  ///< Evaluated slots; of a service empty, it has them in each environment.
};

struct Defaults {
  EntityWord word = EntityWord::service;
  KindId kind = kNoKind;          ///< kNoKind: none written, all of the word.
  std::uint32_t team = kAligned;  ///< kAligned: of the fleet.
  FileId file{};
  const syntax::Decl* declaration = nullptr;
  BodyCode body;
  const Cause* poison = nullptr;
  bool unknown_kind = false;
  bool unknown_team = false;

  /// For a kind or a team: an error in it reaches those alone. Otherwise it is a barrier.
  [[nodiscard]] bool scoped() const { return !declaration->path.empty() || !declaration->alias.empty(); }
};

/// A field of environments, by name: each environment's kind may have it at another place.
struct EnvironmentField {
  std::string_view name;
  Type type = kPoison;
  std::vector<SlotId> slots;  ///< By environment; kNoSlot where it has none.
};

/// An instance waits for another: because of `needs`, or because it reads an output.
struct Edge {
  std::uint32_t instance = 0;
  bool need = false;
  diag::Span span;
};

/// The names of one entity word.
struct EntityTable {
  std::vector<Entity> all;  ///< Sorted by name: a number says nothing of files or their order.
  NameIndex names;

  [[nodiscard]] const Entity* find(std::string_view name) const {
    const auto found = names.find(name);
    return found ? &all[*found] : nullptr;
  }
};

class Program {
  static constexpr std::array<KindId, syntax::kEntityWords> no_roots() {
    std::array<KindId, syntax::kEntityWords> none{};
    none.fill(kNoKind);
    return none;
  }

 public:
  diag::Sources sources;
  std::deque<File> files;  ///< The library's first.
  std::size_t library_files = 0;
  Options options;
  Arena arena;                     ///< Of the single-threaded stages.
  std::deque<Arena> chunk_arenas;  ///< Of the parallel ones: one a chunk of work.

  TypeTable types;
  std::vector<TypeName> type_names;
  std::vector<Constant> constants;
  std::vector<Function> functions;
  std::vector<Kind> kinds;
  struct Library {
    NameIndex types;
    NameIndex kinds;
    NameIndex constants;
    NameIndex functions;
  };
  Library standard;  ///< Names of the standard library.
  Library fleet;     ///< Fleet-wide names of the fleet's own files.
  std::array<KindId, syntax::kEntityWords> roots = no_roots();
  std::vector<KindId> kind_order;                                              ///< Bases before what derives from them.
  std::vector<std::vector<std::pair<SlotId, const syntax::Stmt*>>> kind_lets;  ///< By kind: lets and outputs it declares.

  std::array<EntityTable, syntax::kEntityWords> entities;
  std::vector<Defaults> defaults;
  std::deque<EnvironmentField> environment_fields;
  NameIndex environment_field_names;

  NameIndex import_names;  ///< Of imported libraries: their names are not there yet.
  bool barrier = false;    ///< A barrier error was given.

  // Where services exist: filled by place.cpp.
  std::vector<std::vector<std::uint32_t>> group_members;  ///< Environments of a group, sorted.
  std::vector<std::uint32_t> instance_numbers;            ///< [environment * services + service], kAligned where it does not exist.
  std::vector<std::pair<std::uint32_t, std::uint32_t>> instances;  ///< Service and environment of an instance, by (environment, service).

  [[nodiscard]] EntityTable& table(EntityWord word) { return entities[static_cast<std::size_t>(word)]; }
  [[nodiscard]] const EntityTable& table(EntityWord word) const { return entities[static_cast<std::size_t>(word)]; }
  [[nodiscard]] const File& file(FileId id) const { return files[number(id)]; }
  [[nodiscard]] const Kind& kind(KindId id) const { return kinds[number(id)]; }
  [[nodiscard]] Kind& kind(KindId id) { return kinds[number(id)]; }
  [[nodiscard]] const Kind& kind_of(const Entity& entity) const { return kinds[number(entity.kind)]; }
  [[nodiscard]] KindId root(EntityWord word) const { return roots[static_cast<std::size_t>(word)]; }
  [[nodiscard]] std::size_t service_count() const { return table(EntityWord::service).all.size(); }
  [[nodiscard]] std::size_t environment_count() const { return table(EntityWord::environment).all.size(); }
  [[nodiscard]] std::uint32_t instance_number(std::uint32_t service, std::uint32_t environment) const {
    return instance_numbers[std::size_t{environment} * service_count() + service];
  }
  [[nodiscard]] bool exists(std::uint32_t service, std::uint32_t environment) const {
    return instance_number(service, environment) != kAligned;
  }
  // Found by edges.cpp.
  std::vector<std::span<const Edge>> edges;        ///< By instance; sorted by (service, environment), each once.
  std::vector<const Cause*> instance_poison;       ///< By instance: an error in the text that made it, or nullptr.
  std::vector<std::uint32_t> environment_targets;  ///< By environment; kAligned where its target is unknown.

  [[nodiscard]] std::span<const Edge> edges_of(std::uint32_t service, std::uint32_t environment) const {
    const std::uint32_t instance = instance_number(service, environment);
    return instance == kAligned || instance >= edges.size() ? std::span<const Edge>() : edges[instance];
  }
  /// Does a body's scope cover the environment?
  [[nodiscard]] bool covers(const Scope& scope, std::uint32_t environment) const;

  /// The file of a span; files and sources have the same numbers.
  [[nodiscard]] const File& file_of(diag::SourceId source) const { return files[static_cast<std::size_t>(source)]; }
  [[nodiscard]] std::string_view environment_name(std::uint32_t environment) const {
    return table(EntityWord::environment).all[environment].name;
  }
  /// "cart@production"
  [[nodiscard]] std::string instance_name(std::uint32_t instance) const;

  /// The text is copied into `into`.
  static const Cause* cause(Arena& into, std::string_view message, diag::Span span);
};

}  // namespace muster::lang
