// git over the user's own ssh program: their configuration, agent and known hosts count, nothing of it is guessed here.
#include <fmt/core.h>

#include <array>

#include "git/channel.hpp"
#include "muster/base/text.hpp"

namespace muster::git {
namespace {

/// One word for the remote shell.
std::string shell_word(std::string_view text) {
  std::string out = "'";
  for (const char c : text) out += c == '\'' || c == '!' ? fmt::format("'\\{}'", c) : std::string(1, c);
  return out + "'";
}

/// A path as ssh's configuration reads it: percent signs are its own, quotes keep spaces together.
std::string quoted_option(std::string_view path) {
  std::string out = "\"";
  for (const char c : path) out += c == '%' ? "%%" : c == '"' || c == '\\' ? fmt::format("\\{}", c) : std::string(1, c);
  return out + "\"";
}

Command make_command(const SshRoute& route, const Url& url, Service service, const TransferLimits& limits) {
  Command out;
  // BatchMode: never a prompt. A host that is not known is refused, not learned.
  out.argv = {route.program, "-T", "-oBatchMode=yes", "-oStrictHostKeyChecking=yes", "-oConnectTimeout=15", "-oServerAliveInterval=15",
              "-oForwardAgent=no", "-oForwardX11=no", "-oClearAllForwardings=yes", "-oPermitLocalCommand=no", "-oSendEnv=GIT_PROTOCOL"};
  if (!route.known_hosts.empty()) {
    out.argv.push_back("-oUserKnownHostsFile=" + quoted_option(route.known_hosts));
    out.argv.emplace_back("-oGlobalKnownHostsFile=/dev/null");
  }
  if (!route.key_file.empty()) {
    out.argv.emplace_back("-oIdentitiesOnly=yes");
    out.argv.push_back("-oIdentityFile=" + quoted_option(route.key_file));
  }
  if (!url.port.empty()) out.argv.push_back("-p" + url.port);
  if (!url.user.empty()) out.argv.push_back("-l" + url.user);
  out.argv.emplace_back("--");
  out.argv.push_back(url.host);
  out.argv.push_back(fmt::format("{} {}", service == Service::upload_pack ? "git-upload-pack" : "git-receive-pack", shell_word(url.path)));
  out.environment = route.environment;
  if (service == Service::upload_pack) out.environment["GIT_PROTOCOL"] = "version=2";
  out.limits.time = limits.silence;
  return out;
}

struct Wording {
  std::string_view text;
  FailureKind kind;
  Reason reason;
};
// ssh says everything with exit code 255, and git with 128; only their words differ.
constexpr std::array kWordings = {
    Wording{"Host key verification failed", FailureKind::stalled, Reason::denied},
    Wording{"REMOTE HOST IDENTIFICATION HAS CHANGED", FailureKind::stalled, Reason::denied},
    Wording{"Permission denied", FailureKind::stalled, Reason::denied},
    Wording{"Too many authentication failures", FailureKind::stalled, Reason::denied},
    Wording{"does not appear to be a git repository", FailureKind::stalled, Reason::denied},
    Wording{"not found", FailureKind::stalled, Reason::denied},
    Wording{"detected dubious ownership", FailureKind::stalled, Reason::denied},
    Wording{"timed out", FailureKind::retry, Reason::timeout},
};

class SshChannel final : public Channel {
 public:
  SshChannel(std::unique_ptr<ProcessStream> stream, std::string host, const TransferLimits& limits, const Deadline& deadline)
      : stream_(std::move(stream)), host_(std::move(host)), limits_(limits), deadline_(deadline) {}

  [[nodiscard]] bool greets_first() const override { return true; }
  [[nodiscard]] bool names_service() const override { return false; }
  Result<void> greet(PacketSink& greeting) override { return receive(greeting, limits_.answer_bytes); }

  Result<void> ask(std::string_view request, PacketSink& answer, std::uint64_t limit) override {
    if (auto sent = stream_->write(request); !sent.ok()) return explained(std::move(sent).failure());
    return receive(answer, limit);
  }

  [[nodiscard]] bool may_be_older() const override { return false; }

 private:
  Result<void> receive(PacketSink& sink, std::uint64_t limit) {
    std::uint64_t bytes = 0;
    PacketParser parser(sink);
    MUSTER_CHECK(parser.feed(std::exchange(left_, {})));
    std::array<char, std::size_t{64} << 10U> buffer{};
    while (!parser.complete()) {
      MUSTER_CHECK(deadline_.check());
      auto got = stream_->read(buffer.data(), buffer.size());
      if (!got.ok()) return explained(std::move(got).failure());
      if (*got == 0) return ended();
      bytes += *got;
      if (bytes > limit) return stalled(Reason::limit, fmt::format("{} answers with more than {} bytes", host_, limit));
      MUSTER_CHECK(parser.feed({buffer.data(), *got}));
    }
    left_ = parser.rest();
    return {};
  }

  Failure ended() {
    const auto code = stream_->wait();
    if (!code.ok()) return explained(code.failure());
    return explained(retry(Reason::unreachable, fmt::format("{} ended the connection", host_)));
  }

  /// What ssh and the far side wrote to standard error says more than a closed pipe.
  [[nodiscard]] Failure explained(Failure failure) const {
    if (failure.reason == Reason::cancelled) return failure;
    const std::string words = stream_->error_text();
    std::vector<std::string> lines;
    for (const std::string_view line : split(words, '\n')) {
      const std::string_view text = trim(line);
      if (!text.empty() && !text.starts_with("Warning: Permanently added") && lines.size() < 6) lines.push_back(escape_for_terminal(text.substr(0, 300)));
    }
    for (const Wording& wording : kWordings) {
      if (words.find(wording.text) == std::string::npos) continue;
      failure.kind = wording.kind;
      failure.reason = wording.reason;
      break;
    }
    if (!lines.empty()) failure.text += ": " + join(lines, "; ");
    return failure;
  }

  std::unique_ptr<ProcessStream> stream_;
  std::string host_;
  const TransferLimits& limits_;
  const Deadline& deadline_;
  std::string left_;
};

}  // namespace

Result<std::unique_ptr<Channel>> open_ssh_channel(const World& world, const SshRoute& route, const Url& url, Service service,
                                                  const TransferLimits& limits, const Deadline& deadline) {
  MUSTER_TRY(auto stream, world.processes.open(make_command(route, url, service, limits), deadline.stop));
  return std::unique_ptr<Channel>(std::make_unique<SshChannel>(std::move(stream), url.host, limits, deadline));
}

}  // namespace muster::git
