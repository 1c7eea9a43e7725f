#include "support/control_plane.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <fstream>
#include <stdexcept>
#include <thread>

#include "muster/base/world.hpp"
#include "support/certificate.hpp"
#include "support/git_repository.hpp"
#include "support/golden.hpp"
#include "support/kubernetes_programs.hpp"
#include "support/scripted_server.hpp"

namespace muster::test {
namespace {

using Part = ControlPlane::Part;

constexpr int kTries = 5;  ///< Another process may take a free port first.
constexpr int kNodes = 3;
constexpr std::chrono::minutes kPatience{1};
constexpr std::chrono::milliseconds kPause{10};

/// In the order of Part; also of their logs.
constexpr std::array<std::string_view, 5> kPrograms = {"etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler", "kwok"};

std::string name_of(Part part) { return std::string(kPrograms.at(static_cast<std::size_t>(part))); }

constexpr std::string_view kAuditPolicy = R"({apiVersion: audit.k8s.io/v1, kind: Policy, omitStages: [RequestReceived],
rules: [{level: Metadata}]}
)";

constexpr std::string_view kKubeconfig = R"(apiVersion: v1
kind: Config
current-context: {user}
contexts: [{{name: {user}, context: {{cluster: test, user: {user}}}}}]
clusters: [{{name: test, cluster: {{server: "{url}", certificate-authority: "{ca}"}}}}]
users: [{{name: {user}, user: {{{login}}}}}]
)";

constexpr std::string_view kPodLogs = R"(---
kind: ClusterLogs
apiVersion: kwok.x-k8s.io/v1alpha1
metadata: {{name: logs}}
spec: {{logs: [{{logsFile: "{0}/pod.log", previousLogsFile: "{0}/previous.log"}}]}}
)";

std::string node(int number) {
  constexpr std::string_view kResources = R"({cpu: "1000", memory: 1000Gi, pods: "5000"})";
  return fmt::format(R"({{apiVersion: v1, kind: Node, metadata: {{name: node-{0}, annotations: {{kwok.x-k8s.io/node: fake}}, labels: {{
kubernetes.io/hostname: node-{0}, kubernetes.io/os: linux, kubernetes.io/arch: amd64}}}}, status: {{allocatable: {1}, capacity: {1}}}}})",
                     number, kResources);
}

bool is_ready(const Value& node) {
  const Value conditions = at(node, "status.conditions");
  for (const Value& condition : conditions.if_array() != nullptr ? *conditions.if_array() : Array{}) {
    if (condition.string_at("type") == "Ready") return condition.string_at("status") == "True";
  }
  return false;
}

bool are_ready(const Value& nodes) {
  const Array* items = nodes.find("items") != nullptr ? nodes.find("items")->if_array() : nullptr;
  return items != nullptr && items->size() == kNodes && std::all_of(items->begin(), items->end(), is_ready);
}

std::string tail(const std::string& text, std::size_t bytes = 3000) {
  return text.size() <= bytes ? text : "…" + text.substr(text.size() - bytes);
}

}  // namespace

std::optional<std::string> ControlPlane::missing(const Options& options) {
  std::vector<std::string_view> names = {"etcd", "kube-apiserver"};
  if (options.controllers || options.nodes) names.emplace_back("kube-controller-manager");
  if (options.nodes) names.insert(names.end(), {"kube-scheduler", "kwok"});
  if (!find_program("openssl")) return "openssl is not installed (Debian package openssl)";
  return missing_kubernetes(names);
}

ControlPlane::ControlPlane(Options options) : options_(std::move(options)) {
  http::Options client;
  client.retry.retries = 0;
  client_ = http::make_client(system_world(), client);
  if (options_.nodes) options_.controllers = true;
  write_files();
  start_servers();
  create("/apis/rbac.authorization.k8s.io/v1/clusterrolebindings",
         R"({apiVersion: rbac.authorization.k8s.io/v1, kind: ClusterRoleBinding, metadata: {name: muster},
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: cluster-admin},
subjects: [{kind: User, apiGroup: rbac.authorization.k8s.io, name: muster}]})");
  if (options_.controllers) launch(Part::controllers);
  if (options_.nodes) start_nodes();
  if (options_.controllers &&
      !wait_for("/api/v1/namespaces/default/serviceaccounts/default", [](const Value& account) { return !account.is_null(); })) {
    give_up(Part::controllers);
  }
}

/// What they hold goes with them: none needs to end politely.
ControlPlane::~ControlPlane() {
  for (auto& part : processes_) {
    if (part) part->signal(SIGKILL);
  }
  for (auto& part : processes_) {
    if (part) part->kill();
  }
}

void ControlPlane::write_files() {
  test::make_certificate(folder_.path());
  const std::string openssl = find_program("openssl").value().string();
  run_program(
      {openssl, "genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-out", folder_.path() / "accounts.key"});
  std::string tokens = fmt::format("{},admin,admin,\"system:masters\"\n{},muster,muster\n", token("admin"), token("muster"));
  for (const User& user : options_.users) {
    tokens += fmt::format("{},{},{},\"{}\"\n", token(user.name), user.name, user.name, fmt::join(user.groups, ","));
  }
  folder_.write("tokens.csv", tokens);
  folder_.write("audit-policy.yaml", kAuditPolicy);
  folder_.write("nodes.yaml", read_file(MUSTER_SOURCE_DIR "/tests/kubernetes/nodes.yaml") + fmt::format(kPodLogs, folder_.path().string()));
  write_pod_log({});
}

void ControlPlane::start_servers() {
  for (int i = 0; i < kTries; ++i) {
    ports_ = {free_port(), free_port(), free_port()};
    port_ = free_port();
    write_kubeconfig(kubeconfig(), "admin");
    launch(Part::etcd);
    launch(Part::api_server);
    if (answers(Part::api_server)) return;
    const bool is_taken = log(Part::etcd).find("address already in use") != std::string::npos ||
                          log(Part::api_server).find("address already in use") != std::string::npos;
    if (!is_taken) give_up(process(Part::etcd)->is_running() ? Part::api_server : Part::etcd);
    kill(Part::api_server);
    kill(Part::etcd);
    for (const Part part : {Part::etcd, Part::api_server}) std::filesystem::remove(folder_.path() / (name_of(part) + ".log"));
    std::filesystem::remove_all(folder_.path() / "etcd");
  }
  throw std::runtime_error("no free ports for a control plane");
}

void ControlPlane::start_nodes() {
  launch(Part::scheduler);
  launch(Part::nodes);
  for (int i = 1; i <= kNodes; ++i) create("/api/v1/nodes", node(i));
  if (!wait_for("/api/v1/nodes", are_ready)) give_up(Part::nodes);
}

std::vector<std::string> ControlPlane::etcd_arguments() const {
  const std::string clients = fmt::format("http://127.0.0.1:{}", ports_.etcd);
  const std::string peers = fmt::format("http://127.0.0.1:{}", ports_.peer);
  return {"--data-dir=" + file("etcd"),  "--listen-client-urls=" + clients,        "--advertise-client-urls=" + clients,
          "--listen-peer-urls=" + peers, "--initial-advertise-peer-urls=" + peers, "--initial-cluster=default=" + peers};
}

std::vector<std::string> ControlPlane::api_server_arguments() const {
  std::vector<std::string> out = {fmt::format("--etcd-servers=http://127.0.0.1:{}", ports_.etcd),
                                  fmt::format("--secure-port={}", port_),
                                  "--bind-address=127.0.0.1",
                                  "--advertise-address=127.0.0.1",
                                  "--endpoint-reconciler-type=none",
                                  "--service-cluster-ip-range=10.0.0.0/16",
                                  "--authorization-mode=RBAC",
                                  "--tls-cert-file=" + file("server.pem"),
                                  "--tls-private-key-file=" + file("server.key"),
                                  "--client-ca-file=" + file("ca.pem"),
                                  "--token-auth-file=" + file("tokens.csv"),
                                  "--service-account-issuer=https://127.0.0.1",
                                  "--service-account-key-file=" + file("accounts.key"),
                                  "--service-account-signing-key-file=" + file("accounts.key"),
                                  "--kubelet-preferred-address-types=InternalIP"};
  if (options_.audit) out.insert(out.end(), {"--audit-policy-file=" + file("audit-policy.yaml"), "--audit-log-path=" + file("audit.log")});
  out.insert(out.end(), options_.api_server.begin(), options_.api_server.end());
  return out;
}

/// Without the last two, a controller-manager asks 20 times a second, and a hundred Deployments take half a minute.
std::vector<std::string> ControlPlane::client_arguments() const {
  const std::string config = kubeconfig().string();
  return {"--kubeconfig=" + config,
          "--authentication-kubeconfig=" + config,
          "--authorization-kubeconfig=" + config,
          "--secure-port=0",
          "--leader-elect=false",
          "--kube-api-qps=1000",
          "--kube-api-burst=2000"};
}

std::vector<std::string> ControlPlane::controller_arguments() const {
  std::vector<std::string> out = client_arguments();
  out.insert(out.end(), {"--service-account-private-key-file=" + file("accounts.key"), "--root-ca-file=" + file("ca.pem"),
                         "--use-service-account-credentials=false", "--allocate-node-cidrs=false"});
  out.insert(out.end(), options_.controller_manager.begin(), options_.controller_manager.end());
  return out;
}

std::vector<std::string> ControlPlane::node_arguments() const {
  return {"--kubeconfig=" + kubeconfig().string(),
          "--config=" + file("nodes.yaml"),
          "--manage-all-nodes=false",
          "--manage-nodes-with-annotation-selector=kwok.x-k8s.io/node=fake",
          "--cidr=10.1.0.0/16",
          "--node-ip=127.0.0.1",
          fmt::format("--node-port={}", ports_.kubelet),
          fmt::format("--server-address=127.0.0.1:{}", ports_.kubelet),
          "--tls-cert-file=" + file("server.pem"),
          "--tls-private-key-file=" + file("server.key"),
          "--node-lease-duration-seconds=40"};
}

void ControlPlane::launch(Part part) {
  using Arguments = std::vector<std::string> (ControlPlane::*)() const;
  constexpr std::array<Arguments, kParts> kArguments = {&ControlPlane::etcd_arguments, &ControlPlane::api_server_arguments,
                                                        &ControlPlane::controller_arguments, &ControlPlane::client_arguments,
                                                        &ControlPlane::node_arguments};
  std::vector<std::string> argv = (this->*kArguments.at(static_cast<std::size_t>(part)))();
  argv.insert(argv.begin(), kubernetes_program(name_of(part)).value().string());
  process(part).emplace(argv, std::map<std::string, std::string>{{"PATH", "/usr/bin:/bin"}, {"HOME", folder_.path().string()}},
                        folder_.path() / (name_of(part) + ".log"), SIGKILL);
}

/// Whether it begins to answer. Parts without a door of their own are taken to.
bool ControlPlane::answers(Part part) {
  if (part == Part::etcd) return wait_for_port(ports_.etcd, *process(part));
  if (part != Part::api_server) return true;
  http::Request request;
  request.url = url() + "/readyz";
  request.tls.ca_file = ca_file().string();
  request.credentials = {http::Credentials::Kind::bearer, "", token("admin")};
  request.limits.time = std::chrono::seconds(2);
  const auto end = std::chrono::steady_clock::now() + kPatience;
  while (std::chrono::steady_clock::now() < end) {
    const auto answer = client_->send(request, {});
    if (answer.ok() && answer->ok()) return true;
    if (!process(part)->is_running() || !process(Part::etcd)->is_running()) return false;
    std::this_thread::sleep_for(kPause);
  }
  return false;
}

void ControlPlane::give_up(Part part) const { throw std::runtime_error(name_of(part) + " is not ready: " + tail(log(part))); }

int ControlPlane::pid(Part part) const { return process(part) ? process(part)->pid() : -1; }

std::string ControlPlane::log(Part part) const { return folder_.read(name_of(part) + ".log"); }

void ControlPlane::stop(Part part) { process(part).value().stop(); }

void ControlPlane::kill(Part part) { process(part).value().kill(); }

void ControlPlane::start(Part part) {
  launch(part);
  if (!answers(part)) give_up(part);
}

void ControlPlane::freeze(Part part) { process(part).value().signal(SIGSTOP); }

void ControlPlane::thaw(Part part) { process(part).value().signal(SIGCONT); }

/// Frozen, what is in its files is what a power cut would leave there, and it can be started from that.
std::filesystem::path ControlPlane::save_etcd() {
  const auto saved = folder_.path() / fmt::format("saved-{}", ++saved_);
  freeze(Part::etcd);
  std::filesystem::copy(folder_.path() / "etcd", saved, std::filesystem::copy_options::recursive);
  thaw(Part::etcd);
  return saved;
}

void ControlPlane::restore_etcd(const std::filesystem::path& saved) {
  kill(Part::api_server);
  kill(Part::etcd);
  std::filesystem::remove_all(folder_.path() / "etcd");
  std::filesystem::copy(saved, folder_.path() / "etcd", std::filesystem::copy_options::recursive);
  start(Part::etcd);
  start(Part::api_server);
}

std::string ControlPlane::url() const { return fmt::format("https://127.0.0.1:{}", port_); }

std::string ControlPlane::token(std::string_view user) { return fmt::format("token-of-{}", user); }

ControlPlane::Certificate ControlPlane::make_certificate(const User& user) {
  const std::string base = (folder_.path() / ("client-" + user.name)).string();
  const std::string openssl = find_program("openssl").value().string();
  std::string subject;
  for (const std::string& group : user.groups) subject += "/O=" + group;
  run_program({openssl, "req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-subj", subject + "/CN=" + user.name,
               "-keyout", base + ".key", "-out", base + ".csr"});
  std::ofstream(base + ".ext") << "extendedKeyUsage=clientAuth\n";
  run_program({openssl, "x509", "-req", "-in", base + ".csr", "-CA", ca_file().string(), "-CAkey", (folder_.path() / "ca.key").string(),
               "-CAcreateserial", "-days", "2", "-extfile", base + ".ext", "-out", base + ".pem"});
  return {base + ".pem", base + ".key"};
}

void ControlPlane::write_kubeconfig(const std::filesystem::path& file, const std::string& user, Login login) {
  std::string how = fmt::format("token: {}", token(user));
  if (login == Login::certificate) {
    User asked{user, {}};
    if (user == "admin") asked.groups = {"system:masters"};
    for (const User& known : options_.users) {
      if (known.name == user) asked = known;
    }
    const Certificate made = make_certificate(asked);
    how = fmt::format("client-certificate: \"{}\", client-key: \"{}\"", made.certificate.string(), made.key.string());
  }
  std::ofstream(file) << fmt::format(kKubeconfig, fmt::arg("user", user), fmt::arg("url", url()), fmt::arg("ca", ca_file().string()),
                                     fmt::arg("login", how));
}

}  // namespace muster::test
