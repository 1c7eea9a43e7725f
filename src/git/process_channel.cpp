// git's protocols over a child process: ssh, or git's own programs.
#include <fmt/core.h>

#include <array>
#include <utility>

#include "git/channel.hpp"
#include "muster/base/text.hpp"

namespace muster::git {
namespace {

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

class ProcessChannel final : public Channel {
 public:
  ProcessChannel(std::unique_ptr<ProcessStream> stream, std::string name, const TransferLimits& limits, const Deadline& deadline)
      : stream_(std::move(stream)), name_(std::move(name)), limits_(limits), deadline_(deadline) {}

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
      if (bytes > limit) return stalled(Reason::limit, fmt::format("{} answers with more than {} bytes", name_, limit));
      MUSTER_CHECK(parser.feed({buffer.data(), *got}));
    }
    left_ = parser.rest();
    return {};
  }

  Failure ended() {
    const auto code = stream_->wait();
    if (!code.ok()) return explained(code.failure());
    return explained(retry(Reason::unreachable, fmt::format("{} ended the connection", name_)));
  }

  /// What ssh and the far side wrote to standard error says more than a closed pipe.
  [[nodiscard]] Failure explained(Failure failure) const {
    if (failure.reason == Reason::cancelled) return failure;
    const std::string words = stream_->error_text();
    std::vector<std::string> lines;
    for (const std::string_view line : split(words, '\n')) {
      const std::string_view text = trim(line);
      if (!text.empty() && !text.starts_with("Warning: Permanently added") && lines.size() < 6)
        lines.push_back(escape_for_terminal(text.substr(0, 300)));
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
  std::string name_;
  const TransferLimits& limits_;
  const Deadline& deadline_;
  std::string left_;
};

}  // namespace

Result<std::unique_ptr<Channel>> open_process_channel(const World& world, Command command, const std::string& name,
                                                      const TransferLimits& limits, const Deadline& deadline) {
  command.limits.time = limits.silence;
  MUSTER_TRY(auto stream, world.processes.open(command, deadline.stop));
  return std::unique_ptr<Channel>(std::make_unique<ProcessChannel>(std::move(stream), name, limits, deadline));
}

}  // namespace muster::git
