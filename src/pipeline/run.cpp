#include "pipeline/run.hpp"

#include <fmt/core.h>

#include <array>

#include "muster/base/log.hpp"
#include "pipeline/export.hpp"
#include "pipeline/results.hpp"

namespace muster::pipeline {
namespace {

/// What the steps make and pass on. Declared in the order in which they are made: the scratch folder goes after what is in it.
struct Work {
  const Run& run;
  std::unique_ptr<FileLock> turn;
  std::unique_ptr<Scratch> scratch;
  Credentials credentials;
  std::optional<BuildLog> log;
  std::optional<BuildContext> context;
  bool inputs_at_work = false;  ///< From here to the push a failure may lie in the build's inputs.
  std::string digest;           ///< The registry has it: no further step is needed.
  std::string kept;             ///< Or it is here.
  bool reused = false;
};

Path log_path(const Run& run) { return result_path(run.settings, run.order).concat(".log"); }

/// Once more and once again where a registry does not answer: what was built is not thrown away for a moment's
/// outage, and Debian's registry answers 500 while another machine writes the same tag.
template <typename Try>
auto with_patience(const Run& run, Try attempt) {
  constexpr std::array kPauses = {std::chrono::seconds(2), std::chrono::seconds(8)};
  auto result = attempt();
  for (const Duration pause : kPauses) {
    if (result.ok() || result.failure().reason != Reason::unreachable || !run.world.clock.sleep(pause, run.stop)) break;
    result = attempt();
  }
  return result;
}

/// nullopt: the registry does not have it.
Result<std::optional<std::string>> look(const Run& run) {
  auto digest = run.registries.digest(run.order.access, tagged(run.order), run.stop);
  if (digest.ok()) return std::optional(std::move(digest).value());
  if (digest.failure().reason == Reason::absent) return std::optional<std::string>();
  return std::move(digest).failure();
}

/// One build of the same content at a time on this machine: the second finds what the first has pushed.
Result<void> take_turn(Work& work) {
  constexpr Duration kPatience = std::chrono::milliseconds(200);
  const Run& run = work.run;
  while (!run.stop.stop_requested()) {
    auto lock = run.world.files.lock(result_path(run.settings, run.order).concat(".lock"), "a build", kPatience);
    if (!lock.ok() && lock.failure().reason == Reason::conflict) continue;
    MUSTER_TRY(work.turn, std::move(lock));
    return {};
  }
  return retry(Reason::cancelled, "the build was stopped before it began");
}

Result<void> look_first(Work& work) {
  if (work.run.local) return {};
  MUSTER_TRY(const auto digest, with_patience(work.run, [&] { return look(work.run); }));
  if (digest) work.digest = *digest;
  work.reused = digest.has_value();
  return {};
}

Result<void> lay_out(Work& work) {
  const Run& run = work.run;
  MUSTER_TRY(work.scratch, Scratch::make(run.world, run.settings.state));
  MUSTER_TRY(work.credentials, fetch_credentials(run.world, run.secrets, run.settings, run.order, *work.scratch, run.stop));
  work.log.emplace(run.world.files, log_path(run), work.credentials.shown_never, run.newest, run.every);
  const Order& order = run.order;
  MUSTER_CHECK(work.log->begin(fmt::format("# {} {} from {} at {}: {}, {}", order.service, order.build.image, order.tree->origin(),
                                           order.tree->commit().text(), tagged(order).text(), format_instant(run.world.clock.now()))));
  work.context.emplace(BuildContext{run.world, order, run.settings, *work.scratch, work.credentials, *work.log,
                                    work.scratch->path() / "context", tagged(order).text(), run.world.clock.elapsed() + order.build.timeout,
                                    run.stop, std::nullopt});
  return {};
}

Result<void> export_files(Work& work) {
  const Run& run = work.run;
  work.inputs_at_work = true;
  return export_tree(run.world.files, *run.order.tree, work.context->folder, ExportLimits(), run.stop);
}

Result<void> build(Work& work) {
  if (work.run.order.build.command.empty()) return build_with_buildah(*work.context);
  if (work.run.local) return stalled(Reason::unsupported, "a build by command pushes by itself: only what buildah builds can stay here");
  auto built = build_with_command(*work.context);
  // It may have failed over its push: where the registry does not answer, the inputs are not to blame.
  if (!built.ok() && is_for_good(built.failure())) MUSTER_CHECK(look(work.run));
  return built;
}

/// Another machine may have pushed the same meanwhile: its image is as good, and is recorded already.
Result<void> push(Work& work) {
  work.inputs_at_work = false;
  if (!work.run.order.build.command.empty()) return {};
  if (work.run.local) {
    MUSTER_TRY(work.kept, keep_with_buildah(*work.context, image_path(work.run.settings, work.run.order)));
    return {};
  }
  // Where it does not answer now, it may when the push is tried again.
  auto looked = look_first(work);
  if (!looked.ok() && looked.failure().reason != Reason::unreachable) return looked;
  if (!work.digest.empty()) return {};
  return push_with_buildah(*work.context);
}

Result<void> read_back(Work& work) {
  if (work.run.local) return {};
  MUSTER_TRY(const auto digest, with_patience(work.run, [&] { return look(work.run); }));
  if (digest) {
    work.digest = *digest;
    return {};
  }
  if (work.run.order.build.command.empty()) {
    return retry(Reason::unreachable, fmt::format("{} was pushed, and the registry does not have it", work.context->image));
  }
  work.inputs_at_work = true;
  return stalled(Reason::invalid, fmt::format("the command ended well without pushing {}, which it gets as $IMAGE", work.context->image));
}

struct Step {
  std::string_view name;
  Result<void> (*take)(Work&);
};

constexpr Step kSteps[] = {{"turn", take_turn}, {"look", look_first}, {"lay out", lay_out},    {"export", export_files},
                           {"build", build},    {"push", push},       {"read back", read_back}};

Result<void> take_steps(Work& work) {
  for (const Step& step : kSteps) {
    if (work.run.stop.stop_requested()) return retry(Reason::cancelled, "the build was stopped");
    auto taken = step.take(work);
    log::debug("build of {}: {}{}", work.run.order.service, step.name, taken.ok() ? "" : ": " + taken.failure().text);
    if (!taken.ok()) return taken;
    if (!work.digest.empty()) break;
  }
  return {};
}

Progress failed(const Work& work, Failure failure) {
  const Run& run = work.run;
  Progress out;
  out.state = Progress::State::failed;
  out.tag = content_tag(run.order.build, run.order.tree->id());
  out.since = run.world.clock.now();
  if (work.log) {
    out.log = work.log->path();
    out.last_lines = work.log->last_lines();
  }
  out.failure = std::move(failure);
  // What the build cannot help is no fault of the inputs, whatever it is called.
  if (!work.inputs_at_work && is_for_good(*out.failure)) out.failure->kind = FailureKind::retry;
  return out;
}

/// The one finisher: what was built, or why not, for the caller, for later runs and for people.
Progress finish(Work& work, Result<void> taken) {
  const Run& run = work.run;
  const Instant now = run.world.clock.now();
  Progress out;
  if (!taken.ok()) {
    out = failed(work, std::move(taken).failure());
  } else if (run.local) {
    out.state = Progress::State::done;
    out.tag = content_tag(run.order.build, run.order.tree->id());
    out.reference = work.kept;
    out.since = now;
  } else {
    out = had(run.order, work.digest, work.reused, now);
  }
  if (work.log) out.log = work.log->path();
  Result<void> kept;
  if (out.state == Progress::State::done) {
    kept = forget_failure(run.world.files, run.settings, run.order);
  } else if (is_for_good(*out.failure)) {
    kept = write_failure(run.world.files, run.settings, run.order, out, work.context ? work.context->exit_code : std::nullopt);
  }
  if (!kept.ok()) log::warning("the result of a build is not kept: {}", kept.failure().text);
  if (work.turn) static_cast<void>(run.world.files.remove(result_path(run.settings, run.order).concat(".lock")).ok());
  drop_old_results(run.world.files, run.settings, run.order);
  return out;
}

}  // namespace

model::ImageReference tagged(const Order& order) {
  model::ImageReference out = order.build.push;
  out.tag = content_tag(order.build, order.tree->id());
  out.digest.clear();
  return out;
}

Progress had(const Order& order, std::string digest, bool reused, Instant since) {
  Progress out;
  out.state = Progress::State::done;
  out.reference = fmt::format("{}@{}", order.build.push.where(), digest);
  out.digest = std::move(digest);
  out.tag = content_tag(order.build, order.tree->id());
  out.reused = reused;
  out.since = since;
  return out;
}

Progress carry_out(const Run& run) {
  Work work{run, nullptr, nullptr, {}, std::nullopt, std::nullopt, false, {}, {}, false};
  return finish(work, take_steps(work));
}

Progress build_now(const World& world, registry::Registries& registries, Secrets& secrets, const Settings& settings, const Order& order,
                   bool local, const std::function<void(std::string_view)>& line, const std::stop_token& stop) {
  sweep_scratch(world, settings.state);
  return carry_out(Run{world, registries, secrets, settings, order, local, {}, line, stop});
}

}  // namespace muster::pipeline
