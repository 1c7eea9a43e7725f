#include "muster/base/value.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstring>
#include <limits>

namespace muster {

Object::Object() = default;
Object::Object(std::initializer_list<Member> members) : members_(members) {}
Object::Object(const Object&) = default;
Object::Object(Object&&) noexcept = default;
Object& Object::operator=(const Object&) = default;
Object& Object::operator=(Object&&) noexcept = default;
Object::~Object() = default;

const Value* Object::find(std::string_view key) const {
  for (const Member& member : members_) {
    if (member.first == key) return &member.second;
  }
  return nullptr;
}

Value* Object::find(std::string_view key) { return const_cast<Value*>(std::as_const(*this).find(key)); }

Value& Object::operator[](std::string_view key) {
  if (Value* found = find(key)) return *found;
  return members_.emplace_back(std::string(key), Value()).second;
}

void Object::set(std::string_view key, Value value) { (*this)[key] = std::move(value); }

void Object::append(std::string key, Value value) { members_.emplace_back(std::move(key), std::move(value)); }

bool Object::erase(std::string_view key) {
  const auto found = std::find_if(members_.begin(), members_.end(), [&](const Member& m) { return m.first == key; });
  if (found == members_.end()) return false;
  members_.erase(found);
  return true;
}

bool operator==(const Object& a, const Object& b) {
  if (a.size() != b.size()) return false;
  const auto same_place = [](const Object::Member& one, const Object::Member& other) { return one.first == other.first; };
  if (std::equal(a.begin(), a.end(), b.begin(), same_place)) return std::equal(a.begin(), a.end(), b.begin());
  // Sorted rather than looked up: what strangers write may have a hundred thousand members.
  const auto sorted = [](const Object& object) {
    std::vector<const Object::Member*> members;
    members.reserve(object.size());
    for (const Object::Member& member : object) members.push_back(&member);
    std::sort(members.begin(), members.end(),
              [](const Object::Member* one, const Object::Member* other) { return one->first < other->first; });
    return members;
  };
  const auto ours = sorted(a);
  const auto theirs = sorted(b);
  return std::equal(ours.begin(), ours.end(), theirs.begin(),
                    [](const Object::Member* one, const Object::Member* other) { return *one == *other; });
}

bool operator==(const Value& a, const Value& b) { return a.data_ == b.data_; }

Value::Value(std::uint64_t value) {
  if (value <= static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max())) {
    data_ = static_cast<std::int64_t>(value);
  } else {
    data_ = value;
  }
}

const Value* Value::find(std::string_view key) const {
  const Object* object = if_object();
  return object == nullptr ? nullptr : object->find(key);
}

std::string_view Value::string_at(std::string_view key, std::string_view fallback) const {
  const Value* member = find(key);
  const std::string* text = member == nullptr ? nullptr : member->if_string();
  return text == nullptr ? fallback : std::string_view(*text);
}

std::string_view Value::type_name() const {
  static constexpr std::array<std::string_view, 8> kNames = {"null", "boolean", "number", "number", "number", "string", "array", "object"};
  return kNames.at(data_.index());
}

namespace {

constexpr std::array<bool, 256> kNeedsEscape = [] {
  std::array<bool, 256> needs{};
  for (std::size_t byte = 0; byte < 0x20; ++byte) needs[byte] = true;
  needs['"'] = needs['\\'] = needs[0x7f] = true;
  return needs;
}();

/// May one of eight bytes need an escape in JSON? Never no where one does.
bool may_need_escape(const char* bytes) {
  constexpr std::uint64_t kOnes = 0x0101010101010101U;
  constexpr std::uint64_t kHigh = kOnes * 0x80U;
  std::uint64_t word = 0;
  std::memcpy(&word, bytes, sizeof word);
  const auto holds = [&](std::uint64_t byte) {
    const std::uint64_t other = word ^ (kOnes * byte);
    return (other - kOnes) & ~other;
  };
  return ((((word - kOnes * 0x20U) & ~word) | holds('"') | holds('\\') | holds(0x7f)) & kHigh) != 0;
}

/// How many bytes at the front need none.
std::size_t clean_prefix(std::string_view text) {
  std::size_t at = 0;
  while (at + 8 <= text.size() && !may_need_escape(text.data() + at)) at += 8;
  while (at < text.size() && !kNeedsEscape[static_cast<unsigned char>(text[at])]) ++at;
  return at;
}

void append_escape(std::string& out, unsigned char byte) {
  static constexpr std::string_view kHex = "0123456789abcdef";
  switch (byte) {
    case '"': out.append("\\\""); break;
    case '\\': out.append("\\\\"); break;
    case '\n': out.append("\\n"); break;
    case '\t': out.append("\\t"); break;
    case '\r': out.append("\\r"); break;
    default:
      out.append("\\u00");
      out.push_back(kHex[byte >> 4U]);
      out.push_back(kHex[byte & 15U]);
  }
}

}  // namespace

void append_json_string(std::string& out, std::string_view text) {
  const std::size_t clean = clean_prefix(text);
  if (clean == text.size()) {
    const std::size_t at = out.size();
    out.resize(at + text.size() + 2);
    out[at] = out.back() = '"';
    text.copy(out.data() + at + 1, text.size());
    return;
  }
  out.push_back('"');
  for (std::size_t size = clean;; size = clean_prefix(text)) {
    out.append(text.substr(0, size));
    if (size == text.size()) break;
    append_escape(out, static_cast<unsigned char>(text[size]));
    text.remove_prefix(size + 1);
  }
  out.push_back('"');
}

namespace {

template <typename Number>
void append_number(std::string& out, Number number) {
  std::array<char, 40> buffer{};
  const auto end = std::to_chars(buffer.data(), buffer.data() + buffer.size(), number).ptr;
  out.append(buffer.data(), end);
}

void append_scalar(std::string& out, const Value& value) {
  if (const bool* flag = value.if_bool()) {
    out.append(*flag ? "true" : "false");
  } else if (const std::int64_t* integer = value.if_int()) {
    append_number(out, *integer);
  } else if (const std::uint64_t* large = value.if_uint()) {
    append_number(out, *large);
  } else if (const double* real = value.if_double()) {
    if (std::isfinite(*real)) {
      append_number(out, *real);
    } else {
      out.append("null");
    }
  } else if (const std::string* text = value.if_string()) {
    append_json_string(out, *text);
  } else {
    out.append("null");
  }
}

void append_canonical(std::string& out, const Value& value) {
  if (const Array* array = value.if_array()) {
    out.push_back('[');
    for (std::size_t i = 0; i < array->size(); ++i) {
      if (i != 0) out.push_back(',');
      append_canonical(out, (*array)[i]);
    }
    out.push_back(']');
  } else if (const Object* object = value.if_object()) {
    std::vector<const Object::Member*> members;
    members.reserve(object->size());
    for (const Object::Member& member : *object) members.push_back(&member);
    const auto by_key = [](const Object::Member* a, const Object::Member* b) { return a->first < b->first; };
    if (!std::is_sorted(members.begin(), members.end(), by_key)) std::sort(members.begin(), members.end(), by_key);
    out.push_back('{');
    for (std::size_t i = 0; i < members.size(); ++i) {
      if (i != 0) out.push_back(',');
      append_json_string(out, members[i]->first);
      out.push_back(':');
      append_canonical(out, members[i]->second);
    }
    out.push_back('}');
  } else {
    append_scalar(out, value);
  }
}

void append_pretty(std::string& out, const Value& value, std::size_t indent) {
  const auto line = [&](std::size_t depth) {
    out.push_back('\n');
    out.append(depth * 2, ' ');
  };
  if (const Array* array = value.if_array(); array != nullptr && !array->empty()) {
    out.push_back('[');
    for (std::size_t i = 0; i < array->size(); ++i) {
      if (i != 0) out.push_back(',');
      line(indent + 1);
      append_pretty(out, (*array)[i], indent + 1);
    }
    line(indent);
    out.push_back(']');
  } else if (const Object* object = value.if_object(); object != nullptr && !object->empty()) {
    out.push_back('{');
    bool first = true;
    for (const auto& [key, member] : *object) {
      if (!first) out.push_back(',');
      first = false;
      line(indent + 1);
      append_json_string(out, key);
      out.append(": ");
      append_pretty(out, member, indent + 1);
    }
    line(indent);
    out.push_back('}');
  } else {
    append_canonical(out, value);
  }
}

}  // namespace

std::string to_canonical_json(const Value& value) {
  std::string out;
  append_canonical(out, value);
  return out;
}

std::string to_pretty_json(const Value& value) {
  std::string out;
  append_pretty(out, value, 0);
  out.push_back('\n');
  return out;
}

}  // namespace muster
