#include "cli/environment.hpp"

#include <unistd.h>

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstring>

namespace muster::cli {
namespace {

/// What the C library, TLS, sanitizers and coverage look at for themselves.
constexpr std::array<std::string_view, 13> kOfLibraries = {"PATH=", "HOME=",   "TZ",    "LANG",  "LC_",   "TMPDIR=", "SSL_CERT_",
                                                           "LD_",   "MALLOC_", "ASAN_", "LSAN_", "TSAN_", "UBSAN_"};

}  // namespace

void forget_process_environment() {
  for (char** at = environ; *at != nullptr; ++at) {
    const std::string_view entry = *at;
    const bool is_kept =
        std::any_of(kOfLibraries.begin(), kOfLibraries.end(), [&](std::string_view prefix) { return entry.starts_with(prefix); });
    const std::size_t equals = entry.find('=');
    if (!is_kept && equals != std::string_view::npos) std::memset(*at + equals + 1, 0, entry.size() - equals - 1);
  }
}

std::map<std::string, std::string> process_environment() {
  std::map<std::string, std::string> out;
  for (char** at = environ; *at != nullptr; ++at) {
    const std::string_view entry = *at;
    const std::size_t equals = entry.find('=');
    if (equals != std::string_view::npos) out.emplace(entry.substr(0, equals), entry.substr(equals + 1));
  }
  return out;
}

Result<std::string> EnvironmentSecrets::resolve(std::string_view reference) {
  static constexpr std::string_view kVariable = "env:";
  static constexpr std::string_view kFile = "file:";
  static constexpr std::size_t kLimit = std::size_t{64} << 10U;
  std::string value;
  if (reference.starts_with(kVariable)) {
    const auto found = environment_.find(std::string(reference.substr(kVariable.size())));
    if (found == environment_.end() || found->second.empty()) {
      return stalled(Reason::denied, fmt::format("secret(\"{}\"): this variable is not set in muster's environment", reference));
    }
    value = found->second;
  } else if (reference.starts_with(kFile)) {
    auto read = with_context(files_.read(Path(reference.substr(kFile.size())), kLimit), fmt::format("secret(\"{}\")", reference));
    if (!read.ok() && read.failure().reason == Reason::absent) return stalled(Reason::denied, std::move(read).failure().text);
    MUSTER_TRY(value, std::move(read));
  } else {
    return stalled(Reason::invalid, fmt::format("secret(\"{}\"): muster's own secrets are `env:NAME` or `file:PATH`", reference));
  }
  if (value.ends_with('\n')) value.pop_back();
  if (value.ends_with('\r')) value.pop_back();
  return value;
}

}  // namespace muster::cli
