#include "git/mirrors.hpp"

#include <fcntl.h>
#include <fmt/core.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstdio>
#include <system_error>

#include "git/session.hpp"
#include "git/tidy.hpp"
#include "muster/base/digest.hpp"
#include "muster/base/log.hpp"

namespace muster::git {
namespace {

constexpr Duration kLockPatience = std::chrono::milliseconds(500);  ///< Between looks at the stop token.
constexpr std::uint64_t kSmallEnough = std::uint64_t{256} << 20U;
constexpr std::uint64_t kOutgrown = 4;  ///< Times its size when it was made.

/// Whatever is wrong with a cache is put right by making it anew, unless it is the disk or the owner.
bool is_replaceable(const Failure& failure) { return failure.reason != Reason::exhausted && failure.reason != Reason::denied; }

Result<std::uint64_t> size_of(DiskRepository& repository) {
  MUSTER_TRY(const std::vector<PackFile> packs, list_packs(repository));
  std::uint64_t out = 0;
  for (const PackFile& pack : packs) out += pack.bytes;
  return out;
}

/// Swaps two folders in one step, so that there is a repository at `place` at every moment.
Result<void> exchange(const Path& fresh, const Path& place) {
  if (::renameat2(AT_FDCWD, fresh.c_str(), AT_FDCWD, place.c_str(), RENAME_EXCHANGE) == 0) return {};
  const int error = errno;
  return retry(Reason::exhausted,
               fmt::format("putting a fresh mirror in the place of {}: {}", place.string(), std::generic_category().message(error)));
}

}  // namespace

/// "github.com/acme/cart" → "github.com-acme-cart-1f2e3d4c5b.git": people find it, and no two keys share it.
Path Mirrors::path_of(std::string_view key) const {
  std::string name;
  for (const char c : key.substr(key.size() > 80 ? key.size() - 80 : 0)) {
    const bool is_plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '_';
    if (is_plain) name += c;
    if (!is_plain && !name.empty() && name.back() != '-') name += '-';
  }
  while (name.starts_with('.')) name.erase(0, 1);
  const Digest digest = sha256(key);
  return folder_ / fmt::format("{}-{}.git", name, to_hex({reinterpret_cast<const char*>(digest.bytes.data()), 5}));
}

Result<std::shared_ptr<DiskRepository>> Mirrors::open(const Path& path, DiskRepository::Durability durability) {
  std::shared_ptr<DiskRepository> before;
  {
    const std::lock_guard lock(mutex_);
    if (const auto known = open_.find(path); known != open_.end()) before = known->second;
  }
  if (before != nullptr && world_.files.stat(path / "HEAD").ok()) return before;
  // Not under the lock: a thousand mirrors wait for the disk a thousand times. Two who make the same one write the same.
  MUSTER_TRY(auto opened, DiskRepository::open_or_make(world_, path, durability));
  const std::lock_guard lock(mutex_);
  auto& known = open_[path];
  if (known == before) known = std::move(opened);
  return known;
}

Result<std::shared_ptr<DiskRepository>> Mirrors::open_mirror(const Path& path) {
  auto opened = open(path, DiskRepository::Durability::cache);
  if (opened.ok() || !is_replaceable(opened.failure())) return opened;
  log::warning("the mirror {} is damaged and is made anew: {}", path.string(), opened.failure().text);
  MUSTER_CHECK(world_.files.remove_all(path));
  return open(path, DiskRepository::Durability::cache);
}

Result<std::unique_ptr<FileLock>> Mirrors::lock(const Path& path, const Deadline& deadline) {
  MUSTER_CHECK(world_.files.make_directories(folder_));
  const Path file = path.string() + ".lock";
  while (true) {
    auto lock = world_.files.lock(file, fmt::format("process {}", ::getpid()), kLockPatience);
    if (lock.ok() || lock.failure().reason != Reason::conflict) return lock;
    MUSTER_CHECK(with_context(deadline.check(), "waiting for " + file.string()));
  }
}

Result<void> Mirrors::replace(DiskRepository& mirror, const std::function<Result<void>(DiskRepository& fresh)>& fill) {
  const Path place = mirror.path();
  const Path beside = place.string() + ".new";
  MUSTER_CHECK(world_.files.remove_all(beside));
  Result<void> done = make_beside(beside, fill);
  if (done.ok()) done = exchange(beside, place);
  if (done.ok()) mirror.reopen();
  MUSTER_CHECK(world_.files.remove_all(beside));
  return done;
}

Result<void> Mirrors::make_beside(const Path& path, const std::function<Result<void>(DiskRepository& fresh)>& fill) {
  MUSTER_TRY(const auto fresh, DiskRepository::open_or_make(world_, path, DiskRepository::Durability::cache));
  MUSTER_CHECK(fill(*fresh));
  return fresh->flush();
}

Result<void> Mirrors::keep_small(DiskRepository& mirror, const Deadline& deadline) {
  MUSTER_CHECK(tidy(mirror, &deadline));
  MUSTER_TRY(const std::uint64_t size, size_of(mirror));
  const Path note = mirror.path() / "muster" / "size";
  const auto text = world_.files.read(note, 64);
  std::uint64_t at_birth = 0;
  if (text.ok()) std::from_chars(text->data(), text->data() + text->size(), at_birth);
  if (at_birth == 0) return world_.files.write_whole(note, std::to_string(size));
  if (size <= kSmallEnough || size <= kOutgrown * at_birth) return {};
  MUSTER_CHECK(replace(mirror, [&](DiskRepository& fresh) { return copy_reachable(mirror, fresh, deadline); }));
  MUSTER_TRY(const std::uint64_t now, size_of(mirror));
  return world_.files.write_whole(note, std::to_string(now));
}

}  // namespace muster::git
