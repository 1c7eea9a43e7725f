#include "cli/delivery_text.hpp"
#include "cli/fleet_session.hpp"
#include "cli/options.hpp"
#include "cli/reconcile_text.hpp"
#include "cli/signals.hpp"
#include "cli/verbs.hpp"
#include "muster/base/log.hpp"
#include "muster/base/text.hpp"
#include "muster/daemon/serve.hpp"

namespace muster::cli {
namespace {

constexpr Option kOptions[] = {
    {"--interval", "DURATION", "between two looks at the world, as in `30s` (default 60s); each pause varies by a fifth"},
    {"--timeout", "DURATION", "how long an instance may take to become healthy (default 10min)"}};

/// Prints what is new; a pass that found nothing to do prints nothing.
class Narrator {
 public:
  explicit Narrator(Session& session) : session_(session) {}

  void on(const daemon::ServeEvent& event) {
    switch (event.kind) {
      case daemon::ServeEvent::Kind::fleet_loaded: fleet(event, event.text.empty() ? "read the fleet" : event.text); break;
      case daemon::ServeEvent::Kind::fleet_invalid: invalid(event); break;
      case daemon::ServeEvent::Kind::fleet_unreadable: say("fleet", "the fleet cannot be read: " + event.text, Value()); break;
      case daemon::ServeEvent::Kind::delivered: delivered(*event.delivery); break;
      case daemon::ServeEvent::Kind::reconciled: reconciled(event); break;
      case daemon::ServeEvent::Kind::stopped: say("stopped", "stopped", Value()); break;
    }
  }

 private:
  void say(std::string_view event, const std::string& text, Value detail) {
    const std::string now = format_instant(session_.world().clock.now());
    if (session_.json()) {
      session_.out().line(to_canonical_json(Object{{"event", event}, {"at", now}, {"text", text}, {"detail", std::move(detail)}}));
    } else {
      session_.out().print("{}  {}", now, escape_for_terminal(text));
    }
  }

  void diagnose(const daemon::LoadedFleet& fleet) {
    if (!session_.json()) print_diagnostics(session_, fleet.compilation->diagnostics(), fleet.compilation->sources());
  }

  static std::string revision_text(const deliver::FleetRevision& revision) {
    return revision.commit.empty() ? "" : fmt::format(" at {}{}", revision.commit.substr(0, 10), revision.dirty ? " (changed)" : "");
  }

  void fleet(const daemon::ServeEvent& event, const std::string& text) {
    diagnose(*event.fleet);
    const model::Fleet& fleet = event.fleet->fleet();
    say("fleet",
        fmt::format("{}: {} with {}{}", text, fleet.name, count_of(fleet.instances.size(), "instance"),
                    revision_text(event.fleet->revision)),
        Value());
  }

  void invalid(const daemon::ServeEvent& event) {
    diagnose(*event.fleet);
    say("fleet", fmt::format("the fleet{} is invalid; {}", revision_text(event.fleet->revision), event.text), Value());
  }

  void delivered(const deliver::Report& report) {
    std::string text;
    for (const deliver::EnvironmentOutcome& environment : report.environments) {
      for (const std::string& line : delivery_lines(session_, session_.out(), environment, false)) text += line + "\n";
    }
    const std::string essence = without_ages(report);
    if (report.count(deliver::Verdict::moved) == 0 && essence == last_delivery_) return;
    last_delivery_ = essence;
    if (session_.json()) {
      say("delivered", "", to_value(report));
    } else {
      say("delivered", "delivered", Value());
      session_.out().raw(text);
    }
  }

  /// What tells two reports apart, ages aside.
  static std::string without_ages(const deliver::Report& report) {
    std::string out;
    for (const deliver::EnvironmentOutcome& environment : report.environments) {
      if (environment.obstacle) out += environment.environment + std::string(to_string(environment.obstacle->why));
      for (const deliver::Outcome& outcome : environment.instances) {
        for (const deliver::Obstacle& obstacle : outcome.obstacles)
          out += outcome.service + "@" + outcome.environment + std::string(to_string(obstacle.why)) + obstacle.input + ";";
      }
    }
    return out;
  }

  void reconciled(const daemon::ServeEvent& event) {
    if (event.reconciliation == nullptr) {
      if (event.text != last_reconciliation_) say("reconciled", "reconcile: " + event.text, Value());
      last_reconciliation_ = event.text;
      return;
    }
    std::string essence;
    bool wrote = false;
    for (const reconcile::Outcome& outcome : event.reconciliation->outcomes) {
      wrote = wrote || outcome.wrote();
      if (outcome.state != reconcile::State::matched && outcome.state != reconcile::State::applied)
        essence += outcome.key.text() + std::string(to_string(outcome.state)) + ";";
    }
    for (const reconcile::EnvironmentReport& environment : event.reconciliation->environments) {
      if (environment.hold) essence += environment.name + environment.hold->text;
    }
    if (!wrote && essence == last_reconciliation_) return;
    last_reconciliation_ = essence;
    if (session_.json()) {
      say("reconciled", "", to_value(*event.reconciliation));
      return;
    }
    say("reconciled", "reconciled", Value());
    for (const std::string& line : reconcile_lines(session_.out(), *event.reconciliation)) session_.out().line(line);
  }

  Session& session_;
  std::string last_delivery_ = "-";
  std::string last_reconciliation_ = "-";
};

int run(Session& session) {
  daemon::ServeOptions options;
  for (const auto& [name, into] :
       {std::pair<std::string_view, Duration*>{"--interval", &options.interval}, {"--timeout", &options.health_limit}}) {
    if (!session.arguments().has(name)) continue;
    const auto parsed = parse_duration(session.arguments().get(name));
    if (!parsed || *parsed < Duration(100)) return session.misuse(fmt::format("{} takes a duration, as in `30s` or `5min`", name));
    *into = *parsed;
  }
  int code = kDone;
  const std::unique_ptr<FleetSession> parts = FleetSession::open(session, code);
  if (!parts) return code;
  daemon::Server server(parts->engine(), options);
  Signals::on_reload([&server] { server.request_reload(); });
  Narrator narrator(session);
  server.run(session.stop(), [&](const daemon::ServeEvent& event) { narrator.on(event); });
  Signals::on_reload({});
  return kDone;
}

}  // namespace

const Verb kServe = {
    "serve",
    "keep everything matched, as a daemon",
    "Delivers and reconciles again and again until it is told to stop. The fleet files are read before each pass; SIGHUP makes a\n"
    "pass start at once. An invalid fleet keeps the last good one in force and says so; the targets are kept matched to the\n"
    "branches in any case. SIGTERM and Ctrl-C stop cleanly. `rollback`, `deliver`, `hold` and all other verbs work beside it.",
    "",
    kOptions,
    "$ muster serve --interval 30s",
    "One object a line: {event: fleet|delivered|reconciled|stopped, at, text, detail}.",
    run};

}  // namespace muster::cli
