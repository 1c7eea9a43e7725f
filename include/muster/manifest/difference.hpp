// What changed between two contents of one object, field by field, for `plan`, `diff` and drift.
//
// Lists whose elements have a key (containers by `name`, ports by `containerPort` …) are compared by it, others by the
// longest common run, so that an inserted argument is one change. Values of Secrets never leave: they show as "(secret)".
//
// Thread-safety: pure functions. Failure: none.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "muster/base/value.hpp"

namespace muster::manifest {

struct Change {
  /// "spec.template.spec.containers[name=cart].image", "data[nginx.conf]", "spec.args[2]" (the index after the change). Ends in "(order)"
  /// where the same elements stand in another order; before and after are then their keys. Empty for the whole value.
  std::string path;
  std::optional<Value> before;  ///< nullopt: added.
  std::optional<Value> after;   ///< nullopt: removed.
  friend bool operator==(const Change&, const Change&) = default;
};

/// Members sorted by key, list elements in their new order, removed ones before them. Empty exactly when the values are equal.
std::vector<Change> difference(const Value& before, const Value& after);

/// One line a change ("~ spec.replicas: 2 → 3", "+ …", "- …"); text of several lines as changed lines with their
/// surroundings. Every line starts with `indent`. Text from strangers is escaped for terminals.
std::string print_changes(const std::vector<Change>& changes, std::string_view indent = "  ");

/// `content` with the values of a Secret (data, stringData, and copies of them in annotations) replaced by "(secret)".
Value without_secrets(const Value& content);

}  // namespace muster::manifest
