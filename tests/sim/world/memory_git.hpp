// git without disk or network: git::Repository and git::Remotes over one pool of immutable objects, with the faults that
// real servers cannot be asked for on demand. Object ids are git's own (SHA-1 over the same bytes), so that a schedule
// can be compared with real git.
//
// Single-threaded, as the whole simulator is. Ownership: Hub owns the servers and the pool; repositories share it.
#pragma once

#include <cstdint>
#include <cstring>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <variant>
#include <vector>

#include "muster/git/repository.hpp"
#include "sim/world/faults.hpp"

namespace muster::sim {

using Refs = std::map<std::string, git::Oid>;

/// Every object any simulated machine ever wrote. Content-addressed, so sharing it hides no disagreement.
class ObjectPool {
 public:
  using Tree = std::vector<git::TreeEntry>;
  git::Oid put_blob(std::string_view bytes);
  git::Oid put_tree(Tree entries);
  git::Oid put_commit(const git::NewCommit& commit);
  [[nodiscard]] const std::string* blob(const git::Oid& id) const;
  [[nodiscard]] const Tree* tree(const git::Oid& id) const;
  [[nodiscard]] const git::Commit* commit(const git::Oid& id) const;
  [[nodiscard]] const std::string* raw(const git::Oid& id) const;
  [[nodiscard]] bool is_ancestor(const git::Oid& ancestor, const git::Oid& descendant) const;

 private:
  /// Ids are digests already. Nothing here is ever walked, so the order of a map would only cost time.
  struct ById {
    std::size_t operator()(const git::Oid& id) const {
      std::size_t hash = 0;
      std::memcpy(&hash, id.bytes.data(), sizeof hash);
      return hash;
    }
  };
  std::unordered_map<git::Oid, std::string, ById> raw_commits_;
  std::unordered_map<git::Oid, std::variant<std::string, Tree, git::Commit>, ById> objects_;
  std::unordered_map<git::Oid, std::uint64_t, ById> generations_;  ///< Longest path to a root; bounds ancestry walks.
};

/// One repository on the simulated disk or server: refs into the pool.
class MemoryRepository final : public git::Repository {
 public:
  MemoryRepository(std::shared_ptr<ObjectPool> pool, Steps* steps) : pool_(std::move(pool)), steps_(steps) {}

  Result<git::Commit> commit(const git::Oid& id) override;
  Result<std::string> raw_commit(const git::Oid& id) override;
  Result<std::vector<git::TreeEntry>> tree(const git::Oid& id) override;
  Result<std::string> blob(const git::Oid& id, std::size_t limit) override;
  Result<bool> has(const git::Oid& id) override;
  Result<git::Oid> find(std::string_view digits) override;
  Result<git::Oid> write_blob(std::string_view bytes) override;
  Result<git::Oid> write_tree(std::vector<git::TreeEntry> entries) override;
  Result<git::Oid> write_commit(const git::NewCommit& commit) override;
  Result<std::optional<git::Oid>> ref(std::string_view name) override;
  Result<std::vector<git::Ref>> refs(std::string_view prefix) override;
  Result<void> update_ref(std::string_view name, std::optional<git::Oid> value, std::optional<git::Oid> expected) override;
  Result<bool> is_ancestor(const git::Oid& ancestor, const git::Oid& descendant) override;
  Result<void> walk_first_parents(const git::Oid& tip, const std::function<bool(const git::Commit&)>& visit) override;
  [[nodiscard]] bool is_shallow() override { return false; }

  Refs& all_refs() { return refs_; }
  [[nodiscard]] ObjectPool& pool() { return *pool_; }

 private:
  std::shared_ptr<ObjectPool> pool_;
  Steps* steps_;  ///< Null for servers: only the process under test has steps.
  Refs refs_;
};

/// How a server answers now.
enum class Weather : std::uint8_t {
  fine,
  unreachable,   ///< Nothing is known.
  denied,        ///< 401/403.
  missing,       ///< 404.
  empty,         ///< Answers with no refs at all.
  stale,         ///< A replica that answers with refs of some time ago.
  push_refused,  ///< Reads work; pushes are declined.
  answer_lost,   ///< A push takes place, its answer is lost.
  flaky,         ///< Every other request fails, each in its own way.
  no_objects,    ///< Listings work, and no pack arrives.
};

/// A server: its present refs, its past ones (for stale replicas), its weather.
struct Server {
  std::shared_ptr<MemoryRepository> repository;
  std::vector<Refs> past;
  Weather weather = Weather::fine;
  std::uint64_t listings = 0;
  std::uint64_t pushes = 0;

  /// To be called after every change of refs.
  void remember() { past.push_back(repository->all_refs()); }
};

/// All servers by URL key: one network for any number of machines.
class Network {
 public:
  Server& server(std::string_view url);
  [[nodiscard]] const std::shared_ptr<ObjectPool>& pool() const { return pool_; }
  /// Every server that anybody ever spoke to.
  [[nodiscard]] std::map<std::string, Server, std::less<>>& servers() { return servers_; }

 private:
  std::shared_ptr<ObjectPool> pool_ = std::make_shared<ObjectPool>();
  std::map<std::string, Server, std::less<>> servers_;
};

/// git as one machine sees it: the network, and its own mirrors and embedded repositories.
class Hub final : public git::Remotes {
 public:
  Hub(Network& network, Clock& clock, Steps& steps, SeededRandom& random);

  /// The state directory was deleted: all mirrors are gone (embedded repositories with `embedded`).
  void wipe(bool embedded);

  Result<git::RefListing> list_refs(const git::Remote& remote, std::span<const std::string> prefixes, const std::stop_token& stop) override;
  Result<std::shared_ptr<git::Repository>> fetch(const git::Remote& remote, std::span<const std::string> names,
                                                 const std::stop_token& stop) override;
  Result<std::shared_ptr<git::Repository>> mirror(const git::Remote& remote) override;
  Result<std::shared_ptr<git::Repository>> open_local(const Path& path) override;
  Result<void> push(const git::Remote& remote, git::Repository& from, std::span<const git::Push> updates,
                    const std::stop_token& stop) override;

 private:
  /// What the server shows now, or the failure its weather makes.
  Result<Refs> visible_refs(const git::Remote& remote);
  [[nodiscard]] std::optional<Failure> gust(const git::Remote& remote);
  std::shared_ptr<MemoryRepository> mirror_of(std::string_view url);

  Network& network_;
  Clock& clock_;
  Steps& steps_;
  SeededRandom& random_;
  std::map<std::string, std::shared_ptr<MemoryRepository>, std::less<>> mirrors_;
  std::map<std::string, std::shared_ptr<MemoryRepository>, std::less<>> local_;
};

}  // namespace muster::sim
