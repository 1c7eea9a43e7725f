// The health of an instance: the worst of its objects', in the order in which they are applied. Thread-safe.
#pragma once

#include <span>

#include "muster/reconcile/observation.hpp"

namespace muster::reconcile {

target::Health health_of(target::Target& target, std::span<const Desired> objects);

}  // namespace muster::reconcile
