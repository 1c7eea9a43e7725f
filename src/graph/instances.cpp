#include "muster/graph/instances.hpp"

#include <algorithm>
#include <numeric>

namespace muster::graph {

InstanceGraph graph_of(const model::Fleet& fleet) {
  InstanceGraph out;
  std::vector<Node> nodes;
  std::vector<Edge> edges;
  nodes.reserve(fleet.instances.size());
  for (const model::Instance& instance : fleet.instances) {
    const std::string& environment = fleet.environment(instance.environment).name;
    nodes.push_back({model::instance_name(instance.name, environment), environment});
    for (const model::Need& need : instance.needs) {
      const model::Instance* other = fleet.instance(need.service, need.environment);
      if (other == nullptr) {
        out.missing.push_back({node_of(instance.id), model::instance_name(need.service, need.environment)});
        continue;
      }
      edges.push_back({node_of(instance.id), node_of(other->id), static_cast<std::uint32_t>(out.spans.size())});
      out.spans.push_back(need.span);
    }
  }
  out.graph = Graph(std::move(nodes), std::move(edges));
  return out;
}

NamedGraph graph_of(const std::vector<Named>& list) {
  NamedGraph out;
  std::vector<Node> nodes;
  nodes.reserve(list.size());
  for (const Named& named : list) nodes.push_back({named.name, named.group});
  const Graph names(nodes, {});
  std::vector<Edge> edges;
  for (const NodeId node : names.nodes()) {
    const std::vector<std::string>& needs = list[index(node)].needs;
    for (std::size_t i = 0; i < needs.size(); ++i) {
      if (const std::optional<NodeId> other = names.find(needs[i])) {
        edges.push_back({node, *other, static_cast<std::uint32_t>(i)});
      } else {
        out.missing.push_back({node, needs[i]});
      }
    }
  }
  out.graph = Graph(std::move(nodes), std::move(edges));
  return out;
}

}  // namespace muster::graph
