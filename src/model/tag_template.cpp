#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <utility>

#include "muster/base/text.hpp"
#include "muster/model/image.hpp"

namespace muster::model {
namespace {

using Type = TagTemplate::Type;
using Part = TagTemplate::Part;
using Captures = std::map<std::string, std::string, std::less<>>;

constexpr std::size_t kLongestTag = 128;
constexpr std::size_t kLongestTemplate = 256;

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool is_hex(char c) { return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'); }
bool is_tag_character(char c) { return is_digit(c) || is_letter(c) || c == '_' || c == '.' || c == '-'; }
bool all_digits(std::string_view text) { return std::all_of(text.begin(), text.end(), is_digit); }

int number_of(std::string_view digits) {
  int out = 0;
  for (const char c : digits) out = out * 10 + (c - '0');
  return out;
}

/// 20261123 or 2026-11-23, of a day that the calendar has.
bool is_date(std::string_view text) {
  std::string digits(text);
  if (text.size() == 10 && text[4] == '-' && text[7] == '-') std::erase(digits, '-');
  if (digits.size() != 8 || !all_digits(digits)) return false;
  const int year = number_of(digits.substr(0, 4));
  const int month = number_of(digits.substr(4, 2));
  const int day = number_of(digits.substr(6, 2));
  if (year == 0 || month < 1 || month > 12 || day < 1) return false;
  static constexpr int kDays[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  const bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
  return day <= kDays[month - 1] + (month == 2 && leap ? 1 : 0);
}

struct TypeName {
  std::string_view name;
  Type type;
  bool (*accepts)(std::string_view text);  ///< Of a text that is not empty.
};
constexpr TypeName kTypes[] = {
    {"version", Type::version, [](std::string_view text) { return parse_version(text).has_value(); }},
    {"int", Type::integer, all_digits},
    {"date", Type::date, is_date},
    {"hex", Type::hex, [](std::string_view text) { return std::all_of(text.begin(), text.end(), is_hex); }},
    {"text", Type::text, [](std::string_view) { return true; }},
};
constexpr std::string_view kTypesInWords = "`version`, `int`, `date`, `hex` or `text`";

const TypeName* type_named(std::string_view name) {
  const auto* found = std::find_if(std::begin(kTypes), std::end(kTypes), [&](const TypeName& one) { return one.name == name; });
  return found == std::end(kTypes) ? nullptr : found;
}

const TypeName& row_of(Type type) { return kTypes[static_cast<std::size_t>(type)]; }

/// A name as the language has them: what `newest` can say.
bool is_name(std::string_view text) {
  const auto fits = [](char c) { return is_letter(c) || is_digit(c) || c == '_'; };
  return !text.empty() && (is_letter(text.front()) || text.front() == '_') && std::all_of(text.begin(), text.end(), fits);
}

Failure wrong(std::string text) { return stalled(Reason::invalid, std::move(text)); }

/// What stands between the braces.
Result<Part> parse_capture(std::string_view inside) {
  const std::size_t colon = inside.find(':');
  const std::string_view name = inside.substr(0, colon);
  const std::string shown = escape_for_terminal(name);
  if (!is_name(name)) return wrong(fmt::format("`{}` cannot name a capture: letters, digits and `_`, a letter first", shown));
  const std::string_view type = colon == std::string_view::npos ? name : inside.substr(colon + 1);
  const TypeName* found = type_named(type);
  if (!found && colon == std::string_view::npos)
    return wrong(fmt::format("the capture `{}` has no type: write `{{{}:int}}`, or another of {}", shown, shown, kTypesInWords));
  if (!found) return wrong(fmt::format("a capture is of type {}, not `{}`", kTypesInWords, escape_for_terminal(type)));
  return Part{"", std::string(name), found->type};
}

/// Two captures side by side: nobody could say where the first one ends.
std::optional<std::string> neighbours(const std::vector<Part>& parts, const Part& next) {
  if (parts.empty() || parts.back().name.empty()) return std::nullopt;
  return fmt::format("nothing stands between `{{{}}}` and `{{{}}}` to tell where one ends", parts.back().name, next.name);
}

Result<std::vector<Part>> parse_parts(std::string_view text) {
  std::vector<Part> out;
  std::set<std::string, std::less<>> names;
  for (std::size_t at = 0; at < text.size();) {
    if (text[at] == '{') {
      const std::size_t close = text.find('}', at);
      if (close == std::string_view::npos) return wrong("a `{` has no `}`");
      MUSTER_TRY(Part capture, parse_capture(text.substr(at + 1, close - at - 1)));
      if (auto mistake = neighbours(out, capture)) return wrong(std::move(*mistake));
      if (!names.insert(capture.name).second) return wrong(fmt::format("two captures are named `{}`", capture.name));
      out.push_back(std::move(capture));
      at = close + 1;
      continue;
    }
    const std::size_t end = std::min(text.find('{', at), text.size());
    const std::string_view literal = text.substr(at, end - at);
    const auto* bad = std::find_if_not(literal.begin(), literal.end(), is_tag_character);
    if (bad != literal.end()) {
      if (*bad == '*') return wrong("`*` matches only itself, which no tag has: write a capture, as in `{rest:text}`");
      return wrong(fmt::format("`{}` can be in no tag: letters, digits, `_` `.` `-`", escape_for_terminal({bad, 1})));
    }
    out.push_back({std::string(literal), "", Type::text});
    at = end;
  }
  return out;
}

/// Matches from the left, each capture as long as it can be; what did not match once is not tried again.
class Matching {
 public:
  Matching(const std::vector<Part>& parts, std::string_view tag)
      : parts_(parts), tag_(tag), failed_((parts.size() + 1) * (tag.size() + 1)), ends_(parts.size()) {}

  std::optional<Captures> run() {
    if (!matches(0, 0)) return std::nullopt;
    Captures out;
    std::size_t start = 0;
    for (std::size_t i = 0; i < parts_.size(); start = ends_[i++])
      if (!parts_[i].name.empty()) out.emplace(parts_[i].name, tag_.substr(start, ends_[i] - start));
    return out;
  }

 private:
  /// Depth: one call a part, of which a template has at most kLongestTemplate.
  // NOLINTNEXTLINE(misc-no-recursion)
  bool matches(std::size_t part, std::size_t at) {
    if (part == parts_.size()) return at == tag_.size();
    const std::size_t state = part * (tag_.size() + 1) + at;
    if (failed_[state]) return false;
    if (parts_[part].name.empty()) {
      const std::string& literal = parts_[part].literal;
      ends_[part] = at + literal.size();
      if (tag_.substr(at).starts_with(literal) && matches(part + 1, at + literal.size())) return true;
    } else {
      for (std::size_t end = tag_.size(); end > at; --end) {
        if (!row_of(parts_[part].type).accepts(tag_.substr(at, end - at))) continue;
        if (!matches(part + 1, end)) continue;
        ends_[part] = end;
        return true;
      }
    }
    failed_[state] = true;
    return false;
  }

  const std::vector<Part>& parts_;
  std::string_view tag_;
  std::vector<bool> failed_;
  std::vector<std::size_t> ends_;
};

}  // namespace

const TagTemplate::Part* TagTemplate::capture(std::string_view name) const {
  const auto found = std::find_if(parts.begin(), parts.end(), [&](const Part& one) { return !one.name.empty() && one.name == name; });
  return found == parts.end() ? nullptr : &*found;
}

std::optional<std::map<std::string, std::string, std::less<>>> TagTemplate::match(std::string_view tag) const {
  if (tag.empty() || tag.size() > kLongestTag) return std::nullopt;
  return Matching(parts, tag).run();
}

Result<TagTemplate> parse_tag_template(std::string_view text) {
  if (text.size() > kLongestTemplate)
    return wrong(fmt::format("a template of tags has at most {} characters, this one {}", kLongestTemplate, text.size()));
  TagTemplate out;
  MUSTER_TRY(out.parts, parse_parts(text));
  out.text = text;
  const auto is_capture = [](const Part& one) { return !one.name.empty(); };
  if (std::none_of(out.parts.begin(), out.parts.end(), is_capture))
    return wrong(fmt::format("the template `{}` captures nothing: it is one tag, followed by `tag = \"{}\"`", text, text));
  return out;
}

}  // namespace muster::model
