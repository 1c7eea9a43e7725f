#include <algorithm>
#include <map>
#include <set>

#include "cli/delivery_text.hpp"
#include "cli/fleet_session.hpp"
#include "cli/options.hpp"
#include "cli/verbs.hpp"
#include "muster/base/text.hpp"
#include "muster/daemon/view.hpp"

namespace muster::cli {
namespace {

constexpr Option kOptions[] = {kIn, {"--offline", "", "do not ask application repositories; what they moved is not shown"}};

Colour colour_of_condition(daemon::Condition condition) {
  switch (condition) {
    case daemon::Condition::healthy: return Colour::green;
    case daemon::Condition::progressing:
    case daemon::Condition::pending: return Colour::blue;
    case daemon::Condition::drifted:
    case daemon::Condition::unknown: return Colour::yellow;
    case daemon::Condition::unhealthy: return Colour::red;
    case daemon::Condition::absent: return Colour::faint;
  }
  return Colour::plain;
}

std::string cell(const Terminal& terminal, const daemon::InstanceView& view) {
  std::string out = view.version.empty() ? "" : view.version + " ";
  out += terminal.paint(colour_of_condition(view.condition), to_string(view.condition));
  if (!view.declared) out += ", undeclared";
  if (view.behind) out += ", taken back";
  if (!view.paused.empty()) out += ", paused";
  const auto word = [&](deliver::Verdict verdict, std::string_view text) {
    if (view.delivery == verdict) out += ", " + terminal.paint(colour_of(verdict), text);
  };
  word(deliver::Verdict::moved, "newer to record");
  word(deliver::Verdict::waiting, "waits");
  word(deliver::Verdict::held, "held");
  word(deliver::Verdict::failed, "failed");
  return out;
}

std::string age_text(const daemon::EnvironmentView& view, Instant now) {
  return now - *view.evidence < std::chrono::seconds(1) ? "seen now" : fmt::format("seen {} ago", format_duration(now - *view.evidence));
}

/// What a column is evidence of: "production (3f2a1b4c5d, seen 5min ago)".
std::string head_of(const daemon::EnvironmentView& view, Instant now) {
  if (view.evidence && !view.tip.empty()) return fmt::format("{} ({}, {})", view.name, view.tip.substr(0, 10), age_text(view, now));
  return fmt::format("{} ({})", view.name, view.trouble.empty() ? "no branch yet" : view.held ? "held" : "not readable");
}

void print_matrix(Session& session, const daemon::View& view, const std::set<Nameable>& known, const Selection& selection) {
  std::vector<std::string> head = {"SERVICE"};
  std::vector<const daemon::EnvironmentView*> environments;
  for (const daemon::EnvironmentView& one : view.environments) {
    if (std::find(selection.environments.begin(), selection.environments.end(), one.name) == selection.environments.end()) continue;
    environments.push_back(&one);
    head.push_back(head_of(one, view.made));
  }
  Table table(std::move(head));
  std::map<std::string, std::map<std::string, const daemon::InstanceView*>> rows;
  // What is declared and stands nowhere yet is a row too, seen or not.
  for (const Nameable& one : known) {
    if (selection.has(one.service, one.environment)) rows[one.service][one.environment] = nullptr;
  }
  for (const daemon::InstanceView& one : view.instances) {
    if (selection.has(one.service, one.environment)) rows[one.service][one.environment] = &one;
  }
  for (const auto& [service, cells] : rows) {
    std::vector<std::string> row = {service};
    for (const daemon::EnvironmentView* environment : environments) {
      const auto found = cells.find(environment->name);
      if (found == cells.end()) {
        row.emplace_back("-");
      } else if (found->second != nullptr) {
        row.push_back(cell(session.out(), *found->second));
      } else {
        // A branch that cannot be read says nothing about what stands there.
        row.push_back(environment->trouble.empty() ? session.out().paint(Colour::faint, "absent")
                                                   : session.out().paint(Colour::yellow, "unknown"));
      }
    }
    table.row(std::move(row));
  }
  for (const std::string& line : table.lines(session.out())) session.out().line(line);
}

/// What many services of an environment share, once.
std::vector<SharedObstacle> print_shared(Session& session, const daemon::View& view, const std::string& environment,
                                         const Selection& selection) {
  std::vector<ServiceObstacle> all;
  for (const daemon::InstanceView& one : view.instances) {
    if (one.environment != environment || !selection.has(one.service, one.environment)) continue;
    for (deliver::Obstacle& obstacle : said_of(one.obstacles)) all.push_back({one.service, std::move(obstacle)});
  }
  std::vector<SharedObstacle> shared = shared_obstacles(all);
  for (const SharedObstacle& one : shared) {
    session.out().print("{}: {}: {}", environment, one.names(), verdict_text(session.out(), one.obstacle, view.made));
  }
  return shared;
}

void print_reasons(Session& session, const daemon::View& view, const Selection& selection) {
  std::map<std::string, std::vector<SharedObstacle>> shared;
  for (const daemon::EnvironmentView& one : view.environments) {
    if (std::find(selection.environments.begin(), selection.environments.end(), one.name) == selection.environments.end()) continue;
    if (!one.trouble.empty())
      session.out().print("{}: {}{}", one.name, escape_for_terminal(one.trouble),
                          one.lift.empty() ? "" : " → " + escape_for_terminal(one.lift));
    shared[one.name] = print_shared(session, view, one.name, selection);
  }
  for (const daemon::InstanceView& one : view.instances) {
    if (!selection.has(one.service, one.environment)) continue;
    const std::string name = model::instance_name(one.service, one.environment);
    const bool is_paused = !one.paused.empty();
    if (!one.reason.empty() && one.condition != daemon::Condition::healthy && !is_paused)
      session.out().print("{}: {}", name, escape_for_terminal(one.reason));
    if (is_paused) session.out().print("{}: {} → `muster resume {}`", name, escape_for_terminal(one.paused), name);
    for (const deliver::Obstacle& obstacle : said_of(one.obstacles)) {
      // The hold that pauses it stops its records too, and was said.
      if (is_paused && obstacle.why == deliver::Why::held_by_person) continue;
      if (!covered(shared[one.environment], one.service, obstacle))
        session.out().print("{}: {}", name, verdict_text(session.out(), obstacle, view.made));
    }
  }
}

/// An environment that the fleet no longer declares is left alone: it comes last, and says so.
void mark_undeclared(daemon::View& view, const model::Fleet& fleet) {
  const auto is_declared = [&](const daemon::EnvironmentView& one) { return fleet.environment(one.name) != nullptr; };
  std::stable_partition(view.environments.begin(), view.environments.end(), is_declared);
  for (daemon::InstanceView& one : view.instances) one.declared = one.declared && fleet.environment(one.environment) != nullptr;
}

void print_undeclared(Session& session, const daemon::View& view, const model::Fleet& fleet, const Selection& selection) {
  for (const daemon::EnvironmentView& one : view.environments) {
    const bool shown = std::find(selection.environments.begin(), selection.environments.end(), one.name) != selection.environments.end();
    if (!shown || fleet.environment(one.name) != nullptr) continue;
    session.out().print("{}: the fleet does not declare it, so it is left as it stands → `muster retire {}` deletes it", one.name,
                        one.name);
  }
}

/// Whoever asks for some instances is told of those alone, by the exit code too.
void narrow(daemon::View& view, const Selection& selection) {
  std::erase_if(view.instances, [&](const daemon::InstanceView& one) { return !selection.has(one.service, one.environment); });
  std::erase_if(view.environments, [&](const daemon::EnvironmentView& one) {
    return std::find(selection.environments.begin(), selection.environments.end(), one.name) == selection.environments.end();
  });
}

int run(Session& session) {
  int code = kDone;
  const std::unique_ptr<FleetSession> parts = FleetSession::open(session, code);
  if (!parts) return code;
  const Result<daemon::LoadedFleet> fleet = parts->load();
  if (!fleet.ok()) return session.fail(fleet.failure());
  const bool usable = !fleet->fleet().barrier;
  Result<record::EnvironmentRepository*> records = parts->engine().records(&*fleet);
  if (!records.ok()) return session.fail(records.failure());
  std::optional<deliver::Delivery> delivery;
  if (usable && !session.arguments().has("--offline")) {
    deliver::Request request;
    request.dry = true;
    delivery = parts->engine().deliver(*fleet, request, session.stop());
  }
  const Result<daemon::Engine::Looked> looked = parts->engine().look(**records, {}, session.stop());
  if (!looked.ok()) return session.fail(looked.failure());
  const Result<Selection> selection = parts->selection(&*fleet, *records);
  if (!selection.ok()) return session.fail(selection.failure());
  const std::vector<std::string> order = deliver::upstream_first(fleet->fleet(), parts->environments(&*fleet, *records));
  daemon::View view = daemon::make_view(delivery ? &delivery->report : nullptr, looked->observation, looked->plan, order,
                                        session.world().clock.now(), 2 * fleet->fleet().evidence);
  if (usable) mark_undeclared(view, fleet->fleet());
  if (!selection->all) narrow(view, *selection);
  code = worst(exit_code_of(*fleet), view.exit_code());
  if (session.json()) return session.finish(Object{{"view", to_value(view)}}, code);
  print_matrix(session, view, nameable_of(fleet->fleet()), *selection);
  print_reasons(session, view, *selection);
  if (usable) print_undeclared(session, view, fleet->fleet(), *selection);
  return code;
}

}  // namespace

const Verb kStatus = {
    "status",
    "service × environment: release, health, holds, age of the evidence",
    "One row a service, one column an environment: which source or image stands, whether its objects match and are healthy,\n"
    "what waits or is held and how to lift it, and when all this was last seen. Evidence that is too old shows as unknown.",
    "[INSTANCE…]",
    kOptions,
    "$ muster status\n"
    " $ muster status cart --json",
    "view: {made, environments: [{name, tip, trouble, lift, held, evidence}], instances: [{service, environment, condition,\n"
    "reason, release, version, delivery, obstacles, declared, behind, paused, remarks, evidence}]}.",
    run};

}  // namespace muster::cli
