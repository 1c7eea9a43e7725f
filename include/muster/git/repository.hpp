// Repository: one local object database with its refs, read and written without a work tree. Remotes: everything that
// talks to another machine. Both are seams: libgit2 and our transports in production, an in-memory store with faults in
// the simulator.
//
// Thread-safety: every method may be called from any thread. Ownership: shared; a Repository outlives what it returned,
// which are values. Failures: absent (no such object or ref), corrupt, limit, exhausted, and for Remotes denied,
// unreachable, timeout, conflict (push lost the race), cancelled, stalled/denied for protected branches.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "muster/base/files.hpp"
#include "muster/base/result.hpp"
#include "muster/base/secrets.hpp"
#include "muster/base/time.hpp"
#include "muster/base/world.hpp"
#include "muster/git/objects.hpp"
#include "muster/http/client.hpp"

namespace muster::git {

struct NewCommit {
  Oid tree;
  std::vector<Oid> parents;
  Person author;
  Person committer;
  std::string message;
};

class Repository {
 public:
  virtual ~Repository() = default;

  /// An annotated tag gives the commit that it points at.
  virtual Result<Commit> commit(const Oid& id) = 0;
  /// The commit as git stores it (header, signature, message), for verification.
  virtual Result<std::string> raw_commit(const Oid& id) = 0;
  /// Entries in git's order (by name, folders as if they ended in `/`).
  virtual Result<std::vector<TreeEntry>> tree(const Oid& id) = 0;
  /// One entry of a tree by its name; nullopt where there is none. Here: by reading the whole tree.
  virtual Result<std::optional<TreeEntry>> entry(const Oid& tree, std::string_view name);
  /// The bytes of a blob; Reason::limit where it is larger than `limit`.
  virtual Result<std::string> blob(const Oid& id, std::size_t limit) = 0;
  virtual Result<bool> has(const Oid& id) = 0;
  /// The one object here whose id begins with these hexadecimal digits, four at least. Reason::absent; Reason::invalid where
  /// several do.
  virtual Result<Oid> find(std::string_view digits) = 0;

  virtual Result<Oid> write_blob(std::string_view bytes) = 0;
  /// `entries` in any order; names are checked (no `/`, `.`, `..`, `.git` or its aliases, no control bytes).
  virtual Result<Oid> write_tree(std::vector<TreeEntry> entries) = 0;
  virtual Result<Oid> write_commit(const NewCommit& commit) = 0;

  virtual Result<std::optional<Oid>> ref(std::string_view name) = 0;
  /// All refs that start with `prefix`, sorted by name.
  virtual Result<std::vector<Ref>> refs(std::string_view prefix) = 0;
  /// Compare-and-swap: `expected` nullopt means "must not exist", `value` nullopt deletes. Reason::conflict if lost.
  virtual Result<void> update_ref(std::string_view name, std::optional<Oid> value, std::optional<Oid> expected) = 0;

  /// Is `ancestor` equal to `descendant` or reachable from it? Reason::absent if either commit is not here.
  virtual Result<bool> is_ancestor(const Oid& ancestor, const Oid& descendant) = 0;
  /// Calls `visit` for `tip`, its first parent, and so on, until it returns false or the root is passed.
  /// Reason::corrupt where the chain ends at a parent that is not here (shallow).
  virtual Result<void> walk_first_parents(const Oid& tip, const std::function<bool(const Commit&)>& visit) = 0;
  [[nodiscard]] virtual bool is_shallow() = 0;
};

/// How a remote is reached. Credentials are used for the URL's own host and port only, across redirects too.
struct Remote {
  enum class Auth : std::uint8_t { none, token, basic, ssh_key };
  std::string url;          ///< https://, http://, ssh://, scp-like user@host:path, file:///.
  bool allow_file = false;  ///< The fleet file names a path itself.
  Auth auth = Auth::none;
  std::string user;
  std::string secret;  ///< Reference for Secrets; ssh_key: "file:PATH" of the private key.
  std::string ca_file;
  std::string known_hosts;
};

/// Refuses leading `-`, control bytes, `ext::`, `fd::`, unknown schemes, `file` where it is not allowed; says why.
Result<void> check_url(std::string_view url, bool allow_file);
/// Two spellings of one repository have one key: scheme, user, default port, trailing `.git` and `/` removed, host in
/// lower case. Used as the mirror's folder and to ask each URL once.
std::string url_key(std::string_view url);

struct RefListing {
  std::vector<Ref> refs;  ///< Sorted by name.
  std::string head;       ///< What HEAD points to, "refs/heads/main"; empty if unknown.
  Instant at;             ///< When it was asked.
};

struct TransferLimits {
  Duration time = std::chrono::minutes(10);
  Duration silence = std::chrono::seconds(30);  ///< Longest time without a byte.
  std::uint64_t bytes = std::uint64_t{4} << 30U;
  std::uint64_t objects = 20'000'000;
  std::size_t answer_bytes = std::size_t{64} << 20U;  ///< A ref listing.
};

struct Push {
  std::string ref;
  std::optional<Oid> value;     ///< nullopt deletes the ref.
  std::optional<Oid> expected;  ///< What it must be at the server; nullopt: it must not exist.
};

class Remotes {
 public:
  virtual ~Remotes() = default;
  /// Refs under the given prefixes ("refs/heads/main"); one request. An empty repository gives an empty listing.
  virtual Result<RefListing> list_refs(const Remote& remote, std::span<const std::string> prefixes, const std::stop_token& stop) = 0;
  /// Brings the refs with these exact names, and all they reach, into the mirror of `remote`, and returns it. In the
  /// mirror they stand under the same names. A name that the remote does not have is Reason::absent, wait.
  virtual Result<std::shared_ptr<Repository>> fetch(const Remote& remote, std::span<const std::string> names,
                                                    const std::stop_token& stop) = 0;
  /// The mirror as it is, without the network; made if it is missing.
  virtual Result<std::shared_ptr<Repository>> mirror(const Remote& remote) = 0;
  /// A local bare repository of our own (the embedded environment repository), made if missing.
  virtual Result<std::shared_ptr<Repository>> open_local(const Path& path) = 0;
  /// Atomic as far as the server can: all updates or none where it announces `atomic`. Never forces.
  /// Reason::conflict when a ref is not what was expected.
  virtual Result<void> push(const Remote& remote, Repository& from, std::span<const Push> updates, const std::stop_token& stop) = 0;
  /// Conversations begun with each remote since this was made, by url_key: requests over http, connections over ssh,
  /// openings of a folder. For tests, benchmarks and metrics.
  [[nodiscard]] virtual std::map<std::string, std::uint64_t> requests() const { return {}; }
};

struct RemoteOptions {
  TransferLimits limits;
  http::Client* http = nullptr;  ///< Shared with others; must outlive the Remotes. nullptr: one of its own.
  std::string ssh = "ssh";       ///< The program, looked up on PATH of `environment`.
  /// What ssh gets of the user's environment: PATH, HOME, SSH_AUTH_SOCK. Empty: PATH of the system alone.
  std::map<std::string, std::string> environment;
};

/// libgit2 for objects, our own transports, on disk. `mirrors` is the folder of the mirrors.
std::unique_ptr<Remotes> make_remotes(const World& world, Secrets& secrets, Path mirrors, RemoteOptions options);
std::unique_ptr<Remotes> make_remotes(const World& world, Secrets& secrets, Path mirrors, TransferLimits limits);

/// One change of edit_tree: the blob that shall stand at a path, or nothing.
struct TreeEdit {
  std::optional<TreeEntry> entry;  ///< nullopt removes; name is ignored. A tree entry replaces the whole folder.
};
/// `base` with the files at these paths ("cart/release.yaml") set or removed; empty folders vanish. nullopt base: empty.
Result<Oid> edit_tree(Repository& repository, std::optional<Oid> base, const std::map<std::string, TreeEdit>& edits);
/// The entry at a path below a tree; nullopt where there is none. Does not follow links.
Result<std::optional<TreeEntry>> find_entry(Repository& repository, const Oid& tree, std::string_view path);
/// The paths of all files that differ between two trees (nullopt: the empty tree), sorted. Equal subtrees are not read.
struct TreeChange {
  std::string path;
  std::optional<TreeEntry> before;
  std::optional<TreeEntry> after;
};
Result<std::vector<TreeChange>> compare_trees(Repository& repository, std::optional<Oid> before, std::optional<Oid> after);

}  // namespace muster::git
