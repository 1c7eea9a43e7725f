#include <fmt/format.h>

#include <algorithm>

#include "muster/base/text.hpp"
#include "muster/model/image.hpp"

namespace muster::model {
namespace {

using Type = TagTemplate::Type;
using Captures = std::map<std::string, std::string, std::less<>>;

int sign(int order) { return order < 0 ? -1 : order > 0 ? 1 : 0; }

int compare_integers(std::string_view a, std::string_view b) {
  a.remove_prefix(std::min(a.find_first_not_of('0'), a.size()));
  b.remove_prefix(std::min(b.find_first_not_of('0'), b.size()));
  if (a.size() != b.size()) return a.size() < b.size() ? -1 : 1;
  return sign(a.compare(b));
}

std::string without_dashes(std::string_view date) {
  std::string out(date);
  std::erase(out, '-');
  return out;
}

int compare_versions(const std::optional<Version>& a, const std::optional<Version>& b) {
  if (!a || !b) return static_cast<int>(a.has_value()) - static_cast<int>(b.has_value());
  return compare(*a, *b);
}

/// By what a capture is worth, both being of its type.
int compare_captures(Type type, std::string_view a, std::string_view b) {
  switch (type) {
    case Type::version: return compare_versions(parse_version(a), parse_version(b));
    case Type::integer: return compare_integers(a, b);
    case Type::date: return sign(without_dashes(a).compare(without_dashes(b)));
    case Type::hex:
    case Type::text: return sign(a.compare(b));
  }
  return 0;
}

/// The template's captures where there is a template, otherwise the whole tag as a version.
struct Reading {
  bool matched = true;
  Captures captures;
  std::optional<Version> version;
};

Reading read(const ImagePolicy& policy, std::string_view tag) {
  Reading out;
  if (!policy.tags) {
    out.version = parse_version(tag);
    return out;
  }
  std::optional<Captures> captures = policy.tags->match(tag);
  out.matched = captures.has_value();
  if (!captures) return out;
  out.captures = std::move(*captures);
  const TagTemplate::Part* version = policy.tags->version();
  if (version) out.version = parse_version(out.captures.at(version->name));
  return out;
}

std::string numbers_of(const Version& version) { return fmt::format("{}.{}.{}", version.major, version.minor, version.patch); }

}  // namespace

const TagTemplate::Part* TagTemplate::version() const {
  const auto is_version = [](const Part& one) { return !one.name.empty() && one.type == Type::version; };
  if (std::count_if(parts.begin(), parts.end(), is_version) != 1) return nullptr;
  return &*std::find_if(parts.begin(), parts.end(), is_version);
}

std::string ImagePolicy::rule() const {
  if (!tag.empty()) return "tag " + tag;
  std::string out = tags ? tags->text : "";
  if (versions) out.append(out.empty() ? "" : " ").append(versions->text);
  if (!newest.empty()) out.append(" newest ").append(join(newest, ", "));
  return out;
}

std::optional<std::string> ImagePolicy::refusal(std::string_view wanted) const {
  const std::string shown = escape_for_terminal(wanted);
  if (!tag.empty()) {
    if (wanted == tag) return std::nullopt;
    return fmt::format("{} is not the tag {}", shown, tag);
  }
  const Reading reading = read(*this, wanted);
  if (!reading.matched) return fmt::format("{} does not match {}", shown, tags->text);
  if (!versions) return std::nullopt;
  if (!reading.version) return fmt::format("{} is no version", shown);
  if (versions->accepts(*reading.version)) return std::nullopt;
  if (!reading.version->prerelease.empty()) {
    Version release = *reading.version;
    release.prerelease.clear();
    if (versions->accepts(release))
      return fmt::format("{} is a pre-release, and {} names none of {}", shown, versions->text, numbers_of(release));
  }
  return fmt::format("{} is not in {}", shown, versions->text);
}

int ImagePolicy::order(std::string_view a, std::string_view b) const {
  if (a == b) return 0;
  if (tag.empty()) {
    const Reading left = read(*this, a);
    const Reading right = read(*this, b);
    if (left.matched != right.matched) return left.matched ? 1 : -1;
    if (versions)
      if (const int order = compare_versions(left.version, right.version); order != 0) return order;
    for (const std::string& name : newest) {
      const TagTemplate::Part* part = tags && left.matched ? tags->capture(name) : nullptr;
      if (!part) continue;
      const int order = compare_captures(part->type, left.captures.at(name), right.captures.at(name));
      if (order != 0) return order;
    }
  }
  // Equal in all that the rule looks at, so the text decides: two passes over one listing choose the same tag.
  return sign(a.compare(b));
}

}  // namespace muster::model
