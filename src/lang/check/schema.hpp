// Schemas: what an entity of a kind consists of, and what the bodies of a fleet assign to it.
//
// A Shape is the flat list of slots of a kind. A derived kind's shape begins with its base's, so that the number of a
// slot means the same in every kind that has it. The root of each entity word is the kind of std/core.fleet that has the
// word's name. A field of a record type is a slot with a slot for each of its fields below it: leaves are overridden one
// by one.
//
// Ownership: Program owns all; names view the sources. Thread-safety: const after the checker is through.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "lang/check/name_index.hpp"
#include "lang/check/term.hpp"
#include "lang/check/types.hpp"
#include "lang/syntax/syntax.hpp"

namespace muster::lang {

enum class KindId : std::uint32_t {};
enum class FileId : std::uint32_t {};
enum class SlotId : std::uint32_t {};
inline constexpr KindId kNoKind{0xffffffffU};
inline constexpr SlotId kNoSlot{0xffffffffU};
template <typename Id>
constexpr std::uint32_t number(Id id) {
  return static_cast<std::uint32_t>(id);
}

enum class SlotRole : std::uint8_t { param, let, output, edges };

struct Slot {
  std::string_view name;  ///< Its own word.
  std::string_view path;  ///< With the slots above it: "gate.approval.from".
  Type type = kPoison;    ///< kPoison for a `let` until its expression is checked.
  SlotRole role = SlotRole::param;
  bool literal = false;         ///< Written once in the entity, as a literal, outside `in`.
  bool additive = false;        ///< `=` hides what lower places gathered: a lint.
  bool late = false;            ///< Values that hang from images may enter.
  bool composite = false;       ///< A record: its fields are the slots from `first_child`.
  bool needs_mentions = false;  ///< The names in it are `needs`.
  bool muster_reads = false;    ///< Secrets in it are muster's own: "env:NAME", "file:PATH".
  bool readable = false;        ///< Other services may read it: outputs, and `namespace`.
  bool library = false;         ///< Declared, and for let and output given its value, by the standard library.
  SlotId parent = kNoSlot;
  std::uint32_t first_child = 0;
  std::uint32_t children = 0;
  KindId declared_by = kNoKind;
  const Term* initial = nullptr;  ///< param: the schema default or nullptr; let, output: the value.
  diag::Span span;                ///< Of the declaration.
  std::string_view documentation;
};

struct Shape {
  std::vector<Slot> slots;
  NameIndex names;  ///< Of the slots without a parent.

  [[nodiscard]] const Slot& operator[](SlotId id) const { return slots[number(id)]; }
  [[nodiscard]] SlotId find(std::string_view name) const {
    const auto found = names.find(name);
    return found ? SlotId{*found} : kNoSlot;
  }
  [[nodiscard]] SlotId child(SlotId parent, std::string_view name) const;
  /// "replicas", "gate.approval.count"; kNoSlot where there is none.
  [[nodiscard]] SlotId find_path(std::string_view path) const;
};

/// Rungs of the ladder, low to high.
enum class Rung : std::uint8_t { schema = 1, kind, fleet_defaults, team_defaults, entity };
enum class ScopeKind : std::uint8_t { plain, group, environment };

/// Where in a body: plain, or in a group or environment.
struct Scope {
  ScopeKind kind = ScopeKind::plain;
  std::uint32_t id = 0;

  friend bool operator==(const Scope&, const Scope&) = default;
};

/// A service named in an expression of an entity or of `defaults`: an edge where the expression wins.
struct Mention {
  std::uint32_t service = 0;
  std::uint32_t environment = kAligned;
  bool need = false;
  bool link = false;  ///< Inside link(…): no edge, but the service must exist there.
  diag::Span span;
};

/// How an assignment came about.
enum class Form : std::uint8_t {
  written,
  presence,  ///< By a block: the optional record is there.
  reset,     ///< By a whole record: a leaf that it does not list has its schema default again.
};

/// One assignment to a slot.
struct Assignment {
  SlotId slot = kNoSlot;
  syntax::Assign op = syntax::Assign::set;
  Scope scope;
  bool locked = false;
  Form form = Form::written;
  Rung rung = Rung::entity;
  std::uint8_t depth = 0;  ///< Base to derived kind.
  const Term* value = nullptr;
  diag::Span span;                  ///< The statement.
  std::uint32_t first_mention = 0;  ///< Of its body's mentions.
  std::uint32_t mentions = 0;
  const struct BodyCode* body = nullptr;

  /// Comparable: higher wins. Groups and environments of one rank meet at one place.
  [[nodiscard]] std::uint32_t place() const {
    return (static_cast<std::uint32_t>(rung) << 16U) | (std::uint32_t{depth} << 8U) | static_cast<std::uint32_t>(scope.kind);
  }
};

/// One step of a patch.
struct PatchTarget {
  std::string_view kind;
  std::string_view name;  ///< "" or "*"
};

struct PatchStepCode {
  enum class By : std::uint8_t { key, name, index } by = By::key;
  std::string_view key;
  std::size_t index = 0;
};

struct PatchOperationCode {
  std::vector<PatchStepCode> path;
  syntax::Assign op = syntax::Assign::set;
  const Term* value = nullptr;
  diag::Span span;
};

struct PatchCode {
  PatchTarget target;
  Scope scope;
  const Term* when = nullptr;
  std::vector<PatchOperationCode> operations;
  diag::Span span;
  bool library = false;
  const struct BodyCode* body = nullptr;
  std::uint32_t first_mention = 0;
  std::uint32_t mentions = 0;
};

struct ObjectCode {
  std::string_view kind;
  const Term* name = nullptr;  ///< nullptr: the service's.
  const Term* when = nullptr;
  const Term* content = nullptr;  ///< A map of JSON.
  diag::Span span;
  diag::Span name_span;
  bool library = false;
};

struct RequireCode {
  const Term* condition = nullptr;
  const Term* otherwise = nullptr;
  diag::Span span;
  bool library = false;
};

/// An error in a body that reaches every instance its scope covers.
struct BodyPoison {
  Scope scope;
  const Cause* cause = nullptr;
};

/// What the checker makes of the body of an entity, `defaults` or kind.
struct BodyCode {
  std::vector<Assignment> assignments;  ///< Sorted by slot, then from high to low place.
  std::vector<Mention> mentions;
  std::vector<PatchCode> patches;
  std::vector<BodyPoison> poisons;
};

struct Kind {
  std::string_view name;
  std::string qualified;  ///< "std.web", or "web" of the fleet's own and of core.
  syntax::EntityWord word = syntax::EntityWord::service;
  KindId base = kNoKind;
  FileId file{};
  const syntax::Decl* declaration = nullptr;
  bool library = false;
  bool root = false;
  std::vector<KindId> chain;  ///< Root first, itself last.
  Shape shape;
  BodyCode body;
  std::vector<ObjectCode> objects;     ///< Base's first, replaced in their place.
  std::vector<PatchCode> patches;      ///< Base's first.
  std::vector<RequireCode> requires_;  ///< Base's first.
  const Cause* poison = nullptr;       ///< An error in its text: reaches every service of it.
  diag::Span span;                     ///< Of its name.
  std::string_view documentation;

  [[nodiscard]] bool derives_from(KindId other) const;
};

}  // namespace muster::lang
