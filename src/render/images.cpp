#include "render/images.hpp"

#include <algorithm>
#include <array>

namespace muster::render {
namespace {

using Images = std::map<std::string, std::string, std::less<>>;

constexpr std::array<std::string_view, 3> kContainerLists = {"containers", "initContainers", "ephemeralContainers"};

void replace(Value* reference, const Images& images, ImagesSeen& seen) {
  std::string* text = reference == nullptr ? nullptr : reference->if_string();
  if (text == nullptr) return;
  const std::string_view repository = image_repository(*text);
  if (repository.empty()) return;
  const auto found = images.find(repository);
  if (seen.named.find(repository) == seen.named.end()) seen.named.emplace(repository);
  if (found == images.end()) return;
  seen.replaced.emplace(found->first);
  *text = found->second;
}

void replace_in_containers(Array& containers, const Images& images, ImagesSeen& seen) {
  for (Value& container : containers) {
    if (Object* map = container.if_object()) replace(map->find("image"), images, seen);
  }
}

void replace_in_volumes(Array& volumes, const Images& images, ImagesSeen& seen) {
  for (Value& volume : volumes) {
    Object* map = volume.if_object();
    Value* image = map == nullptr ? nullptr : map->find("image");
    Object* source = image == nullptr ? nullptr : image->if_object();
    if (source != nullptr) replace(source->find("reference"), images, seen);
  }
}

void walk(Value& value, const Images& images, ImagesSeen& seen) {
  if (Array* list = value.if_array()) {
    for (Value& item : *list) walk(item, images, seen);
    return;
  }
  Object* map = value.if_object();
  if (map == nullptr) return;
  for (auto& [key, member] : *map) {
    if (Array* list = member.if_array()) {
      if (std::find(kContainerLists.begin(), kContainerLists.end(), key) != kContainerLists.end()) {
        replace_in_containers(*list, images, seen);
        continue;
      }
      if (key == "volumes") replace_in_volumes(*list, images, seen);
    }
    walk(member, images, seen);
  }
}

}  // namespace

std::string_view image_repository(std::string_view reference) {
  reference = reference.substr(0, reference.find('@'));
  const std::size_t slash = reference.rfind('/');
  // A colon before the last slash is the port of a registry, not a tag.
  const std::size_t colon = reference.find(':', slash == std::string_view::npos ? 0 : slash);
  return reference.substr(0, colon);
}

void replace_images(Value& content, const Images& images, ImagesSeen& seen) {
  // The schema of a custom kind may describe containers; it pulls none.
  if (content.string_at("kind") == "CustomResourceDefinition") return;
  Object* map = content.if_object();
  if (map == nullptr) return;
  for (auto& [key, member] : *map) {
    if (key != "metadata" && key != "data" && key != "stringData") walk(member, images, seen);
  }
}

}  // namespace muster::render
