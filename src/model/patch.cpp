#include "muster/model/patch.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <span>

#include "muster/base/text.hpp"

namespace muster::model {
namespace {

using Steps = std::span<const PatchStep>;
using Mistake = std::optional<std::string>;

bool is_plain(std::string_view key) {
  return !key.empty() && std::all_of(key.begin(), key.end(), [](unsigned char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == '-';
  });
}

void append_step(std::string& out, const PatchStep& step) {
  if (step.by == PatchStep::By::index) {
    out += fmt::format("[{}]", step.index);
  } else if (step.by == PatchStep::By::name) {
    out += fmt::format("[\"{}\"]", step.key);
  } else {
    if (!out.empty()) out.push_back('.');
    out += is_plain(step.key) ? step.key : fmt::format("\"{}\"", step.key);
  }
}

std::string names_in(const Array& list) {
  std::vector<std::string> found;
  for (const Value& item : list) {
    if (const std::string_view name = item.string_at("name"); !name.empty()) found.push_back(fmt::format("\"{}\"", name));
  }
  return found.empty() ? "its elements have no names" : "it has " + join(found, ", ");
}

Value* element_named(Array& list, std::string_view name) {
  const auto found = std::find_if(list.begin(), list.end(),
                                  [&](const Value& item) { return item.find("name") != nullptr && item.string_at("name") == name; });
  return found == list.end() ? nullptr : &*found;
}

/// What stands at the end of a walk: a place that may be empty, and how to fill or drop it.
struct Place {
  Object* map = nullptr;  ///< With `key`.
  Array* list = nullptr;  ///< With `index`; index == size is a named element to append.
  std::string key;
  std::size_t index = 0;

  [[nodiscard]] Value* find() const {
    if (map != nullptr) return map->find(key);
    return index < list->size() ? &(*list)[index] : nullptr;
  }
  void set(Value value) const {
    if (map != nullptr) {
      map->set(key, std::move(value));
    } else if (index < list->size()) {
      (*list)[index] = std::move(value);
    } else {
      list->push_back(std::move(value));
    }
  }
  void drop() const {
    if (map != nullptr) {
      map->erase(key);
    } else if (index < list->size()) {
      list->erase(list->begin() + static_cast<std::ptrdiff_t>(index));
    }
  }
};

class Walk {
 public:
  Walk(Steps steps, bool make) : steps_(steps), make_(make) {}

  /// The place of the last step; nullopt with no mistake where a missing map on the way means that nothing is there.
  std::optional<Place> to_place(Value& object) {
    Value* at = &object;
    for (std::size_t i = 0; i < steps_.size(); ++i) {
      std::optional<Place> place = step(*at, i);
      if (!place) return std::nullopt;
      if (i + 1 == steps_.size()) return place;
      at = place->find();
      if (at == nullptr && place->list != nullptr)
        return wrong(fmt::format("`{}` has no element named \"{}\"; {}", text(i), steps_[i].key, names_in(*place->list)));
      if (at == nullptr || at->is_null()) {
        if (!make_) return std::nullopt;
        place->set(Object());
        at = place->find();
      }
    }
    return std::nullopt;
  }
  Mistake mistake;

 private:
  std::optional<Place> step(Value& at, std::size_t i) {
    const PatchStep& step = steps_[i];
    if (Object* map = at.if_object(); map != nullptr && step.by != PatchStep::By::index) return Place{map, nullptr, step.key, 0};
    Array* list = at.if_array();
    if (list == nullptr)
      return wrong(
          fmt::format("`{}` is a {}; it has no `{}`", text(i), at.if_object() != nullptr ? "map" : at.type_name(), step_text(step)));
    if (step.by == PatchStep::By::key) {
      return wrong(fmt::format("`{}` is a list; choose an element by its name, `{}[\"{}\"]`", text(i), text(i), step.key));
    }
    if (step.by == PatchStep::By::index) {
      if (step.index < list->size()) return Place{nullptr, list, {}, step.index};
      return wrong(fmt::format("`{}` has {}, counted from 0; there is no [{}]", text(i), count_of(list->size(), "element"), step.index));
    }
    const Value* named = element_named(*list, step.key);
    return Place{nullptr, list, step.key, named == nullptr ? list->size() : static_cast<std::size_t>(named - list->data())};
  }
  std::optional<Place> wrong(std::string text) {
    mistake = std::move(text);
    return std::nullopt;
  }
  [[nodiscard]] std::string text(std::size_t count) const {
    std::string out;
    for (const PatchStep& each : steps_.first(count)) append_step(out, each);
    return out.empty() ? "the object" : out;
  }
  static std::string step_text(const PatchStep& step) {
    std::string out;
    append_step(out, step);
    return out;
  }

  Steps steps_;
  bool make_;
};

Mistake set(const PatchOperation& operation, const Place& place) {
  Value value = operation.value;
  if (place.list != nullptr && !place.key.empty()) {
    Object* map = value.if_object();
    if (map == nullptr) return fmt::format("an element named \"{}\" must be a map, and this is a {}", place.key, value.type_name());
    if (const Value* name = map->find("name"); name != nullptr && !(*name == Value(place.key))) {
      return fmt::format("the element is chosen as \"{}\" and named \"{}\"", place.key,
                         map->find("name")->if_string() == nullptr ? "" : *map->find("name")->if_string());
    }
    if (!map->contains("name")) {
      Object named{{"name", Value(place.key)}};
      for (auto& [key, member] : *map) named.append(key, std::move(member));
      value = std::move(named);
    }
  }
  place.set(std::move(value));
  return std::nullopt;
}

Mistake add(const PatchOperation& operation, const Place& place) {
  const Value* present = place.find();
  if (present == nullptr || present->is_null()) {
    if (operation.value.if_array() == nullptr && operation.value.if_object() == nullptr)
      return "`+=` adds a list to a list or keys to a map; for one value write `=`";
    place.set(operation.value);
    return std::nullopt;
  }
  Value& target = *place.find();
  if (Array* list = target.if_array()) {
    const Array* more = operation.value.if_array();
    if (more == nullptr) return fmt::format("it is a list; `+=` needs a list, and this is a {}", operation.value.type_name());
    list->insert(list->end(), more->begin(), more->end());
    return std::nullopt;
  }
  if (Object* map = target.if_object()) {
    const Object* more = operation.value.if_object();
    if (more == nullptr) return fmt::format("it is a map; `+=` needs a map, and this is a {}", operation.value.type_name());
    for (const auto& [key, value] : *more) map->set(key, value);
    return std::nullopt;
  }
  return fmt::format("it is a {}; `+=` adds to lists and maps only", target.type_name());
}

Mistake take_from(Array& list, const Value& wanted) {
  const std::string* name = wanted.if_string();
  const auto found = std::find_if(list.begin(), list.end(), [&](const Value& item) {
    return item == wanted || (name != nullptr && item.find("name") != nullptr && item.string_at("name") == *name);
  });
  if (found == list.end()) return fmt::format("it has no element {}", to_canonical_json(wanted));
  list.erase(found);
  return std::nullopt;
}

Mistake take_from(Object& map, const Value& wanted) {
  const std::string* key = wanted.if_string();
  if (key == nullptr) return "`-=` on a map takes keys: strings";
  if (!map.erase(*key)) return fmt::format("it has no key \"{}\"", *key);
  return std::nullopt;
}

Mistake remove(const PatchOperation& operation, const Place* place) {
  Value* target = place == nullptr ? nullptr : place->find();
  if (target == nullptr) return "there is nothing to take from";
  Array wanted;
  if (const Array* many = operation.value.if_array()) {
    wanted = *many;
  } else {
    wanted.push_back(operation.value);
  }
  for (const Value& each : wanted) {
    Mistake mistake;
    if (Array* list = target->if_array()) {
      mistake = take_from(*list, each);
    } else if (Object* map = target->if_object()) {
      mistake = take_from(*map, each);
    } else {
      mistake = fmt::format("it is a {}; `-=` takes from lists and maps only", target->type_name());
    }
    if (mistake) return mistake;
  }
  return std::nullopt;
}

}  // namespace

std::string path_text(const std::vector<PatchStep>& path) {
  std::string out;
  for (const PatchStep& step : path) append_step(out, step);
  return out;
}

bool names(const Patch& patch, std::string_view kind, std::string_view name) {
  return patch.kind == kind && (patch.name.empty() || patch.name == "*" || patch.name == name);
}

std::optional<std::string> apply(const PatchOperation& operation, Value& object) {
  if (operation.path.empty()) return "a patch needs a path";
  const bool make = operation.kind != PatchOperation::Kind::remove && !operation.drop;
  Walk walk(operation.path, make);
  const std::optional<Place> place = walk.to_place(object);
  if (walk.mistake) return walk.mistake;
  Mistake mistake;
  if (operation.drop) {
    if (place) place->drop();
  } else if (operation.kind == PatchOperation::Kind::set) {
    mistake = set(operation, *place);
  } else if (operation.kind == PatchOperation::Kind::add) {
    mistake = add(operation, *place);
  } else {
    mistake = remove(operation, place ? &*place : nullptr);
  }
  if (mistake) return fmt::format("`{}`: {}", path_text(operation.path), *mistake);
  return std::nullopt;
}

}  // namespace muster::model
