#include "muster/deliver/deliverer.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <set>

#include "deliver/environment.hpp"
#include "deliver/items.hpp"
#include "muster/git/verify.hpp"

namespace muster::deliver {
namespace {

/// What keeps muster from reaching the environment repository.
constexpr Reason kOfTheWay[] = {Reason::unreachable, Reason::timeout, Reason::denied};
/// What is wrong with the branch itself, rather than with reaching it.
constexpr Reason kOfTheBranch[] = {Reason::conflict, Reason::corrupt, Reason::invalid, Reason::unsupported, Reason::absent};

Obstacle obstacle_of(const Failure& failure, const std::string& environment) {
  Obstacle obstacle;
  obstacle.text = failure.text;
  if (failure.reason == Reason::cancelled) {
    obstacle.why = Why::cancelled;
    obstacle.lift = "run again";
  } else if (std::find(std::begin(kOfTheWay), std::end(kOfTheWay), failure.reason) != std::end(kOfTheWay)) {
    obstacle.why = Why::records_unreachable;
    obstacle.lift = failure.reason == Reason::denied
                        ? "mend the credentials of the environment repository, or its permissions; the next pass goes on"
                        : "it goes on by itself when the environment repository answers";
  } else if (failure.kind == FailureKind::retry) {
    obstacle.why = Why::record_failed;
    obstacle.lift = failure.reason == Reason::exhausted
                        ? "make room on the disk, or raise the limit, that the message names; the next pass goes on"
                        : "it is tried again in the next pass";
  } else if (std::find(std::begin(kOfTheBranch), std::end(kOfTheBranch), failure.reason) != std::end(kOfTheBranch)) {
    obstacle.why = Why::environment;
    obstacle.lift =
        fmt::format("put the environment repository right, or take the branch as it is with `muster resume --in {}`", environment);
  } else {
    obstacle.why = Why::record_failed;
    obstacle.lift = "mend what the message names";
  }
  return obstacle;
}

Verdict worst_of(const Item& item, bool recorded) {
  Verdict verdict = recorded ? Verdict::moved : Verdict::unchanged;
  for (const auto& obstacle : item.obstacles) verdict = std::max(verdict, verdict_of(obstacle.why));
  return verdict;
}

Outcome outcome_of(const Pass& pass, Item& item, const std::optional<git::Oid>& record) {
  Outcome outcome;
  outcome.service = item.service;
  outcome.environment = pass.environment.name;
  outcome.evidence = item.evidence;
  std::stable_sort(item.obstacles.begin(), item.obstacles.end(),
                   [](const Obstacle& a, const Obstacle& b) { return verdict_of(a.why) > verdict_of(b.why); });
  const bool moves = item.proposal.has_value();
  outcome.verdict = worst_of(item, moves);
  outcome.obstacles = item.obstacles;
  if (item.descriptor && item.descriptor->release) outcome.release = item.descriptor->release->release.text();
  if (!moves) return outcome;
  outcome.moves = item.proposal->moves;
  outcome.removed = item.proposal->removal;
  outcome.renamed_from = item.proposal->renamed_from;
  outcome.release = outcome.removed ? std::string() : item.proposal->release.release.text();
  outcome.record = record;
  return outcome;
}

/// Does it stand as the plan says already? Then an earlier run carried that out.
Result<bool> is_carried_out(Pass& pass, Item* item, const PlannedInstance& wanted) {
  if (item == nullptr || !item->stands) return wanted.release == "absent";
  MUSTER_CHECK(load_descriptor(pass, *item));
  const auto& release = item->descriptor ? item->descriptor->release : std::nullopt;
  return release && release->release.text() == wanted.release && release->objects.text() == wanted.objects;
}

/// Only what the plan names, and that exactly; otherwise nothing at all. What it names and stands already is left alone.
Result<void> keep_exactly(Pass& pass) {
  bool exact = true;
  std::set<std::string_view> services;
  for (const auto& wanted : pass.run.request.exactly) {
    if (wanted.environment != pass.environment.name) continue;
    Item* item = pass.find(wanted.service);
    if (item != nullptr && item->proposal && planned(*item->proposal) == wanted) {
      services.insert(wanted.service);
      continue;
    }
    MUSTER_TRY(const bool done, is_carried_out(pass, item, wanted));
    if (done) continue;
    exact = false;
    if (item == nullptr) {
      Item missing;
      missing.service = wanted.service;
      const auto place =
          std::find_if(pass.items.begin(), pass.items.end(), [&](const Item& other) { return wanted.service < other.service; });
      item = &*pass.items.insert(place, std::move(missing));
    }
    const std::string now = item->proposal ? "would be something else" : "does not move now";
    item->hold(Why::moved_since_plan, "", fmt::format("what the plan says of {} {}", wanted.service, now), "make a new plan");
  }
  for (Item& item : pass.items) {
    if (!exact || !services.contains(item.service)) item.proposal.reset();
  }
  return {};
}

std::vector<const Proposal*> proposals_of(const Pass& pass) {
  std::vector<const Proposal*> proposals;
  for (const Item& item : pass.items) {
    if (item.proposal) proposals.push_back(&*item.proposal);
  }
  return proposals;
}

/// The branch after the record that a dry pass would make: the very commit, pushed nowhere. nullopt: there would be none.
Result<std::optional<record::Branch>> preview_of(Pass& pass) {
  MUSTER_TRY(const auto change, make_record(pass, proposals_of(pass)));
  if (!change) return std::optional<record::Branch>{};
  git::Repository& repository = *pass.records.repository();
  record::Branch after = pass.branch;
  MUSTER_TRY(after.tree, git::edit_tree(repository, pass.branch.tree, change->edits));
  git::NewCommit commit;
  commit.tree = after.tree;
  if (!pass.branch.tip.is_zero()) commit.parents.push_back(pass.branch.tip);
  commit.author = commit.committer = change->author;
  commit.author.at = commit.committer.at = pass.now;
  commit.message = change->message;
  MUSTER_TRY(after.tip, repository.write_commit(commit));
  return std::optional(std::move(after));
}

/// One attempt; Reason::conflict where somebody was faster.
Result<void> attempt(Run& run, const model::Environment& environment, record::EnvironmentRepository& records, EnvironmentOutcome& outcome,
                     std::vector<Proposal>& proposals, std::optional<record::Branch>& preview) {
  outcome.instances.clear();
  proposals.clear();
  preview.reset();
  MUSTER_TRY(Prepared prepared, prepare_branch(run, environment, records));
  outcome.created = outcome.created || prepared.created;
  outcome.obstacle = std::move(prepared.held);
  if (outcome.obstacle) return {};
  const record::Branch branch = std::move(prepared.branch);
  if (!branch.tip.is_zero()) outcome.tip = outcome.tip_before = branch.tip;
  Pass pass{run, environment, records, branch, nullptr, {}, {}, {}, {}, {}, {}, {}};
  MUSTER_CHECK(decide(pass));
  if (!run.request.exactly.empty()) MUSTER_CHECK(keep_exactly(pass));
  std::optional<git::Oid> record;
  if (run.request.dry) {
    MUSTER_TRY(preview, preview_of(pass));
  } else {
    MUSTER_TRY(const auto change, make_record(pass, proposals_of(pass)));
    if (change) {
      MUSTER_TRY(const record::Branch after, records.commit(branch, *change, run.stop));
      outcome.tip = record = after.tip;
    }
  }
  outcome.instances.reserve(pass.items.size());
  proposals.reserve(static_cast<std::size_t>(
      std::count_if(pass.items.begin(), pass.items.end(), [](const Item& item) { return item.proposal.has_value(); })));
  for (Item& item : pass.items) {
    if (!item.selected) continue;
    outcome.instances.push_back(outcome_of(pass, item, record));
    if (item.proposal) proposals.push_back(std::move(*item.proposal));
  }
  return {};
}

}  // namespace

void pass_environment(Run& run, const model::Environment& environment, record::EnvironmentRepository& records, Delivery& out) {
  Deliverer::State& state = run.state;
  EnvironmentOutcome outcome;
  outcome.environment = environment.name;
  std::vector<Proposal> proposals;
  std::optional<record::Branch> preview;
  const auto pass = [&]() -> Result<void> {
    std::unique_ptr<FileLock> lock;
    if (!run.request.dry) {
      MUSTER_TRY(lock, record::lock_environment(state.world.files, state.settings.state, environment.name, state.settings.owner));
    }
    for (int tries = 0;; ++tries) {
      auto done = attempt(run, environment, records, outcome, proposals, preview);
      const bool lost = !done.ok() && done.failure().reason == Reason::conflict && done.failure().kind == FailureKind::retry;
      if (!lost || tries + 1 >= record::EnvironmentRepository::kAttempts) return done;
      if (!record::pause_after_lost_race(state.world, tries, run.stop)) return retry(Reason::cancelled, "stopped");
      auto names = environments_to_look_at(run.fleet, {environment.name});
      if (run.manual && !run.manual->from.empty()) names.push_back(run.manual->from);
      MUSTER_CHECK(records.look(names, run.stop));
    }
  };
  auto done = pass();
  if (!done.ok()) {
    outcome.obstacle = obstacle_of(done.failure(), environment.name);
    outcome.instances.clear();
    proposals.clear();
    preview.reset();
  }
  state.since.fill(outcome, state.now());
  out.report.environments.push_back(std::move(outcome));
  if (preview) out.previews.push_back(std::move(*preview));
  std::move(proposals.begin(), proposals.end(), std::back_inserter(out.proposals));
}

namespace {

Delivery refuse_barrier(Run& run, const std::vector<std::string>& environments) {
  Delivery out;
  for (const auto& name : environments) {
    EnvironmentOutcome outcome;
    outcome.environment = name;
    outcome.obstacle = Obstacle{Why::environment,
                                "",
                                "the fleet has an error after which nothing is delivered",
                                "mend the fleet; `muster check` lists the errors",
                                {},
                                {}};
    run.state.since.fill(outcome, run.state.now());
    out.report.environments.push_back(std::move(outcome));
  }
  return out;
}

Delivery run_passes(Run& run, const std::vector<std::string>& environments) {
  Delivery out;
  record::EnvironmentRepository& records = run.state.records_of(run.fleet);
  // What it could not look at, each environment says for itself below.
  (void)records.look(environments_to_look_at(run.fleet, environments), run.stop);
  for (const auto& name : environments) {
    const model::Environment* environment = run.fleet.environment(name);
    if (environment != nullptr) pass_environment(run, *environment, records, out);
  }
  return out;
}

bool moved_since_plan(const Report& report) {
  const auto is_kept = [](const EnvironmentOutcome& environment) { return environment.obstacle.has_value(); };
  return std::any_of(report.environments.begin(), report.environments.end(), is_kept) || report.has(Why::moved_since_plan);
}

}  // namespace

Deliverer::State::State(const World& seams, git::Remotes& repositories, Settings chosen)
    : world(seams),
      remotes(repositories),
      settings(std::move(chosen)),
      since(world.files, settings.state / "cache" / "since.json"),
      zones(world.files) {
  if (settings.verify) return;
  settings.verify = [this](const std::string& raw_commit, std::span<const std::string> keys) {
    return git::verify_commit(world, {{"PATH", "/usr/local/bin:/usr/bin:/bin"}}, raw_commit, keys, {});
  };
}

record::EnvironmentRepository& Deliverer::State::records_of(const model::Fleet& fleet) {
  const bool embedded = fleet.records_repository.url.empty();
  auto& repository = records[fleet.name + " " + (embedded ? std::string() : git::url_key(fleet.records_repository.url))];
  if (repository == nullptr) {
    record::EnvironmentRepository::Location location;
    if (!embedded) location.remote = source::remote_of(fleet.records_repository);
    location.fleet = fleet.name;
    location.state = settings.state;
    repository = std::make_unique<record::EnvironmentRepository>(world, remotes, std::move(location));
  }
  return *repository;
}

Deliverer::Deliverer(const World& world, git::Remotes& remotes, Settings settings)
    : state_(std::make_unique<State>(world, remotes, std::move(settings))) {}
Deliverer::~Deliverer() = default;

record::EnvironmentRepository& Deliverer::records(const model::Fleet& fleet) { return state_->records_of(fleet); }

Delivery Deliverer::deliver(const model::Fleet& fleet, const FleetRevision& revision, const Request& request, const std::stop_token& stop) {
  std::vector<std::string> names = request.environments;
  if (names.empty()) {
    for (const auto& environment : fleet.environments) names.push_back(environment.name);
  }
  names = upstream_first(fleet, names);
  const std::set<std::string> asked(names.begin(), names.end());
  const Answers answers = fleet.barrier ? Answers{} : ask_outside(*state_, fleet, asked, stop);
  Run run{*state_, fleet, revision, request, answers, stop, std::nullopt, state_->settings.author, {}};
  if (fleet.barrier) return refuse_barrier(run, names);
  if (!request.exactly.empty() && !request.dry) {
    // The plan was made of one state of the world: it holds as a whole, before anything is written, and what is written
    // upstream must not change what was planned downstream.
    Request rehearsal = request;
    rehearsal.dry = true;
    Run dry{*state_, fleet, revision, rehearsal, answers, stop, std::nullopt, state_->settings.author, {}};
    Delivery checked = run_passes(dry, names);
    if (moved_since_plan(checked.report)) {
      checked.proposals.clear();
      return checked;
    }
    std::reverse(names.begin(), names.end());
  }
  Delivery out = run_passes(run, names);
  if (!request.dry) state_->since.save();
  return out;
}

std::vector<std::string> upstream_first(const model::Fleet& fleet, const std::vector<std::string>& environments) {
  std::vector<std::string> sorted = environments;
  std::sort(sorted.begin(), sorted.end());
  sorted.erase(std::unique(sorted.begin(), sorted.end()), sorted.end());
  std::vector<std::string> out;
  std::set<std::string> done;
  while (out.size() < sorted.size()) {
    const std::size_t before = out.size();
    for (const auto& name : sorted) {
      if (done.contains(name)) continue;
      const auto upstream = environments_to_look_at(fleet, {name});
      const bool ready = std::all_of(upstream.begin(), upstream.end(), [&](const std::string& other) {
        return other == name || done.contains(other) || !std::binary_search(sorted.begin(), sorted.end(), other);
      });
      if (!ready) continue;
      done.insert(name);
      out.push_back(name);
    }
    if (out.size() > before) continue;
    for (const auto& name : sorted) {  // A circle of soaks; each still gets its pass.
      if (done.insert(name).second) out.push_back(name);
    }
  }
  return out;
}

}  // namespace muster::deliver
