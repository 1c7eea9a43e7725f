// The tree of one YAML document, as libyaml's events tell it: flat, in document order, with a position on every node.
// Nothing is resolved yet: aliases stay aliases and scalars stay text.
//
// Failures of read_tree(): limit (depth, nodes), invalid (syntax, tags, anchors), with path:line:column.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "muster/base/result.hpp"
#include "muster/manifest/object.hpp"

namespace muster::manifest {

struct Node {
  enum class Kind : std::uint8_t { scalar, sequence, mapping, alias };
  /// The core schema's tags that a scalar may carry; `none` for most.
  enum class Tag : std::uint8_t { none, null, boolean, integer, real, text };

  Kind kind = Kind::scalar;
  Tag tag = Tag::none;
  bool plain = false;        ///< A scalar whose meaning its text decides: unquoted, untagged.
  std::uint32_t line = 0;    ///< From 1.
  std::uint32_t column = 0;  ///< From 1, in characters.
  std::uint32_t begin = 0;   ///< Of a scalar's text in Tree::text.
  std::uint32_t size = 0;    ///< Bytes of a scalar's text; children of a sequence; children, keys included, of a mapping.
  std::uint32_t end = 0;     ///< One past the last node below this one.
  std::uint32_t target = 0;  ///< The anchored node of an alias.

  friend bool operator==(const Node&, const Node&) = default;
};

/// Node 0 is the root; the children of node i begin at i + 1, each at its elder sibling's `end`. No nodes: no document.
struct Tree {
  std::vector<Node> nodes;
  std::string text;

  [[nodiscard]] std::string_view text_of(const Node& node) const { return std::string_view(text).substr(node.begin, node.size); }

  friend bool operator==(const Tree&, const Tree&) = default;
};

/// `chunk` is one document without separators; its first line is line `first_line` of `path`. At most `node_budget` nodes.
Result<Tree> read_tree(std::string_view chunk, std::string_view path, std::uint32_t first_line, std::size_t node_budget);

/// The same by libyaml's events alone; read_tree() takes the quick way first (plain_style.hpp).
Result<Tree> read_events(std::string_view chunk, std::string_view path, std::uint32_t first_line, std::size_t node_budget);

/// The value of a tree: aliases expanded, merge keys merged, scalars resolved. `expanded` counts its nodes, and is added to.
Result<Value> tree_to_value(const Tree& tree, std::string_view path, std::size_t& expanded);

/// A refusal at a place of a stranger's file.
Failure refuse(Reason reason, const Position& at, std::string_view what);

}  // namespace muster::manifest
