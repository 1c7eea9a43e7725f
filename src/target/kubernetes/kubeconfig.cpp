#include "target/kubernetes/kubeconfig.hpp"

#include <fmt/core.h>

#include <algorithm>

#include "muster/base/digest.hpp"
#include "muster/base/text.hpp"
#include "muster/http/client.hpp"
#include "muster/manifest/yaml.hpp"

namespace muster::target::kubernetes {
namespace {

constexpr std::size_t kMaxFile = std::size_t{16} << 20U;
constexpr std::string_view kPluginGroup = "client.authentication.k8s.io/";

/// One entry of a list of named entries, with the file it came from.
struct Entry {
  const Value* content = nullptr;
  Path file;
};

struct File {
  Path path;
  Value content;
};

Failure mistake(const Path& file, std::string_view what) { return stalled(Reason::invalid, fmt::format("{}: {}", file.native(), what)); }

/// `clusters: [{name: a, cluster: {…}}]` → the content under `key` of the entry with that name.
std::optional<Entry> entry_of(std::span<const File> files, std::string_view list, std::string_view key, std::string_view name) {
  for (const File& file : files) {
    const Value* entries = file.content.find(list);
    if (entries == nullptr || entries->if_array() == nullptr) continue;
    for (const Value& entry : *entries->if_array()) {
      if (entry.string_at("name") == name) return Entry{entry.find(key), file.path};
    }
  }
  return std::nullopt;
}

std::string names_of(std::span<const File> files, std::string_view list) {
  std::vector<std::string> out;
  for (const File& file : files) {
    const Value* entries = file.content.find(list);
    if (entries == nullptr || entries->if_array() == nullptr) continue;
    for (const Value& entry : *entries->if_array()) out.emplace_back(entry.string_at("name"));
  }
  return out.empty() ? "none" : join(out, ", ");
}

/// The field's text; a failure where it is something else than text.
Result<std::string> text_of(const Entry& entry, std::string_view field) {
  const Value* found = entry.content == nullptr ? nullptr : entry.content->find(field);
  if (found == nullptr || found->is_null()) return std::string();
  if (found->if_string() == nullptr) return mistake(entry.file, fmt::format("`{}` is a {}, not text", field, found->type_name()));
  return *found->if_string();
}

Result<Path> path_of(const Entry& entry, std::string_view field) {
  MUSTER_TRY(const std::string text, text_of(entry, field));
  return text.empty() ? Path() : (entry.file.parent_path() / text).lexically_normal();
}

/// `<field>-data` in base64, which goes before the file that `field` names.
Result<Pem> pem_of(const Entry& entry, std::string_view field) {
  Pem out;
  const std::string inline_field = std::string(field) + "-data";
  MUSTER_TRY(const std::string data, text_of(entry, inline_field));
  if (data.empty()) {
    MUSTER_TRY(out.file, path_of(entry, field));
    return out;
  }
  const auto bytes = from_base64(data);
  if (!bytes) return mistake(entry.file, fmt::format("`{}` is not base64", inline_field));
  out.text = *bytes;
  return out;
}

Result<std::map<std::string, std::string>> plugin_environment(const Entry& plugin) {
  std::map<std::string, std::string> out;
  const Value* pairs = plugin.content->find("env");
  if (pairs == nullptr || pairs->if_array() == nullptr) return out;
  for (const Value& pair : *pairs->if_array()) {
    const std::string_view name = pair.string_at("name");
    if (name.empty()) return mistake(plugin.file, "a variable in `exec.env` has no name");
    out[std::string(name)] = pair.string_at("value");
  }
  return out;
}

Result<CredentialPlugin> plugin_of(const Entry& plugin) {
  CredentialPlugin out;
  MUSTER_TRY(std::string command, text_of(plugin, "command"));
  if (command.empty()) return mistake(plugin.file, "`exec` names no command");
  // As kubectl: a command with a slash begins at the kubeconfig's folder, one without is looked up on PATH.
  if (command.find('/') != std::string::npos) command = (plugin.file.parent_path() / command).lexically_normal().string();
  out.argv.push_back(std::move(command));
  if (const Value* arguments = plugin.content->find("args"); arguments != nullptr && arguments->if_array() != nullptr) {
    for (const Value& argument : *arguments->if_array()) {
      if (argument.if_string() == nullptr) return mistake(plugin.file, "`exec.args` holds something that is no text");
      out.argv.push_back(*argument.if_string());
    }
  }
  MUSTER_TRY(out.environment, plugin_environment(plugin));
  MUSTER_TRY(out.api_version, text_of(plugin, "apiVersion"));
  if (out.api_version != std::string(kPluginGroup) + "v1" && out.api_version != std::string(kPluginGroup) + "v1beta1") {
    return stalled(Reason::unsupported, fmt::format("{}: credential plugins speak {}v1 or v1beta1, not '{}'", plugin.file.native(),
                                                    kPluginGroup, out.api_version));
  }
  const Value* wants = plugin.content->find("provideClusterInfo");
  out.wants_cluster = wants != nullptr && wants->if_bool() != nullptr && *wants->if_bool();
  MUSTER_TRY(out.install_hint, text_of(plugin, "installHint"));
  return out;
}

Result<Identity> identity_of(const Entry& user) {
  Identity out;
  if (user.content == nullptr || user.content->if_object() == nullptr) return out;
  if (user.content->find("auth-provider") != nullptr) {
    return stalled(Reason::unsupported, fmt::format("{}: `auth-provider` was taken out of Kubernetes in 1.26; use an `exec` plugin instead",
                                                    user.file.native()));
  }
  MUSTER_TRY(out.certificate, pem_of(user, "client-certificate"));
  MUSTER_TRY(out.key, pem_of(user, "client-key"));
  MUSTER_TRY(out.token_file, path_of(user, "tokenFile"));
  if (out.token_file.empty()) {
    MUSTER_TRY(out.token, text_of(user, "token"));
  }
  MUSTER_TRY(out.user, text_of(user, "username"));
  MUSTER_TRY(out.password, text_of(user, "password"));
  MUSTER_TRY(out.impersonated_user, text_of(user, "as"));
  if (const Value* groups = user.content->find("as-groups"); groups != nullptr && groups->if_array() != nullptr) {
    for (const Value& group : *groups->if_array()) {
      if (group.if_string() != nullptr) out.impersonated_groups.push_back(*group.if_string());
    }
  }
  if (const Value* plugin = user.content->find("exec"); plugin != nullptr && !plugin->is_null()) {
    MUSTER_TRY(out.plugin, plugin_of({plugin, user.file}));
  }
  if (out.certificate.empty() != out.key.empty()) return mistake(user.file, "`client-certificate` and `client-key` come together");
  return out;
}

/// The certificate is held against `name`, the connection goes where `server` says.
Result<void> rename_server(Endpoint& endpoint, std::string_view name, const Path& file) {
  const auto origin = http::origin_of(endpoint.server);  // "https://host:port"
  const std::size_t scheme = endpoint.server.find("://");
  if (!origin) return mistake(file, fmt::format("`server` is no https URL: {}", endpoint.server));
  const std::size_t path = std::min(endpoint.server.find('/', scheme + 3), endpoint.server.size());
  endpoint.connect_to = origin->substr(scheme + 3);
  endpoint.server =
      fmt::format("https://{}{}{}", name, endpoint.connect_to.substr(endpoint.connect_to.rfind(':')), endpoint.server.substr(path));
  return {};
}

Result<Endpoint> endpoint_of(const Entry& cluster) {
  Endpoint out;
  if (cluster.content == nullptr || cluster.content->if_object() == nullptr) return mistake(cluster.file, "a cluster says nothing");
  out.cluster = *cluster.content;
  MUSTER_TRY(out.server, text_of(cluster, "server"));
  while (out.server.ends_with('/')) out.server.pop_back();
  if (out.server.empty()) return mistake(cluster.file, "a cluster has no `server`");
  MUSTER_TRY(out.authority, pem_of(cluster, "certificate-authority"));
  MUSTER_TRY(out.proxy, text_of(cluster, "proxy-url"));
  MUSTER_TRY(const std::string name, text_of(cluster, "tls-server-name"));
  if (!name.empty()) MUSTER_CHECK(rename_server(out, name, cluster.file));
  const Value* unverified = cluster.content->find("insecure-skip-tls-verify");
  out.unverified = unverified != nullptr && unverified->if_bool() != nullptr && *unverified->if_bool();
  if (out.unverified && !out.authority.empty()) {
    return mistake(cluster.file, "`insecure-skip-tls-verify` and a certificate authority exclude each other");
  }
  return out;
}

Result<std::vector<File>> read_files(Files& files, std::span<const Path> paths) {
  std::vector<File> out;
  for (const Path& path : paths) {
    auto text = files.read(path, kMaxFile);
    if (!text.ok() && text.failure().reason == Reason::absent) continue;
    if (!text.ok()) return std::move(text).failure().with_context("reading the kubeconfig");
    if (trim(*text).empty()) continue;
    MUSTER_TRY(Value content, manifest::parse_document(*text, path.string()));
    out.push_back({path, std::move(content)});
  }
  if (!out.empty()) return out;
  std::vector<std::string> names;
  for (const Path& path : paths) names.push_back(path.string());
  return stalled(Reason::absent, fmt::format("there is no kubeconfig ({}); name one with `kubeconfig` in the target, or in $KUBECONFIG",
                                             names.empty() ? "none was looked for" : join(names, ", ")));
}

}  // namespace

Result<Endpoint> read_kubeconfig(Files& files, std::span<const Path> paths, std::string_view context) {
  MUSTER_TRY(const std::vector<File> read, read_files(files, paths));
  std::string chosen(context);
  for (const File& file : read) {
    if (chosen.empty()) chosen = file.content.string_at("current-context");
  }
  if (chosen.empty()) {
    return mistake(read.front().path,
                   "no context is current; name one of these with `context` in the target: " + names_of(read, "contexts"));
  }
  const auto found = entry_of(read, "contexts", "context", chosen);
  if (!found || found->content == nullptr) {
    return stalled(Reason::absent, fmt::format("{}: there is no context '{}'; there are: {}", read.front().path.native(), chosen,
                                               names_of(read, "contexts")));
  }
  const std::string cluster_name(found->content->string_at("cluster"));
  const std::string user_name(found->content->string_at("user"));
  const auto cluster = entry_of(read, "clusters", "cluster", cluster_name);
  if (!cluster) return mistake(found->file, fmt::format("context '{}' names a cluster '{}' that is not there", chosen, cluster_name));
  MUSTER_TRY(Endpoint out, endpoint_of(*cluster));
  out.context = std::move(chosen);
  if (user_name.empty()) return out;
  const auto user = entry_of(read, "users", "user", user_name);
  if (!user) return mistake(found->file, fmt::format("context '{}' names a user '{}' that is not there", out.context, user_name));
  MUSTER_TRY(out.identity, identity_of(*user));
  return out;
}

Result<Endpoint> read_pod_account(Files& files, const Path& folder, const std::map<std::string, std::string>& environment) {
  const auto host = environment.find("KUBERNETES_SERVICE_HOST");
  const auto port = environment.find("KUBERNETES_SERVICE_PORT");
  if (host == environment.end() || port == environment.end()) {
    return stalled(Reason::absent, "muster does not run in a cluster: KUBERNETES_SERVICE_HOST is not set");
  }
  Endpoint out;
  const bool is_address6 = host->second.find(':') != std::string::npos;
  const std::string name = is_address6 ? "[" + host->second + "]" : host->second;
  out.server = fmt::format("https://{}:{}", name, port->second);
  out.authority.file = folder / "ca.crt";
  out.identity.token_file = folder / "token";
  out.context = "in-cluster";
  if (const auto found = files.stat(out.identity.token_file); !found.ok()) {
    return stalled(Reason::absent, fmt::format("this pod has no account: {} is not there (automountServiceAccountToken?)",
                                               out.identity.token_file.native()));
  }
  return out;
}

}  // namespace muster::target::kubernetes
