// Builds: a service's tree becomes an image in a registry, once for the same content, whoever asks and wherever.
//
// An image is known by what it is made of: the id of the tree and the declaration of the build give a tag (content_tag). What
// the registry has under that tag is never built again. The tree is exported to a scratch folder (no `.git`; links that lead
// out of it are a failure), a child process builds with limits, its output goes to a log file, then the image is pushed and
// its digest read back from the registry. Nothing else of muster's writes to a registry.
//
// On disk, below Settings::state, all of it free to be deleted while nothing builds:
//   builds/<service>/<tag>.log      what the builder said, secrets masked
//   builds/<service>/<tag>.json     of a failed build: why, when, with which inputs; what keeps it from being tried again by itself
//   builds/<service>/<tag>.oci.tar  the image of a build that was to stay on this machine
//   builds/<service>/<tag>.lock     held by the process that builds it
//   scratch/<random>/               exported trees, credentials, the builder's storage; gone when the build ends, and those of
//   scratch/<random>.lock           killed processes at the next start
// Of a service the files of the twenty newest builds are kept, and three images.
//
// Ownership: the seams must outlive it; destroying it kills what runs and removes its scratch folders. Thread-safety: from
// any thread, wait() from one at a time. Failures: none of its own; a build's are told in its Progress.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "muster/base/result.hpp"
#include "muster/base/secrets.hpp"
#include "muster/base/time.hpp"
#include "muster/base/world.hpp"
#include "muster/model/fleet.hpp"
#include "muster/registry/registry.hpp"
#include "muster/source/tree.hpp"

namespace muster::pipeline {

/// One image to be had.
struct Order {
  std::string service;
  model::Build build;
  registry::Access access;
  std::shared_ptr<const source::Tree> tree;
  /// Who wants it. An order takes the place of the one before it for the same service, image and environment: that one's
  /// build is cancelled, unless another environment wants it too.
  std::string environment;
};

/// "muster-0f3a…": 32 digits over tree id and Build::declaration.
std::string content_tag(const model::Build& build, const git::Oid& tree);
/// "sha256:…" over all else that a build is given: its limits, the names and places of its secrets (not what they hold), where
/// it pushes and how that is reached. A build that failed is tried again when this changes.
std::string inputs_digest(const model::Build& build, const registry::Access& access);

struct Progress {
  enum class State : std::uint8_t { waiting, running, done, failed } state = State::waiting;
  std::string reference;                ///< done: "ghcr.io/shop/payments@sha256:…"
  std::string digest;                   ///< done
  std::string tag;                      ///< content_tag
  bool reused = false;                  ///< done: the registry had it.
  Path log;                             ///< Where one was written by this machine; may be empty.
  std::vector<std::string> last_lines;  ///< failed: of the log, at most ten, escaped for terminals.
  std::optional<Failure> failure;       ///< failed: why, in a sentence.
  std::optional<Instant> since;         ///< Of this state.
  std::optional<Instant> again_at;      ///< failed for a reason that may pass (a registry that does not answer): the next try.
};

struct Settings {
  Path state;                                      ///< ".muster": logs and results in builds/, scratch folders in scratch/.
  int jobs = 2;                                    ///< Builds at once.
  std::map<std::string, std::string> environment;  ///< muster's own. Builders get its PATH and, for base images, its proxies.
  Path docker_config;                              ///< What `docker_config()` reads; empty: nothing.
};

class Builds {
 public:
  virtual ~Builds() = default;
  /// What has come of an order; begins it where nothing has (looking into the registry first). Never waits for a build.
  virtual Progress ask(const Order& order, const std::stop_token& stop) = 0;
  /// Another number of builds at once. Those that run over it run on.
  virtual void set_jobs(int jobs) = 0;
  /// Ends when a build has ended since the last call (true: look again), where none waits or runs, or when `stop` is asked
  /// for. A failed build that is to be tried later (again_at) does not count: the next ask() after that time begins it.
  /// News are told once: of two who wait, one hears them.
  virtual bool wait(const std::stop_token& stop) = 0;
  /// The newest line of each build that runs, by "service image", for a terminal.
  [[nodiscard]] virtual std::map<std::string, std::string> lines() const = 0;
};

std::unique_ptr<Builds> make_builds(const World& world, registry::Registries& registries, Secrets& secrets, Settings settings);

/// A build with this tag that failed on this machine for good with these inputs (inputs_digest); nullopt: none is known.
/// Begins nothing, asks nobody.
std::optional<Progress> failed_here(Files& files, const Path& state, const std::string& service, const std::string& tag,
                                    const std::string& inputs);
/// Where the log of a build is, if this machine made it.
Path log_of(const Path& state, const std::string& service, const std::string& tag);

/// Builds here and now, in this thread: `muster build`. `local`: keeps the image where the builder puts it, pushes nothing.
/// `line` gets the output as it comes.
Progress build_now(const World& world, registry::Registries& registries, Secrets& secrets, const Settings& settings, const Order& order,
                   bool local, const std::function<void(std::string_view)>& line, const std::stop_token& stop);

}  // namespace muster::pipeline
