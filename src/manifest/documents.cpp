#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <optional>

#include "manifest/documents.hpp"
#include "manifest/tree.hpp"
#include "muster/base/text.hpp"
#include "muster/manifest/yaml.hpp"

namespace muster::manifest {

namespace {

constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";
constexpr std::string_view kSeparator = "---";

// The character at the front, or nullopt where the bytes are not UTF-8.
std::optional<std::string_view> first_character(std::string_view text) {
  for (std::size_t size = 1; size <= 4 && size <= text.size(); ++size) {
    if (is_valid_utf8(text.substr(0, size))) return text.substr(0, size);
  }
  return std::nullopt;
}

// Why a character may not stand in YAML; empty for one that may. Source: YAML 1.1, c-printable.
std::string_view objection_to(std::string_view character) {
  const auto lead = static_cast<unsigned char>(character[0]);
  if (character.size() == 1) {
    if (lead == 0) return "a NUL byte; is this a binary or UTF-16 file? Save it as UTF-8";
    return lead < 0x20 || lead == 0x7f ? "a control character; write it as an escape in double quotes" : "";
  }
  if (character == kByteOrderMark) return "a byte-order mark inside the file; remove it";
  const bool is_control = lead == 0xc2 && static_cast<unsigned char>(character[1]) < 0xa0 && character != "\xc2\x85";
  if (is_control) return "a control character; write it as an escape in double quotes";
  return character == "\xef\xbf\xbe" || character == "\xef\xbf\xbf" ? "a character that Unicode does not assign; remove it" : "";
}

constexpr std::array<bool, 256> kPlainBytes = [] {
  std::array<bool, 256> plain{};
  for (std::size_t i = 0x20; i < 0x7f; ++i) plain[i] = true;
  plain['\t'] = plain['\n'] = plain['\r'] = true;
  return plain;
}();

Position position_of(std::string_view bytes, std::size_t offset, std::string_view path) {
  Position at{std::string(path), 1, 1};
  for (std::size_t i = 0; i < offset; ++i) {
    const bool continues = (static_cast<unsigned char>(bytes[i]) & 0xc0U) == 0x80;
    if (bytes[i] == '\n') {
      ++at.line;
      at.column = 1;
    } else if (!continues) {
      ++at.column;
    }
  }
  return at;
}

Result<void> check_characters(std::string_view bytes, std::string_view path) {
  for (std::size_t i = 0; i < bytes.size();) {
    if (kPlainBytes[static_cast<unsigned char>(bytes[i])]) {
      ++i;
      continue;
    }
    const std::optional<std::string_view> character = first_character(bytes.substr(i, 4));
    if (!character) return refuse(Reason::corrupt, position_of(bytes, i, path), "not UTF-8; save the file as UTF-8");
    const std::string_view objection = objection_to(*character);
    if (!objection.empty()) return refuse(Reason::corrupt, position_of(bytes, i, path), objection);
    i += character->size();
  }
  return {};
}

// What ends a line for YAML 1.1 and not for the reader of lines that splits documents.
bool has_odd_line_break(std::string_view line) {
  if (line.ends_with('\r')) line.remove_suffix(1);
  return line.find('\r') != std::string_view::npos || line.find("\xc2\x85") != std::string_view::npos ||
         line.find("\xe2\x80\xa8") != std::string_view::npos || line.find("\xe2\x80\xa9") != std::string_view::npos;
}

// Nothing but empty lines and comments: no document, and no reason to start a parser a million times.
bool is_blank(std::string_view text) {
  while (!text.empty()) {
    const std::string_view line = text.substr(0, text.find('\n'));
    const std::size_t first = line.find_first_not_of(" \r");
    if (first != std::string_view::npos && (line[first] != '#' || has_odd_line_break(line))) return false;
    text.remove_prefix(std::min(line.size() + 1, text.size()));
  }
  return true;
}

// White space to Unicode and Go, text to YAML: the two halves of Kubernetes' reader disagree on what follows it.
bool begins_with_odd_space(std::string_view text) {
  static constexpr auto kOdd = std::to_array<std::string_view>(
      {"\xc2\x85", "\xc2\xa0", "\xe1\x9a\x80", "\xe2\x80\x80", "\xe2\x80\x81", "\xe2\x80\x82", "\xe2\x80\x83", "\xe2\x80\x84",
       "\xe2\x80\x85", "\xe2\x80\x86", "\xe2\x80\x87", "\xe2\x80\x88", "\xe2\x80\x89", "\xe2\x80\x8a", "\xe2\x80\xa8", "\xe2\x80\xa9",
       "\xe2\x80\xaf", "\xe2\x81\x9f", "\xe3\x80\x80"});
  return std::any_of(kOdd.begin(), kOdd.end(), [&](std::string_view space) { return text.starts_with(space); });
}

// One document's text, without the separators around it.
struct Chunk {
  std::string_view text;
  std::uint32_t first_line = 1;
};

// Kubernetes reads line by line and ends each with a plain line break, the last one too. So a block of text that ends the file
// ends with a line break whether or not the file does. `storage` holds the text where it had to change.
std::string_view with_plain_line_breaks(std::string_view text, std::string& storage) {
  const bool ended = text.ends_with('\n');
  if (ended && text.find('\r') == std::string_view::npos) return text;
  storage.reserve(text.size() + 1);
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '\r' || i + 1 == text.size() || text[i + 1] != '\n') storage.push_back(text[i]);
  }
  if (!ended) storage.push_back('\n');
  return storage;
}

// Splits where Kubernetes' own reader does: at lines that begin with ---, and nowhere else.
Result<std::vector<Chunk>> split_documents(std::string_view bytes, std::string_view path) {
  std::vector<Chunk> chunks;
  std::size_t begin = 0;
  std::uint32_t first_line = 1;
  std::uint32_t line = 1;
  for (std::size_t at = 0; at < bytes.size(); ++line) {
    const std::size_t end = std::min(bytes.find('\n', at), bytes.size());
    const std::string_view text = bytes.substr(at, end - at);
    if (text.starts_with(kSeparator)) {
      const std::string_view rest = text.substr(kSeparator.size());
      const std::string_view comment = trim(rest);
      const bool has_tab = rest.substr(0, rest.find('#')).find('\t') != std::string_view::npos;
      const bool separates = !has_tab && (comment.empty() || (comment.front() == '#' && rest.front() != '#' && !has_odd_line_break(rest)));
      if (!separates) {
        return refuse(Reason::invalid, {std::string(path), line, 4},
                      "text or tabs after --- are refused; begin the document on the next line");
      }
      chunks.push_back({bytes.substr(begin, at - begin), first_line});
      begin = std::min(end + 1, bytes.size());
      first_line = line + 1;
    }
    at = end + 1;
  }
  chunks.push_back({bytes.substr(begin), first_line});
  std::erase_if(chunks, [](const Chunk& chunk) { return is_blank(chunk.text); });
  return chunks;
}

// Where the elements of the root's `items` stand, for objects of a List.
std::vector<Position> item_positions(const Tree& tree, std::string_view path) {
  std::vector<Position> positions;
  if (tree.nodes.empty() || tree.nodes[0].kind != Node::Kind::mapping) return positions;
  for (std::uint32_t key = 1; key < tree.nodes[0].end;) {
    const std::uint32_t value = tree.nodes[key].end;
    const Node& list = tree.nodes[value];
    if (tree.text_of(tree.nodes[key]) == "items" && list.kind == Node::Kind::sequence) {
      positions.reserve(list.size);
      for (std::uint32_t item = value + 1; item < list.end; item = tree.nodes[item].end) {
        positions.push_back({std::string(path), tree.nodes[item].line, tree.nodes[item].column});
      }
    }
    key = list.end;
  }
  return positions;
}

struct Counts {
  std::size_t nodes = 0;     ///< Written so far.
  std::size_t expanded = 0;  ///< With aliases expanded.
};

Result<std::optional<PlacedDocument>> read_chunk(const Chunk& chunk, std::string_view path, Counts& counts) {
  const std::size_t first = std::min(chunk.text.find_first_not_of(" \t\r\n"), chunk.text.size() - 1);
  if (chunk.text[first] == '{') {
    // Kubernetes tries JSON first too; what is none may still be YAML in flow style.
    auto value = parse_json_at(chunk.text, path, chunk.first_line);
    if (!value.ok() && value.failure().reason != Reason::invalid) return std::move(value).failure();
    if (value.ok()) {
      Position at = position_of(chunk.text, first, path);
      at.line += chunk.first_line - 1;
      return std::optional(PlacedDocument{{std::move(value).value(), std::move(at)}, {}});
    }
  }
  if (begins_with_odd_space(chunk.text.substr(first))) {
    return refuse(Reason::invalid, {std::string(path), chunk.first_line, 1},
                  "the document begins with unusual white space; use plain spaces");
  }
  if (chunk.text[first] == '%') {
    return refuse(Reason::invalid, {std::string(path), chunk.first_line, 1}, "YAML directives (%YAML, %TAG) are refused; remove the line");
  }
  std::string storage;
  MUSTER_TRY(const Tree tree,
             read_tree(with_plain_line_breaks(chunk.text, storage), path, chunk.first_line, kMaxNodes - std::min(counts.nodes, kMaxNodes)));
  counts.nodes += tree.nodes.size();
  if (tree.nodes.empty()) return std::optional<PlacedDocument>();
  MUSTER_TRY(Value value, tree_to_value(tree, path, counts.expanded));
  if (value.is_null()) return std::optional<PlacedDocument>();
  Position at{std::string(path), tree.nodes[0].line, tree.nodes[0].column};
  return std::optional(PlacedDocument{{std::move(value), std::move(at)}, item_positions(tree, path)});
}

}  // namespace

Result<std::vector<PlacedDocument>> read_documents(std::string_view bytes, std::string_view path) {
  if (bytes.size() > kMaxFileBytes) {
    return refuse(Reason::limit, {std::string(path), 0, 0}, fmt::format("larger than {} MiB; split the file", kMaxFileBytes >> 20U));
  }
  if (bytes.starts_with(kByteOrderMark)) bytes.remove_prefix(kByteOrderMark.size());
  MUSTER_CHECK(check_characters(bytes, path));
  MUSTER_TRY(const std::vector<Chunk> chunks, split_documents(bytes, path));
  std::vector<PlacedDocument> documents;
  Counts counts;
  for (const Chunk& chunk : chunks) {
    auto document = read_chunk(chunk, path, counts);
    if (!document.ok()) {
      Failure failure = std::move(document).failure();
      if (chunk.text.find("{{") != std::string_view::npos)
        failure.text += "; {{ }} belongs to a template: render it first, or quote it if it is text";
      return failure;
    }
    if (*document) documents.push_back(**std::move(document));
  }
  return documents;
}

Result<std::vector<Document>> parse_documents(std::string_view bytes, std::string_view path) {
  MUSTER_TRY(std::vector<PlacedDocument> placed, read_documents(bytes, path));
  std::vector<Document> documents;
  documents.reserve(placed.size());
  for (PlacedDocument& document : placed) documents.push_back(std::move(document.document));
  return documents;
}

Result<Value> parse_document(std::string_view bytes, std::string_view path) {
  MUSTER_TRY(std::vector<PlacedDocument> documents, read_documents(bytes, path));
  if (documents.size() == 1) return std::move(documents.front().document.value);
  if (documents.empty()) return refuse(Reason::invalid, {std::string(path), 0, 0}, "empty; one YAML document is expected here");
  return refuse(Reason::invalid, documents[1].document.at, "a second document; one is expected here");
}

}  // namespace muster::manifest
