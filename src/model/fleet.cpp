#include "muster/model/fleet.hpp"

#include <algorithm>

namespace muster::model {
namespace {

template <typename T>
const T* find_by_name(const std::vector<T>& sorted, std::string_view name) {
  const auto found =
      std::lower_bound(sorted.begin(), sorted.end(), name, [](const T& item, std::string_view wanted) { return item.name < wanted; });
  return found == sorted.end() || found->name != name ? nullptr : &*found;
}

}  // namespace

std::string_view to_string(Renderer renderer) {
  switch (renderer) {
    case Renderer::none: return "none";
    case Renderer::manifests: return "manifests";
    case Renderer::kustomize: return "kustomize";
    case Renderer::helm: return "helm";
  }
  return "none";
}

std::string instance_name(std::string_view service, std::string_view environment) {
  return std::string(service) + "@" + std::string(environment);
}

const Environment* Fleet::environment(std::string_view wanted) const { return find_by_name(environments, wanted); }
const Service* Fleet::service(std::string_view wanted) const { return find_by_name(services, wanted); }
const Team* Fleet::team(std::string_view wanted) const { return find_by_name(teams, wanted); }

const Instance* Fleet::instance(std::string_view service_name, std::string_view environment_name) const {
  const Environment* in = environment(environment_name);
  if (in == nullptr) return nullptr;
  const auto found = std::lower_bound(instances.begin(), instances.end(), service_name, [&](const Instance& item, std::string_view wanted) {
    return item.environment != in->id ? item.environment < in->id : item.name < wanted;
  });
  return found == instances.end() || found->environment != in->id || found->name != service_name ? nullptr : &*found;
}

}  // namespace muster::model
