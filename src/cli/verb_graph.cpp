#include <algorithm>

#include "cli/fleet_session.hpp"
#include "cli/options.hpp"
#include "cli/verbs.hpp"
#include "muster/base/text.hpp"
#include "muster/graph/draw.hpp"
#include "muster/graph/instances.hpp"

namespace muster::cli {
namespace {

constexpr Option kOptions[] = {kIn,
                               {"--reverse", "", "who needs the named instances: who is hit when they fail"},
                               {"--format", "FORMAT", "text (default), dot, svg or json"}};

/// The part of the graph that the operands ask for, with all that they reach.
struct Part {
  graph::Graph graph;
  std::vector<graph::NodeId> roots;
};

Part part_of(const graph::Graph& whole, const Selection& selection, graph::Direction direction) {
  std::vector<graph::NodeId> starts;
  for (const graph::NodeId node : whole.nodes()) {
    const std::string& name = whole.name(node);
    const std::size_t at = name.find('@');
    if (selection.has(name.substr(0, at), name.substr(at + 1))) starts.push_back(node);
  }
  std::vector<bool> keep(whole.size(), false);
  if (selection.instances.empty()) {
    for (const graph::NodeId node : starts) keep[graph::index(node)] = true;
  } else {
    for (const graph::Reached& reached : graph::reach(whole, starts, direction)) keep[graph::index(reached.node)] = true;
  }
  Part out{graph::part(whole, keep), {}};
  if (selection.instances.empty()) return out;
  for (const graph::NodeId node : starts) {
    if (const auto found = out.graph.find(whole.name(node))) out.roots.push_back(*found);
  }
  return out;
}

/// The chain in which each needs the one before: however many run at once, this many steps come after each other.
std::vector<std::string> longest_chain(const graph::Graph& drawn) {
  std::vector<std::string> names;
  for (const graph::NodeId node : graph::critical_path(drawn, std::vector<std::uint64_t>(drawn.size(), 1)).nodes)
    names.push_back(drawn.name(node));
  return names;
}

int run(Session& session) {
  const std::string format = session.arguments().get("--format", session.json() ? "json" : "text");
  if (format != "text" && format != "dot" && format != "svg" && format != "json")
    return session.misuse("--format is text, dot, svg or json");
  const std::optional<Path> root = session.root();
  if (!root) return kInvalid;
  Result<lang::Compilation> compiled = load_fleet(session, *root);
  if (!compiled.ok()) return session.fail(compiled.failure());
  const std::size_t errors =
      session.json() ? compiled->diagnostics().errors() : print_diagnostics(session, compiled->diagnostics(), compiled->sources());
  Result<Selection> selection = select_declared(compiled->fleet(), session.arguments().operands, session.arguments().all("--in"));
  if (!selection.ok()) return session.fail(selection.failure());

  const graph::Direction direction = session.arguments().has("--reverse") ? graph::Direction::needed_by : graph::Direction::needs;
  const graph::InstanceGraph whole = graph::graph_of(compiled->fleet());
  const Part part = part_of(whole.graph, *selection, direction);
  const int code = errors > 0 ? kInvalid : kDone;
  const std::vector<std::string> chain = longest_chain(part.graph);
  if (format == "json") {
    return session.finish(Object{{"graph", graph::draw_json(part.graph)}, {"longest_chain", Array(chain.begin(), chain.end())}}, code);
  }
  if (format == "text") {
    session.out().raw(graph::draw_tree(part.graph, direction, part.roots));
    if (chain.size() > 2 && part.roots.empty()) session.out().line(fmt::format("longest chain: {}", join(chain, " → ")));
  } else {
    const graph::Graph drawn = graph::reduced(part.graph);
    session.out().raw(format == "dot" ? graph::draw_dot(drawn) : graph::draw_svg(drawn));
  }
  return code;
}

}  // namespace

const Verb kGraph = {
    "graph",
    "draw who needs whom",
    "Draws the instances and what they need, by `needs` and by the outputs they read. With operands: those and all they reach.",
    "[INSTANCE…]",
    kOptions,
    "$ muster graph --in production\n"
    " $ muster graph --reverse payments@production\n"
    " $ muster graph --format svg > fleet.svg",
    "graph ({nodes: [{name, group, wave}], edges: [{from, to}]}), longest_chain (names: each needs the one before).",
    run};

}  // namespace muster::cli
