// The limit of every client: one kept connection that sends bytes prepared beforehand and reads answers, nothing else.
#pragma once

#include <string>
#include <string_view>

namespace muster::bench {

class Replay {
 public:
  /// Connects to a port of loopback.
  explicit Replay(int port);
  ~Replay();
  Replay(const Replay&) = delete;
  Replay& operator=(const Replay&) = delete;

  /// Sends a whole HTTP/1.1 request and returns the body of its answer.
  std::string exchange(std::string_view request);

 private:
  void more();
  std::string chunks(std::size_t at);

  int socket_;
  std::string input_;
};

}  // namespace muster::bench
