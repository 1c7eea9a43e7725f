// What a service's declaration adds to the objects a renderer read: namespace, labels, annotations, images, patches, in
// this order. And what no service may bring: objects that belong to somebody else, muster's own marks.
#pragma once

#include <vector>

#include "muster/manifest/object.hpp"
#include "muster/render/render.hpp"

namespace muster::render {

/// `origin` is how people see the repository. Failures: stalled/invalid, wait for an image without a value.
Result<void> add_declared(std::vector<manifest::Object>& objects, const Request& request, const std::string& origin);

/// Refuses ownerReferences and names under kOwnPrefix among labels and annotations.
Result<void> refuse_foreign(const manifest::Object& object);

}  // namespace muster::render
