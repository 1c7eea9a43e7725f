#include <map>
#include <set>
#include <tuple>

#include "cli/open_fleet.hpp"
#include "cli/options.hpp"
#include "cli/revisions.hpp"
#include "cli/verbs.hpp"
#include "muster/base/text.hpp"
#include "muster/manifest/difference.hpp"
#include "muster/record/history.hpp"
#include "muster/record/standing.hpp"

namespace muster::cli {
namespace {

constexpr Option kOptions[] = {kIn,
                               {"--at", "TIME", "what stood then against what stands now, as in 2026-05-04T10:00"},
                               {"--against", "REV", "the fleet files against a git revision of theirs"},
                               {"--exit-code", "", "exit 3 where anything differs"}};

/// One object on two sides.
struct ObjectDifference {
  std::string service;
  std::string object;
  std::string side;  ///< "only left", "only right", "differs"
  std::vector<manifest::Change> changes;
};

/// Identity without the namespace: environments may have one each.
using Identity = std::tuple<std::string, std::string, std::string>;
using Contents = std::map<Identity, std::pair<std::string, Value>>;

Result<Contents> contents_of(record::Standing& standing, const std::string& service) {
  Contents out;
  MUSTER_TRY(const std::optional<record::Descriptor> descriptor, standing.descriptor(service));
  if (!descriptor) return out;
  MUSTER_TRY(const record::DescriptorObjects objects, standing.objects(service));
  for (const manifest::Object& object : objects.objects) {
    out[{object.id.kind, object.id.group, object.id.name}] = {object.id.text(), manifest::without_secrets(object.content)};
  }
  return out;
}

void compare(const std::string& service, const Contents& left, const Contents& right, std::vector<ObjectDifference>& out) {
  for (const auto& [id, was] : left) {
    const auto is = right.find(id);
    if (is == right.end()) {
      out.push_back({service, was.first, "only left", {}});
      continue;
    }
    auto changes = manifest::difference(was.second, is->second.second);
    if (!changes.empty()) out.push_back({service, is->second.first, "differs", std::move(changes)});
  }
  for (const auto& [id, is] : right) {
    if (!left.contains(id)) out.push_back({service, is.first, "only right", {}});
  }
}

Result<std::vector<ObjectDifference>> compare_standings(record::Standing& left, record::Standing& right,
                                                        const std::set<std::string>& only) {
  MUSTER_TRY(const std::vector<std::string> left_services, left.services());
  MUSTER_TRY(const std::vector<std::string> right_services, right.services());
  std::set<std::string> services(left_services.begin(), left_services.end());
  services.insert(right_services.begin(), right_services.end());
  std::vector<ObjectDifference> out;
  for (const std::string& service : services) {
    if (!only.empty() && !only.contains(service)) continue;
    MUSTER_TRY(const Contents was, contents_of(left, service));
    MUSTER_TRY(const Contents is, contents_of(right, service));
    compare(service, was, is, out);
  }
  return out;
}

/// What the branch asks for against what the target has.
Result<std::vector<ObjectDifference>> compare_live(Session& session, FleetSession& parts, record::EnvironmentRepository& records,
                                                   const Selection& selection) {
  MUSTER_TRY(const daemon::Engine::Looked looked, parts.engine().look(records, {}, session.stop()));
  std::vector<ObjectDifference> out;
  for (const reconcile::InstancePlan& instance : looked.plan.instances) {
    if (!selection.has(instance.key.service, instance.key.environment)) continue;
    const reconcile::InstanceState* state = looked.observation.find(instance.key);
    const reconcile::EnvironmentState& environment = looked.observation.environments[state->environment];
    if (!environment.target || !looked.observation.targets[*environment.target].target) continue;
    target::Target& target = *looked.observation.targets[*environment.target].target;
    std::map<manifest::ObjectId, Value> desired;
    if (const auto tip = git::Oid::parse(environment.tip); tip && state->stands) {
      record::Standing standing(environment.repository, *tip);
      MUSTER_TRY(const record::DescriptorObjects objects, standing.objects(instance.key.service));
      for (const manifest::Object& object : objects.objects) desired[object.id] = object.content;
    }
    for (const reconcile::ObjectPlan& object : instance.objects) {
      if (object.action == reconcile::Action::keep || object.action == reconcile::Action::forget) continue;
      ObjectDifference one{instance.key.text(), object.id.text(), std::string(to_string(object.action)), {}};
      const auto wanted = desired.find(object.id);
      MUSTER_TRY(const std::optional<Value> live, target.read(object.id));
      if (wanted != desired.end() && live)
        one.changes = manifest::difference(manifest::without_secrets(*live), manifest::without_secrets(wanted->second));
      out.push_back(std::move(one));
    }
  }
  return out;
}

int finish(Session& session, const FleetSession& parts, const std::vector<ObjectDifference>& differences, std::string_view left,
           std::string_view right) {
  const int code = worst(parts.evidence_code(), !differences.empty() && session.arguments().has("--exit-code") ? kChanges : kDone);
  if (session.json()) {
    Array list;
    for (const ObjectDifference& one : differences) {
      Array fields;
      for (const manifest::Change& change : one.changes) {
        fields.emplace_back(
            Object{{"path", change.path}, {"before", change.before.value_or(Value())}, {"after", change.after.value_or(Value())}});
      }
      list.emplace_back(Object{{"service", one.service}, {"object", one.object}, {"side", one.side}, {"fields", std::move(fields)}});
    }
    return session.finish(Object{{"left", left}, {"right", right}, {"differences", std::move(list)}}, code);
  }
  if (differences.empty()) {
    session.out().print("{} and {} have the same objects", left, right);
    return code;
  }
  session.out().print("from {} to {}:", left, right);
  std::string service;
  for (const ObjectDifference& one : differences) {
    if (one.service != service) session.out().line(session.out().paint(Colour::bold, one.service));
    service = one.service;
    session.out().print("  {}  {}", one.side, escape_for_terminal(one.object));
    session.out().raw(manifest::print_changes(one.changes, "    "));
  }
  return code;
}

Result<git::Oid> tip_of(const record::EnvironmentRepository& records, const std::string& environment) {
  MUSTER_TRY(const record::Branch branch, records.branch(environment));
  return branch.tip;
}

int between_environments(Session& session, const OpenFleet& open) {
  const record::EnvironmentRepository& records = *open.records;
  const auto& operands = session.arguments().operands;
  const Result<git::Oid> left = tip_of(records, operands[0]);
  if (!left.ok()) return session.fail(left.failure());
  const Result<git::Oid> right = tip_of(records, operands[1]);
  if (!right.ok()) return session.fail(right.failure());
  record::Standing a(records.repository(), *left);
  record::Standing b(records.repository(), *right);
  const auto differences = compare_standings(a, b, std::set<std::string>(operands.begin() + 2, operands.end()));
  if (!differences.ok()) return session.fail(differences.failure());
  return finish(session, *open.session, *differences, operands[0], operands[1]);
}

int between_revisions(Session& session) {
  int code = kDone;
  const std::unique_ptr<FleetSession> parts = FleetSession::open(session, code);
  if (!parts) return code;
  const Result<daemon::LoadedFleet> fleet = parts->engine().load();
  if (!fleet.ok()) return session.fail(fleet.failure());
  return plan_against(session, *parts, *fleet, session.arguments().get("--against"));
}

int between_times(Session& session, const OpenFleet& open, Instant at) {
  record::EnvironmentRepository& records = *open.records;
  auto operands = session.arguments().operands;
  const std::vector<std::string> environments = open.session->environments(open.usable(), &records);
  std::vector<std::string> in = session.arguments().all("--in");
  if (!operands.empty() && std::find(environments.begin(), environments.end(), operands.front()) != environments.end()) {
    in.push_back(operands.front());
    operands.erase(operands.begin());
  }
  const auto selection = select(open.session->nameable(open.usable(), &records), environments, operands, in);
  if (!selection.ok()) return session.fail(selection.failure());
  std::vector<ObjectDifference> all;
  for (const std::string& environment : selection->environments) {
    const Result<git::Oid> tip = tip_of(records, environment);
    if (!tip.ok()) return session.fail(tip.failure());
    const auto then = record::commit_at(*records.repository(), *tip, at);
    if (!then.ok()) return session.fail(then.failure());
    if (!then->has_value()) return session.misuse(fmt::format("{} had no branch yet at {}", environment, format_instant(at)));
    const std::vector<std::string> services = selection->services_in(environment);
    const std::set<std::string> only(services.begin(), services.end());
    record::Standing a(records.repository(), **then);
    record::Standing b(records.repository(), *tip);
    auto differences = compare_standings(a, b, only);
    if (!differences.ok()) return session.fail(differences.failure());
    for (ObjectDifference& one : *differences) {
      one.service = model::instance_name(one.service, environment);
      all.push_back(std::move(one));
    }
  }
  return finish(session, *open.session, all, format_instant(at), "now");
}

int run(Session& session) {
  const auto at = moment_of(session, "--at");
  if (!at.ok()) return session.misuse(at.failure().text);
  if (session.arguments().has("--against")) return between_revisions(session);
  int code = kDone;
  const std::optional<OpenFleet> open = open_last_seen(session, code);
  if (!open) return code;
  if (*at) return between_times(session, *open, **at);
  const auto& operands = session.arguments().operands;
  const std::vector<std::string> environments = open->session->environments(open->usable(), open->records);
  const auto is_environment = [&](const std::string& name) {
    return std::find(environments.begin(), environments.end(), name) != environments.end();
  };
  if (operands.size() >= 2 && is_environment(operands[0]) && is_environment(operands[1])) return between_environments(session, *open);
  const auto selection = open->session->selection(open->usable(), open->records);
  if (!selection.ok()) return session.fail(selection.failure());
  const auto differences = compare_live(session, *open->session, *open->records, *selection);
  if (!differences.ok()) return session.fail(differences.failure());
  return finish(session, *open->session, *differences, "the target", "the branch");
}

}  // namespace

const Verb kDiff = {
    "diff",
    "what differs: branch and target, two environments, two times, two fleet revisions",
    "Without options: what the environment branches ask for against what the targets have. With two environments as operands:\n"
    "their descriptors. With --at: then against now. With --against: the fleet files against an earlier revision. Values of\n"
    "Secrets are never shown.",
    "[ENV ENV] [INSTANCE…]",
    kOptions,
    "$ muster diff --in production\n"
    " $ muster diff staging production cart\n"
    " $ muster diff production --at 2026-05-04T10:00",
    "left, right, differences ([{service, object, side, fields: [{path, before, after}]}]).",
    run};

}  // namespace muster::cli
