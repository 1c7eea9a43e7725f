#include "support/scripted_server.hpp"

#include <arpa/inet.h>
#include <fmt/core.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <optional>
#include <stdexcept>

namespace muster::test {
namespace {

int listen_on_loopback(int& port) {
  const int listener = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof(address);
  const bool bound = ::bind(listener, reinterpret_cast<sockaddr*>(&address), size) == 0 && ::listen(listener, 64) == 0;
  if (!bound || ::getsockname(listener, reinterpret_cast<sockaddr*>(&address), &size) != 0)
    throw std::runtime_error("cannot listen on loopback");
  port = ntohs(address.sin_port);
  return listener;
}

bool receive(int socket, std::string& buffer) {
  char bytes[65536];
  const ssize_t got = ::recv(socket, bytes, sizeof(bytes), 0);
  if (got <= 0) return false;
  buffer.append(bytes, static_cast<std::size_t>(got));
  return true;
}

ScriptedServer::Request parse_head(std::string_view head) {
  ScriptedServer::Request out;
  const std::string_view line = head.substr(0, head.find("\r\n"));
  out.method = line.substr(0, line.find(' '));
  const auto target = line.find(' ') + 1;
  out.target = line.substr(target, line.rfind(' ') - target);
  head.remove_prefix(std::min(head.size(), line.size() + 2));
  while (!head.empty()) {
    const std::string_view header = head.substr(0, head.find("\r\n"));
    std::string name(header.substr(0, header.find(':')));
    std::transform(name.begin(), name.end(), name.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    const auto value = header.find_first_not_of(' ', header.find(':') + 1);
    out.headers[name] = value == std::string_view::npos ? "" : std::string(header.substr(value));
    head.remove_prefix(std::min(head.size(), header.size() + 2));
  }
  return out;
}

std::optional<std::string> receive_chunks(int socket, std::string& buffer) {
  std::string body;
  while (true) {
    auto end = buffer.find("\r\n");
    while (end == std::string::npos) {
      if (!receive(socket, buffer)) return std::nullopt;
      end = buffer.find("\r\n");
    }
    const std::size_t size = std::stoul(buffer.substr(0, end), nullptr, 16);
    while (buffer.size() < end + 2 + size + 2) {
      if (!receive(socket, buffer)) return std::nullopt;
    }
    body += buffer.substr(end + 2, size);
    buffer.erase(0, end + 2 + size + 2);
    if (size == 0) return body;
  }
}

std::optional<ScriptedServer::Request> receive_request(int socket, std::string& buffer) {
  std::size_t end = 0;
  while ((end = buffer.find("\r\n\r\n")) == std::string::npos) {
    constexpr char kTlsHandshake = 0x16;  // Hung up on at once, as servers of plain HTTP do.
    if (!receive(socket, buffer) || buffer.front() == kTlsHandshake) return std::nullopt;
  }
  ScriptedServer::Request out = parse_head(std::string_view(buffer).substr(0, end + 2));
  buffer.erase(0, end + 4);
  if (out.headers.contains("transfer-encoding")) {
    auto body = receive_chunks(socket, buffer);
    if (!body) return std::nullopt;
    out.body = std::move(*body);
    return out;
  }
  const std::size_t size = out.headers.contains("content-length") ? std::stoul(out.headers["content-length"]) : 0;
  while (buffer.size() < size) {
    if (!receive(socket, buffer)) return std::nullopt;
  }
  out.body = buffer.substr(0, size);
  buffer.erase(0, size);
  return out;
}

}  // namespace

void ScriptedServer::Conversation::send(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t sent = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent <= 0) return;
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
}

void ScriptedServer::Conversation::answer(int status, std::string_view body, std::string_view headers) {
  send(fmt::format("HTTP/1.1 {} Status\r\nContent-Length: {}\r\n{}\r\n{}", status, body.size(), headers, body));
}

void ScriptedServer::Conversation::stay_silent() {
  pollfd watched{socket_, POLLRDHUP, 0};
  while (!server_.over_ && ::poll(&watched, 1, 50) == 0) {}
}

ScriptedServer::ScriptedServer(Script script) : script_(std::move(script)) {
  listener_ = listen_on_loopback(port_);
  acceptor_ = std::thread([this] { accept_all(); });
}

ScriptedServer::~ScriptedServer() {
  over_ = true;
  ::shutdown(listener_, SHUT_RDWR);
  acceptor_.join();
  {
    const std::lock_guard lock(mutex_);
    for (const int socket : sockets_) ::shutdown(socket, SHUT_RDWR);
  }
  for (std::thread& thread : threads_) thread.join();
  for (const int socket : sockets_) ::close(socket);
  ::close(listener_);
}

std::string ScriptedServer::url(std::string_view path) const { return fmt::format("http://127.0.0.1:{}{}", port_, path); }

void ScriptedServer::accept_all() {
  while (!over_) {
    const int socket = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    if (socket < 0) continue;
    const int on = 1;
    ::setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    ++connections_;
    const std::lock_guard lock(mutex_);
    sockets_.push_back(socket);
    threads_.emplace_back([this, socket] { serve(socket); });
  }
}

void ScriptedServer::serve(int socket) {
  std::string buffer;
  while (auto request = receive_request(socket, buffer)) {
    ++requests_;
    Conversation conversation(*this, socket);
    if (!script_(*request, conversation)) break;
  }
  ::shutdown(socket, SHUT_RDWR);
}

int free_port() {
  int port = 0;
  ::close(listen_on_loopback(port));
  return port;
}

}  // namespace muster::test
