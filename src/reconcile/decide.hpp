// What is to be done with each object of one instance; the table of 7-rules' "Reconcile", object by object. Pure.
#pragma once

#include <vector>

#include "muster/reconcile/plan.hpp"
#include "reconcile/claims.hpp"

namespace muster::reconcile {

/// Fills objects, start_job and rebuild of a plan for an instance whose descriptor can be used, or that has none.
void decide_objects(const Observation& observation, const Claims& claims, std::size_t instance, InstancePlan& plan);

}  // namespace muster::reconcile
