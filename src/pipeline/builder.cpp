#include "pipeline/builder.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <limits>

#include "muster/base/text.hpp"

namespace muster::pipeline {
namespace {

/// What programs say last when the cause is not in what they were given.
struct Words {
  std::string_view text;  ///< In lower case.
  Reason reason;
};

constexpr std::array kDisk = {
    Words{"no space left on device", Reason::exhausted},
    Words{"disk quota exceeded", Reason::exhausted},
    Words{"input/output error", Reason::exhausted},
    Words{"read-only file system", Reason::exhausted},
};

constexpr std::array kNetwork = {
    Words{"unauthorized", Reason::denied},
    Words{"authentication required", Reason::denied},
    Words{"denied: ", Reason::denied},
    Words{"403 (forbidden)", Reason::denied},
    Words{"403 forbidden", Reason::denied},
    Words{"connection refused", Reason::unreachable},
    Words{"connection reset", Reason::unreachable},
    Words{"connection timed out", Reason::unreachable},
    Words{"broken pipe", Reason::unreachable},
    Words{"unexpected eof", Reason::unreachable},
    Words{": eof", Reason::unreachable},
    Words{"i/o timeout", Reason::unreachable},
    Words{"deadline exceeded", Reason::unreachable},
    Words{"tls handshake timeout", Reason::unreachable},
    Words{"no such host", Reason::unreachable},
    Words{"name resolution", Reason::unreachable},
    Words{"network is unreachable", Reason::unreachable},
    Words{"no route to host", Reason::unreachable},
    Words{"too many requests", Reason::unreachable},
    Words{"toomanyrequests", Reason::unreachable},
    Words{"internal server error", Reason::unreachable},
    Words{"bad gateway", Reason::unreachable},
    Words{"service unavailable", Reason::unreachable},
    Words{"gateway timeout", Reason::unreachable},
    Words{"unexpected http status: 5", Reason::unreachable},
};

template <typename Table>
std::optional<Reason> find_words(const Table& table, const std::string& said) {
  const auto found =
      std::find_if(table.begin(), table.end(), [&](const Words& words) { return said.find(words.text) != std::string::npos; });
  return found == table.end() ? std::nullopt : std::optional(found->reason);
}

/// Asked of the disk itself, while all that the build wrote is still there.
bool has_room(BuildContext& context) {
  constexpr int kPieces = 16;
  const std::string piece(std::size_t{4} << 20U, '\0');
  const Path probe = context.scratch.path() / "room";
  bool fits = true;
  for (int i = 0; i < kPieces && fits; ++i) fits = context.world.files.append(probe, piece).ok();
  return context.world.files.remove(probe).ok() && fits;
}

Failure end_failure(BuildContext& context, std::string_view program, int exit_code, Speaks speaks) {
  constexpr int kOwnFailure = 125;
  const std::string text = exit_code > 128 ? fmt::format("{} was ended by signal {}", program, exit_code - 128)
                                           : fmt::format("{} ended with exit code {}", program, exit_code);
  const std::string said = to_lower(join(context.log.last_lines(), "\n"));
  const bool believed = speaks == Speaks::builder || (speaks == Speaks::both && exit_code == kOwnFailure);
  if (const auto reason = find_words(kDisk, said); reason && (believed || !has_room(context)))
    return retry(*reason, text + ": the disk is full or failing");
  const auto reason = believed ? find_words(kNetwork, said) : std::nullopt;
  if (reason == Reason::denied) return stalled(Reason::denied, text + ": a registry refuses the credentials");
  if (reason) return retry(*reason, text + ": a registry does not answer as it should");
  return stalled(Reason::invalid, text);
}

}  // namespace

bool is_for_good(const Failure& failure) {
  if (failure.kind != FailureKind::stalled) return false;
  return failure.reason == Reason::invalid || failure.reason == Reason::limit || failure.reason == Reason::unsupported;
}

Result<void> run_program(BuildContext& context, std::string_view program, Command command, Speaks speaks) {
  const Duration left = context.deadline - context.world.clock.elapsed();
  const auto late = [&] {
    return stalled(Reason::limit, fmt::format("the build took longer than {}", format_duration(context.order.build.timeout)));
  };
  if (left <= Duration(0)) return late();
  command.limits.time = left;
  command.limits.output_bytes = std::numeric_limits<std::size_t>::max();  // The log is what is bounded.
  const auto take = [&](std::string_view bytes) { return context.log.take(bytes); };
  const Result<int> ended = context.world.processes.follow(command, take, context.stop);
  MUSTER_CHECK(context.log.finish());
  if (!ended.ok() && ended.failure().reason == Reason::timeout) return late();
  if (!ended.ok()) return ended.failure();
  if (*ended == 0) return {};
  context.exit_code = *ended;
  return end_failure(context, program, *ended, speaks);
}

Result<std::map<std::string, std::string>> builder_environment(BuildContext& context) {
  const auto path = context.settings.environment.find("PATH");
  MUSTER_TRY(const Path home, context.scratch.folder("home"));
  MUSTER_TRY(const Path temporary, context.scratch.folder("tmp"));
  std::map<std::string, std::string> out;
  out["PATH"] = path == context.settings.environment.end() ? "/usr/local/bin:/usr/bin:/bin" : path->second;
  out["HOME"] = home.string();
  out["TMPDIR"] = temporary.string();
  out["LC_ALL"] = "C.UTF-8";
  return out;
}

}  // namespace muster::pipeline
