#include "registry/logins.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <string_view>
#include <vector>

#include "muster/base/digest.hpp"
#include "muster/base/text.hpp"
#include "muster/manifest/yaml.hpp"

namespace muster::registry {
namespace {

using Method = model::Credentials::Method;

constexpr std::size_t kConfigBytes = std::size_t{1} << 20U;
constexpr std::size_t kHelperBytes = std::size_t{64} << 10U;
constexpr Duration kHelperTime = std::chrono::seconds(30);
constexpr Duration kHelperKept = std::chrono::minutes(5);
constexpr std::string_view kDockerHub = "https://index.docker.io/v1/";  ///< Its name in docker's files, for ever.

bool is_docker_hub(std::string_view host) { return host == "docker.io" || host == "index.docker.io"; }

/// The keys under which docker's files may have a host.
std::vector<std::string> names_of(std::string_view host) {
  if (is_docker_hub(host))
    return {std::string(kDockerHub), "docker.io", "index.docker.io", "https://index.docker.io", "registry-1.docker.io"};
  std::vector<std::string> out = {std::string(host)};
  for (const std::string_view scheme : {"https://", "http://"}) {
    for (const std::string_view end : {"", "/", "/v1", "/v1/", "/v2", "/v2/"}) out.push_back(fmt::format("{}{}{}", scheme, host, end));
  }
  return out;
}

Login basic_login(std::string user, std::string secret) { return {Login::Kind::basic, std::move(user), std::move(secret)}; }

std::optional<Login> login_from(const Value& entry) {
  if (const auto token = entry.string_at("identitytoken"); !token.empty()) return Login{Login::Kind::identity, {}, std::string(token)};
  if (const auto token = entry.string_at("registrytoken"); !token.empty()) return Login{Login::Kind::bearer, {}, std::string(token)};
  if (const auto pair = from_base64(entry.string_at("auth")); pair && !pair->empty()) {
    const auto colon = pair->find(':');
    if (colon == std::string::npos) return std::nullopt;
    std::string secret = pair->substr(colon + 1);
    secret.erase(secret.find_last_not_of('\0') + 1);  // Old versions of docker padded with zeros.
    return basic_login(pair->substr(0, colon), std::move(secret));
  }
  const auto user = entry.string_at("username");
  const auto password = entry.string_at("password");
  if (user.empty() || password.empty()) return std::nullopt;
  return basic_login(std::string(user), std::string(password));
}

bool is_helper_name(std::string_view name) {
  const auto is_fit = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.';
  };
  return !name.empty() && name.size() < 100 && std::all_of(name.begin(), name.end(), is_fit);
}

std::string helper_of(const Value& config, const model::ImageReference& repository) {
  if (const Value* helpers = config.find("credHelpers")) {
    for (const std::string& name : names_of(repository.host)) {
      if (const auto helper = helpers->string_at(name); !helper.empty()) return std::string(helper);
    }
  }
  return std::string(config.string_at("credsStore"));
}

}  // namespace

std::optional<Login> login_in(const Value& config, const model::ImageReference& repository) {
  const Value* auths = config.find("auths");
  if (auths == nullptr) return std::nullopt;
  for (std::string path = repository.where(); path.size() > repository.host.size(); path.resize(path.rfind('/'))) {
    if (const Value* entry = auths->find(path)) {
      if (auto login = login_from(*entry)) return login;
    }
  }
  for (const std::string& name : names_of(repository.host)) {
    const Value* entry = auths->find(name);
    if (entry == nullptr) continue;
    if (auto login = login_from(*entry)) return login;
  }
  return std::nullopt;
}

std::string docker_server(const model::ImageReference& repository) {
  return is_docker_hub(repository.host) ? std::string(kDockerHub) : repository.host;
}

Result<Value> read_docker_config(Files& files, const Path& path) {
  auto bytes = files.read(path, kConfigBytes);
  if (!bytes.ok() && bytes.failure().reason == Reason::absent) return Value(Object{});
  if (!bytes.ok()) return std::move(bytes).failure().with_context("reading docker's credentials");
  // No text of the parser's: it may quote the file.
  auto config = manifest::parse_json(*bytes, "config.json");
  if (!config.ok() || config->if_object() == nullptr) {
    return stalled(Reason::corrupt, fmt::format("{} is not what docker login writes: it is no JSON object; run `docker login` anew, or say "
                                                "`auth = token(…)` or `basic(…)` in the fleet's `registry`",
                                                path.string()));
  }
  return std::move(config).value();
}

Result<Login> fetch_login(const World& world, Secrets& secrets, const Settings& settings, const model::Credentials& auth,
                          const model::ImageReference& repository, const std::stop_token& stop) {
  return Logins(world, secrets, settings).login_for(auth, repository, stop);
}

Result<Login> Logins::login_for(const model::Credentials& auth, const model::ImageReference& repository, const std::stop_token& stop) {
  if (auth.method == Method::none) return Login{};
  if (auth.method == Method::docker_config) return from_docker_config(repository, stop);
  if (auth.method == Method::ssh_key) {
    return stalled(Reason::invalid,
                   fmt::format("{} is no place for an ssh key; a registry takes token(…), basic(…) or docker_config()", repository.host));
  }
  if (!auth.secret) return stalled(Reason::invalid, fmt::format("the credentials for {} have no secret", repository.host));
  MUSTER_TRY(std::string secret, secrets_.resolve(auth.secret->reference));
  return basic_login(auth.user.empty() ? "x-access-token" : auth.user, std::move(secret));
}

void Logins::forget(const model::ImageReference& repository) {
  const std::lock_guard lock(mutex_);
  kept_.erase(docker_server(repository));
}

Result<Login> Logins::from_docker_config(const model::ImageReference& repository, const std::stop_token& stop) {
  MUSTER_TRY(const Value config, read_docker_config(world_.files, settings_.docker_config));
  if (const std::string helper = helper_of(config, repository); !helper.empty()) {
    MUSTER_TRY(const std::optional<Login> login, from_helper(helper, docker_server(repository), stop));
    if (login) return *login;
  }
  return login_in(config, repository).value_or(Login{});
}

Result<std::optional<Login>> Logins::from_helper(const std::string& helper, const std::string& server, const std::stop_token& stop) {
  {
    const std::lock_guard lock(mutex_);
    const auto kept = kept_.find(server);
    if (kept != kept_.end() && world_.clock.elapsed() < kept->second.until) return std::optional(kept->second.login);
  }
  MUSTER_TRY(const std::string output, helper_output(helper, server, stop));
  if (output.empty()) return std::optional<Login>();
  const auto answer = manifest::parse_json(output, "answer");
  if (!answer.ok() || answer->string_at("Secret").empty())
    return stalled(Reason::corrupt, fmt::format("docker-credential-{} does not answer with a secret for {}", helper, server));
  const auto user = answer->string_at("Username");
  Login login = basic_login(std::string(user), std::string(answer->string_at("Secret")));
  if (user == "<token>") login = {Login::Kind::identity, {}, std::move(login.secret)};
  const std::lock_guard lock(mutex_);
  kept_[server] = {login, world_.clock.elapsed() + kHelperKept};
  return std::optional(std::move(login));
}

/// Empty: the helper knows nothing of this server.
Result<std::string> Logins::helper_output(const std::string& helper, const std::string& server, const std::stop_token& stop) const {
  if (!is_helper_name(helper))
    return stalled(Reason::invalid, fmt::format("{} names a credential helper with an impossible name", settings_.docker_config.string()));
  Command command;
  command.argv = {"docker-credential-" + helper, "get"};
  command.environment = settings_.environment;
  command.input = server;
  command.limits.time = kHelperTime;
  command.limits.output_bytes = kHelperBytes;
  auto run = world_.processes.run(command, stop);
  if (!run.ok() && run.failure().reason == Reason::absent)
    return stalled(Reason::denied,
                   fmt::format("docker-credential-{} is not on PATH, and {} names it", helper, settings_.docker_config.string()));
  MUSTER_TRY(const ProcessOutput output, std::move(run));
  if (output.exit_code == 0) return output.out;
  // The helpers' protocol has this one sentence for it, and no code of its own.
  if (output.out.find("credentials not found") != std::string::npos) return std::string();
  return stalled(Reason::denied,
                 fmt::format("docker-credential-{} gives no credentials for {}: exit code {}", helper, server, output.exit_code));
}

}  // namespace muster::registry
