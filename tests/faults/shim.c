/* A preloaded library that makes the k-th state-changing system call of a process fail or be its last one.
 *
 * MUSTER_FAULT = count:FILE | kill:K | enospc:K | enospc:K+ | eio:K | eio:K+ | short:K
 *   count   writes the number of counted calls to FILE at exit
 *   kill    SIGKILL in place of call number K (1 is the first), so that it does not happen
 *   enospc, eio   call K fails with that error if it touches a file, else the next that does; `+`: so do all later ones
 *   short   call K, a write, writes half of its bytes
 * One counter over all threads. Counted: what changes files or speaks to a peer. Reading is not: dying between two reads
 * leaves the same world as dying at the next change. Children do not inherit the fault. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

enum mode { MODE_OFF, MODE_COUNT, MODE_KILL, MODE_ENOSPC, MODE_EIO, MODE_SHORT };

static enum mode mode;
static unsigned long at;
static int from_there_on;
static const char* count_file;
static pid_t owner;
static atomic_ulong calls;
static atomic_int done;

__attribute__((constructor)) static void start(void) {
  const char* setting = getenv("MUSTER_FAULT");
  owner = getpid();
  if (setting == NULL) return;
  if (strncmp(setting, "count:", 6) == 0) {
    count_file = strdup(setting + 6);
    mode = MODE_COUNT;
  } else if (strncmp(setting, "kill:", 5) == 0) {
    mode = MODE_KILL;
    at = strtoul(setting + 5, NULL, 10);
  } else if (strncmp(setting, "enospc:", 7) == 0) {
    mode = MODE_ENOSPC;
    at = strtoul(setting + 7, NULL, 10);
  } else if (strncmp(setting, "eio:", 4) == 0) {
    mode = MODE_EIO;
    at = strtoul(setting + 4, NULL, 10);
  } else if (strncmp(setting, "short:", 6) == 0) {
    mode = MODE_SHORT;
    at = strtoul(setting + 6, NULL, 10);
  }
  from_there_on = setting[strlen(setting) - 1] == '+';
  unsetenv("MUSTER_FAULT");
}

__attribute__((destructor)) static void finish(void) {
  if (mode != MODE_COUNT || getpid() != owner) return;
  mode = MODE_OFF;
  FILE* out = fopen(count_file, "w");
  if (out == NULL) return;
  fprintf(out, "%lu\n", atomic_load(&calls));
  fclose(out);
}

/* Counts a call. Returns the errno it must fail with, or 0. */
static int due(int touches_file) {
  if (mode == MODE_OFF || getpid() != owner) return 0;
  const unsigned long number = atomic_fetch_add(&calls, 1) + 1;
  if (mode == MODE_KILL && number == at) {
    kill(owner, SIGKILL);
    for (;;) pause();
  }
  if ((mode != MODE_ENOSPC && mode != MODE_EIO) || number < at || !touches_file) return 0;
  if (!from_there_on && atomic_exchange(&done, 1)) return 0;
  return mode == MODE_ENOSPC ? ENOSPC : EIO;
}

static int is_file(int fd) {
  struct stat status;
  return fd > 2 && fstat(fd, &status) == 0 && S_ISREG(status.st_mode);
}

static size_t shortened(int fd, size_t size) {
  if (mode != MODE_SHORT || size < 2 || atomic_load(&calls) < at || !is_file(fd) || atomic_exchange(&done, 1)) return size;
  return size / 2;
}

#define REAL(name) ((__typeof__(&name))real_##name())
#define DEFINE_REAL(name)                               \
  static void* real_##name(void) {                      \
    static void* found;                                 \
    if (found == NULL) found = dlsym(RTLD_NEXT, #name); \
    return found;                                       \
  }
#define FAIL_IF_DUE(touches_file)         \
  do {                                    \
    const int error_ = due(touches_file); \
    if (error_ != 0) {                    \
      errno = error_;                     \
      return -1;                          \
    }                                     \
  } while (0)

DEFINE_REAL(write)
DEFINE_REAL(pwrite)
DEFINE_REAL(pwrite64)
DEFINE_REAL(writev)
DEFINE_REAL(open)
DEFINE_REAL(open64)
DEFINE_REAL(openat)
DEFINE_REAL(openat64)
DEFINE_REAL(fsync)
DEFINE_REAL(fdatasync)
DEFINE_REAL(rename)
DEFINE_REAL(renameat)
DEFINE_REAL(unlink)
DEFINE_REAL(unlinkat)
DEFINE_REAL(mkdir)
DEFINE_REAL(mkdirat)
DEFINE_REAL(rmdir)
DEFINE_REAL(link)
DEFINE_REAL(symlink)
DEFINE_REAL(ftruncate)
DEFINE_REAL(ftruncate64)
DEFINE_REAL(chmod)
DEFINE_REAL(fchmod)
DEFINE_REAL(connect)
DEFINE_REAL(send)
DEFINE_REAL(sendto)
DEFINE_REAL(sendmsg)

ssize_t write(int fd, const void* bytes, size_t size) {
  if (fd > 2) FAIL_IF_DUE(is_file(fd));
  return REAL(write)(fd, bytes, shortened(fd, size));
}

ssize_t pwrite(int fd, const void* bytes, size_t size, off_t offset) {
  FAIL_IF_DUE(1);
  return REAL(pwrite)(fd, bytes, shortened(fd, size), offset);
}

ssize_t pwrite64(int fd, const void* bytes, size_t size, off64_t offset) {
  FAIL_IF_DUE(1);
  return REAL(pwrite64)(fd, bytes, shortened(fd, size), offset);
}

ssize_t writev(int fd, const struct iovec* parts, int count) {
  if (fd > 2) FAIL_IF_DUE(is_file(fd));
  return REAL(writev)(fd, parts, count);
}

#define OPEN_BODY(call)                  \
  unsigned mode_bits = 0;                \
  if (flags & (O_CREAT | __O_TMPFILE)) { \
    va_list rest;                        \
    va_start(rest, flags);               \
    mode_bits = va_arg(rest, unsigned);  \
    va_end(rest);                        \
    FAIL_IF_DUE(1);                      \
  }                                      \
  return call

int open(const char* path, int flags, ...) { OPEN_BODY(REAL(open)(path, flags, mode_bits)); }
int open64(const char* path, int flags, ...) { OPEN_BODY(REAL(open64)(path, flags, mode_bits)); }
int openat(int folder, const char* path, int flags, ...) { OPEN_BODY(REAL(openat)(folder, path, flags, mode_bits)); }
int openat64(int folder, const char* path, int flags, ...) { OPEN_BODY(REAL(openat64)(folder, path, flags, mode_bits)); }

int fsync(int fd) {
  FAIL_IF_DUE(1);
  return REAL(fsync)(fd);
}

int fdatasync(int fd) {
  FAIL_IF_DUE(1);
  return REAL(fdatasync)(fd);
}

int rename(const char* from, const char* to) {
  FAIL_IF_DUE(1);
  return REAL(rename)(from, to);
}

int renameat(int from_folder, const char* from, int to_folder, const char* to) {
  FAIL_IF_DUE(1);
  return REAL(renameat)(from_folder, from, to_folder, to);
}

int unlink(const char* path) {
  FAIL_IF_DUE(1);
  return REAL(unlink)(path);
}

int unlinkat(int folder, const char* path, int flags) {
  FAIL_IF_DUE(1);
  return REAL(unlinkat)(folder, path, flags);
}

int mkdir(const char* path, mode_t bits) {
  FAIL_IF_DUE(1);
  return REAL(mkdir)(path, bits);
}

int mkdirat(int folder, const char* path, mode_t bits) {
  FAIL_IF_DUE(1);
  return REAL(mkdirat)(folder, path, bits);
}

int rmdir(const char* path) {
  FAIL_IF_DUE(1);
  return REAL(rmdir)(path);
}

int link(const char* from, const char* to) {
  FAIL_IF_DUE(1);
  return REAL(link)(from, to);
}

int symlink(const char* to, const char* path) {
  FAIL_IF_DUE(1);
  return REAL(symlink)(to, path);
}

int ftruncate(int fd, off_t size) {
  FAIL_IF_DUE(1);
  return REAL(ftruncate)(fd, size);
}

int ftruncate64(int fd, off64_t size) {
  FAIL_IF_DUE(1);
  return REAL(ftruncate64)(fd, size);
}

int chmod(const char* path, mode_t bits) {
  FAIL_IF_DUE(1);
  return REAL(chmod)(path, bits);
}

int fchmod(int fd, mode_t bits) {
  FAIL_IF_DUE(1);
  return REAL(fchmod)(fd, bits);
}

int connect(int fd, const struct sockaddr* address, socklen_t size) {
  FAIL_IF_DUE(0);
  return REAL(connect)(fd, address, size);
}

ssize_t send(int fd, const void* bytes, size_t size, int flags) {
  FAIL_IF_DUE(0);
  return REAL(send)(fd, bytes, size, flags);
}

ssize_t sendto(int fd, const void* bytes, size_t size, int flags, const struct sockaddr* address, socklen_t address_size) {
  FAIL_IF_DUE(0);
  return REAL(sendto)(fd, bytes, size, flags, address, address_size);
}

ssize_t sendmsg(int fd, const struct msghdr* message, int flags) {
  FAIL_IF_DUE(0);
  return REAL(sendmsg)(fd, message, flags);
}
