// Exchange: a question to a registry, from the reference to the answer that counts: where it is asked, by whom, and what an
// answer means that is none. Redirects are followed without credentials, and not into private networks (hosts.hpp).
// Thread-safe; asks without a lock. Failures: absent, denied, and those of Wire and Tokens.
#pragma once

#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "muster/registry/registry.hpp"
#include "registry/logins.hpp"
#include "registry/tokens.hpp"
#include "registry/wire.hpp"

namespace muster::registry {

struct Question {
  std::string method = "GET";
  std::string path;  ///< "/v2/…"
  std::string url;   ///< Instead: where a page says that the next one is. Of another origin, it is asked without credentials.
  std::vector<http::Header> headers;
  std::string subject;           ///< "the tag 1.4 of ghcr.io/shop/cart", for texts.
  std::uint64_t bytes = 0;       ///< Of the answer at most.
  bool is_continuation = false;  ///< Waits for its turn as long as it takes, else what was asked before was for nothing.
};

class Exchange {
 public:
  Exchange(const World& world, http::Client& client, Secrets& secrets, const Settings& settings)
      : settings_(settings), logins_(world, secrets, settings), wire_(world.clock, client), tokens_(wire_, logins_) {}

  /// An answer of 200, or 304 where the question had a condition; any other is a failure.
  Result<http::Answer> ask(const Access& access, const model::ImageReference& repository, const Question& question,
                           const std::stop_token& stop);

 private:
  Result<std::string> origin_for(const Access& access, const model::ImageReference& repository, const std::stop_token& stop);
  Result<std::string> probed_origin(const Access& access, const std::string& host, const std::stop_token& stop);
  void forget_origin(const model::ImageReference& repository);
  Result<http::Answer> send(const Asking& asking, const Question& question, const http::Credentials& credentials);
  Result<http::Answer> ask_authorised(const Asking& asking, const Question& question);

  const Settings& settings_;
  Logins logins_;
  Wire wire_;
  Tokens tokens_;
  std::mutex mutex_;
  std::map<std::string, std::string> loopback_origins_;  ///< By host: what answered there.
};

}  // namespace muster::registry
