// Tokens: what a registry asks for, answered: nothing, user and password, or a token from its realm.
//
// Source: https://distribution.github.io/distribution/spec/auth/token/ and …/oauth/. The scope is always our own, to pull
// from the one repository, whatever a challenge wishes for. Tokens are kept by registry, credentials and repository until
// shortly before they end. A realm gets credentials only when it belongs to the registry (hosts.hpp) or the fleet names it.
// Thread-safe; asks without a lock. Failures: denied (a foreign realm, refused credentials), corrupt, and those of Wire.
#pragma once

#include <map>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>

#include "muster/registry/registry.hpp"
#include "registry/answers.hpp"
#include "registry/logins.hpp"
#include "registry/wire.hpp"

namespace muster::registry {

/// Who asks what, where.
struct Asking {
  const Access& access;
  const model::ImageReference& repository;
  std::string origin;  ///< "https://ghcr.io"
  const http::Limits& limits;
  const std::stop_token& stop;
  /// Of the credentials, by reference: one person's token is not another's.
  [[nodiscard]] std::string identity() const;
};

class Tokens {
 public:
  Tokens(Wire& wire, Logins& logins) : wire_(wire), logins_(logins) {}

  /// By what this registry has asked for before; none where it has not asked yet.
  Result<http::Credentials> credentials(const Asking& asking);
  /// The registry has refused: forgets what was sent, and answers its challenge anew.
  Result<http::Credentials> credentials_after(const Asking& asking, const http::Answer& refusal);

 private:
  struct Token {
    std::string text;
    Duration good_until{};
  };
  Result<http::Credentials> answer_to(const Asking& asking, const Challenge& challenge);
  Result<std::string> token_for(const Asking& asking, const Challenge& challenge, const Login& login);
  Result<Token> new_token(const Asking& asking, const Challenge& challenge, const Login& login);
  Result<Token> token_in(const http::Answer& answer) const;
  void keep(const std::string& key, const Token& token);

  Wire& wire_;
  Logins& logins_;
  std::mutex mutex_;
  std::map<std::string, Challenge> challenges_;  ///< By origin and identity.
  std::map<std::string, Token> tokens_;          ///< By origin, identity and repository.
};

}  // namespace muster::registry
