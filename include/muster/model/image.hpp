// Images as fleet files name them: references, and the rules by which a registry is followed. Plain data, and pure functions
// over it, so that check can refuse a rule that could never choose anything and deliver decides by the same words.
//
// Source of the reference's grammar: https://github.com/opencontainers/distribution-spec (v1.1, "Pulling manifests") and
// Docker's defaults: no host is docker.io, no tag is latest, one path component on docker.io is library/.
// Ownership: plain values. Thread-safety: none needed. Failures: Reason::invalid, says what is wrong and what is meant.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "muster/base/result.hpp"

namespace muster::model {

/// `ghcr.io/shop/cart:1.4.2`, `localhost:5000/cart@sha256:…`
struct ImageReference {
  std::string host;        ///< "ghcr.io", "127.0.0.1:5000"; "docker.io" where none is written.
  std::string repository;  ///< "shop/cart"; "library/nginx" for `nginx`.
  std::string tag;         ///< "" where none is written; beside a digest it says only where that came from.
  std::string digest;      ///< "sha256:…" or "".
  /// "ghcr.io/shop/cart": what a `registry` matches, and one listing is asked for.
  [[nodiscard]] std::string where() const { return host + "/" + repository; }
  [[nodiscard]] std::string text() const;
  friend auto operator<=>(const ImageReference&, const ImageReference&) = default;
};
Result<ImageReference> parse_image_reference(std::string_view text);
/// Letters, digits, `_` `.` `-`, at most 128, neither `.` nor `-` first: what a registry can have as a tag.
[[nodiscard]] bool is_tag(std::string_view text);

/// Semantic versions (https://semver.org, 2.0.0); build metadata is read and means nothing. A leading `v` is none of it.
struct Version {
  std::uint64_t major = 0;  ///< Numbers beyond 64 bits are no version.
  std::uint64_t minor = 0;
  std::uint64_t patch = 0;
  std::vector<std::string> prerelease;  ///< "rc.1" is {"rc", "1"}; empty: a release.
};
std::optional<Version> parse_version(std::string_view text);
/// -1, 0, 1 by precedence.
int compare(const Version& a, const Version& b);

/// The dialect of `versions`: `>= > <= < = ^ ~` before a version of one to three numbers, space is and, `||` is or. A bare
/// version means `=`, and a short one all that begin so (`1.4` is any 1.4.x, `>1.4` begins with 1.5.0). `^` keeps the leftmost number
/// that is not 0, `~` the minor. A pre-release is accepted only by a bound that names one of the same major.minor.patch.
/// A range in which no version can be is refused.
struct VersionRange {
  struct Bound {
    enum class Is : std::uint8_t { at_least, above, at_most, below } is = Is::at_least;
    Version version;
  };
  std::vector<std::vector<Bound>> alternatives;  ///< Or of ands.
  std::string text;                              ///< As written, single spaces.
  [[nodiscard]] bool accepts(const Version& version) const;
};
Result<VersionRange> parse_version_range(std::string_view text);

/// `main-{build:int}-{sha:hex}`; `{version}` is short for `{version:version}`, as for every type's name. The whole tag must
/// match; of several ways to match the one with the longest first capture counts, then the second.
struct TagTemplate {
  enum class Type : std::uint8_t { version, integer, date, hex, text };  ///< `date` is 20261123 or 2026-11-23.
  struct Part {
    std::string literal;  ///< Or, where `name` is set, a capture.
    std::string name;
    Type type = Type::text;
  };
  std::vector<Part> parts;
  std::string text;
  [[nodiscard]] const Part* capture(std::string_view name) const;
  /// The only capture of type version, which a range is asked about; nullptr: none, or several.
  [[nodiscard]] const Part* version() const;
  /// Captured texts by name. nullopt: the tag does not match.
  [[nodiscard]] std::optional<std::map<std::string, std::string, std::less<>>> match(std::string_view tag) const;
};
Result<TagTemplate> parse_tag_template(std::string_view text);

/// `watch(…)`: which tag of a repository is followed. Exactly one of: a moving tag; a range of versions (of the tag, or of the
/// template's only capture of type version); the newest by captures of a template.
struct ImagePolicy {
  ImageReference repository;  ///< Without tag and digest.
  std::string tag;            ///< `tag = "stable"`: followed by digest.
  std::optional<VersionRange> versions;
  std::optional<TagTemplate> tags;
  std::vector<std::string> newest;  ///< Captures of `tags`, the first decides.

  /// The rule in one line as records keep it: "^1.4", "v{version} ^1.4", "main-{build:int} newest build", "tag stable".
  [[nodiscard]] std::string rule() const;
  /// Why a tag is not considered, as in "1.5.0 is not in ^1.4"; nullopt: it is.
  [[nodiscard]] std::optional<std::string> refusal(std::string_view tag) const;
  /// -1, 0, 1: of two tags that are considered, which is newer; total, 0 for a tag and itself alone.
  [[nodiscard]] int order(std::string_view a, std::string_view b) const;
};

}  // namespace muster::model
