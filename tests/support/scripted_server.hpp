// An HTTP server on loopback that does exactly what a test says, byte by byte: for faults that real servers cannot be
// asked for. A thread for each connection; everything ends with the object.
#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace muster::test {

class ScriptedServer {
 public:
  struct Request {
    std::string method;
    std::string target;
    std::map<std::string, std::string> headers;  ///< Names in lower case.
    std::string body;
  };
  class Conversation {
   public:
    Conversation(ScriptedServer& server, int socket) : server_(server), socket_(socket) {}
    void send(std::string_view bytes);
    /// A whole answer with its length; `headers` end in "\r\n" each.
    void answer(int status, std::string_view body = {}, std::string_view headers = {});
    /// Says nothing more until the client or the test gives up.
    void stay_silent();

   private:
    ScriptedServer& server_;
    int socket_;
  };
  /// Answers one request; false closes the connection.
  using Script = std::function<bool(const Request&, Conversation&)>;

  explicit ScriptedServer(Script script);
  ~ScriptedServer();
  ScriptedServer(const ScriptedServer&) = delete;
  ScriptedServer& operator=(const ScriptedServer&) = delete;

  [[nodiscard]] int port() const { return port_; }
  [[nodiscard]] std::string url(std::string_view path = "/") const;
  [[nodiscard]] int requests() const { return requests_; }
  [[nodiscard]] int connections() const { return connections_; }

 private:
  void accept_all();
  void serve(int socket);

  Script script_;
  int listener_ = -1;
  int port_ = 0;
  std::atomic<int> requests_ = 0;
  std::atomic<int> connections_ = 0;
  std::atomic<bool> over_ = false;
  std::mutex mutex_;
  std::vector<int> sockets_;
  std::vector<std::thread> threads_;
  std::thread acceptor_;
};

/// A port of loopback that nothing listens on.
int free_port();

}  // namespace muster::test
