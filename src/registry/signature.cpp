#include "muster/registry/signature.hpp"

#include <fmt/core.h>

#include <optional>
#include <vector>

#include "muster/base/digest.hpp"
#include "muster/base/signature.hpp"
#include "muster/manifest/yaml.hpp"

namespace muster::registry {
namespace {

constexpr std::size_t kSignatures = 100;  ///< Of one image; anybody who may push can add some.
constexpr std::size_t kPayloadBytes = std::size_t{64} << 10U;
constexpr std::string_view kPayloadType = "application/vnd.dev.cosign.simplesigning.v1+json";
constexpr std::string_view kAnnotation = "dev.cosignproject.cosign/signature";
constexpr std::string_view kSignedType = "cosign container image signature";

struct Entry {
  std::string payload;    ///< Its digest.
  std::string signature;  ///< Bytes.
};

/// What looks like a signature; what does not is somebody else's business.
std::vector<Entry> entries_in(const Value& manifest) {
  std::vector<Entry> out;
  const Value* layers = manifest.find("layers");
  if (layers == nullptr || layers->if_array() == nullptr) return out;
  for (const Value& layer : *layers->if_array()) {
    if (layer.string_at("mediaType") != kPayloadType || out.size() >= kSignatures) continue;
    const Value* annotations = layer.find("annotations");
    const auto signature = from_base64(annotations == nullptr ? std::string_view() : annotations->string_at(kAnnotation));
    if (signature && !signature->empty()) out.push_back({std::string(layer.string_at("digest")), *signature});
  }
  return out;
}

bool is_about(std::string_view payload, std::string_view digest) {
  const auto body = manifest::parse_json(payload, "payload");
  const Value* critical = body.ok() ? body->find("critical") : nullptr;
  const Value* image = critical == nullptr ? nullptr : critical->find("image");
  return image != nullptr && critical->string_at("type") == kSignedType && image->string_at("docker-manifest-digest") == digest;
}

Result<std::optional<std::size_t>> first_signer(std::span<const std::string> keys, std::string_view payload, std::string_view signature) {
  for (std::size_t i = 0; i < keys.size(); ++i) {
    MUSTER_TRY(const bool is_signed, is_signed_with(keys[i], payload, signature));
    if (is_signed) return std::optional(i);
  }
  return std::optional<std::size_t>();
}

}  // namespace

Result<std::size_t> signer_of(Registries& registries, const Access& access, const model::ImageReference& reference,
                              std::span<const std::string> keys, const std::stop_token& stop) {
  const auto digest = Digest::parse(reference.digest);
  const std::string subject = fmt::format("{}@{}", reference.where(), reference.digest);
  if (!digest) return stalled(Reason::invalid, fmt::format("{} has no digest whose signature could be looked for", reference.where()));
  if (keys.empty()) return stalled(Reason::invalid, fmt::format("there is no key that {} could be signed with", subject));
  for (const std::string& key : keys) MUSTER_CHECK(is_signed_with(key, "", ""));
  model::ImageReference signatures = reference;
  signatures.digest.clear();
  signatures.tag = "sha256-" + reference.digest.substr(reference.digest.find(':') + 1) + ".sig";
  auto manifest = registries.manifest(access, signatures, stop);
  if (!manifest.ok() && manifest.failure().reason == Reason::absent)
    return wait(Reason::absent, fmt::format("{} is not signed: there is no tag {}", subject, signatures.tag));
  if (!manifest.ok()) return std::move(manifest).failure().with_context("the signature of an image");
  MUSTER_TRY(const Value body, manifest::parse_json(manifest->bytes, signatures.tag));
  const std::vector<Entry> entries = entries_in(body);
  for (const Entry& entry : entries) {
    const auto payload = registries.blob(access, signatures, entry.payload, kPayloadBytes, stop);
    // One that is gone, too large or damaged is no signature; a registry that does not answer says nothing about it.
    if (!payload.ok() && payload.failure().kind == FailureKind::retry) return payload.failure();
    if (!payload.ok() || !is_about(*payload, reference.digest)) continue;
    MUSTER_TRY(const std::optional<std::size_t> signer, first_signer(keys, *payload, entry.signature));
    if (signer) return *signer;
  }
  return stalled(Reason::denied, fmt::format("{} is signed by none of the keys that are asked for: {} in {} {}", subject, entries.size(),
                                             signatures.tag, entries.size() == 1 ? "is another's" : "are others'"));
}

}  // namespace muster::registry
