#include "muster/registry/registry.hpp"

#include "muster/base/text.hpp"
#include "registry/hosts.hpp"

namespace muster::registry {

const model::Registry* registry_of(std::span<const model::Registry> registries, const model::ImageReference& reference) {
  const model::Registry* out = nullptr;
  const std::string where = reference.where();
  for (const model::Registry& registry : registries) {
    if (!glob_matches(registry.match, where)) continue;
    if (out == nullptr || registry.match.size() > out->match.size()) out = &registry;
  }
  return out;
}

Access access_of(std::span<const model::Registry> registries, const model::ImageReference& reference) {
  const model::Registry* registry = registry_of(registries, reference);
  if (registry == nullptr) return {};
  return {registry->auth, registry->ca_file, registry->plain_http, registry->realm, registry->requests};
}

bool may_be_plain(const Access& access, const model::ImageReference& reference) {
  // Who names an authority expects TLS.
  return access.plain_http || (is_loopback(name_of(api_host_of(reference.host))) && access.ca_file.empty());
}

}  // namespace muster::registry
