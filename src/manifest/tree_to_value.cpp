#include <fmt/core.h>

#include <algorithm>
#include <map>
#include <optional>

#include "manifest/scalar.hpp"
#include "manifest/tree.hpp"
#include "muster/base/text.hpp"
#include "muster/manifest/yaml.hpp"

namespace muster::manifest {

namespace {

using ::muster::Array;
using Members = ::muster::Object;

// Below this many nodes a document may expand as it likes: no machine notices, and real files repeat a probe or two.
constexpr std::size_t kFreeExpansion = 1'000;

struct Key {
  std::string text;
  std::uint32_t node = 0;   ///< Of the key.
  std::uint32_t value = 0;  ///< Of its value.
};

std::string shown(std::string_view key) {
  constexpr std::size_t kLongest = 60;
  return std::string(key.substr(0, kLongest)) + (key.size() > kLongest ? "…" : "");
}

// Writes values from a tree; the first refusal is kept and everything after it is quick and meaningless.
class ValueWriter {
 public:
  ValueWriter(const Tree& tree, std::string_view path, std::size_t& expanded)
      : tree_(tree), path_(path), expanded_(expanded), limit_(std::max(kFreeExpansion, tree.nodes.size() * kMaxExpansion)) {}

  Result<Value> write() {
    Value root;
    if (!tree_.nodes.empty()) write_value(0, root);
    if (failure_) return *std::move(failure_);
    return root;
  }

 private:
  bool write_value(std::uint32_t index, Value& out) {
    const Node& node = tree_.nodes[index];
    if (!count(node)) return false;
    // An alias inside what it expands to was refused while reading, so the recursion ends; aliases count as levels too.
    if (node.kind == Node::Kind::scalar) return write_scalar(node, out);
    if (depth_ == kMaxDepth)
      return fail(node, Reason::limit, fmt::format("nested deeper than {} levels once aliases are expanded", kMaxDepth));
    ++depth_;
    const bool written = write_collection(index, out);
    --depth_;
    return written;
  }

  bool write_collection(std::uint32_t index, Value& out) {
    switch (tree_.nodes[index].kind) {
      case Node::Kind::sequence: return write_sequence(index, out);
      case Node::Kind::mapping: return write_mapping(index, out);
      default: return write_value(tree_.nodes[index].target, out);
    }
  }

  bool count(const Node& node) {
    ++expanded_;
    ++written_;
    if (expanded_ > kMaxNodes)
      return fail(node, Reason::limit, fmt::format("the file has more than {} nodes once aliases are expanded; split it", kMaxNodes));
    if (written_ > limit_)
      return fail(node, Reason::limit, fmt::format("aliases make the document more than {} times larger", kMaxExpansion));
    return true;
  }

  std::optional<Scalar> meaning(const Node& node) {
    const std::string_view text = tree_.text_of(node);
    if (node.tag == Node::Tag::none) return node.plain ? resolve_plain(text) : Scalar(text);
    if (node.tag == Node::Tag::text) return Scalar(text);
    Scalar scalar = resolve_plain(text);
    if (node.tag == Node::Tag::real) {
      if (const auto* integer = std::get_if<std::int64_t>(&scalar)) scalar = static_cast<double>(*integer);
    }
    if (!fits(node.tag, scalar)) {
      fail(node, Reason::invalid, fmt::format("'{}' is {}, not what its tag says; remove the tag", shown(text), kind_of(scalar)));
      return std::nullopt;
    }
    return scalar;
  }

  static bool fits(Node::Tag tag, const Scalar& scalar) {
    switch (tag) {
      case Node::Tag::null: return std::holds_alternative<std::monostate>(scalar);
      case Node::Tag::boolean: return std::holds_alternative<bool>(scalar);
      case Node::Tag::integer: return std::holds_alternative<std::int64_t>(scalar) || std::holds_alternative<std::uint64_t>(scalar);
      case Node::Tag::real: return std::holds_alternative<double>(scalar);
      default: return true;
    }
  }

  bool write_scalar(const Node& node, Value& out) {
    const std::optional<Scalar> scalar = meaning(node);
    if (!scalar) return false;
    if (const auto* text = std::get_if<std::string_view>(&*scalar)) {
      out = Value(*text);
      return true;
    }
    std::optional<Value> value = to_value(*scalar);
    if (!value) return fail(node, Reason::invalid, fmt::format("JSON has no number '{}'; quote it if it is text", tree_.text_of(node)));
    out = *std::move(value);
    return true;
  }

  bool write_sequence(std::uint32_t index, Value& out) {
    const Node& node = tree_.nodes[index];
    Array array;
    array.reserve(node.size);
    for (std::uint32_t child = index + 1; child < node.end; child = tree_.nodes[child].end) {
      if (!write_value(child, array.emplace_back())) return false;
    }
    out = Value(std::move(array));
    return true;
  }

  bool write_mapping(std::uint32_t index, Value& out) {
    const Node& node = tree_.nodes[index];
    std::vector<Key> keys;
    keys.reserve(node.size / 2);
    bool merges = false;
    for (std::uint32_t child = index + 1; child < node.end;) {
      const std::uint32_t value = tree_.nodes[child].end;
      merges = merges || is_merge(tree_.nodes[child]);
      Key& key = keys.emplace_back();
      if (!read_key(child, key.text)) return false;
      key.node = child;
      key.value = value;
      child = tree_.nodes[value].end;
    }
    if (!check_distinct(keys)) return false;
    return merges ? write_merged(keys, out) : write_plain(keys, out);
  }

  bool read_key(std::uint32_t index, std::string& out) {
    const Node* node = &tree_.nodes[index];
    if (!count(*node)) return false;
    if (node->kind == Node::Kind::alias) node = &tree_.nodes[node->target];
    if (node->kind != Node::Kind::scalar)
      return fail(tree_.nodes[index], Reason::invalid, "a key must be plain text, not a list or a mapping");
    const std::optional<Scalar> scalar = meaning(*node);
    if (!scalar) return false;
    std::optional<std::string> key = to_key(*scalar);
    if (!key) return fail(tree_.nodes[index], Reason::invalid, fmt::format("{} cannot be a key; quote it", key_name(*node)));
    out = *std::move(key);
    return true;
  }

  [[nodiscard]] std::string key_name(const Node& node) const {
    return node.size == 0 ? "an empty key" : fmt::format("'{}'", shown(tree_.text_of(node)));
  }

  [[nodiscard]] bool is_merge(const Node& node) const {
    return node.kind == Node::Kind::scalar && node.plain && tree_.text_of(node) == "<<";
  }

  bool check_distinct(const std::vector<Key>& keys) {
    // Most mappings have few keys, which are compared quicker than sorted.
    constexpr std::size_t kFew = 8;
    const auto has_twin = [&](const Key& key) {
      return std::any_of(keys.data(), &key, [&](const Key& other) { return other.text == key.text; });
    };
    if (keys.size() <= kFew && std::none_of(keys.begin(), keys.end(), has_twin)) return true;
    std::vector<const Key*> sorted;
    sorted.reserve(keys.size());
    for (const Key& key : keys) sorted.push_back(&key);
    // By text, then place: the later of two is the one to point at.
    std::sort(sorted.begin(), sorted.end(),
              [](const Key* a, const Key* b) { return a->text != b->text ? a->text < b->text : a->node < b->node; });
    const auto twin = std::adjacent_find(sorted.begin(), sorted.end(), [](const Key* a, const Key* b) { return a->text == b->text; });
    if (twin == sorted.end()) return true;
    const Node& first = tree_.nodes[(*twin)->node];
    const Node& second = tree_.nodes[(*std::next(twin))->node];
    if (is_merge(second)) return fail(second, Reason::invalid, "two merge keys in one mapping; write one, with a list of what to merge");
    return fail(second, Reason::invalid, fmt::format("duplicate key '{}', first at line {}; remove one", shown((*twin)->text), first.line));
  }

  bool write_plain(std::vector<Key>& keys, Value& out) {
    Members members;
    members.reserve(keys.size());
    for (Key& key : keys) {
      members.append(std::move(key.text), Value());
      if (!write_value(key.value, (members.end() - 1)->second)) return false;
    }
    out = Value(std::move(members));
    return true;
  }

  struct Slot {
    Value value;
    bool own = false;  ///< Written by a key of the mapping itself.
  };
  using Slots = std::map<std::string, Slot>;

  // Kubernetes' parser takes keys and merges in the order they are written, each replacing what stands; YAML says that a
  // key of the mapping itself always wins. The two agree unless a merge follows the key that it would replace.
  bool write_merged(const std::vector<Key>& keys, Value& out) {
    Slots slots;
    for (const Key& key : keys) {
      const Node& node = tree_.nodes[key.node];
      if (is_merge(node)) {
        if (!merge(key, slots)) return false;
        continue;
      }
      if (slots.contains(key.text) && !check_replaceable(node, key.text)) return false;
      Slot& slot = slots[key.text];
      slot.own = true;
      if (!write_value(key.value, slot.value)) return false;
    }
    Members members;
    members.reserve(slots.size());
    for (auto& [name, slot] : slots) members.append(name, std::move(slot.value));
    out = Value(std::move(members));
    return true;
  }

  bool merge(const Key& key, Slots& slots) {
    const Node& node = tree_.nodes[key.node];
    std::vector<std::uint32_t> sources;
    if (!merge_sources(key.value, sources)) return false;
    for (const std::uint32_t source : sources) {
      Value merged;
      if (!write_value(source, merged)) return false;
      for (auto& [name, value] : *merged.if_object()) {
        if (slots.contains(name) && !check_replaceable(node, name)) return false;
        Slot& slot = slots[name];
        if (slot.own) {
          return fail(node, Reason::invalid,
                      fmt::format("'<<' after key '{}' would replace it in Kubernetes and not elsewhere; write '<<' first", shown(name)));
        }
        slot.value = std::move(value);
      }
    }
    return true;
  }

  // The number 1 and the text "1" are two keys to Kubernetes' parser, of which chance then drops one; a merge no longer knows
  // which of the two it had.
  bool check_replaceable(const Node& node, std::string_view name) {
    if (std::holds_alternative<std::string_view>(resolve_plain(name))) return true;
    return fail(node, Reason::invalid,
                fmt::format("key '{}' is merged and replaced, and may be two keys; leave it out of one of the mappings", shown(name)));
  }

  bool merge_sources(std::uint32_t index, std::vector<std::uint32_t>& out) {
    const Node& node = tree_.nodes[index];
    if (node.kind == Node::Kind::sequence) {
      if (!count(node)) return false;
      for (std::uint32_t child = index + 1; child < node.end; child = tree_.nodes[child].end) {
        if (!is_mapping(tree_.nodes[child])) return fail(tree_.nodes[child], Reason::invalid, "'<<' merges mappings; this is none");
        out.push_back(child);
      }
      // Earlier sources take precedence, so they are written last.
      std::reverse(out.begin(), out.end());
      return true;
    }
    if (!is_mapping(node)) return fail(node, Reason::invalid, "'<<' merges a mapping or a list of mappings; this is neither");
    out.push_back(index);
    return true;
  }

  [[nodiscard]] bool is_mapping(const Node& node) const {
    const Node& meant = node.kind == Node::Kind::alias ? tree_.nodes[node.target] : node;
    return meant.kind == Node::Kind::mapping;
  }

  bool fail(const Node& node, Reason reason, std::string_view what) {
    if (!failure_) failure_ = refuse(reason, {std::string(path_), node.line, node.column}, what);
    return false;
  }

  const Tree& tree_;
  std::string_view path_;
  std::size_t& expanded_;
  std::size_t limit_;
  std::size_t written_ = 0;
  std::size_t depth_ = 0;
  std::optional<Failure> failure_;
};

}  // namespace

Result<Value> tree_to_value(const Tree& tree, std::string_view path, std::size_t& expanded) {
  return ValueWriter(tree, path, expanded).write();
}

}  // namespace muster::manifest
