// Waiting in tests for what other threads and processes do.
#pragma once

#include <functional>

namespace muster::test {

/// Waits for a condition, ten times longer than anything takes.
bool eventually(const std::function<bool()>& condition);

}  // namespace muster::test
