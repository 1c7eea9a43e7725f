#include <fmt/format.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <ctime>

#include "base/child.hpp"
#include "base/evict.hpp"
#include "muster/base/process.hpp"

namespace muster {
namespace {

using SteadyTime = std::chrono::steady_clock::time_point;

constexpr std::size_t kChunk = std::size_t{64} << 10U;

/// Becomes readable when a stop is requested, so that poll() wakes up for it.
class StopEvent {
 public:
  explicit StopEvent(const std::stop_token& stop)
      : event_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)), callback_(stop, Wake{event_.number()}) {}
  [[nodiscard]] int number() const { return event_.number(); }

 private:
  struct Wake {
    int event;
    void operator()() const {
      const std::uint64_t one = 1;
      const ssize_t ignored = ::write(event, &one, sizeof one);
      static_cast<void>(ignored);
    }
  };
  Descriptor event_;
  std::stop_callback<Wake> callback_;
};

/// A child that closed its input must not end muster by SIGPIPE: the signal is blocked in this thread for one write, and
/// taken back if it came from there. Process-wide dispositions are the caller's and stay.
class BrokenPipeGuard {
 public:
  BrokenPipeGuard() {
    ::sigemptyset(&pipe_);
    ::sigaddset(&pipe_, SIGPIPE);
    sigset_t pending;
    ::sigpending(&pending);
    was_pending_ = ::sigismember(&pending, SIGPIPE) == 1;
    ::pthread_sigmask(SIG_BLOCK, &pipe_, &before_);
  }
  BrokenPipeGuard(const BrokenPipeGuard&) = delete;
  BrokenPipeGuard& operator=(const BrokenPipeGuard&) = delete;
  ~BrokenPipeGuard() {
    const timespec at_once{};
    if (!was_pending_) ::sigtimedwait(&pipe_, nullptr, &at_once);
    ::pthread_sigmask(SIG_SETMASK, &before_, nullptr);
  }

 private:
  sigset_t pipe_{};
  sigset_t before_{};
  bool was_pending_ = false;
};

bool would_block(int error) { return error == EAGAIN || error == EWOULDBLOCK || error == EINTR; }

/// Writes what the pipe takes from the front of `bytes`; closes it when all is written or nobody reads any more.
void feed(Descriptor& input, std::string_view& bytes) {
  if (!bytes.empty()) {
    const BrokenPipeGuard guard;
    const ssize_t written = ::write(input.number(), bytes.data(), bytes.size());
    if (written < 0 && would_block(errno)) return;
    bytes.remove_prefix(written < 0 ? bytes.size() : static_cast<std::size_t>(written));
  }
  if (bytes.empty()) input.close();
}

enum class Drained : std::uint8_t { all_there_is, over_the_limit };

/// Appends what the pipe holds now, and drops what goes over the limit; closes the pipe at its end.
Drained drain(Descriptor& output, std::string& out, std::size_t limit) {
  std::array<char, kChunk> chunk;  // NOLINT(cppcoreguidelines-pro-type-member-init): read() fills what is used.
  while (output) {
    const ssize_t size = ::read(output.number(), chunk.data(), chunk.size());
    if (size < 0 && errno == EINTR) continue;
    if (size < 0 && would_block(errno)) return Drained::all_there_is;
    if (size <= 0) {
      output.close();
      return Drained::all_there_is;
    }
    const auto got = static_cast<std::size_t>(size);
    if (got > limit - out.size()) {
      out.append(chunk.data(), limit - out.size());
      return Drained::over_the_limit;
    }
    out.append(chunk.data(), got);
  }
  return Drained::all_there_is;
}

/// Milliseconds for poll() until `deadline`; short where the kernel cannot tell us of the child's end.
int poll_time(SteadyTime deadline, bool has_end_event) {
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now()).count();
  const std::int64_t longest = has_end_event ? 60'000 : 20;
  return static_cast<int>(std::clamp<std::int64_t>(left, 0, longest));
}

/// now + limit, without overflowing where limit is "for ever".
SteadyTime deadline_after(Duration limit) { return std::chrono::steady_clock::now() + std::min<Duration>(limit, std::chrono::years(10)); }

/// Waits until one of the child's streams, its end, the stop event or the deadline needs a look.
void wait_for_news(const Child& child, bool write_wanted, bool read_output, int stop, SteadyTime deadline) {
  std::array<pollfd, 5> events = {{{write_wanted ? child.input.number() : -1, POLLOUT, 0},
                                   {read_output ? child.output.number() : -1, POLLIN, 0},
                                   {child.error.number(), POLLIN, 0},
                                   {child.end_event(), POLLIN, 0},
                                   {stop, POLLIN, 0}}};
  ::poll(events.data(), events.size(), poll_time(deadline, child.end_event() >= 0));
}

std::string name_of(const Command& command) { return command.argv.empty() ? std::string() : command.argv.front(); }

class SystemStream final : public ProcessStream {
 public:
  SystemStream(Child child, const Command& command, const std::stop_token& stop)
      : child_(std::move(child)), name_(name_of(command)), silence_(command.limits.time), stop_token_(stop), stop_(stop) {}

  Result<std::size_t> read(char* buffer, std::size_t size) override {
    if (size == 0) return std::size_t{0};
    const SteadyTime deadline = deadline_after(silence_);
    while (pending_.empty()) {
      if (stop_token_.stop_requested()) return cancelled();
      const bool ended = child_.has_ended();  // Asked before reading: what it wrote before its end is in the pipe.
      take_error();
      if (child_.output) {
        const ssize_t got = ::read(child_.output.number(), buffer, size);
        if (got > 0) return static_cast<std::size_t>(got);
        // A grandchild that outlives the child may keep the pipe open for ever.
        if (got == 0 || !would_block(errno) || ended) child_.output.close();
      }
      if (!child_.output) return std::size_t{0};
      if (std::chrono::steady_clock::now() >= deadline) return timed_out();
      wait_for_news(child_, false, true, stop_.number(), deadline);
    }
    const std::size_t count = std::min(size, pending_.size());
    std::copy_n(pending_.begin(), count, buffer);
    pending_.erase(0, count);
    return count;
  }

  /// Takes in what the child says meanwhile: it may not read on before somebody listens.
  Result<void> write(std::string_view bytes) override {
    SteadyTime deadline = deadline_after(silence_);
    while (!bytes.empty()) {
      if (stop_token_.stop_requested()) return cancelled();
      if (!child_.input || child_.has_ended()) return retry(Reason::unreachable, fmt::format("writing to {}: it no longer reads", name_));
      const ssize_t written = write_some(bytes);
      if (written > 0) {
        bytes.remove_prefix(static_cast<std::size_t>(written));
        deadline = deadline_after(silence_);
        continue;
      }
      take_error();
      take_pending();
      if (std::chrono::steady_clock::now() >= deadline) return timed_out();
      wait_for_news(child_, true, child_.output.number() >= 0, stop_.number(), deadline);
    }
    return {};
  }

  [[nodiscard]] std::string error_text() const override { return error_text_; }

  Result<int> wait() override {
    child_.input.close();
    const SteadyTime deadline = deadline_after(silence_);
    while (!child_.has_ended()) {
      if (stop_token_.stop_requested()) return cancelled();
      take_error();
      std::string unread;
      drain(child_.output, unread, kChunk);
      if (std::chrono::steady_clock::now() >= deadline) return timed_out();
      wait_for_news(child_, false, true, stop_.number(), deadline);
    }
    take_error();
    return child_.finish();
  }

 private:
  /// 0: try again later.
  ssize_t write_some(std::string_view bytes) {
    const BrokenPipeGuard guard;
    const ssize_t written = ::write(child_.input.number(), bytes.data(), bytes.size());
    if (written >= 0) return written;
    if (!would_block(errno)) child_.input.close();
    return 0;
  }

  void take_pending() {
    if (!child_.output) return;
    const std::size_t before = pending_.size();
    pending_.resize(before + kChunk);
    const ssize_t got = ::read(child_.output.number(), pending_.data() + before, kChunk);
    if (got == 0 || (got < 0 && !would_block(errno))) child_.output.close();
    pending_.resize(before + (got < 0 ? 0 : static_cast<std::size_t>(got)));
  }

  void take_error() {
    constexpr std::size_t kLongest = kChunk;
    if (drain(child_.error, error_text_, kLongest) == Drained::all_there_is) return;
    // More than anybody reads: empty the pipe so that the child goes on, keep the beginning.
    std::string unread;
    drain(child_.error, unread, kChunk);
  }

  [[nodiscard]] Failure cancelled() const { return retry(Reason::cancelled, fmt::format("{} was stopped", name_)); }
  [[nodiscard]] Failure timed_out() const {
    return retry(Reason::timeout, fmt::format("{} was silent for {}", name_, format_duration(silence_)));
  }

  Child child_;
  std::string name_;
  Duration silence_;
  std::stop_token stop_token_;
  StopEvent stop_;
  std::string pending_;
  std::string error_text_;
};

Failure too_much(const Command& command) {
  return stalled(Reason::limit, fmt::format("{} wrote more than {} bytes", name_of(command), command.limits.output_bytes));
}

/// Feeds the child its input and lets `take_in` empty its outputs until it ends, within the time it has.
template <typename TakeIn>
Result<void> attend(Child& child, const Command& command, TakeIn take_in, const std::stop_token& stop) {
  const SteadyTime deadline = deadline_after(command.limits.time);
  const StopEvent stopped(stop);
  std::string_view input = command.input;
  while (true) {
    const bool ended = child.has_ended();  // Asked before taking in: what it wrote before its end is in the pipes.
    if (child.input) feed(child.input, input);
    MUSTER_CHECK(take_in());
    if (ended) return {};
    if (stop.stop_requested()) return retry(Reason::cancelled, fmt::format("{} was stopped", name_of(command)));
    if (std::chrono::steady_clock::now() >= deadline) {
      return retry(Reason::timeout, fmt::format("{} took longer than {}", name_of(command), format_duration(command.limits.time)));
    }
    wait_for_news(child, child.input.number() >= 0, true, stopped.number(), deadline);
  }
}

class SystemProcesses final : public Processes {
 public:
  Result<ProcessOutput> run(const Command& command, const std::stop_token& stop) override {
    MUSTER_TRY(Child child, Child::start(command, {.die_with_thread = true}));
    ProcessOutput output;
    const std::size_t limit = command.limits.output_bytes;
    const auto take_in = [&]() -> Result<void> {
      if (drain(child.output, output.out, limit) == Drained::over_the_limit) return too_much(command);
      return drain(child.error, output.error, limit) == Drained::over_the_limit ? Result<void>(too_much(command)) : Result<void>();
    };
    MUSTER_CHECK(attend(child, command, take_in, stop));
    output.exit_code = child.finish();
    return output;
  }

  Result<int> follow(const Command& command, const TakeOutput& take, const std::stop_token& stop) override {
    MUSTER_TRY(Child child, Child::start(command, {.die_with_thread = true, .one_output = true, .guarded = true}));
    std::size_t left = command.limits.output_bytes;
    std::array<char, kChunk> chunk;  // NOLINT(cppcoreguidelines-pro-type-member-init): read() fills what is used.
    const auto take_in = [&]() -> Result<void> {
      // As much as a pipe can hold, no more: who writes without end must not keep us from looking at the clock.
      for (int i = 0; i < 16 && child.output; ++i) {
        const ssize_t size = ::read(child.output.number(), chunk.data(), chunk.size());
        if (size < 0 && would_block(errno)) return {};
        if (size <= 0) child.output.close();
        if (size <= 0) return {};
        const auto got = static_cast<std::size_t>(size);
        MUSTER_CHECK(take(std::string_view(chunk.data(), std::min(got, left))));
        if (got > left) return too_much(command);
        left -= got;
      }
      return {};
    };
    MUSTER_CHECK(attend(child, command, take_in, stop));
    return child.finish();
  }

  Result<std::unique_ptr<ProcessStream>> open(const Command& command, const std::stop_token& stop) override {
    MUSTER_TRY(Child child, Child::start(command, {}));
    auto stream = std::make_unique<SystemStream>(std::move(child), command, stop);
    if (!command.input.empty()) MUSTER_CHECK(stream->write(command.input));
    return std::unique_ptr<ProcessStream>(std::move(stream));
  }

  void evict(const Path& folder) override { evict_from(folder); }
};

}  // namespace

Processes& system_processes() {
  static SystemProcesses processes;
  return processes;
}

}  // namespace muster
