#include "muster/base/text.hpp"
#include "muster/http/client.hpp"

namespace muster::http {

std::string authorization_of(const Credentials& credentials) {
  if (credentials.kind == Credentials::Kind::none) return {};
  if (credentials.kind == Credentials::Kind::bearer) return "Bearer " + credentials.secret;
  return "Basic " + to_base64(credentials.user + ":" + credentials.secret);
}

}  // namespace muster::http
