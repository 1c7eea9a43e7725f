#include <algorithm>
#include <set>

#include "muster/registry/registry.hpp"

namespace muster::registry {

Choice choose(const model::ImagePolicy& policy, std::span<const std::string> tags) {
  Choice out;
  std::set<std::string_view> seen;
  for (const std::string& tag : tags) {
    if (!seen.insert(tag).second) continue;
    if (auto why = policy.refusal(tag)) {
      out.refused.push_back({tag, std::move(*why)});
    } else {
      out.considered.push_back(tag);
    }
  }
  // Equals are told apart by their bytes, so that the order of a listing decides nothing.
  std::sort(out.considered.begin(), out.considered.end(), [&](const std::string& a, const std::string& b) {
    const int order = policy.order(a, b);
    return order != 0 ? order > 0 : a > b;
  });
  if (!out.considered.empty()) out.tag = out.considered.front();
  return out;
}

}  // namespace muster::registry
