// A server started by a test, ended with the object. Ends too when the test program is killed.
#pragma once

#include <csignal>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

namespace muster::test {

class ServerProcess {
 public:
  /// Standard output and error go to `log`. `death_signal` is what it gets when the thread that starts it ends: SIGKILL
  /// for those that a test stops with SIGSTOP, for they would wait with any other signal for ever.
  ServerProcess(const std::vector<std::string>& argv, const std::map<std::string, std::string>& environment,
                const std::filesystem::path& log, int death_signal = SIGTERM);
  ~ServerProcess();
  ServerProcess(ServerProcess&& other) noexcept;
  ServerProcess& operator=(ServerProcess&& other) noexcept;
  ServerProcess(const ServerProcess&) = delete;
  ServerProcess& operator=(const ServerProcess&) = delete;

  [[nodiscard]] bool is_running();
  /// -1 once it has ended.
  [[nodiscard]] int pid() const { return process_; }
  /// To it and all that it started.
  void signal(int number) const;
  /// Asks it to end, then ends it.
  void stop();
  void kill();

 private:
  int process_ = -1;
};

/// Waits until something accepts connections on this port of loopback; false when `server` ended or ten seconds passed.
bool wait_for_port(int port, ServerProcess& server);
/// The same for a socket in the file system.
bool wait_for_socket(const std::filesystem::path& socket, ServerProcess& server);

}  // namespace muster::test
