#include "muster/target/targets.hpp"

#include <fmt/core.h>

#include <array>
#include <map>
#include <mutex>

#include "target/directory/directory_target.hpp"

namespace muster::target {

namespace {

class WorldTargets final : public Targets {
 public:
  WorldTargets(const World& world, Path root) : world_(world), root_(std::move(root)) {}

  Result<std::shared_ptr<Target>> open(const TargetRef& reference) override {
    if (reference.kind != "directory") {
      return stalled(Reason::unsupported, fmt::format("target {} is a '{}'; this version of muster applies to a 'directory' only",
                                                      reference.name, reference.kind));
    }
    if (reference.path.empty()) return stalled(Reason::invalid, fmt::format("target {} names no path", reference.name));
    const Path path = (root_ / reference.path).lexically_normal();
    const std::scoped_lock hold(mutex_);
    std::shared_ptr<Target>& target = open_[{path, reference.name}];
    if (target == nullptr || target->reference() != reference) target = std::make_shared<DirectoryTarget>(world_, reference, path);
    return target;
  }

 private:
  World world_;
  Path root_;
  std::mutex mutex_;
  std::map<std::pair<Path, std::string>, std::shared_ptr<Target>> open_;
};

}  // namespace

std::unique_ptr<Targets> open_targets(const World& world, Path root) { return std::make_unique<WorldTargets>(world, std::move(root)); }

}  // namespace muster::target
