#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <limits>

#include "muster/base/text.hpp"
#include "muster/model/image.hpp"

namespace muster::model {
namespace {

using Bound = VersionRange::Bound;
using Is = Bound::Is;

/// Longer texts come from strangers' tags (128 characters at most) or are a mistake; a range has room for some.
constexpr std::size_t kLongestRange = 512;

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_numeric(std::string_view text) { return !text.empty() && std::all_of(text.begin(), text.end(), is_digit); }

/// Semver's numbers: no sign, no leading zero. One below the largest, so that the bound above it has a number too.
std::optional<std::uint64_t> parse_number(std::string_view text) {
  if (!is_numeric(text) || (text.size() > 1 && text.front() == '0')) return std::nullopt;
  std::uint64_t out = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  if (error != std::errc() || end != text.data() + text.size() || out == std::numeric_limits<std::uint64_t>::max()) return std::nullopt;
  return out;
}

bool is_identifier(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(),
                                      [](char c) { return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-'; });
}

/// "rc.1" behind the minus; numbers in it have no leading zeros.
bool parse_prerelease(std::string_view text, std::vector<std::string>& out) {
  for (const std::string_view part : split(text, '.')) {
    if (!is_identifier(part) || (is_numeric(part) && part.size() > 1 && part.front() == '0')) return false;
    out.emplace_back(part);
  }
  return true;
}

/// One to three numbers, and behind three a pre-release.
struct Written {
  Version version;
  int numbers = 0;
};

std::optional<Written> parse_written(std::string_view text) {
  Written out;
  if (const std::size_t plus = text.find('+'); plus != std::string_view::npos) {
    for (const std::string_view part : split(text.substr(plus + 1), '.'))
      if (!is_identifier(part)) return std::nullopt;
    text = text.substr(0, plus);
  }
  const std::size_t minus = text.find('-');
  if (minus != std::string_view::npos && !parse_prerelease(text.substr(minus + 1), out.version.prerelease)) return std::nullopt;
  std::uint64_t* const numbers[] = {&out.version.major, &out.version.minor, &out.version.patch};
  for (const std::string_view part : split(text.substr(0, minus), '.')) {
    const std::optional<std::uint64_t> number = parse_number(part);
    if (!number || out.numbers == 3) return std::nullopt;
    *numbers[out.numbers++] = *number;
  }
  if (out.numbers < 3 && minus != std::string_view::npos) return std::nullopt;
  return out;
}

int compare_identifiers(const std::string& a, const std::string& b) {
  const bool number_a = is_numeric(a);
  const bool number_b = is_numeric(b);
  if (number_a != number_b) return number_a ? -1 : 1;  // Numbers are lower than words.
  if (number_a && a.size() != b.size()) return a.size() < b.size() ? -1 : 1;
  const int order = a.compare(b);
  return order < 0 ? -1 : order > 0 ? 1 : 0;
}

bool holds(const Bound& bound, const Version& version) {
  const int order = compare(version, bound.version);
  switch (bound.is) {
    case Is::at_least: return order >= 0;
    case Is::above: return order > 0;
    case Is::at_most: return order <= 0;
    case Is::below: return order < 0;
  }
  return false;
}

bool same_numbers(const Version& a, const Version& b) { return a.major == b.major && a.minor == b.minor && a.patch == b.patch; }

bool accepts_all(const std::vector<Bound>& bounds, const Version& version) {
  if (!std::all_of(bounds.begin(), bounds.end(), [&](const Bound& bound) { return holds(bound, version); })) return false;
  return version.prerelease.empty() || std::any_of(bounds.begin(), bounds.end(), [&](const Bound& bound) {
           return !bound.version.prerelease.empty() && same_numbers(bound.version, version);
         });
}

/// Below everything that begins with the `numbers` numbers of `version` and the next one there. The lowest pre-release of it
/// is the bound, so that `^1.4 || …` never lets 2.0.0-rc.1 in because another bound happens to name one.
Bound below_next(Version version, int numbers) {
  version.prerelease = {"0"};
  if (numbers < 3) version.patch = 0;
  if (numbers < 2) version.minor = 0;
  ++(numbers == 1 ? version.major : numbers == 2 ? version.minor : version.patch);
  return {Is::below, version};
}

/// How many numbers `^` keeps: up to the leftmost that is not 0, or all that are written.
int kept_by_caret(const Written& written) {
  if (written.version.major != 0 || written.numbers == 1) return 1;
  return written.version.minor != 0 || written.numbers == 2 ? 2 : 3;
}

void add_exactly(const Written& written, std::vector<Bound>& out) {
  out.push_back({Is::at_least, written.version});
  out.push_back(written.numbers == 3 ? Bound{Is::at_most, written.version} : below_next(written.version, written.numbers));
}

void add_above(const Written& written, std::vector<Bound>& out) {
  if (written.numbers == 3) return out.push_back({Is::above, written.version});
  Bound bound = below_next(written.version, written.numbers);
  bound.is = Is::at_least;
  bound.version.prerelease.clear();
  out.push_back(std::move(bound));
}

void add_at_most(const Written& written, std::vector<Bound>& out) {
  out.push_back(written.numbers == 3 ? Bound{Is::at_most, written.version} : below_next(written.version, written.numbers));
}

void add_below(const Written& written, std::vector<Bound>& out) {
  Bound bound{Is::below, written.version};
  if (written.numbers < 3) bound.version.prerelease = {"0"};
  out.push_back(std::move(bound));
}

void add_caret(const Written& written, std::vector<Bound>& out) {
  out.push_back({Is::at_least, written.version});
  out.push_back(below_next(written.version, kept_by_caret(written)));
}

void add_tilde(const Written& written, std::vector<Bound>& out) {
  out.push_back({Is::at_least, written.version});
  out.push_back(below_next(written.version, std::min(written.numbers, 2)));
}

struct Operator {
  std::string_view text;
  void (*add)(const Written& written, std::vector<Bound>& out);
};
/// Longer ones first.
constexpr Operator kOperators[] = {
    {">=",
     [](const Written& written, std::vector<Bound>& out) {
       out.push_back({Is::at_least, written.version});
     }},
    {"<=", add_at_most},
    {">", add_above},
    {"<", add_below},
    {"=", add_exactly},
    {"^", add_caret},
    {"~", add_tilde},
};

/// What people of other dialects mean, said in this one.
std::string version_mistake(std::string_view written) {
  const std::string shown = escape_for_terminal(written);
  if (written.empty()) return "a version is missing";
  if (written == "*" || written == "x" || written == "X") return fmt::format("`{}` is no version; any release is `>=0`", shown);
  if (written == "-") return "`A - B` is written `>=A <=B`";
  if (written.find(',') != std::string_view::npos) return "conditions are separated by a space, not by a comma";
  if ((written.front() == 'v' || written.front() == 'V') && parse_written(written.substr(1)))
    return fmt::format("`{}` is no version: write `{}`, and where tags begin so say `tags = \"v{{version}}\"`", shown, written.substr(1));
  if (const std::size_t dot = written.find_first_of("xX*"); dot != std::string_view::npos && dot > 1 && written[dot - 1] == '.') {
    if (parse_written(written.substr(0, dot - 1))) return fmt::format("`{}` is written `{}`", shown, written.substr(0, dot - 1));
  }
  if (written.find('-') != std::string_view::npos && parse_written(written.substr(0, written.find('-'))))
    return fmt::format("`{}` is no version: a pre-release stands behind three numbers, as in `1.4.0-rc.1`", shown);
  return fmt::format("`{}` is no version: one to three numbers, as in `1`, `1.4`, `1.4.2`, `1.4.2-rc.1`", shown);
}

/// The lowest versions that a range could accept: if it takes none of these, it takes none at all.
bool is_satisfiable(const std::vector<Bound>& bounds) {
  Version lowest;
  lowest.prerelease = {"0"};
  for (const Bound& bound : bounds)
    if ((bound.is == Is::at_least || bound.is == Is::above) && compare(bound.version, lowest) > 0) lowest = bound.version;
  Version after = lowest;
  after.prerelease.emplace_back("0");
  Version release = lowest;
  release.prerelease.clear();
  Version next = release;
  ++next.patch;
  Version next_lowest = next;
  next_lowest.prerelease = {"0"};
  const Version candidates[] = {lowest, after, release, next, next_lowest};
  return std::any_of(std::begin(candidates), std::end(candidates), [&](const Version& one) { return accepts_all(bounds, one); });
}

struct Words {
  std::string_view rest;

  void skip_spaces() { rest.remove_prefix(std::min(rest.find_first_not_of(' '), rest.size())); }
  std::string_view take(std::size_t count) {
    const std::string_view out = rest.substr(0, count);
    rest.remove_prefix(out.size());
    return out;
  }
};

/// One alternative: conditions with spaces between. Appends its text with single spaces.
Result<std::vector<Bound>> parse_conditions(std::string_view text, std::string& normal) {
  std::vector<Bound> out;
  const std::size_t start = normal.size();
  Words words{text};
  for (words.skip_spaces(); !words.rest.empty(); words.skip_spaces()) {
    const auto* found =
        std::find_if(std::begin(kOperators), std::end(kOperators), [&](const Operator& one) { return words.rest.starts_with(one.text); });
    std::string_view sign;
    if (found != std::end(kOperators)) {
      sign = words.take(found->text.size());
      words.skip_spaces();
    }
    const std::string_view written = words.take(words.rest.find_first_of(" <>=^~"));
    const std::optional<Written> version = parse_written(written);
    if (!version) return stalled(Reason::invalid, version_mistake(written));
    (found == std::end(kOperators) ? &add_exactly : found->add)(*version, out);
    if (normal.size() > start) normal.push_back(' ');
    normal.append(sign).append(written);
  }
  if (out.empty()) return stalled(Reason::invalid, "a version is missing");
  if (!is_satisfiable(out)) return stalled(Reason::invalid, fmt::format("no version is in `{}`", normal.substr(start)));
  return out;
}

}  // namespace

std::optional<Version> parse_version(std::string_view text) {
  std::optional<Written> written = parse_written(text);
  if (!written || written->numbers != 3) return std::nullopt;
  return std::move(written->version);
}

int compare(const Version& a, const Version& b) {
  if (a.major != b.major) return a.major < b.major ? -1 : 1;
  if (a.minor != b.minor) return a.minor < b.minor ? -1 : 1;
  if (a.patch != b.patch) return a.patch < b.patch ? -1 : 1;
  if (a.prerelease.empty() != b.prerelease.empty()) return a.prerelease.empty() ? 1 : -1;
  for (std::size_t i = 0; i < std::min(a.prerelease.size(), b.prerelease.size()); ++i)
    if (const int order = compare_identifiers(a.prerelease[i], b.prerelease[i]); order != 0) return order;
  if (a.prerelease.size() == b.prerelease.size()) return 0;
  return a.prerelease.size() < b.prerelease.size() ? -1 : 1;
}

bool VersionRange::accepts(const Version& version) const {
  return std::any_of(alternatives.begin(), alternatives.end(), [&](const auto& bounds) { return accepts_all(bounds, version); });
}

Result<VersionRange> parse_version_range(std::string_view text) {
  if (text.size() > kLongestRange)
    return stalled(Reason::invalid, fmt::format("a range of versions has at most {} characters, this one {}", kLongestRange, text.size()));
  VersionRange out;
  for (std::size_t at = 0; at <= text.size();) {
    const std::size_t end = std::min(text.find("||", at), text.size());
    if (!out.alternatives.empty()) out.text.append(" || ");
    MUSTER_TRY(std::vector<Bound> bounds, parse_conditions(text.substr(at, end - at), out.text));
    out.alternatives.push_back(std::move(bounds));
    at = end + 2;
  }
  return out;
}

}  // namespace muster::model
