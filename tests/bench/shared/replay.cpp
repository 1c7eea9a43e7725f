#include "bench/replay.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <stdexcept>

namespace muster::bench {
namespace {

std::size_t number_after(std::string_view text, std::string_view name) {
  const auto at = text.find(name);
  return at == std::string_view::npos ? std::string::npos : std::stoul(std::string(text.substr(at + name.size(), 12)));
}

}  // namespace

Replay::Replay(int port) : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  const int on = 1;
  ::setsockopt(socket_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
  if (::connect(socket_, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0)
    throw std::runtime_error("replay: nothing listens");
}

Replay::~Replay() { ::close(socket_); }

void Replay::more() {
  std::array<char, 65536> buffer{};
  const ssize_t got = ::recv(socket_, buffer.data(), buffer.size(), 0);
  if (got <= 0) throw std::runtime_error("replay: the server closed the connection");
  input_.append(buffer.data(), static_cast<std::size_t>(got));
}

std::string Replay::exchange(std::string_view request) {
  while (!request.empty()) {
    const ssize_t sent = ::send(socket_, request.data(), request.size(), MSG_NOSIGNAL);
    if (sent <= 0) throw std::runtime_error("replay: cannot send");
    request.remove_prefix(static_cast<std::size_t>(sent));
  }
  while (input_.find("\r\n\r\n") == std::string::npos) more();
  const std::size_t head = input_.find("\r\n\r\n") + 4;
  const std::size_t length = number_after(std::string_view(input_).substr(0, head), "Content-Length: ");
  if (length != std::string::npos) {
    while (input_.size() < head + length) more();
    std::string out = input_.substr(head, length);
    input_.erase(0, head + length);
    return out;
  }
  return chunks(head);
}

std::string Replay::chunks(std::size_t at) {
  std::string out;
  while (true) {
    while (input_.find("\r\n", at) == std::string::npos) more();
    const std::size_t line = input_.find("\r\n", at);
    const std::size_t size = std::stoul(input_.substr(at, line - at), nullptr, 16);
    while (input_.size() < line + 2 + size + 2) more();
    out += input_.substr(line + 2, size);
    at = line + 2 + size + 2;
    if (size == 0) break;
  }
  input_.erase(0, at);
  return out;
}

}  // namespace muster::bench
