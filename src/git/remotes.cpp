#include <fmt/core.h>

#include <algorithm>

#include "git/channel.hpp"
#include "git/connectivity.hpp"
#include "git/mirrors.hpp"
#include "git/refs.hpp"
#include "git/session.hpp"
#include "git/url.hpp"
#include "muster/base/log.hpp"

namespace muster::git {
namespace {

constexpr std::size_t kTips = 64;        ///< That a fetch names.
constexpr int kAncestorDistance = 1024;  ///< Ancestors of a tip are named at 1, 2, 4 … up to here.

/// A server may echo what it was sent.
void remove_secret(std::string& text, std::string_view secret) {
  if (secret.size() < 4) return;
  for (auto at = text.find(secret); at != std::string::npos; at = text.find(secret, at)) text.replace(at, secret.size(), "***");
}

Failure without_secrets(Failure failure, const http::Credentials& credentials) {
  const std::string authorization = http::authorization_of(credentials);
  remove_secret(failure.text, credentials.secret);
  remove_secret(failure.text, std::string_view(authorization).substr(std::min(authorization.size(), authorization.find(' ') + 1)));
  failure.text = without_userinfo(failure.text);
  return failure;
}

Result<std::string> file_of(std::string_view reference) {
  constexpr std::string_view kFile = "file:";
  if (reference.starts_with(kFile)) return std::string(reference.substr(kFile.size()));
  return stalled(Reason::invalid, "an ssh key is given as file:PATH of the private key");
}

class DiskRemotes final : public Remotes {
 public:
  DiskRemotes(const World& world, Secrets& secrets, Path mirrors, RemoteOptions options)
      : world_(world), secrets_(secrets), mirrors_(world, std::move(mirrors)), options_(std::move(options)) {
    start_library();
    if (options_.http == nullptr) own_http_ = http::make_client(world);
    http_ = options_.http == nullptr ? own_http_.get() : options_.http;
    if (options_.environment.empty()) options_.environment["PATH"] = "/usr/local/bin:/usr/bin:/bin";
  }

  Result<RefListing> list_refs(const Remote& remote, std::span<const std::string> prefixes, const std::stop_token& stop) override {
    const Deadline deadline(world_.clock, options_.limits.time, stop);
    return converse<RefListing>(remote, Service::upload_pack, deadline, [&](Session& session) { return session.list(prefixes); });
  }

  Result<std::shared_ptr<Repository>> fetch(const Remote& remote, std::span<const std::string> names,
                                            const std::stop_token& stop) override {
    MUSTER_CHECK(check_url(remote.url, remote.allow_file));
    for (const std::string& name : names) {
      if (!is_ref_name(name)) return stalled(Reason::invalid, fmt::format("'{}' is no ref name", name));
    }
    if (names.empty()) return mirror(remote);
    const Deadline deadline(world_.clock, options_.limits.time, stop);
    // The refs are listed under the lock: of two fetches the one that ends later has asked later.
    const Path path = mirrors_.path_of(url_key(remote.url));
    MUSTER_TRY(const auto lock, mirrors_.lock(path, deadline));
    MUSTER_TRY(const auto mirror, mirrors_.open_mirror(path));
    Result<bool> fetched =
        is_whole(*mirror, deadline) ? fetch_into(remote, names, *mirror, deadline) : stalled(Reason::corrupt, "the mirror is damaged");
    if (!fetched.ok() && fetched.failure().reason == Reason::corrupt && has_refs(*mirror) && may_refill(path)) {
      // Either the mirror is damaged or the server answers nonsense: a fresh one tells.
      auto replaced = mirrors_.replace(*mirror, [&](DiskRepository& fresh) { return refill(remote, names, *mirror, fresh, deadline); });
      fetched = replaced.ok() ? Result<bool>(true) : Result<bool>(std::move(replaced).failure());
    }
    if (!fetched.ok()) return std::move(fetched).failure();
    if (!*fetched) return std::shared_ptr<Repository>(mirror);
    if (const auto small = mirrors_.keep_small(*mirror, deadline); !small.ok())
      log::warning("{} was not tidied: {}", path.string(), small.failure().text);
    return std::shared_ptr<Repository>(mirror);
  }

  Result<std::shared_ptr<Repository>> mirror(const Remote& remote) override {
    MUSTER_CHECK(check_url(remote.url, remote.allow_file));
    MUSTER_TRY(auto mirror, mirrors_.open_mirror(mirrors_.path_of(url_key(remote.url))));
    return std::shared_ptr<Repository>(std::move(mirror));
  }

  Result<std::shared_ptr<Repository>> open_local(const Path& path) override {
    MUSTER_TRY(auto opened, mirrors_.open(path, DiskRepository::Durability::durable));
    return std::shared_ptr<Repository>(std::move(opened));
  }

  Result<void> push(const Remote& remote, Repository& from, std::span<const Push> updates, const std::stop_token& stop) override {
    auto* source = dynamic_cast<DiskRepository*>(&from);
    if (source == nullptr) return stalled(Reason::invalid, "a push needs a repository on disk");
    const Deadline deadline(world_.clock, options_.limits.time, stop);
    MUSTER_CHECK(source->flush());
    for (const Push& update : updates) MUSTER_CHECK(refuse_rewind(*source, update));
    auto done = converse<bool>(remote, Service::receive_pack, deadline, [&](Session& session) -> Result<bool> {
      MUSTER_CHECK(session.push(*source, updates));
      return true;
    });
    return done.ok() ? Result<void>() : Result<void>(std::move(done).failure());
  }

  [[nodiscard]] std::map<std::string, std::uint64_t> requests() const override {
    const std::lock_guard lock(mutex_);
    std::map<std::string, std::uint64_t> out = conversations_;
    for (const auto& [url, traffic] : http_->traffic()) {
      std::string_view base = url;
      for (const std::string_view end : {"/info/refs", "/git-upload-pack", "/git-receive-pack"}) {
        if (base.ends_with(end)) base.remove_suffix(end.size());
      }
      if (base.size() != url.size()) out[url_key(base)] += traffic.requests;
    }
    return out;
  }

 private:
  /// Opens a session, runs `talk` in it, remembers where the remote was, and keeps credentials out of the failure.
  template <typename T, typename Talk>
  Result<T> converse(const Remote& remote, Service service, const Deadline& deadline, Talk talk) {
    MUSTER_TRY(const Url url, parse_url(remote.url, remote.allow_file));
    MUSTER_TRY(const http::Credentials credentials, credentials_of(remote, url));
    Whereabouts whereabouts = recall(remote.url);
    auto session = open_session(remote, url, service, credentials, whereabouts, deadline);
    Result<T> out = session.ok() ? talk(**session) : Result<T>(std::move(session).failure());
    remember(remote.url, whereabouts);
    if (out.ok()) return out;
    return without_secrets(std::move(out).failure(), credentials).with_context(without_userinfo(remote.url));
  }

  Result<std::unique_ptr<Session>> open_session(const Remote& remote, const Url& url, Service service, const http::Credentials& credentials,
                                                Whereabouts& whereabouts, const Deadline& deadline) {
    if (url.scheme == Scheme::file) {
      count(remote.url);
      return open_local_session(world_, url.path, options_.environment, deadline);
    }
    if (url.scheme == Scheme::ssh) {
      count(remote.url);
      SshRoute route{options_.ssh, options_.environment, {}, remote.known_hosts};
      if (remote.auth == Remote::Auth::ssh_key) {
        MUSTER_TRY(route.key_file, file_of(remote.secret));
      }
      MUSTER_TRY(auto channel, open_ssh_channel(world_, route, url, service, options_.limits, deadline));
      return make_wire_session(std::move(channel), world_.clock, options_.limits, whereabouts);
    }
    HttpRoute route{*http_, credentials, remote.ca_file};
    return make_wire_session(
        open_http_channel(std::move(route), without_userinfo(remote.url), service, whereabouts, options_.limits, deadline), world_.clock,
        options_.limits, whereabouts);
  }

  /// Forges take a token as the password of any user name; the name says who asks where the fleet gives one.
  Result<http::Credentials> credentials_of(const Remote& remote, const Url& url) {
    const bool is_http = url.scheme == Scheme::http || url.scheme == Scheme::https;
    if (!is_http || (remote.auth != Remote::Auth::token && remote.auth != Remote::Auth::basic)) return http::Credentials{};
    http::Credentials out;
    out.kind = http::Credentials::Kind::basic;
    out.user = !remote.user.empty() ? remote.user : !url.user.empty() ? url.user : "x-access-token";
    MUSTER_TRY(out.secret, secrets_.resolve(remote.secret));
    return out;
  }

  Whereabouts recall(const std::string& url) {
    const std::lock_guard lock(mutex_);
    const auto found = whereabouts_.find(url);
    return found == whereabouts_.end() ? Whereabouts{} : found->second;
  }

  void remember(const std::string& url, const Whereabouts& whereabouts) {
    const std::lock_guard lock(mutex_);
    if (whereabouts.base.empty() && !whereabouts.is_old) {
      whereabouts_.erase(url);
    } else {
      whereabouts_[url] = whereabouts;
    }
  }

  void count(const std::string& url) {
    const std::lock_guard lock(mutex_);
    ++conversations_[url_key(url)];
  }

  /// False when nothing moved.
  Result<bool> fetch_into(const Remote& remote, std::span<const std::string> names, DiskRepository& mirror, const Deadline& deadline) {
    return converse<bool>(remote, Service::upload_pack, deadline, [&](Session& session) -> Result<bool> {
      MUSTER_TRY(const std::vector<Ref> wanted, find_wanted(session, names));
      MUSTER_TRY(const WantedObjects objects, missing_objects(mirror, wanted));
      if (!objects.wants.empty()) {
        MUSTER_TRY(const auto pack, PackWriter::open(mirror, options_.limits, deadline));
        MUSTER_CHECK(session.fetch(objects, *pack));
        MUSTER_CHECK(pack->finish(objects.wants));
      }
      MUSTER_CHECK(set_refs(mirror, wanted));
      return !objects.wants.empty();
    });
  }

  /// What the mirror had, as far as the remote still has it, and what is wanted.
  Result<void> refill(const Remote& remote, std::span<const std::string> names, DiskRepository& mirror, DiskRepository& fresh,
                      const Deadline& deadline) {
    std::vector<std::string> all(names.begin(), names.end());
    MUSTER_TRY(const bool moved, fetch_into(remote, all, fresh, deadline));
    static_cast<void>(moved);
    const auto refs = mirror.refs("refs/");
    if (!refs.ok()) return {};
    for (const Ref& ref : *refs) {
      const std::vector<std::string> one = {ref.name};
      if (std::find(all.begin(), all.end(), ref.name) != all.end()) continue;
      auto more = fetch_into(remote, one, fresh, deadline);
      if (!more.ok() && more.failure().reason != Reason::absent) return std::move(more).failure();
    }
    return {};
  }

  /// A server that keeps sending nonsense is not asked for everything at every look.
  bool may_refill(const Path& path) {
    constexpr Duration kPause = std::chrono::minutes(10);
    const std::lock_guard lock(mutex_);
    const Duration now = world_.clock.elapsed();
    const auto [last, is_first] = refilled_.try_emplace(path, now);
    if (!is_first && now - last->second < kPause) return false;
    last->second = now;
    return true;
  }

  static bool has_refs(DiskRepository& mirror) {
    const auto refs = mirror.refs("refs/");
    return !refs.ok() || !refs->empty();
  }

  /// Looks closer where a reader could not find something.
  static bool is_whole(DiskRepository& mirror, const Deadline& deadline) {
    if (mirror.health() != DiskRepository::Health::suspect) return mirror.health() == DiskRepository::Health::good;
    const auto refs = mirror.refs("refs/");
    mirror.reopen();
    auto lease = mirror.borrow();
    if (!refs.ok() || !lease.ok()) {
      mirror.note_health(DiskRepository::Health::damaged);
      return false;
    }
    std::vector<Oid> tips;
    for (const Ref& ref : *refs) tips.push_back(ref.id);
    const auto checked = check_whole(lease->odb(), tips, deadline);
    if (checked.ok()) return true;
    mirror.note_health(DiskRepository::Health::damaged);
    log::warning("the mirror {} is damaged and is made anew: {}", mirror.path().string(), checked.failure().text);
    return false;
  }

  static Result<std::vector<Ref>> find_wanted(Session& session, std::span<const std::string> names) {
    MUSTER_TRY(const RefListing listing, session.list(names));
    std::vector<Ref> out;
    for (const std::string& name : names) {
      const auto found = std::find_if(listing.refs.begin(), listing.refs.end(), [&](const Ref& ref) { return ref.name == name; });
      if (found == listing.refs.end()) return wait(Reason::absent, fmt::format("there is no {}", name));
      out.push_back(*found);
    }
    return out;
  }

  static Result<WantedObjects> missing_objects(DiskRepository& mirror, const std::vector<Ref>& wanted) {
    WantedObjects out;
    for (const Ref& ref : wanted) {
      MUSTER_TRY(const bool here, mirror.has(ref.id));
      if (!here && std::find(out.wants.begin(), out.wants.end(), ref.id) == out.wants.end()) out.wants.push_back(ref.id);
    }
    if (out.wants.empty()) return out;
    // What the same refs were is the best the server can build upon; other refs come after.
    for (const Ref& ref : wanted) {
      MUSTER_TRY(const auto old, mirror.ref(ref.name));
      if (old) out.tips.push_back(*old);
    }
    out.ancestors = [&mirror, tips = out.tips] { return ancestors_of(mirror, tips); };
    MUSTER_TRY(const std::vector<Ref> refs, mirror.refs("refs/"));
    for (const Ref& ref : refs) {
      const bool known = std::find(out.tips.begin(), out.tips.end(), ref.id) != out.tips.end();
      if (!known && out.tips.size() < kTips) out.tips.push_back(ref.id);
    }
    return out;
  }

  static Result<std::vector<Oid>> ancestors_of(DiskRepository& mirror, const std::vector<Oid>& tips) {
    std::vector<Oid> out;
    for (const Oid& tip : tips) {
      int distance = 0;
      int next = 1;
      const auto walked = mirror.walk_first_parents(tip, [&](const Commit& commit) {
        if (distance == next) {
          out.push_back(commit.id);
          next *= 2;
        }
        return ++distance <= kAncestorDistance;
      });
      static_cast<void>(walked.ok());  // A tip that is no commit has no ancestors to name.
    }
    return out;
  }

  static Result<void> set_refs(DiskRepository& mirror, const std::vector<Ref>& wanted) {
    for (const Ref& ref : wanted) MUSTER_CHECK(set_ref(mirror, ref));
    return {};
  }

  /// Whoever pushes sets the mirror's ref as well, without the lock of a fetch. What descends from what was listed here is newer.
  static Result<void> set_ref(DiskRepository& mirror, const Ref& ref) {
    constexpr int kTries = 20;
    MUSTER_TRY(auto old, mirror.ref(ref.name));
    for (int tries = 1; old != ref.id; ++tries) {
      auto set = mirror.update_ref(ref.name, ref.id, old);
      if (set.ok() || set.failure().reason != Reason::conflict || tries == kTries) return set;
      MUSTER_TRY(old, mirror.ref(ref.name));
      const auto newer = old ? mirror.is_ancestor(ref.id, *old) : Result<bool>(false);
      if (newer.ok() && *newer) return {};
    }
    return {};
  }

  static Result<void> refuse_rewind(DiskRepository& source, const Push& update) {
    if (!is_ref_name(update.ref)) return stalled(Reason::invalid, fmt::format("'{}' is no ref name", update.ref));
    if (!update.value || !update.expected) return {};
    MUSTER_TRY(const bool forward, source.is_ancestor(*update.expected, *update.value));
    if (forward) return {};
    return stalled(Reason::invalid, fmt::format("{} does not descend from {}, and muster never forces a push to {}",
                                                update.value->short_text(), update.expected->short_text(), update.ref));
  }

  World world_;
  Secrets& secrets_;
  Mirrors mirrors_;
  RemoteOptions options_;
  std::unique_ptr<http::Client> own_http_;
  http::Client* http_ = nullptr;
  mutable std::mutex mutex_;
  std::map<std::string, Whereabouts> whereabouts_;
  std::map<Path, Duration> refilled_;
  std::map<std::string, std::uint64_t> conversations_;
};

}  // namespace

std::unique_ptr<Remotes> make_remotes(const World& world, Secrets& secrets, Path mirrors, RemoteOptions options) {
  return std::make_unique<DiskRemotes>(world, secrets, std::move(mirrors), std::move(options));
}

std::unique_ptr<Remotes> make_remotes(const World& world, Secrets& secrets, Path mirrors, TransferLimits limits) {
  RemoteOptions options;
  options.limits = limits;
  return make_remotes(world, secrets, std::move(mirrors), std::move(options));
}

}  // namespace muster::git
