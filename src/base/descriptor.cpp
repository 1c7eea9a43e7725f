#include "base/descriptor.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

namespace muster {

void Descriptor::close() {
  if (number_ >= 0) ::close(number_);
  number_ = -1;
}

Failure failure_of(int error, std::string_view doing, std::string_view path) {
  struct Meaning {
    int error;
    FailureKind kind;
    Reason reason;
  };
  // What is not listed needs a person to look at it.
  static constexpr std::array<Meaning, 21> kMeanings = {{{ENOENT, FailureKind::stalled, Reason::absent},
                                                         {ENOTDIR, FailureKind::stalled, Reason::absent},
                                                         {EACCES, FailureKind::stalled, Reason::denied},
                                                         {EPERM, FailureKind::stalled, Reason::denied},
                                                         {ENOSPC, FailureKind::retry, Reason::exhausted},
                                                         {EDQUOT, FailureKind::retry, Reason::exhausted},
                                                         {EIO, FailureKind::retry, Reason::exhausted},
                                                         {EFBIG, FailureKind::retry, Reason::exhausted},
                                                         // A failing disk is remounted read-only.
                                                         {EROFS, FailureKind::retry, Reason::exhausted},
                                                         {EMFILE, FailureKind::retry, Reason::exhausted},
                                                         {ENFILE, FailureKind::retry, Reason::exhausted},
                                                         {ENOMEM, FailureKind::retry, Reason::exhausted},
                                                         {EAGAIN, FailureKind::retry, Reason::exhausted},
                                                         {EBUSY, FailureKind::retry, Reason::conflict},
                                                         {ETXTBSY, FailureKind::retry, Reason::conflict},
                                                         {ESTALE, FailureKind::retry, Reason::unreachable},
                                                         {ETIMEDOUT, FailureKind::retry, Reason::timeout},
                                                         {EISDIR, FailureKind::stalled, Reason::invalid},
                                                         {ELOOP, FailureKind::stalled, Reason::invalid},
                                                         {ENAMETOOLONG, FailureKind::stalled, Reason::invalid},
                                                         {EINVAL, FailureKind::stalled, Reason::invalid}}};
  const char* words = strerrordesc_np(error);
  std::string text = fmt::format("{} '{}': {}", doing, path, words == nullptr ? "unknown error" : words);
  if (error == EMFILE) text += "; raise the limit of open files (`ulimit -n`)";
  for (const Meaning& meaning : kMeanings) {
    if (meaning.error == error) return {meaning.kind, meaning.reason, std::move(text), std::nullopt};
  }
  return stalled(Reason::invalid, std::move(text));
}

}  // namespace muster
