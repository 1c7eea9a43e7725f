// Logins: the credentials of a registry as the fleet refers to them, fetched at the moment of use. What a credential
// helper of the user's says is kept for five minutes, in memory: it may ask a keychain, or a person.
//
// Thread-safe. Failures: denied (a helper failed), absent (no such secret or helper), corrupt (a docker config that cannot
// be read), and those of files, secrets and processes. No text holds what was in the file, a helper's words or a secret.
#pragma once

#include <map>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>

#include "muster/registry/login.hpp"

namespace muster::registry {

class Logins {
 public:
  Logins(const World& world, Secrets& secrets, const Settings& settings) : world_(world), secrets_(secrets), settings_(settings) {}

  Result<Login> login_for(const model::Credentials& auth, const model::ImageReference& repository, const std::stop_token& stop);
  /// What was kept for this host has been refused.
  void forget(const model::ImageReference& repository);

 private:
  struct Kept {
    Login login;
    Duration until{};
  };
  Result<Login> from_docker_config(const model::ImageReference& repository, const std::stop_token& stop);
  Result<std::optional<Login>> from_helper(const std::string& helper, const std::string& server, const std::stop_token& stop);
  [[nodiscard]] Result<std::string> helper_output(const std::string& helper, const std::string& server, const std::stop_token& stop) const;

  World world_;
  Secrets& secrets_;
  const Settings& settings_;
  std::mutex mutex_;
  std::map<std::string, Kept> kept_;  ///< By server, as helpers know it.
};

/// The login that a docker config file's `auths` has for a repository: the longest "host/path" that names it, else the host
/// in one of its forms. Pure; entries that cannot be read are none.
std::optional<Login> login_in(const Value& config, const model::ImageReference& repository);

}  // namespace muster::registry
