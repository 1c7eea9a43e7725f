#include <algorithm>
#include <set>

#include "cli/options.hpp"
#include "cli/passes.hpp"
#include "cli/verbs.hpp"
#include "muster/base/text.hpp"

namespace muster::cli {
namespace {

constexpr Option kOptions[] = {
    kIn,
    kRerender,
    {"--image", "[NAME=]REF", "an image that CI built for the one service named; NAME is `main` unless said"},
    {"--commit", "COMMIT", "the commit that the image was built from: an older build than the one recorded changes nothing"},
    {"--wait", "", "follow what is recorded until a `muster serve` or `reconcile` has made it run, and healthy"},
    {"--timeout", "DURATION", "how long to wait, as in `15min` (default 10min)"},
    {"--dry-run", "", "decide and show, record nothing"}};

/// Between two looks while waiting.
constexpr Duration kLookEvery = std::chrono::seconds(2);

bool is_commit(std::string_view text) {
  return text.size() >= 7 && text.size() <= 40 &&
         std::all_of(text.begin(), text.end(), [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

/// What a pipeline hands in after its build. It is for one service, and for environments that a branch feeds.
Result<std::vector<deliver::BuiltImage>> built_images(const Session& session, const model::Fleet& fleet, const Selection& selection) {
  const std::vector<std::string> given = session.arguments().all("--image");
  std::vector<deliver::BuiltImage> out;
  if (given.empty()) {
    if (session.arguments().has("--commit"))
      return stalled(Reason::invalid, "--commit says what an image was built from: give --image too");
    return out;
  }
  std::set<std::string> services;
  std::set<std::string> names;
  bool is_fed = false;
  for (const std::string& name : selection.instances) {
    const std::size_t at = name.find('@');
    services.insert(name.substr(0, at));
    const model::Instance* instance = fleet.instance(name.substr(0, at), name.substr(at + 1));
    if (instance == nullptr || !instance->follows.empty()) continue;
    is_fed = true;
    for (const model::ImageInput& image : instance->images) names.insert(image.name);
  }
  if (services.size() != 1) return stalled(Reason::invalid, "--image is for one service: `muster deliver cart --image REF`");
  if (!is_fed)
    return stalled(Reason::invalid, fmt::format("no branch feeds {} in {}: its images come from upstream there", *services.begin(),
                                                join(selection.environments, ", ")));
  if (names.empty())
    return stalled(Reason::invalid,
                   fmt::format("{} has no image of its own: its manifests name them, or `images` in its fleet file", *services.begin()));
  for (const std::string& text : given) {
    const std::size_t equals = text.find('=');
    deliver::BuiltImage image;
    image.service = *services.begin();
    if (equals != std::string::npos) image.name = text.substr(0, equals);
    image.reference = equals == std::string::npos ? text : text.substr(equals + 1);
    image.commit = session.arguments().get("--commit");
    if (!image.commit.empty() && !is_commit(image.commit))
      return stalled(Reason::invalid, fmt::format("--commit takes 7 to 40 digits of a git commit, not `{}`", image.commit));
    const bool readable = std::all_of(image.reference.begin(), image.reference.end(), [](char c) { return c > ' ' && c < 127; });
    if (image.reference.empty() || !readable)
      return stalled(Reason::invalid, fmt::format("`{}` is no image; write it as in --image registry.example/cart:1.4.2", text));
    if (!names.contains(image.name)) {
      return stalled(Reason::invalid,
                     fmt::format("{} has no image `{}`; it has {}", image.service, image.name, join({names.begin(), names.end()}, ", ")));
    }
    out.push_back(std::move(image));
  }
  return out;
}

/// What still keeps an instance from running what its branch says; empty: nothing.
std::string not_there(const daemon::Engine::Looked& looked, const Selection& selection) {
  for (std::size_t i = 0; i < looked.observation.instances.size(); ++i) {
    const reconcile::InstanceState& state = looked.observation.instances[i];
    const reconcile::InstancePlan& plan = looked.plan.instances[i];
    if (!selection.has(state.key.service, state.key.environment) || !state.stands) continue;
    const reconcile::EnvironmentState& environment = looked.observation.environments[state.environment];
    if (environment.unreadable) return fmt::format("{}: {}", environment.name, environment.unreadable->text);
    if (plan.obstacle) return fmt::format("{}: {}", state.key.text(), plan.obstacle->text);
    if (plan.writes()) return fmt::format("{} is not applied yet", state.key.text());
    if (state.health.state != target::Health::State::healthy)
      return fmt::format("{} is {}{}", state.key.text(), target::to_string(state.health.state),
                         state.health.reason.empty() ? "" : ": " + state.health.reason);
  }
  return {};
}

/// What no waiting brings, for deliver has looked and will not look again; empty: all that was asked for is recorded.
std::string not_recorded(const deliver::Report& report, const std::vector<deliver::BuiltImage>& images) {
  for (const deliver::BuiltImage& image : images) {
    for (const auto& [instance, obstacle] : not_taken(report, image))
      return fmt::format("{} did not take `{}`: {}", instance, image.reference, obstacle.text);
  }
  for (const deliver::EnvironmentOutcome& environment : report.environments) {
    for (const deliver::Outcome& one : environment.instances) {
      if (one.release.empty() && !one.obstacles.empty())
        return fmt::format("nothing is recorded yet for {}@{}: {}", one.service, one.environment, one.obstacles.front().text);
    }
  }
  return {};
}

/// Looks again and again until everything selected runs what its branch says.
Result<void> wait_until_there(Session& session, FleetSession& parts, const daemon::LoadedFleet& fleet, const Selection& selection,
                              Duration limit) {
  MUSTER_TRY(record::EnvironmentRepository * records, parts.engine().records(&fleet));
  Clock& clock = session.world().clock;
  const Duration until = clock.elapsed() + limit;
  std::string missing;
  while (!session.stop().stop_requested()) {
    const auto looked = parts.engine().look(*records, {}, session.stop());
    if (!looked.ok() && looked.failure().kind == FailureKind::stalled) return looked.failure();
    missing = looked.ok() ? not_there(*looked, selection) : looked.failure().text;
    if (missing.empty()) {
      if (!session.json()) session.out().line("it runs, and is healthy");
      return {};
    }
    session.out().live({"  waiting: " + escape_for_terminal(missing)});
    if (clock.elapsed() >= until) break;
    clock.sleep(kLookEvery, session.stop());
  }
  session.out().live({});
  return wait(Reason::timeout, fmt::format("{} after {}; is a `muster serve` running, or is it time for `muster reconcile`?", missing,
                                           format_duration(limit)));
}

int run(Session& session) {
  int code = kDone;
  const std::unique_ptr<FleetSession> parts = FleetSession::open(session, code);
  if (!parts) return code;
  Result<daemon::LoadedFleet> fleet = parts->load();
  if (!fleet.ok()) return session.fail(fleet.failure());
  Run run;
  run.exit_code = exit_code_of(*fleet);
  if (fleet->fleet().barrier) return finish(session, run);
  Result<Selection> selection = parts->selection(&*fleet, nullptr);
  if (!selection.ok()) return session.fail(selection.failure());
  deliver::Request request = deliver_request(session, *selection);
  Result<std::vector<deliver::BuiltImage>> images = built_images(session, fleet->fleet(), *selection);
  if (!images.ok()) return session.fail(images.failure());
  request.images = std::move(*images);
  const std::optional<Duration> limit = timeout(session);
  if (!limit) return session.misuse("--timeout takes a duration, as in `15min` or `90s`");
  const deliver::Report report = run_deliver(session, *parts, *fleet, request, run);
  if (!session.arguments().has("--wait") || request.dry || run.exit_code != kDone) return finish(session, run);
  const std::string missing = not_recorded(report, request.images);
  const Result<void> there = missing.empty() ? wait_until_there(session, *parts, *fleet, *selection, *limit)
                                             : Result<void>(wait(Reason::absent, missing + "; there is nothing to wait for"));
  if (!there.ok()) note_failure(session, there.failure(), run);
  return finish(session, run);
}

}  // namespace

const Verb kDeliver = {
    "deliver",
    "record new releases on the environment branches",
    "The push side alone: looks at application repositories and fleet files, renders what moved, asks gates, freezes, budgets\n"
    "and holds, and makes one record for each environment in which something moved. Targets are left to `reconcile`.\n"
    "Images are looked for in their registries, and built where the fleet says so. A pipeline that builds by itself hands in its\n"
    "image with --image: where the fleet names the image it is refused, where it is watched only what the rule accepts is taken.\n"
    "With --wait the exit code says whether it runs in the end.",
    "[INSTANCE…]",
    kOptions,
    "$ muster deliver cart\n"
    " $ muster deliver cart@staging --image ghcr.io/shop/cart:1.4.3 --commit 4f2c9d1 --wait\n"
    " $ muster deliver --dry-run",
    "One line: {event: \"result\", exit_code, deliver: as in `muster apply --json`}.",
    run};

}  // namespace muster::cli
