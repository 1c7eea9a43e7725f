// Writing objects of one instance to its target, crash-safe: intent, write, confirmation. The steps are listed in write.cpp.
#pragma once

#include <vector>

#include "reconcile/mover.hpp"

namespace muster::reconcile {

/// Does what the plan says of these objects of the run's instance. `whole`: they are all that is left to do, so that the
/// inventory may say afterwards that the record is applied.
Result<void> write_objects(const Walk& walk, Run& run, const std::vector<const ObjectPlan*>& objects, bool whole);

}  // namespace muster::reconcile
