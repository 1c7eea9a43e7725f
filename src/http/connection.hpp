// One libcurl handle with the connections it keeps. Private to the room. Thread-safety: one thread at a time.
#pragma once

#include <memory>
#include <stop_token>
#include <string>

#include "http/url.hpp"
#include "muster/http/client.hpp"

namespace muster::http {

struct Exchange {
  const Request& request;
  const Url& url;
  bool to_own_origin = true;  ///< Credentials and the client certificate go with it.
  std::string method;
};

struct ExchangeResult {
  Result<Answer> answer;
  bool delivered = false;   ///< The sink has seen bytes, so it cannot be sent again.
  bool is_refused = false;  ///< The server's certificate is not trusted: at once it is no better.
  std::uint64_t sent = 0;
  std::uint64_t received = 0;
};

class Multiplexer;

/// Before libcurl is first used; once.
void start_library();

class Connection {
 public:
  /// With `shared`, exchanges without a source run there, over connections that many handles share.
  explicit Connection(const Options& options, Multiplexer* shared = nullptr);
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  ExchangeResult perform(const Exchange& exchange, const Clock& clock, const std::stop_token& stop);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace muster::http
