#include "git/refs.hpp"

#include <fcntl.h>
#include <fmt/core.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <thread>

namespace muster::git {
namespace {

constexpr Duration kPatience = std::chrono::seconds(30);
constexpr Duration kGitPatience = std::chrono::seconds(2);
constexpr Duration kGitPause = std::chrono::milliseconds(20);

Failure system_failure(std::string_view doing, const Path& path) {
  const int error = errno;
  const bool full = error == ENOSPC || error == EDQUOT || error == EIO || error == EROFS || error == EMFILE || error == ENFILE;
  std::string text = fmt::format("{} {}: {}", doing, path.string(), std::strerror(error));
  if (full) return retry(Reason::exhausted, std::move(text));
  return stalled(error == EACCES || error == EPERM ? Reason::denied : Reason::internal, std::move(text));
}

/// A ref name as one file name.
std::string flat(std::string_view name) {
  std::string out;
  for (const char c : name) out += c == '%' ? "%25" : c == '/' ? "%2F" : std::string(1, c);
  return out;
}

std::string unflat(std::string_view file) {
  std::string out;
  for (std::size_t i = 0; i < file.size(); ++i) {
    if (file.substr(i, 3) == "%25" || file.substr(i, 3) == "%2F") {
      out += file[i + 1] == '2' && file[i + 2] == '5' ? '%' : '/';
      i += 2;
    } else {
      out += file[i];
    }
  }
  return out;
}

bool is_same_file(const Path& a, const Path& b) {
  struct stat first {};
  struct stat second {};
  return ::lstat(a.c_str(), &first) == 0 && ::lstat(b.c_str(), &second) == 0 && first.st_ino == second.st_ino &&
         first.st_dev == second.st_dev;
}

/// What a killed process left: locks of ours, and the values it was about to set.
Result<void> clear_leftovers(Files& files, const Path& git_folder) {
  const Path pending = git_folder / "muster" / "pending";
  auto left = files.list(pending);
  if (!left.ok()) return left.failure().reason == Reason::absent ? files.make_directories(pending) : Result<void>(left.failure());
  for (const DirectoryEntry& entry : *left) {
    const Path lock = git_folder / (unflat(entry.name) + ".lock");
    if (is_same_file(pending / entry.name, lock)) ::unlink(lock.c_str());
    ::unlink((pending / entry.name).c_str());
  }
  return {};
}

/// O_EXCL: a leftover may be the very file of the ref, linked; writing through it would be no swap.
Result<void> write_pending(const Path& path, const Oid& value, bool durable) {
  const int file = ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
  if (file < 0) return system_failure("writing", path);
  const std::string line = value.text() + "\n";
  const bool written = ::write(file, line.data(), line.size()) == static_cast<ssize_t>(line.size());
  const bool synced = written && (!durable || ::fsync(file) == 0);
  if (!written && errno == 0) errno = ENOSPC;
  Result<void> out;
  if (!synced) out = system_failure("writing", path);
  ::close(file);
  return out;
}

/// git removes folders of refs that became empty while we make ours, hence the second try.
Result<void> take_lock(Files& files, const Path& pending, const Path& lock) {
  const auto tries = static_cast<int>(kGitPatience / kGitPause);
  for (int i = 0; i < tries; ++i) {
    MUSTER_CHECK(files.make_directories(lock.parent_path()));
    if (::link(pending.c_str(), lock.c_str()) == 0) return {};
    if (errno != EEXIST && errno != ENOENT) return system_failure("locking", lock);
    if (errno == EEXIST) std::this_thread::sleep_for(kGitPause);
  }
  return retry(Reason::conflict, fmt::format("another git program holds {}; remove the file if none runs", lock.string()));
}

std::string shown(const std::optional<Oid>& id) { return id ? "at " + id->short_text() : "absent"; }

Result<void> expect(git_repository* repository, const RefChange& change) {
  MUSTER_TRY(const std::optional<Oid> now, read_ref(repository, change.name));
  if (now == change.expected) return {};
  return retry(Reason::conflict, fmt::format("{} is {}, not {}", change.name, shown(now), shown(change.expected)));
}

Result<void> set_ref(Files& files, git_repository* repository, const Path& git_folder, const RefChange& change, bool durable) {
  const Path pending = git_folder / "muster" / "pending" / flat(change.name);
  const Path place = git_folder / change.name;
  const Path lock = place.string() + ".lock";
  MUSTER_CHECK(write_pending(pending, *change.value, durable));
  Result<void> done = take_lock(files, pending, lock);
  if (!done.ok()) {
    ::unlink(pending.c_str());
    return done;
  }
  done = expect(repository, change);
  if (done.ok() && ::rename(lock.c_str(), place.c_str()) != 0) {
    // A folder left empty by a deleted ref may stand there.
    const bool again = (errno == EISDIR || errno == ENOTEMPTY || errno == EEXIST) && ::rmdir(place.c_str()) == 0;
    if (!again || ::rename(lock.c_str(), place.c_str()) != 0) done = system_failure("setting", place);
  }
  if (!done.ok()) ::unlink(lock.c_str());
  ::unlink(pending.c_str());
  if (done.ok() && durable) return sync_to_disk(place.parent_path());
  return done;
}

Result<void> delete_ref(git_repository* repository, const RefChange& change) {
  MUSTER_CHECK(expect(repository, change));
  if (!change.expected) return {};
  git_reference* found = nullptr;
  int code = git_reference_lookup(&found, repository, change.name.c_str());
  if (code == 0) code = git_reference_delete(found);  // Compares with the value it was looked up with.
  git_reference_free(found);
  if (code == GIT_EMODIFIED || code == GIT_ENOTFOUND) return retry(Reason::conflict, change.name + " moved while it was deleted");
  if (code != 0) return library_failure(code, "deleting " + change.name);
  return {};
}

}  // namespace

bool is_ref_name(std::string_view name) {
  if (!name.starts_with("refs/") || name.size() > 1024 || name.find('\0') != std::string_view::npos) return false;
  int valid = 0;
  return git_reference_name_is_valid(&valid, std::string(name).c_str()) == 0 && valid == 1;
}

Result<std::optional<Oid>> read_ref(git_repository* repository, std::string_view name) {
  const std::string text(name);
  if (!is_ref_name(name)) return stalled(Reason::invalid, fmt::format("'{}' is no ref name", name));
  git_oid id;
  const int code = git_reference_name_to_id(&id, repository, text.c_str());
  if (code == GIT_ENOTFOUND) return std::optional<Oid>();
  if (code != 0) return library_failure(code, "reading " + text);
  return std::optional<Oid>(from_raw(id));
}

Result<std::vector<Ref>> list_local_refs(git_repository* repository, std::string_view prefix) {
  git_reference_iterator* iterator = nullptr;
  int code = git_reference_iterator_new(&iterator, repository);
  if (code != 0) return library_failure(code, "listing refs");
  std::vector<Ref> out;
  const char* name = nullptr;
  while ((code = git_reference_next_name(&name, iterator)) == 0) {
    git_oid id;
    if (!std::string_view(name).starts_with(prefix)) continue;
    if (git_reference_name_to_id(&id, repository, name) == 0) out.push_back({name, from_raw(id)});
  }
  git_reference_iterator_free(iterator);
  if (code != GIT_ITEROVER) return library_failure(code, "listing refs");
  std::sort(out.begin(), out.end(), [](const Ref& a, const Ref& b) { return a.name < b.name; });
  return out;
}

Result<void> swap_ref(Files& files, git_repository* repository, const Path& git_folder, const RefChange& change, bool durable) {
  if (!is_ref_name(change.name)) return stalled(Reason::invalid, fmt::format("'{}' is no ref name", change.name));
  MUSTER_CHECK(files.make_directories(git_folder / "muster"));
  MUSTER_TRY(const auto lock, files.lock(git_folder / "muster" / "refs.lock", fmt::format("process {}", ::getpid()), kPatience));
  MUSTER_CHECK(clear_leftovers(files, git_folder));
  if (!change.value) return delete_ref(repository, change);
  return set_ref(files, repository, git_folder, change, durable);
}

Result<void> sync_to_disk(const Path& path) {
  const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0) return system_failure("opening", path);
  Result<void> out;
  if (::fsync(file) != 0) out = system_failure("syncing", path);
  ::close(file);
  return out;
}

}  // namespace muster::git
