#include "muster/diag/suggest.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <tuple>
#include <utility>

namespace muster::diag {
namespace {

using Pair = std::pair<std::string_view, std::string_view>;

/// Words of opposite meaning that are spelt alike, at the start of a word or as a whole one.
constexpr std::array<Pair, 22> kOpposites = {{
    {"enable", "disable"},    {"internal", "external"}, {"include", "exclude"},   {"import", "export"}, {"allow", "disallow"},
    {"inbound", "outbound"},  {"ingress", "egress"},    {"min", "max"},           {"before", "after"},  {"secure", "insecure"},
    {"visible", "invisible"}, {"active", "inactive"},   {"mutable", "immutable"}, {"lock", "unlock"},   {"known", "unknown"},
    {"public", "private"},    {"increase", "decrease"}, {"upgrade", "downgrade"}, {"attach", "detach"}, {"mount", "unmount"},
    {"set", "unset"},         {"valid", "invalid"},
}};

constexpr std::array<Pair, 14> kForeignWords = {{
    {"nil", "none"},
    {"None", "none"},
    {"NULL", "none"},
    {"Null", "none"},
    {"undefined", "none"},
    {"True", "true"},
    {"TRUE", "true"},
    {"yes", "true"},
    {"Yes", "true"},
    {"False", "false"},
    {"FALSE", "false"},
    {"no", "false"},
    {"No", "false"},
    {"nullptr", "none"},
}};

std::string folded(std::string_view name) {
  std::string result(name);
  for (char& c : result) c = c == '-' ? '_' : static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return result;
}

/// `candidate` with one part replaced by its opposite, for each part that has one.
std::vector<std::string> opposites_of(const std::string& candidate) {
  std::vector<std::string> result;
  const auto replace = [&](std::string_view from, std::string_view to) {
    for (std::size_t at = candidate.find(from); at != std::string::npos; at = candidate.find(from, at + 1)) {
      if (at != 0 && candidate[at - 1] != '_') continue;
      result.push_back(candidate.substr(0, at).append(to).append(candidate.substr(at + from.size())));
    }
  };
  for (const auto& [one, other] : kOpposites) {
    replace(one, other);
    replace(other, one);
  }
  return result;
}

bool means_the_opposite(const std::string& name, const std::string& candidate, std::size_t distance) {
  const std::vector<std::string> opposites = opposites_of(candidate);
  return std::any_of(opposites.begin(), opposites.end(),
                     [&](const std::string& opposite) { return edit_distance(name, opposite, distance) < distance; });
}

}  // namespace

std::size_t edit_distance(std::string_view a, std::string_view b, std::size_t limit) {
  if (a.size() > b.size()) std::swap(a, b);
  if (b.size() - a.size() > limit) return limit + 1;
  std::vector<std::size_t> two_ago(a.size() + 1);
  std::vector<std::size_t> before(a.size() + 1);
  std::vector<std::size_t> row(a.size() + 1);
  for (std::size_t i = 0; i <= a.size(); ++i) before[i] = i;
  for (std::size_t j = 1; j <= b.size(); ++j) {
    row[0] = j;
    for (std::size_t i = 1; i <= a.size(); ++i) {
      const std::size_t replaced = before[i - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
      row[i] = std::min({replaced, before[i] + 1, row[i - 1] + 1});
      const bool swapped = i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1];
      if (swapped) row[i] = std::min(row[i], two_ago[i - 2] + 1);
    }
    if (*std::min_element(row.begin(), row.end()) > limit && *std::min_element(before.begin(), before.end()) > limit) return limit + 1;
    two_ago.swap(before);
    before.swap(row);
  }
  return std::min(before[a.size()], limit + 1);
}

std::string_view nearest(std::string_view name, const std::vector<std::string_view>& candidates) {
  // A name of a few letters is within a third of too many others; one slip is what it gets.
  const std::size_t limit = std::max<std::size_t>(1, name.size() / 3);
  const std::string wanted = folded(name);
  std::tuple<std::size_t, bool, std::string_view> best{limit + 1, false, {}};
  for (const std::string_view candidate : candidates) {
    if (candidate == name || candidate.empty()) continue;
    const std::string other = folded(candidate);
    const std::size_t distance = edit_distance(wanted, other, std::get<0>(best));
    // Nothing in common is no slip: `a` is one edit from `b`.
    if (distance > limit || distance >= std::max(wanted.size(), other.size())) continue;
    const std::tuple<std::size_t, bool, std::string_view> found{distance, wanted[0] != other[0], candidate};
    if (found < best || std::get<2>(best).empty()) best = found;
  }
  const auto& [distance, first_differs, candidate] = best;
  if (candidate.empty() || means_the_opposite(wanted, folded(candidate), distance)) return {};
  return candidate;
}

std::string did_you_mean(std::string_view name, const std::vector<std::string_view>& candidates) {
  const std::string_view found = nearest(name, candidates);
  return found.empty() ? std::string() : fmt::format("did you mean `{}`?", found);
}

std::string_view foreign_word(std::string_view name) {
  for (const auto& [foreign, ours] : kForeignWords) {
    if (foreign == name) return ours;
  }
  return {};
}

}  // namespace muster::diag
