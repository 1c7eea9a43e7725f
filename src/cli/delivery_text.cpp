#include "cli/delivery_text.hpp"

#include <algorithm>

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

bool moves(const deliver::Outcome& outcome) {
  return outcome.verdict == deliver::Verdict::moved || outcome.removed || !outcome.moves.empty() || !outcome.renamed_from.empty();
}

std::string moves_text(const deliver::Outcome& outcome) {
  if (outcome.removed) return "no longer declared";
  if (outcome.moves.empty() && outcome.renamed_from.empty()) return "rendered anew";
  const std::string renamed = outcome.renamed_from.empty() ? "" : fmt::format("renamed from {}", escape_for_terminal(outcome.renamed_from));
  return renamed + (renamed.empty() || outcome.moves.empty() ? "" : ", ") + moves_text(outcome.moves);
}

std::string obstacle_text(const deliver::Obstacle& obstacle, Instant now) {
  std::string out = obstacle.input.empty() ? "" : obstacle.input + ": ";
  out += obstacle.text;
  // Since when a release soaks stands in the text; since when that is waited for is nobody's question.
  const bool counts_down = obstacle.why == deliver::Why::soak && obstacle.until;
  if (obstacle.since && !counts_down && now - *obstacle.since >= std::chrono::seconds(1))
    out += fmt::format(", for {}", format_duration(now - *obstacle.since));
  if (obstacle.until && *obstacle.until > now) out += fmt::format(", {} more", format_duration(*obstacle.until - now));
  if (!obstacle.lift.empty()) out += " → " + obstacle.lift;
  return escape_for_terminal(out);
}

std::string verdict_text(const Terminal& terminal, const deliver::Obstacle& obstacle, Instant now) {
  const deliver::Verdict verdict = deliver::verdict_of(obstacle.why);
  return fmt::format("{}{} {}", terminal.paint(colour_of(verdict), to_string(verdict)), obstacle.input.empty() ? ":" : ",",
                     obstacle_text(obstacle, now));
}

std::vector<deliver::Obstacle> said_of(const std::vector<deliver::Obstacle>& obstacles) {
  std::vector<deliver::Obstacle> out;
  for (const deliver::Obstacle& one : obstacles) {
    if (one.why == deliver::Why::none || one.why == deliver::Why::undeclared) continue;
    const auto same = std::find_if(out.begin(), out.end(), [&](const auto& other) {
      return other.why == one.why && other.text == one.text && other.lift == one.lift;
    });
    if (same == out.end()) {
      out.push_back(one);
    } else {
      same->input += ", " + one.input;
    }
  }
  return out;
}

namespace {

/// The text with `SERVICE` for every word that is the service's name.
std::string without_name(std::string_view text, std::string_view service) {
  const auto in_word = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
  };
  std::string out;
  for (std::size_t i = 0; i < text.size();) {
    const std::size_t after = i + service.size();
    const bool begins = i == 0 || !in_word(text[i - 1]);
    if (begins && text.substr(i, service.size()) == service && (after == text.size() || !in_word(text[after]))) {
      out += "SERVICE";
      i = after;
    } else {
      out += text[i++];
    }
  }
  return out;
}

}  // namespace

deliver::Obstacle of_any_service(const ServiceObstacle& one) {
  deliver::Obstacle out = one.obstacle;
  if (one.service.empty()) return out;
  out.text = without_name(out.text, one.service);
  out.lift = without_name(out.lift, one.service);
  return out;
}

bool SharedObstacle::covers(const std::string& service, const deliver::Obstacle& other) const {
  if (obstacle.why != other.why || obstacle.input != other.input) return false;
  const deliver::Obstacle any = of_any_service({service, other});
  return obstacle.text == any.text && obstacle.lift == any.lift;
}

bool covered(const std::vector<SharedObstacle>& shared, const std::string& service, const deliver::Obstacle& obstacle) {
  return std::any_of(shared.begin(), shared.end(), [&](const SharedObstacle& one) { return one.covers(service, obstacle); });
}

std::string SharedObstacle::names() const {
  constexpr std::size_t kNamed = 4;
  if (services.size() <= kNamed) return join(services, ", ");
  return fmt::format("{} and {} more", join({services.begin(), services.begin() + kNamed - 1}, ", "), services.size() - kNamed + 1);
}

std::vector<SharedObstacle> shared_obstacles(const std::vector<ServiceObstacle>& all) {
  constexpr std::size_t kMany = 3;
  std::vector<SharedObstacle> groups;
  for (const ServiceObstacle& one : all) {
    auto group =
        std::find_if(groups.begin(), groups.end(), [&](const SharedObstacle& known) { return known.covers(one.service, one.obstacle); });
    if (group == groups.end()) group = groups.insert(group, {of_any_service(one), {}});
    group->services.push_back(one.service);
    // Of all of them: since the first of them, until the last.
    if (one.obstacle.since && (!group->obstacle.since || *one.obstacle.since < *group->obstacle.since))
      group->obstacle.since = one.obstacle.since;
    if (one.obstacle.until && (!group->obstacle.until || *one.obstacle.until > *group->obstacle.until))
      group->obstacle.until = one.obstacle.until;
  }
  std::erase_if(groups, [](const SharedObstacle& group) { return group.services.size() < kMany; });
  return groups;
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

namespace {

std::vector<SharedObstacle> shared_in(const deliver::EnvironmentOutcome& environment) {
  std::vector<ServiceObstacle> all;
  for (const deliver::Outcome& one : environment.instances) {
    for (deliver::Obstacle& obstacle : said_of(one.obstacles)) all.push_back({one.service, std::move(obstacle)});
  }
  return shared_obstacles(all);
}

/// Nothing of it moved, and why not is said of many at once.
bool is_covered(const deliver::Outcome& one, const std::vector<SharedObstacle>& shared) {
  const auto said = said_of(one.obstacles);
  return !moves(one) &&
         std::all_of(said.begin(), said.end(), [&](const deliver::Obstacle& obstacle) { return covered(shared, one.service, obstacle); });
}

/// " as 6b55abd", or where builds that ended one after another made several, all of them: whoever reverts needs the right one.
std::string records_text(const deliver::EnvironmentOutcome& outcome) {
  std::vector<std::string> records;
  for (const deliver::Outcome& one : outcome.instances) {
    if (!moves(one) || !one.record) continue;
    const std::string record = one.record->short_text();
    if (std::find(records.begin(), records.end(), record) == records.end()) records.push_back(record);
  }
  if (records.size() > 1) return fmt::format(" in {} records: {}", records.size(), join(records, ", "));
  if (!records.empty()) return " as " + records.front();
  return outcome.tip ? " as " + outcome.tip->short_text() : std::string();
}

}  // namespace

std::vector<std::string> delivery_lines(const Session& session, const Terminal& terminal, const deliver::EnvironmentOutcome& outcome,
                                        bool dry) {
  const Instant now = session.world().clock.now();
  std::vector<std::string> lines;
  if (outcome.obstacle) {
    const deliver::Verdict verdict = deliver::verdict_of(outcome.obstacle->why);
    lines.push_back(fmt::format("{}: {}: {}", outcome.environment, terminal.paint(colour_of(verdict), to_string(verdict)),
                                obstacle_text(*outcome.obstacle, now)));
  }
  const std::vector<SharedObstacle> shared = shared_in(outcome);
  std::size_t moved = 0;
  std::size_t unchanged = 0;
  std::size_t width = 0;
  for (const deliver::Outcome& one : outcome.instances) {
    if (one.verdict == deliver::Verdict::unchanged) {
      ++unchanged;
    } else if (!is_covered(one, shared)) {
      width = std::max(width, display_width(one.service));
    }
    if (moves(one)) ++moved;
  }
  std::string head = outcome.environment + ": ";
  if (moved == 0) {
    head += dry ? "nothing would be recorded" : "nothing to record";
  } else {
    head += fmt::format("{} {}", dry ? "would record" : "recorded", count_of(moved, "service"));
    if (!dry) head += records_text(outcome);
  }
  if (unchanged != 0) head += fmt::format(", {} unchanged", unchanged);
  // What stopped the whole environment has said why nothing is recorded.
  if (!outcome.obstacle || moved != 0) lines.push_back(terminal.paint(Colour::bold, head));
  for (const deliver::Outcome& one : outcome.instances) {
    const std::string name = one.service + std::string(width - std::min(width, display_width(one.service)), ' ');
    if (moves(one)) {
      const std::string_view verb = one.removed ? (dry ? "remove" : "removed") : (dry ? "move" : "moved");
      lines.push_back(fmt::format("  {}  {}  {}", name, terminal.paint(one.removed ? Colour::red : Colour::green, verb), moves_text(one)));
    }
    for (const deliver::Obstacle& obstacle : said_of(one.obstacles)) {
      if (covered(shared, one.service, obstacle)) continue;
      const deliver::Verdict verdict = deliver::verdict_of(obstacle.why);
      lines.push_back(
          fmt::format("  {}  {}  {}", name, terminal.paint(colour_of(verdict), to_string(verdict)), obstacle_text(obstacle, now)));
    }
  }
  for (const SharedObstacle& one : shared) lines.push_back(fmt::format("  {}: {}", one.names(), verdict_text(terminal, one.obstacle, now)));
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
  return Object{{"why", to_string(obstacle.why)},
                {"verdict", to_string(deliver::verdict_of(obstacle.why))},
                {"input", obstacle.input},
                {"text", obstacle.text},
                {"lift", obstacle.lift},
                {"since", instant_value(obstacle.since)},
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
