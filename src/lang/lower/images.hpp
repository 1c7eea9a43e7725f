// Images and what makes them: references, policies, named images, registries and builds of the model.
//
// Pure. Failure: what is wrong is a Mistake for the caller to place; of a named image it is said once, at the image, and
// reaches whoever uses it quietly.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "lang/program.hpp"
#include "muster/model/fleet.hpp"

namespace muster::lang {

/// Something wrong in a value; `slot` is the path of the field that it stands in, "" the one that was asked about.
struct Mistake {
  std::string_view code;  ///< Empty: said already, elsewhere.
  std::string message;
  std::string label;
  std::string help;
  std::string_view slot;
};

/// `registry` entities without what is in error, sorted by name.
std::vector<model::Registry> lower_registries(const Program& program);
/// Holds the `image` entities against what images must be; poisons those in error.
void check_named_images(Program& program, diag::Diagnostics& out);

/// The value of an image: a reference, a Watch, or an `image` entity. Fills all but name and span.
std::optional<Mistake> lower_image(const Program& program, const Datum& value, model::ImageInput& made);
/// The key of `images` where manifests name the images.
std::optional<Mistake> check_image_key(std::string_view key);
/// The record `build` of a service; `has_renderer`: its manifests name their images.
std::optional<Mistake> lower_build(const Program& program, const Datum& record, bool has_renderer, model::Build& made);

/// What is wrong with the keys of a `verify`: "an OpenSSH or GPG public key".
std::optional<Mistake> check_signing_keys(const std::vector<std::string>& keys, std::string_view slot);

}  // namespace muster::lang
