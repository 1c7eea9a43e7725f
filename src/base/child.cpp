#include "base/child.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <vector>

#include "muster/base/text.hpp"

namespace muster {
namespace {

struct Pipe {
  Descriptor read;
  Descriptor write;
};

Result<Pipe> make_pipe(std::string_view program) {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) return failure_of(errno, "starting", program);
  return Pipe{Descriptor(ends[0]), Descriptor(ends[1])};
}

void make_non_blocking(const Descriptor& descriptor) {
  ::fcntl(descriptor.number(), F_SETFL, ::fcntl(descriptor.number(), F_GETFL) | O_NONBLOCK);
}

bool is_program(const std::string& path) {
  std::error_code error;
  return std::filesystem::is_regular_file(path, error) && ::access(path.c_str(), X_OK) == 0;
}

/// argv[0] on PATH of the child's environment. Empty and relative elements of PATH are passed over: they would run
/// whatever lies in the folder that is looked at.
Result<std::string> find_program(const Command& command) {
  if (command.argv.empty() || command.argv.front().empty()) return stalled(Reason::invalid, "starting a program: it has no name");
  const std::string& name = command.argv.front();
  if (name.find('/') != std::string::npos) return name;
  const auto path = command.environment.find("PATH");
  const std::string_view folders = path == command.environment.end() ? "/usr/local/bin:/usr/bin:/bin" : std::string_view(path->second);
  for (const std::string_view folder : split(folders, ':')) {
    if (!folder.starts_with('/')) continue;
    std::string candidate = fmt::format("{}/{}", folder, name);
    if (is_program(candidate)) return candidate;
  }
  return stalled(Reason::absent, fmt::format("there is no program '{}' on PATH ({})", name, folders));
}

/// All that the child needs between fork and exec, where nothing may be allocated: another thread may have held the
/// allocator's lock at the fork.
struct Launch {
  std::string program;
  std::string directory;
  std::vector<std::string> environment;
  std::vector<char*> argv;
  std::vector<char*> envp;
  rlim_t memory = 0;
  rlim_t private_memory = 0;
  bool die_with_thread = false;
  pid_t parent = 0;
  pid_t group = 0;  ///< 0: one of its own.
};

struct LaunchError {
  int error = 0;
  bool directory = false;
};

[[noreturn]] void fail_launch(int report, LaunchError error) {
  const ssize_t ignored = ::write(report, &error, sizeof error);
  static_cast<void>(ignored);
  ::_exit(127);
}

/// In the child, async-signal-safe calls only.
[[noreturn]] void become_program(const Launch& launch, int in, int out, int error, int report) {
  if (::setpgid(0, launch.group) != 0 && launch.group != 0) ::_exit(127);  // Its guard has ended, so muster has.
  if (launch.die_with_thread) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (::getppid() != launch.parent) ::_exit(127);
  }
  struct sigaction standard {};
  standard.sa_handler = SIG_DFL;
  for (int number = 1; number < NSIG; ++number) ::sigaction(number, &standard, nullptr);
  sigset_t none;
  ::sigemptyset(&none);
  ::pthread_sigmask(SIG_SETMASK, &none, nullptr);
  // The pipes may stand at 0, 1 or 2 themselves where muster was started with closed streams: lift them out of the way.
  const int high_report = ::fcntl(report, F_DUPFD_CLOEXEC, 10);
  const std::array<int, 3> streams = {::fcntl(in, F_DUPFD_CLOEXEC, 10), ::fcntl(out, F_DUPFD_CLOEXEC, 10),
                                      ::fcntl(error, F_DUPFD_CLOEXEC, 10)};
  for (int i = 0; i < 3; ++i) {
    if (::dup2(streams[static_cast<std::size_t>(i)], i) < 0) fail_launch(high_report, {errno, false});
  }
  // Nothing else is inherited, whatever a library may have opened without close-on-exec.
  for (int number = 3; number < 10; ++number) ::close(number);
  const rlimit no_core = {0, 0};
  ::setrlimit(RLIMIT_CORE, &no_core);
  if (launch.memory != 0) {
    const rlimit memory = {launch.memory, launch.memory};
    ::setrlimit(RLIMIT_AS, &memory);
  }
  if (launch.private_memory != 0) {
    const rlimit memory = {launch.private_memory, launch.private_memory};
    ::setrlimit(RLIMIT_DATA, &memory);
  }
  if (::chdir(launch.directory.c_str()) != 0) fail_launch(high_report, {errno, true});
  ::close_range(10, ~0U, CLOSE_RANGE_CLOEXEC);
  ::execve(launch.program.c_str(), launch.argv.data(), launch.envp.data());
  fail_launch(high_report, {errno, false});
}

Launch prepare(const Command& command, std::string program, bool die_with_thread) {
  Launch launch;
  launch.program = std::move(program);
  launch.directory = command.directory.empty() ? "/" : command.directory.native();
  launch.memory = command.limits.memory_bytes;
  launch.private_memory = command.limits.data_bytes;
  launch.die_with_thread = die_with_thread;
  launch.parent = ::getpid();
  for (const auto& [name, value] : command.environment) launch.environment.push_back(fmt::format("{}={}", name, value));
  for (const std::string& argument : command.argv) launch.argv.push_back(const_cast<char*>(argument.c_str()));
  for (std::string& variable : launch.environment) launch.envp.push_back(variable.data());
  launch.argv.push_back(nullptr);
  launch.envp.push_back(nullptr);
  return launch;
}

/// What the child reports before exec; nothing when exec worked.
std::optional<LaunchError> launch_error(const Descriptor& report) {
  LaunchError error;
  ssize_t size = 0;
  do {
    size = ::read(report.number(), &error, sizeof error);
  } while (size < 0 && errno == EINTR);
  if (size != static_cast<ssize_t>(sizeof error)) return std::nullopt;
  return error;
}

void reap(pid_t process, int& status) {
  pid_t reaped = 0;
  do {
    reaped = ::waitpid(process, &status, 0);
  } while (reaped < 0 && errno == EINTR);
}

/// The guard's whole life: a copy of muster that holds nothing of it, async-signal-safe calls only. It leads the group, and is
/// there before whoever is guarded: there is no moment at which muster could die and leave somebody behind.
[[noreturn]] void watch(int leash) {
  ::setpgid(0, 0);
  struct sigaction standard {};
  standard.sa_handler = SIG_DFL;
  for (int number = 1; number < NSIG; ++number) ::sigaction(number, &standard, nullptr);
  ::prctl(PR_SET_NAME, "muster-guard");
  if (::dup2(leash, 0) < 0) ::_exit(0);
  ::close_range(1, ~0U, 0);  // Locks and the ends of pipes must not live on here.
  char byte = 0;
  while (::read(0, &byte, 1) < 0 && errno == EINTR) {}
  ::kill(0, SIGKILL);
  ::_exit(0);
}

}  // namespace

Result<void> Child::guard() {
  MUSTER_TRY(Pipe leash, make_pipe("a guard"));
  guard_ = ::fork();
  if (guard_ < 0) return failure_of(errno, "starting", "a guard");
  if (guard_ == 0) watch(leash.read.number());
  ::setpgid(guard_, guard_);  // It may not have done so itself yet.
  leash_ = std::move(leash.write);
  return {};
}

Result<Child> Child::start(const Command& command, Start start) {
  MUSTER_TRY(std::string program, find_program(command));
  Launch launch = prepare(command, std::move(program), start.die_with_thread);
  MUSTER_TRY(Pipe in, make_pipe(launch.program));
  MUSTER_TRY(Pipe out, make_pipe(launch.program));
  MUSTER_TRY(Pipe error, make_pipe(launch.program));
  MUSTER_TRY(Pipe report, make_pipe(launch.program));

  Child child;
  if (start.guarded) {
    MUSTER_CHECK(child.guard());
    launch.group = child.guard_;
  }
  const pid_t process = ::fork();
  if (process < 0) return failure_of(errno, "starting", launch.program);
  const Descriptor& second = start.one_output ? out.write : error.write;
  if (process == 0) become_program(launch, in.read.number(), out.write.number(), second.number(), report.write.number());

  child.process_ = process;
  child.end_event_ =
      Descriptor(static_cast<int>(::syscall(SYS_pidfd_open, process, 0)));  // glibc 2.36 declares pidfd_open without C linkage.
  child.input = std::move(in.write);
  child.output = std::move(out.read);
  if (!start.one_output) child.error = std::move(error.read);
  for (const Descriptor* ours : {&child.input, &child.output, &child.error}) make_non_blocking(*ours);
  // The child's ends must not stay open here, or we would never see the end of its output.
  in.read.close();
  out.write.close();
  error.write.close();
  report.write.close();
  if (const std::optional<LaunchError> failed = launch_error(report.read)) {
    return failed->directory ? failure_of(failed->error, "entering", launch.directory)
                             : failure_of(failed->error, "starting", launch.program);
  }
  return child;
}

Child::Child(Child&& other) noexcept
    : input(std::move(other.input)),
      output(std::move(other.output)),
      error(std::move(other.error)),
      process_(std::exchange(other.process_, -1)),
      guard_(std::exchange(other.guard_, -1)),
      leash_(std::move(other.leash_)),
      exit_code_(other.exit_code_),
      end_event_(std::move(other.end_event_)) {}

Child::~Child() { finish(); }

bool Child::has_ended() const {
  if (process_ < 0) return true;
  siginfo_t info{};
  return ::waitid(P_PID, static_cast<id_t>(process_), &info, WEXITED | WNOWAIT | WNOHANG) == 0 && info.si_pid == process_;
}

int Child::finish() {
  int status = 0;
  if (guard_ > 0) {
    ::kill(-guard_, SIGKILL);
    if (process_ > 0) ::kill(process_, SIGKILL);  // It may not have joined the group.
    reap(guard_, status);
    guard_ = -1;
  } else if (process_ > 0) {
    // Both: the child may not have reached its own setpgid yet.
    ::kill(-process_, SIGKILL);
    ::kill(process_, SIGKILL);
  }
  if (process_ < 0) return exit_code_.value_or(0);
  reap(process_, status);
  process_ = -1;
  exit_code_ = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
  return *exit_code_;
}

}  // namespace muster
