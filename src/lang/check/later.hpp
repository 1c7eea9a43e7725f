// What the language has and this version of muster does not do yet: read, and refused by one clear diagnostic each.
#pragma once

#include <string_view>

#include "lang/program.hpp"

namespace muster::lang {

/// Refuses declarations of a later version; true where this is one.
bool later_declaration(Program& program, const File& file, const syntax::Decl& declaration, diag::Diagnostics& out);
/// A kind whose renderer is not there yet; true where it is one.
bool later_kind(const Kind& kind, const Program& program, diag::Span span, diag::Diagnostics& out);

}  // namespace muster::lang
