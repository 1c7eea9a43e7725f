#include <fmt/core.h>

#include <algorithm>
#include <map>

#include "manifest/edits.hpp"
#include "muster/base/text.hpp"
#include "muster/manifest/difference.hpp"
#include "muster/manifest/yaml.hpp"

namespace muster::manifest {

namespace {

constexpr std::size_t kContextLines = 2;

bool is_lines(const Value& value) { return value.if_string() != nullptr && value.if_string()->find('\n') != std::string::npos; }

bool is_tree(const Value& value) {
  return (value.if_object() != nullptr && !value.if_object()->empty()) || (value.if_array() != nullptr && !value.if_array()->empty());
}

// As the descriptor writes it, on one line, without the line's end.
std::string one_line(const Value& value) {
  std::string text = is_lines(value) ? to_canonical_json(value) : print_yaml(value);
  if (text.ends_with('\n')) text.pop_back();
  return text;
}

class ChangesText {
 public:
  explicit ChangesText(std::string_view indent) : indent_(indent) {}
  std::string out;

  void add(const Change& change) {
    const std::string path = change.path.empty() ? "(all)" : change.path;
    if (!change.before) return add_side('+', path, *change.after);
    if (!change.after) return add_side('-', path, *change.before);
    if (is_lines(*change.before) && is_lines(*change.after))
      return add_lines(path, *change.before->if_string(), *change.after->if_string());
    if (is_tree(*change.before) || is_tree(*change.after)) {
      add_side('-', path, *change.before);
      return add_side('+', path, *change.after);
    }
    const std::string before = one_line(*change.before);
    const std::string after = one_line(*change.after);
    line(before == after ? fmt::format("~ {}: {} changed", path, after) : fmt::format("~ {}: {} → {}", path, before, after));
  }

 private:
  void line(std::string_view text) {
    std::string shown = escape_for_terminal(text);
    // A line stays one line, whatever a key or name holds.
    for (std::size_t at = shown.find('\n'); at != std::string::npos; at = shown.find('\n', at)) shown.replace(at, 1, "\\n");
    out.append(indent_).append(shown).push_back('\n');
  }

  void add_side(char sign, std::string_view path, const Value& value) {
    if (!is_tree(value) && !is_lines(value)) return line(fmt::format("{} {}: {}", sign, path, one_line(value)));
    line(fmt::format("{} {}:", sign, path));
    const std::string text = is_lines(value) ? *value.if_string() : print_object(value);
    for (const std::string_view each : lines_of(text)) line(fmt::format("    {}", each));
  }

  static std::vector<std::string_view> lines_of(std::string_view text) {
    if (text.ends_with('\n')) text.remove_suffix(1);
    return split(text, '\n');
  }

  void add_lines(std::string_view path, std::string_view before, std::string_view after) {
    line(fmt::format("~ {}:", path));
    const std::vector<std::string_view> old_lines = lines_of(before);
    const std::vector<std::string_view> new_lines = lines_of(after);
    std::map<std::string_view, std::uint32_t> numbers;
    const auto numbered = [&](const std::vector<std::string_view>& lines) {
      std::vector<std::uint32_t> ids;
      ids.reserve(lines.size());
      for (const std::string_view each : lines)
        ids.push_back(numbers.emplace(each, static_cast<std::uint32_t>(numbers.size())).first->second);
      return ids;
    };
    const std::vector<std::uint32_t> old_ids = numbered(old_lines);
    const std::vector<Edit> edits = edits_between(old_ids, numbered(new_lines));
    std::size_t shown_to = 0;
    bool any = false;
    for (std::size_t i = 0; i < edits.size(); ++i) {
      if (edits[i].kind != Edit::Kind::keep) {
        any = true;
        line(fmt::format("    {} {}", edits[i].kind == Edit::Kind::add ? '+' : '-',
                         edits[i].kind == Edit::Kind::add ? new_lines[edits[i].after] : old_lines[edits[i].before]));
        shown_to = i + 1;
      } else if (near_a_change(edits, i)) {
        if (i > shown_to) line("    …");
        line(fmt::format("      {}", old_lines[edits[i].before]));
        shown_to = i + 1;
      }
    }
    if (!any) line(fmt::format("    {} the line break at its end", after.ends_with('\n') ? '+' : '-'));
  }

  static bool near_a_change(const std::vector<Edit>& edits, std::size_t at) {
    const std::size_t begin = at < kContextLines ? 0 : at - kContextLines;
    const std::size_t end = std::min(edits.size(), at + kContextLines + 1);
    return std::any_of(edits.begin() + static_cast<std::ptrdiff_t>(begin), edits.begin() + static_cast<std::ptrdiff_t>(end),
                       [](const Edit& edit) { return edit.kind != Edit::Kind::keep; });
  }

  std::string_view indent_;
};

}  // namespace

std::string print_changes(const std::vector<Change>& changes, std::string_view indent) {
  ChangesText text(indent);
  for (const Change& change : changes) text.add(change);
  return std::move(text.out);
}

}  // namespace muster::manifest
