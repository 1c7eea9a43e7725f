// Real git servers on loopback: git's own http-backend behind nginx, plain or TLS, and OpenSSH's sshd. Each on a free
// port, in a folder of its own, shut off from the machine's configuration.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "support/server_process.hpp"
#include "support/temporary.hpp"

namespace muster::test {

class GitHttpServer {
 public:
  struct Options {
    std::filesystem::path root;  ///< Its repositories: `<root>/<name>.git`.
    bool tls = false;            ///< With a certificate of a private authority, for 127.0.0.1; HTTP/2 is offered.
    std::string user;            ///< Basic authentication, if not empty.
    std::string password;
    int workers = 4;         ///< http-backends at once.
    bool protocol_2 = true;  ///< Lets the client's Git-Protocol header through.
  };
  explicit GitHttpServer(Options options);

  /// What is missing on this machine, as a sentence; nullopt where everything is there.
  static std::optional<std::string> missing();

  [[nodiscard]] int port() const { return port_; }
  [[nodiscard]] std::string url(const std::string& repository) const;
  [[nodiscard]] std::filesystem::path ca_file() const { return folder_.path() / "ca.pem"; }
  /// One line a request: method, path, status, version, bytes sent, bytes received. nginx writes it after the client has its answer, so
  /// this waits (ten seconds at most) until there are `lines` of them.
  [[nodiscard]] std::string access_log(std::size_t lines) const;
  void stop();

 private:
  void start_gateway();
  bool start_server();

  Options options_;
  TemporaryFolder folder_;
  int port_ = 0;
  std::optional<ServerProcess> gateway_;
  std::optional<ServerProcess> server_;
};

class SshServer {
 public:
  struct Options {
    bool accept_protocol_2 = true;  ///< Lets the client's GIT_PROTOCOL through.
  };
  SshServer() : SshServer(Options{}) {}
  explicit SshServer(Options options);

  static std::optional<std::string> missing();

  [[nodiscard]] int port() const { return port_; }
  /// ssh:// URL of a path on this machine.
  [[nodiscard]] std::string url(const std::filesystem::path& path) const;
  [[nodiscard]] std::filesystem::path key_file() const { return folder_.path() / "user_key"; }
  /// A key that the server does not know.
  [[nodiscard]] std::filesystem::path stranger_key_file() const { return folder_.path() / "stranger_key"; }
  [[nodiscard]] std::filesystem::path known_hosts() const { return folder_.path() / "known_hosts"; }
  [[nodiscard]] std::string log() const { return folder_.read("sshd.log"); }

 private:
  bool start();

  Options options_;
  TemporaryFolder folder_;
  int port_ = 0;
  std::optional<ServerProcess> server_;
};

}  // namespace muster::test

/// Skips the test where the server's programs are not installed.
#define MUSTER_NEED_SERVER(Server)                                          \
  do {                                                                      \
    if (const auto missing_ = Server::missing()) GTEST_SKIP() << *missing_; \
  } while (false)
