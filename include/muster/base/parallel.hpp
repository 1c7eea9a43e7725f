// A parallel loop whose body writes slot i and nothing else. The caller joins and reports in order, so that the output
// is the same with 1 and 8 threads. (The ready queue over the graph is reconcile's own.)
#pragma once

#include <cstddef>
#include <functional>

namespace muster {

/// Calls `body(i)` for every i in [0, count) on up to `jobs` threads and returns when all are done. jobs <= 1 runs in
/// order on the calling thread. `body` must not throw.
void for_each_index(std::size_t count, unsigned jobs, const std::function<void(std::size_t)>& body);

/// The machine's threads, at least 1: for work that computes.
unsigned default_jobs();

/// For work that mostly waits for disks and remotes: more than the machine has threads, so that the waits overlap. One
/// flush of a disk serves all that wait for it, which makes sixteen writers eight times as fast as two.
unsigned default_waiting_jobs();

}  // namespace muster
