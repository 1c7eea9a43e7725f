// A child process in a process group of its own, with pipes on its three standard streams.
//
// A guarded child has a second process at the head of its group, which kills the group as soon as muster is gone: a signal
// to the child alone would leave what the child has started.
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
  struct Start {
    bool die_with_thread = false;  ///< The kernel kills it when the calling thread ends, for callers that wait for it here.
    bool one_output = false;       ///< Standard error goes where standard output goes; `error` is closed.
    bool guarded = false;
  };
  static Result<Child> start(const Command& command, Start start);
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
  Result<void> guard();

  pid_t process_ = -1;
  pid_t guard_ = -1;
  Descriptor leash_;  ///< The guard acts when nobody has this end any more.
  std::optional<int> exit_code_;
  Descriptor end_event_;
};

}  // namespace muster
