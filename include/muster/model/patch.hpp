// Patches carried out on objects as data: one home for the meaning of `=`, `+=` and `-=` on a path, for the language
// (objects that kinds emit) and render (objects that a renderer produces). Pure; reentrant.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "muster/base/value.hpp"
#include "muster/model/fleet.hpp"

namespace muster::model {

/// "spec.template.spec.containers[\"app\"].image", as the language writes the path.
std::string path_text(const std::vector<PatchStep>& path);

/// Does `patch` name an object of this kind and name? `"KIND"` and `"KIND/*"` name all of the kind.
[[nodiscard]] bool names(const Patch& patch, std::string_view kind, std::string_view name);

/// Carries out one operation on one object. Returns what is wrong with it, a sentence without a place, and leaves
/// `object` unspecified then; nullopt is success.
///
/// A step by name selects the list element whose `name` is that, and is a plain key on a map. `=` makes missing maps on
/// the way, and appends a named element that is not there (its `name` is filled in); any other step that finds nothing
/// is wrong. `= none` drops what is there and is content where nothing is. `+=` appends lists and upserts keys of maps.
/// `-=` takes out elements (by value, or named ones by their name) and keys, each of which must be there.
std::optional<std::string> apply(const PatchOperation& operation, Value& object);

}  // namespace muster::model
