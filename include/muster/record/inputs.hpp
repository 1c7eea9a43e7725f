// Inputs of a release, as records list them: what each may be, its text in a trailer, and when two are equal.
//
// Names: "source", "image.<name>", "declaration", "from"; "chart" is read and kept, and has no source in this version.
// Ownership: plain values. Thread-safety: none needed. Failure: decode gives nullopt for text no version wrote.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "muster/base/digest.hpp"
#include "muster/git/objects.hpp"

namespace muster::record {

/// Why an input moved, as a `Muster-Release` trailer names it.
enum class Cause : std::uint8_t { push, image, chart, promotion, fleet, rollback, manual };
std::string_view to_string(Cause cause);
std::optional<Cause> parse_cause(std::string_view text);

/// The service was removed: no input of it has a value.
struct Absent {
  friend bool operator==(const Absent&, const Absent&) = default;
};

/// Keyed by repository, branch and folder. `<commit>/<tree>;<branch>;<path>;<repository>`
struct SourceValue {
  git::Oid commit;
  git::Oid tree;  ///< Identity of what is read (source::Tree::id), equal where the commits differ elsewhere.
  std::string branch;
  std::string path;
  std::string repository;  ///< git::url_key: never holds credentials.
  [[nodiscard]] bool same_key(const SourceValue& other) const {
    return branch == other.branch && path == other.path && repository == other.repository;
  }
  friend bool operator==(const SourceValue&, const SourceValue&) = default;
};

/// A literal reference is text; a watched one has digest, tag and rule. `<reference>[;digest=…][;tag=…][;rule=…][;commit=…]`
struct ImageValue {
  std::string reference;  ///< What the container runs: "ghcr.io/acme/hello:1.4.2", "ghcr.io/acme/hello@sha256:…".
  std::string digest;     ///< "sha256:…"; empty while no registry was asked.
  std::string tag;        ///< That the rule selected.
  std::string rule;       ///< "^1.4"; empty for a literal and for CI.
  std::string commit;     ///< Of the application repository, where CI named it.
  bool literal = false;   ///< Written in the fleet files: its direction is the fleet's revision. `;literal`
  /// What runs: the digest where it is known, else the reference.
  [[nodiscard]] const std::string& content() const { return digest.empty() ? reference : digest; }
  friend bool operator==(const ImageValue&, const ImageValue&) = default;
};

/// The evaluated instance. `sha256:…`
struct DeclarationValue {
  Digest digest;
  friend bool operator==(const DeclarationValue&, const DeclarationValue&) = default;
};

/// The upstream record that is followed and the bundle it carries. `<environment>/<record>/sha256:…`
struct FromValue {
  std::string environment;
  git::Oid record;
  Digest bundle;
  friend bool operator==(const FromValue&, const FromValue&) = default;
};

using InputValue = std::variant<Absent, SourceValue, ImageValue, DeclarationValue, FromValue>;
/// By input name.
using Inputs = std::map<std::string, InputValue>;

inline constexpr std::string_view kSource = "source";
inline constexpr std::string_view kDeclaration = "declaration";
inline constexpr std::string_view kFrom = "from";
inline constexpr std::string_view kImagePrefix = "image.";
/// ImageValue::rule of an image that muster built.
inline constexpr std::string_view kBuildRule = "build";

/// The value as one word without spaces: everything outside printable ASCII, and `;`, `%`, `=` and white space inside
/// parts, is written `%xx`. "absent" for Absent.
std::string encode(const InputValue& value);
std::optional<InputValue> decode(std::string_view input, std::string_view text);
/// For people: "3f2a1b4c5d (main)", "ghcr.io/acme/hello:1.4.2", "sha256:0123456789ab".
std::string describe(const InputValue& value);
/// "source 3ebcddc25e (main) → 969ec0f45f (main)"; without `before`, or where it reads the same, what it is now.
std::string describe_move(std::string_view input, const std::optional<InputValue>& before, const InputValue& after);

/// Do both make the same descriptor? Source by tree, image by content, declaration by digest, from by bundle.
[[nodiscard]] bool same_content(const InputValue& a, const InputValue& b);

/// What a promotion carries and what soak compares: the content of source and images, by input name. Declarations never.
struct Bundle {
  std::map<std::string, std::string> parts;  ///< "source" → tree, "image.main" → digest or reference.
  [[nodiscard]] Digest digest() const;
  friend bool operator==(const Bundle&, const Bundle&) = default;
};
Bundle bundle_of(const Inputs& inputs);

/// The fleet and the muster that a record was made from. `<revision or -> <muster version> <edition>`
struct FleetStamp {
  std::string revision;  ///< Commit of the fleet's repository; empty for a folder without git. A trailing `+`: dirty.
  std::string muster;    ///< "0.1.0"
  std::string edition;   ///< "1.0"
  friend bool operator==(const FleetStamp&, const FleetStamp&) = default;
};
/// Dotted numbers compared as numbers: -1, 0, 1. Anything else by bytes.
int compare_versions(std::string_view a, std::string_view b);

}  // namespace muster::record
