// What registries answer with, held against what was asked: names, lists of tags, manifests. Private to the room. Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "muster/model/image.hpp"
#include "muster/registry/registry.hpp"

namespace muster::registry {

/// Every kind of manifest that is asked for, for `Accept`.
std::string accepted_manifests();
[[nodiscard]] bool is_manifest_type(std::string_view content_type);
/// Reason::invalid for a reference with bytes that its grammar does not have: it becomes part of a URL.
Result<void> check_reference(const model::ImageReference& reference);
/// The tags of one page, as listed. Reason::corrupt for anything else, a tag that can be none included.
Result<std::vector<std::string>> tags_in(std::string_view body);
/// The digest is taken; `asked` and `said` (the registry's own header; empty: none) must be the same.
Result<Manifest> manifest_in(std::string bytes, std::string_view content_type, std::string_view asked, std::string_view said);

}  // namespace muster::registry
