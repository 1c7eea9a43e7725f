// Signatures of commits, verified by the programs that people sign with: OpenSSH's `ssh-keygen -Y verify`, and gpg.
//
// Thread-safety: any thread. Failures: of the programs (absent, timeout) and of the disk; a commit without a signature,
// or with one that none of the keys made, is no Failure but nobody. Source of formats: git's gpg-interface, ssh-keygen(1).
#pragma once

#include <map>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <string_view>

#include "muster/base/result.hpp"
#include "muster/base/world.hpp"

namespace muster::git {

/// The key of `keys` that signed the commit (raw, as git stores it). Keys are OpenSSH public keys ("ssh-ed25519 AAAA… name")
/// or armoured GPG public keys. `environment` gives the programs their PATH; nothing else of it is used.
Result<std::optional<std::string>> verify_commit(const World& world, const std::map<std::string, std::string>& environment,
                                                 std::string_view raw_commit, std::span<const std::string> keys,
                                                 const std::stop_token& stop);

}  // namespace muster::git
