// `##` comments find the items that they document.
#pragma once

#include <cstdint>
#include <vector>

#include "lang/syntax/syntax.hpp"

namespace muster::lang {

/// Fills `tree.docs` from the offsets of its `##` comments, in order. One that follows code documents the item that begins
/// on its line (the outermost first), others the next item.
void attach_documentation(syntax::Tree& tree, const std::vector<std::uint32_t>& comments);

}  // namespace muster::lang
