#include <algorithm>
#include <map>
#include <set>

#include "cli/delivery_text.hpp"
#include "cli/fleet_session.hpp"
#include "cli/options.hpp"
#include "cli/plan_file.hpp"
#include "cli/revisions.hpp"
#include "cli/verbs.hpp"
#include "muster/base/text.hpp"
#include "muster/graph/graph.hpp"
#include "muster/graph/instances.hpp"
#include "muster/manifest/difference.hpp"
#include "muster/record/standing.hpp"

namespace muster::cli {
namespace {

constexpr Option kOptions[] = {kIn,
                               {"--objects", "", "show the fields that change, with old and new value"},
                               {"--out", "FILE.json", "write the plan down for `muster apply FILE.json`"},
                               {"--against", "REV", "what the fleet files change since a git revision; no network (for a pull request)"},
                               {"--exit-code", "", "exit 3 where anything would change"}};

/// Everything that one look at the world gave.
struct Planned {
  deliver::Delivery delivery;
  daemon::Engine::Looked looked;
};

Result<Planned> make_plan(Session& session, FleetSession& parts, const daemon::LoadedFleet& fleet, record::EnvironmentRepository& records,
                          const Selection& selection) {
  Planned out;
  deliver::Request request;
  if (!selection.all) request.environments = selection.environments;
  std::erase_if(request.environments, [&](const std::string& name) { return fleet.fleet().environment(name) == nullptr; });
  request.instances = selection.instances;
  request.dry = true;
  if (!fleet.fleet().barrier) out.delivery = parts.engine().deliver(fleet, request, session.stop());
  daemon::ReconcileRequest reconcile_request;
  if (!selection.all) reconcile_request.environments = selection.environments;
  reconcile_request.selection = reconcile_selection(selection);
  MUSTER_CHECK(records.look(std::nullopt, session.stop()));
  MUSTER_TRY(out.looked, parts.engine().look_after(records, out.delivery, reconcile_request, session.stop()));
  // Others were looked at for the order alone: a plan says, counts and writes down what `apply` of the same selection does.
  for (reconcile::InstancePlan& instance : out.looked.plan.instances) {
    if (!selection.has(instance.key.service, instance.key.environment)) instance.objects.clear();
  }
  return out;
}

std::string object_line(const Terminal& terminal, const reconcile::ObjectPlan& object) {
  static const std::map<reconcile::Action, Colour> kColours = {
      {reconcile::Action::create, Colour::green}, {reconcile::Action::run, Colour::green},   {reconcile::Action::change, Colour::yellow},
      {reconcile::Action::adopt, Colour::yellow}, {reconcile::Action::take, Colour::yellow}, {reconcile::Action::prune, Colour::red},
      {reconcile::Action::refuse, Colour::red},   {reconcile::Action::conflict, Colour::red}};
  const auto colour = kColours.find(object.action);
  std::string out =
      fmt::format("    {} {}", terminal.paint(colour == kColours.end() ? Colour::faint : colour->second, to_string(object.action)),
                  escape_for_terminal(object.id.text()));
  if (object.drift) out += object.repair ? " (drift put back)" : " (drift)";
  if (!object.reason.empty()) out += ": " + escape_for_terminal(object.reason);
  if (!object.held.empty()) out += "; held: " + escape_for_terminal(object.held);
  return out;
}

/// What an object will be: from the proposal, else from the descriptor that stands.
const manifest::Object* desired_object(const Planned& plan, const reconcile::InstanceKey& key, const manifest::ObjectId& id) {
  for (const deliver::Proposal& proposal : plan.delivery.proposals) {
    if (proposal.service != key.service || proposal.environment != key.environment) continue;
    for (const manifest::Object& object : proposal.objects) {
      if (object.id == id) return &object;
    }
  }
  return nullptr;
}

void print_fields(Session& session, const Planned& plan, const reconcile::InstancePlan& instance, const reconcile::ObjectPlan& object) {
  if (object.action != reconcile::Action::change && object.action != reconcile::Action::adopt) return;
  const reconcile::InstanceState* state = plan.looked.observation.find(instance.key);
  if (state == nullptr) return;
  const auto& environment = plan.looked.observation.environments[state->environment];
  if (!environment.target) return;
  const auto& target = plan.looked.observation.targets[*environment.target].target;
  if (!target) return;
  const Result<std::optional<Value>> live = target->read(object.id);
  Value desired;
  if (const manifest::Object* proposed = desired_object(plan, instance.key, object.id)) {
    desired = proposed->content;
  } else {
    const auto tip = git::Oid::parse(environment.tip);
    if (!tip) return;
    record::Standing standing(environment.repository, *tip);
    const Result<record::DescriptorObjects> objects = standing.objects(instance.key.service);
    if (!objects.ok()) return;
    for (const manifest::Object& one : objects->objects) {
      if (one.id == object.id) desired = one.content;
    }
  }
  if (!live.ok() || !live->has_value()) return;
  session.out().raw(
      manifest::print_changes(manifest::difference(manifest::without_secrets(**live), manifest::without_secrets(desired)), "      "));
}

/// Said once for the environment, or asked for by whoever reads this: not said of each instance.
bool is_said_elsewhere(const reconcile::InstancePlan& instance) {
  using Kind = reconcile::Obstacle::Kind;
  return instance.obstacle && (instance.obstacle->kind == Kind::environment || instance.obstacle->kind == Kind::unselected);
}

bool shown(const reconcile::ObjectPlan& object) {
  return object.action != reconcile::Action::keep && object.action != reconcile::Action::yield;
}

/// A new release of the same objects: it is recorded, needs no gate, and nothing is written for it.
bool only_recorded(const Planned& plan, const reconcile::InstancePlan& instance, const deliver::Outcome* outcome) {
  if (outcome == nullptr || !moves(*outcome) || instance.writes()) return false;
  const auto& all = plan.delivery.proposals;
  const auto found = std::find_if(
      all.begin(), all.end(), [&](const auto& one) { return one.service == outcome->service && one.environment == outcome->environment; });
  return found != all.end() && !found->objects_differ && !found->removal && found->renamed_from.empty();
}

void print_instance(Session& session, const Planned& plan, const reconcile::InstancePlan& instance, const deliver::Outcome* outcome,
                    const std::vector<SharedObstacle>& shared) {
  const Instant now = session.world().clock.now();
  std::string head = fmt::format("  {}", session.out().paint(Colour::bold, instance.key.service));
  if (outcome != nullptr && moves(*outcome)) head += "  " + moves_text(*outcome);
  if (instance.move == reconcile::Move::repair) head += "  drift";
  session.out().line(head);
  if (only_recorded(plan, instance, outcome)) session.out().line("    no object changes");
  for (const reconcile::ObjectPlan& object : instance.objects) {
    if (!shown(object)) continue;
    session.out().line(object_line(session.out(), object));
    if (session.arguments().has("--objects")) print_fields(session, plan, instance, object);
  }
  if (instance.obstacle && !is_said_elsewhere(instance))
    session.out().print("    {}: {}", session.out().paint(Colour::yellow, to_string(instance.obstacle->kind)),
                        escape_for_terminal(instance.obstacle->text));
  if (outcome == nullptr) return;
  for (const deliver::Obstacle& obstacle : said_of(outcome->obstacles)) {
    if (!covered(shared, outcome->service, obstacle)) session.out().print("    {}", verdict_text(session.out(), obstacle, now));
  }
}

bool is_shown(const reconcile::InstancePlan& instance, const deliver::Outcome* outcome, const std::vector<SharedObstacle>& shared) {
  if (instance.writes() || (instance.obstacle && !is_said_elsewhere(instance)) || instance.count(reconcile::Action::leftover) != 0)
    return true;
  if (outcome == nullptr) return false;
  const auto said = said_of(outcome->obstacles);
  return moves(*outcome) || std::any_of(said.begin(), said.end(), [&](const auto& one) { return !covered(shared, outcome->service, one); });
}

/// Services that would be promoted by the same `apply` that records what this plan proposes upstream of `name`: they are
/// decided when that record stands, so no plan can name their releases.
std::vector<std::string> followers(const model::Fleet& fleet, const Planned& plan, const std::string& name) {
  std::vector<std::string> out;
  for (const model::Instance& instance : fleet.instances) {
    if (instance.follows.empty() || fleet.environment(instance.environment).name != name) continue;
    const auto& all = plan.delivery.proposals;
    const bool follows = std::any_of(all.begin(), all.end(), [&](const deliver::Proposal& proposal) {
      if (proposal.removal || proposal.service != instance.name || proposal.environment != instance.follows) return false;
      return std::any_of(proposal.moves.begin(), proposal.moves.end(),
                         [](const deliver::Move& move) { return move.input != record::kDeclaration; });
    });
    if (follows) out.push_back(instance.name);
  }
  return out;
}

/// Instances in the order in which one thread would carry them out.
std::vector<const reconcile::InstancePlan*> in_order(const reconcile::Plan& plan, const std::string& environment) {
  std::vector<const reconcile::InstancePlan*> out;
  for (const reconcile::InstancePlan& instance : plan.instances) {
    if (instance.key.environment == environment) out.push_back(&instance);
  }
  std::sort(out.begin(), out.end(), [](const auto* a, const auto* b) { return a->order < b->order; });
  return out;
}

/// Obstacles that many services share. Who waits only for what this very plan brings upstream is named as a follower instead.
std::vector<SharedObstacle> shared_in(const deliver::EnvironmentOutcome& outcome, const std::vector<std::string>& following) {
  std::vector<ServiceObstacle> all;
  for (const deliver::Outcome& one : outcome.instances) {
    for (deliver::Obstacle& obstacle : said_of(one.obstacles)) all.push_back({one.service, std::move(obstacle)});
  }
  std::vector<SharedObstacle> shared = shared_obstacles(all);
  for (const ServiceObstacle& one : all) {
    const bool follows = std::find(following.begin(), following.end(), one.service) != following.end();
    if (follows && one.obstacle.why == deliver::Why::upstream_missing && !covered(shared, one.service, one.obstacle))
      shared.push_back({of_any_service(one), {}});
  }
  return shared;
}

void print_hold(Session& session, const reconcile::EnvironmentHold& hold) {
  Terminal& out = session.out();
  out.print("  {}: {}", out.paint(Colour::yellow, "held"), escape_for_terminal(hold.text));
  if (!hold.expected.empty()) out.print("    expected {}", escape_for_terminal(hold.expected));
  if (!hold.found.empty() && hold.found != hold.text) out.print("    found {}", escape_for_terminal(hold.found));
  if (!hold.lift.empty()) out.print("    → {}", escape_for_terminal(hold.lift));
}

/// The instances that are worth a line; were there any?
bool print_instances(Session& session, const Planned& plan, const std::string& name, const deliver::EnvironmentOutcome* outcome,
                     const std::vector<SharedObstacle>& shared) {
  bool any = false;
  std::set<std::string> listed;
  for (const reconcile::InstancePlan* instance : in_order(plan.looked.plan, name)) {
    const deliver::Outcome* one = plan.delivery.report.find(instance->key.service, name);
    listed.insert(instance->key.service);
    if (!is_shown(*instance, one, shared)) continue;
    any = true;
    print_instance(session, plan, *instance, one, shared);
  }
  if (outcome == nullptr) return any;
  for (const deliver::Outcome& one : outcome->instances) {
    const reconcile::InstancePlan nothing{{name, one.service}, {}, {}, {}, {}, {}, {}, {}, {}};
    if (listed.contains(one.service) || !is_shown(nothing, &one, shared)) continue;
    any = true;
    print_instance(session, plan, nothing, &one, shared);
  }
  return any;
}

void print_environment(Session& session, const model::Fleet& fleet, const Planned& plan, const std::string& name,
                       const deliver::EnvironmentOutcome* outcome) {
  const auto found = std::find_if(plan.looked.plan.environments.begin(), plan.looked.plan.environments.end(),
                                  [&](const auto& one) { return one.name == name; });
  const auto* planned = found == plan.looked.plan.environments.end() ? nullptr : &*found;
  const Instant now = session.world().clock.now();
  session.out().line(session.out().paint(Colour::bold, name + ":"));
  bool any = false;
  if (outcome != nullptr && outcome->obstacle) {
    any = true;
    session.out().print("  {}", verdict_text(session.out(), *outcome->obstacle, now));
  }
  if (planned != nullptr && planned->hold && !any) {
    any = true;
    print_hold(session, *planned->hold);
  }
  const std::vector<std::string> following = followers(fleet, plan, name);
  const std::vector<SharedObstacle> shared = outcome == nullptr ? std::vector<SharedObstacle>{} : shared_in(*outcome, following);
  any = print_instances(session, plan, name, outcome, shared) || any;
  for (const SharedObstacle& one : shared) {
    const bool told_below = one.obstacle.why == deliver::Why::upstream_missing &&
                            std::all_of(one.services.begin(), one.services.end(),
                                        [&](const auto& s) { return std::find(following.begin(), following.end(), s) != following.end(); });
    if (told_below) continue;
    any = true;
    session.out().print("  {}: {}", one.names(), verdict_text(session.out(), one.obstacle, now));
  }
  if (!following.empty()) {
    any = true;
    // A written plan is applied exactly; whoever follows is decided afterwards.
    session.out().print("  {} {} what is recorded upstream, in the {} `muster apply`, as far as the gates let {}",
                        SharedObstacle{{}, following}.names(), following.size() == 1 ? "follows" : "follow",
                        session.arguments().has("--out") ? "next" : "same", following.size() == 1 ? "it" : "them");
  }
  if (!any) session.out().line("  nothing would change");
  if (planned == nullptr) return;
  if (planned->deletions != 0) session.out().print("  deletions: {} of {} allowed", planned->deletions, planned->deletions_allowed);
  if (!planned->deletions_held.empty())
    session.out().print("  {} {}", session.out().paint(Colour::yellow, "deletions held:"), escape_for_terminal(planned->deletions_held));
}

struct Totals {
  std::size_t create = 0;
  std::size_t change = 0;
  std::size_t prune = 0;
  std::set<std::string> instances;
  std::set<std::string> written;  ///< Those of them whose objects change: what needs them may notice.
};

Totals totals_of(const Planned& plan) {
  Totals out;
  for (const reconcile::InstancePlan& instance : plan.looked.plan.instances) {
    out.create += instance.count(reconcile::Action::create) + instance.count(reconcile::Action::run);
    out.change +=
        instance.count(reconcile::Action::change) + instance.count(reconcile::Action::adopt) + instance.count(reconcile::Action::take);
    out.prune += instance.count(reconcile::Action::prune);
    if (instance.writes()) out.written.insert(instance.key.text());
  }
  out.instances = out.written;
  for (const deliver::Proposal& proposal : plan.delivery.proposals) {
    const std::string name = model::instance_name(proposal.service, proposal.environment);
    out.instances.insert(name);
    if (proposal.objects_differ) out.written.insert(name);
  }
  return out;
}

Selection touched(const Totals& totals) {
  Selection out;
  out.all = false;
  std::set<std::string> environments;
  for (const std::string& name : totals.instances) environments.insert(name.substr(name.find('@') + 1));
  out.environments.assign(environments.begin(), environments.end());
  out.instances.assign(totals.instances.begin(), totals.instances.end());
  return out;
}

/// What stands in the way, by how grave it is: "2 failed, 1 held, 3 waiting". A fleet that waits or is held does not match.
struct Standstill {
  std::set<std::string> failed;
  std::set<std::string> held;
  std::set<std::string> waiting;

  void note(deliver::Verdict verdict, const std::string& name) {
    if (verdict == deliver::Verdict::failed) failed.insert(name);
    if (verdict == deliver::Verdict::held) held.insert(name);
    if (verdict == deliver::Verdict::waiting) waiting.insert(name);
  }
  [[nodiscard]] std::string text() const {
    std::vector<std::string> parts;
    const auto part = [&](const std::set<std::string>& names, std::string_view what) {
      if (!names.empty()) parts.push_back(fmt::format("{} {}", names.size(), what));
    };
    part(failed, "failed");
    part(held, "held");
    part(waiting, "waiting");
    return join(parts, ", ");
  }
  [[nodiscard]] int exit_code() const { return !failed.empty() ? kFailed : !held.empty() ? kHeld : kDone; }
};

Standstill standstill_of(const Planned& plan) {
  Standstill out;
  for (const deliver::EnvironmentOutcome& environment : plan.delivery.report.environments) {
    if (environment.obstacle) out.note(deliver::verdict_of(environment.obstacle->why), environment.environment);
    for (const deliver::Outcome& one : environment.instances) out.note(one.verdict, model::instance_name(one.service, one.environment));
  }
  for (const auto& environment : plan.looked.plan.environments) {
    if (environment.hold && environment.hold->kind == FailureKind::stalled) out.held.insert(environment.name);
    if (environment.hold && environment.hold->kind == FailureKind::retry) out.failed.insert(environment.name);
  }
  using Kind = reconcile::Obstacle::Kind;
  for (const reconcile::InstancePlan& instance : plan.looked.plan.instances) {
    if (!instance.obstacle) continue;
    const Kind kind = instance.obstacle->kind;
    if (kind == Kind::paused) out.waiting.insert(instance.key.text());
    if (kind == Kind::unusable || kind == Kind::conflict || kind == Kind::refused || kind == Kind::circle || kind == Kind::need)
      out.held.insert(instance.key.text());
  }
  return out;
}

/// Was it asked for, or does it have something to say to whoever asked for others?
bool is_told(const model::Fleet& fleet, const Planned& plan, const Selection& selection, const std::string& name) {
  if (selection.all || std::find(selection.environments.begin(), selection.environments.end(), name) != selection.environments.end())
    return true;
  const auto& all = plan.looked.plan.environments;
  const auto found = std::find_if(all.begin(), all.end(), [&](const auto& one) { return one.name == name; });
  return (found != all.end() && found->hold) || !followers(fleet, plan, name).empty();
}

int print_plan(Session& session, const daemon::LoadedFleet& fleet, const Planned& plan, const Selection& selection, int code) {
  const Totals totals = totals_of(plan);
  const std::vector<std::string> hit = hit_by(graph::graph_of(fleet.fleet()).graph, totals.written);
  if (session.json()) {
    Array proposals;
    for (const deliver::Proposal& proposal : plan.delivery.proposals) proposals.push_back(to_value(proposal));
    Array dependents;
    for (const std::string& name : hit) dependents.emplace_back(name);
    return session.finish(Object{{"deliver", to_value(plan.delivery.report)},
                                 {"proposals", std::move(proposals)},
                                 {"reconcile", reconcile::to_value(plan.looked.plan)},
                                 {"changes", !totals.instances.empty()},
                                 {"create", std::uint64_t{totals.create}},
                                 {"change", std::uint64_t{totals.change}},
                                 {"prune", std::uint64_t{totals.prune}},
                                 {"hits", std::move(dependents)}},
                          code);
  }
  std::set<std::string> names;
  for (const auto& environment : plan.delivery.report.environments) names.insert(environment.environment);
  for (const auto& environment : plan.looked.plan.environments) names.insert(environment.name);
  for (const std::string& name : deliver::upstream_first(fleet.fleet(), {names.begin(), names.end()})) {
    if (!is_told(fleet.fleet(), plan, selection, name)) continue;
    const auto& all = plan.delivery.report.environments;
    const auto found = std::find_if(all.begin(), all.end(), [&](const auto& one) { return one.environment == name; });
    print_environment(session, fleet.fleet(), plan, name, found == all.end() ? nullptr : &*found);
  }
  const std::string others = standstill_of(plan).text();
  if (totals.instances.empty()) {
    const std::string_view still = fleet.fleet().barrier ? "nothing would change while the fleet has these errors" : "nothing would change";
    session.out().line(others.empty() && !fleet.fleet().barrier ? "everything matches"
                                                                : fmt::format("{}{}{}", still, others.empty() ? "" : "; ", others));
  } else {
    session.out().print("{} would change: {} to create, {} to change, {} to prune{}", count_of(totals.instances.size(), "instance"),
                        totals.create, totals.change, totals.prune, others.empty() ? "" : "; " + others);
    if (!hit.empty()) session.out().print("in their blast radius: {}", join(hit, ", "));
  }
  return code;
}

int write_plan(Session& session, const daemon::LoadedFleet& fleet, const Planned& plan, const std::string& path) {
  WrittenPlan written;
  written.selection = touched(totals_of(plan));
  for (const deliver::Proposal& proposal : plan.delivery.proposals) written.deliver.push_back(deliver::planned(proposal));
  written.reconcile = reconcile::to_value(plan.looked.plan);
  std::error_code error;
  const Path file = std::filesystem::absolute(path, error);
  if (const auto done = session.world().files.write_atomic(file, to_pretty_json(to_value(written, fleet.fleet().name))); !done.ok())
    return session.fail(done.failure());
  if (!session.json()) session.out().print("written to {}; `muster apply {}` does exactly this, or refuses", path, path);
  return kDone;
}

int run(Session& session) {
  int code = kDone;
  const std::string out = session.arguments().get("--out");
  if (!out.empty() && !out.ends_with(".json"))
    return session.misuse("--out takes a name that ends in .json, so that `muster apply` knows it for a plan");
  const std::unique_ptr<FleetSession> parts = FleetSession::open(session, code);
  if (!parts) return code;
  Result<daemon::LoadedFleet> fleet = parts->load();
  if (!fleet.ok()) return session.fail(fleet.failure());
  if (session.arguments().has("--against")) return plan_against(session, *parts, *fleet, session.arguments().get("--against"));
  Result<record::EnvironmentRepository*> records = parts->records(&*fleet);
  if (!records.ok()) return session.fail(records.failure());
  Result<Selection> selection = parts->selection(&*fleet, *records);
  if (!selection.ok()) return session.fail(selection.failure());
  Result<Planned> plan = make_plan(session, *parts, *fleet, **records, *selection);
  if (!plan.ok()) return session.fail(plan.failure());
  code = worst(exit_code_of(*fleet), standstill_of(*plan).exit_code());
  const bool changes = !totals_of(*plan).instances.empty();
  if (code == kDone && changes && session.arguments().has("--exit-code")) code = kChanges;
  code = print_plan(session, *fleet, *plan, *selection, code);
  if (!out.empty()) code = worst(code, write_plan(session, *fleet, *plan, out));
  return code;
}

}  // namespace

const Verb kPlan = {
    "plan",
    "show what would change, and in which order",
    "Looks at repositories, branches and targets and shows, for each environment and instance, what would be recorded and which\n"
    "objects would be created, changed or pruned, what waits for a gate, and who is in the blast radius. Nothing is written.\n"
    "With --against REV it compares the fleet files with an earlier revision instead, without any network: what a pull request\n"
    "changes, evaluated.",
    "[INSTANCE…]",
    kOptions,
    "$ muster plan --objects\n"
    " $ muster plan --out plan.json && muster apply plan.json\n"
    " $ muster plan --against origin/main",
    "deliver (as in `muster apply --json`), proposals ([{service, environment, removal, moves, objects, …}]), reconcile\n"
    "({environments, instances: [{objects: [{id, action, …}]}]}), changes, create, change, prune, hits.\n"
    "With --against: added, removed, renamed ([{from, to}]), changed ([{instance, fields, objects}]), hits, follow (fed from them).",
    run};

}  // namespace muster::cli
