// Signatures of images, in the layout that cosign publishes: beside the image, under the tag `sha256-<hex>.sig`, a manifest
// whose layers are simple-signing payloads, each with its signature as an annotation.
// Source: https://github.com/sigstore/cosign/blob/main/specs/SIGNATURE_SPEC.md. The bundles that cosign 3 attaches by the
// referrers API instead are not read: sign with `--new-bundle-format=false`.
//
// Thread-safety: as Registries. Failures: wait, absent (nobody has signed it yet: signing follows pushing); denied (signed,
// by none of the keys); invalid (no keys, or one that is none); and those of the registry.
#pragma once

#include <cstddef>
#include <span>
#include <stop_token>
#include <string>

#include "muster/registry/registry.hpp"

namespace muster::registry {

/// Which of `keys` (PEM) has signed the image that `reference` names by digest: its index. What is signed is the digest alone;
/// the name in a payload is what its signer wrote, and a copy in another registry is the same image.
Result<std::size_t> signer_of(Registries& registries, const Access& access, const model::ImageReference& reference,
                              std::span<const std::string> keys, const std::stop_token& stop);

}  // namespace muster::registry
