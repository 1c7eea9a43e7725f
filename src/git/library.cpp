#include "git/library.hpp"

#include <fmt/core.h>

#include <cstring>
#include <mutex>

#include "git/allocation.hpp"
#include "muster/base/digest.hpp"

namespace muster::git {
namespace {

git_allocator g_allocator = bounded_allocator();

void start() {
  git_libgit2_opts(GIT_OPT_SET_ALLOCATOR, &g_allocator);
  git_libgit2_init();
  for (const int level : {GIT_CONFIG_LEVEL_PROGRAMDATA, GIT_CONFIG_LEVEL_SYSTEM, GIT_CONFIG_LEVEL_XDG, GIT_CONFIG_LEVEL_GLOBAL}) {
    git_libgit2_opts(GIT_OPT_SET_SEARCH_PATH, level, "");
  }
  git_libgit2_opts(GIT_OPT_SET_TEMPLATE_PATH, "");
  // The rooms above cache by content; libgit2's own cache would hold up to 256 MiB beside them.
  git_libgit2_opts(GIT_OPT_ENABLE_CACHING, 0);
  // Objects are hashed when they are read, by DiskRepository, five times faster than libgit2 would.
  git_libgit2_opts(GIT_OPT_ENABLE_STRICT_HASH_VERIFICATION, 0);
  git_libgit2_opts(GIT_OPT_SET_MWINDOW_MAPPED_LIMIT, std::size_t{512} << 20U);
}

struct Cause {
  std::string_view text;
  FailureKind kind;
  Reason reason;
};
// libgit2 has one error code for everything the system says; the system's words tell which it was.
constexpr Cause kSystemCauses[] = {
    {"No space left on device", FailureKind::retry, Reason::exhausted}, {"Disk quota exceeded", FailureKind::retry, Reason::exhausted},
    {"Input/output error", FailureKind::retry, Reason::exhausted},      {"Read-only file system", FailureKind::retry, Reason::exhausted},
    {"Too many open files", FailureKind::retry, Reason::exhausted},     {"Cannot allocate memory", FailureKind::retry, Reason::exhausted},
    {"Permission denied", FailureKind::stalled, Reason::denied},        {"No such file or directory", FailureKind::stalled, Reason::absent},
};

Failure classify(int code, int klass, std::string text) {
  if (code == GIT_EOWNER) {
    return stalled(Reason::denied, std::move(text) + "; give the folder to the user muster runs as, or serve it over ssh or https");
  }
  if (code == GIT_ENOTFOUND) return stalled(Reason::absent, std::move(text));
  if (code == GIT_ELOCKED) return retry(Reason::conflict, std::move(text));
  if (klass == GIT_ERROR_NOMEMORY) return stalled(Reason::limit, "an object or delta is larger than muster accepts");
  if (text.find("extensions.objectformat") != std::string::npos) {
    return stalled(Reason::unsupported, "it is a SHA-256 repository; muster reads SHA-1 repositories only");
  }
  for (const Cause& cause : kSystemCauses) {
    if (text.find(cause.text) != std::string::npos) return {cause.kind, cause.reason, std::move(text), std::nullopt};
  }
  return stalled(Reason::corrupt, std::move(text));
}

bool is_sha256(git_repository* repository) {
  git_config* config = nullptr;
  if (git_repository_config_snapshot(&config, repository) != 0) return false;
  const char* format = nullptr;
  const bool other = git_config_get_string(&format, config, "extensions.objectformat") == 0 && std::string_view(format) != "sha1";
  git_config_free(config);
  return other;
}

}  // namespace

void start_library() {
  static std::once_flag once;
  std::call_once(once, start);
}

Failure library_failure(int code, std::string_view doing) {
  const git_error* error = git_error_last();
  const bool known = error != nullptr && error->message != nullptr;
  Failure failure = classify(code, known ? error->klass : 0,
                             known ? std::string(error->message) : fmt::format("libgit2 says no more than code {}", code));
  return std::move(failure).with_context(doing);
}

const git_oid* raw(const Oid& id) {
  static_assert(sizeof(git_oid) == sizeof(Oid::bytes));
  return reinterpret_cast<const git_oid*>(id.bytes.data());
}

Oid hash_object(git_object_t type, std::string_view bytes) {
  std::string head = git_object_type2string(type);
  head += " " + std::to_string(bytes.size());
  head += '\0';
  Oid out;
  out.bytes = sha1(head, bytes);
  return out;
}

Oid from_raw(const git_oid& id) {
  Oid out;
  std::memcpy(out.bytes.data(), id.id, out.bytes.size());
  return out;
}

Result<RepositoryHandle> open_repository(const Path& path) {
  start_library();
  git_repository* opened = nullptr;
  const int code = git_repository_open_ext(&opened, path.c_str(), GIT_REPOSITORY_OPEN_NO_SEARCH, nullptr);
  if (code != 0) return library_failure(code, "opening the git repository " + path.string());
  RepositoryHandle repository(opened);
  if (is_sha256(opened)) {
    return stalled(Reason::unsupported, path.string() + " is a SHA-256 repository; muster reads SHA-1 repositories only");
  }
  return repository;
}

}  // namespace muster::git
