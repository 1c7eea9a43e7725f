// Image signatures: where the fleet demands them, an image that nobody who may has signed neither moves nor is followed; what
// stands already stays, and is named.
#include <fmt/core.h>

#include "deliver/pass.hpp"
#include "muster/base/text.hpp"

namespace muster::deliver {
namespace {

using record::ImageValue;

constexpr std::size_t kRemembered = 50'000;

Obstacle unsigned_image(const std::string& input, std::string text, std::string lift) {
  return {Why::image_unsigned, input, std::move(text), std::move(lift), std::nullopt, std::nullopt};
}

/// nullopt: one of the keys signed it. A digest never loses a signature that was seen.
std::optional<Obstacle> ask(Pass& pass, const std::string& input, std::span<const std::string> keys, const ImageValue& value) {
  const auto reference = model::parse_image_reference(value.reference);
  if (!reference.ok() || reference->digest.empty()) {
    return unsigned_image(input, fmt::format("{} has no digest that could be signed", value.reference),
                          "declare its `registry`, so that it is pinned");
  }
  std::set<Digest>& known = pass.run.state.signed_images;
  const Digest about = sha256(reference->text() + "\n" + join({keys.begin(), keys.end()}, "\n"));
  if (known.contains(about)) return std::nullopt;
  const Result<void>& good = pass.run.answers.images->signature(*reference, keys, pass.run.stop);
  if (good.ok()) {
    if (known.size() >= kRemembered) known.clear();
    known.insert(about);
    return std::nullopt;
  }
  const Reason reason = good.failure().reason;
  if (reason == Reason::absent || reason == Reason::denied || reason == Reason::invalid)
    return unsigned_image(input, good.failure().text, "sign it with a key that the fleet takes; the next pass goes on");
  return no_answer(input, good.failure()).obstacle;
}

}  // namespace

Observation demand_signature(Pass& pass, const Item& item, const model::ImageInput& image, Observation seen) {
  if (image.keys.empty()) return seen;
  const std::string input = std::string(record::kImagePrefix) + image.name;
  const auto& value = std::get<ImageValue>(*seen.value);
  auto obstacle = ask(pass, input, image.keys, value);
  if (!obstacle) return seen;
  const Base base = base_of(item.ledger, input);
  const auto* recorded = base.value == nullptr ? nullptr : std::get_if<ImageValue>(base.value);
  const bool stands = recorded != nullptr && !value.digest.empty() && recorded->digest == value.digest;
  if (!stands) {
    seen.value.reset();
    seen.obstacle = std::move(*obstacle);
  } else if (obstacle->why == Why::image_unsigned) {
    obstacle->text += "; it was recorded before that was demanded, and stays until another one comes";
    seen.obstacle = std::move(*obstacle);
  }
  return seen;
}

std::optional<Obstacle> unsigned_in(Pass& pass, const Item& item, const record::Inputs& bundle) {
  for (const model::ImageInput& image : item.instance->images) {
    const auto found = bundle.find(std::string(record::kImagePrefix) + image.name);
    const auto* value = found == bundle.end() ? nullptr : std::get_if<ImageValue>(&found->second);
    if (image.keys.empty() || value == nullptr) continue;
    if (auto obstacle = ask(pass, std::string(record::kFrom), image.keys, *value)) return obstacle;
  }
  return std::nullopt;
}

}  // namespace muster::deliver
