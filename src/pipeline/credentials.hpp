// Credentials of a build, fetched when it begins: what its programs get by reference, and what its log must not show.
//
// Failures: absent or denied secrets, an unreadable docker configuration, those of the disk. Not thread-safe.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "muster/base/secrets.hpp"
#include "muster/base/world.hpp"
#include "muster/pipeline/builds.hpp"
#include "pipeline/scratch.hpp"

namespace muster::pipeline {

struct Credentials {
  Path registry;                               ///< An authfile as docker and containers have it; without `auths` where there are none.
  std::map<std::string, std::string> secrets;  ///< By the builder's name for each.
  std::vector<std::string> shown_never;        ///< Every form in which one of them could be printed.
};

/// `settings.docker_config`, or where HOME has it.
Path docker_config_of(const Settings& settings);

Result<Credentials> fetch_credentials(const World& world, Secrets& secrets, const Settings& settings, const Order& order, Scratch& scratch);

}  // namespace muster::pipeline
