// A registry without network, and a builder without programs: registry::Registries and pipeline::Builds over one server of
// images, with the faults that real ones cannot be asked for on demand.
//
// Single-threaded, as the whole simulator is. Ownership: the server outlives the machines that ask it.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <utility>

#include "muster/git/objects.hpp"
#include "muster/pipeline/builds.hpp"
#include "muster/registry/registry.hpp"
#include "sim/world/faults.hpp"

namespace muster::sim {

inline constexpr const char* kRegistryHost = "registry.example";

/// How the registry answers now.
enum class RegistryWeather : std::uint8_t {
  fine,
  unreachable,  ///< Nothing is known.
  denied,       ///< 401/403.
  throttled,    ///< 429 with Retry-After.
  empty,        ///< Lists no tag at all.
  shrunken,     ///< Lists some of its tags.
  flaky,        ///< Every other request fails, each in its own way.
  confused,     ///< Answers some questions with the digest of another repository's image.
  push_lost,    ///< A push takes place, its answer is lost.
  push_refused,
};

/// The registry: what its repositories have now, and had ever.
class ImageServer {
 public:
  struct Repository {
    std::map<std::string, std::string> tags;              ///< Tag → digest.
    std::set<std::pair<std::string, std::string>> ever;   ///< Tag and digest that were together once.
    std::map<std::string, std::set<std::string>> builds;  ///< Tag → ids of the trees that were built under it.
  };
  /// What was never pushed before, under this tag. Returns its digest.
  std::string push(const std::string& repository, const std::string& tag);
  /// A tag now names what another one names.
  void retag(const std::string& repository, const std::string& tag, const std::string& as);
  void remove(const std::string& repository, const std::string& tag);
  [[nodiscard]] bool had(const std::string& repository, const std::string& tag, const std::string& digest) const;
  [[nodiscard]] const Repository* find(const std::string& repository) const;
  std::map<std::string, Repository>& repositories() { return repositories_; }

  RegistryWeather weather = RegistryWeather::fine;
  std::function<void()> listed;    ///< Runs after every listing: what others do before a digest is asked for.
  bool builds_always_end = false;  ///< No build fails any more, nor takes its time.

 private:
  std::map<std::string, Repository> repositories_;  ///< By path, without host.
  std::uint64_t pushed_ = 0;
};

/// The registry as one machine sees it.
class MemoryRegistries final : public registry::Registries {
 public:
  MemoryRegistries(ImageServer& server, SeededRandom& random) : server_(server), random_(random) {}
  Result<std::vector<std::string>> tags(const registry::Access& access, const model::ImageReference& repository,
                                        const std::stop_token& stop) override;
  Result<std::string> digest(const registry::Access& access, const model::ImageReference& reference, const std::stop_token& stop) override;
  Result<registry::Manifest> manifest(const registry::Access& access, const model::ImageReference& reference,
                                      const std::stop_token& stop) override;
  Result<std::string> blob(const registry::Access& access, const model::ImageReference& repository, std::string_view digest,
                           std::size_t limit, const std::stop_token& stop) override;

 private:
  [[nodiscard]] std::optional<Failure> gust(const std::string& about);

  ImageServer& server_;
  SeededRandom& random_;
};

/// Builds on one machine. How long one takes and whether it fails hangs on its tag alone; two machines that build the same
/// push different images. A crash forgets everything.
class MemoryBuilds final : public pipeline::Builds {
 public:
  MemoryBuilds(ImageServer& server, MemoryRegistries& registries, Steps& steps, Clock& clock)
      : server_(server), registries_(registries), steps_(steps), clock_(clock) {}
  pipeline::Progress ask(const pipeline::Order& order, const std::stop_token& stop) override;
  void set_jobs(int) override {}
  bool wait(const std::stop_token& stop) override;
  [[nodiscard]] std::map<std::string, std::string> lines() const override { return {}; }
  void forget() { builds_.clear(); }

 private:
  struct Build {
    std::uint64_t asks = 0;
    std::optional<Failure> failure;
    std::optional<Instant> again_at;
  };
  pipeline::Progress push(const pipeline::Order& order, pipeline::Progress progress, Build& build);

  ImageServer& server_;
  MemoryRegistries& registries_;
  Steps& steps_;
  Clock& clock_;
  std::map<std::string, Build> builds_;  ///< By tag.
};

}  // namespace muster::sim
