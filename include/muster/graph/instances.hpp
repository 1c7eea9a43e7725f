// Graphs of what muster has: the instances of a fleet, or names with needs as an environment branch records them
// (reconcile reads branches, never the fleet). Pure.
#pragma once

#include <string>
#include <vector>

#include "muster/diag/source.hpp"
#include "muster/graph/graph.hpp"
#include "muster/model/fleet.hpp"

namespace muster::graph {

/// Something needed that has no node: an instance that was removed, or stands in an environment nobody read.
struct Missing {
  NodeId node{};
  std::string need;
};

/// A fleet's instances; NodeId and InstanceId are the same number, the group is the environment.
struct InstanceGraph {
  Graph graph;
  std::vector<diag::Span> spans;  ///< By Edge::reason: where the need is declared or the output is read.
  std::vector<Missing> missing;   ///< "payments@staging"; lang reports these, so only poisoned instances are among them.
};
InstanceGraph graph_of(const model::Fleet& fleet);

constexpr NodeId node_of(model::InstanceId instance) { return static_cast<NodeId>(instance); }
constexpr model::InstanceId instance_of(NodeId node) { return static_cast<model::InstanceId>(node); }

/// A name and the names it needs.
struct Named {
  std::string name;
  std::string group;
  std::vector<std::string> needs;
};

struct NamedGraph {
  Graph graph;                   ///< NodeId is the index into the list; Edge::reason the index into its `needs`.
  std::vector<Missing> missing;  ///< By name, then as listed.
};
/// Names must be unique.
NamedGraph graph_of(const std::vector<Named>& list);

}  // namespace muster::graph
