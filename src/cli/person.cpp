#include "cli/person.hpp"

#include <unistd.h>

#include <array>

#include "muster/base/text.hpp"

namespace muster::cli {
namespace {

std::string variable(const Session& session, const char* name) {
  const auto found = session.environment().find(name);
  return found == session.environment().end() ? "" : found->second;
}

std::string git_setting(Session& session, const char* key) {
  Command command;
  command.argv = {"git", "config", "--get", key};
  command.environment = session.environment();
  command.directory = session.arguments().get("-C", ".");
  command.limits.time = std::chrono::seconds(5);
  const Result<ProcessOutput> out = session.world().processes.run(command, session.stop());
  return out.ok() && out->exit_code == 0 ? std::string(trim(out->out)) : "";
}

std::string machine_name() {
  std::array<char, 256> name{};
  return gethostname(name.data(), name.size() - 1) == 0 ? std::string(name.data()) : "localhost";
}

}  // namespace

deliver::Person person(Session& session) {
  deliver::Person out{variable(session, "GIT_AUTHOR_NAME"), variable(session, "GIT_AUTHOR_EMAIL")};
  if (out.name.empty()) out.name = git_setting(session, "user.name");
  if (out.email.empty()) out.email = git_setting(session, "user.email");
  std::string login = variable(session, "USER");
  if (login.empty()) login = variable(session, "LOGNAME");
  if (login.empty()) login = fmt::format("uid-{}", getuid());
  if (out.name.empty()) out.name = login;
  if (out.email.empty()) out.email = fmt::format("{}@{}", login, machine_name());
  return out;
}

}  // namespace muster::cli
