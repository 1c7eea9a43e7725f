// Strict YAML and JSON in, canonical YAML out.
//
// Reading: scalars resolve exactly as Kubernetes' own parser (sigs.k8s.io/yaml) resolves them, or the input is refused.
// Refused, each with path:line:column and the way out: anything but UTF-8, NUL, a byte-order mark inside, control
// characters, duplicate keys, tags other than the core ones, directives, aliases to an anchor around them, mappings or
// sequences as keys, `.inf` and `.nan`, and whatever passes one of the limits below.
//
// Numbers are normalised as their way through JSON to the API server does it: 1.0, 1e0 and 1 are one integer.
//
// Thread-safety: pure functions. Failures: stalled; corrupt (not UTF-8), limit, invalid.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "muster/base/result.hpp"
#include "muster/base/value.hpp"
#include "muster/manifest/object.hpp"

namespace muster::manifest {

inline constexpr std::size_t kMaxFileBytes = std::size_t{5} << 20U;  ///< One file.
inline constexpr std::size_t kMaxNodes = 200'000;                    ///< Of one file, aliases expanded.
inline constexpr std::size_t kMaxDepth = 100;                        ///< Of nested collections.
inline constexpr std::size_t kMaxExpansion = 10;                     ///< Nodes after aliases are expanded, per node written.

/// One document of a stream. `at` is its first node.
struct Document {
  Value value;
  Position at;
};

/// Every document of a YAML or JSON stream in order; those that are empty or comments alone are left out.
Result<std::vector<Document>> parse_documents(std::string_view bytes, std::string_view path);

/// A file of one document, as muster's own files are; `muster.yaml` of an environment, release.yaml, holds.
Result<Value> parse_document(std::string_view bytes, std::string_view path);

/// Every object of a manifest file: documents that are a `List` (or `<Kind>List`) give their items.
Result<std::vector<Object>> parse_objects(std::string_view bytes, std::string_view path);

/// One strict JSON text (RFC 8259), no deeper than 128, without duplicate keys.
Result<Value> parse_json(std::string_view bytes, std::string_view path);

/// Block style, members in their own order, literal blocks for text of several lines. Every scalar is written so that
/// YAML 1.1 and 1.2 readers agree on it, and parse_document() gives the same value back. Ends with a newline.
std::string print_yaml(const Value& value);

/// An object for people and descriptors: apiVersion, kind, metadata first, status last, `name` first in list items and
/// metadata, everything else sorted. Equal contents give equal bytes.
std::string print_object(const Value& content);

}  // namespace muster::manifest
