#include <fmt/core.h>

#include "muster/base/digest.hpp"
#include "muster/pipeline/builds.hpp"

namespace muster::pipeline {

std::string content_tag(const model::Build& build, const git::Oid& tree) {
  constexpr std::size_t kPrefix = 7;  // "sha256:"
  constexpr std::size_t kDigits = 32;
  return "muster-" + sha256(fmt::format("{}\n{}", tree.text(), build.declaration)).text().substr(kPrefix, kDigits);
}

}  // namespace muster::pipeline
