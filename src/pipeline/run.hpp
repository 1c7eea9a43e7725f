// Run: one build from its turn on this machine to the digest that the registry has, as a list of steps.
//
// Not thread-safe: one thread a run. Failures are told in the Progress; is_for_good() of its failure says whether the same
// inputs would fail again: such a failure is written down for later runs.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>

#include "muster/pipeline/builds.hpp"
#include "pipeline/build_log.hpp"
#include "pipeline/builder.hpp"
#include "pipeline/credentials.hpp"
#include "pipeline/scratch.hpp"

namespace muster::pipeline {

struct Run {
  const World& world;
  registry::Registries& registries;
  Secrets& secrets;
  const Settings& settings;
  const Order& order;
  bool local = false;     ///< Kept as a file, nothing is pushed.
  BuildLog::Line newest;  ///< Gets the newest line.
  BuildLog::Line every;   ///< Gets all lines.
  std::stop_token stop;
};

/// "ghcr.io/shop/payments:muster-0f3a…"
model::ImageReference tagged(const Order& order);
/// A Progress in which the registry has the image.
Progress had(const Order& order, std::string digest, bool reused, Instant since);

/// Never retries as a whole.
Progress carry_out(const Run& run);

}  // namespace muster::pipeline
