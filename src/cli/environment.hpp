// The process environment, read once, and the secrets that fleet files refer to by `env:` and `file:`.
#pragma once

#include <map>
#include <string>

#include "muster/base/files.hpp"
#include "muster/base/secrets.hpp"

namespace muster::cli {

/// All variables of this process.
std::map<std::string, std::string> process_environment();

/// Wipes all variables but those that libraries read (PATH, HOME, TZ …) out of this process's own memory, where whatever it starts
/// could read them (proc(5), /proc/PID/environ). Once, before other threads; afterwards the map of process_environment() counts.
void forget_process_environment();

/// Secrets from the environment and from files (64 KiB at most).
class EnvironmentSecrets final : public Secrets {
 public:
  EnvironmentSecrets(const std::map<std::string, std::string>& environment, Files& files) : environment_(environment), files_(files) {}
  Result<std::string> resolve(std::string_view reference) override;

 private:
  const std::map<std::string, std::string>& environment_;
  Files& files_;
};

}  // namespace muster::cli
