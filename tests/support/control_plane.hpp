// A real Kubernetes control plane on loopback: etcd and the API server, and where a test asks for them controllers,
// scheduler and three nodes without machines (kwok), on which pods become ready at once. Each has its own folder, free
// ports and private authority, so several run beside each other.
//
// Ownership: everything ends with the object, and when the thread that started it ends, however that ends.
// Thread-safety: send() and what reads, from any thread; starting and ending parts, one at a time. Failure: throws
// std::runtime_error with the last lines of the part's log.
//
// Who asks: `admin` is in system:masters (no rules, no priority and fairness), `muster` an ordinary user bound to
// cluster-admin, Options::users are bound to nothing.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "muster/base/process.hpp"
#include "muster/base/value.hpp"
#include "muster/http/client.hpp"
#include "support/server_process.hpp"
#include "support/temporary.hpp"

namespace muster::test {

class ControlPlane {
 public:
  enum class Part : std::uint8_t { etcd, api_server, controllers, scheduler, nodes };
  enum class Login : std::uint8_t { token, certificate };
  struct User {
    std::string name;
    std::vector<std::string> groups = {};
  };
  struct Options {
    bool controllers = false;  ///< kube-controller-manager: workloads get pods, garbage is collected, namespaces end.
    bool nodes = false;        ///< And the scheduler, kwok and node-1 to node-3 (tests/kubernetes/nodes.yaml).
    std::vector<User> users = {};
    /// More arguments; they win over the fixture's: "--feature-gates=…", "--enable-admission-plugins=…", "--max-requests-inflight=…".
    std::vector<std::string> api_server = {};
    std::vector<std::string> controller_manager = {};
    bool audit = false;  ///< Keep what was asked of the API server: requests().
  };
  /// One request that the API server has answered.
  struct Audited {
    std::string verb;  ///< "get", "list", "watch", "create", "patch", "update", "delete"
    std::string uri;   ///< With its query: "…?dryRun=All".
    std::string user;
    std::string as;  ///< Whom it impersonated.
    std::string agent;
    int status = 0;
  };
  struct Call {
    std::string method = "GET";
    std::string path;  ///< "/api/v1/namespaces/apps/configmaps?limit=2"
    std::string body = {};
    std::string type = "application/json";
    std::string user = "admin";
    int seconds = 120;  ///< To wait for the answer.
  };
  using Predicate = std::function<bool(const Value&)>;

  /// What is missing on this machine for these options, as a sentence; nullopt where everything is there.
  static std::optional<std::string> missing(const Options& options);
  static std::optional<std::string> missing() { return missing(Options{}); }

  /// Returns when the API server is ready, its controllers work and its nodes are ready.
  ControlPlane() : ControlPlane(Options{}) {}
  explicit ControlPlane(Options options);
  ~ControlPlane();
  ControlPlane(const ControlPlane&) = delete;
  ControlPlane& operator=(const ControlPlane&) = delete;

  [[nodiscard]] int port() const { return port_; }
  /// "https://127.0.0.1:6443"
  [[nodiscard]] std::string url() const;
  [[nodiscard]] std::filesystem::path ca_file() const { return folder_.path() / "ca.pem"; }
  [[nodiscard]] static std::string token(std::string_view user);
  struct Certificate {
    std::filesystem::path certificate;
    std::filesystem::path key;
  };
  /// A client certificate that the API server trusts; its common name is the user, its organisations are the groups.
  Certificate make_certificate(const User& user);
  /// Writes a kubeconfig with one context, named after the user.
  void write_kubeconfig(const std::filesystem::path& file, const std::string& user, Login login = Login::token);
  /// One for `admin` that is always there.
  [[nodiscard]] std::filesystem::path kubeconfig() const { return folder_.path() / "kubeconfig"; }

  /// Any answer; throws only where there is none.
  [[nodiscard]] http::Answer send(const Call& call) const;
  /// As `admin`; they throw unless the answer says yes. Bodies are YAML or JSON.
  [[nodiscard]] Value get(const std::string& path) const;
  [[nodiscard]] bool exists(const std::string& path) const;
  Value create(const std::string& path, std::string body) const;
  /// Server-side, with force, as the field manager `test`.
  Value apply(const std::string& path, std::string body) const;
  /// A merge patch, as `kubectl edit` would change it.
  Value patch(const std::string& path, std::string body) const;
  void remove(const std::string& path) const;
  /// Asks until the answer is as wanted; false when a minute has passed. An object that is absent is null.
  [[nodiscard]] bool wait_for(const std::string& path, const Predicate& wanted) const;
  /// kubectl of the same version, as `admin`.
  [[nodiscard]] ProcessOutput kubectl(std::vector<std::string> arguments, std::string input = {}) const;

  [[nodiscard]] int pid(Part part) const;
  [[nodiscard]] std::string log(Part part) const;
  /// Ends it politely, or as a power cut does.
  void stop(Part part);
  void kill(Part part);
  /// On the same port with the same contents, and waits until it answers.
  void start(Part part);
  /// It keeps its connections and answers nothing, until it is thawed.
  void freeze(Part part);
  void thaw(Part part);

  /// A copy of what etcd holds now.
  std::filesystem::path save_etcd();
  /// Ends etcd and API server, and starts them with what was saved.
  void restore_etcd(const std::filesystem::path& saved);

  /// With Options::audit, in the order in which they were answered.
  [[nodiscard]] std::vector<Audited> requests() const;
  /// What every container has logged so far, and before its last restart.
  void write_pod_log(const std::vector<std::string>& lines, const std::vector<std::string>& previous = {});

 private:
  static constexpr std::size_t kParts = 5;
  struct Ports {
    int etcd = 0;
    int peer = 0;
    int kubelet = 0;
  };
  [[nodiscard]] std::optional<ServerProcess>& process(Part part) { return processes_.at(static_cast<std::size_t>(part)); }
  [[nodiscard]] const std::optional<ServerProcess>& process(Part part) const { return processes_.at(static_cast<std::size_t>(part)); }
  void write_files();
  void start_servers();
  void start_nodes();
  void launch(Part part);
  [[nodiscard]] std::string file(std::string_view name) const { return (folder_.path() / name).string(); }
  [[nodiscard]] std::vector<std::string> etcd_arguments() const;
  [[nodiscard]] std::vector<std::string> api_server_arguments() const;
  [[nodiscard]] std::vector<std::string> client_arguments() const;
  [[nodiscard]] std::vector<std::string> controller_arguments() const;
  [[nodiscard]] std::vector<std::string> node_arguments() const;
  [[nodiscard]] bool answers(Part part);
  [[noreturn]] void give_up(Part part) const;

  Options options_;
  TemporaryFolder folder_;
  std::unique_ptr<http::Client> client_;
  Ports ports_;
  int port_ = 0;
  int saved_ = 0;
  std::array<std::optional<ServerProcess>, kParts> processes_;
};

/// The value at "status.conditions.0.type"; null where there is none.
Value at(const Value& value, std::string_view path);

}  // namespace muster::test
