// The ready queue: a node starts the moment its own edges are satisfied; there are no layers. A node takes turns: after
// one it is done, or asks for another after a pause (it polls something), and holds no thread meanwhile.
//
// Every node is called at least once, whatever happened to others and whether or not the run is being stopped: the
// caller's body decides what it does then, so that no node is without an outcome. When `stop` is requested, pauses end at
// once and the body must finish its node.
//
// Thread-safety: `turn` is called from several threads, never twice at once for one node; what a node wrote is visible to
// its successors. With one job everything happens on the calling thread, and the order is the lowest ready node first.
// Failure: none; edges in a circle are the caller's error (the nodes of the circle would wait for ever).
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <stop_token>
#include <vector>

#include "muster/base/time.hpp"

namespace muster::reconcile {

using NodeIndex = std::uint32_t;

class Dag {
 public:
  explicit Dag(std::size_t nodes) : successors_(nodes), predecessors_(nodes) {}
  /// `second` waits for `first`. The same edge twice is harmless.
  void add_edge(NodeIndex first, NodeIndex second);
  [[nodiscard]] std::size_t size() const { return successors_.size(); }
  [[nodiscard]] const std::vector<NodeIndex>& successors(NodeIndex node) const { return successors_[node]; }
  [[nodiscard]] std::uint32_t predecessor_count(NodeIndex node) const { return predecessors_[node]; }

 private:
  std::vector<std::vector<NodeIndex>> successors_;
  std::vector<std::uint32_t> predecessors_;
};

/// Nothing: the node is done. A duration: it wants another turn after that pause.
using Turn = std::function<std::optional<Duration>(NodeIndex)>;

void run_ready_queue(const Dag& dag, unsigned jobs, Clock& clock, const std::stop_token& stop, const Turn& turn);

}  // namespace muster::reconcile
