// Images in objects: found where Kubernetes pulls them from, replaced by the name of their repository. Pure.
#pragma once

#include <functional>
#include <map>
#include <set>
#include <string>
#include <string_view>

#include "muster/base/value.hpp"

namespace muster::render {

/// "ghcr.io/shop/orders" of "ghcr.io/shop/orders:1.2@sha256:…": the reference without tag and digest.
std::string_view image_repository(std::string_view reference);

/// The repositories that one object or many name, and those that were replaced.
struct ImagesSeen {
  std::set<std::string, std::less<>> named;
  std::set<std::string, std::less<>> replaced;
};

/// Replaces the images of every container list below `content` (containers, initContainers, ephemeralContainers of any
/// kind's pod template, custom kinds included) and of image volumes, where `images` has their repository.
void replace_images(Value& content, const std::map<std::string, std::string, std::less<>>& images, ImagesSeen& seen);

}  // namespace muster::render
