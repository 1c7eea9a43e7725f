// How a cluster is reached and who asks: what a kubeconfig, a pod's own account, or the fleet's `target` says. Private to
// the room.
//
// Source: https://kubernetes.io/docs/reference/config-api/kubeconfig.v1/ and the order of
// https://kubernetes.io/docs/concepts/configuration/organize-cluster-access-kubeconfig/ (of several files the first that
// names a thing wins; relative paths begin at the file that says them).
//
// Thread-safety: pure but for reading the files. Failures name the file and the field: absent, invalid, unsupported.
#pragma once

#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "muster/base/files.hpp"
#include "muster/base/result.hpp"
#include "muster/base/value.hpp"

namespace muster::target::kubernetes {

/// PEM text, or the file that holds it and may change; empty in both: none.
struct Pem {
  std::string text;
  Path file;
  [[nodiscard]] bool empty() const { return text.empty() && file.empty(); }
  friend bool operator==(const Pem&, const Pem&) = default;
};

/// A program that gives credentials: https://kubernetes.io/docs/reference/access-authn-authz/authentication/#client-go-credential-plugins
struct CredentialPlugin {
  std::vector<std::string> argv;
  std::map<std::string, std::string> environment;  ///< On top of muster's own.
  std::string api_version;                         ///< "client.authentication.k8s.io/v1" or "…/v1beta1".
  bool wants_cluster = false;                      ///< It is told of the cluster in KUBERNETES_EXEC_INFO.
  std::string install_hint;                        ///< Shown where the program is not there.
  friend bool operator==(const CredentialPlugin&, const CredentialPlugin&) = default;
};

struct Identity {
  Pem certificate;
  Pem key;
  std::string token;
  Path token_file;  ///< Rotates: read anew each minute.
  std::string user;
  std::string password;
  std::optional<CredentialPlugin> plugin;
  std::string impersonated_user;
  std::vector<std::string> impersonated_groups;
  friend bool operator==(const Identity&, const Identity&) = default;
};

struct Endpoint {
  std::string server;      ///< "https://10.0.0.1:6443", without a slash at its end.
  std::string connect_to;  ///< "host:port" where `tls-server-name` gives `server` another name; else empty.
  Pem authority;           ///< Empty: the system's.
  bool unverified = false;
  std::string proxy;
  Value cluster;  ///< As the kubeconfig has it, for credential plugins.
  Identity identity;
  std::string context;  ///< Name of what was chosen, for texts; "in-cluster".
  friend bool operator==(const Endpoint&, const Endpoint&) = default;
};

/// The context of that name, or the current one where it is empty. Files that are not there are passed over while one is.
Result<Endpoint> read_kubeconfig(Files& files, std::span<const Path> paths, std::string_view context);

/// The account of the pod that muster runs in. `folder` is "/var/run/secrets/kubernetes.io/serviceaccount".
Result<Endpoint> read_pod_account(Files& files, const Path& folder, const std::map<std::string, std::string>& environment);

}  // namespace muster::target::kubernetes
