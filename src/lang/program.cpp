#include "lang/program.hpp"

#include <algorithm>

namespace muster::lang {

bool Program::covers(const Scope& scope, std::uint32_t environment) const {
  switch (scope.kind) {
    case ScopeKind::plain: return true;
    case ScopeKind::environment: return scope.id == environment;
    case ScopeKind::group:
      return environment != kAligned && std::binary_search(group_members[scope.id].begin(), group_members[scope.id].end(), environment);
  }
  return false;
}

std::string Program::instance_name(std::uint32_t instance) const {
  const auto [service, environment] = instances[instance];
  return std::string(table(EntityWord::service).all[service].name) + "@" + std::string(environment_name(environment));
}

const Cause* Program::cause(Arena& into, std::string_view message, diag::Span span) {
  return into.make<Cause>(Cause{into.copy(message), span});
}

}  // namespace muster::lang
