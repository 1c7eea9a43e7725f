// Where to go on after an error: how much of a text a construct that could not be read takes up. Pure functions.
#pragma once

#include "grammar/expected.hpp"

namespace muster::lang {

/// Where reading goes on in the text [text, end) for a construct that began at `begin` and failed at `failed`; always in
/// [begin, end].
/// Brackets and texts in between are passed over whole, a newline before a declaration in column 1 never.
const char* resync(grammar::Skip how, const char* text, const char* begin, const char* failed, const char* end);

}  // namespace muster::lang
