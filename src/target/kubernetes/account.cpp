#include "target/kubernetes/account.hpp"

#include <fmt/core.h>

#include "muster/base/text.hpp"
#include "muster/manifest/yaml.hpp"

namespace muster::target::kubernetes {
namespace {

constexpr std::size_t kMaxCredential = std::size_t{1} << 20U;
constexpr Duration kPluginTime = std::chrono::minutes(1);
constexpr Duration kReadAgain = std::chrono::minutes(1);  ///< Files that rotate, as client-go has it.
constexpr Duration kBeforeExpiry = std::chrono::seconds(10);

/// The last line that a program wrote on standard error, fit for people.
std::string last_words(std::string_view error) {
  const std::string_view text = trim(error);
  return escape_for_terminal(text.substr(text.rfind('\n') + 1).substr(0, 300));
}

Result<std::string> file_or_text(Files& files, const Pem& pem) {
  if (pem.file.empty()) return pem.text;
  return files.read(pem.file, kMaxCredential);
}

}  // namespace

Account::Account(const World& world, Identity identity, Value cluster, std::map<std::string, std::string> environment)
    : world_(world), identity_(std::move(identity)), cluster_(std::move(cluster)), environment_(std::move(environment)) {}

Result<void> Account::sign(http::Request& request, const std::stop_token& stop) {
  MUSTER_TRY(const Issued issued, current(stop));
  if (!issued.token.empty()) {
    request.credentials = {http::Credentials::Kind::bearer, "", issued.token};
  } else if (!identity_.user.empty()) {
    request.credentials = {http::Credentials::Kind::basic, identity_.user, identity_.password};
  }
  request.tls.certificate = issued.certificate;
  request.tls.key = issued.key;
  if (!identity_.impersonated_user.empty()) request.headers.push_back({"Impersonate-User", identity_.impersonated_user});
  for (const std::string& group : identity_.impersonated_groups) request.headers.push_back({"Impersonate-Group", group});
  return {};
}

bool Account::refused() {
  const std::lock_guard lock(mutex_);
  issued_.reset();
  return identity_.plugin || !identity_.token_file.empty() || !identity_.certificate.file.empty();
}

Result<Account::Issued> Account::current(const std::stop_token& stop) {
  const std::lock_guard lock(mutex_);
  const bool is_expired = issued_ && issued_->expires && *issued_->expires <= world_.clock.now() + kBeforeExpiry;
  const bool is_old = issued_ && issued_->read_again && *issued_->read_again <= world_.clock.elapsed();
  if (issued_ && !is_expired && !is_old) return *issued_;
  auto fresh = identity_.plugin ? ask_plugin(*identity_.plugin, stop) : read_files();
  if (!fresh.ok()) return std::move(fresh).failure();
  issued_ = *std::move(fresh);
  return *issued_;
}

Result<Account::Issued> Account::read_files() const {
  Issued out;
  out.token = identity_.token;
  if (!identity_.token_file.empty()) {
    auto token = world_.files.read(identity_.token_file, kMaxCredential);
    if (!token.ok()) return std::move(token).failure().with_context("reading the cluster's token");
    out.token = std::string(trim(*token));
    if (out.token.empty()) return stalled(Reason::denied, fmt::format("the token file {} is empty", identity_.token_file.native()));
  }
  MUSTER_TRY(out.certificate, file_or_text(world_.files, identity_.certificate));
  MUSTER_TRY(out.key, file_or_text(world_.files, identity_.key));
  if (!identity_.token_file.empty() || !identity_.certificate.file.empty()) out.read_again = world_.clock.elapsed() + kReadAgain;
  return out;
}

std::string Account::plugin_question(const CredentialPlugin& plugin) const {
  Object spec{{"interactive", false}};
  if (plugin.wants_cluster) {
    Object cluster;
    for (const char* field : {"server", "tls-server-name", "insecure-skip-tls-verify", "certificate-authority-data", "proxy-url"}) {
      if (const Value* value = cluster_.find(field)) cluster.set(field, *value);
    }
    spec.set("cluster", std::move(cluster));
  }
  return to_canonical_json(Object{{"apiVersion", plugin.api_version}, {"kind", "ExecCredential"}, {"spec", std::move(spec)}});
}

Result<Account::Issued> Account::ask_plugin(const CredentialPlugin& plugin, const std::stop_token& stop) const {
  Command command;
  command.argv = plugin.argv;
  command.environment = environment_;
  for (const auto& [name, value] : plugin.environment) command.environment[name] = value;
  command.environment["KUBERNETES_EXEC_INFO"] = plugin_question(plugin);
  command.limits.time = kPluginTime;
  command.limits.output_bytes = kMaxCredential;
  const std::string& name = plugin.argv.front();
  auto ran = world_.processes.run(command, stop);
  if (!ran.ok() && ran.failure().reason == Reason::absent) {
    const std::string hint = plugin.install_hint.empty() ? "" : ": " + escape_for_terminal(trim(plugin.install_hint));
    return stalled(Reason::absent, fmt::format("the credential plugin {} is not installed{}", name, hint));
  }
  if (!ran.ok()) return std::move(ran).failure().with_context("asking the credential plugin " + name);
  if (ran->exit_code != 0) {
    return retry(Reason::denied, fmt::format("the credential plugin {} ended with {}: {}", name, ran->exit_code, last_words(ran->error)));
  }
  // What it wrote is a secret: no word of it goes into a failure.
  const auto answer = manifest::parse_json(ran->out, name);
  const Value* status = answer.ok() ? answer->find("status") : nullptr;
  if (status == nullptr) return stalled(Reason::invalid, fmt::format("the credential plugin {} did not print an ExecCredential", name));
  Issued out;
  out.token = std::string(status->string_at("token"));
  out.certificate = std::string(status->string_at("clientCertificateData"));
  out.key = std::string(status->string_at("clientKeyData"));
  if (const std::string_view until = status->string_at("expirationTimestamp"); !until.empty()) out.expires = parse_instant(until);
  if (out.token.empty() && out.certificate.empty()) {
    return stalled(Reason::denied, fmt::format("the credential plugin {} gives neither a token nor a certificate", name));
  }
  return out;
}

}  // namespace muster::target::kubernetes
