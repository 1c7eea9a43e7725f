// What muster knows about the kinds that Kubernetes brings itself: where they live and when they are applied. One table,
// looked up by group and kind. Source: the API reference of Kubernetes 1.33.
#pragma once

#include <string_view>

#include "muster/manifest/object.hpp"

namespace muster::manifest {

struct BuiltInKind {
  std::string_view group;
  std::string_view kind;
  Scope scope;
  int rank;
};

/// nullptr for a kind that Kubernetes does not bring itself.
const BuiltInKind* find_built_in(std::string_view group, std::string_view kind);

/// The rank of every kind that is not in the table.
inline constexpr int kRankOfOthers = 80;

}  // namespace muster::manifest
