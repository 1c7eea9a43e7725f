// Options that several verbs take, in one wording, and how the values of options are read.
#pragma once

#include <optional>
#include <string_view>

#include "cli/session.hpp"
#include "cli/verb.hpp"
#include "muster/base/time.hpp"

namespace muster::cli {

inline constexpr Option kIn = {"--in", "ENV", "only this environment; may be given several times, globs too"};
inline constexpr Option kDryRun = {"--dry-run", "", "show what would be done, do nothing"};
inline constexpr Option kReason = {"--reason", "TEXT", "why; stands in the commit and in `muster status`"};
inline constexpr Option kRerender = {"--rerender", "", "render again with this version of muster, under the budget of changes"};

/// Duration as the language writes it: "90s", "15min", "1h 30min", "2d". nullopt for anything else.
std::optional<Duration> parse_duration(std::string_view text);
/// The moment given to `option`, UTC where it has no offset; nullopt where the option was not given. Failure: invalid.
Result<std::optional<Instant>> moment_of(const Session& session, std::string_view option);

}  // namespace muster::cli
