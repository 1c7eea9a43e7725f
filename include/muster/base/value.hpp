// Value: plain data as JSON knows it, the common currency of evaluated fleets, manifests and --json output.
//
// Ownership: a value owns its tree. Thread-safety: const access from any thread. Failure: none; accessors assert.
// Objects keep insertion order and have no duplicate keys; canonical text sorts keys bytewise.
#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace muster {

class Value;
using Array = std::vector<Value>;

/// An ordered list of key and value with look-up by key (linear up to a few keys, then still linear: objects are small).
class Object {
 public:
  using Member = std::pair<std::string, Value>;
  using iterator = std::vector<Member>::iterator;
  using const_iterator = std::vector<Member>::const_iterator;

  Object();
  Object(std::initializer_list<Member> members);
  Object(const Object& other);
  Object(Object&& other) noexcept;
  Object& operator=(const Object& other);
  Object& operator=(Object&& other) noexcept;
  ~Object();

  [[nodiscard]] const Value* find(std::string_view key) const;
  [[nodiscard]] Value* find(std::string_view key);
  [[nodiscard]] bool contains(std::string_view key) const { return find(key) != nullptr; }
  /// The member's value; appended as null when it was not there.
  Value& operator[](std::string_view key);
  /// Replaces or appends.
  void set(std::string_view key, Value value);
  /// Appends without looking for the key: the caller knows that it is new.
  void append(std::string key, Value value);
  bool erase(std::string_view key);

  // Defined below: a Member is complete only when Value is.
  [[nodiscard]] std::size_t size() const;
  [[nodiscard]] bool empty() const;
  [[nodiscard]] const_iterator begin() const;
  [[nodiscard]] const_iterator end() const;
  [[nodiscard]] iterator begin();
  [[nodiscard]] iterator end();
  void reserve(std::size_t count);

  /// Equal as JSON objects: order of members does not count.
  friend bool operator==(const Object& a, const Object& b);

 private:
  std::vector<Member> members_;
};

/// null, bool, integer (int64, or uint64 beyond its range), double, string, array or object.
class Value {
 public:
  Value() = default;
  // NOLINTBEGIN(google-explicit-constructor): literals read as data.
  Value(std::nullptr_t) {}
  Value(bool value) : data_(value) {}
  Value(int value) : data_(std::int64_t{value}) {}
  Value(std::int64_t value) : data_(value) {}
  Value(std::uint64_t value);
  Value(double value) : data_(value) {}
  Value(const char* value) : data_(std::string(value)) {}
  Value(std::string value) : data_(std::move(value)) {}
  Value(std::string_view value) : data_(std::string(value)) {}
  Value(Array value) : data_(std::move(value)) {}
  Value(Object value) : data_(std::move(value)) {}
  // NOLINTEND(google-explicit-constructor)

  [[nodiscard]] bool is_null() const { return data_.index() == 0; }
  [[nodiscard]] const bool* if_bool() const { return std::get_if<bool>(&data_); }
  [[nodiscard]] const std::int64_t* if_int() const { return std::get_if<std::int64_t>(&data_); }
  /// Set only for integers above INT64_MAX.
  [[nodiscard]] const std::uint64_t* if_uint() const { return std::get_if<std::uint64_t>(&data_); }
  [[nodiscard]] const double* if_double() const { return std::get_if<double>(&data_); }
  [[nodiscard]] const std::string* if_string() const { return std::get_if<std::string>(&data_); }
  [[nodiscard]] std::string* if_string() { return std::get_if<std::string>(&data_); }
  [[nodiscard]] const Array* if_array() const { return std::get_if<Array>(&data_); }
  [[nodiscard]] Array* if_array() { return std::get_if<Array>(&data_); }
  [[nodiscard]] const Object* if_object() const { return std::get_if<Object>(&data_); }
  [[nodiscard]] Object* if_object() { return std::get_if<Object>(&data_); }

  /// The member of an object, or nullptr where this is no object or has no such key.
  [[nodiscard]] const Value* find(std::string_view key) const;
  /// The string of a member, or `fallback`.
  [[nodiscard]] std::string_view string_at(std::string_view key, std::string_view fallback = {}) const;
  /// "null", "boolean", "number", "string", "array", "object".
  [[nodiscard]] std::string_view type_name() const;

  friend bool operator==(const Value& a, const Value& b);

 private:
  std::variant<std::monostate, bool, std::int64_t, std::uint64_t, double, std::string, Array, Object> data_;
};

inline std::size_t Object::size() const { return members_.size(); }
inline bool Object::empty() const { return members_.empty(); }
inline Object::const_iterator Object::begin() const { return members_.begin(); }
inline Object::const_iterator Object::end() const { return members_.end(); }
inline Object::iterator Object::begin() { return members_.begin(); }
inline Object::iterator Object::end() { return members_.end(); }
inline void Object::reserve(std::size_t count) { members_.reserve(count); }

/// Canonical JSON: keys sorted bytewise, no white space, shortest round-trip numbers, UTF-8 unescaped but for
/// `"`, `\` and control bytes. Equal values give equal bytes, so digests are taken over this text.
std::string to_canonical_json(const Value& value);
/// JSON for people: two spaces, members in their own order, a newline at the end.
std::string to_pretty_json(const Value& value);
/// Appends `text` as a JSON string with its quotes.
void append_json_string(std::string& out, std::string_view text);

}  // namespace muster
