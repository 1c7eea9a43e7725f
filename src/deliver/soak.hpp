// Soak: since when a bundle, or a declaration, is healthy in another environment. What never stood there has not begun.
#pragma once

#include <optional>
#include <string>

#include "deliver/pass.hpp"

namespace muster::deliver {

/// nullopt: it has soaked. Otherwise what it waits for, and until when if that is known.
Result<std::optional<Obstacle>> soak_bundle(Pass& pass, const Item& item, const model::Gate::Soak& soak, const record::Bundle& bundle);
/// A declaration waits where the fleet moved the service in the soak environment too, and later than here.
Result<std::optional<Obstacle>> soak_declaration(Pass& pass, const Item& item, const model::Gate::Soak& soak);

}  // namespace muster::deliver
