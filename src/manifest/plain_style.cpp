#include "manifest/plain_style.hpp"

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

#include "muster/manifest/yaml.hpp"

namespace muster::manifest {

namespace {

// Bytes by what they may be in a key or in an unquoted scalar between brackets.
enum class Byte : std::uint8_t { other, word, inner };

constexpr std::array<Byte, 256> kBytes = [] {
  std::array<Byte, 256> bytes{};
  for (std::size_t c = '0'; c <= '9'; ++c) bytes[c] = Byte::word;
  for (std::size_t c = 'a'; c <= 'z'; ++c) bytes[c] = bytes[c - 'a' + 'A'] = Byte::word;
  bytes['_'] = bytes['/'] = bytes['.'] = Byte::word;
  bytes['-'] = Byte::inner;
  return bytes;
}();

Byte byte_of(char c) { return kBytes[static_cast<unsigned char>(c)]; }

/// Before these a value may be plain text; the rest begins something else, or is left to libyaml.
bool begins_plain(char c) {
  static constexpr std::string_view kOthers = "?:,[]{}#&*!|>'\"%@`";
  return kOthers.find(c) == std::string_view::npos;
}

/// Tabs, and what ends a line besides \n: libyaml has rules of their own for them.
bool has_odd_space(std::string_view text) {
  if (text.find('\t') != std::string_view::npos || text.find('\r') != std::string_view::npos) return true;
  static constexpr auto kBreaks = std::to_array<std::string_view>({"\xc2\x85", "\xe2\x80\xa8", "\xe2\x80\xa9"});
  return std::any_of(kBreaks.begin(), kBreaks.end(), [&](std::string_view one) { return text.find(one) != std::string_view::npos; });
}

// Reads one document. One use; false anywhere means that libyaml has to read it.
class PlainReader {
 public:
  PlainReader(std::string_view text, std::uint32_t first_line, std::size_t node_budget)
      : text_(text), line_(first_line), node_budget_(node_budget) {
    tree_.nodes.reserve(std::min(text.size() / 12 + 8, kMaxNodes));
    tree_.text.reserve(text.size());
  }

  bool read() {
    while (next_line()) {
      const std::size_t first = text_.find_first_not_of(' ', begin_);
      if (first >= end_ || text_[first] == '#') continue;
      if (!read_line(first)) return false;
    }
    if (!end_wait()) return false;
    while (!open_.empty()) close();
    return true;
  }

  Tree take() { return std::move(tree_); }

 private:
  struct Open {
    std::uint32_t node;
    std::size_t indent;
    bool sequence;
    bool indentless;  ///< A sequence whose dashes stand below the first letter of its key.
  };

  /// A key or a dash without anything behind it yet.
  struct Wait {
    std::uint32_t line;
    std::size_t column;  ///< Where an empty value stands.
  };

  struct Key {
    std::size_t begin;
    std::size_t end;  ///< Of its text.
    std::size_t colon;
    bool quoted;
  };

  bool next_line() {
    if (started_) {
      begin_ = end_ + 1;
      ++line_;
    }
    started_ = true;
    if (begin_ >= text_.size()) return false;
    end_ = text_.find('\n', begin_);
    return end_ != std::string_view::npos;
  }

  [[nodiscard]] std::size_t column(std::size_t at) const { return at - begin_; }
  [[nodiscard]] bool is_dash(std::size_t at) const { return text_[at] == '-' && (at + 1 == end_ || text_[at + 1] == ' '); }
  [[nodiscard]] std::size_t skip_spaces(std::size_t at) const { return std::min(text_.find_first_not_of(' ', at), end_); }
  /// Nothing but spaces, or a comment after at least one.
  [[nodiscard]] bool ends_at(std::size_t at) const {
    const std::size_t next = skip_spaces(at);
    return next == end_ || (text_[next] == '#' && next > at);
  }

  // ---- nodes ----

  Node* add(Node::Kind kind, std::uint32_t line, std::size_t column) {
    if (tree_.nodes.size() >= node_budget_) return nullptr;
    if (!open_.empty()) ++tree_.nodes[open_.back().node].size;
    Node& node = tree_.nodes.emplace_back();
    node.kind = kind;
    node.line = line;
    node.column = static_cast<std::uint32_t>(column) + 1;
    node.end = static_cast<std::uint32_t>(tree_.nodes.size());
    return &node;
  }

  bool add_scalar(std::size_t at, std::string_view text, bool plain) {
    Node* node = add(Node::Kind::scalar, line_, column(at));
    if (node == nullptr) return false;
    node->plain = plain;
    node->begin = static_cast<std::uint32_t>(tree_.text.size());
    node->size = static_cast<std::uint32_t>(text.size());
    tree_.text.append(text);
    return true;
  }

  bool open(std::size_t at, bool sequence, bool indentless = false) {
    if (open_.size() >= kMaxDepth) return false;
    if (add(sequence ? Node::Kind::sequence : Node::Kind::mapping, line_, column(at)) == nullptr) return false;
    open_.push_back({static_cast<std::uint32_t>(tree_.nodes.size() - 1), column(at), sequence, indentless});
    return true;
  }

  void close() {
    tree_.nodes[open_.back().node].end = static_cast<std::uint32_t>(tree_.nodes.size());
    open_.pop_back();
  }

  /// What waits gets no value any more: it is null.
  bool end_wait() {
    if (!wait_) return true;
    Node* node = add(Node::Kind::scalar, wait_->line, wait_->column);
    if (node == nullptr) return false;
    node->plain = true;
    node->begin = static_cast<std::uint32_t>(tree_.text.size());
    wait_.reset();
    return true;
  }

  // ---- lines ----

  bool read_line(std::size_t first) {
    const std::size_t indent = column(first);
    const bool dash = is_dash(first);
    if (open_.empty()) return tree_.nodes.empty() && open_first(first, dash) && read_entry(first);
    if (wait_) {
      const Open& parent = open_.back();
      const bool indentless = dash && !parent.sequence && indent == parent.indent;
      if (indent > parent.indent || indentless) {
        wait_.reset();
        if (dash) return open(first, true, indentless) && read_entry(first);
        if (find_key(first)) return open(first, false) && read_entry(first);
        return read_value(first);
      }
      if (!end_wait()) return false;
    }
    while (!open_.empty() && (open_.back().indent > indent || (open_.back().indent == indent && open_.back().indentless && !dash))) close();
    if (open_.empty() || open_.back().indent != indent || open_.back().sequence != dash) return false;
    return read_entry(first);
  }

  bool open_first(std::size_t first, bool dash) { return (dash || find_key(first)) && open(first, dash); }

  /// One entry of the innermost collection, and what begins behind it on the same line.
  bool read_entry(std::size_t at) {
    while (open_.back().sequence) {
      const std::size_t next = skip_spaces(at + 1);
      if (ends_at(at + 1)) {
        wait_ = Wait{line_, column(at + 1)};
        return true;
      }
      if (!is_dash(next) && !find_key(next)) return read_value(next);
      if (!open(next, is_dash(next))) return false;
      at = next;
    }
    const std::optional<Key> key = find_key(at);
    if (!key || !add_scalar(at, text_.substr(key->begin, key->end - key->begin), !key->quoted)) return false;
    if (ends_at(key->colon + 1)) {
      wait_ = Wait{line_, column(key->colon + 1)};
      return true;
    }
    return read_value(skip_spaces(key->colon + 1));
  }

  /// A word or quoted text with a colon behind it that makes it a key.
  [[nodiscard]] std::optional<Key> find_key(std::size_t at) const {
    constexpr std::size_t kLongest = 512;  // libyaml has a limit of 1024.
    Key key{at, at, at, text_[at] == '"' || text_[at] == '\''};
    if (key.quoted) {
      const std::optional<std::size_t> quote = closing_quote(at);
      if (!quote) return std::nullopt;
      key.begin = at + 1;
      key.end = *quote;
      key.colon = *quote + 1;
      const std::string_view inside = text_.substr(key.begin, key.end - key.begin);
      if (std::any_of(inside.begin(), inside.end(), [](char c) { return static_cast<unsigned char>(c) >= 0x80; })) return std::nullopt;
    } else {
      if (byte_of(text_[at]) != Byte::word || (text_[at] == '.' && at == begin_)) return std::nullopt;  // "..." ends a document.
      while (key.end < end_ && byte_of(text_[key.end]) != Byte::other) ++key.end;
      key.colon = key.end;
    }
    const bool is_key =
        key.colon < end_ && text_[key.colon] == ':' && (key.colon + 1 == end_ || text_[key.colon + 1] == ' ') && key.colon - at <= kLongest;
    return is_key ? std::optional(key) : std::nullopt;
  }

  // ---- values ----

  bool read_value(std::size_t at) {
    switch (text_[at]) {
      case '"':
      case '\'': {
        const std::optional<std::size_t> quote = closing_quote(at);
        return quote && ends_at(*quote + 1) && add_scalar(at, text_.substr(at + 1, *quote - at - 1), false);
      }
      case '|': return read_literal(at);
      case '[':
      case '{': return read_flow(at) && ends_at(at_);
      default: return read_plain(at);
    }
  }

  /// Of quoted text on one line without escapes.
  [[nodiscard]] std::optional<std::size_t> closing_quote(std::size_t at) const {
    const char quote = text_[at];
    for (std::size_t i = at + 1; i < end_; ++i) {
      if (text_[i] == '\\' && quote == '"') return std::nullopt;
      if (text_[i] != quote) continue;
      const bool doubled = quote == '\'' && i + 1 < end_ && text_[i + 1] == quote;
      return doubled ? std::nullopt : std::optional(i);
    }
    return std::nullopt;
  }

  /// A line that goes on below is deeper than its collection, and read_line() finds no place for it.
  bool read_plain(std::size_t at) {
    if (!begins_plain(text_[at]) || is_dash(at)) return false;
    std::size_t stop = at;
    for (; stop < end_; ++stop) {
      if (text_[stop] == ':' && (stop + 1 == end_ || text_[stop + 1] == ' ')) return false;
      if (text_[stop] == '#' && text_[stop - 1] == ' ') break;
    }
    while (text_[stop - 1] == ' ') --stop;
    return add_scalar(at, text_.substr(at, stop - at), true);
  }

  /// `|`, `|-` or `|+`, and the lines below it.
  bool read_literal(std::size_t at) {
    const char chomp = at + 1 < end_ ? text_[at + 1] : ' ';
    if ((chomp != ' ' && chomp != '-' && chomp != '+') || skip_spaces(at + (chomp == ' ' ? 1 : 2)) != end_) return false;
    Node* node = add(Node::Kind::scalar, line_, column(at));
    if (node == nullptr) return false;
    const std::size_t text_begin = tree_.text.size();
    std::size_t indent = 0;         ///< Of the text; 0: none was seen yet.
    std::size_t last = text_begin;  ///< Where the last line that is not empty ends.
    while (end_ + 1 < text_.size()) {
      const std::size_t begin = end_ + 1;
      const std::size_t stop = text_.find('\n', begin);
      if (stop == std::string_view::npos) return false;
      const std::size_t first = std::min(text_.find_first_not_of(' ', begin), stop);
      const std::size_t spaces = first - begin;
      if (indent == 0 && first < stop) {
        if (spaces <= open_.back().indent) return false;
        indent = spaces;
      }
      if (indent == 0 && spaces > 0) return false;
      if (first < stop && spaces < indent) break;
      next_line();
      if (stop - begin > indent) {
        tree_.text.append(text_, begin + indent, stop - begin - indent);
        last = tree_.text.size();
      }
      tree_.text.push_back('\n');
    }
    if (indent == 0) return false;
    if (chomp == ' ') tree_.text.resize(last + 1);
    if (chomp == '-') tree_.text.resize(last);
    node->begin = static_cast<std::uint32_t>(text_begin);
    node->size = static_cast<std::uint32_t>(tree_.text.size() - text_begin);
    return true;
  }

  // ---- between brackets, on one line; at_ goes along ----

  bool read_flow(std::size_t at) {
    const bool sequence = text_[at] == '[';
    const char closing = sequence ? ']' : '}';
    if (!open(at, sequence)) return false;
    at_ = at + 1;
    for (bool first = true;; first = false) {
      at_ = skip_spaces(at_);
      if (at_ == end_) return false;
      if (text_[at_] == closing) break;
      if (!first) {
        if (text_[at_] != ',') return false;
        at_ = skip_spaces(at_ + 1);
        if (at_ == end_) return false;
        if (text_[at_] == closing) break;
      }
      if (!sequence && !read_flow_key()) return false;
      if (!read_flow_value()) return false;
    }
    ++at_;
    close();
    return true;
  }

  bool read_flow_key() {
    if (text_[at_] == '[' || text_[at_] == '{' || !read_flow_value()) return false;
    if (at_ + 1 >= end_ || text_[at_] != ':' || text_[at_ + 1] != ' ') return false;
    at_ = skip_spaces(at_ + 1);
    return at_ != end_;
  }

  bool read_flow_value() {
    const std::size_t begin = at_;
    const char c = text_[begin];
    if (c == '[' || c == '{') return read_flow(begin);
    if (c == '"' || c == '\'') {
      const std::optional<std::size_t> quote = closing_quote(begin);
      if (!quote) return false;
      const std::string_view inside = text_.substr(begin + 1, *quote - begin - 1);
      // Columns behind it count characters.
      if (std::any_of(inside.begin(), inside.end(), [](char one) { return static_cast<unsigned char>(one) >= 0x80; })) return false;
      at_ = *quote + 1;
      return add_scalar(begin, inside, false);
    }
    const bool is_negative = c == '-' && begin + 1 < end_ && byte_of(text_[begin + 1]) == Byte::word;
    if (byte_of(c) != Byte::word && !is_negative) return false;
    while (at_ < end_ && byte_of(text_[at_]) != Byte::other) ++at_;
    return add_scalar(begin, text_.substr(begin, at_ - begin), true);
  }

  std::string_view text_;
  std::uint32_t line_;
  std::size_t node_budget_;
  Tree tree_;
  std::vector<Open> open_;
  std::optional<Wait> wait_;
  std::size_t begin_ = 0;  ///< Of the line.
  std::size_t end_ = 0;    ///< Its line break.
  std::size_t at_ = 0;
  bool started_ = false;
};

}  // namespace

std::optional<Tree> read_plain_style(std::string_view chunk, std::uint32_t first_line, std::size_t node_budget) {
  if (has_odd_space(chunk)) return std::nullopt;
  PlainReader reader(chunk, first_line, node_budget);
  if (!reader.read()) return std::nullopt;
  return reader.take();
}

}  // namespace muster::manifest
