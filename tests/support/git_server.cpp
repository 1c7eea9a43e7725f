#include "support/git_server.hpp"

#include <fmt/core.h>
#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <stdexcept>
#include <thread>

#include "support/certificate.hpp"
#include "support/git_repository.hpp"
#include "support/scripted_server.hpp"

namespace muster::test {
namespace {

constexpr int kTries = 5;  ///< Another process may take the free port first.

struct Needed {
  const char* program;
  const char* package;
};

template <std::size_t count>
std::optional<std::string> first_missing(const Needed (&needed)[count]) {
  for (const Needed& one : needed) {
    if (!find_program(one.program)) return fmt::format("{} is not installed (Debian package {})", one.program, one.package);
  }
  return std::nullopt;
}

std::string program(std::string_view name) { return find_program(name).value().string(); }

std::string user_name() {
  const passwd* entry = ::getpwuid(::getuid());
  return entry == nullptr ? "root" : entry->pw_name;
}

constexpr std::string_view kNginx = R"(
daemon off;
{user}
worker_processes 2;
pid {folder}/nginx.pid;
error_log {folder}/error.log;
events {{ worker_connections 512; }}
http {{
  log_format short '$request_method $request_uri $status $server_protocol $bytes_sent $request_length';
  access_log {folder}/access.log short;
  client_body_temp_path {folder}/body;
  fastcgi_temp_path {folder}/fastcgi;
  proxy_temp_path {folder}/proxy;
  uwsgi_temp_path {folder}/uwsgi;
  scgi_temp_path {folder}/scgi;
  client_max_body_size 0;
  keepalive_requests 100000;
  server {{
    listen 127.0.0.1:{port}{tls};
    {certificate}
    {authentication}
    location / {{
      fastcgi_pass unix:{folder}/gateway;
      fastcgi_param SCRIPT_FILENAME {backend};
      fastcgi_param PATH_INFO $uri;
      fastcgi_param QUERY_STRING $query_string;
      fastcgi_param REQUEST_METHOD $request_method;
      fastcgi_param CONTENT_TYPE $content_type;
      fastcgi_param CONTENT_LENGTH $content_length;
      fastcgi_param REMOTE_USER $remote_user;
      fastcgi_param REMOTE_ADDR $remote_addr;
      fastcgi_param GIT_PROJECT_ROOT {root};
      fastcgi_param GIT_HTTP_EXPORT_ALL 1;
      {protocol}
      fastcgi_param GIT_CONFIG_GLOBAL /dev/null;
      fastcgi_param GIT_CONFIG_SYSTEM /dev/null;
      fastcgi_param GIT_CONFIG_COUNT 2;
      fastcgi_param GIT_CONFIG_KEY_0 http.receivepack;
      fastcgi_param GIT_CONFIG_VALUE_0 true;
      fastcgi_param GIT_CONFIG_KEY_1 safe.directory;
      fastcgi_param GIT_CONFIG_VALUE_1 *;
    }}
  }}
}}
)";

constexpr std::string_view kSshd = R"(
ListenAddress 127.0.0.1:{port}
HostKey {folder}/host_key
AuthorizedKeysFile {folder}/authorized_keys
PidFile {folder}/sshd.pid
StrictModes no
UsePAM no
PasswordAuthentication no
KbdInteractiveAuthentication no
PermitRootLogin prohibit-password
MaxStartups 200
{accept}
)";

}  // namespace

std::optional<std::string> GitHttpServer::missing() {
  return first_missing({{"nginx", "nginx-light"}, {"fcgiwrap", "fcgiwrap"}, {"git-http-backend", "git"}, {"openssl", "openssl"}});
}

GitHttpServer::GitHttpServer(Options options) : options_(std::move(options)) {
  if (options_.tls) make_certificate(folder_.path());
  folder_.write("access.log", "");
  if (!options_.user.empty()) folder_.write("users", fmt::format("{}:{{PLAIN}}{}\n", options_.user, options_.password));
  start_gateway();
  for (int i = 0; i < kTries; ++i) {
    if (start_server()) return;
  }
  throw std::runtime_error("nginx does not start: " + folder_.read("error.log") + folder_.read("nginx.log"));
}

void GitHttpServer::start_gateway() {
  const std::string socket = (folder_.path() / "gateway").string();
  gateway_.emplace(std::vector<std::string>{program("fcgiwrap"), "-c", std::to_string(options_.workers), "-s", "unix:" + socket},
                   std::map<std::string, std::string>{{"PATH", "/usr/bin:/bin"}, {"HOME", "/nonexistent"}}, folder_.path() / "gateway.log");
  if (!wait_for_socket(socket, *gateway_)) throw std::runtime_error("fcgiwrap does not start: " + folder_.read("gateway.log"));
}

bool GitHttpServer::start_server() {
  port_ = free_port();
  const std::string folder = folder_.path().string();
  const std::string certificate =
      options_.tls ? fmt::format("ssl_certificate {0}/server.pem; ssl_certificate_key {0}/server.key;", folder) : "";
  const std::string authentication = options_.user.empty() ? "" : fmt::format("auth_basic git; auth_basic_user_file {}/users;", folder);
  const auto configuration =
      folder_.write("nginx.conf", fmt::format(kNginx, fmt::arg("folder", folder), fmt::arg("port", port_),
                                              fmt::arg("tls", options_.tls ? " ssl http2" : ""), fmt::arg("certificate", certificate),
                                              fmt::arg("authentication", authentication), fmt::arg("root", options_.root.string()),
                                              fmt::arg("backend", program("git-http-backend")),
                                              fmt::arg("protocol", options_.protocol_2 ? "" : "fastcgi_param HTTP_GIT_PROTOCOL '';"),
                                              fmt::arg("user", ::getuid() == 0 ? "user root;" : "")));
  server_.emplace(std::vector<std::string>{program("nginx"), "-p", folder, "-e", folder + "/error.log", "-c", configuration.string()},
                  std::map<std::string, std::string>{{"PATH", "/usr/bin:/bin"}}, folder_.path() / "nginx.log");
  return wait_for_port(port_, *server_);
}

std::string GitHttpServer::url(const std::string& repository) const {
  return fmt::format("{}://127.0.0.1:{}/{}", options_.tls ? "https" : "http", port_, repository);
}

std::string GitHttpServer::access_log(std::size_t lines) const {
  std::string log;
  for (int i = 0; i < 1000; ++i) {
    log = folder_.read("access.log");
    if (static_cast<std::size_t>(std::count(log.begin(), log.end(), '\n')) >= lines) break;
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  return log;
}

void GitHttpServer::stop() {
  server_.reset();
  gateway_.reset();
}

std::optional<std::string> SshServer::missing() {
  return first_missing({{"sshd", "openssh-server"}, {"ssh", "openssh-client"}, {"ssh-keygen", "openssh-client"}, {"git", "git"}});
}

SshServer::SshServer(Options options) : options_(options) {
  for (const char* key : {"host_key", "user_key", "stranger_key"}) {
    run_program({program("ssh-keygen"), "-q", "-t", "ed25519", "-N", "", "-C", key, "-f", (folder_.path() / key).string()});
  }
  folder_.write("authorized_keys", folder_.read("user_key.pub"));
  // sshd of a root user wants this folder; Debian makes it when the service starts.
  if (::getuid() == 0) ::mkdir("/run/sshd", 0755);
  for (int i = 0; i < kTries; ++i) {
    if (start()) return;
  }
  throw std::runtime_error("sshd does not start: " + log());
}

bool SshServer::start() {
  port_ = free_port();
  const auto configuration =
      folder_.write("sshd.conf", fmt::format(kSshd, fmt::arg("port", port_), fmt::arg("folder", folder_.path().string()),
                                             fmt::arg("accept", options_.accept_protocol_2 ? "AcceptEnv GIT_PROTOCOL" : "")));
  folder_.write("known_hosts", fmt::format("[127.0.0.1]:{} {}", port_, folder_.read("host_key.pub")));
  server_.emplace(std::vector<std::string>{program("sshd"), "-D", "-e", "-f", configuration.string()},
                  std::map<std::string, std::string>{{"PATH", "/usr/sbin:/usr/bin:/bin"}}, folder_.path() / "sshd.log");
  return wait_for_port(port_, *server_);
}

std::string SshServer::url(const std::filesystem::path& path) const {
  return fmt::format("ssh://{}@127.0.0.1:{}{}", user_name(), port_, path.string());
}

}  // namespace muster::test
