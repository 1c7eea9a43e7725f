// FleetReader: the fleet files as they are now or were at an earlier commit, compiled, with the revision they belong to.
//
// Ownership: the seams must outlive it; compilations are shared and immutable. Thread-safety: one thread at a time.
// Failures: files or commits that cannot be read. Mistakes in the fleet are no Failure: they stand in the Compilation.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "muster/base/result.hpp"
#include "muster/base/world.hpp"
#include "muster/deliver/deliverer.hpp"
#include "muster/git/repository.hpp"
#include "muster/lang/compile.hpp"

namespace muster::daemon {

struct LoadedFleet {
  std::shared_ptr<const lang::Compilation> compilation;
  deliver::FleetRevision revision;

  [[nodiscard]] const model::Fleet& fleet() const { return compilation->fleet(); }
};

class FleetReader {
 public:
  FleetReader(const World& world, Path root, unsigned jobs);

  /// The files as they stand on disk. The revision is that of the git work tree around the root, if there is one.
  Result<LoadedFleet> read();
  /// The fleet at a commit of the same repository ("HEAD~1", "origin/main", 40 digits). Reason::invalid where the root is
  /// not in a git work tree, absent where the revision is unknown.
  Result<LoadedFleet> read_at(std::string_view revision);
  [[nodiscard]] const Path& root() const { return root_; }

 private:
  std::shared_ptr<const lang::Compilation> compile(std::vector<diag::FleetText> texts);

  World world_;
  Path root_;
  unsigned jobs_;
  std::map<git::Oid, std::shared_ptr<const lang::Compilation>> past_;  ///< By commit; small: only what passes ask for.
};

}  // namespace muster::daemon
