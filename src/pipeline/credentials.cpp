#include "pipeline/credentials.hpp"

#include <fmt/core.h>

#include "muster/base/text.hpp"
#include "muster/base/value.hpp"
#include "muster/manifest/yaml.hpp"

namespace muster::pipeline {
namespace {

using Method = model::Credentials::Method;

// Tools look for docker's file in a folder, containers' for a file of any name: one file of this name serves both.
constexpr std::string_view kFile = "docker/config.json";

/// `{"auths": {"HOST": {"auth": …}}}`
Value one_login(const std::string& host, const std::string& user, const std::string& secret) {
  return Object{{"auths", Object{{host, Object{{"auth", to_base64(user + ":" + secret)}}}}}};
}

void never_show_logins(const Value& config, std::vector<std::string>& shown_never) {
  const Value* auths = config.find("auths");
  if (auths == nullptr || auths->if_object() == nullptr) return;
  for (const auto& [host, login] : *auths->if_object()) {
    for (const std::string_view form : {"auth", "password", "identitytoken", "registrytoken"}) {
      if (const std::string_view text = login.string_at(form); !text.empty()) shown_never.emplace_back(text);
    }
  }
}

/// The user's file. buildah reads no `credsStore`, docker's helper for all hosts: it becomes the helper of this host.
Result<Value> user_logins(const World& world, const Settings& settings, const std::string& host) {
  constexpr std::size_t kLimit = std::size_t{1} << 20U;
  const Path path = docker_config_of(settings);
  auto bytes = world.files.read(path, kLimit);
  if (!bytes.ok() && bytes.failure().reason == Reason::absent) return Value(Object{});
  if (!bytes.ok()) return std::move(bytes).failure();
  // No text of the parser's: it may quote the file.
  auto parsed = manifest::parse_json(*bytes, path.string());
  if (!parsed.ok() || parsed->if_object() == nullptr) return stalled(Reason::denied, fmt::format("{} is no JSON object", path.string()));
  Value config = std::move(parsed).value();
  const std::string store(config.string_at("credsStore"));
  if (store.empty()) return config;
  Value& helpers = (*config.if_object())["credHelpers"];
  if (helpers.if_object() == nullptr) helpers = Object{};
  if (!helpers.if_object()->contains(host)) helpers.if_object()->set(host, store);
  return config;
}

Result<Value> registry_logins(const World& world, Secrets& secrets, const Settings& settings, const Order& order,
                              std::vector<std::string>& shown_never) {
  const model::Credentials& auth = order.access.auth;
  const std::string& host = order.build.push.host;
  if (auth.method == Method::none) return Value(Object{});
  if (auth.method == Method::docker_config) return user_logins(world, settings, host);
  if (auth.method == Method::ssh_key || !auth.secret) {
    return stalled(Reason::denied, fmt::format("the credentials for {} are none that a registry takes", host));
  }
  MUSTER_TRY(const std::string secret, secrets.resolve(auth.secret->reference));
  shown_never.push_back(secret);
  return one_login(host, auth.user.empty() ? "x-access-token" : auth.user, secret);
}

}  // namespace

Path docker_config_of(const Settings& settings) {
  if (!settings.docker_config.empty()) return settings.docker_config;
  const auto home = settings.environment.find("HOME");
  return home == settings.environment.end() ? Path() : Path(home->second) / ".docker" / "config.json";
}

Result<Credentials> fetch_credentials(const World& world, Secrets& secrets, const Settings& settings, const Order& order,
                                      Scratch& scratch) {
  Credentials out;
  for (const auto& [name, reference] : order.build.secrets) {
    MUSTER_TRY(std::string value, secrets.resolve(reference.reference));
    out.shown_never.push_back(value);
    out.secrets.emplace(name, std::move(value));
  }
  MUSTER_TRY(const Value logins, registry_logins(world, secrets, settings, order, out.shown_never));
  never_show_logins(logins, out.shown_never);
  MUSTER_TRY(out.registry, scratch.write(kFile, to_canonical_json(logins)));
  return out;
}

}  // namespace muster::pipeline
