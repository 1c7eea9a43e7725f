// Results: what is written beside a build's log when it failed for good, so that no later run tries the same inputs again.
//
// Format of builds/<service>/<tag>.json: {"service", "image", "reference", "commit", "failed": instant, "reason", "text",
// "inputs": [inputs_digest of each that failed], "exit_code": number or null, "log": path, "lines": [last lines]}.
// Thread-safety: as Files. A file that cannot be read is none.
#pragma once

#include <optional>

#include "muster/base/world.hpp"
#include "muster/pipeline/builds.hpp"

namespace muster::pipeline {

/// builds/<service>/<tag> below the state folder, without an extension.
Path result_path(const Settings& settings, const Order& order);
/// Where an image goes that is to stay on this machine.
Path image_path(const Settings& settings, const Order& order);

/// `progress` is a failed one.
Result<void> write_failure(Files& files, const Settings& settings, const Order& order, const Progress& progress,
                           std::optional<int> exit_code);
Result<void> forget_failure(Files& files, const Settings& settings, const Order& order);
/// Leaves the files of the newest builds of this service, and fewer of their images.
void drop_old_results(Files& files, const Settings& settings, const Order& order);

}  // namespace muster::pipeline
