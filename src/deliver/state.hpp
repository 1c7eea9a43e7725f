// State: what a Deliverer keeps between passes. All of it can be made again; none of it decides anything.
#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>

#include "deliver/freeze.hpp"
#include "deliver/lineage.hpp"
#include "deliver/since.hpp"
#include "muster/base/world.hpp"
#include "muster/deliver/deliverer.hpp"
#include "muster/record/branch.hpp"
#include "muster/source/tree.hpp"

namespace muster::deliver {

struct Deliverer::State {
  State(const World& seams, git::Remotes& repositories, Settings chosen);

  World world;
  git::Remotes& remotes;
  Settings settings;
  std::map<std::string, std::unique_ptr<record::EnvironmentRepository>> records;  ///< By fleet and URL.
  std::map<std::string, LineageMemory> lineages;                                  ///< By environment.
  std::map<std::string, source::TreeIds> tree_ids;                                ///< By git::url_key.
  std::map<std::string, bool> signatures;                                         ///< Of commits: good or not, by commit and keys.
  std::set<Digest> signed_images;                                                 ///< Of references by digest with the keys asked for.
  SinceMemory since;
  Zones zones;

  record::EnvironmentRepository& records_of(const model::Fleet& fleet);
  [[nodiscard]] Instant now() const { return world.clock.now(); }
};

}  // namespace muster::deliver
