#include "cli/delivery_text.hpp"

#include "muster/base/text.hpp"
#include "muster/model/fleet.hpp"

namespace muster::cli {

std::string moves_text(const std::vector<deliver::Move>& moves) {
  std::string out;
  for (const deliver::Move& move : moves) {
    if (!out.empty()) out += ", ";
    out += fmt::format("{} ({})", record::describe_move(move.input, move.before, move.after), record::to_string(move.cause));
  }
  return escape_for_terminal(out);
}

std::string obstacle_text(const deliver::Obstacle& obstacle, Instant now) {
  std::string out = obstacle.input.empty() ? "" : obstacle.input + ": ";
  out += obstacle.text;
  if (obstacle.since && now - *obstacle.since >= std::chrono::seconds(1)) out += fmt::format(", for {}", format_duration(now - *obstacle.since));
  if (obstacle.until && *obstacle.until > now) out += fmt::format(", {} more", format_duration(*obstacle.until - now));
  if (!obstacle.lift.empty()) out += " → " + obstacle.lift;
  return escape_for_terminal(out);
}

Colour colour_of(deliver::Verdict verdict) {
  switch (verdict) {
    case deliver::Verdict::unchanged: return Colour::faint;
    case deliver::Verdict::moved: return Colour::green;
    case deliver::Verdict::waiting: return Colour::blue;
    case deliver::Verdict::held: return Colour::yellow;
    case deliver::Verdict::failed: return Colour::red;
  }
  return Colour::plain;
}

std::vector<std::string> delivery_lines(const Session& session, const Terminal& terminal, const deliver::EnvironmentOutcome& outcome, bool dry) {
  const Instant now = session.world().clock.now();
  std::vector<std::string> lines;
  if (outcome.obstacle) {
    const deliver::Verdict verdict = deliver::verdict_of(outcome.obstacle->why);
    lines.push_back(fmt::format("{}: {} {}", outcome.environment, terminal.paint(colour_of(verdict), to_string(verdict)), obstacle_text(*outcome.obstacle, now)));
  }
  std::size_t moved = 0;
  std::size_t unchanged = 0;
  std::size_t width = 0;
  for (const deliver::Outcome& one : outcome.instances) {
    if (one.verdict == deliver::Verdict::unchanged) {
      ++unchanged;
    } else {
      width = std::max(width, display_width(one.service));
    }
    if (!one.moves.empty() || one.removed) ++moved;
  }
  std::string head = outcome.environment + ": ";
  if (moved == 0) {
    head += dry ? "nothing would be recorded" : "nothing to record";
  } else {
    head += fmt::format("{} {}", dry ? "would record" : "recorded", count_of(moved, "service"));
    if (!dry && outcome.tip) head += fmt::format(" as {}", outcome.tip->short_text());
  }
  if (unchanged != 0) head += fmt::format(", {} unchanged", unchanged);
  // What stopped the whole environment has said why nothing is recorded.
  if (!outcome.obstacle || moved != 0) lines.push_back(terminal.paint(Colour::bold, head));
  for (const deliver::Outcome& one : outcome.instances) {
    const std::string name = one.service + std::string(width - std::min(width, display_width(one.service)), ' ');
    if (one.removed) {
      lines.push_back(fmt::format("  {}  {}  no longer declared", name, terminal.paint(Colour::red, dry ? "remove" : "removed")));
    } else if (!one.moves.empty()) {
      lines.push_back(fmt::format("  {}  {}  {}", name, terminal.paint(Colour::green, dry ? "move" : "moved"), moves_text(one.moves)));
    }
    for (const deliver::Obstacle& obstacle : one.obstacles) {
      if (obstacle.why == deliver::Why::none || obstacle.why == deliver::Why::undeclared) continue;
      const deliver::Verdict verdict = deliver::verdict_of(obstacle.why);
      lines.push_back(fmt::format("  {}  {}  {}", name, terminal.paint(colour_of(verdict), to_string(verdict)), obstacle_text(obstacle, now)));
    }
  }
  return lines;
}

namespace {

Value instant_value(const std::optional<Instant>& at) { return at ? Value(format_instant(*at)) : Value(); }
Value commit_value(const std::optional<git::Oid>& id) { return id ? Value(id->text()) : Value(); }

Array moves_value(const std::vector<deliver::Move>& moves) {
  Array out;
  for (const deliver::Move& move : moves) {
    out.emplace_back(Object{{"input", move.input},
                            {"before", move.before ? Value(record::encode(*move.before)) : Value()},
                            {"after", record::encode(move.after)},
                            {"cause", record::to_string(move.cause)}});
  }
  return out;
}

}  // namespace

Value to_value(const deliver::Obstacle& obstacle) {
  return Object{{"why", to_string(obstacle.why)},   {"verdict", to_string(deliver::verdict_of(obstacle.why))},
                {"input", obstacle.input},          {"text", obstacle.text},
                {"lift", obstacle.lift},            {"since", instant_value(obstacle.since)},
                {"until", instant_value(obstacle.until)}};
}

Value to_value(const deliver::Outcome& outcome) {
  Array obstacles;
  for (const deliver::Obstacle& obstacle : outcome.obstacles) obstacles.push_back(to_value(obstacle));
  return Object{{"service", outcome.service},
                {"environment", outcome.environment},
                {"verdict", to_string(outcome.verdict)},
                {"moves", moves_value(outcome.moves)},
                {"obstacles", std::move(obstacles)},
                {"release", outcome.release},
                {"record", commit_value(outcome.record)},
                {"removed", outcome.removed},
                {"renamed_from", outcome.renamed_from},
                {"evidence", instant_value(outcome.evidence)}};
}

Value to_value(const deliver::Report& report) {
  Array environments;
  for (const deliver::EnvironmentOutcome& environment : report.environments) {
    Array instances;
    for (const deliver::Outcome& outcome : environment.instances) instances.push_back(to_value(outcome));
    environments.emplace_back(Object{{"environment", environment.environment},
                                     {"before", commit_value(environment.tip_before)},
                                     {"tip", commit_value(environment.tip)},
                                     {"created", environment.created},
                                     {"obstacle", environment.obstacle ? to_value(*environment.obstacle) : Value()},
                                     {"instances", std::move(instances)}});
  }
  return Object{{"environments", std::move(environments)},
                {"moved", std::uint64_t{report.count(deliver::Verdict::moved)}},
                {"waiting", std::uint64_t{report.count(deliver::Verdict::waiting)}},
                {"held", std::uint64_t{report.count(deliver::Verdict::held)}},
                {"failed", std::uint64_t{report.count(deliver::Verdict::failed)}}};
}

Value to_value(const deliver::Proposal& proposal) {
  Array identities;
  for (const manifest::Object& object : proposal.objects) identities.emplace_back(object.id.text());
  return Object{{"service", proposal.service},
                {"environment", proposal.environment},
                {"removal", proposal.removal},
                {"renamed_from", proposal.renamed_from},
                {"release", proposal.removal ? std::string() : proposal.release.release.text()},
                {"moves", moves_value(proposal.moves)},
                {"objects_differ", proposal.objects_differ},
                {"objects", std::move(identities)}};
}

}  // namespace muster::cli
