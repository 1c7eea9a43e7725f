// Datum: a value while a fleet is evaluated. 16 bytes; what it points to is immutable and lives in an Arena or in the
// text of a source.
//
// Ownership: none of its own. Thread-safety: immutable once made. Failure: a value that could not be made is `poison`
// and carries its cause; operations on it give poison again, quietly. Lists, sets, maps and records never hold poison or absent:
// they are poison themselves then.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "lang/arena.hpp"
#include "muster/diag/source.hpp"

namespace muster::lang {

/// Why a value could not be made: the message of the diagnostic that said so.
struct Cause {
  std::string_view message;
  diag::Span span;
};

enum class Tag : std::uint8_t {
  absent,  ///< Nobody gave a value.
  poison,  ///< cause()
  none,
  null,     ///< JSON's
  boolean,  ///< number: 0, 1
  integer,
  decimal,   ///< number: millionths
  percent,   ///< number: millionths of a percent
  duration,  ///< number: milliseconds
  bytes,
  cpu,          ///< number: thousandths
  text,         ///< string and everything that is written as one: url, path, date, versions …
  enumeration,  ///< small: the enum, size: the member
  secret,       ///< text: the reference, never a value
  service,      ///< number: its id, size: the environment, or kAligned
  entity,       ///< small: the entity word, number: its id
  list,
  set,     ///< sorted, unique
  map,     ///< key, value, key, value …, sorted by key; size counts pairs
  record,  ///< small: the record type; items in the order of its fields
};

/// The environment of a service reference that follows its reader's.
inline constexpr std::uint32_t kAligned = 0xffffffffU;

struct Datum {  // NOLINT(cppcoreguidelines-pro-type-member-init): `number` covers the union
  Tag tag = Tag::absent;
  bool late = false;  ///< Holds text with placeholders of late values.
  std::uint16_t small = 0;
  std::uint32_t size = 0;
  union {
    std::int64_t number = 0;
    const char* chars;
    const Datum* first;
    const Cause* why;
  };

  [[nodiscard]] bool is(Tag wanted) const { return tag == wanted; }
  [[nodiscard]] bool poisoned() const { return tag == Tag::poison; }
  [[nodiscard]] bool truth() const { return number != 0; }
  [[nodiscard]] std::string_view text() const { return {chars, size}; }
  [[nodiscard]] std::span<const Datum> items() const { return {first, size}; }
  /// Of a map: twice as many as pairs.
  [[nodiscard]] std::span<const Datum> pairs() const { return {first, std::size_t{size} * 2}; }
  [[nodiscard]] const Cause& cause() const { return *why; }
};
static_assert(sizeof(Datum) == 16);

namespace make {

inline Datum of(Tag tag) {
  Datum made;
  made.tag = tag;
  return made;
}
inline Datum number(Tag tag, std::int64_t value) {
  Datum made = of(tag);
  made.number = value;
  return made;
}
inline Datum boolean(bool value) { return number(Tag::boolean, value ? 1 : 0); }
inline Datum integer(std::int64_t value) { return number(Tag::integer, value); }
/// `value` must outlive the datum.
inline Datum text(std::string_view value, Tag tag = Tag::text) {
  Datum made = of(tag);
  made.size = static_cast<std::uint32_t>(value.size());
  made.chars = value.data();
  return made;
}
inline Datum enumeration(std::uint32_t type, std::uint32_t member) {
  Datum made = of(Tag::enumeration);
  made.small = static_cast<std::uint16_t>(type);
  made.size = member;
  return made;
}
inline Datum service(std::uint32_t id, std::uint32_t environment = kAligned) {
  Datum made = number(Tag::service, id);
  made.size = environment;
  return made;
}
inline Datum entity(std::uint16_t word, std::uint32_t id) {
  Datum made = number(Tag::entity, id);
  made.small = word;
  return made;
}
inline Datum poison(const Cause* cause) {
  Datum made = of(Tag::poison);
  made.why = cause;
  return made;
}
/// A list, or a record of type `small`. The elements are copied into `arena`.
Datum sequence(Arena& arena, Tag tag, std::span<const Datum> items, std::uint16_t small = 0);
/// A set: sorted, each element once.
Datum set(Arena& arena, std::vector<Datum> items);
/// A map from keys and values in turns; sorted by key. Of equal keys the last counts.
Datum map(Arena& arena, std::vector<Datum> pairs);

}  // namespace make

/// Equal in value; text is compared as bytes.
[[nodiscard]] bool equal(const Datum& a, const Datum& b);
/// A total order, the same on every machine; between values of one type it is the natural one.
[[nodiscard]] int compare(const Datum& a, const Datum& b);
/// The value of `key` in a map, or nullptr.
[[nodiscard]] const Datum* find(const Datum& map, const Datum& key);
[[nodiscard]] const Datum* find(const Datum& map, std::string_view key);
/// The element of a list or set.
[[nodiscard]] bool contains(const Datum& sequence, const Datum& item);

}  // namespace muster::lang
