// Secrets from a map; empty, there are none.
#pragma once

#include <map>
#include <string>

#include "muster/base/secrets.hpp"

namespace muster::test {

class MapSecrets final : public Secrets {
 public:
  Result<std::string> resolve(std::string_view reference) override {
    const auto found = values.find(std::string(reference));
    if (found == values.end()) return stalled(Reason::denied, "no secret " + std::string(reference));
    return found->second;
  }
  std::map<std::string, std::string> values;
};

}  // namespace muster::test
