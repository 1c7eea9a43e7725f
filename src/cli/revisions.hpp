// What the fleet files change between two revisions, evaluated: for pull requests. No network.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "cli/fleet_session.hpp"
#include "muster/graph/graph.hpp"

namespace muster::cli {

/// `muster plan --against REV`.
int plan_against(Session& session, FleetSession& parts, const daemon::LoadedFleet& now, const std::string& revision);

/// Names of all that need one of `changed`, directly or through others, without those themselves; nearest first.
std::vector<std::string> hit_by(const graph::Graph& graph, const std::set<std::string>& changed);

}  // namespace muster::cli
