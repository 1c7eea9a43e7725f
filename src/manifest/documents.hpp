// A YAML or JSON stream as documents, with the places that parse_objects() needs to report on a List's items.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "muster/base/result.hpp"
#include "muster/manifest/yaml.hpp"

namespace muster::manifest {

struct PlacedDocument {
  Document document;
  std::vector<Position> items;  ///< Of the root's `items`; empty where the source does not tell (JSON, aliases).
};

/// Failures as parse_documents().
Result<std::vector<PlacedDocument>> read_documents(std::string_view bytes, std::string_view path);

/// parse_json() of a text that begins at `first_line`. Reason::invalid where it is no JSON and may be YAML; Reason::limit
/// where it is JSON beyond what muster takes.
Result<Value> parse_json_at(std::string_view bytes, std::string_view path, std::uint32_t first_line);

}  // namespace muster::manifest
