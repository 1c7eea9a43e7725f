// The order in which objects of one instance are applied: what others need comes first, what may stop others (admission
// webhooks) comes last. Pruning goes the other way. Pure functions.
#pragma once

#include "muster/manifest/object.hpp"

namespace muster::manifest {

/// 0 is applied first. Kinds that Kubernetes does not bring itself stand between configuration and workloads.
int apply_rank(const ObjectId& id);

/// Rank, then identity: a total order for applying.
bool applies_before(const ObjectId& a, const ObjectId& b);

}  // namespace muster::manifest
