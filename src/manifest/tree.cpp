#include "manifest/tree.hpp"

#include <fmt/core.h>
#include <yaml.h>

#include <algorithm>
#include <array>
#include <map>
#include <optional>

#include "manifest/plain_style.hpp"
#include "muster/base/text.hpp"
#include "muster/manifest/yaml.hpp"

namespace muster::manifest {

namespace {

struct ParserGuard {
  yaml_parser_t parser{};
  ParserGuard() = default;
  ParserGuard(const ParserGuard&) = delete;
  ParserGuard& operator=(const ParserGuard&) = delete;
  ~ParserGuard() { yaml_parser_delete(&parser); }
};

struct EventGuard {
  yaml_event_t event{};
  EventGuard() = default;
  EventGuard(const EventGuard&) = delete;
  EventGuard& operator=(const EventGuard&) = delete;
  ~EventGuard() { yaml_event_delete(&event); }
};

std::string_view view(const yaml_char_t* text) { return text == nullptr ? "" : reinterpret_cast<const char*>(text); }

// What the library says, and what the author can do about it.
struct Advice {
  std::string_view problem;
  std::string_view way_out;
};
constexpr auto kAdvice = std::to_array<Advice>({
    {"found character that cannot start any token", "indent with spaces, not tabs, and quote text that begins with @, ` or %"},
    {"mapping values are not allowed in this context", "quote text that contains ': ', or indent the line as a key"},
    {"did not find expected key", "check the indentation, and that quotes and brackets are closed"},
    {"did not find expected '-' indicator", "check the indentation of the list"},
    {"could not find expected ':'", "a key needs ': ' after it on the same line"},
    {"did not find expected ',' or ']'", "close the list with ]"},
    {"did not find expected ',' or '}'", "close the mapping with }"},
    {"found unexpected end of stream", "close the quote"},
    {"found undefined tag handle", "tags of one's own are refused; remove it"},
    {"found unexpected document indicator", "close the quote or bracket before the next document"},
    {"did not find expected <document start>", "separate documents with a line of ---"},
});

// NOLINTBEGIN(cppcoreguidelines-pro-type-union-access): libyaml's events are a tagged union, and the tag is asked first.

// Reads the events of one document into a Tree. One use.
class TreeReader {
 public:
  TreeReader(std::string_view path, std::uint32_t first_line, std::size_t node_budget)
      : path_(path), first_line_(first_line), node_budget_(node_budget) {}

  Result<Tree> read(std::string_view chunk) {
    if (yaml_parser_initialize(&guard_.parser) == 0) return retry(Reason::exhausted, "no memory for a YAML parser");
    yaml_parser_set_encoding(&guard_.parser, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(&guard_.parser, reinterpret_cast<const unsigned char*>(chunk.data()), chunk.size());
    tree_.nodes.reserve(std::min(chunk.size() / 12 + 8, kMaxNodes));
    tree_.text.reserve(chunk.size());
    for (bool more = true; more;) {
      EventGuard guard;
      if (yaml_parser_parse(&guard_.parser, &guard.event) == 0) return syntax_failure();
      more = guard.event.type != YAML_STREAM_END_EVENT;
      MUSTER_CHECK(take(guard.event));
    }
    return std::move(tree_);
  }

 private:
  [[nodiscard]] Position position(const yaml_mark_t& mark) const {
    return {std::string(path_), first_line_ + static_cast<std::uint32_t>(mark.line), static_cast<std::uint32_t>(mark.column) + 1};
  }

  [[nodiscard]] Failure syntax_failure() const {
    const yaml_parser_t& parser = guard_.parser;
    if (parser.error == YAML_MEMORY_ERROR) return retry(Reason::exhausted, "no memory to parse YAML");
    const std::string_view problem = parser.problem == nullptr ? "not YAML" : parser.problem;
    std::string text(problem);
    if (parser.context != nullptr) text += fmt::format(" {}", parser.context);
    if (parser.context != nullptr && parser.context_mark.line < parser.problem_mark.line) {
      text += fmt::format(" that begins at line {}", position(parser.context_mark).line);
    }
    const auto* const advice = std::find_if(kAdvice.begin(), kAdvice.end(), [&](const Advice& a) { return a.problem == problem; });
    if (advice != kAdvice.end()) text += fmt::format("; {}", advice->way_out);
    return refuse(Reason::invalid, position(parser.problem_mark), text);
  }

  Result<void> take(const yaml_event_t& event) {
    switch (event.type) {
      case YAML_DOCUMENT_START_EVENT: return start_document(event);
      case YAML_SCALAR_EVENT: return add_scalar(event);
      case YAML_ALIAS_EVENT: return add_alias(event);
      case YAML_SEQUENCE_START_EVENT: {
        const auto& start = event.data.sequence_start;
        return open(event, Node::Kind::sequence, start.tag, start.anchor, start.style == YAML_FLOW_SEQUENCE_STYLE);
      }
      case YAML_MAPPING_START_EVENT: {
        const auto& start = event.data.mapping_start;
        return open(event, Node::Kind::mapping, start.tag, start.anchor, start.style == YAML_FLOW_MAPPING_STYLE);
      }
      case YAML_SEQUENCE_END_EVENT:
      case YAML_MAPPING_END_EVENT:
        tree_.nodes[open_.back()].end = size();
        open_.pop_back();
        if (flow_depth_ > 0) --flow_depth_;  // a block never stands inside of flow
        return {};
      default: return {};
    }
  }

  Result<void> start_document(const yaml_event_t& event) {
    const auto& start = event.data.document_start;
    const Position at = position(event.start_mark);
    if (start.version_directive != nullptr || start.tag_directives.start != start.tag_directives.end) {
      return refuse(Reason::invalid, at, "YAML directives (%YAML, %TAG) are refused; remove the line");
    }
    // Kubernetes reads one document between two separators and drops what follows without a word.
    if (seen_document_ || start.implicit == 0) {
      return refuse(Reason::invalid, at, "a second document begins without a line of ---, and Kubernetes would drop it; put --- before it");
    }
    seen_document_ = true;
    return {};
  }

  Result<void> add_scalar(const yaml_event_t& event) {
    const auto& scalar = event.data.scalar;
    MUSTER_TRY(Node & node, add(event, Node::Kind::scalar, scalar.anchor));
    const std::string_view tag = view(scalar.tag);
    if (!tag.empty()) {
      const std::optional<Node::Tag> known = scalar_tag(tag);
      if (!known) return refuse_tag(event, tag);
      // "[!!str,a]": whether the comma belongs to the tag depends on the parser.
      if (flow_depth_ > 0 && scalar.length == 0 && scalar.style == YAML_PLAIN_SCALAR_STYLE) return refuse_tag(event, tag);
      node.tag = *known;
    }
    node.plain = scalar.plain_implicit != 0;
    const std::string_view text(reinterpret_cast<const char*>(scalar.value), scalar.length);
    if (flow_depth_ > 0 && scalar.style == YAML_PLAIN_SCALAR_STYLE && text.find('?') != std::string_view::npos) {
      return refuse(Reason::invalid, position(event.start_mark),
                    "text with '?' inside [] or {} is read differently by different parsers; quote it");
    }
    if (text.find('\0') != std::string_view::npos)
      return refuse(Reason::invalid, position(event.start_mark), "text contains a NUL character");
    node.begin = static_cast<std::uint32_t>(tree_.text.size());
    node.size = static_cast<std::uint32_t>(text.size());
    node.end = size();
    tree_.text.append(text);
    return {};
  }

  Result<void> add_alias(const yaml_event_t& event) {
    const std::string_view name = view(event.data.alias.anchor);
    const auto anchor = anchors_.find(name);
    if (anchor == anchors_.end()) {
      return refuse(Reason::invalid, position(event.start_mark), fmt::format("no anchor '&{}' stands before this alias", name));
    }
    const Node& target = tree_.nodes[anchor->second];
    if (target.end == 0) {
      return refuse(Reason::invalid, position(event.start_mark), fmt::format("anchor '&{}' contains itself", name));
    }
    MUSTER_TRY(Node & node, add(event, Node::Kind::alias, nullptr));
    node.target = anchor->second;
    node.end = size();
    return {};
  }

  Result<void> open(const yaml_event_t& event, Node::Kind kind, const yaml_char_t* tag, const yaml_char_t* anchor, bool flow) {
    const std::string_view wanted = kind == Node::Kind::sequence ? YAML_SEQ_TAG : YAML_MAP_TAG;
    if (tag != nullptr && view(tag) != wanted && view(tag) != "!") return refuse_tag(event, view(tag));
    if (open_.size() >= kMaxDepth) {
      return refuse(Reason::limit, position(event.start_mark), fmt::format("nested deeper than {} levels", kMaxDepth));
    }
    MUSTER_CHECK(add(event, kind, anchor));
    open_.push_back(size() - 1);
    if (flow) ++flow_depth_;
    return {};
  }

  Result<std::reference_wrapper<Node>> add(const yaml_event_t& event, Node::Kind kind, const yaml_char_t* anchor) {
    if (tree_.nodes.size() >= node_budget_) {
      return refuse(Reason::limit, position(event.start_mark), fmt::format("the file has more than {} nodes; split it", kMaxNodes));
    }
    if (!open_.empty()) ++tree_.nodes[open_.back()].size;
    if (anchor != nullptr) anchors_.insert_or_assign(std::string(view(anchor)), size());
    Node& node = tree_.nodes.emplace_back();
    node.kind = kind;
    node.line = first_line_ + static_cast<std::uint32_t>(event.start_mark.line);
    node.column = static_cast<std::uint32_t>(event.start_mark.column) + 1;
    return std::ref(node);
  }

  [[nodiscard]] static std::optional<Node::Tag> scalar_tag(std::string_view tag) {
    struct Known {
      std::string_view tag;
      Node::Tag meaning;
    };
    static constexpr auto kKnown = std::to_array<Known>({{YAML_NULL_TAG, Node::Tag::null},
                                                         {YAML_BOOL_TAG, Node::Tag::boolean},
                                                         {YAML_INT_TAG, Node::Tag::integer},
                                                         {YAML_FLOAT_TAG, Node::Tag::real},
                                                         {YAML_STR_TAG, Node::Tag::text}});
    const auto* const found = std::find_if(kKnown.begin(), kKnown.end(), [&](const Known& known) { return known.tag == tag; });
    return found == kKnown.end() ? std::nullopt : std::optional(found->meaning);
  }

  [[nodiscard]] Failure refuse_tag(const yaml_event_t& event, std::string_view tag) const {
    return refuse(Reason::invalid, position(event.start_mark),
                  fmt::format("tag '{}' is refused; remove it, only !!str and its like are read", tag));
  }

  [[nodiscard]] std::uint32_t size() const { return static_cast<std::uint32_t>(tree_.nodes.size()); }

  std::string_view path_;
  std::uint32_t first_line_;
  std::size_t node_budget_;
  ParserGuard guard_;
  Tree tree_;
  std::vector<std::uint32_t> open_;
  std::size_t flow_depth_ = 0;
  std::map<std::string, std::uint32_t, std::less<>> anchors_;
  bool seen_document_ = false;
};

// NOLINTEND(cppcoreguidelines-pro-type-union-access)

}  // namespace

Failure refuse(Reason reason, const Position& at, std::string_view what) {
  return stalled(reason, fmt::format("{}: {}", escape_for_terminal(at.text()), escape_for_terminal(what)));
}

Result<Tree> read_events(std::string_view chunk, std::string_view path, std::uint32_t first_line, std::size_t node_budget) {
  return TreeReader(path, first_line, node_budget).read(chunk);
}

Result<Tree> read_tree(std::string_view chunk, std::string_view path, std::uint32_t first_line, std::size_t node_budget) {
  if (auto tree = read_plain_style(chunk, first_line, node_budget)) return *std::move(tree);
  return read_events(chunk, path, first_line, node_budget);
}

}  // namespace muster::manifest
