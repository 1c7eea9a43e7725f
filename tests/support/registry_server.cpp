#include "support/registry_server.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <ctime>
#include <fstream>
#include <stdexcept>

#include "muster/base/digest.hpp"
#include "muster/base/value.hpp"
#include "muster/base/world.hpp"
#include "support/certificate.hpp"
#include "support/git_repository.hpp"
#include "support/scripted_server.hpp"

namespace muster::test {
namespace {

constexpr int kTries = 5;  ///< Another process may take the free port first.
constexpr std::string_view kService = "test registry";
constexpr std::string_view kIssuer = "test realm";

constexpr std::string_view kConfiguration = R"(version: 0.1
log: {{level: error, accesslog: {{disabled: false}}}}
storage: {{filesystem: {{rootdirectory: "{root}"}}, delete: {{enabled: true}}}}
http:
  addr: "127.0.0.1:{port}"
  secret: "shared by all that share a folder"
{tls}{authentication})";

http::Client& client() {
  static const auto kClient = http::make_client(system_world());
  return *kClient;
}

std::string base64url(std::string_view bytes) {
  std::string out = run_program({find_program("openssl").value().string(), "base64", "-A"}, bytes);
  std::replace(out.begin(), out.end(), '+', '-');
  std::replace(out.begin(), out.end(), '/', '_');
  out.erase(out.find_last_not_of("=\n") + 1);
  return out;
}

/// bcrypt, the one hash that docker-registry takes; perl is on every Debian.
std::string hashed(const std::string& password) {
  return run_program({"perl", "-e", "print crypt($ARGV[0], q($2b$05$abcdefghijklmnopqrstuu))", password});
}

Object descriptor(std::string_view type, std::string_view bytes) {
  return {{"mediaType", type}, {"digest", sha256(bytes).text()}, {"size", static_cast<std::int64_t>(bytes.size())}};
}

}  // namespace

std::optional<std::string> RegistryServer::missing() {
  for (const auto& [program, package] : {std::pair("docker-registry", "docker-registry"), std::pair("openssl", "openssl")}) {
    if (!find_program(program)) return fmt::format("{} is not installed (Debian package {})", program, package);
  }
  return std::nullopt;
}

RegistryServer::RegistryServer(Options options) : options_(std::move(options)) {
  if (options_.root.empty()) options_.root = folder_.path() / "contents";
  if (options_.tls) make_certificate(folder_.path());
  if (!options_.user.empty()) folder_.write("users", fmt::format("{}:{}\n", options_.user, hashed(options_.password)));
  if (!options_.realm.empty()) make_signer();
  for (int i = 0; i < kTries; ++i) {
    port_ = free_port();
    if (start()) return;
  }
  throw std::runtime_error("docker-registry does not start: " + log());
}

bool RegistryServer::start() {
  const std::string folder = folder_.path().string();
  const std::string tls = options_.tls ? fmt::format("  tls: {{certificate: \"{0}/server.pem\", key: \"{0}/server.key\"}}\n", folder) : "";
  std::string authentication;
  if (!options_.user.empty()) authentication = fmt::format("auth: {{htpasswd: {{realm: test, path: \"{}/users\"}}}}\n", folder);
  if (!options_.realm.empty()) {
    authentication = fmt::format("auth: {{token: {{realm: \"{}\", service: \"{}\", issuer: \"{}\", rootcertbundle: \"{}/signer.pem\"}}}}\n",
                                 options_.realm, kService, kIssuer, folder);
  }
  const auto file =
      folder_.write("config.yml", fmt::format(kConfiguration, fmt::arg("root", options_.root.string()), fmt::arg("port", port_),
                                              fmt::arg("tls", tls), fmt::arg("authentication", authentication)));
  server_.emplace(std::vector<std::string>{find_program("docker-registry").value().string(), "serve", file.string()},
                  std::map<std::string, std::string>{{"PATH", "/usr/bin:/bin"}, {"OTEL_TRACES_EXPORTER", "none"}},
                  folder_.path() / "registry.log");
  return wait_for_port(port_, *server_);
}

void RegistryServer::stop() { server_.reset(); }

void RegistryServer::start_again() {
  stop();
  if (!start()) throw std::runtime_error("docker-registry does not start again: " + log());
}

void RegistryServer::make_signer() {
  const std::string folder = folder_.path().string();
  run_program({find_program("openssl").value().string(), "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj",
               "/CN=test signer", "-keyout", folder + "/signer.key", "-out", folder + "/signer.pem"});
}

std::string RegistryServer::host() const { return fmt::format("127.0.0.1:{}", port_); }

std::string RegistryServer::url(std::string_view path) const {
  return fmt::format("{}://127.0.0.1:{}{}", options_.tls ? "https" : "http", port_, path);
}

int RegistryServer::requests(std::string_view beginning) const {
  const std::string lines = log();
  const std::string wanted = fmt::format("\"{}", beginning);
  int out = 0;
  for (auto at = lines.find(wanted); at != std::string::npos; at = lines.find(wanted, at + 1)) ++out;
  return out;
}

std::string RegistryServer::token(std::string_view repository, int seconds) const {
  const std::string openssl = find_program("openssl").value().string();
  const std::string folder = folder_.path().string();
  const std::string der = run_program({openssl, "x509", "-in", folder + "/signer.pem", "-outform", "DER"});
  std::string x5c = run_program({openssl, "base64", "-A"}, der);
  x5c.erase(x5c.find_last_not_of('\n') + 1);
  const auto now = static_cast<std::int64_t>(std::time(nullptr));
  const Object access{{"type", "repository"}, {"name", repository}, {"actions", Array{"pull"}}};
  const Object header{{"typ", "JWT"}, {"alg", "RS256"}, {"x5c", Array{x5c}}};
  const Object claims{{"iss", kIssuer},
                      {"aud", kService},
                      {"sub", ""},
                      {"exp", now + seconds},
                      {"nbf", now - 60},
                      {"iat", now},
                      {"jti", std::to_string(now)},
                      {"access", Array{access}}};
  const std::string text = base64url(to_canonical_json(header)) + "." + base64url(to_canonical_json(claims));
  return text + "." + base64url(run_program({openssl, "dgst", "-sha256", "-sign", folder + "/signer.key", "-binary"}, text));
}

std::string RegistryServer::push(const std::string& repository, const std::string& tag, std::string_view content) {
  return push_layers(repository, tag, {Layer{std::string(content)}});
}

std::string RegistryServer::push_layers(const std::string& repository, const std::string& tag, const std::vector<Layer>& layers) {
  Array described;
  Array unpacked;
  for (const Layer& layer : layers) {
    push_blob(repository, layer.bytes);
    Object entry = descriptor(layer.media_type, layer.bytes);
    Object annotations;
    for (const auto& [name, value] : layer.annotations) annotations.set(name, value);
    if (!annotations.empty()) entry.set("annotations", annotations);
    described.emplace_back(std::move(entry));
    unpacked.emplace_back(sha256(layer.bytes).text());
  }
  const Object rootfs{{"type", "layers"}, {"diff_ids", unpacked}};
  const std::string config =
      to_canonical_json(Object{{"architecture", "amd64"}, {"os", "linux"}, {"config", Object{}}, {"rootfs", rootfs}});
  push_blob(repository, config);
  constexpr std::string_view kType = "application/vnd.oci.image.manifest.v1+json";
  const Object manifest{{"schemaVersion", 2},
                        {"mediaType", kType},
                        {"config", descriptor("application/vnd.oci.image.config.v1+json", config)},
                        {"layers", described}};
  return push_manifest(repository, tag, kType, to_canonical_json(manifest));
}

std::string RegistryServer::push_index(const std::string& repository, const std::string& tag,
                                       const std::map<std::string, std::string>& by_architecture) {
  Array manifests;
  for (const auto& [architecture, digest] : by_architecture) {
    const std::string bytes = send("GET", url(fmt::format("/v2/{}/manifests/{}", repository, digest)), "", "", 200).body;
    Object entry = descriptor("application/vnd.oci.image.manifest.v1+json", bytes);
    entry.set("platform", Object{{"architecture", architecture}, {"os", "linux"}});
    manifests.emplace_back(std::move(entry));
  }
  constexpr std::string_view kType = "application/vnd.oci.image.index.v1+json";
  return push_manifest(repository, tag, kType,
                       to_canonical_json(Object{{"schemaVersion", 2}, {"mediaType", kType}, {"manifests", manifests}}));
}

void RegistryServer::remove(const std::string& repository, const std::string& digest) {
  send("DELETE", url(fmt::format("/v2/{}/manifests/{}", repository, digest)), "", "", 202);
}

std::string RegistryServer::push_blob(const std::string& repository, std::string_view bytes) {
  const std::string digest = sha256(bytes).text();
  const std::string place(send("POST", url(fmt::format("/v2/{}/blobs/uploads/", repository)), "", "", 202).header("location"));
  const std::string target = fmt::format("{}{}digest={}", place, place.find('?') == std::string::npos ? "?" : "&", digest);
  send("PUT", target, "application/octet-stream", bytes, 201);
  return digest;
}

std::string RegistryServer::push_manifest(const std::string& repository, const std::string& tag, std::string_view media_type,
                                          std::string_view bytes) {
  send("PUT", url(fmt::format("/v2/{}/manifests/{}", repository, tag)), media_type, bytes, 201);
  return sha256(bytes).text();
}

http::Answer RegistryServer::send(const std::string& method, const std::string& url, std::string_view type, std::string_view body,
                                  int expected) {
  http::Request request;
  request.method = method;
  request.url = url;
  request.body = body;
  request.headers = {{"Accept", "application/vnd.oci.image.manifest.v1+json"}};
  if (!type.empty()) request.headers.push_back({"Content-Type", std::string(type)});
  if (!options_.user.empty()) request.credentials = {http::Credentials::Kind::basic, options_.user, options_.password};
  if (options_.tls) request.tls.ca_file = ca_file().string();
  auto answer = client().send(request, {});
  if (!answer.ok()) throw std::runtime_error(answer.failure().text);
  if (answer->status != expected) throw std::runtime_error(fmt::format("{} {}: {} {}", method, url, answer->status, answer->body));
  return *answer;
}

}  // namespace muster::test
