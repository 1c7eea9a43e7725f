#include "support/server_process.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstring>
#include <stdexcept>
#include <thread>
#include <utility>

namespace muster::test {
namespace {

std::vector<char*> pointers(std::vector<std::string>& texts) {
  std::vector<char*> out;
  for (std::string& text : texts) out.push_back(text.data());
  out.push_back(nullptr);
  return out;
}

template <typename Address>
bool accepts(int family, const Address& address) {
  const int socket = ::socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const bool connected = ::connect(socket, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0;
  ::close(socket);
  return connected;
}

template <typename Probe>
bool wait_until(Probe probe, ServerProcess& server) {
  for (int i = 0; i < 1000; ++i) {
    if (probe()) return true;
    if (!server.is_running()) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  return false;
}

}  // namespace

ServerProcess::ServerProcess(const std::vector<std::string>& argv, const std::map<std::string, std::string>& environment,
                             const std::filesystem::path& log, int death_signal) {
  std::vector<std::string> arguments = argv;
  std::vector<std::string> variables;
  for (const auto& [name, value] : environment) variables.push_back(name + "=" + value);
  const std::vector<char*> argument_pointers = pointers(arguments);
  const std::vector<char*> variable_pointers = pointers(variables);
  const int parent = ::getpid();
  const int out = ::open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
  const int in = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
  process_ = ::fork();
  if (process_ < 0) throw std::runtime_error("cannot start " + argv[0]);
  if (process_ != 0) {
    ::setpgid(process_, process_);  // Both do: signal() must find the group whoever runs first.
    ::close(out);
    ::close(in);
    return;
  }
  ::setpgid(0, 0);
  ::prctl(PR_SET_PDEATHSIG, death_signal);
  if (::getppid() != parent) ::_exit(127);
  ::dup2(in, 0);
  ::dup2(out, 1);
  ::dup2(out, 2);
  ::execve(arguments[0].c_str(), argument_pointers.data(), variable_pointers.data());
  ::_exit(127);
}

ServerProcess::~ServerProcess() { stop(); }

ServerProcess::ServerProcess(ServerProcess&& other) noexcept : process_(std::exchange(other.process_, -1)) {}

ServerProcess& ServerProcess::operator=(ServerProcess&& other) noexcept {
  stop();
  process_ = std::exchange(other.process_, -1);
  return *this;
}

bool ServerProcess::is_running() {
  if (process_ < 0) return false;
  if (::waitpid(process_, nullptr, WNOHANG) == 0) return true;
  process_ = -1;
  return false;
}

void ServerProcess::signal(int number) const {
  if (process_ >= 0) ::kill(-process_, number);
}

void ServerProcess::stop() {
  signal(SIGTERM);
  for (int i = 0; i < 200 && is_running(); ++i) std::this_thread::sleep_for(std::chrono::milliseconds(5));
  kill();
}

void ServerProcess::kill() {
  if (process_ < 0) return;
  signal(SIGKILL);
  ::waitpid(process_, nullptr, 0);
  process_ = -1;
}

bool wait_for_port(int port, ServerProcess& server) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  return wait_until([&] { return accepts(AF_INET, address); }, server);
}

bool wait_for_socket(const std::filesystem::path& socket, ServerProcess& server) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::strncpy(address.sun_path, socket.c_str(), sizeof(address.sun_path) - 1);
  return wait_until([&] { return accepts(AF_UNIX, address); }, server);
}

}  // namespace muster::test
