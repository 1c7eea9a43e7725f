#include "cli/fleet_session.hpp"
#include "cli/options.hpp"
#include "cli/verbs.hpp"
#include "muster/base/text.hpp"
#include "muster/graph/draw.hpp"
#include "muster/graph/instances.hpp"
#include "muster/manifest/yaml.hpp"
#include "muster/model/dump.hpp"

namespace muster::cli {
namespace {

constexpr Option kOptions[] = {kIn};

int dump_objects(Session& session, const lang::Compilation& compilation, const Selection& selection) {
  const model::Fleet& fleet = compilation.fleet();
  for (const model::Instance& instance : fleet.instances) {
    const std::string& environment = fleet.environment(instance.environment).name;
    if (!selection.has(instance.name, environment)) continue;
    for (const model::ObjectTemplate& object : instance.objects) {
      session.out().raw(fmt::format("---\n# {}\n{}", model::instance_name(instance.name, environment),
                                    escape_for_terminal(manifest::print_object(object.content))));
    }
  }
  return compilation.diagnostics().errors() > 0 ? kInvalid : kDone;
}

int dump_plan(Session& session) {
  int code = kDone;
  const std::unique_ptr<FleetSession> parts = FleetSession::open(session, code);
  if (!parts) return code;
  Result<daemon::LoadedFleet> fleet = parts->load();
  if (!fleet.ok()) return session.fail(fleet.failure());
  Result<record::EnvironmentRepository*> records = parts->records(&*fleet);
  if (!records.ok()) return session.fail(records.failure());
  const Result<reconcile::Plan> plan = parts->engine().compare(**records, {}, session.stop());
  if (!plan.ok()) return session.fail(plan.failure());
  if (session.json()) return session.finish(Object{{"plan", reconcile::to_value(*plan)}}, kDone);
  session.out().raw(reconcile::dump(*plan));
  return kDone;
}

int run(Session& session) {
  auto operands = session.arguments().operands;
  if (operands.empty()) return session.misuse("takes what to dump: syntax, model, graph, objects or plan");
  const std::string what = operands.front();
  operands.erase(operands.begin());
  if (what == "plan") return dump_plan(session);
  if (what != "syntax" && what != "model" && what != "graph" && what != "objects")
    return session.misuse("dumps syntax, model, graph, objects or plan");
  const std::optional<Path> root = session.root();
  if (!root) return kInvalid;
  Result<lang::Compilation> compiled = load_fleet(session, *root);
  if (!compiled.ok()) return session.fail(compiled.failure());
  print_diagnostics(session, compiled->diagnostics(), compiled->sources());
  const int code = compiled->diagnostics().errors() > 0 ? kInvalid : kDone;
  Result<Selection> selection = select_declared(compiled->fleet(), operands, session.arguments().all("--in"));
  if (!selection.ok()) return session.fail(selection.failure());
  if (what == "objects") return dump_objects(session, *compiled, *selection);
  if (what == "syntax") session.out().raw(compiled->dump_syntax());
  if (what == "model") session.out().raw(to_pretty_json(model::to_value(compiled->fleet())));
  if (what == "graph") session.out().raw(to_pretty_json(graph::draw_json(graph::graph_of(compiled->fleet()).graph)));
  return code;
}

}  // namespace

const Verb kDump = {
    "dump",
    "print a stage of the way from text to target",
    "Every step from fleet files to targets has a text form: the syntax trees, the evaluated model, the graph of instances, the\n"
    "objects that kinds emit, and the plan that reconcile would carry out. For finding out at which step something changes.",
    "syntax|model|graph|objects|plan [INSTANCE…]",
    kOptions,
    "$ muster dump objects cart --in production",
    "plan alone has a JSON result (plan); model and graph are JSON as they are.",
    run};

}  // namespace muster::cli
