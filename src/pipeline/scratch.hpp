// Scratch: a folder of its own for one build, below .muster/scratch, that only its owner can read.
//
// Beside each folder stands a lock that its process holds, so that what a killed process left is known from what one that
// lives works in, on this machine, without asking after process numbers.
//
// Ownership: a Scratch owns its folder and removes it. Not thread-safe. Failures: those of the disk.
#pragma once

#include <memory>
#include <string_view>

#include "muster/base/world.hpp"

namespace muster::pipeline {

class Scratch {
 public:
  static Result<std::unique_ptr<Scratch>> make(const World& world, const Path& state);
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;
  ~Scratch();

  [[nodiscard]] const Path& path() const { return path_; }
  /// A folder inside, made.
  Result<Path> folder(std::string_view name);
  /// A file inside that only its owner can read.
  Result<Path> write(std::string_view name, std::string_view bytes);

 private:
  Scratch(const World& world, Path path, std::unique_ptr<FileLock> lock) : world_(world), path_(std::move(path)), lock_(std::move(lock)) {}

  World world_;
  Path path_;
  std::unique_ptr<FileLock> lock_;
};

/// Removes the scratch folders whose processes are gone. What cannot be removed stays for the next sweep.
void sweep_scratch(const World& world, const Path& state);

}  // namespace muster::pipeline
