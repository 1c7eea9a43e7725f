#include "cli/signals.hpp"

#include <pthread.h>
#include <signal.h>
#include <unistd.h>

#include <ctime>

namespace muster::cli {
namespace {

std::mutex reload_mutex;
std::function<void()> reload_action;

sigset_t handled_signals() {
  sigset_t set;
  sigemptyset(&set);
  for (const int signal : {SIGINT, SIGTERM, SIGHUP}) sigaddset(&set, signal);
  return set;
}

}  // namespace

Signals::Signals() {
  // A reader that went away must be an error of write(), not the end of the process.
  signal(SIGPIPE, SIG_IGN);  // NOLINT(cert-err33-c): cannot fail for SIGPIPE
  const sigset_t set = handled_signals();
  pthread_sigmask(SIG_BLOCK, &set, nullptr);
  receiver_ = std::jthread([this](const std::stop_token& end) { receive(end); });
}

Signals::~Signals() {
  receiver_.request_stop();
  receiver_.join();
}

void Signals::on_reload(std::function<void()> reload) {
  const std::lock_guard lock(reload_mutex);
  reload_action = std::move(reload);
}

void Signals::receive(const std::stop_token& end) {
  const sigset_t set = handled_signals();
  const timespec pause{0, 50'000'000};
  while (!end.stop_requested()) {
    const int signal = sigtimedwait(&set, nullptr, &pause);
    if (signal < 0) continue;
    if (signal == SIGHUP) {
      const std::lock_guard lock(reload_mutex);
      if (reload_action) {
        reload_action();
        continue;
      }
    }
    if (stop_.stop_requested()) _exit(128 + signal);
    stop_.request_stop();
  }
}

}  // namespace muster::cli
