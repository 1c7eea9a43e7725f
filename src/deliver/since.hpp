// SinceMemory: since when each obstacle was there. A cache in the state directory; without it, since now.
#pragma once

#include <map>
#include <string>

#include "muster/base/files.hpp"
#include "muster/base/time.hpp"
#include "muster/deliver/outcome.hpp"

namespace muster::deliver {

class SinceMemory {
 public:
  SinceMemory(Files& files, Path path) : files_(files), path_(std::move(path)) {}

  /// Fills `since` of obstacles that do not say it: the first pass that found them in an unbroken row.
  void fill(EnvironmentOutcome& outcome, Instant now);
  /// Writes what changed; a disk that fails makes it forget, nothing else.
  void save();

 private:
  void load();
  Files& files_;
  Path path_;
  bool loaded_ = false;
  bool changed_ = false;
  std::map<std::string, std::map<std::string, Instant>> since_;  ///< By environment, then by what and where.
};

}  // namespace muster::deliver
