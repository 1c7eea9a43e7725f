#include "render/files.hpp"

#include <algorithm>
#include <array>

#include "muster/base/text.hpp"

namespace muster::render {
namespace {

std::string_view file_name(std::string_view path) {
  const std::size_t slash = path.rfind('/');
  return slash == std::string_view::npos ? path : path.substr(slash + 1);
}

bool is_hidden(std::string_view path) {
  const std::vector<std::string_view> parts = split(path, '/');
  return std::any_of(parts.begin(), parts.end(), [](std::string_view part) { return !part.empty() && part.front() == '.'; });
}

bool has_extension(std::string_view name) {
  static constexpr std::array<std::string_view, 3> kExtensions = {".yaml", ".yml", ".json"};
  return std::any_of(kExtensions.begin(), kExtensions.end(), [&](std::string_view extension) {
    return name.size() > extension.size() && name.substr(name.size() - extension.size()) == extension;
  });
}

/// The names kustomize itself looks for.
bool is_kustomization(std::string_view name) {
  return name == "kustomization.yaml" || name == "kustomization.yml" || name == "Kustomization";
}

struct Likeness {
  std::string_view name;  ///< Glob over the file's name.
  std::string_view sign;  ///< Text that must stand in the file; empty: the name is enough.
  std::string_view text;
};

// In order: the first that fits is said.
constexpr std::array kLikenesses = std::to_array<Likeness>({
    {"Chart.yaml", "", "it is the head of a Helm chart, which std.manifests does not render"},
    {"values*.yaml", "", "it looks like values for a Helm chart, which std.manifests does not render"},
    {"*", "{{", "it looks like a template (`{{`), which std.manifests does not render"},
    {"*compose*", "services:", "it looks like a Compose file"},
    {"package*.json", "", "it belongs to npm"},
    {"tsconfig*.json", "", "it belongs to TypeScript"},
    {"skaffold*", "", "it belongs to Skaffold"},
    {"mkdocs*", "", "it belongs to MkDocs"},
    {"*", "openapi:", "it looks like an OpenAPI description"},
});

}  // namespace

FileUse use_of(std::string_view path, const std::vector<std::string>& ignore) {
  if (is_hidden(path)) return FileUse::none;
  if (std::any_of(ignore.begin(), ignore.end(), [&](const std::string& glob) { return glob_matches(glob, path); })) return FileUse::none;
  const std::string_view name = file_name(path);
  if (is_kustomization(name)) return FileUse::kustomization;
  return has_extension(name) ? FileUse::manifest : FileUse::none;
}

std::optional<std::string> changes_objects(const Value& kustomization) {
  static constexpr std::array<std::string_view, 7> kHarmless = {"apiVersion", "kind",        "metadata", "resources",
                                                                "bases",      "sortOptions", "openapi"};
  const Object* map = kustomization.if_object();
  if (map == nullptr) return std::nullopt;
  for (const auto& [key, member] : *map) {
    if (std::find(kHarmless.begin(), kHarmless.end(), key) == kHarmless.end()) return key;
  }
  return std::nullopt;
}

std::string_view looks_like(std::string_view path, std::string_view bytes) {
  const std::string_view name = file_name(path);
  const auto found = std::find_if(kLikenesses.begin(), kLikenesses.end(), [&](const Likeness& each) {
    return glob_matches(each.name, name) && (each.sign.empty() || bytes.find(each.sign) != std::string_view::npos);
  });
  return found == kLikenesses.end() ? std::string_view() : found->text;
}

}  // namespace muster::render
