// The fleet of a simulation: four services (two of one monorepo, one without a source, one that needs another), staging fed
// by branches, production by promotion, `edge` by branches too. Its revisions are commits of a repository of their own, so
// that "older fleet" means something.
//
// Where images are played, too, five more: `lib` (of the monorepo) and `tool` follow a registry by rule, `channel` one tag,
// `shop` is built, `ci` is handed in; and the literal image of `plain` is in that registry.
#pragma once

#include <algorithm>
#include <array>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "muster/deliver/deliverer.hpp"
#include "muster/model/fleet.hpp"
#include "sim/world/memory_git.hpp"

namespace muster::sim {

inline constexpr const char* kRecordsUrl = "https://git.example/environments";
inline constexpr const char* kFleetUrl = "https://git.example/fleet";
/// So many objects may go from an environment in 24 h; all services together have seven.
inline constexpr std::size_t kDeletionsAllowed = 4;

/// What one revision declares.
struct Declared {
  struct Service {
    bool declared = true;
    int version = 1;    ///< Of its declaration.
    std::string image;  ///< Tag of its literal image; empty: none.
    std::string rule;   ///< By which its image is chosen: a range, a template ("{" is in it), or else one tag.
  };
  std::map<std::string, Service> services;
  bool registry = false;  ///< The registry is declared, so that literal images are pinned.
};

/// Where a service's source is; empty url: it has none.
struct Place {
  std::string url;
  std::string path;
};
const std::map<std::string, Place>& places();
/// Services whose image comes from a registry, a builder or CI.
inline constexpr std::array<const char*, 5> kImageServices = {"channel", "ci", "lib", "shop", "tool"};
inline bool has_image(const std::string& service) {
  return std::find(kImageServices.begin(), kImageServices.end(), service) != kImageServices.end();
}
const std::vector<std::string>& environment_names();

/// The model that the language would lower this revision to.
std::shared_ptr<const model::Fleet> lowered(const Declared& declared);

/// The repository of the fleet files: revisions in order, and what each declares.
class FleetHistory {
 public:
  FleetHistory(Network& network, Clock& clock);
  /// A new commit on the newest one.
  void commit(const Declared& declared);
  [[nodiscard]] const Declared& newest() const { return declared_.at(order_.back()); }
  [[nodiscard]] std::size_t size() const { return order_.size(); }
  /// Revision `back` commits behind the newest (0: the newest itself).
  [[nodiscard]] deliver::FleetRevision revision(std::size_t back = 0) const;
  [[nodiscard]] std::shared_ptr<const model::Fleet> fleet(const std::string& commit) const;
  [[nodiscard]] const Declared* declared(const std::string& commit) const;

 private:
  Network& network_;
  Clock& clock_;
  std::shared_ptr<git::Repository> repository_;
  std::vector<std::string> order_;
  std::map<std::string, Declared> declared_;
  std::map<std::string, std::shared_ptr<const model::Fleet>> fleets_;
};

/// A commit on a server's branch: `files` (path → text; nullopt removes) on top of what is there. Returns the new commit.
git::Oid commit_files(Network& network, Clock& clock, const std::string& url, const std::string& branch,
                      const std::map<std::string, std::optional<std::string>>& files, const std::string& message);

}  // namespace muster::sim
