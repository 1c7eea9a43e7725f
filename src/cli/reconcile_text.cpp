#include "cli/reconcile_text.hpp"

#include "muster/base/text.hpp"

namespace muster::cli {

Colour colour_of(reconcile::State state) {
  switch (state) {
    case reconcile::State::matched:
    case reconcile::State::unselected: return Colour::faint;
    case reconcile::State::applied: return Colour::green;
    case reconcile::State::waiting:
    case reconcile::State::paused:
    case reconcile::State::superseded:
    case reconcile::State::cancelled: return Colour::blue;
    case reconcile::State::held: return Colour::yellow;
    case reconcile::State::unhealthy:
    case reconcile::State::blocked:
    case reconcile::State::failed: return Colour::red;
  }
  return Colour::plain;
}

std::string changes_text(const reconcile::Outcome& outcome) {
  std::vector<std::string> parts;
  const auto part = [&](std::size_t count, std::string_view what) {
    if (count != 0) parts.push_back(fmt::format("{} {}", count, what));
  };
  part(outcome.created, "created");
  part(outcome.changed, "changed");
  part(outcome.repaired, "of them drift put back");
  part(outcome.adopted, "adopted");
  part(outcome.pruned, "pruned");
  return join(parts, ", ");
}

namespace {

std::string outcome_text(const reconcile::Outcome& outcome) {
  std::string out = changes_text(outcome);
  if (!outcome.text.empty()) out += (out.empty() ? "" : "; ") + outcome.text;
  return escape_for_terminal(out);
}

std::string head_text(std::size_t wrote, std::size_t matched, std::size_t others) {
  if (wrote != 0)
    return fmt::format("wrote {}{}", count_of(wrote, "instance"), matched == 0 ? "" : fmt::format(", {} matched already", matched));
  if (others != 0) return matched == 0 ? "wrote nothing" : fmt::format("wrote nothing, {} matched already", matched);
  return matched == 0 ? "nothing stands there" : fmt::format("target matches, {}", count_of(matched, "instance"));
}

void append_environment(std::vector<std::string>& lines, const Terminal& terminal, const reconcile::Report& report,
                        const reconcile::EnvironmentReport& environment) {
  std::size_t matched = 0;
  std::size_t wrote = 0;
  std::size_t others = 0;  ///< Neither written nor matching.
  std::size_t width = 0;
  for (const reconcile::Outcome& outcome : report.outcomes) {
    if (outcome.key.environment != environment.name) continue;
    if (outcome.wrote()) ++wrote;
    if (outcome.state == reconcile::State::unselected) continue;
    if (outcome.state == reconcile::State::matched) {
      ++matched;
      continue;
    }
    if (!outcome.wrote()) ++others;
    width = std::max(width, display_width(outcome.key.service));
  }
  if (environment.hold) {
    lines.push_back(
        fmt::format("{}: {}: {}", environment.name, terminal.paint(Colour::yellow, "held"), escape_for_terminal(environment.hold->text)));
    if (!environment.hold->expected.empty()) lines.push_back(fmt::format("  expected {}", escape_for_terminal(environment.hold->expected)));
    if (!environment.hold->found.empty() && environment.hold->found != environment.hold->text)
      lines.push_back(fmt::format("  found {}", escape_for_terminal(environment.hold->found)));
    if (!environment.hold->lift.empty()) lines.push_back(fmt::format("  → {}", escape_for_terminal(environment.hold->lift)));
    return;
  }
  lines.push_back(terminal.paint(Colour::bold, fmt::format("{}: {}", environment.name, head_text(wrote, matched, others))));
  for (const reconcile::Outcome& outcome : report.outcomes) {
    if (outcome.key.environment != environment.name) continue;
    const std::string name = outcome.key.service + std::string(width - std::min(width, display_width(outcome.key.service)), ' ');
    if (outcome.state != reconcile::State::matched && outcome.state != reconcile::State::unselected) {
      lines.push_back(
          fmt::format("  {}  {}  {}", name, terminal.paint(colour_of(outcome.state), to_string(outcome.state)), outcome_text(outcome)));
    }
    for (const std::string& remark : outcome.remarks) lines.push_back(fmt::format("  {}  note: {}", name, escape_for_terminal(remark)));
  }
  if (!environment.deletions_held.empty())
    lines.push_back(
        fmt::format("  {} {}", terminal.paint(Colour::yellow, "deletions held:"), escape_for_terminal(environment.deletions_held)));
  if (environment.notes) lines.push_back(fmt::format("  health could not be noted: {}", escape_for_terminal(environment.notes->text)));
}

}  // namespace

std::vector<std::string> reconcile_lines(const Terminal& terminal, const reconcile::Report& report) {
  std::vector<std::string> lines;
  for (const reconcile::EnvironmentReport& environment : report.environments) append_environment(lines, terminal, report, environment);
  return lines;
}

Value to_value(const reconcile::Outcome& outcome) {
  Array path;
  for (const reconcile::InstanceKey& key : outcome.path) path.emplace_back(key.text());
  Array remarks;
  for (const std::string& remark : outcome.remarks) remarks.emplace_back(remark);
  return Object{{"service", outcome.key.service},
                {"environment", outcome.key.environment},
                {"state", to_string(outcome.state)},
                {"move", to_string(outcome.move)},
                {"created", std::uint64_t{outcome.created}},
                {"changed", std::uint64_t{outcome.changed}},
                {"repaired", std::uint64_t{outcome.repaired}},
                {"adopted", std::uint64_t{outcome.adopted}},
                {"pruned", std::uint64_t{outcome.pruned}},
                {"text", outcome.text},
                {"because_of", std::move(path)},
                {"health", to_string(outcome.health.state)},
                {"remarks", std::move(remarks)}};
}

Value to_value(const reconcile::Report& report) {
  Array environments;
  for (const reconcile::EnvironmentReport& environment : report.environments) {
    Array instances;
    for (const reconcile::Outcome& outcome : report.outcomes) {
      if (outcome.key.environment == environment.name) instances.push_back(to_value(outcome));
    }
    Value hold;
    if (environment.hold) {
      hold = Object{{"text", environment.hold->text},
                    {"expected", environment.hold->expected},
                    {"found", environment.hold->found},
                    {"lift", environment.hold->lift}};
    }
    environments.emplace_back(Object{{"environment", environment.name},
                                     {"tip", environment.tip},
                                     {"hold", std::move(hold)},
                                     {"deletions_held", environment.deletions_held},
                                     {"instances", std::move(instances)}});
  }
  return Object{{"environments", std::move(environments)}};
}

Progress::~Progress() { session_.out().live({}); }

void Progress::draw() {
  static constexpr std::size_t kLines = 12;
  std::vector<std::string> lines;
  const Duration now = session_.world().clock.elapsed();
  for (const auto& [key, running] : running_) {
    if (lines.size() == kLines) {
      lines.push_back(fmt::format("  … and {} more", running_.size() - kLines));
      break;
    }
    lines.push_back(fmt::format("  {}  {}  {}", key.text(), escape_for_terminal(running.text), format_duration(now - running.since)));
  }
  if (total_ != 0) lines.push_back(fmt::format("{}/{} instances", done_, total_));
  session_.out().live(std::move(lines));
}

void Progress::on(const reconcile::Event& event) {
  const std::lock_guard lock(mutex_);
  if (session_.json()) {
    session_.out().line(to_canonical_json(Object{{"event", to_string(event.kind)},
                                                 {"instance", event.key.text()},
                                                 {"text", event.text},
                                                 {"done", std::uint64_t{event.done}},
                                                 {"total", std::uint64_t{event.total}}}));
    return;
  }
  total_ = event.total;
  done_ = event.done;
  if (!session_.out().setup().error_is_terminal) {
    if (event.kind == reconcile::Event::Kind::finished && event.state != reconcile::State::matched &&
        event.state != reconcile::State::unselected) {
      session_.out().error(fmt::format("[{}/{}] {} {}", event.done, event.total, event.key.text(), to_string(event.state)));
    }
    return;
  }
  switch (event.kind) {
    case reconcile::Event::Kind::planned: break;
    case reconcile::Event::Kind::started: running_[event.key] = {"starts", session_.world().clock.elapsed()}; break;
    case reconcile::Event::Kind::applied:
    case reconcile::Event::Kind::pruned:
    case reconcile::Event::Kind::waiting:
    case reconcile::Event::Kind::settled: running_[event.key].text = event.text; break;
    case reconcile::Event::Kind::finished: running_.erase(event.key); break;
  }
  draw();
}

}  // namespace muster::cli
