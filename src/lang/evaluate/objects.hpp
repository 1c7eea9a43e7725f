// Objects: what the kinds of an instance emit, completed and patched; and the patches that its renderer will need.
//
// Thread-safety: one Emitter a thread. Failure: diagnostics, and the cause that poisons the instance.
#pragma once

#include <vector>

#include "lang/evaluate/evaluate.hpp"
#include "muster/model/fleet.hpp"

namespace muster::lang {

struct Emitted {
  std::vector<model::ObjectTemplate> objects;
  std::vector<bool> own;               ///< Of each object: from a kind of the fleet, not of the library.
  std::vector<model::Patch> patches;   ///< For the renderer.
  std::vector<model::Patch> declared;  ///< Patches of the fleet's own kinds and services, all of them.
  std::vector<std::string> images;     ///< Images that objects hang from, sorted: "main".
  const Cause* poison = nullptr;
};

/// Names of the images that late values below `value` hang from, each once.
void find_images(const Value& value, std::vector<std::string>& out);

/// `has_renderer`: a patch that fits no object here is for what the renderer produces.
Emitted emit_objects(Evaluator& run, Frame& frame, bool has_renderer, diag::Diagnostics& out);

}  // namespace muster::lang
