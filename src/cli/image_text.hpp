// Where an image comes from: the rule, the tags that it considered and refused, and what of it is recorded.
#pragma once

#include <string>
#include <vector>

#include "cli/fleet_session.hpp"

namespace muster::cli {

struct ImageStory {
  std::string name;        ///< "main"
  std::string repository;  ///< "ghcr.io/shop/cart"; for a literal the whole reference.
  std::string rule;        ///< "^1.4"; "literal", "build", "handed in by CI".
  std::string at;          ///< Where the fleet says so, "shop.fleet:12:11".
  std::string from;        ///< The environment that it comes through, where that is another.
  registry::Choice choice;
  std::string trouble;  ///< Why the registry could not be asked.
};

/// The images of an instance; asks their registries.
std::vector<ImageStory> image_stories(Session& session, FleetSession& parts, const daemon::LoadedFleet& fleet,
                                      const model::Instance& instance);
std::vector<std::string> lines_of(const ImageStory& story);
Value to_value(const ImageStory& story);

}  // namespace muster::cli
