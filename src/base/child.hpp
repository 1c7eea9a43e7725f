// A child process in a process group of its own, with pipes on its three standard streams.
//
// Ownership: a Child owns the process and its pipes; destroying it kills the group and reaps. Not thread-safe.
#pragma once

#include <sys/types.h>

#include <optional>

#include "base/descriptor.hpp"
#include "muster/base/process.hpp"

namespace muster {

class Child {
 public:
  /// `die_with_thread`: the kernel kills it when the calling thread ends, for callers that wait for it here.
  static Result<Child> start(const Command& command, bool die_with_thread);
  Child(Child&& other) noexcept;
  Child& operator=(Child&&) = delete;
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;
  ~Child();

  // Our ends, non-blocking.
  Descriptor input;
  Descriptor output;
  Descriptor error;

  /// Readable when the child has ended; without it (old kernels) poll has_ended().
  [[nodiscard]] int end_event() const { return end_event_.number(); }
  /// Ended, and not yet reaped: its group cannot be anybody else's.
  [[nodiscard]] bool has_ended() const;
  /// Kills what is left of the group and reaps; 128 + signal where a signal ended it.
  int finish();

 private:
  Child() = default;
  pid_t process_ = -1;
  std::optional<int> exit_code_;
  Descriptor end_event_;
};

}  // namespace muster
