#include <fmt/core.h>
#include <unistd.h>

#include <algorithm>

#include "git/refs.hpp"
#include "git/session.hpp"
#include "git/url.hpp"
#include "muster/base/digest.hpp"

namespace muster::git {
namespace {

constexpr Duration kPatience = std::chrono::seconds(60);

/// "github.com/acme/cart" → "github.com-acme-cart-1f2e3d4c5b": people find it, and no two keys share it.
std::string folder_name(std::string_view key) {
  std::string out;
  for (const char c : key.substr(key.size() > 80 ? key.size() - 80 : 0)) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '_';
    if (plain) out += c;
    if (!plain && !out.empty() && out.back() != '-') out += '-';
  }
  while (out.starts_with('.')) out.erase(0, 1);
  return fmt::format("{}-{}.git", out, to_hex({reinterpret_cast<const char*>(sha256(key).bytes.data()), 5}));
}

class DiskRemotes final : public Remotes {
 public:
  DiskRemotes(const World& world, Secrets& secrets, Path mirrors, TransferLimits limits)
      : world_(world), secrets_(secrets), mirrors_(std::move(mirrors)), limits_(limits) {
    start_library();
  }

  Result<RefListing> list_refs(const Remote& remote, std::span<const std::string> prefixes, const std::stop_token& stop) override {
    const Deadline deadline(world_.clock, limits_.time, stop);
    MUSTER_TRY(const auto session, open_session(remote, deadline));
    return session->list(prefixes);
  }

  Result<std::shared_ptr<Repository>> fetch(const Remote& remote, std::span<const std::string> names, const std::stop_token& stop) override {
    const Deadline deadline(world_.clock, limits_.time, stop);
    MUSTER_TRY(const auto session, open_session(remote, deadline));
    MUSTER_TRY(const std::vector<Ref> wanted, find_wanted(*session, names, remote));
    MUSTER_TRY(const auto mirror, open_mirror(remote));
    MUSTER_TRY(const auto lock, lock_mirror(*mirror));
    MUSTER_TRY(const WantedObjects objects, missing_objects(*mirror, wanted));
    if (!objects.wants.empty()) {
      MUSTER_TRY(const auto pack, PackWriter::open(*mirror, limits_, deadline));
      MUSTER_CHECK(with_context(receive(*session, objects, *pack), "fetching " + shown(remote)));
    }
    MUSTER_CHECK(set_refs(*mirror, wanted));
    return std::shared_ptr<Repository>(mirror);
  }

  Result<std::shared_ptr<Repository>> mirror(const Remote& remote) override {
    MUSTER_CHECK(check_url(remote.url, remote.allow_file));
    MUSTER_TRY(auto mirror, open_mirror(remote));
    return std::shared_ptr<Repository>(std::move(mirror));
  }

  Result<std::shared_ptr<Repository>> open_local(const Path& path) override {
    MUSTER_TRY(auto opened, open_once(path, DiskRepository::Durability::durable));
    return std::shared_ptr<Repository>(std::move(opened));
  }

  Result<void> push(const Remote& remote, Repository& from, std::span<const Push> updates, const std::stop_token& stop) override {
    auto* source = dynamic_cast<DiskRepository*>(&from);
    if (source == nullptr) return stalled(Reason::invalid, "a push needs a repository on disk");
    const Deadline deadline(world_.clock, limits_.time, stop);
    MUSTER_CHECK(source->flush());
    for (const Push& update : updates) MUSTER_CHECK(refuse_rewind(*source, update));
    MUSTER_TRY(const auto session, open_session(remote, deadline));
    return with_context(session->push(*source, updates), "pushing to " + shown(remote));
  }

 private:
  static std::string shown(const Remote& remote) { return without_userinfo(remote.url); }

  Result<std::unique_ptr<Session>> open_session(const Remote& remote, const Deadline& deadline) {
    MUSTER_TRY(const Url url, parse_url(remote.url, remote.allow_file));
    if (url.scheme == Scheme::file) return open_local_session(world_, url.path, deadline);
    return stalled(Reason::unsupported, shown(remote) + " cannot be reached by this build");
  }

  /// One Repository a folder, so that what was written and not yet stored is seen by all who use it.
  Result<std::shared_ptr<DiskRepository>> open_once(const Path& path, DiskRepository::Durability durability) {
    const std::lock_guard lock(mutex_);
    auto& known = open_[path];
    const auto head = known ? world_.files.stat(path / "HEAD") : Result<DirectoryEntry>(DirectoryEntry{});
    if (known && head.ok()) return known;
    MUSTER_TRY(known, DiskRepository::open_or_make(world_, path, durability));
    return known;
  }

  Result<std::shared_ptr<DiskRepository>> open_mirror(const Remote& remote) {
    return open_once(mirrors_ / folder_name(url_key(remote.url)), DiskRepository::Durability::cache);
  }

  /// One fetch of a mirror at a time, over all threads and processes: two would bring the same objects twice.
  Result<std::unique_ptr<FileLock>> lock_mirror(const DiskRepository& mirror) {
    MUSTER_CHECK(world_.files.make_directories(mirror.path() / "muster"));
    return world_.files.lock(mirror.path() / "muster" / "fetch.lock", fmt::format("process {}", ::getpid()), kPatience);
  }

  static Result<std::vector<Ref>> find_wanted(Session& session, std::span<const std::string> names, const Remote& remote) {
    for (const std::string& name : names) {
      if (!is_ref_name(name)) return stalled(Reason::invalid, fmt::format("'{}' is no ref name", name));
    }
    if (names.empty()) return std::vector<Ref>();
    MUSTER_TRY(const RefListing listing, session.list(names));
    std::vector<Ref> out;
    for (const std::string& name : names) {
      const auto found = std::find_if(listing.refs.begin(), listing.refs.end(), [&](const Ref& ref) { return ref.name == name; });
      if (found == listing.refs.end()) return wait(Reason::absent, fmt::format("{} has no {}", shown(remote), name));
      out.push_back(*found);
    }
    return out;
  }

  static Result<WantedObjects> missing_objects(DiskRepository& mirror, const std::vector<Ref>& wanted) {
    constexpr std::size_t kHaves = 64;
    WantedObjects out;
    for (const Ref& ref : wanted) {
      MUSTER_TRY(const bool here, mirror.has(ref.id));
      if (!here && std::find(out.wants.begin(), out.wants.end(), ref.id) == out.wants.end()) out.wants.push_back(ref.id);
    }
    if (out.wants.empty()) return out;
    // What the same refs were is the best the server can build upon; other refs come after.
    for (const Ref& ref : wanted) {
      MUSTER_TRY(const auto old, mirror.ref(ref.name));
      if (old) out.haves.push_back(*old);
    }
    MUSTER_TRY(const std::vector<Ref> refs, mirror.refs("refs/"));
    for (const Ref& ref : refs) {
      const bool known = std::find(out.haves.begin(), out.haves.end(), ref.id) != out.haves.end();
      if (!known && out.haves.size() < kHaves) out.haves.push_back(ref.id);
    }
    return out;
  }

  static Result<void> receive(Session& session, const WantedObjects& objects, PackWriter& pack) {
    MUSTER_CHECK(session.fetch(objects, pack));
    return pack.finish();
  }

  static Result<void> set_refs(DiskRepository& mirror, const std::vector<Ref>& wanted) {
    for (const Ref& ref : wanted) {
      MUSTER_TRY(const auto old, mirror.ref(ref.name));
      if (old != ref.id) MUSTER_CHECK(mirror.update_ref(ref.name, ref.id, old));
    }
    return {};
  }

  static Result<void> refuse_rewind(DiskRepository& source, const Push& update) {
    if (!update.value || !update.expected) return {};
    MUSTER_TRY(const bool forward, source.is_ancestor(*update.expected, *update.value));
    if (forward) return {};
    return stalled(Reason::invalid, fmt::format("{} does not descend from {}, and muster never forces a push to {}", update.value->short_text(),
                                                update.expected->short_text(), update.ref));
  }

  World world_;
  Secrets& secrets_;
  Path mirrors_;
  TransferLimits limits_;
  std::mutex mutex_;
  std::map<Path, std::shared_ptr<DiskRepository>> open_;
};

}  // namespace

std::unique_ptr<Remotes> make_remotes(const World& world, Secrets& secrets, Path mirrors, TransferLimits limits) {
  return std::make_unique<DiskRemotes>(world, secrets, std::move(mirrors), limits);
}

}  // namespace muster::git
