#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

#include "manifest/scalar.hpp"
#include "muster/base/text.hpp"
#include "muster/manifest/yaml.hpp"

namespace muster::manifest {

namespace {

using Members = ::muster::Object;
using ::muster::Array;

// libyaml takes no longer key on one line than 1024 characters; beyond, the `? ` form is needed.
constexpr std::size_t kLongestSimpleKey = 1'000;

bool is_alphanumeric(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9'); }

// Words that some reader of YAML 1.1 or 1.2 takes for something else than text.
bool is_special_word(std::string_view text) {
  static constexpr auto kSpecial = std::to_array<std::string_view>(
      {"y", "n", "yes", "no", "on", "off", "true", "false", "null", "nil", "none", "undefined", "nan", "inf", "infinity"});
  return std::find(kSpecial.begin(), kSpecial.end(), to_lower(text)) != kSpecial.end();
}

// Text that no reader of any version takes for anything but itself. Careful rather than complete: what begins with a digit
// stays plain only where a letter that no number has makes it a word ("10Mi" and "1.2.3-rc" do, "1e3", "0x1f" and "1:30" do not).
bool is_plain(std::string_view text) {
  if (text.empty() || text.size() > 1'000 || is_special_word(text)) return false;
  const char first = text.front();
  const bool is_option = text.size() > 2 && text.starts_with("--") && text[2] >= 'a' && text[2] <= 'z';
  if (!is_alphanumeric(first) && first != '/' && first != '_' && first != '(' && !is_option) return false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (is_alphanumeric(c)) continue;
    if (std::string_view("-_./+@=~$()^;\\").find(c) != std::string_view::npos) continue;
    const bool inner = i + 1 < text.size();
    // ':' ends a key before a space, '#' begins a comment after one, and ',' is safe only outside of flow style.
    if (c == ':' && inner && text[i + 1] != ' ') continue;
    if (c == ' ' && inner && i > 0 && text[i + 1] != '#' && text[i + 1] != ' ') continue;
    if (c == '#' || c == ',' || c == '%' || c == '*' || c == '&' || c == '\'' || c == '"' || c == '<' || c == '>' || c == '!' || c == '?' ||
        c == '|')
      continue;
    return false;
  }
  if (first >= '0' && first <= '9') {
    // A letter beyond g, but for the x and o of prefixes, is in no number or date; T and Z are in dates.
    constexpr std::string_view kInNoNumber = "ghijklmnpqrsuvwyGHIJKLMNPQRSUVWY";
    return text.find_first_of(kInNoNumber) != std::string_view::npos;
  }
  return true;
}

// Whether text of several lines survives as a literal block: printable, and with a line that is not blank.
bool is_block(std::string_view text) {
  if (text.find('\n') == std::string_view::npos || text.find_first_not_of(" \t\n") == std::string_view::npos) return false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    if (byte == '\n' || byte == '\t' || (byte >= 0x20 && byte < 0x7f)) continue;
    if (byte < 0x80) return false;
    // Line breaks of Unicode, control characters and byte-order marks are written as escapes.
    const std::string_view two = text.substr(i, 2);
    const std::string_view three = text.substr(i, 3);
    if (byte == 0xc2 && static_cast<unsigned char>(two.back()) < 0xa0) return false;
    if (three == "\xe2\x80\xa8" || three == "\xe2\x80\xa9" || three == "\xef\xbb\xbf" || three == "\xef\xbf\xbe" || three == "\xef\xbf\xbf")
      return false;
  }
  return true;
}

void append_hex_escape(std::string& out, std::uint32_t code) {
  out += code < 0x100 ? fmt::format("\\x{:02x}", code) : fmt::format("\\u{:04x}", code);
}

// Characters outside of YAML's printable set, and those that readers treat as line breaks, become escapes.
std::size_t append_quoted_character(std::string& out, std::string_view rest) {
  const auto byte = static_cast<unsigned char>(rest[0]);
  if (byte < 0x80) {
    switch (byte) {
      case '"': out += "\\\""; break;
      case '\\': out += "\\\\"; break;
      case '\n': out += "\\n"; break;
      case '\t': out += "\\t"; break;
      case '\r': out += "\\r"; break;
      default:
        if (byte < 0x20 || byte == 0x7f) {
          append_hex_escape(out, byte);
        } else {
          out.push_back(rest[0]);
        }
    }
    return 1;
  }
  struct Escape {
    std::string_view bytes;
    std::uint32_t code;
  };
  static constexpr auto kEscapes = std::to_array<Escape>(
      {{"\xe2\x80\xa8", 0x2028}, {"\xe2\x80\xa9", 0x2029}, {"\xef\xbb\xbf", 0xfeff}, {"\xef\xbf\xbe", 0xfffe}, {"\xef\xbf\xbf", 0xffff}});
  for (const Escape& escape : kEscapes) {
    if (!rest.starts_with(escape.bytes)) continue;
    append_hex_escape(out, escape.code);
    return escape.bytes.size();
  }
  if (byte == 0xc2 && rest.size() > 1 && static_cast<unsigned char>(rest[1]) < 0xa1) {
    append_hex_escape(out, static_cast<unsigned char>(rest[1]));
    return 2;
  }
  out.push_back(rest[0]);
  return 1;
}

void append_quoted(std::string& out, std::string_view text) {
  out.push_back('"');
  while (!text.empty()) text.remove_prefix(append_quoted_character(out, text));
  out.push_back('"');
}

// Every reader needs the dot and the sign to see a number: "1e+21" is text in YAML 1.1.
void append_real(std::string& out, double number) {
  if (!std::isfinite(number)) {
    out += "null";  // as in canonical JSON; no parser of ours produces one
    return;
  }
  std::array<char, 40> buffer{};
  const auto end = std::to_chars(buffer.data(), buffer.data() + buffer.size(), number).ptr;
  std::string text(buffer.data(), end);
  const std::size_t mark = text.find('e');
  if (text.find('.') == std::string::npos) text.insert(std::min(mark, text.size()), ".0");
  out += text;
}

bool is_container(const Value& value) {
  const Members* object = value.if_object();
  const Array* array = value.if_array();
  return (object != nullptr && !object->empty()) || (array != nullptr && !array->empty());
}

// How the members of an object are ordered on paper.
enum class Place : std::uint8_t { kept, root, metadata, element, other };

class Printer {
 public:
  std::string out;

  void print(const Value& value, Place place) {
    if (is_container(value)) {
      print_container(value, 0, place);
    } else if (const std::string* text = value.if_string(); text != nullptr && !is_plain(*text)) {
      // Readers disagree on how far a block at the root must be indented.
      append_quoted(out, *text);
      out.push_back('\n');
    } else {
      print_scalar(value, 0);
      out.push_back('\n');
    }
  }

 private:
  void print_container(const Value& value, std::size_t indent, Place place) {
    if (const Members* object = value.if_object()) {
      print_members(*object, indent, place, false);
    } else {
      print_elements(*value.if_array(), indent, place);
    }
  }

  void start_line(std::size_t indent) { out.append(indent, ' '); }

  // `inline_first`: the first member stands on the line of its "- ".
  void print_members(const Members& object, std::size_t indent, Place place, bool inline_first) {
    bool first = true;
    for (const Members::Member* member : ordered(object, place)) {
      if (!first || !inline_first) start_line(indent);
      first = false;
      print_key(member->first, indent);
      print_member_value(member->first, member->second, indent, place);
    }
  }

  void print_key(const std::string& key, std::size_t indent) {
    std::string written;
    if (is_plain(key)) {
      written = key;
    } else {
      append_quoted(written, key);
    }
    if (written.size() <= kLongestSimpleKey) {
      out += written;
    } else {
      out += "? " + written + "\n";
      start_line(indent);
    }
    out.push_back(':');
  }

  void print_member_value(const std::string& key, const Value& value, std::size_t indent, Place place) {
    if (!is_container(value)) {
      out.push_back(' ');
      print_scalar(value, indent);
      out.push_back('\n');
      return;
    }
    out.push_back('\n');
    const Place below = place == Place::kept ? Place::kept : place == Place::root && key == "metadata" ? Place::metadata : Place::other;
    if (value.if_array() != nullptr) {
      print_container(value, indent, below);
    } else {
      print_container(value, indent + 2, below);
    }
  }

  void print_elements(const Array& array, std::size_t indent, Place place) {
    for (const Value& element : array) {
      start_line(indent);
      out += "- ";
      print_element(element, indent, place == Place::kept ? Place::kept : Place::element);
    }
  }

  void print_element(const Value& element, std::size_t indent, Place place) {
    if (const Members* object = element.if_object(); object != nullptr && !object->empty()) {
      print_members(*object, indent + 2, place, true);
    } else if (const Array* array = element.if_array(); array != nullptr && !array->empty()) {
      // A list in a list begins on the same line: "- - a".
      bool first = true;
      for (const Value& inner : *array) {
        if (!first) start_line(indent + 2);
        first = false;
        out += "- ";
        print_element(inner, indent + 2, place);
      }
    } else {
      print_scalar(element, indent);
      out.push_back('\n');
    }
  }

  void print_scalar(const Value& value, std::size_t indent) {
    if (const std::string* text = value.if_string()) {
      print_text(*text, indent);
    } else if (const double* real = value.if_double()) {
      append_real(out, *real);
    } else if (value.if_object() != nullptr) {
      out += "{}";
    } else if (value.if_array() != nullptr) {
      out += "[]";
    } else {
      out += to_canonical_json(value);
    }
  }

  void print_text(const std::string& text, std::size_t indent) {
    if (is_plain(text)) {
      out += text;
    } else if (is_block(text)) {
      print_block(text, indent);
    } else {
      append_quoted(out, text);
    }
  }

  // The caller ends the line, so the last line break of the text is left to it.
  void print_block(std::string_view text, std::size_t indent) {
    const std::size_t last = text.find_last_not_of('\n');
    const std::size_t breaks = text.size() - last - 1;
    out.push_back('|');
    // A reader finds the indentation at the first line that is not blank; it must be told where that would mislead it.
    if (std::string_view(" \t\n").find(text.front()) != std::string_view::npos) out.push_back('2');
    if (breaks != 1) out.push_back(breaks == 0 ? '-' : '+');
    const std::string_view body = breaks == 0 ? text : text.substr(0, text.size() - 1);
    std::size_t begin = 0;
    while (begin <= body.size()) {
      const std::size_t end = std::min(body.find('\n', begin), body.size());
      out.push_back('\n');
      if (end > begin) {
        start_line(indent + 2);
        out.append(body, begin, end - begin);
      }
      begin = end + 1;
    }
  }

  static std::vector<const Members::Member*> ordered(const Members& object, Place place) {
    std::vector<const Members::Member*> members;
    members.reserve(object.size());
    for (const Members::Member& member : object) members.push_back(&member);
    if (place == Place::kept) return members;
    const auto comes_first = [place](const Members::Member* a, const Members::Member* b) {
      const int rank_a = rank(a->first, place);
      const int rank_b = rank(b->first, place);
      return rank_a != rank_b ? rank_a < rank_b : a->first < b->first;
    };
    if (!std::is_sorted(members.begin(), members.end(), comes_first)) std::sort(members.begin(), members.end(), comes_first);
    return members;
  }

  static int rank(std::string_view key, Place place) {
    struct Rank {
      Place place;
      std::string_view key;
      int rank;
    };
    constexpr int kMiddle = 10;
    static constexpr auto kRanks = std::to_array<Rank>({{Place::root, "apiVersion", 0},
                                                        {Place::root, "kind", 1},
                                                        {Place::root, "metadata", 2},
                                                        {Place::root, "status", 20},
                                                        {Place::metadata, "name", 0},
                                                        {Place::metadata, "namespace", 1},
                                                        {Place::element, "name", 0}});
    const auto* const found = std::find_if(kRanks.begin(), kRanks.end(), [&](const Rank& r) { return r.place == place && r.key == key; });
    return found == kRanks.end() ? kMiddle : found->rank;
  }
};

}  // namespace

std::string print_yaml(const Value& value) {
  Printer printer;
  printer.print(value, Place::kept);
  return std::move(printer.out);
}

std::string print_object(const Value& content) {
  Printer printer;
  printer.print(content, Place::root);
  return std::move(printer.out);
}

}  // namespace muster::manifest
