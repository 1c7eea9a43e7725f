// The program: reads argv, the environment and the terminal (nobody below does), finds the verb, runs it.
#include <fcntl.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <stop_token>
#include <thread>

#include "cli/command_line.hpp"
#include "cli/environment.hpp"
#include "cli/failure_text.hpp"
#include "cli/session.hpp"
#include "cli/signals.hpp"
#include "muster/base/log.hpp"
#include "muster/base/text.hpp"

namespace muster::cli {
namespace {

Terminal::Setup terminal_setup(const std::map<std::string, std::string>& environment) {
  Terminal::Setup setup;
  setup.out_is_terminal = isatty(STDOUT_FILENO) == 1;
  setup.error_is_terminal = isatty(STDERR_FILENO) == 1;
  const auto is_set = [&](const char* name) {
    const auto found = environment.find(name);
    return found != environment.end() && !found->second.empty();
  };
  const auto term = environment.find("TERM");
  const bool dumb = term != environment.end() && term->second == "dumb";
  setup.colour = setup.out_is_terminal && !dumb && !is_set("NO_COLOR");
  if (dumb) setup.error_is_terminal = false;
  winsize size{};
  if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) setup.width = size.ws_col;
  return setup;
}

/// Where a standard descriptor is closed, the next file that is opened would take its number, and what is printed would
/// end up in it. Opened for reading only, so that printing still fails.
void fill_standard_descriptors() {
  for (const int file : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
    if (fcntl(file, F_GETFD) < 0 && open("/dev/null", O_RDONLY) != file) _exit(kFailed);
  }
}

int run(const std::vector<std::string>& words) {
  fill_standard_descriptors();
  const std::map<std::string, std::string> environment = process_environment();
  forget_process_environment();
  const auto parsed = parse_command_line(words);
  Terminal terminal(terminal_setup(environment));
  if (const EarlyEnd* end = std::get_if<EarlyEnd>(&parsed)) {
    if (end->exit_code == kDone) {
      terminal.raw(end->text);
    } else if (std::find(words.begin(), words.end(), "--json") != words.end()) {
      const Failure failure = stalled(Reason::invalid, std::string(trim(end->text)));
      terminal.raw(to_pretty_json(Object{{"muster", MUSTER_VERSION}, {"exit_code", end->exit_code}, {"error", error_value(failure)}}));
    } else {
      terminal.error(std::string_view(end->text).substr(0, end->text.size() - 1));
    }
    return terminal.write_failed() ? kFailed : end->exit_code;
  }
  const auto& command = std::get<ParsedCommand>(parsed);
  log::set_level(command.arguments.has("--verbose") ? log::Level::debug : log::Level::info);
  log::set_json(command.arguments.has("--json"));
  Signals signals;
  const World world = system_world();
  EnvironmentSecrets secrets(environment, world.files);
  Session session(*command.verb, command.arguments, terminal, secrets, world, environment, signals.stop());
  const int code = command.verb->run(session);
  terminal.live({});
  if (terminal.write_failed() && code == kDone) {
    terminal.error("muster: standard output could not be written");
    return kFailed;
  }
  return code;
}

}  // namespace
}  // namespace muster::cli

int main(int argc, char** argv) { return muster::cli::run(std::vector<std::string>(argv + 1, argv + argc)); }
