// git over the user's own ssh program: their configuration, agent and known hosts count, nothing of it is guessed here.
#include <fmt/core.h>

#include "git/channel.hpp"

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

Command make_command(const SshRoute& route, const Url& url, Service service) {
  Command out;
  // BatchMode: never a prompt. A host that is not known is refused, not learned.
  out.argv = {route.program,
              "-T",
              "-oBatchMode=yes",
              "-oStrictHostKeyChecking=yes",
              "-oConnectTimeout=15",
              "-oServerAliveInterval=15",
              "-oForwardAgent=no",
              "-oForwardX11=no",
              "-oClearAllForwardings=yes",
              "-oPermitLocalCommand=no",
              "-oSendEnv=GIT_PROTOCOL"};
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
  return out;
}

}  // namespace

Result<std::unique_ptr<Channel>> open_ssh_channel(const World& world, const SshRoute& route, const Url& url, Service service,
                                                  const TransferLimits& limits, const Deadline& deadline) {
  return open_process_channel(world, make_command(route, url, service), url.host, limits, deadline);
}

}  // namespace muster::git
