// Credentials of a build, fetched when it begins: what its programs get by reference, and what its log must not show.
//
// Failures: absent or denied secrets, an unreadable docker configuration, those of the disk. Not thread-safe.
#pragma once

#include <map>
#include <stop_token>
#include <string>
#include <vector>

#include "muster/base/secrets.hpp"
#include "muster/base/world.hpp"
#include "muster/pipeline/builds.hpp"
#include "pipeline/scratch.hpp"

namespace muster::pipeline {

struct Credentials {
  /// An authfile as docker and containers have it. A command's has the login of the registry that it pushes to and no other;
  /// buildah's, which no program of the build sees, has all that `docker_config()` refers to, for base images.
  Path registry;
  std::map<std::string, std::string> secrets;  ///< By the builder's name for each.
  std::vector<std::string> shown_never;        ///< What is secret in these, as it is and as the authfile has it.
};

Result<Credentials> fetch_credentials(const World& world, Secrets& secrets, const Settings& settings, const Order& order, Scratch& scratch,
                                      const std::stop_token& stop);

}  // namespace muster::pipeline
