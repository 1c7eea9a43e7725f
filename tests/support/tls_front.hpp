// nginx with a certificate of a private authority, in front of a server of a test that speaks plain HTTP.
#pragma once

#include <filesystem>
#include <optional>
#include <set>
#include <string>

#include "support/server_process.hpp"
#include "support/temporary.hpp"

namespace muster::test {

class TlsFront {
 public:
  /// Passes every request on to this port of loopback, and every answer back as it is.
  explicit TlsFront(int port_behind);

  static std::optional<std::string> missing();

  [[nodiscard]] int port() const { return port_; }
  /// Of the exchanges that have ended: a number and the protocol, "7 HTTP/2.0".
  [[nodiscard]] std::set<std::string> connections() const;
  [[nodiscard]] std::filesystem::path ca_file() const { return folder_.path() / "ca.pem"; }

 private:
  bool start(int port_behind);

  TemporaryFolder folder_;
  int port_ = 0;
  std::optional<ServerProcess> server_;
};

}  // namespace muster::test
