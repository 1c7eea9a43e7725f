// What carries packets to one service of one remote and back. Private to the room. Thread-safety: one thread at a time.
// Failures: those of http and of processes, in the words of this remote; credentials never.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "git/pack_writer.hpp"
#include "git/packet.hpp"
#include "git/url.hpp"
#include "muster/git/repository.hpp"
#include "muster/http/client.hpp"

namespace muster::git {

enum class Service : std::uint8_t { upload_pack, receive_pack };

class Channel {
 public:
  virtual ~Channel() = default;
  /// True where the server speaks first, so that asking without a greeting is no choice.
  [[nodiscard]] virtual bool greets_first() const = 0;
  /// True where the greeting begins with the service's name.
  [[nodiscard]] virtual bool names_service() const = 0;
  /// What the server says first.
  virtual Result<void> greet(PacketSink& greeting) = 0;
  /// Sends one request and gives the packets of its answer, of at most `limit` bytes, to `answer`.
  virtual Result<void> ask(std::string_view request, PacketSink& answer, std::uint64_t limit) = 0;
  /// Whether the last failure may be that of a server which does not understand how it was asked.
  [[nodiscard]] virtual bool may_be_older() const = 0;
};

/// Where one URL turned out to be, remembered by Remotes over sessions.
struct Whereabouts {
  std::string base;     ///< After a redirect of the greeting; empty: the URL itself.
  bool is_old = false;  ///< Speaks protocols 0 or 1 only.
};

struct HttpRoute {
  http::Client& client;
  http::Credentials credentials;
  std::string ca_file;
};
std::unique_ptr<Channel> open_http_channel(HttpRoute route, const std::string& url, Service service, Whereabouts& whereabouts,
                                           const TransferLimits& limits, const Deadline& deadline);

struct SshRoute {
  std::string program;
  std::map<std::string, std::string> environment;
  std::string key_file;
  std::string known_hosts;
};
/// `command` speaks the service on its standard input and output; `name` stands for it in failures.
Result<std::unique_ptr<Channel>> open_process_channel(const World& world, Command command, const std::string& name,
                                                      const TransferLimits& limits, const Deadline& deadline);
Result<std::unique_ptr<Channel>> open_ssh_channel(const World& world, const SshRoute& route, const Url& url, Service service,
                                                  const TransferLimits& limits, const Deadline& deadline);

}  // namespace muster::git
