#include "pipeline/credentials.hpp"

#include <algorithm>

#include "muster/base/text.hpp"
#include "muster/base/value.hpp"
#include "muster/registry/login.hpp"

namespace muster::pipeline {
namespace {

using registry::Login;

// Tools look for docker's file in a folder, containers' for a file of any name: one file of this name serves both.
constexpr std::string_view kFile = "docker/config.json";

/// An entry of `auths`.
Value entry_of(const Login& login) {
  if (login.kind == Login::Kind::bearer) return Object{{"registrytoken", login.secret}};
  // Tools pass over an entry without a user.
  if (login.kind == Login::Kind::identity) return Object{{"auth", to_base64("<token>:")}, {"identitytoken", login.secret}};
  return Object{{"auth", to_base64(login.user + ":" + login.secret)}};
}

/// What can be read in one entry of `auths`.
void hide_login(const Value& entry, std::vector<std::string>& shown_never) {
  for (const std::string_view form : {"auth", "password", "identitytoken", "registrytoken"}) {
    if (const std::string_view text = entry.string_at(form); !text.empty()) shown_never.emplace_back(text);
  }
  const auto pair = from_base64(entry.string_at("auth"));
  if (!pair || *pair == "<token>:") return;
  shown_never.push_back(*pair);
  std::string password = pair->substr(std::min(pair->size(), pair->find(':') + 1));
  password.erase(password.find_last_not_of('\0') + 1);  // Old versions of docker padded with zeros.
  shown_never.push_back(std::move(password));
}

/// The user's logins for every host, as far as docker's file has them. buildah reads no `credsStore`, docker's helper for all hosts.
Result<Object> user_logins(const World& world, const Settings& settings) {
  MUSTER_TRY(const Value config, registry::read_docker_config(world.files, settings.docker_config));
  Object out;
  for (const std::string_view part : {"auths", "credHelpers"}) {
    const Value* found = config.find(part);
    out.set(part, found != nullptr && found->if_object() != nullptr ? *found : Value(Object{}));
  }
  return out;
}

Result<Value> registry_logins(const World& world, Secrets& secrets, const Settings& settings, const Order& order,
                              const std::stop_token& stop) {
  const model::Credentials& auth = order.access.auth;
  registry::Settings asking;
  asking.docker_config = settings.docker_config;
  asking.environment = settings.environment;
  MUSTER_TRY(const Login login, registry::fetch_login(world, secrets, asking, auth, order.build.push, stop));
  Object out{{"auths", Object{}}};
  const bool for_base_images = order.build.command.empty() && auth.method == model::Credentials::Method::docker_config;
  if (for_base_images) {
    MUSTER_TRY(out, user_logins(world, settings));
  }
  if (login.kind == Login::Kind::none) return Value(std::move(out));
  const std::string server = registry::docker_server(order.build.push);
  out["auths"].if_object()->set(server, entry_of(login));
  if (for_base_images) out["credHelpers"].if_object()->erase(server);  // It has been asked.
  return Value(std::move(out));
}

}  // namespace

Result<Credentials> fetch_credentials(const World& world, Secrets& secrets, const Settings& settings, const Order& order, Scratch& scratch,
                                      const std::stop_token& stop) {
  Credentials out;
  for (const auto& [name, reference] : order.build.secrets) {
    MUSTER_TRY(std::string value, secrets.resolve(reference.reference));
    out.shown_never.push_back(value);
    out.secrets.emplace(name, std::move(value));
  }
  MUSTER_TRY(const Value logins, registry_logins(world, secrets, settings, order, stop));
  for (const auto& [server, entry] : *logins.find("auths")->if_object()) hide_login(entry, out.shown_never);
  MUSTER_TRY(out.registry, scratch.write(kFile, to_canonical_json(logins)));
  return out;
}

}  // namespace muster::pipeline
