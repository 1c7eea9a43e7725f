// One API server: requests in, JSON or a Failure out. Private to the room.
//
// Source: https://kubernetes.io/docs/reference/using-api/api-concepts/ and the `Status` of apimachinery's meta/v1.
//
// Ownership: the World's parts must outlive it. Thread-safe; requests of many threads share one HTTP/2 connection.
// Failures: absent (the server itself says that this object is not there), conflict (409), denied (401, 403), invalid (400, 405,
// 415, 422), limit (413), unreachable (no answer, 5xx, 429, and a path that the server does not know at present), timeout,
// cancelled, corrupt (an answer that is no JSON). Server's words are escaped and shortened.
#pragma once

#include <memory>
#include <stop_token>
#include <string>
#include <string_view>

#include "muster/base/result.hpp"
#include "muster/base/value.hpp"
#include "muster/base/world.hpp"
#include "muster/http/client.hpp"
#include "target/kubernetes/account.hpp"
#include "target/kubernetes/kubeconfig.hpp"
#include "target/kubernetes/throttle.hpp"

namespace muster::target::kubernetes {

struct Call {
  std::string method = "GET";
  std::string path;  ///< "/api/v1/namespaces/shop/configmaps/a", with its query.
  std::string body;
  std::string content_type = "application/json";
  std::string accept = "application/json";
  std::string etag;  ///< Answered with 304 where it still holds.
};

struct Reply {
  int status = 0;
  Value body;  ///< Null for 304.
  std::string etag;
};

class ApiServer {
 public:
  ApiServer(const World& world, Endpoint endpoint, std::map<std::string, std::string> environment);

  /// An answer of 200-299 or 304.
  Result<Reply> send(const Call& call, const std::stop_token& stop);
  /// A watch: `take` gets each line of the answer until the server ends it, which is success.
  Result<void> follow(const Call& call, const std::function<Result<void>(std::string_view line)>& take, const std::stop_token& stop);

  [[nodiscard]] const Endpoint& endpoint() const { return endpoint_; }
  [[nodiscard]] const Throttle& throttle() const { return throttle_; }
  /// Requests by path, for tests and metrics.
  [[nodiscard]] std::map<std::string, http::Traffic> traffic() const { return client_->traffic(); }

 private:
  Result<http::Answer> exchange(const http::Request& request, const std::stop_token& stop);
  [[nodiscard]] Result<http::Request> request_for(const Call& call) const;

  World world_;
  const Endpoint endpoint_;
  std::unique_ptr<http::Client> client_;
  Account account_;
  Throttle throttle_;
};

/// What an answer outside 200-299 means: "<server's words>".
Failure failure_of_status(int status, std::string_view body, std::string_view path);

}  // namespace muster::target::kubernetes
