// The forms of text that have types of their own (url, semver, versions, date …), and the ways values are written.
// Pure functions.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "lang/check/types.hpp"
#include "lang/evaluate/datum.hpp"
#include "muster/base/value.hpp"

namespace muster::lang {

class Program;

/// What is wrong with `text` as a value of this simple type, as a sentence; nullopt where nothing is, and for types that
/// any text fits.
std::optional<std::string> check_text_form(TypeTag type, std::string_view text);
/// Semantic versions (semver.org 2.0.0, section 11): negative, zero or positive. Both must be valid.
int compare_versions(std::string_view a, std::string_view b);
/// A name that Kubernetes takes everywhere: lower-case letters, digits and hyphens, at most `limit`.
bool is_dns_label(std::string_view text, std::size_t limit = 63);

/// A name that git takes for a branch (git-check-ref-format).
bool is_branch_name(std::string_view text);

/// "a service", "an environment", "an int".
std::string with_article(std::string_view word);

/// A value as the language writes it: `3`, `"text"`, `[a, b]`, `{ A = 1 }`.
std::string language_text(const Datum& value, const Program& program);
/// The value for JSON export and digests: quantities as text ("256Mi", "24h"), references as names, sorted.
void append_canonical(std::string& out, const Datum& value, const Program& program);
/// The value as it enters an object of Kubernetes: quantities in Kubernetes' form.
Value object_value(const Datum& value, const Program& program);

}  // namespace muster::lang
