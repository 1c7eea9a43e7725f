// The types of the language. A Type is a number; equal types have equal numbers.
//
// Ownership: TypeTable owns the descriptions; names in them view the sources. Thread-safety: `info` and making types
// may be called from any thread (the checker makes list and optional types while services are checked side by side);
// records, enums and refinements are declared from one thread before that. Failure: none; `poison` stands for a type
// that could not be understood, and fits everywhere.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "lang/check/name_index.hpp"
#include "lang/evaluate/datum.hpp"
#include "lang/syntax/syntax.hpp"

namespace muster::lang {

struct Term;

enum class TypeTag : std::uint8_t {
  // Simple types: the number of the type is its tag.
  poison,
  none,
  boolean,
  integer,
  decimal,
  percent,
  duration,
  bytes,
  cpu,
  string,
  date,
  instant,
  semver,
  versions,
  glob,
  url,
  path,
  name,
  secret,
  json,
  // Made of others.
  list,
  set,
  map,
  optional,
  late,
  one_of,
  // Declared.
  record,
  enumeration,
  refinement,
  // References; `a` is the entity word, `b` the kind + 1, or 0 for any of the word.
  ref,
  link,
};
inline constexpr std::size_t kSimpleTypes = static_cast<std::size_t>(TypeTag::list);

enum class Type : std::uint32_t {};
constexpr Type simple(TypeTag tag) { return Type{static_cast<std::uint32_t>(tag)}; }
inline constexpr Type kPoison = simple(TypeTag::poison);
inline constexpr Type kNone = simple(TypeTag::none);
inline constexpr Type kBool = simple(TypeTag::boolean);
inline constexpr Type kInt = simple(TypeTag::integer);
inline constexpr Type kString = simple(TypeTag::string);
inline constexpr Type kSecret = simple(TypeTag::secret);
inline constexpr Type kJson = simple(TypeTag::json);

struct TypeInfo {
  TypeTag tag = TypeTag::poison;
  std::uint32_t a = 0;        ///< Element, key, base; number of the record, enum or refinement; entity word.
  std::uint32_t b = 0;        ///< Value of a map; kind + 1 of a reference.
  std::vector<Type> members;  ///< one_of
};

struct RecordField {
  std::string_view name;
  Type type = kPoison;
  const Term* initial = nullptr;  ///< nullptr where the field must be given.
  diag::Span span;
  std::string_view documentation;
};

struct RecordType {
  std::string_view name;
  diag::Span span;
  std::vector<RecordField> fields;
  bool library = false;

  [[nodiscard]] const RecordField* field(std::string_view wanted) const;
};

struct EnumType {
  std::string_view name;
  diag::Span span;
  std::vector<std::string_view> members;

  [[nodiscard]] int member(std::string_view wanted) const;  ///< -1 where there is none.
};

struct RefinementType {
  std::string_view name;
  diag::Span span;
  Type base = kPoison;
  const Term* condition = nullptr;  ///< Of `it`, local 0.
};

class TypeTable {
 public:
  TypeTable();
  TypeTable(const TypeTable&) = delete;
  TypeTable& operator=(const TypeTable&) = delete;
  ~TypeTable();

  [[nodiscard]] const TypeInfo& info(Type type) const {
    const auto at = static_cast<std::uint32_t>(type);
    return chunks_[at / kChunk].load(std::memory_order_acquire)[at % kChunk];
  }
  [[nodiscard]] TypeTag tag(Type type) const { return info(type).tag; }

  Type list(Type element) { return make(TypeTag::list, static_cast<std::uint32_t>(element)); }
  Type set(Type element) { return make(TypeTag::set, static_cast<std::uint32_t>(element)); }
  Type map(Type key, Type value) { return make(TypeTag::map, static_cast<std::uint32_t>(key), static_cast<std::uint32_t>(value)); }
  /// `T?`; of an optional type itself, and of none.
  Type optional(Type inner);
  Type late(Type inner) { return make(TypeTag::late, static_cast<std::uint32_t>(inner)); }
  Type one_of(std::vector<Type> members);
  Type ref(syntax::EntityWord word, std::uint32_t kind_plus_one) {
    return make(TypeTag::ref, static_cast<std::uint32_t>(word), kind_plus_one);
  }
  Type link(syntax::EntityWord word, std::uint32_t kind_plus_one) {
    return make(TypeTag::link, static_cast<std::uint32_t>(word), kind_plus_one);
  }

  Type declare_record(RecordType type);
  Type declare_enum(EnumType type);
  Type declare_refinement(RefinementType type);
  [[nodiscard]] RecordType& record(Type type) { return records_[info(type).a]; }
  [[nodiscard]] const RecordType& record(Type type) const { return records_[info(type).a]; }
  [[nodiscard]] const RecordType& record_at(std::uint32_t number) const { return records_[number]; }
  [[nodiscard]] EnumType& enumeration(Type type) { return enums_[info(type).a]; }
  [[nodiscard]] const EnumType& enumeration(Type type) const { return enums_[info(type).a]; }
  [[nodiscard]] const EnumType& enum_at(std::uint32_t number) const { return enums_[number]; }
  [[nodiscard]] RefinementType& refinement(Type type) { return refinements_[info(type).a]; }
  [[nodiscard]] const RefinementType& refinement(Type type) const { return refinements_[info(type).a]; }
  [[nodiscard]] const RefinementType& refinement_at(std::uint32_t number) const { return refinements_[number]; }

  /// Without `late`, refinements and, if asked for, `?`.
  [[nodiscard]] Type strip_late(Type type) const;
  [[nodiscard]] Type base(Type type) const;
  [[nodiscard]] Type without_none(Type type) const;
  [[nodiscard]] bool is_optional(Type type) const;
  /// The type holds `late` anywhere: values from images may enter.
  [[nodiscard]] bool admits_late(Type type) const;
  /// The type holds `secret` anywhere.
  [[nodiscard]] bool holds_secret(Type type) const;

  /// As authors write it. Kind names come from `kind_name`.
  [[nodiscard]] std::string text(Type type) const;
  /// Set once by the checker: "std.postgres" of a kind's number.
  std::vector<std::string> kind_names;

 private:
  static constexpr std::size_t kChunk = 256;
  static constexpr std::size_t kChunks = 4096;

  Type make(TypeTag tag, std::uint32_t a, std::uint32_t b = 0);
  Type append(TypeInfo info);

  std::unique_ptr<std::array<std::atomic<TypeInfo*>, kChunks>> owner_;
  std::atomic<TypeInfo*>* chunks_ = nullptr;
  std::uint32_t count_ = 0;
  mutable std::mutex mutex_;
  std::unordered_map<std::uint64_t, Type> made_;
  std::vector<RecordType> records_;
  std::vector<EnumType> enums_;
  std::vector<RefinementType> refinements_;
};

/// "int", "string", …: the simple types that authors may name.
[[nodiscard]] const Type* find_simple_type(std::string_view name);
/// All of them, for suggestions.
[[nodiscard]] std::span<const std::string_view> simple_type_names();

}  // namespace muster::lang
