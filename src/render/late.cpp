#include "render/late.hpp"

#include <fmt/format.h>

#include "muster/model/fleet.hpp"

namespace muster::render {
namespace {

constexpr std::string_view kImagePrefix = "image.";

Result<std::string_view> late_text(std::string_view input, const Images& images) {
  if (input.substr(0, kImagePrefix.size()) != kImagePrefix) {
    return stalled(Reason::internal,
                   fmt::format("a value hangs from the input `{}`, which render does not know; please report this", input));
  }
  const std::string_view name = input.substr(kImagePrefix.size());
  const auto found = images.find(name);
  if (found == images.end() || found->second.empty()) {
    return wait(Reason::absent,
                fmt::format("the image `{}` has no value yet; `muster deliver --image` or an `image` in the fleet gives it one", name));
  }
  return std::string_view(found->second);
}

}  // namespace

Result<std::string> replaced_late(std::string text, const Images& images) {
  std::size_t open = text.find(model::kLateOpen);
  if (open == std::string::npos) return text;
  std::string out;
  std::size_t copied = 0;
  for (; open != std::string::npos; open = text.find(model::kLateOpen, copied)) {
    const std::size_t close = text.find(model::kLateClose, open);
    if (close == std::string::npos) return stalled(Reason::internal, "a late value has no end; please report this");
    MUSTER_TRY(const std::string_view image, late_text(std::string_view(text).substr(open + 1, close - open - 1), images));
    out.append(text, copied, open - copied).append(image);
    copied = close + 1;
  }
  out.append(text, copied);
  return out;
}

Result<void> replace_late(Value& value, const Images& images) {
  if (std::string* text = value.if_string()) {
    if (text->find(model::kLateOpen) == std::string::npos) return {};
    MUSTER_TRY(*text, replaced_late(std::move(*text), images));
  } else if (Array* list = value.if_array()) {
    for (Value& item : *list) MUSTER_CHECK(replace_late(item, images));
  } else if (Object* map = value.if_object()) {
    for (auto& [key, member] : *map) MUSTER_CHECK(replace_late(member, images));
  }
  return {};
}

}  // namespace muster::render
