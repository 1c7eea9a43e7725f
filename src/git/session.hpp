// One conversation with one remote, whatever carries it: http(s), ssh, or a repository on this machine.
// Private to the room. Thread-safety: one thread at a time. Failures carry the remote's name; credentials never.
#pragma once

#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "git/pack_writer.hpp"
#include "muster/git/repository.hpp"

namespace muster::git {

/// What is wanted of a remote, and what the mirror has already.
struct WantedObjects {
  std::vector<Oid> wants;
  std::vector<Oid> tips;  ///< Refs of the mirror, those that moved first.
  /// Ancestors of the tips at growing distances, for a branch that was rewound. Found when they are needed.
  std::function<Result<std::vector<Oid>>()> ancestors;
};

class Channel;
struct Whereabouts;

class Session {
 public:
  virtual ~Session() = default;
  /// Refs under the prefixes, sorted by name.
  virtual Result<RefListing> list(std::span<const std::string> prefixes) = 0;
  virtual Result<void> fetch(const WantedObjects& objects, PackWriter& pack) = 0;
  /// `from` has every object; all of it was flushed.
  virtual Result<void> push(DiskRepository& from, std::span<const Push> updates) = 0;
};

/// A bare repository, or a work tree's `.git`, on this machine. Objects and refs are copied without any program; only
/// where hooks stand guard over a push is it left to `git receive-pack`, which runs them (PATH of `environment`).
Result<std::unique_ptr<Session>> open_local_session(const World& world, const Path& path,
                                                    const std::map<std::string, std::string>& environment, const Deadline& deadline);

/// Every ref of `from` and all they reach, into an empty repository.
Result<void> copy_reachable(DiskRepository& from, DiskRepository& into, const Deadline& deadline);

/// The objects that `value` reaches and `have` does not, found by comparing each commit's tree with its first parent's:
/// a few objects too many where a change was taken back, never one too few. Added to `builder`.
Result<void> add_new_objects(DiskRepository& from, git_packbuilder* builder, const Oid& value, std::span<const Oid> have);

/// A pack of all that these updates bring and `have` does not reach; without objects where there is nothing new.
Result<std::string> make_pack(DiskRepository& from, std::span<const Push> updates, std::span<const Oid> have);

/// git's protocols over a channel.
std::unique_ptr<Session> make_wire_session(std::unique_ptr<Channel> channel, const Clock& clock, const TransferLimits& limits,
                                           Whereabouts& whereabouts);

[[nodiscard]] bool matches_any(std::string_view name, std::span<const std::string> prefixes);

}  // namespace muster::git
