// What deliver decided, for people and as JSON: one form for deliver, apply, plan, promote, status and why.
#pragma once

#include <string>
#include <vector>

#include "cli/session.hpp"
#include "muster/deliver/outcome.hpp"
#include "muster/deliver/proposal.hpp"

namespace muster::cli {

/// "source 3f2a1b4c5d → 77ab01c2d3 (push)", joined by ", ".
std::string moves_text(const std::vector<deliver::Move>& moves);
/// "waits for approval: …; muster approve cart --in production".
std::string obstacle_text(const deliver::Obstacle& obstacle, Instant now);
Colour colour_of(deliver::Verdict verdict);

/// Lines for an environment's pass: what moved, what waits and why. Unchanged instances are counted, not listed.
std::vector<std::string> delivery_lines(const Session& session, const Terminal& terminal, const deliver::EnvironmentOutcome& outcome, bool dry);

Value to_value(const deliver::Obstacle& obstacle);
Value to_value(const deliver::Outcome& outcome);
Value to_value(const deliver::Report& report);
Value to_value(const deliver::Proposal& proposal);

}  // namespace muster::cli
