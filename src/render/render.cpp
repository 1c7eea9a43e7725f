#include "muster/render/render.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "muster/source/tree.hpp"
#include "render/declared.hpp"
#include "render/late.hpp"
#include "render/manifests.hpp"

namespace muster::render {
namespace {

using Objects = std::vector<manifest::Object>;

std::string service_of(const Request& request) { return fmt::format("service {}", request.instance.name); }

/// The objects that the service's kinds emit.
Result<Objects> evaluated_objects(const Request& request) {
  Objects out;
  out.reserve(request.instance.objects.size());
  for (const model::ObjectTemplate& each : request.instance.objects) {
    Value content = each.content;
    MUSTER_CHECK(replace_late(content, request.images));
    MUSTER_TRY(manifest::Object object, manifest::make_object(std::move(content), {service_of(request), 0, 0}));
    out.push_back(std::move(object));
  }
  return out;
}

Result<Objects> from_kinds_alone(const Request& request) { return evaluated_objects(request); }

Result<Objects> from_manifests(const Request& request) {
  if (request.tree == nullptr) {
    return stalled(Reason::invalid,
                   fmt::format("{} is made of the manifests of a repository and names none; give it a `repo`", service_of(request)));
  }
  MUSTER_TRY(Objects objects, read_manifests(request));
  MUSTER_CHECK(add_declared(objects, request, request.tree->origin()));
  MUSTER_TRY(Objects evaluated, evaluated_objects(request));
  objects.insert(objects.end(), std::make_move_iterator(evaluated.begin()), std::make_move_iterator(evaluated.end()));
  return objects;
}

Result<Objects> refuse(const Request& request) {
  return stalled(Reason::unsupported,
                 fmt::format("{}: this version of muster does not render {}; give the service plain manifests (std.manifests)",
                             service_of(request), model::to_string(request.instance.renderer)));
}

/// One row a renderer. `version` goes up whenever equal input may give other objects.
struct RendererRow {
  model::Renderer renderer;
  int version;
  Result<Objects> (*objects)(const Request& request);
};
constexpr std::array kRenderers = std::to_array<RendererRow>({
    {model::Renderer::none, 1, from_kinds_alone},
    {model::Renderer::manifests, 1, from_manifests},
    {model::Renderer::kustomize, 0, refuse},
    {model::Renderer::helm, 0, refuse},
});

const RendererRow& row_of(model::Renderer renderer) {
  return *std::find_if(kRenderers.begin(), kRenderers.end(), [&](const RendererRow& each) { return each.renderer == renderer; });
}

std::string place_of(const Request& request, const manifest::Object& object) {
  const bool from_file = object.at.line != 0 && request.tree != nullptr;
  return from_file ? fmt::format("{} {}", request.tree->origin(), object.at.text()) : object.at.text();
}

Result<void> refuse_repeats(const Request& request, const Objects& sorted) {
  for (std::size_t i = 1; i < sorted.size(); ++i) {
    if (sorted[i - 1].id != sorted[i].id) continue;
    return stalled(Reason::invalid,
                   fmt::format("{}: {} is written a second time; the first is at {}; keep one, or leave a file out with `ignore`",
                               place_of(request, sorted[i]), sorted[i].id.text(), sorted[i - 1].at.text()));
  }
  std::vector<std::pair<std::string, const manifest::Object*>> files;
  files.reserve(sorted.size());
  for (const manifest::Object& object : sorted) files.emplace_back(manifest::case_fold_key(object.id.descriptor_path()), &object);
  std::sort(files.begin(), files.end());
  for (std::size_t i = 1; i < files.size(); ++i) {
    if (files[i - 1].first != files[i].first) continue;
    return stalled(Reason::invalid,
                   fmt::format("{}: {} and {} differ only in upper and lower case, and would be one file on some disks; rename one of them",
                               place_of(request, *files[i].second), files[i - 1].second->id.text(), files[i].second->id.text()));
  }
  return {};
}

/// What holds for every set of objects, wherever they come from.
Result<void> check_objects(const Request& request, Objects& objects) {
  if (objects.size() > kMaxObjects) {
    return stalled(Reason::limit, fmt::format("{} has {} objects, more than the {} of one service; split it", service_of(request),
                                              objects.size(), kMaxObjects));
  }
  for (const manifest::Object& object : objects) {
    Result<void> allowed = refuse_foreign(object);
    if (!allowed.ok() && object.at.line != 0 && request.tree != nullptr) {
      Failure failure = std::move(allowed).failure();
      failure.text = fmt::format("{} {}", request.tree->origin(), failure.text);
      return failure;
    }
    MUSTER_CHECK(std::move(allowed));
  }
  // Stable, so that the first of two with one identity is the one written first.
  std::stable_sort(objects.begin(), objects.end(), [](const manifest::Object& a, const manifest::Object& b) { return a.id < b.id; });
  return refuse_repeats(request, objects);
}

}  // namespace

Result<Rendered> render(const Request& request) {
  MUSTER_TRY(Objects objects, row_of(request.instance.renderer).objects(request));
  MUSTER_CHECK(check_objects(request, objects));
  return Rendered{std::move(objects), renderer_version(request.instance.renderer)};
}

std::string renderer_version(model::Renderer renderer) {
  return fmt::format("{}/{}", model::to_string(renderer), row_of(renderer).version);
}

Digest render_key(const Request& request) {
  Hasher hasher;
  hasher.add("render").add(renderer_version(request.instance.renderer)).add(request.instance.declaration_digest.text());
  hasher.add(request.tree == nullptr ? "" : request.tree->id().text());
  // Places in messages are part of what is kept.
  hasher.add(request.tree == nullptr ? "" : request.tree->origin()).add(request.tree == nullptr ? "" : request.tree->path());
  for (const auto& [name, reference] : request.images) hasher.add(name).add(reference);
  return hasher.finish();
}

}  // namespace muster::render
