#include "sim/schedule.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "sim/machine.hpp"

namespace muster::sim {
namespace {

constexpr Instant kStart = std::chrono::sys_days(std::chrono::year(2026) / 3 / 2);
constexpr int kRounds = 12;
/// Within so many passes after everything healed, two in a row must change nothing.
constexpr int kRestWithin = 12;

class Schedule {
 public:
  explicit Schedule(std::uint64_t seed)
      : random_(seed),
        clock_(kStart),
        fleets_(network_, clock_),
        oracle_(network_, fleets_),
        targets_(oracle_),
        first_(network_, fleets_, targets_, clock_, seed + 1),
        second_(network_, fleets_, targets_, clock_, seed + 2) {}

  ScheduleResult run();

 private:
  struct Action {
    const char* name;
    unsigned weight;
    void (Schedule::*act)();
  };
  static const std::vector<Action>& actions();

  void tell(std::string text) { result_.story.push_back(format_instant(clock_.now()) + "  " + std::move(text)); }
  void begin();
  void act();
  void pass(Machine& machine);
  void heal();
  void rest();
  void judge_rest();
  void judge_sources(const deliver::Report& report);

  // Application repositories.
  std::string any_service() { return pick(std::array<const char*, 3>{"api", "web", "work"}); }
  void publish(const std::string& service, const std::string& text, const std::string& message);
  void change_source();
  void revert_source();
  void commit_elsewhere();
  void break_source();
  void rewind_source();
  void delete_branch();

  // Fleet files.
  void change_declaration();
  void change_image();
  void toggle_service();

  // Environment branches, by strangers with plain git.
  std::string any_environment() { return pick(std::array<const char*, 3>{"edge", "production", "staging"}); }
  void commit_tree(const std::string& environment, const git::Oid& tree, const std::string& message);
  void revert_newest();
  void edit_descriptor();
  void remove_descriptor();
  void add_readme();

  // People with muster.
  void hold();
  void resume();
  void rollback();

  // The world.
  void weather();
  void clear_sky();
  void fill_disk();
  void wipe_state();
  void let_time_pass();
  void jump_clock();
  void drift();
  void lose_object();
  void refuse_writes();

  template <std::size_t N>
  std::string pick(const std::array<const char*, N>& names) {
    return names.at(random_.below(N));
  }

  SeededRandom random_;
  SimulatedClock clock_;
  Network network_;
  FleetHistory fleets_;
  Oracle oracle_;
  Targets targets_;
  Machine first_;
  Machine second_;
  ScheduleResult result_;
  std::map<std::string, std::vector<std::string>> published_;  ///< Texts of a service's source, oldest first.
  int counter_ = 0;
  bool acting_ = false;
};

const std::vector<Schedule::Action>& Schedule::actions() {
  static const std::vector<Action> kActions = {
      {"change a source", 22, &Schedule::change_source},
      {"revert a source", 6, &Schedule::revert_source},
      {"commit elsewhere", 6, &Schedule::commit_elsewhere},
      {"break a source", 3, &Schedule::break_source},
      {"rewind a branch", 2, &Schedule::rewind_source},
      {"delete a branch", 1, &Schedule::delete_branch},
      {"change a declaration", 8, &Schedule::change_declaration},
      {"change an image", 6, &Schedule::change_image},
      {"remove or declare a service", 5, &Schedule::toggle_service},
      {"revert the newest commit", 12, &Schedule::revert_newest},
      {"edit a descriptor", 2, &Schedule::edit_descriptor},
      {"take a service off the branch", 2, &Schedule::remove_descriptor},
      {"add a readme", 2, &Schedule::add_readme},
      {"hold", 2, &Schedule::hold},
      {"resume", 5, &Schedule::resume},
      {"roll back", 4, &Schedule::rollback},
      {"weather", 12, &Schedule::weather},
      {"clear sky", 5, &Schedule::clear_sky},
      {"fill or empty the disk", 3, &Schedule::fill_disk},
      {"wipe the state", 4, &Schedule::wipe_state},
      {"let time pass", 8, &Schedule::let_time_pass},
      {"jump the clock", 2, &Schedule::jump_clock},
      {"drift", 6, &Schedule::drift},
      {"lose an object", 3, &Schedule::lose_object},
      {"refuse writes", 4, &Schedule::refuse_writes},
  };
  return kActions;
}

std::string manifest_text(const std::string& service, const std::string& text) {
  return fmt::format("apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {}\ndata:\n  text: \"{}\"\n---\napiVersion: v1\nkind: Service\nmetadata:\n  name: {}\nspec:\n  ports: []\n",
                     service, text, service);
}

void Schedule::publish(const std::string& service, const std::string& text, const std::string& message) {
  const Place& place = places().at(service);
  (void)commit_files(network_, clock_, place.url, "main", {{place.path + "/all.yaml", text}}, message);
}

void Schedule::change_source() {
  const std::string service = any_service();
  const std::string text = manifest_text(service, fmt::format("{}", ++counter_));
  published_[service].push_back(text);
  publish(service, text, "change");
  tell(fmt::format("{} changes its source to {}", service, counter_));
}

void Schedule::revert_source() {
  const std::string service = any_service();
  const std::vector<std::string>& texts = published_[service];
  publish(service, texts.at(random_.below(texts.size())), "revert");
  tell(fmt::format("{} goes back to an earlier source in a new commit", service));
}

void Schedule::commit_elsewhere() {
  (void)commit_files(network_, clock_, places().at("api").url, "main", {{"docs/notes", fmt::format("{}", ++counter_)}}, "docs");
  tell("a commit elsewhere in the monorepo");
}

void Schedule::break_source() {
  const std::string service = any_service();
  publish(service, "kind: [\n", "broken");
  tell(fmt::format("{} breaks its manifests", service));
}

void Schedule::rewind_source() {
  Server& server = network_.server(places().at(any_service()).url);
  const auto head = server.repository->all_refs().find("refs/heads/main");
  if (head == server.repository->all_refs().end()) return;
  const git::Commit* commit = network_.pool()->commit(head->second);
  if (commit->parents.empty()) return;
  head->second = commit->parents.front();
  server.remember();
  tell("an application branch is rewound");
}

void Schedule::delete_branch() {
  Server& server = network_.server(places().at(any_service()).url);
  Refs& refs = server.repository->all_refs();
  const auto head = refs.find("refs/heads/main");
  if (head == refs.end()) return;
  refs["refs/heads/other"] = head->second;
  refs.erase("refs/heads/main");
  server.remember();
  tell("an application branch is deleted");
}

void Schedule::change_declaration() {
  Declared next = fleets_.newest();
  const std::string service = pick(std::array<const char*, 4>{"api", "plain", "web", "work"});
  next.services[service].version = ++counter_;
  fleets_.commit(next);
  tell(fmt::format("the fleet declares {} anew ({})", service, counter_));
}

void Schedule::change_image() {
  Declared next = fleets_.newest();
  next.services["plain"].image = fmt::format("1.{}", random_.below(4));
  fleets_.commit(next);
  tell("the fleet names image " + next.services["plain"].image);
}

void Schedule::toggle_service() {
  Declared next = fleets_.newest();
  const std::string service = pick(std::array<const char*, 3>{"plain", "web", "work"});
  next.services[service].declared = !next.services[service].declared;
  fleets_.commit(next);
  tell(fmt::format("the fleet {} {}", next.services[service].declared ? "declares again" : "no longer declares", service));
}

void Schedule::commit_tree(const std::string& environment, const git::Oid& tree, const std::string& message) {
  Server& server = network_.server(kRecordsUrl);
  git::Oid& tip = server.repository->all_refs()["refs/heads/" + environment];
  git::NewCommit made;
  made.tree = tree;
  made.parents = {tip};
  made.author = made.committer = {"Stranger", "stranger@example", clock_.now(), 0};
  made.message = message;
  tip = network_.pool()->put_commit(made);
  server.remember();
}

void Schedule::revert_newest() {
  const std::string environment = any_environment();
  MemoryRepository& repository = *network_.server(kRecordsUrl).repository;
  const auto tip = repository.all_refs().find("refs/heads/" + environment);
  if (tip == repository.all_refs().end()) return;
  // One of the last three commits: reverting a revert, and something older, happen too.
  git::Oid reverted = tip->second;
  for (std::uint64_t back = random_.below(3); back > 0; --back) {
    const git::Commit* commit = network_.pool()->commit(reverted);
    if (commit->parents.empty()) return;
    reverted = commit->parents.front();
  }
  if (network_.pool()->commit(reverted)->parents.empty()) return;
  const Result<git::Oid> tree = git::revert_tree(repository, reverted, tip->second);
  if (!tree.ok() || *tree == network_.pool()->commit(tip->second)->tree) return;
  // The message quotes trailers, as `git revert` and squash merges do.
  commit_tree(environment, *tree, "Revert \"" + network_.pool()->commit(reverted)->message + "\"\n\n" + network_.pool()->commit(reverted)->message);
  tell(fmt::format("somebody reverts {} in {}", reverted.short_text(), environment));
}

void Schedule::edit_descriptor() {
  const std::string environment = any_environment();
  MemoryRepository& repository = *network_.server(kRecordsUrl).repository;
  const auto tip = repository.all_refs().find("refs/heads/" + environment);
  if (tip == repository.all_refs().end()) return;
  const std::string service = pick(std::array<const char*, 4>{"api", "plain", "web", "work"});
  const git::Oid tree = network_.pool()->commit(tip->second)->tree;
  const std::string path = service + "/sim/configmap-" + service + ".yaml";
  const auto entry = git::find_entry(repository, tree, path);
  if (!entry.ok() || !entry->has_value()) return;
  std::string text = *network_.pool()->blob((*entry)->id);
  text += fmt::format("extra: edited-{}\n", ++counter_);
  const auto edited = git::edit_tree(repository, tree, {{path, {git::TreeEntry{"", git::Mode::file, network_.pool()->put_blob(text)}}}});
  commit_tree(environment, *edited, "Edit by hand");
  tell(fmt::format("somebody edits {} in {}", service, environment));
}

void Schedule::remove_descriptor() {
  const std::string environment = any_environment();
  MemoryRepository& repository = *network_.server(kRecordsUrl).repository;
  const auto tip = repository.all_refs().find("refs/heads/" + environment);
  if (tip == repository.all_refs().end()) return;
  const std::string service = pick(std::array<const char*, 4>{"api", "plain", "web", "work"});
  const git::Oid tree = network_.pool()->commit(tip->second)->tree;
  const auto entry = git::find_entry(repository, tree, service);
  if (!entry.ok() || !entry->has_value()) return;
  const auto without = git::edit_tree(repository, tree, {{service, {std::nullopt}}});
  commit_tree(environment, *without, "Take " + service + " off");
  tell(fmt::format("somebody takes {} off {}", service, environment));
}

void Schedule::add_readme() {
  const std::string environment = any_environment();
  MemoryRepository& repository = *network_.server(kRecordsUrl).repository;
  const auto tip = repository.all_refs().find("refs/heads/" + environment);
  if (tip == repository.all_refs().end()) return;
  const git::Oid tree = network_.pool()->commit(tip->second)->tree;
  const auto with = git::edit_tree(repository, tree, {{"README", {git::TreeEntry{"", git::Mode::file, network_.pool()->put_blob(fmt::format("{}", ++counter_))}}}});
  commit_tree(environment, *with, "Explain");
  tell("somebody adds a readme to " + environment);
}

deliver::Person jane() { return {"Jane", "jane@example"}; }

void Schedule::hold() {
  const std::string environment = any_environment();
  const std::string service = any_service();
  const bool alive = first_.ask([&](deliver::Deliverer& deliverer, const model::Fleet& fleet, const deliver::FleetRevision&) {
    (void)deliver::hold(deliverer, fleet, {environment, {service}, "because", false, false}, jane(), {});
  });
  tell(fmt::format("Jane holds {} in {}{}", service, environment, alive ? "" : " (and it dies)"));
}

void Schedule::resume() {
  const std::string environment = any_environment();
  const bool alive = first_.ask([&](deliver::Deliverer& deliverer, const model::Fleet& fleet, const deliver::FleetRevision& revision) {
    (void)deliver::resume(deliverer, fleet, revision, {environment, {"*"}, false}, jane(), {});
  });
  tell(fmt::format("Jane resumes all of {}{}", environment, alive ? "" : " (and it dies)"));
}

void Schedule::rollback() {
  const std::string environment = any_environment();
  const std::string service = any_service();
  const bool stays = random_.chance(50);
  const bool alive = first_.ask([&](deliver::Deliverer& deliverer, const model::Fleet& fleet, const deliver::FleetRevision& revision) {
    deliver::RollbackRequest request;
    request.environment = environment;
    request.services = {service};
    request.hold = stays;
    (void)deliver::rollback(deliverer, deliverer.records(fleet), &fleet, revision, request, jane(), {});
  });
  tell(fmt::format("Jane rolls {} back in {}{}", service, environment, alive ? "" : " (and it dies)"));
}

void Schedule::weather() {
  static constexpr std::array kWeathers = {Weather::unreachable, Weather::denied, Weather::missing, Weather::empty,
                                           Weather::stale,       Weather::push_refused, Weather::answer_lost};
  const std::string url = pick(std::array<const char*, 4>{kRecordsUrl, "https://git.example/mono", "https://git.example/web", kRecordsUrl});
  const std::size_t which = random_.below(kWeathers.size());
  network_.server(url).weather = kWeathers.at(which);
  tell(fmt::format("weather {} over {}", which, url));
}

void Schedule::clear_sky() {
  for (auto& [url, server] : network_.servers()) server.weather = Weather::fine;
  tell("the sky clears");
}

void Schedule::fill_disk() {
  first_.files().full = !first_.files().full;
  tell(first_.files().full ? "the disk is full" : "the disk has room");
}

void Schedule::wipe_state() {
  first_.wipe();
  tell("the state directory is deleted");
}

void Schedule::let_time_pass() {
  const Duration time = std::chrono::hours(1 + random_.below(40));
  clock_.advance(time);
  tell(format_duration(time) + " pass");
}

void Schedule::jump_clock() {
  const Duration jump = std::chrono::hours(random_.below(96)) - std::chrono::hours(48);
  clock_.jump(jump);
  tell("the clock jumps by " + format_duration(jump));
}

void Schedule::drift() {
  const std::string environment = any_environment();
  test::MemoryTarget& target = targets_.at(environment);
  const auto objects = target.objects();
  if (objects.empty()) return;
  auto at = objects.begin();
  std::advance(at, static_cast<std::ptrdiff_t>(random_.below(objects.size())));
  Value content = at->second;
  content.if_object()->set("drifted", ++counter_);
  target.edit(at->first, content);
  tell(fmt::format("somebody edits {} in the target of {}", at->first.text(), environment));
}

void Schedule::lose_object() {
  const std::string environment = any_environment();
  test::MemoryTarget& target = targets_.at(environment);
  const auto objects = target.objects();
  if (objects.empty()) return;
  auto at = objects.begin();
  std::advance(at, static_cast<std::ptrdiff_t>(random_.below(objects.size())));
  target.edit(at->first, std::nullopt);
  tell(fmt::format("somebody deletes {} from the target of {}", at->first.text(), environment));
}

void Schedule::refuse_writes() {
  const std::string environment = any_environment();
  const std::uint64_t share = 20 + random_.below(80);
  const auto seed = random_.next();
  const auto hook = [share, random = std::make_shared<SeededRandom>(seed)](const test::TargetCall& call) -> std::optional<Failure> {
    if (!call.writes() || random->below(100) >= share) return std::nullopt;
    return retry(Reason::unreachable, "refused by the target");
  };
  if (random_.chance(50)) {
    targets_.at(environment).fail_before(hook);
  } else {
    targets_.at(environment).fail_after(hook);
  }
  tell(fmt::format("the target of {} fails {} % of its writes", environment, share));
}

void Schedule::act() {
  unsigned total = 0;
  for (const Action& action : actions()) total += action.weight;
  auto drawn = static_cast<unsigned>(random_.below(total));
  for (const Action& action : actions()) {
    if (drawn < action.weight) {
      acting_ = true;
      (this->*action.act)();
      acting_ = false;
      return;
    }
    drawn -= action.weight;
  }
}

void Schedule::pass(Machine& machine) {
  if (random_.chance(35)) {
    const std::uint64_t step = 1 + random_.below(30);
    machine.steps().crash_at(step, random_.chance(50));
    tell(fmt::format("(the next pass dies at step {})", step));
  }
  // Other people, and another machine, act between the steps of this one.
  const std::uint64_t interrupted = random_.chance(30) ? machine.steps().taken() + 1 + random_.below(40) : 0;
  const bool by_machine = random_.chance(40);
  machine.steps().between = [&, interrupted, by_machine] {
    if (acting_ || machine.steps().taken() + 1 != interrupted) return;
    acting_ = true;
    if (by_machine && &machine == &first_) {
      tell("meanwhile another machine passes");
      (void)second_.pass();
    } else {
      acting_ = false;
      tell("meanwhile");
      change_source();
      if (random_.chance(50)) revert_newest();
    }
    acting_ = false;
  };
  const std::size_t behind = random_.chance(10) ? 1 + random_.below(3) : 0;
  if (behind != 0) tell(fmt::format("the fleet files are {} revisions old", behind));
  tell("pass");
  ++result_.passes;
  if (!machine.pass(behind)) {
    ++result_.crashes;
    tell("died");
  }
  machine.steps().between = nullptr;
  machine.steps().never_crash();
  oracle_.look();
  clock_.advance(std::chrono::minutes(5));
}

void Schedule::begin() {
  Declared declared;
  for (const auto& [name, place] : places()) declared.services[name] = {};
  declared.services["plain"].image = "1.0";
  fleets_.commit(declared);
  for (const char* service : {"api", "web", "work"}) {
    const std::string text = manifest_text(service, "0");
    published_[service].push_back(text);
    publish(service, text, "first");
  }
  // The environment repository exists and is empty, apart from a branch of somebody's.
  (void)commit_files(network_, clock_, kRecordsUrl, "notes", {{"README", "environments"}}, "readme");
}

void Schedule::heal() {
  tell("everything heals");
  clear_sky();
  first_.files().full = false;
  for (const std::string& environment : environment_names()) {
    targets_.at(environment).fail_before(nullptr);
    targets_.at(environment).fail_after(nullptr);
  }
  for (const char* service : {"api", "web", "work"}) {
    const std::string text = manifest_text(service, fmt::format("{}", ++counter_));
    published_[service].push_back(text);
    publish(service, text, "healed");
  }
  clock_.advance(std::chrono::hours(60));
}

void Schedule::rest() {
  int silent = 0;
  for (int i = 0; i < kRestWithin && silent < 2; ++i) {
    const std::uint64_t pushes = network_.server(kRecordsUrl).pushes;
    const std::uint64_t writes = targets_.writes();
    if (!first_.pass()) result_.violations.push_back("P7: a pass died without being told to");
    oracle_.look();
    clock_.advance(std::chrono::hours(2));
    silent = network_.server(kRecordsUrl).pushes == pushes && targets_.writes() == writes ? silent + 1 : 0;
  }
  if (silent < 2) result_.violations.push_back("P13: it does not come to rest");
}

/// What a report says of an instance that did not simply match.
bool excused(const reconcile::Report& report, const std::string& environment) {
  for (const reconcile::EnvironmentReport& one : report.environments) {
    if (one.name == environment && (one.hold || !one.deletions_held.empty())) return true;
  }
  return std::any_of(report.outcomes.begin(), report.outcomes.end(), [&](const reconcile::Outcome& outcome) {
    return outcome.key.environment == environment && outcome.state != reconcile::State::matched && outcome.state != reconcile::State::applied;
  });
}

/// What reconcile itself remarks on an environment, for the reader of a violation.
std::string remarks_of(const reconcile::Report& report, const std::string& environment) {
  std::string out;
  for (const reconcile::Outcome& outcome : report.outcomes) {
    if (outcome.key.environment != environment) continue;
    for (const std::string& remark : outcome.remarks) out += fmt::format("; {} remarks: {}", outcome.key.service, remark);
  }
  return out;
}

/// Created by a process that died before it knew, and changed by somebody since: nobody can tell whose it is, so it is
/// listed and never touched.
bool listed_as_leftover(const reconcile::Plan& plan, const std::string& environment, const manifest::ObjectId& id) {
  for (const reconcile::InstancePlan& instance : plan.instances) {
    if (instance.key.environment != environment) continue;
    const auto& objects = instance.objects;
    if (std::any_of(objects.begin(), objects.end(), [&](const auto& one) { return one.id == id && one.action == reconcile::Action::leftover; })) return true;
  }
  return false;
}

void Schedule::judge_rest() {
  if (!first_.reconciled() || !first_.delivered()) return;
  for (const std::string& environment : environment_names()) {
    if (excused(*first_.reconciled(), environment)) continue;
    const auto wanted = oracle_.desired(environment);
    const auto live = targets_.at(environment).objects();
    for (const auto& [id, content] : wanted) {
      const auto found = live.find(id);
      if (found == live.end()) {
        result_.violations.push_back(fmt::format("P13 {}: {} is not in the target", environment, id.text()));
      } else if (!(found->second == content)) {
        result_.violations.push_back(fmt::format("P4 {}: {} in the target is not what the tip says", environment, id.text()));
      }
    }
    for (const auto& [id, content] : live) {
      if (wanted.contains(id) || listed_as_leftover(first_.reconciled()->plan, environment, id)) continue;
      result_.violations.push_back(fmt::format("P6 {}: {} was left behind in the target{}", environment, id.text(), remarks_of(*first_.reconciled(), environment)));
    }
  }
  judge_sources(*first_.delivered());
}

/// Where deliver says that nothing keeps an instance, its newest source must be recorded.
void Schedule::judge_sources(const deliver::Report& report) {
  for (const deliver::EnvironmentOutcome& environment : report.environments) {
    if (environment.environment == "production" || environment.obstacle) continue;
    for (const deliver::Outcome& outcome : environment.instances) {
      const Place& place = places().at(outcome.service);
      const auto& declared = fleets_.newest().services.at(outcome.service);
      if (place.url.empty() || !declared.declared || outcome.verdict != deliver::Verdict::unchanged || !outcome.obstacles.empty()) continue;
      const auto& branches = oracle_.branches();
      const auto branch = branches.find(environment.environment);
      if (branch == branches.end() || branch->second.empty()) continue;
      std::string newest;
      for (const Entry& entry : branch->second) {
        const auto listed = entry.services.find(outcome.service);
        if (listed != entry.services.end() && listed->second.inputs.contains("source")) newest = listed->second.inputs.at("source");
      }
      const git::Oid head = network_.server(place.url).repository->all_refs().at("refs/heads/main");
      const auto folder = git::find_entry(*network_.server(place.url).repository, network_.pool()->commit(head)->tree, place.path);
      const std::string wanted = folder.ok() && folder->has_value() ? (*folder)->id.text() : "";
      if (newest.find("/" + wanted) == std::string::npos) {
        result_.violations.push_back(fmt::format("P13 {}@{}: the newest source is not recorded ({} is), and nothing is said to keep it", outcome.service, environment.environment, newest.substr(0, 20)));
      }
    }
  }
}

ScheduleResult Schedule::run() {
  begin();
  for (int round = 0; round < kRounds; ++round) {
    for (std::uint64_t i = random_.below(4); i > 0; --i) act();
    pass(random_.chance(85) ? first_ : second_);
  }
  heal();
  rest();
  judge_rest();
  for (const std::string& violation : oracle_.violations()) result_.violations.push_back(violation);
  for (const auto& [environment, entries] : oracle_.branches()) {
    result_.records += static_cast<std::uint64_t>(std::count_if(entries.begin(), entries.end(), [](const Entry& entry) { return entry.record; }));
  }
  result_.target_writes = targets_.writes();
  return std::move(result_);
}

}  // namespace

ScheduleResult run_schedule(std::uint64_t seed) { return Schedule(seed).run(); }

}  // namespace muster::sim
