#include <algorithm>

#include "cli/options.hpp"
#include "cli/passes.hpp"
#include "cli/verbs.hpp"
#include "muster/base/text.hpp"

namespace muster::cli {
namespace {

constexpr Option kOptions[] = {kIn,
                               {"--at", "COMMIT", "build this commit of the branch (7 digits or more) instead of its head"},
                               {"--local", "", "keep the image on this machine, push nothing"}};

/// The instance of which the image is built: the first environment that a branch feeds.
Result<const model::Instance*> instance_to_build(const model::Fleet& fleet, const Selection& selection) {
  const model::Instance* unbuilt = nullptr;
  for (const std::string& name : selection.instances) {
    const std::size_t at = name.find('@');
    const model::Instance* instance = fleet.instance(name.substr(0, at), name.substr(at + 1));
    if (instance == nullptr) continue;
    if (instance->build && instance->source && instance->follows.empty()) return instance;
    if (unbuilt == nullptr || instance->build) unbuilt = instance;
  }
  if (unbuilt == nullptr) return stalled(Reason::invalid, "say what to build: `muster build SERVICE`");
  if (!unbuilt->follows.empty())
    return stalled(Reason::invalid, fmt::format("no branch feeds {} in {}: its images come from {} there", unbuilt->name,
                                                join(selection.environments, ", "), unbuilt->follows));
  return stalled(Reason::invalid, fmt::format("{} declares no `build` in its fleet file", unbuilt->name));
}

Value to_value(const daemon::Engine::Built& built, const model::Instance& instance) {
  const pipeline::Progress& progress = built.progress;
  return Object{{"service", instance.name},
                {"image", instance.build->image},
                {"commit", built.commit.text()},
                {"state", progress.state == pipeline::Progress::State::done ? "done" : "failed"},
                {"reference", progress.reference},
                {"digest", progress.digest},
                {"tag", progress.tag},
                {"reused", progress.reused},
                {"log", progress.log.string()},
                {"reason", progress.failure ? progress.failure->text : std::string()}};
}

int run(Session& session) {
  if (session.arguments().operands.size() != 1) return session.misuse("takes one service");
  int code = kDone;
  const std::unique_ptr<FleetSession> parts = FleetSession::open(session, code);
  if (!parts) return code;
  const Result<daemon::LoadedFleet> fleet = parts->load();
  if (!fleet.ok()) return session.fail(fleet.failure());
  if (fleet->fleet().barrier) return session.json() ? session.finish({}, kInvalid) : kInvalid;
  const Result<Selection> selection = parts->selection(&*fleet, nullptr);
  if (!selection.ok()) return session.fail(selection.failure());
  const Result<const model::Instance*> instance = instance_to_build(fleet->fleet(), *selection);
  if (!instance.ok()) return session.fail(instance.failure());
  daemon::Engine::ImageBuild request;
  request.at = session.arguments().get("--at");
  if (!request.at.empty() && request.at.size() < 7) return session.misuse("--at takes at least 7 digits of a commit");
  request.local = session.arguments().has("--local");
  if (!session.json()) {
    request.line = [&session](std::string_view line) { session.out().line("  " + escape_for_terminal(line)); };
  }
  const auto built = parts->engine().build(*fleet, **instance, request, session.stop());
  if (!built.ok()) return session.fail(built.failure());
  const pipeline::Progress& progress = built->progress;
  const bool done = progress.state == pipeline::Progress::State::done;
  if (session.json()) return session.finish(Object{{"build", to_value(*built, **instance)}}, done ? kDone : kFailed);
  if (!done) {
    session.out().error(fmt::format("muster: building {} at {} failed: {}{}", (*instance)->name, built->commit.short_text(),
                                    escape_for_terminal(progress.failure ? progress.failure->text : "no reason is known"),
                                    progress.log.empty() ? "" : fmt::format(" (log: {})", progress.log.string())));
    return kFailed;
  }
  session.out().print("{} at {}: {}{}", (*instance)->name, built->commit.short_text(), progress.reference,
                      progress.reused ? " (the registry had it already)" : "");
  if (!request.local && built->is_head) session.out().print("`muster deliver {}` records it", (*instance)->name);
  if (!request.local && !built->is_head) {
    session.out().print("it is recorded when a branch's head has this content; `muster deliver {}` records the image of the head",
                        (*instance)->name);
  }
  return kDone;
}

}  // namespace

const Verb kBuild = {
    "build",
    "build and push the image of one service by hand",
    "Exports the tree of the commit, runs the `build` of the fleet file with its limits, pushes the image and prints its digest.\n"
    "What the registry has of the same content is not built again. Nothing is recorded: `deliver` and `apply` do that, and\n"
    "build by themselves whatever they need. A build that failed is tried again.",
    "SERVICE",
    kOptions,
    "$ muster build payments\n"
    " $ muster build payments --at 4f2c9d1 --local",
    "build: {service, image, commit, state, reference, digest, tag, reused, log, reason}.",
    run};

}  // namespace muster::cli
