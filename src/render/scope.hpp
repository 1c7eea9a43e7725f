// Which kinds live in a namespace. Custom kinds whose definition is in the same set say it themselves, then
// manifest::scope_of and a table of widely used custom kinds are asked; all others count as namespaced. Pure.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <utility>

#include "muster/base/value.hpp"

namespace muster::render {

class Scopes {
 public:
  /// Learns from a CustomResourceDefinition; any other content is ignored.
  void learn(const Value& content);
  [[nodiscard]] bool is_cluster_scoped(std::string_view group, std::string_view kind) const;

 private:
  std::map<std::pair<std::string, std::string>, bool> defined_;
};

}  // namespace muster::render
