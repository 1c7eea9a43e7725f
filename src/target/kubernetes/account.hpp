// Who asks a cluster: gives each request what identifies it, and renews what expires. Private to the room.
//
// Ownership: the World's parts must outlive it. Thread-safe; callers wait while a plugin runs, which is asked once for all.
// Failures: denied (no or refused credentials), absent (the plugin is not installed), timeout, invalid.
#pragma once

#include <map>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>

#include "muster/base/secrets.hpp"
#include "muster/base/world.hpp"
#include "muster/http/client.hpp"
#include "target/kubernetes/kubeconfig.hpp"

namespace muster::target::kubernetes {

class Account {
 public:
  /// `environment` is what credential plugins get beside their own.
  Account(const World& world, Identity identity, Value cluster, std::map<std::string, std::string> environment);

  /// Adds credentials, client certificate and impersonation.
  Result<void> sign(http::Request& request, const std::stop_token& stop);
  /// After a 401: what was cached is not given out again. True where a second try may do better.
  bool refused();

 private:
  /// What a plugin or a file gave, until when.
  struct Issued {
    std::string token;
    std::string certificate;
    std::string key;
    std::optional<Instant> expires;      ///< By the plugin's word.
    std::optional<Duration> read_again;  ///< By the monotonic clock.
  };
  Result<Issued> current(const std::stop_token& stop);
  Result<Issued> ask_plugin(const CredentialPlugin& plugin, const std::stop_token& stop) const;
  Result<Issued> read_files() const;
  [[nodiscard]] std::string plugin_question(const CredentialPlugin& plugin) const;

  World world_;
  const Identity identity_;
  const Value cluster_;
  const std::map<std::string, std::string> environment_;
  std::mutex mutex_;
  std::optional<Issued> issued_;
};

}  // namespace muster::target::kubernetes
