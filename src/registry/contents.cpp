#include "registry/contents.hpp"

#include <fmt/core.h>

#include <algorithm>

#include "muster/base/digest.hpp"
#include "muster/base/text.hpp"
#include "muster/manifest/yaml.hpp"

namespace muster::registry {
namespace {

struct ManifestType {
  std::string_view name;
  bool is_index;
};
/// https://github.com/opencontainers/image-spec/blob/v1.1.0/media-types.md and Docker's schema 2, the newer first.
constexpr ManifestType kTypes[] = {
    {"application/vnd.oci.image.index.v1+json", true},
    {"application/vnd.oci.image.manifest.v1+json", false},
    {"application/vnd.docker.distribution.manifest.list.v2+json", true},
    {"application/vnd.docker.distribution.manifest.v2+json", false},
};

const ManifestType* type_of(std::string_view content_type) {
  const std::string_view name = trim(content_type.substr(0, content_type.find(';')));
  const auto found = std::find_if(std::begin(kTypes), std::end(kTypes), [&](const ManifestType& type) { return type.name == name; });
  return found == std::end(kTypes) ? nullptr : found;
}

bool is_letter_or_digit(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9'); }

bool is_tag(std::string_view text) {
  if (text.empty() || text.size() > 128 || text.front() == '.' || text.front() == '-') return false;
  return std::all_of(text.begin(), text.end(), [](char c) { return is_letter_or_digit(c) || c == '_' || c == '.' || c == '-'; });
}

bool is_repository(std::string_view text) {
  if (text.empty() || text.size() > 255) return false;
  const auto parts = split(text, '/');
  return std::all_of(parts.begin(), parts.end(), [](std::string_view part) {
    const auto fits = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '.' || c == '-'; };
    return !part.empty() && part.front() != '.' && std::all_of(part.begin(), part.end(), fits);
  });
}

bool is_host(std::string_view text) {
  const auto fits = [](char c) { return is_letter_or_digit(c) || c == '.' || c == '-' || c == ':' || c == '[' || c == ']'; };
  return !text.empty() && text.size() <= 255 && std::all_of(text.begin(), text.end(), fits);
}

Failure corrupt(std::string text) { return stalled(Reason::corrupt, std::move(text)); }

/// The type that the bytes themselves have: registries leave Content-Type out, or say application/json.
Result<const ManifestType*> type_in(const Value& body, std::string_view content_type) {
  const ManifestType* said = type_of(content_type);
  const std::string_view own = body.string_at("mediaType");
  const ManifestType* written = own.empty() ? nullptr : type_of(own);
  const bool has_list = body.find("manifests") != nullptr;
  const bool has_layers = body.find("layers") != nullptr || body.find("config") != nullptr;
  // One that is both would be one thing to us and another to who pulls it (CVE-2021-41190).
  if (has_list && has_layers) return corrupt("the manifest claims to be an index and an image at once");
  if (said != nullptr && !own.empty() && said != written) return corrupt("the manifest is another type than the registry says");
  const ManifestType* type = said != nullptr ? said : written;
  if (type == nullptr && own.empty() && (has_list || has_layers)) type = &kTypes[has_list ? 0 : 1];
  if (type == nullptr) return stalled(Reason::unsupported, "the manifest is neither OCI nor Docker's schema 2");
  if (type->is_index ? has_layers : has_list) return corrupt("the manifest is another thing than its type says");
  return type;
}

}  // namespace

std::string accepted_manifests() {
  std::string out;
  for (const ManifestType& type : kTypes) out += fmt::format("{}{}", out.empty() ? "" : ", ", type.name);
  return out;
}

bool is_manifest_type(std::string_view content_type) { return type_of(content_type) != nullptr; }

Result<void> check_reference(const model::ImageReference& reference) {
  const auto refused = [&](std::string_view what) {
    return stalled(Reason::invalid,
                   fmt::format("'{}' has {} that none can have", escape_for_terminal(reference.where().substr(0, 300)), what));
  };
  if (!is_host(reference.host)) return refused("a host");
  if (!is_repository(reference.repository)) return refused("a repository");
  if (!reference.tag.empty() && !is_tag(reference.tag)) return refused("a tag");
  if (!reference.digest.empty() && !Digest::parse(reference.digest)) return refused("a digest (sha256: and 64 digits)");
  return {};
}

Result<std::vector<std::string>> tags_in(std::string_view body) {
  const auto page = manifest::parse_json(body, "the list of tags");
  if (!page.ok()) return corrupt(page.failure().text);
  const Value* list = page->find("tags");
  std::vector<std::string> out;
  if (list != nullptr && list->is_null()) return out;  // docker-registry of an empty repository.
  if (list == nullptr || list->if_array() == nullptr) return corrupt("the list of tags has no tags");
  for (const Value& tag : *list->if_array()) {
    const std::string* text = tag.if_string();
    if (text == nullptr || !is_tag(*text)) {
      return corrupt(fmt::format("the list of tags has an entry that is no tag: {}",
                                 text == nullptr ? std::string(tag.type_name()) : escape_for_terminal(text->substr(0, 60))));
    }
    out.push_back(*text);
  }
  return out;
}

Result<Manifest> manifest_in(std::string bytes, std::string_view content_type, std::string_view asked, std::string_view said) {
  Manifest out;
  out.digest = sha256(bytes).text();
  if (!asked.empty() && asked != out.digest) return corrupt(fmt::format("the registry answers with {} for {}", out.digest, asked));
  if (!said.empty() && Digest::parse(said) && said != out.digest)
    return corrupt(fmt::format("the registry says {} and sends {}", said, out.digest));
  const auto body = manifest::parse_json(bytes, "the manifest");
  if (!body.ok()) return corrupt(body.failure().text);
  if (body->if_object() == nullptr) return corrupt("the manifest is no JSON object");
  MUSTER_TRY(const ManifestType* type, type_in(*body, content_type));
  out.media_type = std::string(type->name);
  out.bytes = std::move(bytes);
  return out;
}

}  // namespace muster::registry
