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
/// Is anything recorded of it? A rename may move no input.
bool moves(const deliver::Outcome& outcome);
/// "renamed from mailer, source 3f2a1b4c5d → 77ab01c2d3 (push)", "no longer declared".
std::string moves_text(const deliver::Outcome& outcome);
/// "waits for approval: …; muster approve cart --in production".
std::string obstacle_text(const deliver::Obstacle& obstacle, Instant now);
/// The same behind its verdict: "held, source: the branch was rewound …", "waiting: …".
std::string verdict_text(const Terminal& terminal, const deliver::Obstacle& obstacle, Instant now);
/// What people are told of them: one for several inputs that wait for the same thing.
std::vector<deliver::Obstacle> said_of(const std::vector<deliver::Obstacle>& obstacles);

/// An obstacle of one environment that many services have, word for word but for their own names; it is said once, with
/// `SERVICE` where each would read its name.
struct SharedObstacle {
  deliver::Obstacle obstacle;
  std::vector<std::string> services;
  [[nodiscard]] bool covers(const std::string& service, const deliver::Obstacle& other) const;
  /// "billing, cart, catalog and 2 more".
  [[nodiscard]] std::string names() const;
};
struct ServiceObstacle {
  std::string service;
  deliver::Obstacle obstacle;
};
/// An obstacle of a service, as it reads for any.
deliver::Obstacle of_any_service(const ServiceObstacle& one);
/// Is it said elsewhere?
bool covered(const std::vector<SharedObstacle>& shared, const std::string& service, const deliver::Obstacle& obstacle);
std::vector<SharedObstacle> shared_obstacles(const std::vector<ServiceObstacle>& all);
Colour colour_of(deliver::Verdict verdict);

/// Lines for an environment's pass: what moved, what waits and why. Unchanged instances are counted, not listed.
std::vector<std::string> delivery_lines(const Session& session, const Terminal& terminal, const deliver::EnvironmentOutcome& outcome,
                                        bool dry);

Value to_value(const deliver::Obstacle& obstacle);
Value to_value(const deliver::Outcome& outcome);
Value to_value(const deliver::Report& report);
Value to_value(const deliver::Proposal& proposal);

}  // namespace muster::cli
