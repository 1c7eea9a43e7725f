// Registries: tags, digests and contents of image repositories, over OCI distribution.
//
// Source: https://github.com/opencontainers/distribution-spec (v1.1) and https://distribution.github.io/distribution/spec/auth/token/.
// A registry is a stranger: its authentication realm must belong to it (or be the one its host is known to use), no
// credentials follow a redirect, answers and pages are capped, what a digest names is hashed before it is used.
//
// Ownership: the seam's parts must outlive it; answers are plain values. Thread-safety: from any thread.
// Failures: absent (no such repository, tag or content), denied (credentials), unreachable, limit, corrupt (not what the
// digest says, not what the specification says), invalid. Retry-After is passed on in Failure.
#pragma once

#include <cstddef>
#include <map>
#include <memory>
#include <span>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "muster/base/result.hpp"
#include "muster/base/secrets.hpp"
#include "muster/base/time.hpp"
#include "muster/base/world.hpp"
#include "muster/http/client.hpp"
#include "muster/model/fleet.hpp"

namespace muster::registry {

/// How a repository is reached: what the fleet's `registry` says, else HTTPS (loopback: HTTP too) without credentials.
struct Access {
  model::Credentials auth;
  std::string ca_file;
  bool plain_http = false;
  std::string realm;  ///< Host that gives tokens, where it is neither the registry's own nor known to belong to it.
  int requests = 0;   ///< A minute at most, over all repositories of the host; 0: no limit of our own.
};
/// The first `registry` in the fleet that matches; of several, the longest `match`.
Access access_of(std::span<const model::Registry> registries, const model::ImageReference& reference);
/// May it be spoken to without TLS? Where that is said; and on loopback, as docker has it, unless an authority is named.
[[nodiscard]] bool may_be_plain(const Access& access, const model::ImageReference& reference);
/// The `registry` that matches; nullptr: none does.
const model::Registry* registry_of(std::span<const model::Registry> registries, const model::ImageReference& reference);

struct Manifest {
  std::string digest;  ///< "sha256:…" over `bytes`, always checked.
  std::string media_type;
  std::string bytes;
};

class Registries {
 public:
  virtual ~Registries() = default;
  /// All tags of a repository, sorted by bytes, each once. An empty list is an answer too.
  virtual Result<std::vector<std::string>> tags(const Access& access, const model::ImageReference& repository,
                                                const std::stop_token& stop) = 0;
  /// The digest that a tag names now, of the index where there is one; Reason::absent: no such tag. A reference with a digest
  /// is asked for that digest.
  virtual Result<std::string> digest(const Access& access, const model::ImageReference& reference, const std::stop_token& stop) = 0;
  virtual Result<Manifest> manifest(const Access& access, const model::ImageReference& reference, const std::stop_token& stop) = 0;
  /// A blob of at most `limit` bytes, checked against its digest.
  virtual Result<std::string> blob(const Access& access, const model::ImageReference& repository, std::string_view digest,
                                   std::size_t limit, const std::stop_token& stop) = 0;
};

struct Settings {
  Path docker_config;                              ///< "~/.docker/config.json" or $DOCKER_CONFIG/config.json: what `docker_config()` reads.
  std::map<std::string, std::string> environment;  ///< For credential helpers.
  http::Limits limits;                             ///< Of one exchange; the answer's size is the room's own business.
};

/// The real one. Tokens, listings' validators and budgets are kept while it lives, in memory alone.
std::unique_ptr<Registries> make_registries(const World& world, http::Client& client, Secrets& secrets, Settings settings);

/// The caps of an answer from a registry: more is Reason::limit.
inline constexpr std::size_t kMaxManifestBytes = std::size_t{4} << 20U;  ///< What the specification has registries accept.
inline constexpr std::size_t kMaxPageBytes = std::size_t{4} << 20U;      ///< One page of tags.
inline constexpr std::size_t kMaxPages = 1'000;
inline constexpr std::size_t kMaxTags = 200'000;

/// What a policy chooses among tags. Pure.
struct Choice {
  struct Refused {
    std::string tag;
    std::string why;
  };
  std::string tag;                      ///< Empty: none is accepted.
  std::vector<std::string> considered;  ///< Newest first.
  std::vector<Refused> refused;         ///< As listed.
};
Choice choose(const model::ImagePolicy& policy, std::span<const std::string> tags);

}  // namespace muster::registry
