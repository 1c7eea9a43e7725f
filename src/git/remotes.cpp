#include <fmt/core.h>
#include <unistd.h>

#include <algorithm>

#include "git/channel.hpp"
#include "git/refs.hpp"
#include "git/session.hpp"
#include "git/url.hpp"
#include "muster/base/digest.hpp"

namespace muster::git {
namespace {

constexpr Duration kPatience = std::chrono::seconds(60);
constexpr std::size_t kTips = 64;        ///< That a fetch names.
constexpr int kAncestorDistance = 1024;  ///< Ancestors of a tip are named at 1, 2, 4 … up to here.

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
      : world_(world), secrets_(secrets), mirrors_(std::move(mirrors)), options_(std::move(options)) {
    start_library();
    if (options_.http == nullptr) own_http_ = http::make_client(world);
    http_ = options_.http == nullptr ? own_http_.get() : options_.http;
    if (options_.environment.empty()) options_.environment["PATH"] = "/usr/local/bin:/usr/bin:/bin";
  }

  Result<RefListing> list_refs(const Remote& remote, std::span<const std::string> prefixes, const std::stop_token& stop) override {
    const Deadline deadline(world_.clock, options_.limits.time, stop);
    return converse<RefListing>(remote, Service::upload_pack, deadline, [&](Session& session) { return session.list(prefixes); });
  }

  Result<std::shared_ptr<Repository>> fetch(const Remote& remote, std::span<const std::string> names, const std::stop_token& stop) override {
    using Mirror = std::shared_ptr<Repository>;
    for (const std::string& name : names) {
      if (!is_ref_name(name)) return stalled(Reason::invalid, fmt::format("'{}' is no ref name", name));
    }
    const Deadline deadline(world_.clock, options_.limits.time, stop);
    return converse<Mirror>(remote, Service::upload_pack, deadline, [&](Session& session) -> Result<Mirror> {
      MUSTER_TRY(const std::vector<Ref> wanted, find_wanted(session, names));
      MUSTER_TRY(const auto mirror, open_mirror(remote));
      MUSTER_TRY(const auto lock, lock_mirror(*mirror));
      MUSTER_TRY(const WantedObjects objects, missing_objects(*mirror, wanted));
      if (!objects.wants.empty()) {
        MUSTER_TRY(const auto pack, PackWriter::open(*mirror, options_.limits, deadline));
        MUSTER_CHECK(session.fetch(objects, *pack));
        MUSTER_CHECK(pack->finish(objects.wants));
      }
      MUSTER_CHECK(set_refs(*mirror, wanted));
      return Mirror(mirror);
    });
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
      return open_local_session(world_, url.path, deadline);
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
    return make_wire_session(open_http_channel(std::move(route), without_userinfo(remote.url), service, whereabouts, options_.limits, deadline),
                             world_.clock, options_.limits, whereabouts);
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

  /// One Repository a folder, so that what was written and not yet stored is seen by all who use it.
  Result<std::shared_ptr<DiskRepository>> open_once(const Path& path, DiskRepository::Durability durability) {
    const std::lock_guard lock(mutex_);
    auto& known = open_[path];
    if (known && world_.files.stat(path / "HEAD").ok()) return known;
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

  static Result<std::vector<Ref>> find_wanted(Session& session, std::span<const std::string> names) {
    if (names.empty()) return std::vector<Ref>();
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
      MUSTER_CHECK(mirror.walk_first_parents(tip, [&](const Commit& commit) {
        if (distance == next) {
          out.push_back(commit.id);
          next *= 2;
        }
        return ++distance <= kAncestorDistance;
      }));
    }
    return out;
  }

  static Result<void> set_refs(DiskRepository& mirror, const std::vector<Ref>& wanted) {
    for (const Ref& ref : wanted) {
      MUSTER_TRY(const auto old, mirror.ref(ref.name));
      if (old != ref.id) MUSTER_CHECK(mirror.update_ref(ref.name, ref.id, old));
    }
    return {};
  }

  static Result<void> refuse_rewind(DiskRepository& source, const Push& update) {
    if (!is_ref_name(update.ref)) return stalled(Reason::invalid, fmt::format("'{}' is no ref name", update.ref));
    if (!update.value || !update.expected) return {};
    MUSTER_TRY(const bool forward, source.is_ancestor(*update.expected, *update.value));
    if (forward) return {};
    return stalled(Reason::invalid, fmt::format("{} does not descend from {}, and muster never forces a push to {}", update.value->short_text(),
                                                update.expected->short_text(), update.ref));
  }

  World world_;
  Secrets& secrets_;
  Path mirrors_;
  RemoteOptions options_;
  std::unique_ptr<http::Client> own_http_;
  http::Client* http_ = nullptr;
  mutable std::mutex mutex_;
  std::map<Path, std::shared_ptr<DiskRepository>> open_;
  std::map<std::string, Whereabouts> whereabouts_;
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
