// Who waits for whom, and which moves cannot be made: fills waits, obstacles of kind need and circle, and order. Pure.
#pragma once

#include "muster/reconcile/plan.hpp"

namespace muster::reconcile {

void order_instances(const Observation& observation, Plan& plan);

}  // namespace muster::reconcile
