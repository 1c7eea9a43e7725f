#include "render/declared.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "muster/base/text.hpp"
#include "muster/model/patch.hpp"
#include "render/images.hpp"
#include "render/late.hpp"
#include "render/scope.hpp"

namespace muster::render {
namespace {

using Objects = std::vector<manifest::Object>;

Failure wrong(const std::string& origin, const manifest::Object& object, std::string_view text) {
  return stalled(Reason::invalid, fmt::format("{} {}: {}: {}", origin, object.at.text(), object.id.text(), text));
}

/// metadata of an object that make_object() accepted.
Object& metadata_of(Value& content) { return *content.if_object()->find("metadata")->if_object(); }

Object& map_in(Object& parent, std::string_view key) {
  Value& member = parent[key];
  if (member.if_object() == nullptr) member = Object();
  return *member.if_object();
}

void set_namespaces(Objects& objects, const std::string& name) {
  if (name.empty()) return;
  Scopes scopes;
  for (const manifest::Object& object : objects) scopes.learn(object.content);
  for (manifest::Object& object : objects) {
    if (!object.id.namespace_.empty() || scopes.is_cluster_scoped(object.id.group, object.id.kind)) continue;
    metadata_of(object.content).set("namespace", name);
    object.id.namespace_ = name;
  }
}

Result<void> set_marks(Objects& objects, const model::RendererOptions& options, const Images& images) {
  if (options.labels.empty() && options.annotations.empty()) return {};
  Object annotations;
  for (const auto& [key, text] : options.annotations) {
    MUSTER_TRY(std::string value, replaced_late(text, images));
    annotations.append(key, std::move(value));
  }
  for (manifest::Object& object : objects) {
    Object& metadata = metadata_of(object.content);
    for (const auto& [key, value] : options.labels) map_in(metadata, "labels").set(key, value);
    for (const auto& [key, value] : annotations) map_in(metadata, "annotations").set(key, value);
  }
  return {};
}

Result<void> set_images(Objects& objects, const Request& request, const std::string& origin) {
  if (request.instance.images.empty()) return {};
  Images wanted;
  for (const model::ImageInput& image : request.instance.images) {
    const auto found = request.images.find(image.name);
    if (found == request.images.end() || found->second.empty()) {
      return wait(Reason::absent,
                  fmt::format("the image `{}` has no value yet; `muster deliver --image` or an `images` entry in the fleet gives it one",
                              image.name));
    }
    wanted.emplace(image.name, found->second);
  }
  ImagesSeen seen;
  for (manifest::Object& object : objects) replace_images(object.content, wanted, seen);
  for (const auto& [name, reference] : wanted) {
    if (seen.replaced.find(name) != seen.replaced.end()) continue;
    std::vector<std::string> named;
    for (const std::string& each : seen.named) named.push_back(fmt::format("`{}`", each));
    return stalled(Reason::invalid,
                   fmt::format("{}: `images` names `{}`, and no container in the manifests uses that repository; {}", origin, name,
                               named.empty() ? "they name no image at all" : "they name " + join(named, ", ")));
  }
  return {};
}

Result<void> patch_object(manifest::Object& object, const model::Patch& patch, const Images& images, const std::string& origin) {
  for (model::PatchOperation operation : patch.operations) {
    MUSTER_CHECK(replace_late(operation.value, images));
    if (const std::optional<std::string> mistake = model::apply(operation, object.content)) {
      return wrong(
          origin, object,
          fmt::format("the patch \"{}\" does not fit: {}", patch.name.empty() ? patch.kind : patch.kind + "/" + patch.name, *mistake));
    }
  }
  const manifest::Position at = object.at;
  const manifest::ObjectId before = object.id;
  Result<manifest::Object> patched = manifest::make_object(std::move(object.content), at);
  if (!patched.ok()) return std::move(patched).failure().with_context(fmt::format("{} after the patches of {}", origin, before.text()));
  object = std::move(*patched);
  return {};
}

std::string objects_of_kind(const Objects& objects, std::string_view kind) {
  std::vector<std::string> found;
  for (const manifest::Object& object : objects) {
    if (object.id.kind == kind) found.push_back(fmt::format("`{}/{}`", object.id.kind, object.id.name));
  }
  if (!found.empty()) return "there is " + join(found, ", ");
  for (const manifest::Object& object : objects) found.push_back(object.id.kind);
  std::sort(found.begin(), found.end());
  found.erase(std::unique(found.begin(), found.end()), found.end());
  return "the kinds here are " + join(found, ", ");
}

Result<void> apply_patches(Objects& objects, const Request& request, const std::string& origin) {
  for (const model::Patch& patch : request.instance.patches) {
    const std::string title = patch.name.empty() ? patch.kind : patch.kind + "/" + patch.name;
    std::vector<manifest::Object*> chosen;
    for (manifest::Object& object : objects) {
      if (model::names(patch, object.id.kind, object.id.name)) chosen.push_back(&object);
    }
    if (chosen.empty())
      return stalled(Reason::invalid,
                     fmt::format("{}: the patch \"{}\" finds no object; {}", origin, title, objects_of_kind(objects, patch.kind)));
    if (patch.name.empty() && chosen.size() > 1) {
      return stalled(Reason::invalid, fmt::format("{}: the patch \"{}\" could mean several objects; {}; write \"{}/*\" for all", origin,
                                                  title, objects_of_kind(objects, patch.kind), patch.kind));
    }
    for (manifest::Object* object : chosen) MUSTER_CHECK(patch_object(*object, patch, request.images, origin));
  }
  return {};
}

bool is_own(std::string_view key) {
  const std::string_view prefix = key.substr(0, key.find('/'));
  if (prefix.size() == key.size()) return false;
  const std::size_t at = prefix.size() - std::min(prefix.size(), kOwnPrefix.size());
  return prefix.substr(at) == kOwnPrefix && (at == 0 || prefix[at - 1] == '.');
}

}  // namespace

Result<void> add_declared(Objects& objects, const Request& request, const std::string& origin) {
  set_namespaces(objects, request.instance.namespace_name);
  MUSTER_CHECK(set_marks(objects, request.instance.renderer_options, request.images));
  MUSTER_CHECK(set_images(objects, request, origin));
  return apply_patches(objects, request, origin);
}

Result<void> refuse_foreign(const manifest::Object& object) {
  static constexpr std::array<std::string_view, 2> kMarks = {"labels", "annotations"};
  const Value* metadata = object.content.find("metadata");
  if (metadata == nullptr) return {};
  const Value* owners = metadata->find("ownerReferences");
  if (owners != nullptr && (owners->if_array() == nullptr || !owners->if_array()->empty())) {
    return stalled(
        Reason::invalid,
        fmt::format("{}: {}: `metadata.ownerReferences` gives the object to another owner, who may delete it; leave the field out",
                    object.at.text(), object.id.text()));
  }
  for (const std::string_view mark : kMarks) {
    const Value* marks = metadata->find(mark);
    const Object* map = marks == nullptr ? nullptr : marks->if_object();
    if (map == nullptr) continue;
    for (const auto& [key, value] : *map) {
      if (is_own(key))
        return stalled(Reason::invalid, fmt::format("{}: {}: `metadata.{}` has `{}`, and `{}` is muster's own", object.at.text(),
                                                    object.id.text(), mark, key, kOwnPrefix));
    }
  }
  return {};
}

}  // namespace muster::render
