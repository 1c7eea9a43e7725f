#include "support/tls_front.hpp"

#include <fmt/core.h>
#include <unistd.h>

#include <sstream>
#include <stdexcept>

#include "support/certificate.hpp"
#include "support/git_repository.hpp"
#include "support/scripted_server.hpp"

namespace muster::test {
namespace {

constexpr int kTries = 5;  ///< Another process may take the free port first.

constexpr std::string_view kNginx = R"(
daemon off;
{user}
pid {folder}/nginx.pid;
error_log {folder}/error.log;
events {{ worker_connections 512; }}
http {{
  log_format connections '$connection $server_protocol';
  access_log {folder}/access.log connections;
  client_body_temp_path {folder}/body;
  fastcgi_temp_path {folder}/fastcgi;
  proxy_temp_path {folder}/proxy;
  uwsgi_temp_path {folder}/uwsgi;
  scgi_temp_path {folder}/scgi;
  client_max_body_size 0;
  server {{
    listen 127.0.0.1:{port} ssl http2;
    ssl_certificate {folder}/server.pem;
    ssl_certificate_key {folder}/server.key;
    location / {{
      proxy_pass http://127.0.0.1:{behind};
      proxy_http_version 1.1;
      proxy_redirect off;
      proxy_set_header Host $http_host;
    }}
  }}
}}
)";

}  // namespace

std::optional<std::string> TlsFront::missing() {
  if (!find_program("nginx")) return "nginx is not installed (Debian package nginx-light)";
  if (!find_program("openssl")) return "openssl is not installed (Debian package openssl)";
  return std::nullopt;
}

TlsFront::TlsFront(int port_behind) {
  make_certificate(folder_.path());
  for (int i = 0; i < kTries; ++i) {
    if (start(port_behind)) return;
  }
  throw std::runtime_error("nginx does not start: " + folder_.read("error.log"));
}

std::set<std::string> TlsFront::connections() const {
  std::set<std::string> out;
  std::istringstream log(folder_.read("access.log"));
  for (std::string line; std::getline(log, line);) out.insert(line);
  return out;
}

bool TlsFront::start(int port_behind) {
  port_ = free_port();
  const std::string folder = folder_.path().string();
  const auto configuration =
      folder_.write("nginx.conf", fmt::format(kNginx, fmt::arg("folder", folder), fmt::arg("port", port_), fmt::arg("behind", port_behind),
                                              fmt::arg("user", ::getuid() == 0 ? "user root;" : "")));
  server_.emplace(std::vector<std::string>{find_program("nginx").value().string(), "-p", folder, "-e", folder + "/error.log", "-c",
                                           configuration.string()},
                  std::map<std::string, std::string>{{"PATH", "/usr/bin:/bin"}}, folder_.path() / "nginx.log");
  return wait_for_port(port_, *server_);
}

}  // namespace muster::test
