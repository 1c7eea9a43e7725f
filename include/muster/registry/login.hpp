// Login: the credentials of a registry as the fleet refers to them, for programs that reach it by themselves.
//
// Thread-safety: any thread. Failures: denied (a helper failed), absent (no such secret or helper), corrupt (a docker
// configuration that cannot be read), and those of files, secrets and processes. No text holds what was in the file, a
// helper's words or a secret.
#pragma once

#include <cstdint>
#include <stop_token>
#include <string>

#include "muster/base/result.hpp"
#include "muster/base/secrets.hpp"
#include "muster/base/value.hpp"
#include "muster/base/world.hpp"
#include "muster/model/fleet.hpp"
#include "muster/registry/registry.hpp"

namespace muster::registry {

struct Login {
  enum class Kind : std::uint8_t {
    none,
    basic,     ///< User and password.
    identity,  ///< An OAuth2 refresh token: exchanged for tokens, never sent to the registry itself.
    bearer,    ///< A token for the registry itself.
  } kind = Kind::none;
  std::string user;
  std::string secret;
};

/// The one with which a repository is reached; helpers are asked anew.
Result<Login> fetch_login(const World& world, Secrets& secrets, const Settings& settings, const model::Credentials& auth,
                          const model::ImageReference& repository, const std::stop_token& stop);

/// What `docker login` wrote; an empty object where it wrote nothing.
Result<Value> read_docker_config(Files& files, const Path& path);
/// The name that its file has for a repository's host.
std::string docker_server(const model::ImageReference& repository);

}  // namespace muster::registry
