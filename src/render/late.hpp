// Late values: the placeholders that the language leaves in text (model/fleet.hpp, kLateOpen) give way to the images of
// this release. Pure.
#pragma once

#include <functional>
#include <map>
#include <string>

#include "muster/base/result.hpp"
#include "muster/base/value.hpp"

namespace muster::render {

using Images = std::map<std::string, std::string, std::less<>>;

/// Replaces every placeholder below `value`. Reason::absent, wait, where an image has no value yet.
Result<void> replace_late(Value& value, const Images& images);
Result<std::string> replaced_late(std::string text, const Images& images);

}  // namespace muster::render
