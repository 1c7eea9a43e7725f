#include "muster/manifest/difference.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <map>
#include <set>

#include "manifest/edits.hpp"

namespace muster::manifest {

namespace {

using Members = ::muster::Object;
using ::muster::Array;

constexpr std::string_view kSecretText = "(secret)";
constexpr std::string_view kCopyOfSecret = "kubectl.kubernetes.io/last-applied-configuration";

bool is_secret(const Value& content) { return content.string_at("kind") == "Secret"; }

bool is_word(std::string_view key) {
  return !key.empty() && std::all_of(key.begin(), key.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
  });
}

std::string member_path(const std::string& path, std::string_view key) {
  if (!is_word(key)) return fmt::format("{}[{}]", path, key);
  return path.empty() ? std::string(key) : fmt::format("{}.{}", path, key);
}

// What tells the elements of Kubernetes' lists apart, tried in this order. Source: the patch merge keys of the core API, and
// `name` first because custom resources follow it.
constexpr auto kElementKeys =
    std::to_array<std::string_view>({"name", "containerPort", "port", "mountPath", "devicePath", "ip", "topologyKey", "key", "type"});

// The text of an element's key; nullopt for an element that has none.
std::optional<std::string> key_of(const Value& element, std::string_view key) {
  const Value* value = element.find(key);
  if (value == nullptr || (value->if_string() == nullptr && value->if_int() == nullptr)) return std::nullopt;
  return value->if_string() != nullptr ? *value->if_string() : std::to_string(*value->if_int());
}

bool tells_apart(const Array& array, std::string_view key) {
  std::set<std::string> seen;
  return std::all_of(array.begin(), array.end(), [&](const Value& element) {
    std::optional<std::string> text = key_of(element, key);
    return text && seen.insert(*std::move(text)).second;
  });
}

std::optional<std::string_view> common_key(const Array& before, const Array& after) {
  for (const std::string_view key : kElementKeys) {
    if (tells_apart(before, key) && tells_apart(after, key)) return key;
  }
  return std::nullopt;
}

class Comparison {
 public:
  std::vector<Change> changes;

  void compare(const std::string& path, const Value& before, const Value& after) {
    if (before == after) return;
    if (before.if_object() != nullptr && after.if_object() != nullptr) {
      compare_members(path, *before.if_object(), *after.if_object());
    } else if (before.if_array() != nullptr && after.if_array() != nullptr) {
      compare_arrays(path, *before.if_array(), *after.if_array());
    } else {
      changes.push_back({path, before, after});
    }
  }

 private:
  using Sorted = std::map<std::string_view, const Value*>;

  void compare_members(const std::string& path, const Members& before, const Members& after) {
    Sorted old_members;
    Sorted new_members;
    std::set<std::string_view> keys;
    for (const auto& [key, value] : before) old_members.emplace(key, &value);
    for (const auto& [key, value] : after) new_members.emplace(key, &value);
    for (const auto& [key, value] : old_members) keys.insert(key);
    for (const auto& [key, value] : new_members) keys.insert(key);
    for (const std::string_view key : keys) compare_sides(member_path(path, key), find(old_members, key), find(new_members, key));
  }

  static const Value* find(const Sorted& members, std::string_view key) {
    const auto found = members.find(key);
    return found == members.end() ? nullptr : found->second;
  }

  void compare_sides(const std::string& path, const Value* before, const Value* after) {
    if (before != nullptr && after != nullptr) {
      compare(path, *before, *after);
    } else {
      changes.push_back(
          {path, before == nullptr ? std::nullopt : std::optional(*before), after == nullptr ? std::nullopt : std::optional(*after)});
    }
  }

  void compare_arrays(const std::string& path, const Array& before, const Array& after) {
    if (const auto key = common_key(before, after)) {
      compare_keyed(path, *key, before, after);
    } else {
      compare_runs(path, before, after);
    }
  }

  void compare_keyed(const std::string& path, std::string_view key, const Array& before, const Array& after) {
    std::map<std::string, const Value*> old_elements;
    std::map<std::string, const Value*> new_elements;
    for (const Value& element : before) old_elements.emplace(*key_of(element, key), &element);
    for (const Value& element : after) new_elements.emplace(*key_of(element, key), &element);
    const auto at = [&](const std::string& text) { return fmt::format("{}[{}={}]", path, key, text); };
    Array old_order;
    Array new_order;
    for (const Value& element : before) {
      const std::string text = *key_of(element, key);
      if (!new_elements.contains(text)) {
        changes.push_back({at(text), element, std::nullopt});
      } else {
        old_order.emplace_back(text);
      }
    }
    for (const Value& element : after) {
      const std::string text = *key_of(element, key);
      const auto old_element = old_elements.find(text);
      if (old_element != old_elements.end()) new_order.emplace_back(text);
      compare_sides(at(text), old_element == old_elements.end() ? nullptr : old_element->second, &element);
    }
    if (old_order != new_order) changes.push_back({path + "(order)", Value(std::move(old_order)), Value(std::move(new_order))});
  }

  void compare_runs(const std::string& path, const Array& before, const Array& after) {
    std::map<std::string, std::uint32_t> numbers;
    const auto numbered = [&](const Array& array) {
      std::vector<std::uint32_t> out;
      out.reserve(array.size());
      for (const Value& element : array)
        out.push_back(numbers.emplace(to_canonical_json(element), static_cast<std::uint32_t>(numbers.size())).first->second);
      return out;
    };
    const std::vector<std::uint32_t> old_numbers = numbered(before);
    const std::vector<Edit> edits = edits_between(old_numbers, numbered(after));
    for (std::size_t at = 0; at < edits.size();) {
      // A run of removals and the run of additions after it: the first removed became the first added, and so on.
      std::size_t added = at;
      while (added < edits.size() && edits[added].kind == Edit::Kind::remove) ++added;
      std::size_t end = added;
      while (end < edits.size() && edits[end].kind == Edit::Kind::add) ++end;
      if (end == at) {
        ++at;
        continue;
      }
      for (std::size_t i = 0; i < std::max(added - at, end - added); ++i) {
        const Value* old_element = at + i < added ? &before[edits[at + i].before] : nullptr;
        const Value* new_element = added + i < end ? &after[edits[added + i].after] : nullptr;
        const std::size_t index = new_element != nullptr ? edits[added + i].after : edits[at + i].before;
        compare_sides(fmt::format("{}[{}]", path, index), old_element, new_element);
      }
      at = end;
    }
  }
};

// Whether a path of a Secret leads to what must not be seen.
bool leads_to_secret(std::string_view path) {
  const auto begins = [&](std::string_view field) {
    return path.starts_with(field) && (path.size() == field.size() || path[field.size()] == '.' || path[field.size()] == '[');
  };
  return path.empty() || begins("data") || begins("stringData") ||
         (begins("metadata") && path.find(kCopyOfSecret) != std::string_view::npos);
}

// Every text and number below `value`; its keys stay, for they say what changed.
Value hidden(const Value& value) {
  if (const Members* object = value.if_object()) {
    Members out;
    for (const auto& [key, member] : *object) out.append(key, hidden(member));
    return out;
  }
  if (const Array* array = value.if_array()) {
    Array out;
    for (const Value& element : *array) out.push_back(hidden(element));
    return out;
  }
  return value.is_null() ? value : Value(kSecretText);
}

Value without_copies(Value annotations) {
  if (Members* object = annotations.if_object()) {
    if (Value* copy = object->find(kCopyOfSecret)) *copy = Value(kSecretText);
  }
  return annotations;
}

// A change above the secrets (metadata added as a whole, say) may carry a copy of them.
void hide(Change& change) {
  for (std::optional<Value>* side : {&change.before, &change.after}) {
    if (!side->has_value()) continue;
    if (leads_to_secret(change.path)) {
      *side = hidden(**side);
    } else if (change.path == "metadata.annotations") {
      *side = without_copies(*std::move(*side));
    } else if (change.path == "metadata") {
      if (Members* metadata = (*side)->if_object(); metadata != nullptr && metadata->find("annotations") != nullptr) {
        Value* annotations = metadata->find("annotations");
        *annotations = without_copies(std::move(*annotations));
      }
    }
  }
}

}  // namespace

std::vector<Change> difference(const Value& before, const Value& after) {
  Comparison comparison;
  comparison.compare({}, before, after);
  if (is_secret(before) || is_secret(after)) std::for_each(comparison.changes.begin(), comparison.changes.end(), hide);
  return std::move(comparison.changes);
}

Value without_secrets(const Value& content) {
  if (!is_secret(content)) return content;
  Value out = content;
  for (auto& [key, value] : *out.if_object()) {
    if (key == "data" || key == "stringData") value = hidden(value);
    if (key != "metadata" || value.if_object() == nullptr) continue;
    if (Value* annotations = value.if_object()->find("annotations")) *annotations = without_copies(std::move(*annotations));
  }
  return out;
}

}  // namespace muster::manifest
